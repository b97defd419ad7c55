"""The library as people look at it: papers found by a number, or by words, and in the order in which they are listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.sources.paper_ids import paper_id
from rag.storage import filters_sql
from rag.storage.library import Library
from rag.text.words import folded
from rag.types import Filters, Paper

_PAPERS_READ_AT_ONCE = 500
_TEXT = "folded(title || char(10) || coalesce(json_extract(record, '$.abstract'), ''))"
_NEWEST_FIRST = "published IS NULL, published DESC, folded(title), id"


class Reader(Library):
    """Open with Reader(home)."""

    def find(self, text: str) -> list[Paper]:
        """Return the paper with this id, or those with this DOI, arXiv or PubMed number."""
        if paper := self.paper(text.strip()):
            return [paper]
        return list(self.papers(self.matching(Filters(identifier=text))).values())

    def search(self, words: Sequence[str], filters: Filters) -> list[str]:
        """Return the ids of the papers that pass `filters` and have all `words` in title or abstract.

        Papers with more of the words in their title come first, then newer ones.
        """
        terms = {f"word{n}": folded(word) for n, word in enumerate(words)}
        within = " AND ".join([f"({filters_sql.passes(filters)})", *(f"instr({_TEXT}, :{name}) > 0" for name in terms)])
        titled = " + ".join(f"(instr(folded(title), :{name}) > 0)" for name in terms)
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
