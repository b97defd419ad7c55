"""A fixed number of connections to one SQLite file, lent to threads while they read rows or are in a transaction."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rag.errors import Busy

_MAX_CONNECTIONS = 8  # of one library and process; a reading thread keeps one for milliseconds
_WAIT_S = 60  # for a connection that another thread gives back


class Connection(sqlite3.Connection):
    """A connection that knows whether rows of its statements are still to be read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = 0  # by lent() and by statements under way
        self.given_back: Callable[[], None] = lambda: None
        self._reading: set[weakref.ref[sqlite3.Cursor]] = set()

    def execute(self, *args: Any) -> sqlite3.Cursor:
        return self._watched(super().execute, *args)

    def executemany(self, *args: Any) -> sqlite3.Cursor:
        return self._watched(super().executemany, *args)

    @property
    def is_idle(self) -> bool:
        return not self.held and not self._reading

    def _watched(self, run: Callable[..., sqlite3.Cursor], *args: Any) -> sqlite3.Cursor:
        """Run a statement. The connection is given back once nothing refers to the cursor any more."""
        self.held += 1
        try:
            cursor = run(*args)
            self._reading.add(weakref.ref(cursor, self._read))
            return cursor
        finally:
            self.held -= 1
            self.given_back()

    def _read(self, cursor: weakref.ref[sqlite3.Cursor]) -> None:
        self._reading.discard(cursor)
        self.given_back()


class Pool:
    """Opens connections as threads need them, up to a number. Each thread has at most one at a time, and others wait."""

    def __init__(self, connect: Callable[[], Connection], most: int = _MAX_CONNECTIONS) -> None:
        self._connect = connect
        self._most = most
        self._changed = threading.Condition()
        self._free: list[Connection] = []
        self._lent: dict[int, Connection] = {}  # by thread

    def connection(self) -> Connection:
        """Return this thread's connection, for a statement that follows at once. Raises Busy after _WAIT_S."""
        thread = threading.get_ident()
        deadline = time.monotonic() + _WAIT_S
        with self._changed:
            while thread not in self._lent:
                if self._free or len(self._lent) < self._most:
                    self._lend(thread)
                elif not self._taken_from_ended_threads() and not self._changed.wait(deadline - time.monotonic()):
                    raise Busy("Too many questions are asked of the library at once.", "Try again in a moment.")
            return self._lent[thread]

    @contextmanager
    def lent(self) -> Iterator[Connection]:
        """Keep this thread's connection during a block of several statements."""
        connection = self.connection()
        connection.held += 1
        try:
            yield connection
        finally:
            connection.held -= 1
            connection.given_back()

    def close(self) -> None:
        """Close the connections that nobody uses now."""
        with self._changed:
            while self._free:
                self._free.pop().close()

    def _lend(self, thread: int) -> None:
        connection = self._free.pop() if self._free else self._connect()
        self._lent[thread] = connection
        connection.given_back = lambda: self._take_back(thread, connection)

    def _taken_from_ended_threads(self) -> bool:
        """Take back what a thread was lent that ended before its statement; return whether there was any."""
        alive = {thread.ident for thread in threading.enumerate()}
        ended = [(thread, connection) for thread, connection in self._lent.items() if thread not in alive]
        for thread, connection in ended:
            self._take_back(thread, connection)
        return any(connection.is_idle for _, connection in ended)

    def _take_back(self, thread: int, connection: Connection) -> None:
        with self._changed:
            if connection.is_idle and self._lent.get(thread) is connection:
                del self._lent[thread]
                self._free.append(connection)
                self._changed.notify()
