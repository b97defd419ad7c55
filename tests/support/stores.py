"""Vector stores of LlamaIndex that need no server; settings name them as support.stores:Class."""

from __future__ import annotations

from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient


class LocalQdrant(QdrantVectorStore):
    """Qdrant's local mode, of which a folder may be open once: each collection has one of its own."""

    def __init__(self, collection_name: str, path: str) -> None:
        super().__init__(collection_name=collection_name, client=QdrantClient(path=path))
