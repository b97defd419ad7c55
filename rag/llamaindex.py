"""Offers the search as a LlamaIndex retriever, and the assistant as a LlamaIndex query engine.

retriever(assistant, k=10)     for RetrieverQueryEngine, RetrieverEvaluator, fusion of retrievers, ...
query_engine(assistant)        for QueryEngineTool and so agents, routers, evaluators of answers, ...

A node is a paper. Its id is the paper's id, its text is the abstract, and text[node.start_char_idx:node.end_char_idx] is the
best passage or evidence. For LlamaIndex's models, embedders and rerankers in our answers, see rag.adapters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from rag.assistant import Assistant
from rag.output import render
from rag.types import Answer, Evidence, Filters, Hit

_METADATA_FOR_MODEL = ("title", "published", "authors")  # what LlamaIndex shows to a model beside the abstract


class AbstractRetriever(BaseRetriever):
    """Retrieves papers as nodes. The metadata has the passages, best first, each with start, end and cosine."""

    def __init__(self, assistant: Assistant, k: int | None = None, filters: Filters | None = None) -> None:
        super().__init__()
        self._assistant = assistant
        self._k = k
        self._filters = filters

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = self._assistant.search(query_bundle.query_str, self._k, self._filters)
        return [_node(hit, [asdict(p) for p in hit.passages], "passages") for hit in hits]

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
        text = self._form(answer) if self._form else answer.answer
        return Response(text, _cited(answer), {"answer": render.to_dict(answer), "refused": answer.refused})

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)


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


def _cited(answer: Answer) -> list[NodeWithScore]:
    """Return a node for each paper that the answer cites, in the order of their numbers."""
    if answer.refused:
        return []
    evidence = [e for claim in answer.claims for e in claim.evidence]
    cited = [source for source in answer.sources if source.cited]
    return [_node(s.hit, _evidence([e for e in evidence if e.n == s.n]), "evidence", n=s.n) for s in cited]


def _evidence(of_source: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Return the sentences of one abstract, best first, each once."""
    best: dict[tuple[int, int], Evidence] = {}
    for evidence in sorted(of_source, key=lambda e: -e.score):
        best.setdefault((evidence.start, evidence.end), evidence)
    return [{"start": e.start, "end": e.end, "score": e.score, "sentence": e.sentence} for e in best.values()]


def _node(hit: Hit, parts: list[dict[str, Any]], kind: str, **more: Any) -> NodeWithScore:
    """Return a paper as a node. Its metadata has `parts` of the abstract, best first, under the key `kind`."""
    paper = hit.paper
    metadata = {
        "title": paper.title,
        "paper_id": paper.id,
        "url": paper.url,
        "published": paper.published,
        "authors": list(paper.authors),
        "score": hit.score,
        kind: parts,
        **more,
    }
    hidden = [name for name in metadata if name not in _METADATA_FOR_MODEL or not metadata[name]]
    node = TextNode(
        id_=paper.id,
        text=paper.abstract,
        metadata=metadata,
        start_char_idx=parts[0]["start"] if parts else None,
        end_char_idx=parts[0]["end"] if parts else None,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
    )
    return NodeWithScore(node=node, score=hit.score)
