"""Homes that tests read and copy: the embedder's graph in them is linked, not copied, and the starter corpus has a key."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from rag import weights
from rag.index import generations, minilm, transformer_graph
from rag.interfaces import Embedder

RAG = Path(__file__).resolve().parents[2] / "rag"
_BUILDERS = ("index", "sources", "storage", "text", "ingestion.py", "data")  # what a built library and index depend on
_KEPT_HOMES = 8  # of each kind, besides the one that is built


def kept(kind: str, key: str, build: Callable[[Path], object]) -> Path:
    """Return the home of this kind and key in the user's cache, made by `build(folder)` when it is not there.

    Workers and runs that ask at the same time wait for the one that builds.
    """
    home = user_cache_path("abstract-rag-tests", appauthor=False) / f"{kind}-{key}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home}.lock"):
        if not home.is_dir():
            others = sorted(filter(Path.is_dir, home.parent.glob(f"{kind}-*")), key=lambda folder: folder.stat().st_mtime)
            for old in others[:-_KEPT_HOMES]:
                shutil.rmtree(old)
            unfinished = home.with_name(f"{home.name}.building")
            shutil.rmtree(unfinished, ignore_errors=True)  # of a run that was ended
            build(unfinished)
            unfinished.rename(home)
    return home


def model_key() -> str:
    """Return the hash of the code that builds the embedder's graph. The code names the hashes of the weights."""
    code = b"".join(Path(module.__file__).read_bytes() for module in (minilm, transformer_graph, weights))
    return hashlib.sha256(code + version("onnx").encode()).hexdigest()[:20]


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
    try:
        return str(shutil.copy2(source, target))
    except FileNotFoundError:
        if source.endswith(("-wal", "-shm")):  # SQLite removes them when the last reader closes
            return target
        raise


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


def write_old_history(home: Path) -> None:
    """Write the history that version 0.1 of the program left: one conversation of "token-of-mine", with a rated answer."""
    dump = Path(__file__).resolve().parents[1] / "storage" / "history_v1.sql"
    with closing(sqlite3.connect(home / "history.sqlite")) as db:
        db.executescript(dump.read_text("utf-8"))
