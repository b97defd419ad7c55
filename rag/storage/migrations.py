"""Schema versions of an SQLite file: PRAGMA user_version counts the steps that the file has been through.

A new file goes through all steps, the first of which makes its tables; an older file goes through those it lacks. A new
version of a schema is one more step at the end: released steps never change.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from rag.errors import LibraryError

Step = Callable[[sqlite3.Connection], None]


def sql(statements: str) -> Step:
    """Return the step that executes `statements`, separated by semicolons."""

    def step(db: sqlite3.Connection) -> None:
        for statement in statements.split(";"):  # executescript would commit the step's transaction
            db.execute(statement)

    return step


def check(db: sqlite3.Connection, steps: Sequence[Step], name: str) -> bool:
    """Return whether the file has been through all `steps`. Raises LibraryError for the file of a newer version."""
    version = _version(db)
    if version > len(steps):
        raise LibraryError(
            f"The {name} was written by a newer version of this program.",
            "Update this program, or set RAG_HOME to another folder.",
        )
    return version == len(steps)


def migrate(db: sqlite3.Connection, steps: Sequence[Step], name: str) -> None:
    """Take the file through the steps that it lacks. `db` has no transaction open and begins none by itself.

    Each step has a transaction of its own: a step that fails changes nothing, and the file keeps the version before it.
    Several processes may migrate one file: each step runs in one of them. Raises what a step raises.
    """
    [enforced] = db.execute("PRAGMA foreign_keys").fetchone()
    db.execute("PRAGMA foreign_keys = OFF")  # a step that makes a table anew would delete the rows that refer to it
    try:
        while not check(db, steps, name):
            _next(db, steps)
    finally:
        db.execute(f"PRAGMA foreign_keys = {enforced}")


def _next(db: sqlite3.Connection, steps: Sequence[Step]) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        version = _version(db)  # another process may have run this step while we waited for the transaction
        if version < len(steps):
            steps[version](db)
            if broken := db.execute("PRAGMA foreign_key_check").fetchone():
                raise sqlite3.IntegrityError(f"a row of {broken[0]} refers to none of {broken[2]}")
            db.execute(f"PRAGMA user_version = {version + 1}")
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
