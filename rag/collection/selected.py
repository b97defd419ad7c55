"""Selects the papers that a query means: by topic, dates, source, people, organisation and what their records lack."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rag.collection import phrasing, topic
from rag.collection.one_paper import Catalogue, Near
from rag.collection.patterns import Lacking
from rag.collection.phrasing import AnswerLine, Way
from rag.collection.query import Query
from rag.index.generations import Index
from rag.storage.filters import left_open
from rag.storage.library import Library
from rag.types import Filters, Paper


@dataclass(frozen=True, slots=True)
class Selection:
    """The papers that a query selects, as ids.

    `topical` are the papers on the topic, `chosen` those of them that also have the dates and the source of the query.
    `how` says in which way the papers on the topic were found. `where` says which papers were searched.
    `unjudged` says of how many papers the authors are not known, where those count. `near` are papers without the words of the
    topic that come near to it in meaning.
    """

    query: Query
    searched: Catalogue
    topical: tuple[str, ...]
    chosen: tuple[str, ...]
    how: Way
    where: str
    notes: tuple[AnswerLine, ...]
    unjudged: tuple[str, ...]
    near: tuple[str, ...] = ()

    def date(self, paper_id: str) -> str | None:
        return self.searched[paper_id][1]

    def dated(self) -> list[str]:
        """Return the ids of the chosen papers that have a date, the oldest first."""
        return sorted((i for i in self.chosen if self.date(i)), key=lambda i: (self.date(i) or "", self.searched[i][0]))

    def undated(self) -> list[str]:
        """Return the ids of the chosen papers without a date, by title."""
        return sorted((i for i in self.chosen if not self.date(i)), key=lambda i: self.searched[i][0].casefold())

    def there_are(self, n: int) -> str:
        return phrasing.there_are(self.query, n, self.where, how=self.how)

    def restriction(self, n: int, *, dated: bool = True) -> str:
        return phrasing.restriction(self.query, n, how=self.how, dated=dated)

    @property
    def search_note(self) -> str:
        return phrasing.search_note(self.query, how=self.how)

    @property
    def topic(self) -> str:
        return self.query.mention or self.query.about


def resolved(query: Query, library: Library) -> Query:
    """Return `query` with a name where the records have it: an organisation may have been read as a person or a topic."""
    named = {name: Filters(**{name: value}) for name in ("author", "organisation") if (value := getattr(query, name))}
    for name, filters in named.items():
        other = "organisation" if name == "author" else "author"
        value = getattr(query, name)
        if not getattr(query, other) and not library.matching(filters) and library.matching(Filters(**{other: value})):
            return replace(query, **{name: "", other: value})
    if query.about and not query.organisation and library.has_organisation(query.about):
        return replace(query, about="", organisation=query.about)
    return query


def unknown(query: Query, library: Library, filters: Filters) -> str:
    """Return which source, person or organisation that `query` names is not in the library's records; "" when all are."""
    names = library.sources()
    if query.source and not any(query.source.casefold() in name.casefold() for name in names):
        return f"No source is called {query.source}. The sources are: {', '.join(names)}."
    for author in filter(None, (query.author, query.co_author)):
        if not library.matching(replace(filters, author=author)):
            return " ".join([f"The records name no author {author}.", *left_open(library.unjudged(Filters(author=author)))])
    if query.organisation and not library.matching(replace(filters, organisation=query.organisation)):
        return f"The records name no organisation and no author {query.organisation}."
    return ""


def select(
    query: Query, searched: Catalogue, library: Library, index: Index, near: Near, *, where: str, notes: tuple[AnswerLine, ...]
) -> Selection:
    """Return the papers of `searched` that `query` selects."""
    topical, how = topic.papers(query, searched, library, index)
    narrowed = phrasing.narrowed(query)
    of_authors = Filters(author=narrowed.author, max_authors=narrowed.max_authors)
    passing = set(library.matching(narrowed)) if narrowed else set(searched)
    if query.co_author:
        passing &= set(library.matching(Filters(author=query.co_author)))
    if query.lacking:
        passing = {p.id for p in library.papers(sorted(passing)).values() if not _has(p, query.lacking)}
    nearest = [i for i in near(query.about) if i in searched] if query.about and _of_records(query) else []
    if passing.isdisjoint(topical) and not passing.isdisjoint(nearest):
        topical, how = tuple(nearest), "meaning"
    return Selection(
        query=query,
        searched=searched,
        topical=topical,
        chosen=tuple(i for i in topical if i in passing),
        how=how,
        where=where,
        notes=notes,
        unjudged=left_open(library.unjudged(of_authors)) if of_authors else (),
        near=tuple(i for i in nearest if i in passing and i not in topical) if query.want == "list" else (),
    )


def _of_records(query: Query) -> bool:
    """Whether `query` asks for what only the records tell of papers on a topic: the newest ones, or those of an author."""
    return query.want in ("newest", "oldest", "most_authors", "fewest_authors", "coauthors") or (
        query.want == "list" and phrasing.narrowed(query) != Filters()
    )


def _has(paper: Paper, record: Lacking) -> bool:
    known = {"date": paper.published, "authors": paper.authors or paper.author_count, "organisation": paper.organisation}
    return bool(known[record])
