"""Show answers as chat messages: citations that link to the sentences they rest on, doubtful claims marked, notes below.

A doubtful claim has a sign, and the words that differ from the abstract are marked. Messages are Markdown with HTML in it, made
by the `*.md` templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from rag.events import Found
from rag.output import findings, signs
from rag.output.render import nearest_sentence
from rag.output.signs import SIGNS
from rag.storage.filters import sentence
from rag.text.citations import citations
from rag.types import Answer, Claim, Source
from ui.chat.cards import anchor
from ui.rendering import counted, rendered

_VERDICTS = {
    "contradicted": "contradicted by the abstract",
    "partial": "only partly supported",
    "unsupported": "not supported",
    "miscited": "cited to the wrong source",
    "uncited": "without a source",
}
_SUMMARY = {"supported": "supported", **_VERDICTS, "unchecked": "in another language and not checked"}
_MATHS = re.compile(r"\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL)  # which a mark would break
_BREAKS_MARK = re.compile(r"[*|\n\\]")  # in words: a mark around them would cross bold text or a cell of a table


@dataclass(frozen=True, slots=True)
class Citation:
    """The link of a citation, or the mark of one to no source, whose `anchor` is None. The lines of `tip` say what it cites."""

    n: int
    anchor: str | None = None
    tip: tuple[str, ...] = ()
    added: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """The sign of a doubtful claim. The lines of `tip` say why it is doubtful, and what the abstract says instead."""

    verdict: str
    tip: tuple[str, ...]
    sign: str


@dataclass(frozen=True, slots=True)
class Differing:
    """Words of a doubtful claim that the abstract lacks or says otherwise. `instead` is what it says."""

    words: str
    instead: str


Piece = str | Citation | Doubt | Differing


class Insertion(NamedTuple):
    """Pieces that replace answer[start:end]. Where `start` equals `end`, they are inserted there."""

    start: int
    end: int
    pieces: list[Piece]


def message(answer: Answer) -> Markup:
    """Return a finished answer: its text with citations linked and doubtful claims marked, then notes."""
    return rendered(
        "chat/message.md",
        answer=answer,
        reasoning=answer.reasoning,
        text=linked(answer.id, answer.answer, answer.claims, answer.sources),
        nearest=listing(answer.id, answer.sources) if answer.refused and answer.sources else "",
        summary=summary(answer),
        restriction=restriction(answer),
        facts=facts(answer),
    )


def facts(answer: Answer) -> list[str]:
    """Return the model's name, the seconds and the tokens of an answer, as far as they are known."""
    parts = [answer.model] if answer.model else []
    if answer.timings.total_s is not None:
        parts.append(f"{answer.timings.total_s:.1f} s")
    if answer.usage.prompt_tokens or answer.usage.completion_tokens:
        parts.append(f"{answer.usage.prompt_tokens or 0:,} tokens read, {answer.usage.completion_tokens or 0:,} written")
    return parts


def listing(answer_id: str, shown: Sequence[Source]) -> Markup:
    """Return papers as a list of links to their cards, each with its sentence nearest to the question."""
    listed = [
        {"anchor": anchor(answer_id, source.n), "title": source.paper.title, "sentence": nearest_sentence(source.hit)}
        for source in shown
    ]
    return rendered("chat/listing.md", listed=listed)


def restriction(of: Answer | Found) -> str:
    """Return one sentence on which papers were asked; "" when all were."""
    return sentence(of.filters, (source.paper for source in of.sources))


def linked(answer_id: str, text: str, claims: Sequence[Claim], sources: Sequence[Source]) -> Markup:
    """Return the text of an answer, or its beginning, with citations linked and checked claims marked."""
    shown: list[Piece] = []
    position = 0
    insertions = [*_citations(answer_id, text, claims, sources), *_marks(answer_id, claims, sources)]
    insertions += _differences(text, claims, sources, [(start, end) for start, end, _ in insertions])
    for start, end, pieces in sorted(insertions, key=lambda one: (one.start, one.end)):
        shown += [text[position:start], *pieces]
        position = end
    return rendered("chat/marked.md", pieces=[*shown, text[position:]])


def summary(answer: Answer) -> str:
    """Return the check's result in a line, such as "4 statements: 3 supported, 1 without a source".

    Only answers of a model have such a line; others quote the abstracts or the library's records.
    """
    verdicts: list[str] = [c.verdict for c in answer.claims if c.verdict != "none"]
    if not verdicts or answer.mode != "model":
        return ""
    counts = ", ".join(f"{n} {name}" for verdict, name in _SUMMARY.items() if (n := verdicts.count(verdict)))
    return f"{counted(len(verdicts), 'statement')}: {counts}"


def _citations(answer_id: str, text: str, claims: Sequence[Claim], sources: Sequence[Source]) -> Iterator[Insertion]:
    """Yield a link for each citation."""
    numbered = {s.n: s for s in sources}
    for mark in citations(text, sources):
        claim = next((c for c in claims if c.start <= mark.start < c.end), None)
        links = [_citation(answer_id, n, numbered.get(n), claim) for n in mark.numbers]
        yield Insertion(mark.start, mark.end, [*links])


def _marks(answer_id: str, claims: Sequence[Claim], sources: Sequence[Source]) -> Iterator[Insertion]:
    """Yield the links that the check added, and the sign of each doubtful claim."""
    numbered = {s.n: s for s in sources}
    for claim in claims:
        place = claim.start + signs.position(claim.text)
        if claim.added:
            links = [_citation(answer_id, n, numbered.get(n), claim, added=True) for n in claim.added]
            yield Insertion(place, place, [" ", *links])
        if claim.verdict in SIGNS:
            reason = f"{_VERDICTS[claim.verdict]}: {findings.reason(claim, sources)}"
            tip = (reason, *findings.evidence(claim, sources))
            yield Insertion(place, place, [Doubt(claim.verdict, tip, SIGNS[claim.verdict][0])])


def _differences(
    text: str, claims: Sequence[Claim], sources: Sequence[Source], taken: Sequence[tuple[int, int]]
) -> Iterator[Insertion]:
    """Yield a mark for the words of doubtful claims that differ; none over another mark, in maths, or across bold text."""
    taken = [*taken, *(maths.span() for maths in _MATHS.finditer(text))]
    for claim in (c for c in claims if c.verdict in SIGNS):
        for difference in claim.differs:
            start, end = claim.start + difference.start, claim.start + difference.end
            words = text[start:end]
            if not claim.start <= start < end <= claim.end or _BREAKS_MARK.search(words):
                continue
            if not any(first < end and start < last for first, last in taken):
                taken.append((start, end))
                yield Insertion(start, end, [Differing(words, findings.instead(difference, sources))])


def _citation(answer_id: str, n: int, source: Source | None, claim: Claim | None, *, added: bool = False) -> Citation:
    """Return the citation of source `n`. It leads to the sentence that supports the claim, where there is one."""
    if source is None:
        return Citation(n)
    supporting = claim.evidence if claim and claim.verdict != "unsupported" else ()
    evidence = next((e for e in supporting if e.n == n), None)
    paper = " · ".join(filter(None, (source.paper.title, source.paper.published)))
    tip = ("added by the check: " * added + paper, *([evidence.sentence] if evidence else []))
    return Citation(n, anchor(answer_id, n, evidence), tip, added)
