"""A chat model that can be stopped while it answers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from rag.events import Reply
from rag.interfaces import ChatModel
from rag.types import Mode, Prompt


class Stopped(Exception):
    """The answer was stopped."""


class Stoppable:
    """The chat model `model`, whose replies end when `stopped()` is true. That is asked at least once a second."""

    def __init__(self, model: ChatModel, stopped: Callable[[], bool]) -> None:
        self._model = model
        self._stopped = stopped

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

    def stream(self, prompt: Prompt) -> Iterator[Reply]:
        """Yield the model's reply. Raises what the model raises, and Stopped once the connection to it is closed."""
        if self._stopped():
            raise Stopped
        reply = self._model.stream(prompt)
        try:
            for piece in reply:
                if self._stopped():
                    raise Stopped
                yield piece
        finally:
            if isinstance(reply, Generator):
                reply.close()
