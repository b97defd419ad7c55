"""Finds the sentence that asks in what was sent: a greeting, a log or a quotation may stand round it."""

from __future__ import annotations

import re

from rag.text import sentences

_CLAUSE_END = re.compile(r"(?<=[:;])\s+|\n+")
_ASKS = ("?", "？")
_CLOSING = "\"'”’)"


def asking(question: str) -> str:
    """Return the sentences of `question` that end in a question mark; all of it when none or every one does."""
    said = [question[start:end] for start, end in sentences.split(question)]
    asked = [sentence for sentence in said if _is_asked(sentence)]
    return " ".join(asked) if 0 < len(asked) < len(said) else question


def parts(question: str) -> tuple[str, str]:
    """Return the clauses of `question` that ask, or the last one when none has a question mark, and what stands round them."""
    said = [question[start:end] for start, end in sentences.split(question)]
    clauses = [clause for sentence in said for clause in _CLAUSE_END.split(sentence) if clause.strip()] or [question]
    places = [n for n, clause in enumerate(clauses) if _is_asked(clause)] or [len(clauses) - 1]
    own, around = clauses[places[0] : places[-1] + 1], clauses[: places[0]] + clauses[places[-1] + 1 :]
    return " ".join(own), " ".join(around)


def _is_asked(clause: str) -> bool:
    return clause.rstrip(_CLOSING).endswith(_ASKS)
