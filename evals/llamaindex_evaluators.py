"""LlamaIndex's evaluators of faithfulness and relevancy, asked through a chat model of this project."""

from __future__ import annotations

from typing import Any

from llama_index.core.evaluation import FaithfulnessEvaluator, RelevancyEvaluator
from llama_index.core.llms import CompletionResponse, CompletionResponseGen, CustomLLM, LLMMetadata
from pydantic import PrivateAttr

from rag.events import text_after
from rag.interfaces import ChatModel
from rag.types import Answer, Prompt

_WINDOW = 8_192  # tokens, where the model does not tell


class _Model(CustomLLM):
    """A chat model of this project as LlamaIndex sees a model."""

    _model: ChatModel = PrivateAttr()

    def __init__(self, model: ChatModel) -> None:
        super().__init__()
        self._model = model

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=self._model.context_tokens or _WINDOW, model_name=self._model.name or "")

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        text = ""
        for item in self._model.stream(Prompt(question="", sources=(), user=prompt)):
            text = text_after(text, item)
        return CompletionResponse(text=text)

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponseGen:
        yield self.complete(prompt, formatted)


def _contexts(answer: Answer) -> list[str]:
    return [f"{source.paper.title}\n{source.paper.abstract}" for source in answer.sources if source.cited]


def faithful(model: ChatModel, answer: Answer) -> bool:
    """Return whether the evaluator finds that the cited abstracts support `answer`. Raises EndpointError."""
    result = FaithfulnessEvaluator(llm=_Model(model)).evaluate(response=answer.answer, contexts=_contexts(answer))
    return bool(result.passing)


def relevant(model: ChatModel, answer: Answer) -> bool:
    """Return whether the evaluator finds that `answer` and the cited abstracts are on the question. Raises EndpointError."""
    result = RelevancyEvaluator(llm=_Model(model)).evaluate(
        query=answer.standalone_question, response=answer.answer, contexts=_contexts(answer)
    )
    return bool(result.passing)
