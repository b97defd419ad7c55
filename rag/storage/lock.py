"""The writer's lock: one process at a time changes a home, and whoever else wants to learns at once who it is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import Busy


@contextmanager
def writer(home: Path, command: str) -> Iterator[None]:
    """Hold the writer's lock of `home`. Raises Busy at once, naming the holder, when another process holds it."""
    home.mkdir(parents=True, exist_ok=True)
    holder = home / "writer.json"
    lock = FileLock(home / "writer.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise Busy(f"The library is being written by {_describe(holder)}.", "Wait until it is done.") from error
    try:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        holder.write_text(json.dumps({"pid": os.getpid(), "command": command, "started": started}), "utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _describe(holder: Path) -> str:
    try:
        it = json.loads(holder.read_text("utf-8"))
        return f"process {it['pid']} ({it['command']}, since {it['started']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
