"""Show the library page's lists of papers, single papers, counts and reports.

Links have real addresses (library?paper=ID), so a paper opens in another tab too. The page's script follows those with
data-view without loading the page anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit

from markupsafe import Markup

from rag.ingestion import MAX_BAD_RECORDS_SHOWN, Report, told
from rag.output.references import authors
from rag.request import span
from rag.sources.formats import STARTER
from rag.types import Paper
from ui import theme
from ui.library.address import View
from ui.library.intake import Result, Step
from ui.library.listing import Listing
from ui.rendering import counted, rendered

_MAX_LISTED_AUTHORS = 6  # of a paper in a list
_MAX_PAPERS_IN_ADDRESS = 50

Dates = tuple[str, str]  # the first and the last


def masthead(papers: int, sources: int, span: Dates | None) -> Markup:
    """Return the head of the page, with the numbers of papers and sources and the papers' dates."""
    line = dates(span) if span else ""
    return rendered("library/head.html", title=theme.TITLE, papers=papers, sources=sources, dates=line)


def dates(span: Dates | None) -> str:
    """Return a span of dates in words; "no dates" without one."""
    return "no dates" if span is None else span[0] if span[0] == span[1] else f"{span[0]} to {span[1]}"


def search(view: View, sources: Sequence[str]) -> Markup:
    """Return the form of the search and its filters, filled in as `view` has them."""
    return rendered("library/search.html", view=view, sources=sources)


def years(drawn: Markup, view: View) -> Markup:
    """Return the picture of papers by year or month, with a way back from a year to all of them."""
    return rendered("library/years.html", drawn=drawn, everything=view.address(since="", until="") if view.year else "")


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
    """Return what became of each source, the reasons for the records that were not read, and a link that asks the papers."""
    read = [(report, _counts(report), _bad(report)) for report in result.reports]
    return rendered("library/reports.html", reports=read, known=result.known, ask=_ask(result), papers=len(result.papers))


def _counts(report: Report) -> str:
    """Return the counts of a report that are not zero, as a sentence."""
    new = counted(report.added, "paper")
    parts = [f"{new} added"] if report.added or not (report.updated or report.unchanged) else []
    parts += [f"{report.updated:,} brought up to date"] if report.updated else []
    parts += [f"{report.unchanged:,} there already"] if report.unchanged else []
    parts += [f"{report.titles_only:,} without an abstract"] if report.titles_only else []
    return ", ".join(parts) + "."


def _bad(report: Report) -> list[str]:
    """Return a line for each of the first records that could not be read, and one for the rest."""
    more = len(report.bad) - MAX_BAD_RECORDS_SHOWN
    lines = [told(bad) for bad in report.bad[:MAX_BAD_RECORDS_SHOWN]]
    return lines + ([f"and {more:,} more"] if more > 0 else [])


def _ask(result: Result) -> str:
    """Return the address of a chat with just these papers: many of them as their source; "" where that is not one source."""
    if 0 < len(result.papers) <= _MAX_PAPERS_IN_ADDRESS:
        return f"./?paper={quote(','.join(result.papers))}"
    read = [report.source for report in result.reports if report.error is None]
    return f"./?source={quote(read[0])}" if result.papers and len(read) == 1 else ""


def status(sentence: str, *, wrong: bool = False) -> Markup:
    """Return one sentence, coloured when it reports an error."""
    return rendered("library/status.html", sentence=sentence, wrong=wrong)


def removed(source: str, papers: int) -> str:
    """Return the sentence that a source was removed, and how many papers with it."""
    return f"Removed {source}: {counted(papers, 'paper')} {'is' if papers == 1 else 'are'} no longer in the library."


def papers(shown: Listing, view: View) -> Markup:
    """Return a page of papers with the filters in force, and the way to other pages and to the map."""
    rows = [(paper, view.address(paper=paper.id, page=view.page), _about(paper, _MAX_LISTED_AUTHORS)) for paper in shown.papers]
    before = view.address(page=shown.page - 1) if shown.page > 1 else ""
    after = view.address(page=shown.page + 1) if shown.page < shown.pages else ""
    return rendered(
        "library/papers.html", shown=shown, papers=rows, view=view, filters=_filters(view, shown), before=before, after=after
    )


def map_view(drawn: Markup, view: View) -> Markup:
    """Return the map in place of the list."""
    return rendered("library/map.html", drawn=drawn, view=view)


def paper(shown: Paper, similar: Sequence[tuple[Paper, float]], view: View) -> Markup:
    """Return one paper with its record, its links, and the papers nearest to it with their cosines."""
    nearest = [(other, view.address(paper=other.id, page=view.page), cosine) for other, cosine in similar]
    return rendered(
        "library/paper.html",
        paper=shown,
        parts=_about(shown, len(shown.authors)),
        host=_host(shown.url),
        similar=nearest,
        back=view.address(paper="", page=view.page),
    )


def no_such_paper(view: View) -> Markup:
    """Return the message for an address with the id of a paper that the library does not have."""
    return rendered("library/no_such_paper.html", back=view.address(paper="", page=view.page))


def _filters(view: View, shown: Listing) -> list[tuple[str, str]]:
    """Return each filter in force with the address that lifts it."""
    dates = span(view.filters)
    parts = [(f"Papers {dates}", view.address(since="", until=""))] if dates else []
    parts += [(f"Source {view.source}", view.address(source=""))] if view.source else []
    parts += [(f"Topic {shown.topic.label}", view.address(topic=""))] if shown.topic else []
    return parts


def _about(paper: Paper, most_authors: int) -> list[str]:
    """Return date, authors, organisation and sources of a paper, as far as they are known."""
    by = authors(paper, most_authors, or_count=True)
    parts = (paper.published or "no date", by, paper.organisation, "in " + ", ".join(paper.sources))
    return [part for part in parts if part]


def _host(url: str | None) -> str:
    """Return the host of an http address; "" for any other address, which is shown as text and not as a link."""
    parts = urlsplit(url or "")
    return parts.netloc if parts.scheme in ("http", "https") else ""
