"""The library: one SQLite file that holds what was read, and everything the indexes are built from.

    listings   what each source said of a paper, as read: the truth, never merged away
    papers     the union of a paper's listings, recomputed when one changes
    identities identifiers and title keys of the papers: which paper a listing is of (rag.storage.identity)
    chunks     stretches of the papers' abstracts, for one chunker setting
    vectors    embeddings by (hash of the text, embedder), so that nothing is embedded twice

`revision` grows with every change, and `state` is another random word after each: an index knows whether it was built from
this very state of this very library, also where a file was restored or begun anew. Writing needs the lock (rag.storage.lock).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rag.errors import LibraryError
from rag.storage import filters_sql, library_file, merge
from rag.storage.identity import Identities
from rag.types import Chunk, Filters, Paper, Unjudged

_MAX_BOUND_VALUES = 500  # of one statement

Change = Literal["added", "updated", "unchanged"]
Vector = NDArray[np.float32]


class Library:
    """Open with Library(home). May be shared between threads; each has a connection of its own."""

    def __init__(self, home: Path, *, create: bool = False) -> None:
        """Open home/library.sqlite, only for reading where its folder cannot be written.

        Raises LibraryError when it is not there (and not to be created) or damaged.
        """
        self.path = home / "library.sqlite"
        if not create and not self.path.exists():
            raise LibraryError(f"There is no library in {home}.", "Make one with: python -m rag.ingest FILE")
        self._threads = threading.local()
        try:
            self._connect = library_file.opened(self.path)
        except (sqlite3.Error, OSError) as error:
            raise LibraryError(
                f"The library {self.path} cannot be opened ({error}).",
                "Check that the folder is writable, or restore the file from a copy, or set RAG_HOME to another folder.",
            ) from error

    @property
    def _db(self) -> sqlite3.Connection:
        """This thread's connection: one shared by threads mixes up the rows of their statements."""
        if not hasattr(self._threads, "connection"):
            self._threads.connection = self._connect(self.path)
        connection: sqlite3.Connection = self._threads.connection
        return connection

    def close(self) -> None:
        """Close this thread's connection; those of other threads close when they end."""
        self._db.close()
        del self._threads.connection

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # -- papers ---------------------------------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        return int(self._db.execute("SELECT value FROM meta WHERE name = 'revision'").fetchone()[0])

    @property
    def state(self) -> str:
        """A random word that every change replaces."""
        return str(self._db.execute("SELECT value FROM meta WHERE name = 'state'").fetchone()[0])

    def damage(self) -> str | None:
        """Return what SQLite finds wrong with the file, of which it reads all; None when nothing is."""
        try:
            [found] = self._db.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            return str(error)
        return None if found == "ok" else str(found)

    def count(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM papers").fetchone()[0])

    def put(self, source: str, papers: Iterable[Paper]) -> list[tuple[Paper, Change]]:
        """Store what `source` says of each paper, in one transaction; return each merged paper and what changed.

        A paper that two sources list is the union of both. Storing the same listing again changes nothing.
        """
        with self._transaction():
            results = [self._put_one(source, merge.union(listed)) for listed in self._by_paper(papers)]
            if any(change != "unchanged" for _, change in results):
                library_file.changed(self._db)
        return results

    def _by_paper(self, papers: Iterable[Paper]) -> Iterable[list[Paper]]:
        """Group the listings of one source by the paper that they are of, in order of first appearance."""
        groups: dict[str, list[Paper]] = {}
        identities = Identities(self._db, lambda i: merge.union(groups[i]) if i in groups else self.paper(i))
        for paper in papers:
            stored_id = identities.resolve(paper)
            groups.setdefault(stored_id, []).append(replace(paper, id=stored_id))
        return groups.values()

    def _put_one(self, source: str, paper: Paper) -> tuple[Paper, Change]:
        listing = replace(paper, sources=(source,))
        record = merge.dump(listing)
        known = self._db.execute("SELECT record FROM listings WHERE source = ? AND paper_id = ?", (source, paper.id)).fetchone()
        stored = self.paper(paper.id)
        if stored is not None and known is not None and merge.load(known[0]) == listing:
            return stored, "unchanged"
        self._db.execute("INSERT OR REPLACE INTO listings VALUES (?, ?, ?)", (source, paper.id, record))
        merged = self._merge(paper.id)
        return merged, "added" if stored is None else "updated"

    def _merge(self, paper_id: str) -> Paper:
        rows = self._db.execute("SELECT record FROM listings WHERE paper_id = ? ORDER BY source", (paper_id,))
        paper = merge.union([merge.load(record) for (record,) in rows])
        values = (paper.id, paper.title, paper.published, json.dumps(paper.sources), _content(paper), merge.dump(paper))
        self._db.execute("INSERT OR REPLACE INTO papers VALUES (?, ?, ?, ?, ?, ?)", values)
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

    def titles(self, most: int) -> list[str]:
        """Return up to `most` titles, in an arbitrary but stable order."""
        return [title for (title,) in self._db.execute("SELECT title FROM papers ORDER BY id LIMIT ?", (most,))]

    def catalogue(self) -> dict[str, tuple[str, str | None]]:
        """Return the title and date of every paper by its id, without reading abstracts."""
        return {i: (title, published) for i, title, published in self._db.execute("SELECT id, title, published FROM papers")}

    def sources(self) -> dict[str, int]:
        """Return how many papers each source lists."""
        return dict(self._db.execute("SELECT source, count(*) FROM listings GROUP BY source ORDER BY source").fetchall())

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

    # -- chunks and vectors ---------------------------------------------------------------------------------------------

    def unchunked(self, chunker: str) -> list[Paper]:
        """Return the papers whose chunks are missing or were cut from other text or by another chunker."""
        rows = self._db.execute(
            "SELECT record FROM papers WHERE NOT EXISTS "
            "(SELECT 1 FROM chunks WHERE paper_id = papers.id AND content = ? || papers.content)",
            (chunker,),
        )
        return [merge.load(record) for (record,) in rows]

    def put_chunks(self, chunker: str, chunks: Mapping[Paper, Sequence[Chunk]]) -> None:
        """Replace the chunks of each paper."""
        with self._transaction():
            for paper, its_chunks in chunks.items():
                self._db.execute("DELETE FROM chunks WHERE paper_id = ?", (paper.id,))
                content = chunker + _content(paper)
                self._db.executemany(
                    "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [(c.id, paper.id, content, c.start, c.end, c.text, text_hash(c.text)) for c in its_chunks],
                )

    def chunks(self, paper_ids: Sequence[str] | None = None) -> list[Chunk]:
        """Return the chunks of some papers, or of all, in the order of their ids."""
        columns = "SELECT id, paper_id, first, last, text FROM chunks"
        if paper_ids is None:
            return [Chunk(*row) for row in self._db.execute(columns + " ORDER BY id")]
        return sorted(
            (Chunk(*r) for r in self._select_in(columns + " WHERE paper_id IN ({})", paper_ids)), key=lambda chunk: chunk.id
        )

    def unembedded(self, embedder: str) -> list[str]:
        """Return the distinct texts of chunks that have no vector of this embedder yet."""
        rows = self._db.execute(
            "SELECT DISTINCT text FROM chunks WHERE NOT EXISTS "
            "(SELECT 1 FROM vectors WHERE vectors.hash = chunks.hash AND embedder = ?)",
            (embedder,),
        )
        return [text for (text,) in rows]

    def put_vectors(self, embedder: str, texts: Sequence[str], vectors: Vector) -> None:
        """Store one row of `vectors` (n, dimension) for each text."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                [(text_hash(t), embedder, v.astype(np.float32).tobytes()) for t, v in zip(texts, vectors, strict=True)],
            )

    def vectors(self, embedder: str, texts: Sequence[str]) -> Vector:
        """Return the stored vectors of `texts`, shape (n, dimension). Raises LibraryError when one is missing."""
        found = self.found_vectors(embedder, texts)
        try:
            return np.stack([found[t] for t in texts]) if texts else np.zeros((0, 0), np.float32)
        except KeyError as error:
            raise LibraryError("Some abstracts have not been embedded.", "Run: python -m rag.ingest --repair") from error

    def found_vectors(self, embedder: str, texts: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors (dimension,) of those of `texts` that have one."""
        by_hash = {text_hash(t): t for t in texts}
        sql = "SELECT hash, vector FROM vectors WHERE hash IN ({}) AND embedder = ?"
        return {by_hash[h]: np.frombuffer(v, np.float32) for h, v in self._select_in(sql, list(by_hash), embedder)}

    def _select_in(self, sql: str, values: Sequence[Any], *more: Any) -> Iterator[Any]:
        unique = list(dict.fromkeys(values))
        for first in range(0, len(unique), _MAX_BOUND_VALUES):
            some = unique[first : first + _MAX_BOUND_VALUES]
            yield from self._db.execute(sql.format(",".join("?" * len(some))), (*some, *more))


def text_hash(text: str) -> bytes:
    """Return the 16 bytes by which a text's vectors are kept."""
    return hashlib.sha256(text.encode("utf-8")).digest()[:16]


def _content(paper: Paper) -> str:
    return text_hash(f"{paper.title}\n{paper.abstract}").hex()
