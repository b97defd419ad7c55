"""The writer's lock: one process at a time changes a home, and whoever else wants to learns at once who it is."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import Busy
from rag.storage import private

_held = threading.local()  # .homes: the homes whose lock this thread holds


@contextmanager
def writer(home: Path, command: str) -> Iterator[None]:
    """Hold the writer's lock of `home`. Raises Busy at once, naming the holder, when another process holds it."""
    private.make_folder(home)
    holder = home / "writer.json"
    lock = FileLock(home / "writer.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise Busy(f"The library is being written by {_describe(holder)}.", "Wait until it is done.") from error
    try:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        holder.write_text(json.dumps({"pid": os.getpid(), "command": command, "started": started}), "utf-8")
        _homes().add(home.resolve())
        yield
    finally:
        _homes().discard(home.resolve())
        holder.unlink(missing_ok=True)
        lock.release()


@contextmanager
def writer_here(home: Path, command: str) -> Iterator[None]:
    """Hold the writer's lock of `home` as `writer` does; also inside of a `writer` of this thread, which holds it already."""
    if home.resolve() in _homes():
        yield
    else:
        with writer(home, command):
            yield


def _homes() -> set[Path]:
    if not hasattr(_held, "homes"):
        _held.homes = set()
    homes: set[Path] = _held.homes
    return homes


def _describe(holder: Path) -> str:
    try:
        it = json.loads(holder.read_text("utf-8"))
        return f"process {it['pid']} ({it['command']}, since {it['started']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
