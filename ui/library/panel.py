"""The library page as HTML: lists of papers, one paper, counts, reports. What comes from papers and names is escaped.

Links are real addresses (library?paper=ID), so that a paper can be opened in a tab of its own; a click sends what their
data-… says instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote, urlsplit

from rag.output.references import authors
from rag.sources.formats import STARTER
from rag.types import Paper
from ui import theme
from ui.library.intake import Result, Step

_SHOW_BAD = 5
_MOST_YEARS = 12
_MOST_AUTHORS = 6  # in lists
BACK = '<p class="back"><a href="library" data-paper="">← All papers</a></p>'


def masthead(papers: int, sources: int, span: tuple[str, str] | None) -> str:
    """Return the head of the page: what there is, in one line."""
    parts = [f"{papers:,} paper{_s(papers)}", f"{sources:,} source{_s(sources)}"] + [dates(span)] * bool(span)
    return theme.masthead("Library", " · ".join(map(escape, parts)))


def dates(span: tuple[str, str] | None) -> str:
    """Return a span of dates in words; "no dates" without one."""
    return "no dates" if span is None else span[0] if span[0] == span[1] else f"{span[0]} to {span[1]}"


def years(counts: Mapping[str, int]) -> str:
    """Return a bar for each year with a number beside it, a table to whoever hears it; the years longest ago as one.

    Nothing for an empty library.
    """
    if not counts:
        return ""
    dated = {year: n for year, n in counts.items() if year}
    if not dated:
        return '<p class="empty">No paper of the library has a date.</p>'
    last = int(max(dated))
    shown = {y: dated.get(y, 0) for y in (f"{n:04d}" for n in range(last, last - _MOST_YEARS, -1)) if y >= min(dated)}
    if early := sum(n for year, n in dated.items() if year not in shown):
        shown["earlier"] = early
    most = max(shown.values())
    rows = "".join(f'<tr><th scope="row">{escape(year)}</th><td>{_bar(n, most)}</td></tr>' for year, n in shown.items())
    n = counts.get("", 0)
    undated = f'<p class="about">{n:,} paper{_s(n)} without a date {"are" if n > 1 else "is"} not shown.</p>' if n else ""
    return f'<table class="bars"><caption>Papers by year</caption>{rows}</table>{undated}'


def sources(counts: Mapping[str, int], spans: Mapping[str, tuple[str, str]]) -> str:
    """Return the table of sources: name, papers, their dates, and a button that asks to remove it."""
    if not counts:
        return '<p class="empty">There is no source. Add files or a text, or the starter corpus.</p>'
    most = max(counts.values())
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}<span class="about">{escape(dates(spans.get(name)))}</span></th>'
        f'<td>{_bar(n, most)}</td><td><button type="button" data-remove="{escape(name)}" '
        f'aria-label="Remove {escape(name)}">Remove</button></td></tr>'
        for name, n in counts.items()
    )
    return f'<table class="bars"><caption>Papers by source</caption>{rows}</table>'


def _bar(n: int, most: int) -> str:
    return f'<span class="bar" style="width:calc((100% - 4.5em) * {n / most:.3f})"></span>{n:,}'


def really(source: str, papers: int) -> str:
    """Return the question before a source is removed, with what can bring it back."""
    back = (
        "It can be added again below the sources, or with <code>python -m rag.ingest</code>."
        if source == STARTER
        else "To have it again, add its file again."
    )
    return (
        f'<p role="alert">Remove <b>{escape(source)}</b>? It lists {papers:,} paper{_s(papers)}; those that no other source '
        f"lists leave the library. {back}</p>"
    )


def step(at: Step) -> str:
    """Return how far a change is."""
    doing = f"{at.stage.capitalize()} {at.done:,} of {at.total:,}"
    return f'<p role="status">{escape(doing)}<progress max="{max(at.total, 1)}" value="{at.done}"></progress></p>'


def added(result: Result) -> str:
    """Return what became of each source."""
    items = []
    for report in result.reports:
        bad = "".join(f"<li>line {b.line}: {escape(b.reason)}</li>" for b in report.bad[:_SHOW_BAD])
        if len(report.bad) > _SHOW_BAD:
            bad += f"<li>and {len(report.bad) - _SHOW_BAD} more bad records</li>"
        if report.error:
            told = f'<span class="wrong">{escape(report.error)}</span>'
        else:
            told = (
                f"<b>{escape(report.source)}</b>: read {report.read}, added {report.added}, updated {report.updated}, "
                f"unchanged {report.unchanged}, bad {len(report.bad)}" + f", merged {report.merged}" * bool(report.merged)
            )
            if report.source in result.there:
                told += ". It was here before: its papers are brought up to date, and none was taken away."
        items.append(f"<li>{told}{f'<ul>{bad}</ul>' if bad else ''}</li>")
    return f'<ul class="reports" role="status">{"".join(items)}</ul>'


def told(sentence: str, *, wrong: bool = False) -> str:
    """Return one sentence; one that tells of a fault is coloured."""
    kind = ' class="wrong"' if wrong else ""
    return f'<p role="status"{kind}>{escape(sentence)}</p>'


def gone(source: str, papers: int) -> str:
    """Return the sentence that a source has been taken out, and how many papers with it."""
    return f"Removed {source}: {papers:,} paper{_s(papers)} {'is' if papers == 1 else 'are'} gone from the library."


def papers(found: Sequence[Paper], first: int, scope: str) -> str:
    """Return a page of papers, numbered from `first` on, under a line that says which they are."""
    items = "".join(f"<li>{_link(paper)}<p class='about'>{_about(paper, _MOST_AUTHORS)}</p></li>" for paper in found)
    return f'<p class="scope" role="status">{escape(scope)}</p><ol class="papers" start="{first}">{items}</ol>'


def _link(paper: Paper) -> str:
    return f'<a href="library?paper={quote(paper.id)}" data-paper="{escape(paper.id)}">{escape(paper.title)}</a>'


def _about(paper: Paper, most: int) -> str:
    parts = (
        paper.published or "no date",
        authors(paper, most, or_count=True),
        paper.organisation,
        "in " + ", ".join(paper.sources),
    )
    return " · ".join(f"<bdi>{escape(part)}</bdi>" for part in parts if part)


def paper(it: Paper, similar: Sequence[tuple[Paper, float]]) -> str:
    """Return one paper: what is known of it, what can be done with it, and the papers nearest to it with their cosines."""
    outside = _outside(it.url) if it.url else ""
    near = "".join(
        f'<li>{_link(other)} <span class="about" title="cosine of its nearest passage">{cosine:.2f}</span></li>'
        for other, cosine in similar
    )
    return (
        f'{BACK}<article><h2 tabindex="-1">{escape(it.title)}</h2><p class="about">{_about(it, len(it.authors))}</p>'
        f'<p class="abstract">{escape(it.abstract)}</p>'
        f'<p class="doing"><a class="ask" href="./?paper={quote(it.id)}">Ask about this paper</a>{outside}</p></article>'
        + (f"<h3>Similar papers</h3><ol class='similar'>{near}</ol>" if near else "")
    )


def _outside(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https"):
        return escape(url)
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{escape(urlsplit(url).netloc)} ↗</a>'


def _s(n: int) -> str:
    return "s" * (n != 1)
