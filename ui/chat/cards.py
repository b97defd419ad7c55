"""Shows papers as cards, with the sentences that an answer stands on marked, and what the answer says otherwise below them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rag.output.references import authors, links
from rag.output.signs import SIGNS
from rag.text import sentences
from rag.types import Claim, Paper, Source
from ui.reading.marks import anchor, instead, shortened
from ui.rendering import rendered

_MAX_AUTHORS = 4  # named on a card
_MAX_DISSENTS = 3  # shown on a card
_STRONG, _GOOD = 0.6, 0.4  # cosine of a question with a paper's nearest passage: see docs/numbers.md


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of an abstract. With an `anchor` it is a sentence that the answer stands on. `parts` are (text, differs).

    `far` says that it is away from all such sentences, so that it is folded.
    """

    parts: tuple[tuple[str, bool], ...]
    anchor: str = ""
    far: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A source as chat/card.html shows it. `dissents` are (words of the answer, words of the abstract or "")."""

    anchor: str
    n: int
    paper: Paper
    about: Markup
    match: str
    segments: tuple[Segment, ...]
    dissents: tuple[tuple[str, str], ...]


def sources(
    key: str,
    shown: Sequence[Source],
    claims: Sequence[Claim] = (),
    *,
    question: str,
    title: str = "Sources",
    scope: str = "",
    copied: str = "",
    years: str = "",
    years_first: bool = False,
) -> Markup:
    """Return the cards of an answer's sources as one section with tabs: cited sources, the others, and papers by year.

    `scope` says above the cards which papers were asked. `copied` is the text that "Copy with references" copies. `years`
    is the id of what will hold the papers by year, "" for none; `years_first` shows them before anything else.
    """
    cited = [_card(key, source, claims) for source in shown if source.cited]
    others = [_card(key, source, claims) for source in shown if not source.cited]
    if not cited:
        cited, others = others, []
    values = {
        "key": key,
        "question": question,
        "title": title,
        "scope": scope,
        "copied": copied,
        "years": years,
    }
    return rendered("chat/sources.html", cited=cited, others=others, first=years_first, **values)


def about(paper: Paper) -> Markup:
    """Return authors, organisation, date and links of a paper in one line."""
    by = authors(paper, _MAX_AUTHORS, or_count=True)
    parts = [part for part in (by, paper.organisation, paper.published) if part]
    return rendered("chat/about.html", parts=parts, links=list(links(paper)))


def match(cosine: float) -> str:
    """Return how near a paper is to the question, in words; "" for a paper that was found by its record (0)."""
    if cosine <= 0:
        return ""
    return "strong match" if cosine >= _STRONG else "good match" if cosine >= _GOOD else "weak match"


def _card(key: str, source: Source, claims: Sequence[Claim]) -> Card:
    supporting = [claim for claim in claims if claim.verdict != "unsupported"]
    spans = sorted({(e.start, e.end) for claim in supporting for e in claim.evidence if e.n == source.n})
    paper, card = source.paper, anchor(key, source.n)
    doubtful = [claim for claim in claims if claim.verdict in SIGNS]
    differing = sorted(
        (d.abstract_start, d.abstract_end)
        for claim in doubtful
        for d in claim.differs
        if d.n == source.n and d.abstract_start is not None and d.abstract_end is not None
    )
    segments = tuple(_segments(paper.abstract, spans, differing, card))
    dissents = tuple(dict.fromkeys(_dissents(doubtful, source)))[:_MAX_DISSENTS]
    return Card(card, source.n, paper, about(paper), match(source.hit.dense), segments, dissents)


def _dissents(doubtful: Sequence[Claim], source: Source) -> Iterator[tuple[str, str]]:
    """Yield what the answer says and this abstract says otherwise."""
    for claim in doubtful:
        for difference in claim.differs:
            if difference.n == source.n and (there := instead(difference, [source])):
                yield claim.text[difference.start : difference.end], shortened(there)


def _segments(
    abstract: str, spans: Sequence[tuple[int, int]], differing: Sequence[tuple[int, int]], card: str
) -> Iterator[Segment]:
    """Yield the sentences that are marked, and what is between them: folded, but for the sentence before a marked one."""
    position = 0
    for start, end in [*spans, (len(abstract), len(abstract))]:
        near = _last_sentence(abstract, position, start) if spans and start < len(abstract) else start
        if abstract[position:near].strip():
            yield Segment(((abstract[position:near], False),), far=bool(spans))
            position = near
        if position < start:
            yield Segment(((abstract[position:start], False),))
        if end > max(start, position):
            yield Segment(tuple(_parts(abstract, max(start, position), end, differing)), f"{card}-{start}")
        position = max(position, end)


def _last_sentence(text: str, start: int, end: int) -> int:
    """Return the offset at which the last sentence of text[start:end] begins."""
    spans = sentences.split(text[start:end])
    return start + spans[-1][0] if len(spans) > 1 else start


def _parts(abstract: str, start: int, end: int, differing: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool]]:
    position = start
    for first, last in differing:
        if position <= first and last <= end:
            yield abstract[position:first], False
            yield abstract[first:last], True
            position = last
    yield abstract[position:end], False
