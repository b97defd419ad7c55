"""Measures of one answer, and summaries over several. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evals.case_files import Case
from rag.types import QUOTED, Answer

RECALL_AT = 5
_DASHES = re.compile(r"[‐‑‒–—−]")


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of one case. None where a measure does not apply: no gold papers, or no facts to state."""

    recall: float | None  # share of gold papers among the first RECALL_AT sources
    recall_read: float | None  # share of gold papers among all papers in the prompt
    reciprocal_rank: float | None  # 1 / rank of the first gold paper among the sources, 0 when there is none
    hit: float | None  # share of the required facts that the answer states
    citations: int  # numbers in citation marks
    invalid: int  # numbers that no source has
    claims: int
    supported: int
    useful: int | None  # claims that state a required fact
    words: int  # of the claims
    refused: bool


def measure(case: Case, answer: Answer, ranked: Sequence[str]) -> Measured:
    """Return the measures of `answer` to `case`; `ranked` are the ids of the retrieved papers, best first."""
    gold = case.gold_ids
    claims = [c for c in answer.claims if c.verdict != "none" and c.by != QUOTED]
    numbers = [n for c in claims for n in c.citations]
    return Measured(
        recall=len(gold & set(ranked[:RECALL_AT])) / len(gold) if gold else None,
        recall_read=len(gold & set(ranked)) / len(gold) if gold else None,
        reciprocal_rank=next((1 / r for r, i in enumerate(ranked, 1) if i in gold), 0.0) if gold else None,
        hit=_fact_share(case, answer) if case.must_include else None,
        citations=len(numbers),
        invalid=sum(n in answer.invalid_citations for n in numbers),
        claims=len(claims),
        supported=sum(c.verdict == "supported" for c in claims),
        useful=sum(any(states(c.text, fact) for fact in case.must_include) for c in claims) if case.must_include else None,
        words=sum(len(c.text.split()) for c in claims),
        refused=answer.refused,
    )


def is_grounded(case: Case, answer: Answer) -> bool:
    """Whether `answer` is right: a refusal of an unanswerable case; else complete, with all facts, and fully supported."""
    measured = measure(case, answer, ())
    if not case.answerable or measured.refused:
        return measured.refused and not case.answerable
    supported = measured.claims > 0 and measured.supported == measured.claims and not measured.invalid
    return answer.complete and supported and measured.hit in (None, 1.0)


def _fact_share(case: Case, answer: Answer) -> float:
    """Return the share of the required facts in the text of `answer`, without the titles listed under it; 0 for a refusal."""
    if answer.refused:
        return 0.0
    return sum(states(answer.answer, fact) for fact in case.must_include) / len(case.must_include)


def states(text: str, fact: Sequence[str]) -> bool:
    """Whether `text` has one of the spellings of a fact. A figure is found as a whole: "8" is not in "1982" or "0.8"."""
    text = folded(text)
    return any(re.search(_whole(folded(spelling)), text) for spelling in fact)


def _whole(spelling: str) -> str:
    before = r"(?<![\d.])" if spelling[:1].isdigit() else ""
    after = r"(?![.]?\d)" if spelling[-1:].isdigit() else ""
    return before + re.escape(spelling) + after


def folded(text: str) -> str:
    """Return `text` for comparing facts: lower case, one kind of dash, single spaces, no thousands separators."""
    text = _DASHES.sub("-", text.lower())
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    return " ".join(text.split())


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are not None; None when all are."""
    numbers = [v for v in values if v is not None]
    return sum(numbers) / len(numbers) if numbers else None


def share(parts: Iterable[int], wholes: Iterable[int]) -> float | None:
    """Return sum(parts) / sum(wholes); None when sum(wholes) is 0."""
    whole = sum(wholes)
    return sum(parts) / whole if whole else None
