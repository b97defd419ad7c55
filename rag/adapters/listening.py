"""Reads a LlamaIndex class's stream in a thread, so that whoever waits for it can show that, and may stop waiting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from rag.events import Waiting
from rag.listener import Listener

_TICK_S = 1.0

T = TypeVar("T")


def with_silences(replies: Iterator[T], first_s: float, next_s: float) -> Iterator[T | Waiting]:
    """Yield what `replies` yields and a Waiting for each silent second; raise what it raises.

    Raises TimeoutError after `first_s` seconds without a first reply, or `next_s` without a next one. A LlamaIndex class cannot
    be hung up: its thread, when nobody listens any more, ends with the next reply or at the class's own timeout.
    """

    def read(listener: Listener[T]) -> None:
        for reply in replies:
            listener.put(reply)
            if listener.left.is_set():
                return

    limit = first_s

    def tick_s() -> float:
        return min(_TICK_S, limit)

    for item in Listener(read).items(tick_s):
        if not isinstance(item, Waiting):
            limit = next_s
        elif item.seconds >= limit:
            raise TimeoutError(f"nothing came for {limit:g} seconds")
        yield item
