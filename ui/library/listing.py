"""The papers that a view of the library page shows: found by words or all of them, within filters and a topic."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rag.assistant import Assistant
from rag.collection import timeline
from rag.collection.timeline import Timeline
from rag.errors import UsageError
from rag.request import MAX_QUESTION_CHARS, phrases
from rag.topics.topic_map import Topic
from rag.types import Filters, Paper
from ui.library.address import View

PAGE_SIZE = 20  # papers


@dataclass(frozen=True, slots=True)
class Listing:
    """The `papers` of one page, numbered from `first` on, of `total` ones; `page` of `pages`.

    `scope` says which papers these are, or why there are none. `ids` are those of all pages.
    """

    ids: tuple[str, ...]
    papers: tuple[Paper, ...]
    page: int
    pages: int
    scope: str
    topic: Topic | None

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE_SIZE + 1


def listing(assistant: Assistant, view: View) -> Listing:
    """Return the page of papers that `view` asks for, the last one where there are fewer pages. Raises UsageError."""
    only, topic = assistant.scope.checked(view.filters), _topic(assistant, view)
    ids = _found(assistant, view.q, only, topic)
    pages = max(1, -(-len(ids) // PAGE_SIZE))
    page = min(view.page, pages)
    some = ids[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    known = assistant.library.papers(some)
    papers = tuple(known[paper_id] for paper_id in some if paper_id in known)
    scope = _scope(assistant, view, only, len(ids), page)
    return Listing(tuple(ids), papers, page, pages, scope, topic)


def by_date(assistant: Assistant, view: View, shown: Listing) -> Timeline:
    """Return the papers that `view` finds by year; where it has one year or month, all that year's papers by month."""
    ids: tuple[str, ...] | list[str] = shown.ids
    if view.year and view.since != view.year:
        wider = assistant.scope.checked(replace(view.filters, since=view.year, until=view.year))
        ids = _found(assistant, view.q, wider, shown.topic)
    catalogue = assistant.library.catalogue()
    dates = [catalogue[paper_id][1] for paper_id in ids if paper_id in catalogue]
    return timeline.by_month(dates, view.year) if view.year else timeline.by_year(dates)


def _topic(assistant: Assistant, view: View) -> Topic | None:
    """Return the topic of the view. Raises UsageError where the map has no such topic, as after papers were added."""
    if not view.topic:
        return None
    if topic := assistant.topic_map().topic(view.topic):
        return topic
    raise UsageError("The topics have changed since this address was made.", "Choose a topic from the map.")


def _found(assistant: Assistant, words: str, only: Filters, topic: Topic | None) -> list[str]:
    """Return the ids of the papers: with words the nearest first, without them the newest first."""
    if len(words) > MAX_QUESTION_CHARS:
        raise UsageError(f"The search has more than {MAX_QUESTION_CHARS} characters.", "Use fewer words.")
    catalogue = assistant.library.catalogue()
    within = {paper for paper in topic.papers if paper in catalogue} if topic else None
    if words:
        return assistant.find(words, replace(only, papers=tuple(sorted(within))) if within else only)
    passing = set(assistant.library.matching(only))
    passing &= within if within is not None else passing
    by_title = sorted(passing, key=lambda paper: (catalogue[paper][0].casefold(), paper))
    return sorted(by_title, key=lambda paper: catalogue[paper][1] or "", reverse=True)


def _scope(assistant: Assistant, view: View, only: Filters, total: int, page: int) -> str:
    """Return which papers the page shows, in which order, and what the filters left out."""
    if not assistant.count():
        return "The library is empty."
    if not total:
        return _nothing(assistant, view, only)
    first, last = (page - 1) * PAGE_SIZE + 1, min(total, page * PAGE_SIZE)
    order = "the nearest first" if view.q else "the newest first, then those without a date"
    span = f"{first:,} to {last:,} of {total:,}, {order}." if total > 1 else "1 paper."
    return " ".join(filter(None, [span, *assistant.scope.warnings(only)]))


def _nothing(assistant: Assistant, view: View, only: Filters) -> str:
    """Return why there is no paper, and what to do."""
    if alone := assistant.scope.nothing(only):
        return " ".join(assistant.scope.warnings(only, found=False)) or alone
    among = f" {', '.join(phrases(only))}" if only else ""
    of_topic = " of this topic" if view.topic else ""
    if view.q:
        return f"No paper{of_topic}{among} is about “{view.q}”. Try other words."
    return f"No paper{of_topic} is{among or ' left'}."
