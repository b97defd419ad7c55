"""Ties each sentence of an answer to the sentences of the abstracts that support it, and checks it by code.

A claim is supported by what it cites, or partly, or not; miscited when another source of the answer supports it and the
cited one does not; a claim that cites nothing is given the number of a source that clearly supports it, marked as added.
It does not see contradictions that leave no trace in words, nor claims that need three sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.checking import support
from rag.checking.support import PARTIAL, Abstract, Finding
from rag.interfaces import Embedder, Vectors
from rag.text import citations
from rag.text.citations import Statement
from rag.types import Claim, Source, Verdict

CLEAR = 0.60  # least score at which another source than the cited one is said to support a claim; see CONTRIBUTING
ADDED = 0.75  # and at which a claim that cites nothing is given a citation: weak models' inventions come up to 0.72
_BRACKETS = ("[", "【", "［", "(")
_CLEARER = 0.1  # and by how much more than the sources that it does cite
_DOUBTFUL = 0.40  # a cited source whose score is less adds nothing to the others


class Checker:
    """Checks the sentences of one answer, as often as its text has grown; each is judged once."""

    def __init__(self, sources: Sequence[Source], embedder: Embedder) -> None:
        self._sources = sources
        self._embedder = embedder
        self._read: dict[int, Abstract] = {}
        self._judged: dict[tuple[str, tuple[int, ...]], Claim] = {}

    def claims(self, answer: str, *, growing: bool = False) -> list[Claim]:
        """Return the claims of `answer` in order; while it is `growing`, only those whose sentence is over for certain.

        Headings, code and lead-ins get the verdict "none". answer[claim.start:claim.end] is claim.text.
        """
        found = citations.statements(answer, self._sources)
        if growing and found:
            mark_to_come = answer.startswith(_BRACKETS, found[-1].start)  # it may be of the sentence before
            found = found[: -2 if mark_to_come else -1]
        return [self._claim(answer, statement) for statement in found]

    def _claim(self, answer: str, statement: Statement) -> Claim:
        said = answer[statement.start : statement.end]
        claim = Claim(said, statement.start, statement.end, statement.citations, "none")
        if not statement.is_claim:
            return claim
        key = (said, statement.citations)
        if key not in self._judged:
            self._judged[key] = self._judge(claim)
        return replace(self._judged[key], start=claim.start, end=claim.end)

    def _judge(self, claim: Claim) -> Claim:
        said = citations.without_marks(claim.text)
        known = {s.n for s in self._sources}
        invalid = tuple(f"[{n}] is not one of the sources" for n in claim.citations if n not in known)
        cited = [self._abstract(n) for n in claim.citations if n in known]
        if len(cited) == 1 and cited[0].quotes(said):
            return replace(claim, verdict="supported", problems=invalid, evidence=cited[0].evidence(said, None)[:1])
        vector = self._embedder.embed([said])[0]
        finding = support.find(said, cited, vector) if cited else Finding(0.0, ())
        verdict = _verdict(finding)
        if verdict == "supported":
            idle = tuple(f"[{n}] does not say this" for n in finding.sources_under(_DOUBTFUL))
            return replace(claim, verdict=verdict, problems=invalid + idle, evidence=finding.evidence)
        least = max(CLEAR, finding.score + _CLEARER) if claim.citations else ADDED
        elsewhere = self._elsewhere(said, vector, {a.n for a in cited}, least)
        if elsewhere is not None:
            return _moved(claim, elsewhere, invalid)
        if not claim.citations:
            return replace(claim, verdict="uncited", problems=("no citation, and no source clearly says this",))
        why = finding.problems or (("no sentence of the cited abstract says all of this",) if cited else ())
        return replace(claim, verdict=verdict, problems=invalid + why, evidence=finding.evidence)

    def _elsewhere(self, said: str, vector: Vectors, cited: set[int], least: float) -> Finding | None:
        """Return what the source that supports a claim best, and is not cited, makes of it; None when it is under `least`."""
        others = [self._abstract(s.n) for s in self._sources if s.n not in cited]
        might = [a for a in others if a.reach(said) >= least and not support.absent(said, [a])]  # the rest need not be embedded
        found = [support.find(said, [a], vector) for a in might]
        clear = [f for f in found if f.supports and f.score >= least]
        return max(clear, key=lambda f: f.score, default=None)

    def _abstract(self, n: int) -> Abstract:
        if n not in self._read:
            self._read[n] = Abstract(next(s for s in self._sources if s.n == n), self._embedder)
        return self._read[n]


def check(answer: str, sources: Sequence[Source], embedder: Embedder) -> list[Claim]:
    """Return the claims of a finished answer, each with its citations, evidence and verdict."""
    return Checker(sources, embedder).claims(answer)


def invalid(answer: str, sources: Sequence[Source]) -> list[int]:
    """Return the cited numbers that are no source's, in order of appearance."""
    known = {s.n for s in sources}
    marks = citations.citations(answer, sources)
    return list(dict.fromkeys(n for mark in marks for n in mark.numbers if n not in known))


def _moved(claim: Claim, finding: Finding, invalid: tuple[str, ...]) -> Claim:
    """The claim with the source that supports it: added where it cites nothing, named where it cites another."""
    n = finding.evidence[0].n
    if claim.citations:
        problems = (*invalid, f"the support is in [{n}], which it does not cite")
        return replace(claim, verdict="miscited", problems=problems, evidence=finding.evidence)
    return replace(claim, verdict="supported", added=(n,), evidence=finding.evidence)


def _verdict(finding: Finding) -> Verdict:
    if finding.problems or finding.score < PARTIAL:
        return "unsupported"
    return "supported" if finding.supports else "partial"
