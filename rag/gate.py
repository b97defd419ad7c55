"""Decides, before any model is asked, whether the abstracts found can answer at all, and names what is missing.

Thresholds were set on the dev half of evals/cases; python -m evals run shows what they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag import text
from rag.lexical import LexicalIndex
from rag.types import Hit

LEAST_COSINE = 0.25  # best chunk; far-off questions stay under 0.18, answerable ones are mostly over 0.33
NAMED_COSINE = 0.5  # the same for a question none of whose names occurs in the collection
LEAST_SHARE = 0.65  # of a question's words that one paper has, which makes up for a low cosine


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is None when the question may be answered; `missing` names terms that no abstract has, in any case."""

    reason: str | None
    missing: tuple[str, ...] = ()


def judge(question: str, hits: Sequence[Hit], lexical: LexicalIndex) -> Verdict:
    """Return whether `hits`, best first, can answer `question`."""
    names = text.names(question)
    missing = tuple(name for name in names if not lexical.mentions(name))
    nearest = max((hit.dense for hit in hits), default=-1.0)
    if not hits:
        return Verdict("No paper passes the filters, or the library is empty.", missing)
    if names and len(missing) == len(names) and nearest < NAMED_COSINE:
        return Verdict(f"No abstract mentions {_either(missing)}.", missing)
    known = len(missing) < len(names)
    if nearest < LEAST_COSINE and not known and _share(question, hits) < LEAST_SHARE:
        return Verdict("Nothing in the collection comes near this question.", missing)
    return Verdict(None, missing)


def _share(question: str, hits: Sequence[Hit]) -> float:
    """Return the largest share of the question's words, if it has two or more, that a single paper has."""
    asked = text.content_words(question)
    told = (text.content_words(f"{hit.paper.title} {hit.paper.abstract}") for hit in hits)
    return max(len(asked & words) for words in told) / len(asked) if len(asked) > 1 else 0.0


def _either(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
