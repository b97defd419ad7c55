"""What children do to a home: read sources into it and tell of it, ask it, compare it with itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from support.children import Tells
from support.factories import HashEmbedder, silent

from rag import ingestion
from rag.assistant import Assistant
from rag.errors import SourceError
from rag.index import generations
from rag.retrieval.retriever import Retriever
from rag.settings.settings import load
from rag.storage.library import Library, Listing
from rag.types import Chunk, Paper

EVERYTHING = 10_000  # papers, more than any of these libraries has
_SAME_TEXT = 0.999  # cosine
_QUESTIONS = ("a slow boat for the harbour", "which kite repairs the copper lighthouse?", "lamps counted in trial 12.1")

Found = dict[str, dict[str, float]]  # for each question the scores of the papers


class TellingEmbedder(HashEmbedder):
    """Tells which texts it has embedded."""

    def __init__(self, tells: Tells) -> None:
        super().__init__()
        self._tells = tells

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = super().embed(texts)
        self._tells("embedded", list(texts))
        return vectors


def read(tells: Tells, home: Path, places: Sequence[str]) -> None:
    """Ingest `places`, telling "put" when papers are stored, each stage of progress, and "before swap" and "after swap"."""
    tell_of_changes(tells)
    tell_of_swaps(tells)
    ingestion.ingest(home, places, TellingEmbedder(tells), told_progress(tells))


def remove_if_there(tells: Tells, home: Path, source: str) -> None:
    """Take a source out of the library, telling as `read` does, and "removed" with its titles when they are gone."""
    tell_of_changes(tells)
    tell_of_swaps(tells)
    with suppress(SourceError):  # its only reading was killed
        ingestion.remove(home, source, TellingEmbedder(tells), told_progress(tells))


def told_progress(tells: Tells) -> Callable[[str, int, int], None]:
    return lambda stage, done, total: tells(stage, (done, total))


def tell_of_changes(tells: Tells) -> None:
    """From now on each change of the library is told when it is stored, before anything else happens."""
    put, finish, remove_source = Listing.put, Listing.finish, Library.remove_source

    def told(changes: Sequence[tuple[Paper, Any]]) -> Any:
        tells("put", {paper.title: paper.abstract for paper, _ in changes})
        return changes

    def telling_put(listing: Listing, papers: Iterable[Paper]) -> Any:
        return told(put(listing, papers))

    def telling_finish(listing: Listing) -> Any:
        return told(finish(listing))

    def telling_remove(library: Library, source: str) -> int:
        titles = [paper.title for paper in library.papers().values() if paper.sources == (source,)]
        gone = remove_source(library, source)
        tells("removed", titles)
        return gone

    Listing.put, Listing.finish = telling_put, telling_finish  # type: ignore[method-assign]
    Library.remove_source = telling_remove  # type: ignore[method-assign]


def tell_of_swaps(tells: Tells) -> None:
    """From now on it is told right before and right after a file named CURRENT is replaced."""
    replace = os.replace

    def telling_replace(source: Any, target: Any, **options: Any) -> None:
        swap = Path(target).name == "CURRENT"
        if swap:
            tells("before swap")
        replace(source, target, **options)
        if swap:
            tells("after swap")

    os.replace = telling_replace


@dataclass(frozen=True, slots=True)
class State:
    """What a home was found to hold: `papers` in the library and `indexed` ones, chunks that were not found by their own
    text, of how many `asked`, and what preparing it told."""

    papers: int
    indexed: int
    missed: tuple[str, ...]
    asked: int
    told: tuple[str, ...]


def check(tells: Tells, home: Path, sample: int, seed: int) -> State:
    """Prepare `home`, and search for `sample` chunks, or for all with 0, by their own texts."""
    told: list[str] = []
    ingestion.prepare(home, HashEmbedder(), silent, told.append)
    assistant = Assistant(load(home=home, no_model=True), embedder=HashEmbedder())
    chunks = assistant.library.chunks()
    asked = Random(seed).sample(chunks, min(sample, len(chunks))) if sample else chunks
    missed = tuple(chunk.id for chunk in asked if not _finds(assistant, chunk))
    live = generations.open_live(home, generations.fingerprint(HashEmbedder()))
    assert live is not None
    return State(assistant.count(), live.info.papers, missed, len(asked), tuple(told))


def _finds(assistant: Assistant, chunk: Chunk) -> bool:
    hits = assistant.search(chunk.text, 5)
    return any(hit.dense > _SAME_TEXT for hit in hits if hit.paper.id == chunk.paper_id)


def look_again_and_again(tells: Tells, home: Path) -> list[tuple[int, int]]:
    """Ask until told to stop, and once more; return how many papers were there and how many were found at each look.

    Tells "looking" when it begins.
    """
    assistant = Assistant(load(home=home, no_model=True), embedder=HashEmbedder())
    tells("looking")
    looks: list[tuple[int, int]] = []
    stopping = False
    while not stopping:
        stopping = tells.told_to_stop()
        found = len(assistant.search(_QUESTIONS[0], EVERYTHING))
        looks.append((assistant.count(), found))
    return looks


def ask(tells: Tells, home: Path) -> tuple[Found, tuple[str, ...]]:
    """Return what is found for some questions, and what was told while the home was opened."""
    told: list[str] = []
    assistant = Assistant(load(home=home, no_model=True), embedder=HashEmbedder(), tell=told.append)
    found = {q: {hit.paper.id: hit.score for hit in assistant.search(q, EVERYTHING)} for q in _QUESTIONS}
    return found, tuple(told)


def open_each(tells: Tells, homes: Sequence[Path]) -> list[Found | None]:
    """Return what is found in each home, None where the index is damaged and would be built anew before it is asked."""
    embedder = HashEmbedder()
    name = generations.fingerprint(embedder)
    found: list[Found | None] = []
    for home in homes:
        live = generations.open_live(home, name)
        if live is None:
            found.append(None)
            continue
        library = Library(home)
        retriever = Retriever(library, live, embedder)
        found.append({q: {hit.paper.id: hit.score for hit in retriever.search(q, EVERYTHING)} for q in _QUESTIONS})
        live.close()
        library.close()
    return found


def manifests(home: Path) -> dict[Path, int]:
    """Return when the manifest of each index of a home was written."""
    return {path: path.stat().st_mtime_ns for path in (home / "index").rglob("manifest.json")}


def same(one: Found, other: Found) -> bool:
    """Whether the same papers were found, with the same scores but for rounding."""
    return one.keys() == other.keys() and all(
        one[q].keys() == other[q].keys() and all(abs(score - other[q][p]) < 1e-3 for p, score in one[q].items()) for q in one
    )
