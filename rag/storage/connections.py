"""The open file of the library: its connections, transactions, and which state of the library it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rag.errors import LibraryError
from rag.storage import library_file
from rag.storage.pool import Pool

_MAX_BOUND_VALUES = 500  # of one statement
_WRITE = "Check the space on the disk and its permissions, and run it again; what was stored before is kept."


class Connections:
    """May be shared between threads; each has a connection of its own while it uses one."""

    def __init__(self, home: Path, *, create: bool = False) -> None:
        """Open home/library.sqlite, only for reading where its folder cannot be written.

        Raises LibraryError when it is not there (and not to be created) or damaged.
        """
        self.path = home / "library.sqlite"
        if not create and not self.path.exists():
            raise LibraryError(f"There is no library in {home}.", "Make one with: python -m rag.ingest FILE")
        try:
            self._pool = Pool(partial(library_file.opened(self.path), self.path))
        except (sqlite3.Error, OSError) as error:
            raise LibraryError(
                f"The library {self.path} cannot be opened ({error}).",
                "Check that the folder is writable, or restore the file from a copy, or set RAG_HOME to another folder.",
            ) from error

    @property
    def _db(self) -> sqlite3.Connection:
        """This thread's connection: one shared by threads mixes up the rows of their statements."""
        return self._pool.connection()

    def close(self) -> None:
        """Close the connections that no thread uses; one that is needed later is opened then."""
        self._pool.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Keep all that is written in the block, or nothing. Raises LibraryError where the disk takes no more."""
        with self._pool.lent() as db:
            try:
                db.execute("BEGIN IMMEDIATE")
                yield
                db.execute("COMMIT")
            except BaseException as error:
                if db.in_transaction:  # SQLite may have ended it
                    db.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise LibraryError(f"The library {self.path} cannot be written ({error}).", _WRITE) from error
                raise

    def _select_in(self, sql: str, values: Sequence[Any], *, before: tuple[Any, ...] = ()) -> Iterator[Any]:
        """Yield the rows of `sql`, in which {} stands for some of `values`; those of `before` come first in it."""
        unique = list(dict.fromkeys(values))
        for first in range(0, len(unique), _MAX_BOUND_VALUES):
            some = unique[first : first + _MAX_BOUND_VALUES]
            yield from self._db.execute(sql.format(",".join("?" * len(some))), (*before, *some))

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
