"""A folder that its index may write into, as Chroma and Tantivy do also when they only read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory


def of(folder: Path) -> tuple[Path, TemporaryDirectory[str] | None]:
    """Return `folder`, or where it cannot be written a copy, with what deletes the copy when it is no longer held."""
    if not folder.exists() or os.access(folder, os.W_OK):
        return folder, None
    held = TemporaryDirectory(prefix="rag-index-", ignore_cleanup_errors=True)
    return Path(shutil.copytree(folder, Path(held.name) / folder.name)), held
