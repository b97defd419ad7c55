"""The vector index: chunks in an embedded Chroma collection with cosine space. Only this module imports chromadb.

Chroma loses vectors when two processes write one folder and never says so; rag.index.generations prevents that. Nothing
here is the only copy of anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")

import chromadb
import numpy as np
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError
from numpy.typing import NDArray

from rag.errors import LibraryError
from rag.index import writable
from rag.types import Chunk

_COLLECTION = "chunks"
_VECTORS_PER_CALL = 5_000  # Chroma takes 5,461 at most
_VECTORS_PER_SYNC = 5_000  # vectors that Chroma holds in memory before it writes its graph to disk, all of it each time
_SYNC_WHEN_SETTLED = 3
_FIX = "Run: python -m rag.ingest --repair"
_HNSW: Any = {
    "space": "cosine",
    "ef_construction": 128,
    "max_neighbors": 16,
    "ef_search": 800,
    "sync_threshold": _VECTORS_PER_SYNC,
}

Match = tuple[str, float]  # paper id, cosine


class VectorIndex:
    """An open collection. Close it before its folder is copied."""

    def __init__(self, folder: Path) -> None:
        """Open the collection in `folder`, creating it when the folder is empty. Raises LibraryError."""
        folder, self._copy = writable.of(folder)
        self._folder = str(folder)
        with _explained():
            self._open()
        space = (self._chunks.configuration.get("hnsw") or {}).get("space")
        if space != "cosine":
            raise LibraryError(f"The vector index has {space} space, not cosine.", _FIX)

    def _open(self) -> None:
        settings = ChromaSettings(anonymized_telemetry=False, is_persistent=True)
        self._client = chromadb.PersistentClient(self._folder, settings=settings)
        self._chunks = self._client.get_or_create_collection(
            _COLLECTION, configuration={"hnsw": _HNSW}, embedding_function=None
        )

    @property
    def collection(self) -> chromadb.Collection:
        """The collection itself, for reading."""
        return self._chunks

    def close(self) -> None:
        self._client.close()  # type: ignore[attr-defined]  # of Client, which ClientAPI does not name
        if self._copy is not None:
            self._copy.cleanup()

    def count(self) -> int:
        with _explained():
            return self._chunks.count()

    def ids(self) -> set[str]:
        """Return the ids of all chunks."""
        with _explained():
            return set(self._chunks.get(include=[])["ids"])

    def add(self, chunks: Sequence[Chunk], vectors: NDArray[np.float32]) -> None:
        """Add chunks with one row of `vectors` (n, dimension) each; those already there are replaced."""
        for first in range(0, len(chunks), _VECTORS_PER_CALL):
            some = chunks[first : first + _VECTORS_PER_CALL]
            with _explained():
                self._chunks.upsert(
                    ids=[c.id for c in some],
                    embeddings=vectors[first : first + _VECTORS_PER_CALL],
                    documents=[c.text for c in some],
                    metadatas=[_metadata(c) for c in some],
                )

    def remove(self, ids: Sequence[str]) -> None:
        for first in range(0, len(ids), _VECTORS_PER_CALL):
            with _explained():
                self._chunks.delete(ids=list(ids[first : first + _VECTORS_PER_CALL]))

    def sample(self, n: int) -> list[tuple[str, NDArray[np.float32]]]:
        """Return `n` chunks' ids and vectors, spread over the collection."""
        step = max(1, self.count() // n)
        with _explained():
            found = [self._chunks.get(limit=1, offset=i * step, include=["embeddings"]) for i in range(n)]
        return [(f["ids"][0], np.asarray(f["embeddings"], np.float32)[0]) for f in found if f["ids"]]

    def chunks(self) -> Iterator[Chunk]:
        """Yield all chunks with their texts."""
        for first in range(0, self.count(), _VECTORS_PER_CALL):
            with _explained():
                found = self._chunks.get(limit=_VECTORS_PER_CALL, offset=first, include=["documents", "metadatas"])
            for chunk_id, text, of in zip(found["ids"], found["documents"] or (), found["metadatas"] or (), strict=True):
                yield Chunk(chunk_id, str(of["paper_id"]), int(str(of["start"])), int(str(of["end"])), text)

    def nearest(self, vector: NDArray[np.float32], n: int) -> list[Match]:
        """Return the papers of the `n` chunks nearest to `vector` (dimension,), best first, each with its best cosine."""
        with _explained():
            found = self._chunks.query(query_embeddings=vector[np.newaxis], n_results=n, include=["distances"])
        best: dict[str, float] = {}
        distances = found["distances"]
        for chunk_id, distance in zip(found["ids"][0], distances[0] if distances else [], strict=True):
            best.setdefault(paper_of(chunk_id), 1.0 - float(distance))
        return list(best.items())

    def settle(self) -> None:
        """Have Chroma write into its files what it holds in its log only, which it would insert anew at every opening."""
        with _explained():
            some = self._chunks.get(limit=_SYNC_WHEN_SETTLED, include=["embeddings"])
            if not some["ids"]:
                return
            self._chunks.modify(configuration={"hnsw": {"sync_threshold": _SYNC_WHEN_SETTLED - 1}})
            self.close()
            self._open()
            self._chunks.upsert(ids=some["ids"], embeddings=some["embeddings"])
            self._chunks.modify(configuration={"hnsw": {"sync_threshold": _VECTORS_PER_SYNC}})


def _metadata(chunk: Chunk) -> dict[str, str | int]:
    return {"paper_id": chunk.paper_id, "title": chunk.text.partition("\n")[0], "start": chunk.start, "end": chunk.end}


def paper_of(chunk_id: str) -> str:
    """Return the id of the paper that a chunk is of."""
    return chunk_id.rpartition("#")[0]


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what Chroma raises on a damaged folder into LibraryError, its Rust panics among them."""
    try:
        yield
    except BaseException as error:
        panic = type(error).__name__ == "PanicException"  # derives from BaseException and cannot be imported
        if panic or isinstance(error, ChromaError | ValueError | OSError | RuntimeError):
            raise LibraryError(f"The vector index cannot be read ({error}).", _FIX) from error
        raise
