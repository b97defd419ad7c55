"""Questions about the collection itself, answered from the library's records."""
