"""What is measured of one answer, and how measurements are summed up. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evals.case_files import Case
from rag.types import Answer

RECALL_AT = 5
_DASHES = re.compile(r"[‐‑‒–—−]")


@dataclass(frozen=True, slots=True)
class Measured:
    """One case's outcome. None where a measure does not apply: no gold papers, no claims, nothing that must be said."""

    recall: float | None  # share of gold papers among the first RECALL_AT sources
    recall_read: float | None  # share of them among all papers put before the reader
    reciprocal_rank: float | None  # 1 / rank of the first gold paper among the sources, 0 when there is none
    hit: float | None  # share of the facts that must be said and are
    citations: int  # citation marks' numbers in all
    invalid: int  # of these, numbers that are no source's
    claims: int
    supported: int
    refused: bool


def measure(case: Case, answer: Answer, ranked: Sequence[str]) -> Measured:
    """Measure `answer` against `case`; `ranked` are the ids of the papers retrieved for it, best first."""
    gold = case.gold_ids
    claims = [c for c in answer.claims if c.verdict != "none"]
    numbers = [n for c in claims for n in c.citations]
    return Measured(
        recall=len(gold & set(ranked[:RECALL_AT])) / len(gold) if gold else None,
        recall_read=len(gold & set(ranked)) / len(gold) if gold else None,
        reciprocal_rank=next((1 / r for r, i in enumerate(ranked, 1) if i in gold), 0.0) if gold else None,
        hit=_share_said(case, answer) if case.must_include else None,
        citations=len(numbers),
        invalid=sum(n in answer.invalid_citations for n in numbers),
        claims=len(claims),
        supported=sum(c.verdict == "supported" for c in claims),
        refused=answer.refused,
    )


def is_grounded(case: Case, answer: Answer) -> bool:
    """Whether all is right: a refusal where there is no answer; else every fact said, and every statement supported."""
    measured = measure(case, answer, ())
    if not case.answerable or measured.refused:
        return measured.refused and not case.answerable
    supported = measured.claims > 0 and measured.supported == measured.claims and not measured.invalid
    return answer.complete and supported and measured.hit in (None, 1.0)


def _share_said(case: Case, answer: Answer) -> float:
    """A refusal says nothing. Only the answer's own text counts, not the titles listed under it."""
    if answer.refused:
        return 0.0
    shown = folded(answer.answer)
    return sum(any(folded(spelling) in shown for spelling in fact) for fact in case.must_include) / len(case.must_include)


def folded(text: str) -> str:
    """Return `text` as facts are compared: lower case, one kind of dash, single spaces, no thousands separators."""
    text = _DASHES.sub("-", text.lower())
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    return " ".join(text.split())


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are not None; None when there is none."""
    given = [v for v in values if v is not None]
    return sum(given) / len(given) if given else None


def share(parts: Iterable[int], wholes: Iterable[int]) -> float | None:
    """Return sum(parts) / sum(wholes); None when the wholes are nothing."""
    whole = sum(wholes)
    return sum(parts) / whole if whole else None
