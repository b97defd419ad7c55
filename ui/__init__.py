"""The chat in the browser: python -m ui."""
