"""What a question may be restricted to: whether it can be right, how it is said, and what it leaves open.

The command line, the chat and its API all come through here, so that a mistake is told in the same sentence everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from rag.errors import UsageError
from rag.text import dates
from rag.text.words import clean
from rag.types import Filters, Paper, Unjudged

if TYPE_CHECKING:
    from rag.storage.library import Library

_GROUPS = (("year", "since", "until"), ("source",), ("title",), ("min_authors",), ("papers",))
_NUMBERS = {"year": ("The year", 9_999), "min_authors": ("The least number of authors", 99_999)}  # and their largest values
_SHOWN = 8  # sources named to somebody who asked for one that is not there
_QUOTED = 60  # characters of what somebody gave that are shown to them


class Scope:
    """What filters mean over one library."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def sources(self) -> list[str]:
        """Return the names of the library's sources."""
        return list(self._library.sources())

    def checked(self, filters: Filters | None) -> Filters:
        """Return the filters tidied. Raises UsageError as checked() does, when no source has the name, and when a paper is
        not there."""
        tidy = checked(filters or Filters())
        known = self._library.papers(tidy.papers)
        if missing := next((paper_id for paper_id in tidy.papers if paper_id not in known), None):
            raise UsageError(
                f"The library has no paper with the id {_quoted(missing)}.",
                "Give a paper_id as --search --json prints it; a paper leaves the library with the last source that lists it.",
            )
        sources = self.sources() if tidy.source else []
        if tidy.source and sources and not any(tidy.source.casefold() in name.casefold() for name in sources):
            listed = ", ".join(sources[:_SHOWN]) + f" and {len(sources) - _SHOWN} more" * (len(sources) > _SHOWN)
            there = "there are" if len(sources) > 1 else "there is only"
            raise UsageError(
                f"No source has {_quoted(tidy.source)} in its name; {there} {listed}.", "Give a source's name, or a part of it."
            )
        return tidy

    def told(self, filters: Filters, *, found: bool = True) -> tuple[str, ...]:
        """Return sentences on the papers that the filters could not judge and what became of them, after one on why
        nothing was `found`."""
        empty = () if found else (self.nothing(filters) or "No paper was found.",)
        return empty + (left_open(self._library.unjudged(filters)) if filters.dated or filters.min_authors else ())

    def nothing(self, filters: Filters) -> str:
        """Return which of the filters left nothing, the fewest that do so together; "" when something passes."""
        parts = [Filters(**{name: getattr(filters, name) for name in group}) for group in _GROUPS]
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
        said = " and ".join(f"has {p[5:]}" if p.startswith("with ") else f"is {p}" for p in phrases(filters))
        span = self._library.span()
        runs = f"the dates run from {span[0]} to {span[1]}" if span else "none of them has a date"
        return f"No paper of the {count:,} {said}{f'; {runs}' * filters.dated}."


def checked(filters: Filters) -> Filters:
    """Return the filters tidied, empty ones taken away. Raises UsageError for a wrong value or filters that exclude each
    other."""
    since, until, source, title = map(_text, (filters.since, filters.until, filters.source, filters.title))
    papers = tuple(dict.fromkeys(filter(None, map(_text, filters.papers))))
    tidy = replace(filters, since=since, until=until, source=source, title=title, papers=papers)
    for name, (called, most) in _NUMBERS.items():
        value = getattr(tidy, name)
        if value is not None and not 1 <= value <= most:
            raise UsageError(f"{called} is {_quoted(str(value))}.", f"Give a number from 1 to {most}.")
    for bound in (since, until):
        if bound is not None and not dates.is_date(bound):
            raise UsageError(f"{_quoted(bound)} is not a date.", "Give a year, a month or a day: 2024, 2024-05 or 2024-05-31.")
    if since and until and _after(since, until):
        raise UsageError(f"The papers cannot be both from {since} on and up to {until}.", "Give the earlier date first.")
    year = f"{tidy.year:04d}" if tidy.year else None
    if year and (_after(since or year, year) or _after(year, until or year)):
        raise UsageError(f"No paper from {year} can be {_dates(replace(tidy, year=None))}.", "Leave one of the two out.")
    return tidy


def read(given: Any, base: Filters | None = None) -> Filters:
    """Return the filters that a JSON object names, over `base`. Raises UsageError for what is no filter, or of a wrong type."""
    names = [field.name for field in fields(Filters)]
    given = {} if given is None else given
    if not isinstance(given, dict):
        raise UsageError("The filters are no JSON object.", 'Give them as {"since": "2024-05", "title": "graph"}.')
    for name, value in given.items():
        if name not in names:
            raise UsageError(f"There is no filter {_quoted(str(name))}.", f"There are {', '.join(names)}.")
        if value is not None and not _fits(name, value):
            kind = "list of texts" if name == "papers" else "number" if name in _NUMBERS else "text"
            raise UsageError(f"The filter {name} is no {kind}.", "See docs/asking.md for the form of each filter.")
    if "papers" in given:
        given = {**given, "papers": tuple(given["papers"] or ())}
    return checked(replace(base or Filters(), **given))


def _fits(name: str, value: Any) -> bool:
    if name == "papers":
        return isinstance(value, list | tuple) and all(isinstance(paper, str) for paper in value)
    return isinstance(value, int if name in _NUMBERS else str) and not isinstance(value, bool)


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
    return tuple(sentences)


def _papers(n: int) -> str:
    return f"{n:,} paper{'s' * (n > 1)}"


def _was(n: int) -> str:
    return "were" if n > 1 else "was"


def phrases(filters: Filters) -> list[str]:
    """Return what each filter says of a paper, as it stands after "only papers"."""
    phrases = [_dates(filters)] if filters.dated else []
    if filters.source:
        phrases.append(f"listed by “{filters.source}”")
    if filters.title:
        phrases.append(f"with “{filters.title}” in the title")
    if filters.papers:
        phrases.append(f"among the {len(filters.papers):,} selected" if len(filters.papers) > 1 else "the one selected")
    if filters.min_authors:
        phrases.append(f"with {filters.min_authors} author{'s' * (filters.min_authors > 1)} or more")
    return phrases


def _dates(filters: Filters) -> str:
    since, until = filters.since, filters.until
    phrases = [f"from {filters.year:04d}"] if filters.year else []
    if since and until:
        phrases.append(f"from {since}" if since == until else f"from {since} to {until}")
    elif since or until:
        phrases.append(f"from {since} on" if since else f"up to {until}")
    return ", ".join(phrases)


def _after(one: str, other: str) -> bool:
    """Whether every day that `one` may mean comes after those of `other`."""
    common = min(len(one), len(other))
    return one[:common] > other[:common]


def _text(value: str | None) -> str | None:
    """Return text that SQLite takes, without white space around it; None when nothing is left."""
    return clean(value or "").strip() or None


def _quoted(value: str) -> str:
    line = " ".join(value.split())
    return f"“{line if len(line) <= _QUOTED else line[:_QUOTED] + '…'}”"
