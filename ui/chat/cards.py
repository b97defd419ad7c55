"""Show papers as cards, with the sentences that support an answer marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rag.output.references import authors, links
from rag.types import Claim, Evidence, Paper, Source
from ui.rendering import rendered

_MAX_AUTHORS = 4  # named on a card


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of an abstract. With an `anchor` it supports the answer and is marked."""

    text: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A source as chat/card.html shows it. `paper_id` is that of its star.

    `cosine` is that of its best passage, 0 for a paper found by its record.
    """

    anchor: str
    n: int
    paper_id: str
    title: str
    about: Markup
    cosine: float
    segments: tuple[Segment, ...]


def anchor(answer_id: str, n: int, evidence: Evidence | None = None) -> str:
    """Return the id of a source's card, or of a sentence in it."""
    return f"src-{answer_id}-{n}" + (f"-{evidence.start}" if evidence else "")


def sources(
    answer_id: str,
    shown: Sequence[Source],
    claims: Sequence[Claim] = (),
    title: str = "Sources",
    scope: str = "",
    copied: str = "",
    *,
    hidden: bool = False,
) -> Markup:
    """Return the cards of an answer's sources as one section: cited sources first, the others folded.

    `scope` says above the cards which papers were asked. `copied` is the text that "Copy with references" copies.
    """
    cited = [_card(answer_id, source, claims) for source in shown if source.cited]
    others = [_card(answer_id, source, claims) for source in shown if not source.cited]
    if not cited:
        cited, others = others, []
    return rendered(
        "chat/sources.html",
        answer_id=answer_id,
        title=title,
        scope=scope,
        cited=cited,
        others=others,
        copied=copied,
        hidden=hidden,
    )


def about(paper: Paper) -> Markup:
    """Return authors, organisation, date and links of a paper in one line."""
    by = authors(paper, _MAX_AUTHORS, or_count=True)
    parts = [part for part in (by, paper.organisation, paper.published) if part]
    return rendered("chat/about.html", parts=parts, links=list(links(paper)))


def _card(answer_id: str, source: Source, claims: Sequence[Claim]) -> Card:
    supporting = [claim for claim in claims if claim.verdict != "unsupported"]
    spans = sorted({(e.start, e.end) for claim in supporting for e in claim.evidence if e.n == source.n})
    paper, card = source.paper, anchor(answer_id, source.n)
    segments = tuple(_segments(paper.abstract, spans, card))
    return Card(card, source.n, paper.id, paper.title, about(paper), source.hit.dense, segments)


def _segments(abstract: str, spans: Sequence[tuple[int, int]], card: str) -> Iterator[Segment]:
    position = 0
    for start, end in spans:
        yield Segment(abstract[position:start])
        yield Segment(abstract[start:end], f"{card}-{start}")
        position = end
    yield Segment(abstract[position:])
