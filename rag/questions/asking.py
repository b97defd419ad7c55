"""Finds the sentence that asks in what was sent: a greeting, a log or a quotation may stand round it."""

from __future__ import annotations

from rag.text import sentences


def asking(question: str) -> str:
    """Return the sentences of `question` that end in a question mark; all of it when none or every one does."""
    said = [question[start:end] for start, end in sentences.split(question)]
    asked = [sentence for sentence in said if sentence.rstrip("\"'”’)").endswith(("?", "？"))]
    return " ".join(asked) if 0 < len(asked) < len(said) else question
