"""An answer as text, Markdown, JSON, BibTeX or RIS, and a conversation as a transcript."""
