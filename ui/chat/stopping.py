"""A chat model that can be stopped while it answers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from rag.events import Reply
from rag.interfaces import ChatModel, WrappedModel
from rag.types import Prompt


class Stopped(Exception):
    """The answer was stopped."""


class Stoppable(WrappedModel):
    """The chat model `model`, whose replies end when `stopped()` is true. That is asked at least once a second."""

    def __init__(self, model: ChatModel, stopped: Callable[[], bool]) -> None:
        super().__init__(model)
        self._stopped = stopped

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
