"""Homes that tests read and copy: the embedder's graph in them is linked, not copied, and the starter corpus has a key."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from rag.index import generations
from rag.interfaces import Embedder

RAG = Path(__file__).resolve().parents[2] / "rag"
_BUILDERS = ("index", "sources", "storage", "text", "ingestion.py", "data")  # what a built library and index depend on


def copy_home(source: Path, target: Path) -> None:
    """Copy a home. Its models, 87 MB that nobody writes, are hard links where the file system allows that."""
    shutil.copytree(source, target, copy_function=_link_models, dirs_exist_ok=True)


def _link_models(source: str, target: str) -> str:
    if "models" in Path(source).parts[-3:]:
        try:
            os.link(source, target)
        except OSError:  # another file system
            return str(shutil.copy2(source, target))
        return target
    return str(shutil.copy2(source, target))


def starter_key(embedder: Embedder) -> str:
    """Return the hash of the starter corpus, the index's fingerprint and the code that builds a library and its index."""
    key = hashlib.sha256(generations.fingerprint(embedder).encode())
    for name in _BUILDERS:
        place = RAG / name
        for path in (
            [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.suffix in (".py", ".jsonl", ".npz", ".npy"))
        ):
            key.update(path.name.encode() + path.read_bytes())
    return key.hexdigest()[:20]
