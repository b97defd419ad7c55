"""Joins what a model says of a claim with what the check by code found. One verdict is shown.

The model decides, unless it contradicts itself or code has a hard finding: a figure in digits that the abstracts lack or say
otherwise, or a citation of no source. With a hard finding the worse of the two verdicts is shown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from rag.checking.judge_reply import Opinion
from rag.text import citations, sentences
from rag.text.words import WORD
from rag.types import Claim, Difference, Evidence, Source, Verdict

_BADNESS: dict[Verdict, int] = {"supported": 0, "partial": 1, "uncited": 2, "miscited": 2, "unsupported": 3, "contradicted": 4}
_MIN_QUOTED_WORDS = 3  # fewer stand in most abstracts by chance
_MIN_RUN_WORDS = 5  # of a longer quotation that must stand in the abstract side by side, and at least half of its words
_PIECES = re.compile(r'\s*(?:…|\.{3}|;|["”“»«]\s*,?\s*(?:and\s+)?["”“»«])\s*')  # between two quotations in one
_SCORE_OF_QUOTATION = 1.0  # of the sentence that a model relied on: it names one sentence and no degree


@dataclass(frozen=True, slots=True)
class _Quotation:
    """Where words that a model quotes stand: source.paper.abstract[start:end]."""

    source: Source
    start: int
    end: int

    def evidence(self) -> Evidence:
        """Return the sentence that the quotation begins in."""
        abstract = self.source.paper.abstract
        start, end = next(span for span in sentences.split(abstract) if span[1] > self.start)
        return Evidence(self.source.n, self.source.paper.id, abstract[start:end], start, end, _SCORE_OF_QUOTATION)


def cited(claim: Claim, sources: Sequence[Source]) -> list[Source]:
    """Return the sources that `claim` cites or that the check gave it."""
    return [source for source in sources if source.n in (*claim.citations, *claim.added)]


def joined(claim: Claim, opinion: Opinion, shown: Sequence[Source], sources: Sequence[Source], model: str) -> Claim:
    """Return `claim` with the verdict to show. It stays as it is where `opinion` contradicts itself.

    `shown` are the sources that `model` was given with the claim, `sources` all of the answer.
    """
    near = cited(claim, shown) or shown
    quotations = _quotations(opinion.quote, near)
    verdict: Verdict = opinion.verdict
    if verdict == "contradicted" and not quotations:  # a contradiction is shown with what the abstract says instead
        verdict = "unsupported"
    if verdict == "supported" and (opinion.words or not quotations):
        return claim
    judged = replace(claim, judged=verdict)
    if not claim.citations and verdict in ("partial", "unsupported"):
        verdict = "uncited"
    if claim.verdict == "miscited" and verdict in ("partial", "unsupported"):
        return judged  # code found the source that supports it
    hard = _hard_findings(claim)
    invalid = _invalid(claim, sources)
    if (hard or invalid) and _BADNESS.get(claim.verdict, 0) >= _BADNESS[verdict]:
        return judged
    if verdict == "supported":
        return _supported(judged, quotations, model)
    return _doubted(judged, verdict, opinion, quotations, [*hard], invalid, model)


def _supported(claim: Claim, quotations: Sequence[_Quotation], model: str) -> Claim:
    quoted = {quotation.source.n: quotation.evidence() for quotation in reversed(quotations)}
    others = tuple(e for e in claim.evidence if e.n not in quoted and e.n in claim.citations)
    evidence = (*dict(sorted(quoted.items())).values(), *others)
    added = () if claim.citations else tuple(sorted(quoted))
    return replace(claim, verdict="supported", problems=(), evidence=evidence, added=added, differs=(), by=model)


def _doubted(
    claim: Claim,
    verdict: Verdict,
    opinion: Opinion,
    quotations: Sequence[_Quotation],
    hard: Sequence[Difference],
    invalid: tuple[str, ...],
    model: str,
) -> Claim:
    first = quotations[0] if quotations else None
    new = [
        d for d in _differences(claim.text, opinion.words, first) if not any(d.start < h.end and h.start < d.end for h in hard)
    ]
    return replace(
        claim,
        verdict=verdict,
        problems=(*invalid, _problem(verdict, opinion, first)),
        evidence=tuple({q.source.n: q.evidence() for q in quotations}.values()) or claim.evidence,
        added=(),
        differs=tuple(sorted((*hard, *new), key=lambda d: d.start)) or claim.differs,
        by=model,
    )


def _problem(verdict: Verdict, opinion: Opinion, quotation: _Quotation | None) -> str:
    if verdict == "contradicted" and quotation is not None:
        return f"[{quotation.source.n}] says otherwise"
    if verdict == "uncited":
        return "no citation, and no source clearly says this"
    said = "the cited abstracts do not say" + (" all of" if verdict == "partial" else "")
    return f"{said} this: “{opinion.words}”" if opinion.words else f"{said} this"


def _hard_findings(claim: Claim) -> list[Difference]:
    return [d for d in claim.differs if d.kind == "figure" and any(c.isdigit() for c in claim.text[d.start : d.end])]


def _invalid(claim: Claim, sources: Sequence[Source]) -> tuple[str, ...]:
    """Return the problem of each citation of `claim` that no source has."""
    numbers = {source.n for source in sources}
    return tuple(f"[{n}] is not one of the sources" for n in claim.citations if n not in numbers)


# -- where words stand -----------------------------------------------------------------------------------------------------


def _quotations(quote: str, sources: Sequence[Source]) -> list[_Quotation]:
    """Return where the pieces of `quote` stand in the abstracts of `sources`, each in the first source that has it."""
    for pieces in (_PIECES.split(quote), quote.split(" | ")):  # the latter where a model repeats the statement, too
        found = []
        for piece in map(citations.without_marks, filter(None, pieces)):
            spans = ((source, _quoted_span(piece, source.paper.abstract)) for source in sources)
            found += [_Quotation(source, *span) for source, span in spans if span is not None][:1]
        if found:
            return found
    return []


def _quoted_span(quote: str, text: str) -> tuple[int, int] | None:
    """Return where the longest run of words of `quote` stands in `text`, if it is most of it.

    Punctuation, case and the signs of formulas do not count: models copy them inexactly.
    """
    quoted, words = [w.lower() for w in WORD.findall(quote)], list(WORD.finditer(text))
    if len(quoted) < _MIN_QUOTED_WORDS:
        return None
    matcher = SequenceMatcher(None, quoted, [w.group().lower() for w in words], autojunk=False)
    run = matcher.find_longest_match()
    if run.size < min(len(quoted), max(_MIN_RUN_WORDS, math.ceil(len(quoted) / 2))):
        return None
    return words[run.b].start(), words[run.b + run.size - 1].end()


def _differences(claim: str, offending: str, quotation: _Quotation | None) -> Iterator[Difference]:
    """Yield the places of the words `offending` in `claim`, unless they are all of its words."""
    plain = claim
    for mark in citations.citations(claim):
        plain = plain[: mark.start] + " " * (mark.end - mark.start) + plain[mark.end :]
    words = list(WORD.finditer(plain))
    folded = [w.group().lower() for w in words]
    for piece in filter(None, _PIECES.split(offending)):
        wanted = [w.lower() for w in WORD.findall(citations.without_marks(piece))]
        starts = (i for i in range(len(folded) - len(wanted) + 1) if folded[i : i + len(wanted)] == wanted)
        first = next(starts, None) if wanted and len(wanted) < len(folded) else None
        if first is not None:
            start, end = words[first].start(), words[first + len(wanted) - 1].end()
            at = (quotation.source.n, quotation.start, quotation.end) if quotation else (None, None, None)
            yield Difference("word", start, end, *at)
