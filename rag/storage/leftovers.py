"""What is left over in the library's file: vectors of texts that no chunk has, chunks of papers that are gone, free pages."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rag.errors import LibraryError
from rag.storage import library_file, read_only

_NO_CHUNK = "hash NOT IN (SELECT hash FROM chunks)"  # chunks have no index of hashes: this makes one for the moment
_NO_VECTOR = "NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.hash = chunks.hash AND vectors.embedder = ?)"
_NO_PAPER = "NOT EXISTS (SELECT 1 FROM papers WHERE papers.id = {}.paper_id)"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows the tables have. `unembedded` are the chunks without a vector of each embedder, by its name."""

    papers: int
    chunks: int
    vectors: int
    uncut: int
    chunks_without_paper: int
    vectors_without_chunk: int
    unembedded: dict[str, int]


def counts(path: Path) -> Counts:
    """Count what the library in the file `path` holds. Raises sqlite3.Error for a damaged one."""
    with closing(read_only.connect(path)) as db:

        def count(rows: str, *values: str) -> int:
            return int(db.execute(f"SELECT count(*) FROM {rows}", values).fetchone()[0])  # noqa: S608 - fixed conditions

        names = [name for (name,) in db.execute("SELECT DISTINCT embedder FROM vectors ORDER BY embedder")]
        return Counts(
            papers=count("papers"),
            chunks=count("chunks"),
            vectors=count("vectors"),
            uncut=count("papers WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.paper_id = papers.id)"),
            chunks_without_paper=count(f"chunks WHERE {_NO_PAPER.format('chunks')}"),
            vectors_without_chunk=count(f"vectors WHERE {_NO_CHUNK}"),
            unembedded={name: count(f"chunks WHERE {_NO_VECTOR}", name) for name in names},
        )


def embedders(path: Path) -> dict[str, int]:
    """Return the dimension of each embedder of which the file has vectors, by its name."""
    with closing(read_only.connect(path)) as db:
        return dict(db.execute("SELECT embedder, max(length(vector)) / 4 FROM vectors GROUP BY embedder").fetchall())


def delete(path: Path) -> None:
    """Delete vectors of texts that no chunk has, and what is kept of papers that are gone. Needs the writer's lock."""
    with closing(library_file.connect(path)) as db:
        db.execute("BEGIN IMMEDIATE")
        gone = db.execute(f"DELETE FROM chunks WHERE {_NO_PAPER.format('chunks')}").rowcount  # noqa: S608
        db.execute(f"DELETE FROM identities WHERE {_NO_PAPER.format('identities')}")  # noqa: S608
        db.execute(f"DELETE FROM vectors WHERE {_NO_CHUNK}")  # noqa: S608
        if gone:
            library_file.changed(db)
        db.execute("DELETE FROM gone")
        db.execute("DELETE FROM states WHERE state <> (SELECT value FROM meta WHERE name = 'state')")
        db.execute("COMMIT")


def vacuum(path: Path) -> None:
    """Write the file anew without its free pages, which keep what was deleted. Raises LibraryError while others read it."""
    with closing(library_file.connect(path)) as db:
        try:
            db.execute("VACUUM")
            [busy, _, _] = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            raise LibraryError(
                f"The library {path} cannot be made smaller ({error}).", "Check the space on the disk."
            ) from error
    if busy:
        raise LibraryError(
            f"Another process reads the library {path}, so that what was deleted stays in the file.",
            "Stop the chat and run: python -m rag.library compact",
        )
