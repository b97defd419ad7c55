"""Folders and files that only their owner may read. What is there already keeps the rights that it has."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_FOLDER_MODE = 0o777 if os.name == "nt" else 0o700  # Windows: the rights of the folder above are taken over
_FILE_MODE = 0o666 if os.name == "nt" else 0o600


def make_folder(path: Path) -> None:
    """Make the folder `path` and those above it that are missing, all of them for their owner alone."""
    if not path.is_dir():
        if path.parent != path:
            make_folder(path.parent)
        path.mkdir(mode=_FOLDER_MODE, exist_ok=True)


def make_file(path: Path) -> None:
    """Make an empty file at `path` when there is none. SQLite gives its -wal and -shm files the rights of the file."""
    with suppress(FileExistsError):
        path.touch(mode=_FILE_MODE, exist_ok=False)
