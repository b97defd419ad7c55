"""What can be replaced by an object of one's own: the model, the embedder and the reranker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.events import Reply
from rag.types import Hit, Mode, Prompt

Vectors = NDArray[np.float32]  # of shape (texts, dimension), rows of length 1

# A question and its papers, best first, to those papers of them that are kept, best first.
Reranker = Callable[[str, Sequence[Hit]], list[Hit]]


class Embedder(Protocol):
    """Texts to vectors of length 1, so that a dot product is a cosine."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), float32, rows of length 1."""
        ...


class ChatModel(Protocol):
    """What turns a prompt into an answer: a language model behind an endpoint, or the extractive reader."""

    @property
    def mode(self) -> Mode: ...

    @property
    def name(self) -> str | None: ...

    @property
    def host(self) -> str | None: ...

    @property
    def context_tokens(self) -> int | None:
        """Tokens that the prompt may take; None when there is no limit."""
        ...

    def stream(self, prompt: Prompt) -> Iterator[Reply]:
        """Yield pieces of the answer, thoughts and waits, and last one Finish.

        Raises EndpointError when nothing could be had, of its kind PromptTooLong when `context_tokens` is less now.
        """
        ...


class WrappedModel:
    """A chat model that is what `model` is. A subclass gives it a stream() of its own."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def mode(self) -> Mode:
        return self._model.mode

    @property
    def name(self) -> str | None:
        return self._model.name

    @property
    def host(self) -> str | None:
        return self._model.host

    @property
    def context_tokens(self) -> int | None:
        return self._model.context_tokens
