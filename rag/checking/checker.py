"""Ties each statement of an answer to the sentences of the abstracts that support it, and checks it by code.

The cited abstracts support a claim, or partly, or contradict it, or do not say it. A claim is miscited when another source of
the answer supports it and the cited ones do not. A claim without a citation gets the number of a source that clearly supports
it, marked as added. A claim in another language than the abstracts is not checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.checking import features, reasons, rule
from rag.checking.abstract import Abstract, wordings
from rag.checking.features import Asked, Reading
from rag.interfaces import Embedder
from rag.text import citations, language
from rag.text.statements import Statement, blanked, judged_text, statements
from rag.text.words import WORD
from rag.types import Claim, Source

_MIN_OTHER_COVERAGE = 0.5  # share of the claim's words that another source must have to be read
_MIN_CONTRARY_COVERAGE = 0.5  # share of the claim's words beside contrary ones, to say that the abstract says otherwise
_MIN_CITED_SOURCE_SCORE = 0.40  # a cited source with a lower score is reported as not saying this


class Checker:
    """Checks the statements of one answer while it grows. Each statement is judged once."""

    def __init__(self, sources: Sequence[Source], embedder: Embedder) -> None:
        self._sources = sources
        self._embedder = embedder
        self._abstracts: dict[int, Abstract] = {}
        self._judged: dict[tuple[str, str, str, tuple[int, ...], bool], Claim] = {}

    def claims(self, answer: str, *, growing: bool = False) -> list[Claim]:
        """Return the claims of `answer` in order; while it is `growing`, only those of complete sentences.

        Headings, code and lead-ins get the verdict "none". answer[claim.start:claim.end] is claim.text.
        """
        if growing:
            answer = citations.without_open_mark(answer)
        stated = statements(answer, self._sources)
        if growing and stated:
            stated = _complete(answer, stated)
        foreign = language.is_foreign(answer)
        return [self._claim(answer, statement, foreign=foreign) for statement in stated]

    def _claim(self, answer: str, statement: Statement, *, foreign: bool) -> Claim:
        claim = Claim(
            text=answer[statement.start : statement.end],
            start=statement.start,
            end=statement.end,
            citations=statement.citations,
            verdict="none",
        )
        if not statement.is_claim:
            return claim
        foreign = foreign or language.is_foreign(judged_text(statement.plain))
        key = (statement.plain, claim.text, statement.context, claim.citations, foreign)
        if key not in self._judged:
            self._judged[key] = self._judge(claim, statement, foreign=foreign)
        return replace(self._judged[key], start=claim.start, end=claim.end)

    def _judge(self, claim: Claim, statement: Statement, *, foreign: bool) -> Claim:
        text = judged_text(statement.plain)
        numbers = {s.n for s in self._sources}
        invalid = tuple(f"[{n}] is not one of the sources" for n in claim.citations if n not in numbers)
        cited = [self._abstract(n) for n in claim.citations if n in numbers]
        claim = replace(claim, problems=invalid)
        if len(cited) == 1 and (quoted := cited[0].quotation(text)):
            return replace(claim, verdict="supported", evidence=(quoted,))
        if recorded := next((told for a in cited if (told := a.recorded(text))), None):
            return replace(claim, verdict="supported", evidence=(recorded,))
        if foreign and not any(language.is_foreign(a.paper.abstract) for a in cited):
            return replace(claim, verdict="unchecked")
        asked = self._asked(statement)
        reading = features.read(asked, cited) if cited else None
        other = self._other_source(asked, {a.n for a in cited}, reading)
        if other is not None:
            return _with_other_source(claim, other)
        if reading is not None and rule.verdict(reading.features) == "supported":
            weak = tuple(f"[{n}] does not say this" for n in reading.sources_under(_MIN_CITED_SOURCE_SCORE))
            return replace(claim, verdict="supported", problems=invalid + weak, evidence=reading.evidence)
        if reading is None and claim.citations:
            return replace(claim, verdict="unsupported")
        if reading is None:
            return replace(claim, verdict="uncited", problems=("no citation, and no source clearly says this",))
        return _doubted(claim, reading)

    def _asked(self, statement: Statement) -> Asked:
        text, context = judged_text(statement.plain), statement.context
        vectors = self._embedder.embed([text, f"{context} {text}"] if context else [text])
        return Asked(blanked(statement.plain), vectors[0], vectors[-1])

    def _other_source(self, asked: Asked, cited: set[int], reading: Reading | None) -> Reading | None:
        """Return the best reading of a source that is not cited; None when none supports the claim clearly, and more so."""
        words = wordings(asked.text)
        others = [self._abstract(s.n) for s in self._sources if s.n not in cited]
        candidates = [a for a in others if a.coverage(words) >= _MIN_OTHER_COVERAGE]
        readings = [features.read(asked, [a]) for a in candidates]  # only candidates need embedding
        least = rule.MIN_ADDED
        if reading is not None:
            supported = rule.verdict(reading.features) == "supported"
            lead = rule.MIN_LEAD_OVER_SUPPORTED if supported else rule.MIN_OTHER_LEAD
            least = max(rule.probability(reading.features) + lead, rule.MIN_OTHER)
        clear = [r for r in readings if rule.verdict(r.features) == "supported" and rule.probability(r.features) >= least]
        return max(clear, key=lambda r: rule.probability(r.features), default=None)

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


def _complete(answer: str, stated: Sequence[Statement]) -> list[Statement]:
    """Return the statements of an answer that still grows, without those of the last sentence, which may go on.

    Nor those of the sentence before it, when the last one begins with a mark, or has only signs such as a comma between two
    marks: they may belong to that sentence.
    """
    growing = list(dict.fromkeys(s.sentence for s in stated))
    last = answer[stated[-1].start :]
    growing = growing[-2:] if last.startswith(citations.MARK_OPENINGS) or not WORD.search(last) else growing[-1:]
    return [s for s in stated if s.sentence not in growing]


def _with_other_source(claim: Claim, reading: Reading) -> Claim:
    """Return `claim` with the source that supports it: added when it cites nothing, else as the reason it is miscited."""
    n = reading.evidence[0].n
    if claim.citations:
        problems = (*claim.problems, f"[{n}] supports this, but is not cited")
        return replace(claim, verdict="miscited", problems=problems, evidence=reading.evidence)
    return replace(claim, verdict="supported", added=(n,), evidence=reading.evidence)


def _doubted(claim: Claim, reading: Reading) -> Claim:
    """Return a claim that its sources do not support, with the words that differ and the reasons."""
    verdict = rule.verdict(reading.features)
    contrary = reading.features.opposed >= _MIN_CONTRARY_COVERAGE
    if any(d.n is not None for d in reading.differs) and (contrary or reading.features.digits):
        verdict = "contradicted"
    return replace(
        claim,
        verdict=verdict,
        problems=(*claim.problems, *reasons.reasons(reading)),
        evidence=reading.evidence,
        differs=reading.differs,
    )
