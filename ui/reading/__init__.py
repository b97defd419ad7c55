"""An answer's Markdown as HTML, with what the check found marked in it."""
