"""Checks a generation of the index by asking it for its own chunks, in a child process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rag.errors import LibraryError, Unreachable
from rag.index import vectors
from rag.index.lexical import LexicalIndex
from rag.index.matrix import Matrix
from rag.index.vectors import Match, paper_of

_MIN_COSINE_WITH_ITSELF = 0.999  # of a vector, give or take rounding


def check(generation: Path) -> None:
    """Have a child process ask for chunks that the generation must hold: damaged files may crash it.

    Raises LibraryError.
    """
    # -P and PYTHONPATH: this package, whatever a folder named rag in the working directory holds
    command = [sys.executable, "-P", "-m", "rag.index.probe", str(generation)]
    paths = [str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - our own module
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        if told := last.partition(f"{Unreachable.__name__}: ")[2]:
            raise Unreachable(told, "")
        raise LibraryError(f"The index that was built failed its check ({last}).", "Run: python -m rag.ingest --repair")


def ask(generation: Path, samples: int = 5) -> None:
    """Ask a generation for some of its own chunks. Raises LibraryError when their papers are not what comes first.

    One may be missed, as the vector index is approximate.
    """
    index = vectors.open_in(generation / "chroma")
    sampled = index.sample(samples)
    missed = [chunk for chunk, vector in sampled if paper_of(chunk) not in _papers(index.nearest(vector, 5))]
    if len(missed) > len(sampled) // samples:
        raise LibraryError(f"chunks {', '.join(missed)} are not found by their own vectors", "")
    LexicalIndex(generation / "tantivy").search("probe", 1)
    Matrix(generation / "matrix")
    index.close()


def _papers(nearest: list[Match]) -> list[str]:
    return [paper for paper, cosine in nearest if cosine > _MIN_COSINE_WITH_ITSELF]


if __name__ == "__main__":
    ask(Path(sys.argv[1]))
