"""The vectors of a library as LlamaIndex's own ChromaVectorStore: the same collection that questions are answered from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.index.vectors import VectorIndex
from rag.interfaces import Vectors
from rag.llamaindex.parts import AbstractEmbedding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.vector_stores.chroma import ChromaVectorStore

    from rag.index.opened import Index
    from rag.interfaces import Embedder


def vector_store(assistant: Assistant) -> tuple[ChromaVectorStore, AbstractEmbedding]:
    """Return the live collection, to read only, and the embedder that its vectors are of.

    Its nodes are chunks, with `paper_id` and `title` in their metadata. The collection keeps its vectors on 96 axes of the
    library's own, on which the embedder puts questions too. What was added to the library since its index was last put
    together, at most a tenth, is not in it. Raises UsageError where llama-index-vector-stores-chroma is not installed.
    """
    try:
        from llama_index.vector_stores.chroma import ChromaVectorStore
    except ImportError as error:
        raise UsageError(
            "LlamaIndex's store for Chroma is not installed.", "Run: pip install llama-index-vector-stores-chroma"
        ) from error
    live = assistant.live()
    if not isinstance(live.settled.vectors, VectorIndex):
        raise UsageError("The vectors are in another store than Chroma.", "Make it with the class and options of RAG_STORE.")
    store = ChromaVectorStore(chroma_collection=live.settled.vectors.collection)
    return store, AbstractEmbedding(_OnAxes(assistant.embedder, live))


class _OnAxes:
    """An embedder on the axes of an index."""

    def __init__(self, embedder: Embedder, live: Index) -> None:
        self._embedder = embedder
        self._axes = live.settled.axes
        self.name = f"{embedder.name} on the axes of the index"
        self.dimension = self._axes.directions.shape[1]

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._axes.of(self._embedder.embed(texts))
