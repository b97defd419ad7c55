"""The library for reading: it opens a folder that cannot be written, finds papers by a number and searches their words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from rag.errors import LibraryError
from rag.sources.paper_ids import paper_id
from rag.storage import filters_sql, identity, library_file, migrations, read_only
from rag.storage.library import Library
from rag.text import identifiers
from rag.types import Filters, Paper

_PAPERS_READ_AT_ONCE = 500
_TEXT = "casefold(title || char(10) || coalesce(json_extract(record, '$.abstract'), ''))"
_NEWEST_FIRST = "published IS NULL, published DESC, casefold(title), id"


class Reader(Library):
    """Open with Reader(home). Nothing is written when the folder cannot be."""

    def __init__(self, home: Path) -> None:
        """Open home/library.sqlite. Raises LibraryError when it is not there, damaged, or of a version that it cannot read."""
        self._only_reads = False
        try:
            super().__init__(home)
        except LibraryError as error:
            if not (read_only.is_not_writable(error.__cause__) or isinstance(error.__cause__, OSError)):
                raise
            self._only_reads = True
            self._check(error)

    def _check(self, error: LibraryError) -> None:
        """Raise `error` when the file cannot be read either, and LibraryError when it is of an older version."""
        try:
            with closing(read_only.connect(self.path)) as db:
                current = migrations.check(db, library_file.STEPS, "library")
        except sqlite3.Error:
            raise error from error.__cause__
        if not current:
            raise LibraryError(
                f"The library {self.path} is of an older version of this program, and its folder cannot be written.",
                "Copy the folder to a place that can be written, and set RAG_HOME to the copy.",
            )

    @property
    def _db(self) -> sqlite3.Connection:
        if not self._only_reads:
            return super()._db
        if not hasattr(self._threads, "connection"):
            self._threads.connection = read_only.connect(self.path)
        connection: sqlite3.Connection = self._threads.connection
        return connection

    def find(self, text: str) -> list[Paper]:
        """Return the paper with this id, or those with this DOI, arXiv or PubMed number."""
        if paper := self.paper(text.strip()):
            return [paper]
        found = list(self.papers(self.matching(Filters(identifier=text))).values())
        return found or self._numbered(text)

    def _numbered(self, text: str) -> list[Paper]:
        """Return the papers of data sets with this number: the table of identifiers does not have them."""
        kind, value = identity.identifier(text)
        sql = f"SELECT id, json_extract(record, '$.{kind}') FROM papers WHERE json_extract(record, '$.{kind}') LIKE ? || '%'"  # noqa: S608
        rows = self._db.execute(sql, (value,)).fetchall()
        ids = [i for i, number in rows if (identifiers.unversioned(number) if kind == "arxiv" else number) == value]
        return list(self.papers(ids).values())

    def search(self, words: Sequence[str], filters: Filters) -> list[str]:
        """Return the ids of the papers that pass `filters` and have all `words` in title or abstract.

        Papers with more of the words in their title come first, then newer ones.
        """
        terms = {f"word{n}": word.casefold() for n, word in enumerate(words)}
        within = " AND ".join([f"({filters_sql.passes(filters)})", *(f"instr({_TEXT}, :{name}) > 0" for name in terms)])
        titled = " + ".join(f"(instr(casefold(title), :{name}) > 0)" for name in terms)
        order = f"{titled} DESC, {_NEWEST_FIRST}" if terms else _NEWEST_FIRST
        sql = f"SELECT id FROM papers WHERE {within} ORDER BY {order}"  # noqa: S608 - fixed conditions
        return [i for (i,) in self._db.execute(sql, {**filters_sql.values(filters), **terms})]

    def each(self, ids: Sequence[str]) -> Iterator[Paper]:
        """Yield the papers of `ids` in their order, some hundred in memory at a time."""
        for first in range(0, len(ids), _PAPERS_READ_AT_ONCE):
            some = ids[first : first + _PAPERS_READ_AT_ONCE]
            found = self.papers(some)
            yield from (found[i] for i in some if i in found)

    def in_reading_order(self, ids: Sequence[str]) -> list[str]:
        """Return `ids` so that papers keep them when they are read again: of one title, the one with the title's id first."""
        catalogue = self.catalogue()
        return sorted(ids, key=lambda i: (i != paper_id(catalogue[i][0]), i))
