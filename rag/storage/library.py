"""The library: one SQLite file that holds what was read, and everything the indexes are built from.

    listings   what each source said of a paper, as read: the truth, never merged away
    papers     the union of a paper's listings, recomputed when one changes
    identities identifiers and title keys of the papers: which paper a listing is of (rag.storage.identity)
    chunks     stretches of the papers' abstracts, for one chunker setting
    vectors    embeddings by (hash of the text, embedder), so that nothing is embedded twice
    states     at which revision the library had a state; papers and gone have the revision of their last change

`revision` grows with every change, and `state` is another random word after each: an index knows whether it was built from
this very state of this very library, also where a file was restored or begun anew, and is told what changed since. Writing
needs the lock (rag.storage.lock).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.storage import filters_sql, library_file, merge
from rag.storage.chunk_store import ChunkStore, content_hash
from rag.storage.identity import Identities
from rag.types import Filters, Paper, Unjudged

Change = Literal["added", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of papers that are new or have another text, and of papers that are gone."""

    put: list[str]
    gone: list[str]


class Library(ChunkStore):
    """Open with Library(home). May be shared between threads."""

    def changes_since(self, state: str) -> Changes | None:
        """Return what changed since the library had this state; None when it never had, or no longer knows."""
        known = self._db.execute("SELECT revision FROM states WHERE state = ?", (state,)).fetchone()
        if known is None:
            return None
        return Changes(*(sorted(i for (i,) in self._db.execute(sql, known)) for sql in (_PUT_SINCE, _GONE_SINCE)))

    def count(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM papers").fetchone()[0])

    def put(self, source: str, papers: Iterable[Paper]) -> list[tuple[Paper, Change]]:
        """Store what `source` says of each paper, in one transaction; return each merged paper and what changed.

        A paper that two sources list is the union of both. Storing the same listing again changes nothing.
        """
        listing = Listing(self, source)
        return listing.put(papers) + listing.finish()

    def _write(self, source: str, listing: Paper) -> tuple[Paper, Change]:
        before = self.paper(listing.id)
        self._db.execute("INSERT OR REPLACE INTO listings VALUES (?, ?, ?)", (source, listing.id, merge.dump(listing)))
        return self._merge(listing.id), "added" if before is None else "updated"

    def _merge(self, paper_id: str) -> Paper:
        rows = self._db.execute("SELECT record FROM listings WHERE paper_id = ? ORDER BY source", (paper_id,))
        paper = merge.union([merge.load(record) for (record,) in rows])
        values = (paper.id, paper.title, paper.published, json.dumps(paper.sources), content_hash(paper), merge.dump(paper))
        self._db.execute(_PUT, (*values, self.revision + 1))
        self._db.execute("DELETE FROM gone WHERE paper_id = ?", (paper_id,))
        return paper

    def remove_source(self, source: str) -> int:
        """Forget what `source` said; return how many papers no other source lists and are gone with it."""
        with self._transaction():
            ids = [i for (i,) in self._db.execute("SELECT paper_id FROM listings WHERE source = ?", (source,))]
            self._db.execute("DELETE FROM listings WHERE source = ?", (source,))
            gone = 0
            for paper_id in ids:
                if self._db.execute("SELECT 1 FROM listings WHERE paper_id = ?", (paper_id,)).fetchone():
                    self._merge(paper_id)
                else:
                    self._db.execute("DELETE FROM papers WHERE id = ?", (paper_id,))
                    self._db.execute("INSERT OR REPLACE INTO gone VALUES (?, ?)", (paper_id, self.revision + 1))
                    self._db.execute("DELETE FROM chunks WHERE paper_id = ?", (paper_id,))
                    Identities(self._db, self.paper).remove(paper_id)
                    gone += 1
            if ids:
                library_file.changed(self._db)
        return gone

    def paper(self, paper_id: str) -> Paper | None:
        row = self._db.execute("SELECT record FROM papers WHERE id = ?", (paper_id,)).fetchone()
        return merge.load(row[0]) if row else None

    def papers(self, ids: Sequence[str] | None = None) -> dict[str, Paper]:
        """Return papers by id: those of `ids` that are there, or all of them."""
        if ids is None:
            return {p.id: p for p in (merge.load(r) for (r,) in self._db.execute("SELECT record FROM papers"))}
        rows = self._select_in("SELECT record FROM papers WHERE id IN ({})", ids)
        return {p.id: p for p in (merge.load(record) for (record,) in rows)}

    def same(self, paper: Paper) -> str | None:
        """Return the id of the stored paper that `paper` is a listing of, by its identifiers and title; None without one."""
        found = Identities(self._db, self.paper).find(paper)
        return found if found is not None and self.paper(found) is not None else None

    def titles(self, most: int) -> list[str]:
        """Return up to `most` titles, in an arbitrary but stable order."""
        return [title for (title,) in self._db.execute("SELECT title FROM papers ORDER BY id LIMIT ?", (most,))]

    def catalogue(self) -> dict[str, tuple[str, str | None]]:
        """Return the title and date of every paper by its id, without reading abstracts."""
        return {i: (title, published) for i, title, published in self._db.execute("SELECT id, title, published FROM papers")}

    def sources(self) -> dict[str, int]:
        """Return how many papers each source lists."""
        return dict(self._db.execute("SELECT source, count(*) FROM listings GROUP BY source ORDER BY source").fetchall())

    def lists(self, source: str) -> bool:
        """Whether there is a source of this name."""
        return self._db.execute("SELECT 1 FROM listings WHERE source = ?", (source,)).fetchone() is not None

    def listed(self, source: str) -> list[str]:
        """Return the ids of the papers that a source lists, in order."""
        rows = self._db.execute("SELECT paper_id FROM listings WHERE source = ? ORDER BY paper_id", (source,))
        return [paper_id for (paper_id,) in rows]

    def span(self) -> tuple[str, str] | None:
        """Return the first and the last date of the papers, each as exact as it is known; None when none has a date."""
        first, last = self._db.execute("SELECT min(published), max(published) FROM papers").fetchone()
        return (first, last) if first else None

    def sources_span(self) -> dict[str, tuple[str, str]]:
        """Return the first and the last date of the papers of each source that lists one with a date."""
        rows = self._db.execute(
            "SELECT source, min(published), max(published) FROM listings JOIN papers ON papers.id = paper_id "
            "WHERE published IS NOT NULL GROUP BY source"
        )
        return {source: (first, last) for source, first, last in rows}

    def years(self) -> dict[str, int]:
        """Return how many papers are from each year, in order; those without a date come first, under ""."""
        year = "SELECT coalesce(substr(published, 1, 4), '') AS year, count(*) FROM papers GROUP BY year ORDER BY year"
        return dict(self._db.execute(year).fetchall())

    def has_organisation(self, name: str) -> bool:
        """Whether the name of an organisation starts with `name`, as a whole word in any case."""
        sql = (
            "SELECT 1 FROM papers WHERE instr(folded(coalesce(json_extract(record, '$.organisation'), '')) || ' ', "
            "folded(?) || ' ') = 1 LIMIT 1"
        )
        return self._db.execute(sql, (name,)).fetchone() is not None

    def matching(self, filters: Filters) -> list[str]:
        """Return the ids of the papers that pass `filters`.

        A date known only to its year or month passes when any day of it could. A paper without a date passes no date
        filter, and one that does not tell how many authors it has no `min_authors`.
        """
        sql = f"SELECT id FROM papers WHERE {filters_sql.passes(filters)}"  # noqa: S608 - fixed conditions
        return [i for (i,) in self._db.execute(sql, filters_sql.values(filters))]

    def unjudged(self, filters: Filters) -> Unjudged:
        """Return how many of the papers that are not known to fail `filters` could not be judged by them."""
        sql = f"SELECT {filters_sql.unjudged(filters)} FROM papers WHERE ({filters_sql.passes(filters)}) IS NOT FALSE"  # noqa: S608
        return Unjudged(*(n or 0 for n in self._db.execute(sql, filters_sql.values(filters)).fetchone()))


class Listing:
    """What one source says of papers, stored batch by batch: a batch is kept as soon as put() returns.

    A paper that comes in several batches is the union of what they say, as it would be in one.
    """

    def __init__(self, library: Library, source: str) -> None:
        self._library = library
        self._source = source
        self._listed: set[str] = set()
        self._shorter: dict[str, Paper] = {}  # they say less than the last time so far, and a later batch may say the rest

    def put(self, papers: Iterable[Paper]) -> list[tuple[Paper, Change]]:
        """Store a batch in one transaction; return each paper that is listed for the first time, and what changed."""
        with self._library._transaction():
            revised = False
            results: list[tuple[Paper, Change]] = []
            for paper in self._by_paper(papers):
                first = paper.id not in self._listed
                self._listed.add(paper.id)
                result = self._put_one(paper, first=first)
                revised = revised or (result is not None and result[1] != "unchanged")
                if result is not None and (first or result[1] == "unchanged"):
                    results.append(result)
            if revised:
                library_file.changed(self._library._db)
        return results

    def finish(self) -> list[tuple[Paper, Change]]:
        """Store what is said of papers of which less is said than the last time; return them and what changed."""
        with self._library._transaction():
            results = [self._library._write(self._source, paper) for paper in self._shorter.values()]
            if results:
                library_file.changed(self._library._db)
        self._shorter.clear()
        return results

    def _by_paper(self, papers: Iterable[Paper]) -> Iterable[Paper]:
        """Return the union of what the batch says of each paper, in order of first appearance."""
        groups: dict[str, list[Paper]] = {}
        library = self._library
        identities = Identities(library._db, lambda i: merge.union(groups[i]) if i in groups else library.paper(i))
        for paper in papers:
            stored_id = identities.resolve(paper)
            groups.setdefault(stored_id, []).append(replace(paper, id=stored_id, sources=(self._source,)))
        return [merge.union(group) for group in groups.values()]

    def _put_one(self, paper: Paper, *, first: bool) -> tuple[Paper, Change] | None:
        """Write what is said of a paper, unless it is known, or may be only a part of what is known: then None."""
        sql = "SELECT record FROM listings WHERE source = ? AND paper_id = ?"
        row = self._library._db.execute(sql, (self._source, paper.id)).fetchone()
        known = merge.load(row[0]) if row else None
        before = None if first else self._shorter.pop(paper.id, known)
        listing = merge.union([before, paper]) if before else paper
        stored = self._library.paper(paper.id)
        if known == listing and stored is not None:
            return (stored, "unchanged") if first or before != known else None
        if known is not None and merge.union([known, listing]) == known:
            self._shorter[paper.id] = listing
            return None
        return self._library._write(self._source, listing)


_PUT = """
INSERT INTO papers VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET title = excluded.title, published = excluded.published, sources = excluded.sources,
    changed = iif(content = excluded.content, changed, excluded.changed), content = excluded.content, record = excluded.record
"""
_PUT_SINCE = "SELECT id FROM papers INDEXED BY papers_changed WHERE changed > ?"  # in the order of ids SQLite reads them all
_GONE_SINCE = "SELECT paper_id FROM gone WHERE changed > ?"
