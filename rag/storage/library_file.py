"""The file of the library: its tables, its connections, and bringing a file of an older version up to date."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from rag.errors import Busy, LibraryError
from rag.storage import identity, lock, merge, migrations, pool, private, read_only
from rag.text.words import folded


def _identities(db: sqlite3.Connection) -> None:
    """Make the table of identifiers and title keys, filled from the papers of the library, and its state."""
    db.execute("INSERT INTO meta VALUES ('state', lower(hex(randomblob(8))))")
    db.execute(
        "CREATE TABLE identities (kind TEXT, value TEXT, paper_id TEXT, PRIMARY KEY (kind, value, paper_id)) WITHOUT ROWID"
    )
    db.execute("CREATE INDEX identities_of ON identities (paper_id)")
    identity.fill(db, (merge.load(record) for (record,) in db.execute("SELECT record FROM papers").fetchall()))


STEPS: tuple[migrations.Step, ...] = (
    migrations.sql("""
CREATE TABLE listings (source TEXT, paper_id TEXT, record TEXT NOT NULL, PRIMARY KEY (source, paper_id)) WITHOUT ROWID;
CREATE INDEX listings_of ON listings (paper_id);
CREATE TABLE papers (id TEXT PRIMARY KEY, title TEXT NOT NULL, published TEXT, sources TEXT NOT NULL,
                     content TEXT NOT NULL, record TEXT NOT NULL);
CREATE TABLE chunks (id TEXT PRIMARY KEY, paper_id TEXT NOT NULL, content TEXT NOT NULL, first INTEGER NOT NULL,
                     last INTEGER NOT NULL, text TEXT NOT NULL, hash BLOB NOT NULL);
CREATE INDEX chunks_of ON chunks (paper_id);
CREATE TABLE vectors (hash BLOB, embedder TEXT, vector BLOB NOT NULL, PRIMARY KEY (hash, embedder)) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO meta VALUES ('revision', '0');
"""),
    _identities,
    migrations.sql("""
ALTER TABLE papers ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX papers_changed ON papers (changed);
CREATE TABLE gone (paper_id TEXT PRIMARY KEY, changed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE states (state TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO states SELECT s.value, r.value + 0 FROM meta s, meta r WHERE s.name = 'state' AND r.name = 'revision'
"""),
)
_KEEP_STATE = (
    "INSERT INTO states SELECT s.value, r.value + 0 FROM meta s, meta r WHERE s.name = 'state' AND r.name = 'revision'"
)
_SQLITE_WAIT_S = 30  # for the transaction of another connection
_LOCK_WAIT_S = 10  # for another process that writes a library of an older version
_LOCK_PAUSE_S = 0.1


def connect(path: Path) -> pool.Connection:
    """Return a connection that begins no transaction by itself."""
    db = sqlite3.connect(path, timeout=_SQLITE_WAIT_S, isolation_level=None, check_same_thread=False, factory=pool.Connection)
    db.create_function("folded", 1, folded, deterministic=True)
    db.execute("PRAGMA synchronous = NORMAL")
    return db


def opened(path: Path) -> Callable[[Path], pool.Connection]:
    """Make the file or bring it up to date; return connect(), or where its folder cannot be written read_only.connect().

    Raises sqlite3.Error or OSError for a file that cannot be opened, and LibraryError for one of another version.
    """
    try:
        private.make_folder(path.parent)
        prepare(path)
    except (sqlite3.Error, OSError) as error:
        if not (isinstance(error, OSError) or read_only.is_not_writable(error)) or not path.exists():
            raise
        _check_for_reading(path, error)
        return read_only.connect
    return connect


def _check_for_reading(path: Path, error: Exception) -> None:
    """Raise `error` when the file cannot be read either, and LibraryError when it is of another version."""
    try:
        with closing(read_only.connect(path)) as db:
            current = migrations.check(db, STEPS, "library")
    except sqlite3.Error:
        raise error from None
    if not current:
        raise LibraryError(
            f"The library {path} is of an older version of this program, and its folder cannot be written.",
            "Copy the folder to a place that can be written, and set RAG_HOME to the copy.",
        )


def changed(db: sqlite3.Connection) -> None:
    """Give the library its next revision and another state. Belongs into the transaction of the change."""
    db.execute("UPDATE meta SET value = value + 1 WHERE name = 'revision'")
    db.execute("UPDATE meta SET value = lower(hex(randomblob(8))) WHERE name = 'state'")
    db.execute(
        "INSERT INTO states SELECT s.value, r.value + 0 FROM meta s, meta r WHERE s.name = 'state' AND r.name = 'revision'"
    )


def prepare(path: Path, steps: Sequence[migrations.Step] = STEPS) -> None:
    """Make the file, or bring one of an older version up to date; a file that is up to date is only read.

    A file of an older version is migrated under the writer's lock, as a process of the older version may be writing.
    Raises Busy when another process holds the lock and goes on holding it, and LibraryError for a file of a newer version.
    """
    new = not path.exists() or path.stat().st_size == 0
    private.make_file(path)
    with closing(connect(path)) as db:
        migrations.check(db, steps, "library")
        db.execute("PRAGMA journal_mode = WAL")
        deadline = time.monotonic() + _LOCK_WAIT_S
        while not migrations.check(db, steps, "library"):
            try:
                if new:
                    migrations.migrate(db, steps, "library")
                else:
                    with lock.writer_here(path.parent, "library migration"):
                        migrations.migrate(db, steps, "library")
            except Busy:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOCK_PAUSE_S)  # the holder may be migrating this very file
