"""Answers questions about the collection from the library and the index, by code: nothing is written by a model.

An answer names its papers with their numbers, says how it counted, how many papers it searched and how many it considered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rag.collection import phrasing, titles
from rag.collection.phrasing import AnswerLine, CollectionAnswer
from rag.collection.query import RECENT, Query
from rag.index.generations import Index
from rag.storage.library import Library
from rag.text import dates
from rag.types import Filters, Paper

SHOWN = 20  # papers named in an answer
_TOP = 10  # of them when the newest or oldest are wanted
_NEAREST = 3  # titles offered where none is meant
_MEANT = 3  # papers that a name may stand for

Catalogue = Mapping[str, tuple[str, str | None]]  # title and date by id


@dataclass(frozen=True, slots=True)
class _Found:
    """The papers searched, those of the topic, and of these those of the dates and the source asked for.

    `apart`: the words of the topic were found only one by one; `where` says which papers were searched.
    """

    query: Query
    searched: Catalogue
    topical: tuple[str, ...]
    chosen: tuple[str, ...]
    apart: bool
    where: str
    notes: tuple[AnswerLine, ...]

    def date(self, paper_id: str) -> str | None:
        return self.searched[paper_id][1]

    def dated(self) -> list[str]:
        """Return the ids of the papers that have a date, the oldest first."""
        return sorted((i for i in self.chosen if self.date(i)), key=lambda i: (self.date(i) or "", self.searched[i][0]))

    def there_are(self, n: int) -> str:
        return phrasing.there_are(self.query, n, self.where, apart=self.apart)

    def described(self, n: int, *, dated: bool = True) -> str:
        return phrasing.described(self.query, n, apart=self.apart, dated=dated)

    @property
    def definition(self) -> str:
        return phrasing.definition(self.query, apart=self.apart)

    @property
    def said(self) -> str:
        return self.query.mention or self.query.about


def answer(query: Query, library: Library, live: Index, filters: Filters | None = None) -> CollectionAnswer | None:
    """Return the answer to `query` of the papers that pass `filters`; None when retrieval had better answer it."""
    catalogue = library.catalogue()
    searched = {i: catalogue[i] for i in library.matching(filters or Filters()) if i in catalogue}
    if (query.mention and query.about) or (not searched and (filters or query.want != "count")):
        return None  # only one of two topics is looked for; where there is no paper, retrieval tells why
    if query.title:
        return _titled(query, searched, library, live)
    names = library.sources()
    if query.source and not any(query.source.casefold() in name.casefold() for name in names):
        return phrasing.refused(f"No source is called {query.source}. The sources are: {', '.join(names)}.", len(searched))
    days = [day for _, day in searched.values() if day]
    if not days and (query.months or query.want in ("newest", "oldest", "range")):
        return phrasing.refused("None of the papers searched has a date.", len(searched))
    notes: tuple[AnswerLine, ...] = ()
    if query.months:
        query = replace(query, since=dates.months_until(max(days), query.months))
        span = "month" if query.months == 1 else f"{query.months} months"
        meant = "recent here means" if query.months == RECENT else "its end, here, means"
        notes = (
            AnswerLine(
                f"The collection runs from {min(days)} to {max(days)}; {meant} the last {span} of it, from {query.since} on."
            ),
        )
    topical, apart = _topical(query, searched, library, live)
    if not topical and " " in query.about:  # words that no paper has: it may describe one, and retrieval finds it
        return None
    narrowed = Filters(since=query.since, until=query.until, source=query.source or None)
    among = set(library.matching(narrowed)) if narrowed else set(topical)
    where = "within the filters" if filters else "here"
    return _told(_Found(query, searched, topical, tuple(i for i in topical if i in among), apart, where, notes), library)


def _topical(query: Query, searched: Catalogue, library: Library, live: Index) -> tuple[tuple[str, ...], bool]:
    """Return the ids of the papers on the topic, and whether its words were found only one by one."""
    said = query.mention or query.about
    apart = " and " in said
    found = set(searched)
    if said:
        found &= _having(said, library, live, apart=apart)
        if not found and not apart and len(said.split()) > 1 and query.about:
            found, apart = set(searched) & _having(said, library, live, apart=True), True
    if query.in_title:
        found = {i for i in found if phrasing.has(searched[i][0], query.in_title)}
    return tuple(sorted(found)), apart


def _having(said: str, library: Library, live: Index, *, apart: bool) -> set[str]:
    """Return the ids of papers with `said`. The index finds by stems, as if general and generative were one; so read them."""
    rows = live.lexical.having(said, together=not apart)
    told = library.papers([live.matrix.papers[row] for row in rows])
    return {i for i, p in told.items() if phrasing.has(f"{p.title}\n{p.abstract}", said, apart=apart)}


def _told(found: _Found, library: Library) -> CollectionAnswer:
    want = found.query.want
    if want in ("newest", "oldest"):
        return _extreme(found, library)
    if want in ("by_year", "by_source"):
        return _by(found, library)
    return _range(found) if want == "range" else _listed(found, library)


def _range(found: _Found) -> CollectionAnswer:
    """Which dates there are, of all papers or of those of a topic."""
    narrowed = found.query != Query("range")
    lines = [AnswerLine(f"{found.there_are(len(found.chosen))}.{found.definition}")] * narrowed
    lines += _dates(found, "of them" * narrowed) or [AnswerLine("None of them has a date.")] * bool(found.chosen)
    return _written(lines, found, found.chosen)


def _listed(found: _Found, library: Library) -> CollectionAnswer:
    """How many there are, how that was counted, and which ones."""
    n = len(found.chosen)
    lines = [*found.notes, AnswerLine(f"{found.there_are(n)}.{found.definition}")]
    if found.query.since or found.query.until:
        lines += _left_out([i for i in found.topical if not found.date(i)], found)
    if found.query == Query("count"):
        return _written([*lines, *_dates(found, "of them")], found, found.chosen)
    ordered = found.dated()[::-1]
    ordered += sorted((i for i in found.chosen if not found.date(i)), key=lambda i: found.searched[i][0].casefold())
    shown = ordered[:SHOWN]
    dated = sum(found.date(i) is not None for i in shown)
    order = ", newest first" * (dated > 0 and n > 1) + ", those without a date last" * (0 < dated < len(shown))
    if shown:
        lead = f"The first {SHOWN}" if n > SHOWN else "They are" if n > 1 else "It is"
        lines.append(AnswerLine(f"{lead}{order}:"))
    return _written(lines, found, found.chosen, _papers(shown, library))


def _extreme(found: _Found, library: Library) -> CollectionAnswer:
    """The newest or oldest papers; where one is wanted, all of its date."""
    query = found.query
    ordered = found.dated()
    left = _left_out([i for i in found.chosen if not found.date(i)], found)
    if not ordered:
        return _written([*found.notes, AnswerLine(f"{found.there_are(0)}, with a date.{found.definition}"), *left], found, ())
    if query.want == "newest":
        ordered = ordered[::-1]
    shown = ordered[: min(query.most or _TOP, SHOWN)]
    if query.most == 1:
        shown = [i for i in ordered if found.date(i) == found.date(ordered[0])][:SHOWN]
    n = len(ordered)
    one = query.want if len(shown) == 1 else f"{len(shown)} {query.want}"
    whole = f"{n:,} papers" if n > 1 else "only paper"
    lead = f"The {one} of the {whole}" if len(shown) < n else f"The {whole}"
    order = f", {query.want} first" * (len(shown) > 1)
    lines = [*found.notes, AnswerLine(f"{lead} {found.where} with a date{found.described(n)}{order}:")]
    after = [*([AnswerLine(found.definition.strip())] if found.definition else []), *left]
    return _written(lines, found, shown, _papers(shown, library), after)


def _by(found: _Found, library: Library) -> CollectionAnswer:
    """How many papers there are of each year, or by each source."""
    if found.query.want == "by_year":
        unit, counts = "year", Counter((found.date(i) or "")[:4] or "no date" for i in found.chosen)
        ordered = sorted(counts.items())
    else:
        held = library.papers(found.chosen).values()
        unit, counts = "source", Counter(name for paper in held for name in paper.sources)
        ordered = counts.most_common()
    lines = [AnswerLine(f"{found.there_are(len(found.chosen))}.{found.definition}")]
    lines += [AnswerLine(f"By {unit}:")] if ordered else []
    return _written([*lines, *(AnswerLine(f"{name}: {count:,}", item=True) for name, count in ordered)], found, found.chosen)


def _dates(found: _Found, of: str = "") -> list[AnswerLine]:
    """Return which dates the papers have, and how many have none."""
    ordered, n = found.dated(), len(found.chosen)
    if not ordered:
        return []
    undated = n - len(ordered)
    if n == 1:
        return [AnswerLine(f"{'It' if of else f'The only paper {found.where}'} is dated {found.date(ordered[0])}.")]
    some = f"{len(ordered):,} {of or f'of the {n:,} papers {found.where}'}"
    without = f"; {undated:,} {'have' if undated > 1 else 'has'} no date" * bool(undated)
    are = "are" if len(ordered) > 1 else "is"
    return [AnswerLine(f"{some} {are} dated from {found.date(ordered[0])} to {found.date(ordered[-1])}{without}.")]


def _left_out(undated: Sequence[str], found: _Found) -> list[AnswerLine]:
    n = len(undated)
    if not n:
        return []
    more = f"{n:,} more paper{'s' * (n > 1)}{found.described(n, dated=False)}"
    return [AnswerLine(f"{more} {'have' if n > 1 else 'has'} no date and {'are' if n > 1 else 'is'} left out.")]


def _titled(query: Query, searched: Catalogue, library: Library, live: Index) -> CollectionAnswer | None:
    """What the records say of a paper that is named: that it is here, who wrote it, its date."""
    found = titles.find(query.title, {i: known for i, (known, _) in searched.items()}, live)
    best = found[0][1] if found else 0.0
    if query.want != "title":
        meant = [i for i, near in found if near >= titles.SURE and near == best]
        return _recorded(query, _papers(meant, library), len(searched)) if 0 < len(meant) <= _MEANT else None
    sure = [i for i, near in found if near >= titles.SURE]
    if not sure and any(titles.begins(query.title, known) for known, _ in searched.values()):
        return None  # "called GraphSAINT, and what does it do?"
    here = sure or [i for i, near in found if near >= titles.NEAR][:_NEAREST]
    if not here:
        nearest = _papers([i for i, _ in found[:_NEAREST]], library)
        return phrasing.refused(f"No paper searched is titled like “{query.title}”.", len(searched), nearest)
    told = "It is here:" if best == 1 else "No paper here has exactly this title. The nearest:"
    papers = _papers(here[:SHOWN], library)
    return phrasing.written([AnswerLine(told), *phrasing.items(papers, "")], papers, here, len(searched), len(here))


def _recorded(query: Query, papers: Sequence[Paper], searched: int) -> CollectionAnswer:
    """The authors or the dates of `papers`, as far as they are known."""
    if query.want == "authors":
        lines = [AnswerLine(_authors(p), n) for n, p in enumerate(papers, 1) if p.authors or p.author_count is not None]
    else:
        lines = [AnswerLine(f"“{phrasing.title(p)}” is dated {p.published}", n) for n, p in enumerate(papers, 1) if p.published]
    if not lines:
        what = "the authors" if query.want == "authors" else "the date"
        return phrasing.refused(
            f"The records do not give {what} of “{phrasing.title(papers[0])}”.", searched, papers, len(papers)
        )
    return phrasing.written(lines, papers, [p.id for p in papers], searched, len(papers))


def _authors(paper: Paper) -> str:
    count = max(len(paper.authors), paper.author_count or 0)
    said = f"“{phrasing.title(paper)}” has {count} author{'s' * (count != 1)}"
    if not paper.authors:
        return f"{said}; the records do not name them"
    return f"{said}: {', '.join(paper.authors)}" + " and others" * (len(paper.authors) < count)


def _papers(ids: Sequence[str], library: Library) -> list[Paper]:
    """Return papers in the order of their ids given."""
    held = library.papers(ids)
    return [held[i] for i in ids if i in held]


def _written(
    lines: Sequence[AnswerLine],
    found: _Found,
    about: Sequence[str],
    papers: Sequence[Paper] = (),
    after: Sequence[AnswerLine] = (),
) -> CollectionAnswer:
    listed = phrasing.items(papers, found.said)
    return phrasing.written([*lines, *listed, *after], papers, about, len(found.searched), len(found.chosen))
