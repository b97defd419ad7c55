"""The measuring process of evals bench --peer, a plain LlamaIndex starter: python -m evals.peer STAGE JSON.

    ingest   {"home", "models", "store"}                  read the papers of our library, embed and store them
    ask      {"home", "models", "store", "questions": n}  retrieve 10 for each question

The starter is the first example of the LlamaIndex documentation: VectorStoreIndex.from_documents with its defaults. It is
stored in Chroma when LlamaIndex's Chroma store is installed (group "peer" of pyproject.toml), else in LlamaIndex's own file.
Both sides use our embedder, so that the embedder makes no difference.
"""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from llama_index.core import Document, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import PrivateAttr

from evals import case_files
from evals.processes import memory_mb, stage_command
from rag.index.minilm import MiniLM
from rag.storage.library import Library

_PAPERS_PER_SEARCH = 10
_WARM_UP_QUESTIONS = 10


class Embedding(BaseEmbedding):
    """Our embedder as a LlamaIndex embedder."""

    _minilm: MiniLM = PrivateAttr()

    def __init__(self, models: Path) -> None:
        super().__init__(model_name=MiniLM.name)
        self._minilm = MiniLM(models)

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = self._minilm.embed(texts).tolist()
        return rows

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embeddings([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


def has_chroma() -> bool:
    """Whether LlamaIndex's Chroma store is installed."""
    try:
        return find_spec("llama_index.vector_stores.chroma") is not None
    except ModuleNotFoundError:  # no llama_index.vector_stores at all
        return False


def ingest(spec: dict[str, Any]) -> dict[str, Any]:
    """Embed and store every paper of our library."""
    library = Library(Path(spec["home"]))
    papers = library.papers().values()
    library.close()
    documents = [Document(text=p.abstract, metadata={"title": p.title}) for p in papers]
    embedding = Embedding(Path(spec["models"]))
    if has_chroma():
        storage = StorageContext.from_defaults(vector_store=_chroma(spec["store"]))
        VectorStoreIndex.from_documents(documents, storage_context=storage, embed_model=embedding)
    else:
        index = VectorStoreIndex.from_documents(documents, embed_model=embedding)
        index.storage_context.persist(persist_dir=spec["store"])
    return {"papers": len(documents), "chroma": has_chroma(), "memory_mb": memory_mb()}


def ask(spec: dict[str, Any]) -> dict[str, Any]:
    """Retrieve 10 papers for each question; return percentiles of the time, in milliseconds, after a warm-up."""
    embedding = Embedding(Path(spec["models"]))
    if has_chroma():
        index = VectorStoreIndex.from_vector_store(_chroma(spec["store"]), embed_model=embedding)
    else:
        storage = StorageContext.from_defaults(persist_dir=spec["store"])
        index = load_index_from_storage(storage, embed_model=embedding)  # type: ignore[assignment]
    retriever = index.as_retriever(similarity_top_k=_PAPERS_PER_SEARCH)
    questions = case_files.questions(spec["questions"])
    times_ms = []
    for question in [*questions[:_WARM_UP_QUESTIONS], *questions]:
        start = time.perf_counter()
        nodes = retriever.retrieve(question)
        times_ms.append((time.perf_counter() - start) * 1000)
    p50, p95 = np.percentile(times_ms[-len(questions) :], [50, 95])
    return {"found": len(nodes), "p50_ms": p50, "p95_ms": p95, "memory_mb": memory_mb()}


def _chroma(folder: str) -> Any:
    from llama_index.vector_stores.chroma import ChromaVectorStore

    return ChromaVectorStore.from_params(collection_name="papers", persist_dir=folder)


STAGES = {"ingest": ingest, "ask": ask}


main = stage_command(STAGES)

if __name__ == "__main__":
    sys.exit(main())
