"""The measuring process of evals bench for what a change costs: python -m evals.changing change JSON.

    change   {"home", "papers"}   add one paper, and take one out, some times; return medians in seconds, and bytes on the disk

Vectors of new papers are made and cost nothing. What a first change costs once, such as imports and the weekly backup, is
not counted. The library and the index are left as they were, but for the number of their generation.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evals import synthetic
from evals.processes import memory_mb, stage_command
from rag import ingestion
from rag.index import generations
from rag.interfaces import Embedder, Vectors
from rag.sources.reading import Reading
from rag.types import Paper

_TIMES = 5
_SOURCE = "bench-added"


class MadeVectors:
    """An embedder whose vectors are noise, by the name of the one whose index is to be changed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dimension = synthetic.DIMENSION
        self._rng = np.random.default_rng(0)

    def embed(self, texts: Sequence[str]) -> Vectors:
        return synthetic.unit(synthetic.noise(self._rng, len(texts)))


def change(spec: dict[str, Any]) -> dict[str, Any]:
    """Return what adding and taking out one paper costs in a library whose index is up to date."""
    home = Path(spec["home"])
    embedder = MadeVectors(spec["embedder"])
    _add(home, embedder, "warm-up")
    _take_out(home, embedder, "warm-up")
    before = bytes_on_disk(home)
    added = [_seconds(lambda n=n: _add(home, embedder, str(n))) for n in range(_TIMES)]  # type: ignore[misc]
    grown = (bytes_on_disk(home) - before) / _TIMES
    removed = [_seconds(lambda n=n: _take_out(home, embedder, str(n))) for n in range(_TIMES)]  # type: ignore[misc]
    live = generations.live(home, generations.fingerprint(embedder))
    assert live is not None  # noqa: S101 - it was just made
    return {
        "add_s": float(np.median(added)),
        "remove_s": float(np.median(removed)),
        "add_bytes": grown,
        "added_to_settled": live.settled != live.generation,
        "memory_mb": memory_mb(),
    }


def _add(home: Path, embedder: Embedder, name: str) -> None:
    paper = Paper(f"added-{name}", f"Added {name}", f"A paper that was added as {name}. It says nothing that others say.")
    ingestion.store(home, [Reading(f"{_SOURCE}-{name}", (paper,), format="JSON")], embedder, _silent)


def _take_out(home: Path, embedder: Embedder, name: str) -> None:
    ingestion.remove(home, f"{_SOURCE}-{name}", embedder, _silent)


def _silent(stage: str, done: int, total: int) -> None:
    """Report nothing."""


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def bytes_on_disk(folder: Path) -> int:
    """Return the bytes of the files below `folder`, each counted once however many names it has."""
    files = {(found.st_dev, found.st_ino): found for p in folder.rglob("*") if p.is_file() for found in [p.stat()]}
    return sum(found.st_size for found in files.values())


STAGES = {"change": change}


main = stage_command(STAGES)

if __name__ == "__main__":
    sys.exit(main())
