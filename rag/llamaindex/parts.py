"""The gate, the checked answer, the check, the chunker and the embedder, each as a part of LlamaIndex."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.response.schema import Response
from llama_index.core.evaluation import BaseEvaluator, EvaluationResult
from llama_index.core.llms import LLM, MockLLM
from llama_index.core.node_parser import NodeParser
from llama_index.core.node_parser.node_utils import build_nodes_from_splits
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.prompts.mixin import PromptDictType
from llama_index.core.response_synthesizers import BaseSynthesizer
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore, QueryBundle
from pydantic import PrivateAttr

from rag.adapters.chat_model import LlamaIndexModel
from rag.assistant import Assistant
from rag.drafts import checked
from rag.index import chunks
from rag.interfaces import Embedder
from rag.llamaindex.engine import response
from rag.llamaindex.nodes import papers_of
from rag.output import findings
from rag.output.signs import SIGNS
from rag.prompting import REFUSAL
from rag.settings.settings import Settings, load
from rag.types import Filters, Hit, Paper, Source


class AnswerableGate(BaseNodePostprocessor):
    """Leaves no node where the gate finds that their papers do not answer the question, so that nothing is made up."""

    _assistant: Assistant = PrivateAttr()

    def __init__(self, assistant: Assistant) -> None:
        super().__init__()
        self._assistant = assistant

    def _postprocess_nodes(self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None) -> list[NodeWithScore]:
        ids = papers_of(nodes)
        if query_bundle is None or not ids:
            return nodes
        return [] if self._assistant.refusal(query_bundle.query_str, ids) else nodes


class CheckedSynthesizer(BaseSynthesizer):
    """Writes an answer of the papers of some nodes, each sentence checked, as the assistant does.

    The response is that of AbstractQueryEngine. Without nodes it is the refusal.
    """

    def __init__(self, assistant: Assistant) -> None:
        super().__init__(llm=MockLLM())  # the assistant has a model of its own
        self._assistant = assistant

    def _get_prompts(self) -> PromptDictType:
        return {}

    def _update_prompts(self, prompts: PromptDictType) -> None:
        """Take no prompts: they are those of prompts/."""

    def synthesize(
        self, query: str | QueryBundle, nodes: list[NodeWithScore], additional_source_nodes: Any = None, **_: Any
    ) -> Response:
        ids = papers_of(nodes)
        if not ids:
            return Response(REFUSAL, [], {"refused": True})
        question = query if isinstance(query, str) else query.query_str
        return response(self._assistant.ask(question, k=len(ids), filters=Filters(papers=tuple(ids)), force=True))

    async def asynthesize(
        self, query: str | QueryBundle, nodes: list[NodeWithScore], additional_source_nodes: Any = None, **more: Any
    ) -> Response:
        return await asyncio.to_thread(self.synthesize, query, nodes, additional_source_nodes, **more)

    def get_response(self, query_str: str, text_chunks: Sequence[str], **_: Any) -> str:
        raise NotImplementedError("A checked answer is of nodes, and not of texts: call synthesize().")

    async def aget_response(self, query_str: str, text_chunks: Sequence[str], **_: Any) -> str:
        raise NotImplementedError("A checked answer is of nodes, and not of texts: call asynthesize().")


class GroundingEvaluator(BaseEvaluator):
    """Holds each statement of a response against its contexts, by the project's own check and without a model.

    The score is the share of statements that the contexts support; `passing` when it is at least `least`. The feedback names
    the others. Statements may cite contexts by number, from [1] on; one without a citation is held against each of them.
    """

    def __init__(self, assistant: Assistant, least: float = 1.0) -> None:
        self._assistant = assistant
        self._least = least

    def _get_prompts(self) -> PromptDictType:
        return {}

    def _update_prompts(self, prompts_dict: PromptDictType) -> None:
        """Take no prompts: no model is asked."""

    async def aevaluate(
        self, query: str | None = None, response: str | None = None, contexts: Sequence[str] | None = None, **_: Any
    ) -> EvaluationResult:
        sources = [_source(n, text) for n, text in enumerate(contexts or (), 1)]
        claims = await asyncio.to_thread(checked.stated, response or "", sources, self._assistant)
        supported = sum(claim.verdict == "supported" for claim in claims)
        doubtful = [findings.finding(claim, sources) for claim in claims if claim.verdict in SIGNS]
        score = supported / len(claims) if claims else None
        return EvaluationResult(
            query=query,
            response=response,
            contexts=contexts,
            score=score,
            passing=None if score is None else score >= self._least,
            feedback="\n".join(line for lines in doubtful for line in lines),
            invalid_result=score is None,
            invalid_reason="The response states nothing." if score is None else None,
        )


class AbstractNodeParser(NodeParser):
    """Cuts abstracts along sentences, into nodes short enough for a small embedder, as the project's own index does."""

    @classmethod
    def class_name(cls) -> str:
        return "AbstractNodeParser"

    def _parse_nodes(self, nodes: Sequence[BaseNode], show_progress: bool = False, **_: Any) -> list[BaseNode]:
        made: list[BaseNode] = []
        for node in nodes:
            text = node.get_content(metadata_mode=MetadataMode.NONE)
            pieces = [text[start:end] for start, end in chunks.bounds(text)]
            made += build_nodes_from_splits(pieces, node, id_func=self.id_func)
        return made


class AbstractEmbedding(BaseEmbedding):
    """An embedder of this project, such as the bundled one, for LlamaIndex's indexes."""

    _embedder: Embedder = PrivateAttr()

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(model_name=embedder.name)
        self._embedder = embedder

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [[float(value) for value in vector] for vector in self._embedder.embed(texts)]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)


def with_llm(assistant: Assistant, llm: LLM, settings: Settings | None = None) -> Assistant:
    """Return the assistant with a language model of LlamaIndex, over the same library."""
    return assistant.using(LlamaIndexModel(llm, {}, settings or load()))


def _source(n: int, text: str) -> Source:
    paper = Paper(id=str(n), title="", abstract=text)
    return Source(n, Hit(paper=paper, score=0.0, dense=0.0, lexical=0.0))
