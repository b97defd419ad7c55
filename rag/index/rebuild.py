"""Builds an index anew from stored vectors, in a process of its own, which has never read what was removed.

Chroma's graph file is written with memory that was not cleared: what the process read before may stand in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.errors import EmbedderError, LibraryError
from rag.index import generations
from rag.interfaces import Vectors
from rag.storage.library import Library

_REPAIR = "Run: python -m rag.ingest --repair"
_NOT_EMBEDDED = 3  # the exit code when a text has no vector


@dataclass(frozen=True, slots=True)
class StoredEmbedder:
    """An embedder of which only the stored vectors are at hand."""

    name: str
    dimension: int

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Raise EmbedderError."""
        raise EmbedderError(f"{len(texts)} texts have no vector of the embedder {self.name}.", _REPAIR)


def rebuild(home: Path, embedder: StoredEmbedder) -> int | None:
    """Build a generation from nothing and make it live; return its number, None when some vectors are missing.

    Needs the writer's lock. Raises LibraryError.
    """
    # -P and PYTHONPATH: this package, whatever a folder named rag in the working directory holds
    command = [sys.executable, "-P", "-m", "rag.index.rebuild", str(home), embedder.name, str(embedder.dimension)]
    paths = [str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - our own module
    if done.returncode == _NOT_EMBEDDED:
        return None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise LibraryError(f"The index could not be built anew ({last}).", _REPAIR)
    return int(done.stdout)


def _main(home: Path, embedder: StoredEmbedder) -> int:
    library = Library(home)
    try:
        print(generations.refresh(home, library, embedder, lambda *_: None, anew=True).generation)
    except EmbedderError:
        return _NOT_EMBEDDED
    finally:
        library.close()
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1]), StoredEmbedder(sys.argv[2], int(sys.argv[3]))))
