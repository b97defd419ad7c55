"""The command that reads sources, run in a child that knows an embedder without weights, with what it prints in a file."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path

from support.children import Tells, said
from support.factories import HashEmbedder

from rag import factory, ingest
from rag.storage.library import Library


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, what it printed, and which texts it embedded."""

    code: int
    said: str
    embedded: tuple[str, ...]


def ingest_command(tells: Tells, home: Path, source: str, printed: Path, most_bytes: int | None = None) -> Ran:
    """Run python -m rag.ingest for `source`, where no file may grow beyond `most_bytes` when given."""
    os.environ["RAG_HOME"] = str(home)
    embedder = HashEmbedder()
    factory.embedder = lambda settings: embedder
    said(printed)
    faulthandler.enable()
    if most_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that writing fails, and the process is not ended
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, limits[1]))
    code = ingest.main([source])
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    return Ran(code, printed.read_text("utf-8"), tuple(embedder.embedded))


def stored_texts(home: Path) -> set[str]:
    """Return the texts of which the library of `home` keeps vectors."""
    library = Library(home)
    try:
        return set(library.found_vectors(HashEmbedder().name, [chunk.text for chunk in library.chunks()]))
    finally:
        library.close()
