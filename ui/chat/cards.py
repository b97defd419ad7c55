"""Papers as cards, with the sentences that an answer stands on marked. Everything that is not written here is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rag.output.references import authors, links
from rag.types import Claim, Evidence, Paper, Source

_MAX_AUTHORS = 4  # named on a card


def anchor(answer_id: str, n: int, evidence: Evidence | None = None) -> str:
    """Return the id of a source's card, or of a sentence in it."""
    return f"src-{answer_id}-{n}" + (f"-{evidence.start}" if evidence else "")


def sources(
    answer_id: str,
    shown: Sequence[Source],
    claims: Sequence[Claim] = (),
    title: str = "Sources",
    scope: str = "",
    written: str = "",
) -> str:
    """Return the cards of an answer's sources as one section: cited ones first, the rest folded under a line; `scope` says
    over them which papers they are from, `written` is what is copied of the answer."""
    cards = [(s, _card(answer_id, s, claims)) for s in shown]
    cited = [card for s, card in cards if s.cited]
    others = [card for s, card in cards if not s.cited]
    if not cited:
        cited, others = others, []
    more = f"<details><summary>Also considered ({len(others)})</summary><ol>{''.join(others)}</ol></details>" if others else ""
    line = f'<p class="scope">{escape(scope)}</p>' if scope else ""
    copied = f'<pre hidden id="copy-{answer_id}">{escape(written)}</pre>' if written else ""
    return f'<section id="answer-{answer_id}"><h2>{escape(title)}</h2>{line}<ol>{"".join(cited)}</ol>{more}{copied}</section>'


def _card(answer_id: str, source: Source, claims: Sequence[Claim]) -> str:
    paper = source.paper
    spans = sorted({(e.start, e.end) for c in claims if c.verdict != "unsupported" for e in c.evidence if e.n == source.n})
    return (
        f'<li id="{anchor(answer_id, source.n)}" tabindex="-1" class="card">'
        f'<h3><span class="n">[{source.n}]</span> {escape(paper.title)}</h3>{about(paper)}{_match(source)}'
        f'<p class="abstract">{_marked(paper.abstract, spans, anchor(answer_id, source.n))}</p>'
        '<a class="back" href="#chat" role="button">Back to the answer</a></li>'
    )


def _match(source: Source) -> str:
    """Return how near a paper is to the question, as a bar: the cosine of its best passage. Records have none."""
    cosine = source.hit.dense
    if cosine <= 0:
        return ""
    told = f"match with the question: {cosine:.2f} of 1"
    return f'<div class="match" role="img" aria-label="{told}" title="{told}"><i style="width:{min(cosine, 1):.0%}"></i></div>'


def about(paper: Paper) -> str:
    """Return authors, organisation, date and addresses of a paper in a line."""
    by = authors(paper, _MAX_AUTHORS, or_count=True)
    parts = [f"<bdi>{escape(part)}</bdi>" for part in (by, paper.organisation, paper.published) if part]
    for label, url in links(paper):
        parts.append(f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{escape(label)}</a>')
    return f'<p class="about">{" · ".join(parts)}</p>' if parts else ""


def _marked(abstract: str, spans: Sequence[tuple[int, int]], anchor: str) -> str:
    pieces, position = [], 0
    for start, end in spans:
        pieces.append(escape(abstract[position:start]))
        pieces.append(f'<mark id="{anchor}-{start}" tabindex="-1">{escape(abstract[start:end])}</mark>')
        position = end
    return "".join(pieces) + escape(abstract[position:])
