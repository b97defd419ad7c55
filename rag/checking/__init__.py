"""Whether the cited abstract says what a sentence of the answer says."""
