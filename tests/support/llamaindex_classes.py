"""LlamaIndex classes that stream, do not, break, embed and rerank; settings name them as support.llamaindex_classes:Class."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.llms import ChatMessage, ChatResponse, ChatResponseGen, CustomLLM, MessageRole
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle
from pydantic import Field, PrivateAttr

from rag.index.minilm import MiniLM

STREAMED: list[str] = []  # what a Slow model was heard to its end
SEEN: list[Sequence[ChatMessage]] = []  # what the models below were asked, the newest last


class VendorError(Exception):
    """As every vendor's package has its own."""


class Whole(CustomLLM):
    """Says `says` at once; does not stream."""

    says: str = "Said at once."
    model: str = "whole-1"
    window: int = 2000
    api_key: str = ""
    credentials: Any = ""
    max_tokens: str = ""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=self.window, num_output=100, system_role=MessageRole.SYSTEM)

    def complete(self, prompt: str, formatted: bool = False, **more: Any) -> CompletionResponse:
        return CompletionResponse(text=self.says)

    def stream_complete(self, prompt: str, formatted: bool = False, **more: Any) -> CompletionResponseGen:
        raise NotImplementedError


class Streams(Whole):
    """Streams `says` word by word, then what a server tells at the end; fails after `fails_after` pieces."""

    fails_after: int | None = None
    raw: dict[str, Any] = Field(default_factory=dict)
    cumulative: bool = False  # gives the whole text so far and no delta

    def stream_chat(self, messages: Sequence[ChatMessage], **more: Any) -> ChatResponseGen:
        SEEN.append(messages)
        said = ""
        for count, word in enumerate(self.says.split(" ")):
            if count == self.fails_after:
                raise VendorError(f"the line to\nthe server with key {self.api_key} is down.")
            delta = f" {word}" if said else word
            said += delta
            message = ChatMessage(role=MessageRole.ASSISTANT, content=said)
            yield ChatResponse(message=message, delta=None if self.cumulative else delta)
        yield ChatResponse(message=ChatMessage(content=said), delta="", raw=self.raw)


class Thinks(Streams):
    """Thinks first, as LlamaIndex's Ollama class tells it."""

    def stream_chat(self, messages: Sequence[ChatMessage], **more: Any) -> ChatResponseGen:
        yield ChatResponse(message=ChatMessage(content=""), delta="", additional_kwargs={"thinking_delta": "Hm."})
        yield from super().stream_chat(messages)


class Slow(Streams):
    """Waits `before` the first word and `between` it and the rest, in seconds."""

    before: float = 0.0
    between: float = 0.0

    def stream_chat(self, messages: Sequence[ChatMessage], **more: Any) -> ChatResponseGen:
        time.sleep(self.before)
        for reply in super().stream_chat(messages):
            yield reply
            time.sleep(self.between)
        STREAMED.append(self.says)


class Silent(Streams):
    """Replies with nothing at all."""

    def stream_chat(self, messages: Sequence[ChatMessage], **more: Any) -> ChatResponseGen:
        yield from ()


class AsksItsServer(Streams):
    """Asks its server for its window, as LlamaIndex's Ollama class does; the server is not there."""

    @property
    def metadata(self) -> LLMMetadata:
        raise VendorError("connection refused")


class NoKey(Streams):
    """Refuses to be made, as classes do that find no key."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        raise VendorError(f"no account for {self.api_key or self.credentials}, {self.max_tokens} tokens")


class Embedding(BaseEmbedding):
    """The bundled embedder as LlamaIndex's, three times as long, asked for `questions` with an instruction."""

    home: str = ""
    prefix: str = ""
    api_key: str = ""
    tokenizer_name: str = ""
    _minilm: MiniLM = PrivateAttr()

    def model_post_init(self, context: Any) -> None:
        from pathlib import Path

        self._minilm = MiniLM(Path(self.home))

    def _get_text_embedding(self, text: str) -> list[float]:
        vector: list[float] = (3 * self._minilm.embed([self.prefix + text])[0]).tolist()
        return vector

    def _get_query_embedding(self, query: str) -> list[float]:
        raise AssertionError("questions are embedded as texts are")

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class Vectors(BaseEmbedding):
    """Gives the `rows` it was given, or fails."""

    rows: list[list[float]] = Field(default_factory=list)

    def _get_text_embedding(self, text: str) -> list[float]:
        if not self.rows:
            raise VendorError("no such model")
        return self.rows.pop(0)

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


class ByWord(BaseNodePostprocessor):
    """Puts papers with `word` first, drops those without when `strict`, fails on a question with "fail" in it."""

    word: str
    strict: bool = False

    def _postprocess_nodes(self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None) -> list[NodeWithScore]:
        if query_bundle is not None and "fail" in query_bundle.query_str:
            raise VendorError("no ranking today")
        having = [node for node in nodes if self.word in node.node.get_content()]
        return having if self.strict else having + [node for node in nodes if node not in having]


class ThinksInTags(Streams):
    """Thinks in the text itself, as servers do that leave it in."""

    says: str = "<think>A lamp? [2]</think>\n\nLamps give light [1]."
