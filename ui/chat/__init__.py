"""The chat page: what stands on it, what starts what, and one answer as HTML."""
