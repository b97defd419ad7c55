"""Notes in the folder of a generation on where its vectors are, when they are not in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rag.errors import LibraryError


def write(folder: Path, name: str, values: dict[str, Any]) -> None:
    """Write a note into `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(values), "utf-8")


def read(folder: Path, name: str, fields: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the note `name` of `folder`, which has just `fields`; None without one. Raises LibraryError when it is damaged."""
    try:
        values = json.loads((folder / name).read_text("utf-8"))
        if isinstance(values, dict) and tuple(values) == fields:
            return values
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        pass
    raise LibraryError(f"The note in {folder / name} cannot be read.", "Run: python -m rag.ingest --repair")
