"""Vectors in a vector store of LlamaIndex: RAG_STORE and its options, among which {collection} stands for a name.

A generation notes in its folder the class and the collection, and the ids that it has sent: not every store can list them, or
say how many it has. Like a server of Chroma, a store only proposes papers, and exact cosines are computed from the home.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.types import BasePydanticVectorStore, VectorStoreQuery
from numpy.typing import NDArray

from rag.errors import Unreachable, UsageError
from rag.index import notes
from rag.settings import classes
from rag.settings.settings import load
from rag.types import Chunk

NOTE, _SENT, _SAMPLES = "store.json", "sent.json", "samples.npz"
_VECTORS_PER_CALL = 1_000
_MAX_SAMPLES = 8  # vectors that are kept to ask the store for itself
_MAX_NAME_CHARS = 40  # of the fingerprint in the name of a collection: PostgreSQL takes 63 in all
_HOLE = "{collection}"


@dataclass(frozen=True, slots=True)
class Note:
    """The class of a store, as in the settings, and the collection that a generation has there."""

    store: str
    collection: str

    def write(self, folder: Path) -> None:
        notes.write(folder, NOTE, asdict(self))


def note_of(folder: Path) -> Note | None:
    """Return what `folder` notes of a store; None where its vectors are elsewhere. Raises LibraryError."""
    values = notes.read(folder, NOTE, Note.__match_args__)
    return Note(**values) if values is not None else None


def wanted(home: Path, fingerprint: str, state: str, axes: bytes) -> Note | None:
    """Return the collection to build for a `state` of the library; None where the settings name no store."""
    settings = load(home=home)
    if not settings.store:
        return None
    digest = hashlib.sha256(fingerprint.encode() + state.encode() + axes).hexdigest()[:16]
    named = "".join(c if c.isalnum() else "_" for c in fingerprint[:_MAX_NAME_CHARS]).lower()
    return Note(settings.store, f"{named}_{digest}")


class StoreIndex:
    """A collection of a store, with the methods of rag.index.vectors.VectorIndex."""

    def __init__(self, folder: Path, home: Path) -> None:
        """Open what `folder` notes, with the options in the settings. Raises UsageError, and Unreachable for its failures."""
        note = note_of(folder)
        settings = load(home=home)
        if note is None or settings.store != note.store:
            named = note.store if note else "a store"
            raise UsageError(
                f"The vectors are in {named}.",
                f"Set RAG_STORE={named} with its options, or, to have them elsewhere, run: python -m rag.ingest --repair",
            )
        self._folder = folder
        self._store_name = note.store
        self._options = dict(settings.store_options)
        options = _filled(self._options, note.collection)
        if options == self._options:
            raise UsageError(
                f"No option of RAG_STORE_OPTIONS has {_HOLE} in it.",
                f'Put it where the store takes the name of a collection, such as {{"collection_name": "{_HOLE}"}}.',
            )
        self._store: BasePydanticVectorStore = classes.make(note.store, options, BasePydanticVectorStore, "RAG_STORE")
        sent = folder / _SENT
        self._sent: list[str] = json.loads(sent.read_text("utf-8")) if sent.exists() else []

    def close(self) -> None:
        close = getattr(getattr(self._store, "client", None), "close", None)
        if callable(close):
            with self._explained():
                close()

    def count(self) -> int:
        return len(self._sent)

    def ids(self) -> set[str]:
        """Return the ids of all chunks that were sent."""
        return set(self._sent)

    def add(self, chunks: Sequence[Chunk], vectors: NDArray[np.float32]) -> None:
        """Add chunks with one row of `vectors` (n, dimension) each; those already there are replaced."""
        known = set(self._sent)
        for first in range(0, len(chunks), _VECTORS_PER_CALL):
            some = chunks[first : first + _VECTORS_PER_CALL]
            with self._explained():
                self._store.add([_node(c, v) for c, v in zip(some, vectors[first : first + len(some)], strict=True)])
            self._sent += [c.id for c in some if c.id not in known]
            (self._folder / _SENT).write_text(json.dumps(self._sent), "utf-8")
        self._keep_samples(chunks, vectors)

    def _keep_samples(self, chunks: Sequence[Chunk], vectors: NDArray[np.float32]) -> None:
        step = max(1, len(chunks) // _MAX_SAMPLES)
        kept = {c.id: v for c, v in zip(chunks[::step], vectors[::step], strict=True)}
        if kept and not (self._folder / _SAMPLES).exists():
            np.savez(self._folder / _SAMPLES, ids=np.array(list(kept)), vectors=np.stack(list(kept.values())))

    def remove(self, ids: Sequence[str]) -> None:
        if ids:
            with self._explained():
                self._store.delete_nodes([_node_id(i) for i in ids])
            gone = set(ids)
            self._sent = [i for i in self._sent if i not in gone]
            (self._folder / _SENT).write_text(json.dumps(self._sent), "utf-8")

    def sample(self, n: int) -> list[tuple[str, NDArray[np.float32]]]:
        """Return up to `n` chunks' ids and vectors."""
        if not (self._folder / _SAMPLES).exists():
            return []
        with np.load(self._folder / _SAMPLES) as kept:
            there = set(self._sent)
            return [(str(i), v) for i, v in zip(kept["ids"], kept["vectors"], strict=True) if str(i) in there][:n]

    def chunks(self) -> Iterator[Chunk]:
        """Yield nothing: stores need not list what they have, and the papers are in the word index, too."""
        yield from ()

    def nearest(self, vector: NDArray[np.float32], n: int) -> list[tuple[str, float]]:
        """Return the papers of the `n` chunks nearest to `vector` (dimension,), best first, with the store's likeness."""
        with self._explained():
            found = self._store.query(VectorStoreQuery(query_embedding=vector.tolist(), similarity_top_k=n))
        best: dict[str, float] = {}
        for node, likeness in zip(found.nodes or (), found.similarities or [1.0] * n, strict=False):
            best.setdefault(str(node.metadata["paper_id"]), float(likeness))
        return list(best.items())

    def settle(self) -> None:
        """Do nothing: stores write what they are given."""

    def forget(self) -> None:
        """Delete the collection, or where the store cannot, all chunks that were sent."""
        with self._explained():
            try:
                self._store.clear()
            except NotImplementedError:
                self.remove(list(self._sent))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except NotImplementedError:
            raise
        except Exception as error:
            said = classes.error_text(error, self._options)
            raise Unreachable(
                f"The store {self._store_name} failed ({said}).", "Start it, or correct RAG_STORE_OPTIONS."
            ) from error


def _filled(options: Mapping[str, Any], collection: str) -> dict[str, Any]:
    return {name: value.replace(_HOLE, collection) if isinstance(value, str) else value for name, value in options.items()}


def _node_id(chunk_id: str) -> str:
    """Return an id that every store takes: some want UUIDs."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, chunk_id))


def _node(chunk: Chunk, vector: NDArray[np.float32]) -> TextNode:
    title = chunk.text.partition("\n")[0]
    metadata = {"paper_id": chunk.paper_id, "title": title, "start": chunk.start, "end": chunk.end}
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=chunk.paper_id)}
    return TextNode(id_=_node_id(chunk.id), text=chunk.text, metadata=metadata, embedding=vector.tolist(), relationships=source)
