"""Show the library page's lists of papers, single papers, counts and reports.

Links have real addresses (library?paper=ID), so a paper opens in another tab too. The page's script handles a plain click by
the element's data-… attribute instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from markupsafe import Markup

from rag.output.references import authors
from rag.sources.formats import STARTER
from rag.types import Paper
from ui import theme
from ui.library.intake import Result, Step
from ui.rendering import counted, rendered

_MAX_YEARS_SHOWN = 12  # with a bar of their own
_MAX_LISTED_AUTHORS = 6  # of a paper in a list

Dates = tuple[str, str]  # the first and the last


def masthead(papers: int, sources: int, span: Dates | None) -> Markup:
    """Return the head of the page, with the numbers of papers and sources and the papers' dates."""
    line = dates(span) if span else ""
    return rendered("library/head.html", title=theme.TITLE, papers=papers, sources=sources, dates=line)


def dates(span: Dates | None) -> str:
    """Return a span of dates in words; "no dates" without one."""
    return "no dates" if span is None else span[0] if span[0] == span[1] else f"{span[0]} to {span[1]}"


def years(counts: Mapping[str, int]) -> Markup:
    """Return a table with a bar for each of the last years, and one bar for all years before them.

    `counts` are papers by year, "" for those without a date. An empty library gives "".
    """
    dated = {year: n for year, n in counts.items() if year}
    return rendered("library/years.html", rows=_last_years(dated), undated=counts.get("", 0))


def _last_years(dated: Mapping[str, int]) -> dict[str, int]:
    if not dated:
        return {}
    last = int(max(dated))
    span = (f"{n:04d}" for n in range(last, last - _MAX_YEARS_SHOWN, -1))
    rows = {year: dated.get(year, 0) for year in span if year >= min(dated)}
    if earlier := sum(n for year, n in dated.items() if year not in rows):
        rows["earlier"] = earlier
    return rows


def sources(counts: Mapping[str, int], spans: Mapping[str, Dates]) -> Markup:
    """Return the table of sources: name, papers, their dates, and a button that asks whether to remove the source."""
    return rendered("library/sources.html", counts=counts, dates={name: dates(spans.get(name)) for name in counts})


def remove_question(source: str, papers: int) -> Markup:
    """Return the question whether to remove a source, with the way to add it again."""
    return rendered("library/remove_question.html", source=source, papers=papers, starter=source == STARTER)


def progress(step: Step) -> Markup:
    """Return how far a change is, with a progress bar."""
    return rendered("library/progress.html", stage=step.stage, done=step.done, total=step.total)


def reports(result: Result) -> Markup:
    """Return what was read of each source, and the reasons for the records that were not."""
    return rendered("library/reports.html", reports=result.reports, known=result.known)


def status(sentence: str, *, wrong: bool = False) -> Markup:
    """Return one sentence, coloured when it reports an error."""
    return rendered("library/status.html", sentence=sentence, wrong=wrong)


def removed(source: str, papers: int) -> str:
    """Return the sentence that a source was removed, and how many papers with it."""
    return f"Removed {source}: {counted(papers, 'paper')} {'is' if papers == 1 else 'are'} no longer in the library."


def papers(page: Sequence[Paper], first: int, scope: str) -> Markup:
    """Return a page of papers, numbered from `first` on, below `scope`, which says which papers they are."""
    rows = [(paper, _about(paper, _MAX_LISTED_AUTHORS)) for paper in page]
    return rendered("library/papers.html", papers=rows, first=first, scope=scope)


def paper(shown: Paper, similar: Sequence[tuple[Paper, float]]) -> Markup:
    """Return one paper with its record, its links, and the papers nearest to it with their cosines."""
    parts = _about(shown, len(shown.authors))
    return rendered("library/paper.html", paper=shown, parts=parts, host=_host(shown.url), similar=similar)


def no_such_paper() -> Markup:
    """Return the message for an address with the id of a paper that the library does not have."""
    return rendered("library/no_such_paper.html")


def _about(paper: Paper, most_authors: int) -> list[str]:
    """Return date, authors, organisation and sources of a paper, as far as they are known."""
    by = authors(paper, most_authors, or_count=True)
    parts = (paper.published or "no date", by, paper.organisation, "in " + ", ".join(paper.sources))
    return [part for part in parts if part]


def _host(url: str | None) -> str:
    """Return the host of an http address; "" for any other address, which is shown as text and not as a link."""
    parts = urlsplit(url or "")
    return parts.netloc if parts.scheme in ("http", "https") else ""
