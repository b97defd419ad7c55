"""The vector index: chunks in a Chroma collection with cosine space, embedded in a folder or on a server.

Only this module imports chromadb. Embedded, Chroma loses vectors when two processes write one folder and never says so;
rag.index.generations prevents that. Nothing here is the only copy of anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")

import chromadb
import numpy as np
from chromadb.api import ClientAPI
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError
from numpy.typing import NDArray

from rag.errors import LibraryError
from rag.index import served, writable
from rag.index.served import Place
from rag.settings.settings import load
from rag.types import Chunk

if TYPE_CHECKING:
    from rag.index.store import StoreIndex

_COLLECTION = "chunks"
_STORE_NOTE = "store.json"  # of rag.index.store
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
        """Open the collection in `folder`, or the one on a server that it notes, creating it where there is none.

        Raises LibraryError, of its kind Unreachable when the server does not answer.
        """
        self._place = served.place_of(folder)
        self._headers = served.headers(home_of(folder), self._place) if self._place else {}
        folder, self._copy = (folder, None) if self._place else writable.of(folder)
        self._folder = str(folder)
        with self._explained():
            self._open()
        space = (self._chunks.configuration.get("hnsw") or {}).get("space")
        if space != "cosine":
            raise LibraryError(f"The vector index has {space} space, not cosine.", _FIX)

    def _open(self) -> None:
        self._client = _at(self._place, self._headers) if self._place else _in(self._folder)
        name = self._place.collection if self._place else _COLLECTION
        self._chunks = self._client.get_or_create_collection(name, configuration={"hnsw": _HNSW}, embedding_function=None)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what Chroma raises into LibraryError: on a damaged folder also its Rust panics, of a server whatever it is."""
        try:
            yield
        except BaseException as error:
            if self._place and isinstance(error, Exception):
                raise served.unreachable(self._place, error) from error
            panic = type(error).__name__ == "PanicException"  # derives from BaseException and cannot be imported
            if panic or isinstance(error, ChromaError | ValueError | OSError | RuntimeError):
                raise LibraryError(f"The vector index cannot be read ({error}).", _FIX) from error
            raise

    @property
    def collection(self) -> chromadb.Collection:
        """The collection itself, for reading."""
        return self._chunks

    def close(self) -> None:
        self._client.close()  # type: ignore[attr-defined]  # of Client, which ClientAPI does not name
        if self._copy is not None:
            self._copy.cleanup()

    def count(self) -> int:
        with self._explained():
            return self._chunks.count()

    def ids(self) -> set[str]:
        """Return the ids of all chunks."""
        with self._explained():
            return set(self._chunks.get(include=[])["ids"])

    def add(self, chunks: Sequence[Chunk], vectors: NDArray[np.float32]) -> None:
        """Add chunks with one row of `vectors` (n, dimension) each; those already there are replaced."""
        for first in range(0, len(chunks), _VECTORS_PER_CALL):
            some = chunks[first : first + _VECTORS_PER_CALL]
            with self._explained():
                self._chunks.upsert(
                    ids=[c.id for c in some],
                    embeddings=vectors[first : first + _VECTORS_PER_CALL],
                    documents=[c.text for c in some],
                    metadatas=[_metadata(c) for c in some],
                )

    def remove(self, ids: Sequence[str]) -> None:
        for first in range(0, len(ids), _VECTORS_PER_CALL):
            with self._explained():
                self._chunks.delete(ids=list(ids[first : first + _VECTORS_PER_CALL]))

    def sample(self, n: int) -> list[tuple[str, NDArray[np.float32]]]:
        """Return `n` chunks' ids and vectors, spread over the collection."""
        step = max(1, self.count() // n)
        with self._explained():
            found = [self._chunks.get(limit=1, offset=i * step, include=["embeddings"]) for i in range(n)]
        return [(f["ids"][0], np.asarray(f["embeddings"], np.float32)[0]) for f in found if f["ids"]]

    def chunks(self) -> Iterator[Chunk]:
        """Yield all chunks with their texts."""
        for first in range(0, self.count(), _VECTORS_PER_CALL):
            with self._explained():
                found = self._chunks.get(limit=_VECTORS_PER_CALL, offset=first, include=["documents", "metadatas"])
            for chunk_id, text, of in zip(found["ids"], found["documents"] or (), found["metadatas"] or (), strict=True):
                yield Chunk(chunk_id, str(of["paper_id"]), int(str(of["start"])), int(str(of["end"])), text)

    def nearest(self, vector: NDArray[np.float32], n: int) -> list[Match]:
        """Return the papers of the `n` chunks nearest to `vector` (dimension,), best first, each with its best cosine."""
        with self._explained():
            found = self._chunks.query(query_embeddings=vector[np.newaxis], n_results=n, include=["distances"])
        best: dict[str, float] = {}
        distances = found["distances"]
        for chunk_id, distance in zip(found["ids"][0], distances[0] if distances else [], strict=True):
            best.setdefault(paper_of(chunk_id), 1.0 - float(distance))
        return list(best.items())

    def settle(self) -> None:
        """Have an embedded Chroma write what is in its log only into its files: it would insert that anew at every opening."""
        if self._place:
            return
        with self._explained():
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


def open_in(folder: Path) -> VectorIndex | StoreIndex:
    """Open the vectors that are in `folder`, or where it notes that they are. Raises LibraryError and UsageError."""
    if not (folder / _STORE_NOTE).exists():
        return VectorIndex(folder)
    from rag.index.store import StoreIndex  # here, as LlamaIndex takes a second

    return StoreIndex(folder, home_of(folder))


def home_of(folder: Path) -> Path:
    """Return the home of home/index/FINGERPRINT/NUMBER/chroma."""
    return folder.resolve().parents[3]


def note_elsewhere(folder: Path, fingerprint: str, state: str, axes: bytes) -> bool:
    """Note in `folder` where its vectors are to be, and return whether that is elsewhere: the settings say it."""
    place = served.wanted(home_of(folder), fingerprint, state, axes)
    if place is None and load(home=home_of(folder)).store:
        from rag.index import store

        note = store.wanted(home_of(folder), fingerprint, state, axes)
        if note:
            note.write(folder)
        return note is not None
    if place:
        place.write(folder)
    return place is not None


def is_elsewhere(folder: Path) -> bool:
    """Whether the vectors of `folder` are not in it."""
    return (folder / served.NOTE).exists() or (folder / _STORE_NOTE).exists()


def forget(folder: Path, staying: Sequence[Path]) -> None:
    """Delete what `folder` has on a server or in a store, unless a folder of `staying` notes the same."""
    with suppress(Exception):  # of a note that is damaged, or a server that is gone; the collection then stays there
        same = [other for other in staying if _notes(other) == _notes(folder)]
        if same or not is_elsewhere(folder):
            return
        place = served.place_of(folder)
        if place:
            _at(place, served.headers(home_of(folder), place)).delete_collection(place.collection)
        elif not isinstance(index := open_in(folder), VectorIndex):
            index.forget()
            index.close()


def _notes(folder: Path) -> list[str]:
    return [note.read_text("utf-8") for name in (served.NOTE, _STORE_NOTE) if (note := folder / name).exists()]


def _in(folder: str) -> ClientAPI:
    return chromadb.PersistentClient(folder, settings=ChromaSettings(anonymized_telemetry=False, is_persistent=True))


def _at(place: Place, headers: dict[str, str]) -> ClientAPI:
    host, port, ssl = place.address
    return chromadb.HttpClient(
        host=host,
        port=port,
        ssl=ssl,
        headers=headers,
        settings=ChromaSettings(anonymized_telemetry=False),
        tenant=place.tenant,
        database=place.database,
    )
