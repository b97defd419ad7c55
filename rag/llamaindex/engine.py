"""The search as a retriever, and the assistant as a query engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.schema import NodeWithScore, QueryBundle

from rag.assistant import Assistant
from rag.llamaindex.nodes import cited, node
from rag.output import render
from rag.types import Answer, Filters


class AbstractRetriever(BaseRetriever):
    """Retrieves papers as nodes. The metadata has the passages, best first, each with start, end and cosine."""

    def __init__(self, assistant: Assistant, k: int | None = None, filters: Filters | None = None) -> None:
        super().__init__()
        self._assistant = assistant
        self._k = k
        self._filters = filters

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = self._assistant.search(query_bundle.query_str, self._k, self._filters)
        return [node(hit, [asdict(p) for p in hit.passages], "passages") for hit in hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class AbstractQueryEngine(BaseQueryEngine):
    """Answers questions. The source nodes are the papers cited, with the supporting sentences as evidence.

    The metadata of the response has the answer in its JSON form ("answer") and whether it is a refusal ("refused"). A refusal
    has no source nodes.
    """

    def __init__(
        self,
        assistant: Assistant,
        k: int | None = None,
        filters: Filters | None = None,
        form: Callable[[Answer], str] | None = None,
    ) -> None:
        super().__init__(callback_manager=None)
        self._assistant = assistant
        self._k = k
        self._filters = filters
        self._form = form

    def _get_prompt_modules(self) -> dict[str, Any]:
        return {}

    def _query(self, query_bundle: QueryBundle) -> Response:
        answer = self._assistant.ask(query_bundle.query_str, k=self._k, filters=self._filters)
        return response(answer, self._form)

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)


def response(answer: Answer, form: Callable[[Answer], str] | None = None) -> Response:
    """Return an answer as a response: its text, the papers cited, and the whole answer in the metadata."""
    text = form(answer) if form else answer.answer
    return Response(text, cited(answer), {"answer": render.to_dict(answer), "refused": answer.refused})


def retriever(assistant: Assistant, k: int | None = None, filters: Filters | None = None) -> AbstractRetriever:
    """Return a LlamaIndex retriever of at most `k` papers (None: as many as the settings say) that pass `filters`."""
    return AbstractRetriever(assistant, k, filters)


def query_engine(
    assistant: Assistant,
    k: int | None = None,
    filters: Filters | None = None,
    form: Callable[[Answer], str] | None = None,
) -> AbstractQueryEngine:
    """Return a LlamaIndex query engine that answers as `assistant` does, from at most `k` papers that pass `filters`.

    `form` returns the text of the response for an answer; without it, the text is that of the answer. For an agent that needs
    titles and findings, use rag.output.render.text. query() raises RagError.
    """
    return AbstractQueryEngine(assistant, k, filters, form)
