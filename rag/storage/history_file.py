"""The file of the history: its tables, a transaction for each call, migration, and what to do about a damaged file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from rag.errors import LibraryError
from rag.storage import migrations, private

STEPS: tuple[migrations.Step, ...] = (
    migrations.sql("""
CREATE TABLE conversations (id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT, changed REAL NOT NULL);
CREATE INDEX conversations_of ON conversations (owner, changed);
CREATE TABLE answers (conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE, place INTEGER NOT NULL,
                      id TEXT NOT NULL, question TEXT NOT NULL, words TEXT NOT NULL, record TEXT NOT NULL,
                      UNIQUE (conversation, place));
CREATE INDEX answers_by_id ON answers (id);
CREATE TABLE ratings (answer TEXT, owner TEXT, conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
                      up INTEGER, words TEXT NOT NULL, earlier TEXT NOT NULL, record TEXT NOT NULL, rated REAL NOT NULL,
                      PRIMARY KEY (answer, owner));
CREATE INDEX ratings_of ON ratings (conversation);
"""),
    migrations.sql("""
CREATE TABLE saved_papers (owner TEXT NOT NULL, paper TEXT NOT NULL, record TEXT NOT NULL, saved REAL NOT NULL,
                           PRIMARY KEY (owner, paper));
CREATE TABLE saved_columns (owner TEXT NOT NULL, question TEXT NOT NULL, added REAL NOT NULL, PRIMARY KEY (owner, question));
CREATE TABLE saved_cells (owner TEXT NOT NULL, question TEXT NOT NULL, paper TEXT NOT NULL, record TEXT NOT NULL,
                          PRIMARY KEY (owner, question, paper),
                          FOREIGN KEY (owner, question) REFERENCES saved_columns ON DELETE CASCADE);
"""),
)
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_SQLITE_WAIT_S = 30  # for another process that writes
_FIX = "Check that the folder is writable and the disk not full, or set RAG_HOME to another folder."


class HistoryFile:
    """Open with HistoryFile(path, tell); every transaction has a connection of its own."""

    def __init__(self, path: Path, tell: Callable[[str], None], steps: Sequence[migrations.Step] = STEPS) -> None:
        """Open the file, make it, or bring one of an older version up to date.

        A damaged file is set aside and a new one begun; `tell` is called with a sentence about it. Raises LibraryError for
        a file that cannot be used and for one of a newer version.
        """
        self._path = path
        self._tell = tell
        self._steps = steps
        with self._explained():
            private.make_folder(path.parent)
            self._prepare()

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Give a connection with a transaction, which is rolled back when the caller fails. Raises LibraryError."""
        with self._explained():
            if not self._path.exists():
                self._prepare()
            with closing(self._connect()) as db:
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                except BaseException:
                    db.rollback()
                    raise
                db.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=_SQLITE_WAIT_S, isolation_level=None)
        db.create_function("casefold", 1, str.casefold, deterministic=True)
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = NORMAL")
        return db

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn errors of the file into LibraryError; set a damaged file aside and begin a new one."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if _is_damage(error):
                with self._explained():
                    self._prepare()
                raise LibraryError(f"The history {self._path} was damaged.", "Begin a new conversation.") from error
            raise LibraryError(f"The history {self._path} cannot be used ({error}).", _FIX) from error

    def _prepare(self) -> None:
        with FileLock(self._path.with_suffix(".lock"), timeout=_SQLITE_WAIT_S):
            if self._path.exists() and self._is_damaged():
                self._set_aside()
            private.make_file(self._path)
            with closing(self._connect()) as db:
                migrations.check(db, self._steps, "history")
                db.execute("PRAGMA journal_mode = WAL")
                migrations.migrate(db, self._steps, "history")

    def _is_damaged(self) -> bool:
        try:
            with closing(self._connect()) as db:
                return bool(db.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",))
        except sqlite3.Error as error:
            if _is_damage(error):
                return True
            raise

    def _set_aside(self) -> None:
        kept = self._path.with_name(f"history-damaged-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.sqlite")
        for end in ("", "-wal", "-shm"):
            part = self._path.with_name(self._path.name + end)
            if part.exists():
                part.rename(kept.with_name(kept.name + end))
        self._tell(f"The history {self._path} is damaged. It was set aside as {kept.name}, and a new one begun.")


def _is_damage(error: Exception) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE
