"""What filters mean over one library: whether they name what is there, what they leave out, and what they cannot judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from itertools import combinations
from typing import TYPE_CHECKING

from rag.errors import UsageError
from rag.request import checked_filters, clipped, filter_parameters, phrases
from rag.types import Filters, Paper, Unjudged

if TYPE_CHECKING:
    from rag.storage.library import Library

_DATES = ("year", "since", "until")
_MAX_SOURCES_SHOWN = 8


class Scope:
    """What filters mean over one library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def sources(self) -> list[str]:
        """Return the names of the library's sources."""
        return list(self._library.sources())

    def checked(self, filters: Filters | None) -> Filters:
        """Return the filters tidied. Raises UsageError as checked_filters() does, for a source and for a paper that the library
        does not hold."""
        tidy = checked_filters(filters or Filters())
        known = self._library.papers(tidy.papers)
        if missing := next((paper_id for paper_id in tidy.papers if paper_id not in known), None):
            raise UsageError(
                f"The library has no paper with the id “{clipped(missing)}”.",
                "Give a paper_id as --search --json prints it; a paper leaves the library with the last source that lists it.",
            )
        sources = self.sources() if tidy.source else []
        if tidy.source and sources and not any(tidy.source.casefold() in name.casefold() for name in sources):
            more = len(sources) - _MAX_SOURCES_SHOWN
            listed = ", ".join(sources[:_MAX_SOURCES_SHOWN]) + f" and {more} more" * (more > 0)
            there = "there are" if len(sources) > 1 else "there is only"
            raise UsageError(
                f"No source has “{clipped(tidy.source)}” in its name; {there} {listed}.",
                "Give a source's name, or a part of it.",
            )
        return tidy

    def warnings(self, filters: Filters, *, found: bool = True) -> tuple[str, ...]:
        """Return sentences on the papers that the filters could not judge and what became of them, after one on why
        nothing was `found`."""
        empty = () if found else (self.nothing(filters) or "No paper was found.",)
        judged = filters.dated or filters.author or filters.min_authors or filters.max_authors
        return empty + (left_open(self._library.unjudged(filters)) if judged else ())

    def nothing(self, filters: Filters) -> str:
        """Return which of the filters left nothing, the fewest that do so together; "" when something passes."""
        groups = [_DATES, *((name,) for name in filter_parameters() if name not in _DATES)]
        parts = [Filters(**{name: getattr(filters, name) for name in group}) for group in groups]
        parts = [part for part in parts if part]
        for size in range(1, len(parts) + 1):
            for some in combinations(parts, size):
                together = Filters(**{k: v for part in some for k, v in asdict(part).items() if v})
                if not self._library.matching(together):
                    return self._none(together)
        return ""

    def _none(self, filters: Filters) -> str:
        count = self._library.count()
        if not count:
            return "The library is empty."
        conditions = " and ".join(f"has {p[5:]}" if p.startswith("with ") else f"is {p}" for p in phrases(filters))
        span = self._library.span()
        runs = f"the dates run from {span[0]} to {span[1]}" if span else "none of them has a date"
        return f"No paper of the {count:,} {conditions}{f'; {runs}' * filters.dated}."


def shown(filters: Filters) -> str:
    """Return the filters in words, such as "from 2024-05 on, with “graph” in the title"; "" without any."""
    return ", ".join(phrases(filters))


def sentence(filters: Filters, known: Iterable[Paper] = ()) -> str:
    """Return the filters as a sentence, such as "Only papers from 2024-05 on."; "" without any.

    A single paper asked for is named by its title when it is among the `known` ones, else by its id.
    """
    if not filters.papers:
        return f"Only papers {shown(filters)}." if filters else ""
    first = filters.papers[0]
    title = next((paper.title for paper in known if paper.id == first), first)
    chosen = f"the paper “{title}”" if len(filters.papers) == 1 else f"{len(filters.papers):,} selected papers"
    others = shown(replace(filters, papers=()))
    return f"Only {chosen}{', if ' * bool(others)}{others}."


def left_open(unjudged: Unjudged) -> tuple[str, ...]:
    """Return one sentence per reason for which papers could not be judged."""
    by_date, sentences = [], []
    if n := unjudged.undated:
        by_date.append(f"{_papers(n)} {'have' if n > 1 else 'has'} no date and {_was(n)} left out")
    if n := unjudged.unsure:
        known = "are known only to their" if n > 1 else "is known only to its"
        who = f"{n:,}" if by_date else _papers(n)
        by_date.append(f"{who} {known} year or month and {_was(n)} let in, because some day of it fits")
    if by_date:
        sentences.append("; ".join(by_date) + ".")
    if n := unjudged.authorless:
        unsaid = "do not tell how many authors they have" if n > 1 else "does not tell how many authors it has"
        sentences.append(f"{_papers(n)} {unsaid} and {_was(n)} left out.")
    if n := unjudged.nameless:
        unnamed = "do not name their authors" if n > 1 else "does not name its authors"
        sentences.append(f"{_papers(n)} {unnamed} and {_was(n)} left out.")
    return tuple(sentences)


def _papers(n: int) -> str:
    return f"{n:,} paper{'s' * (n > 1)}"


def _was(n: int) -> str:
    return "were" if n > 1 else "was"
