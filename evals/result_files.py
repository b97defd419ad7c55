"""Names for files of results."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path


def fresh(folder: Path, command: str, ending: str = "jsonl") -> Path:
    """Return a file in `folder`, which is made, that is not there yet: named after `command` and the second."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{command}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    path, n = folder / f"{name}.{ending}", 1
    while path.exists():
        n += 1
        path = folder / f"{name}-{n}.{ending}"
    return path
