"""The chat page: its components, its events, and answers as HTML."""
