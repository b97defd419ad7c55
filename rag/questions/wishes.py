"""Splits a question that asks several things, which other papers may answer: "Which paper adapts X, and which tests Y?"."""

from __future__ import annotations

import re

from rag.text.words import content_words

_ASKING = r"(?:which|what|who|whose|how|where|when|why|do|does|did|is|are|was|were|can)"
_BETWEEN = re.compile(rf"(?:[,;]?\s+(?:and|while|but)|\?)\s+(?={_ASKING}\b)", re.IGNORECASE)
_ASKS = re.compile(rf"\b{_ASKING}\b", re.IGNORECASE)
_POINTS = re.compile(
    r"\b(?:it|its|they|them|their|this|that|these|those|he|she|his|her|each|one|ones|same|other|others|later|former|latter)\b",
    re.IGNORECASE,
)
_MIN_WORDS = 3  # content words of a wish that stands alone


def split(question: str) -> tuple[str, ...]:
    """Return the wishes of `question`, each a question that stands alone; the whole question where one leans on another."""
    wishes = tuple(part.strip(" ?.!,") for part in _BETWEEN.split(question))
    alone = all(_ASKS.search(wish) and len(content_words(wish)) >= _MIN_WORDS for wish in wishes)
    return wishes if len(wishes) > 1 and alone and not any(_POINTS.search(wish) for wish in wishes[1:]) else (question,)
