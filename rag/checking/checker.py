"""Ties each sentence of an answer to the sentences of the abstracts that support it, and checks it by code.

A cited abstract supports a claim, or partly, or not. A claim is miscited when another source of the answer supports it and
the cited one does not. A claim without a citation gets the number of a source that clearly supports it, marked as added.
Contradictions without a trace in words, and claims that need three sentences, are not recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.checking import support
from rag.checking.support import MIN_PARTIAL_SCORE, Abstract, Finding
from rag.interfaces import Embedder, Vectors
from rag.text import citations
from rag.text.statements import Statement, judged_text
from rag.text.statements import statements as statements_of
from rag.types import Claim, Source, Verdict

MIN_OTHER_SOURCE_SCORE = 0.60  # of a source that is not cited, to call the claim miscited; see CONTRIBUTING
MIN_ADDED_SOURCE_SCORE = 0.75  # of a source to add to a claim without a citation; invented claims score up to 0.72
_BRACKETS = ("[", "【", "［", "(")
_MIN_OTHER_SOURCE_LEAD = 0.1  # score by which that source must exceed the cited ones
_MIN_CITED_SOURCE_SCORE = 0.40  # a cited source with a lower score is reported as not saying this


class Checker:
    """Checks the sentences of one answer while it grows. Each sentence is judged once."""

    def __init__(self, sources: Sequence[Source], embedder: Embedder) -> None:
        self._sources = sources
        self._embedder = embedder
        self._abstracts: dict[int, Abstract] = {}
        self._judged: dict[tuple[str, tuple[int, ...]], Claim] = {}

    def claims(self, answer: str, *, growing: bool = False) -> list[Claim]:
        """Return the claims of `answer` in order; while it is `growing`, only those of complete sentences.

        Headings, code and lead-ins get the verdict "none". answer[claim.start:claim.end] is claim.text.
        """
        statements = statements_of(answer, self._sources)
        if growing and statements:
            mark_follows = answer.startswith(_BRACKETS, statements[-1].start)  # it may belong to the sentence before
            statements = statements[: -2 if mark_follows else -1]
        return [self._claim(answer, statement) for statement in statements]

    def _claim(self, answer: str, statement: Statement) -> Claim:
        claim = Claim(
            text=answer[statement.start : statement.end],
            start=statement.start,
            end=statement.end,
            citations=statement.citations,
            verdict="none",
        )
        if not statement.is_claim:
            return claim
        key = (claim.text, claim.citations)
        if key not in self._judged:
            self._judged[key] = self._judge(claim)
        return replace(self._judged[key], start=claim.start, end=claim.end)

    def _judge(self, claim: Claim) -> Claim:
        text = judged_text(claim.text)
        numbers = {s.n for s in self._sources}
        invalid = tuple(f"[{n}] is not one of the sources" for n in claim.citations if n not in numbers)
        cited = [self._abstract(n) for n in claim.citations if n in numbers]
        if len(cited) == 1 and cited[0].quotes(text):
            return replace(claim, verdict="supported", problems=invalid, evidence=cited[0].evidence(text, None)[:1])
        vector = self._embedder.embed([text])[0]
        finding = support.assess(text, cited, vector) if cited else Finding(0.0, ())
        verdict = _verdict(finding)
        if verdict == "supported":
            weak = tuple(f"[{n}] does not say this" for n in finding.sources_under(_MIN_CITED_SOURCE_SCORE))
            return replace(claim, verdict=verdict, problems=invalid + weak, evidence=finding.evidence)
        if claim.citations:
            min_score = max(MIN_OTHER_SOURCE_SCORE, finding.score + _MIN_OTHER_SOURCE_LEAD)
        else:
            min_score = MIN_ADDED_SOURCE_SCORE
        other = self._other_source(text, vector, {a.n for a in cited}, min_score)
        if other is not None:
            return _with_other_source(claim, other, invalid)
        if not claim.citations:
            return replace(claim, verdict="uncited", problems=("no citation, and no source clearly says this",))
        why = finding.problems or (("no sentence of the cited abstract says all of this",) if cited else ())
        return replace(claim, verdict=verdict, problems=invalid + why, evidence=finding.evidence)

    def _other_source(self, text: str, vector: Vectors, cited: set[int], min_score: float) -> Finding | None:
        """Return the best finding of a source that is not cited; None when no such source scores `min_score` or more."""
        others = [self._abstract(s.n) for s in self._sources if s.n not in cited]
        candidates = [a for a in others if a.max_score(text) >= min_score and not support.missing_terms(text, [a])]
        findings = [support.assess(text, [a], vector) for a in candidates]  # only candidates need embedding
        clear = [f for f in findings if f.supports and f.score >= min_score]
        return max(clear, key=lambda f: f.score, default=None)

    def _abstract(self, n: int) -> Abstract:
        if n not in self._abstracts:
            self._abstracts[n] = Abstract(next(s for s in self._sources if s.n == n), self._embedder)
        return self._abstracts[n]


def check(answer: str, sources: Sequence[Source], embedder: Embedder) -> list[Claim]:
    """Return the claims of a finished answer, each with its citations, evidence and verdict."""
    return Checker(sources, embedder).claims(answer)


def invalid(answer: str, sources: Sequence[Source]) -> list[int]:
    """Return the cited numbers that no source has, in order of appearance."""
    numbers = {s.n for s in sources}
    marks = citations.citations(answer, sources)
    return list(dict.fromkeys(n for mark in marks for n in mark.numbers if n not in numbers))


def _with_other_source(claim: Claim, finding: Finding, invalid: tuple[str, ...]) -> Claim:
    """Return `claim` with the source that supports it: added when it cites nothing, else as the reason it is miscited."""
    n = finding.evidence[0].n
    if claim.citations:
        problems = (*invalid, f"[{n}] supports this, but is not cited")
        return replace(claim, verdict="miscited", problems=problems, evidence=finding.evidence)
    return replace(claim, verdict="supported", added=(n,), evidence=finding.evidence)


def _verdict(finding: Finding) -> Verdict:
    if finding.problems or finding.score < MIN_PARTIAL_SCORE:
        return "unsupported"
    return "supported" if finding.supports else "partial"
