"""Connections that only read, also where the folder cannot be written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from rag.storage.pool import Connection
from rag.text.words import folded

_NOT_WRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_SQLITE_WAIT_S = 30  # for the transaction of another connection


def connect(path: Path) -> Connection:
    """Return a connection that only reads. Raises sqlite3.Error for a file that cannot be read, or is none of SQLite."""
    try:
        return _opened(path, "mode=ro")
    except sqlite3.OperationalError as error:
        log = Path(f"{path}-wal")
        if not is_not_writable(error) or (log.exists() and log.stat().st_size):
            raise
        return _opened(path, "mode=ro&immutable=1")  # SQLite needs no file beside it then, and nobody writes here


def is_not_writable(error: BaseException | None) -> bool:
    """Whether `error` is SQLite's for a file, or for its folder, that cannot be written."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _NOT_WRITABLE


def damage(path: Path) -> str | None:
    """Return what SQLite finds wrong with a file, of which it reads all; None when nothing is."""
    try:
        with closing(connect(path)) as db:
            [found] = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return None if found == "ok" else str(found)


def _opened(path: Path, parameters: str) -> Connection:
    address = f"{path.resolve().as_uri()}?{parameters}"
    db = sqlite3.connect(
        address, uri=True, timeout=_SQLITE_WAIT_S, isolation_level=None, check_same_thread=False, factory=Connection
    )
    db.create_function("folded", 1, folded, deterministic=True)
    try:
        db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db
