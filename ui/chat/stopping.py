"""A model that can be left: whatever it is asked for ends once nobody wants the answer any more."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from rag.interfaces import ChatModel
from rag.types import Mode, Prompt, Reply


class Stopped(Exception):
    """Nobody wants the answer any more."""


class Stoppable:
    """`model` until `stopped()` says so; it is asked with every piece that comes, and so every second in which none does."""

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
        """Yield what the model does. Raises Stopped, besides what the model does, when its connection has been ended."""
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
