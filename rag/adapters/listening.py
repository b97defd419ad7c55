"""Reads a stream in a thread of its own, so that whoever waits for it is told so and may stop waiting."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

from rag.events import Waiting

_TICK_S = 1.0

T = TypeVar("T")


def heard(replies: Iterator[T], first_s: float, next_s: float) -> Iterator[T | Waiting]:
    """Yield what `replies` does and a Waiting for each silent second; raise what it raises.

    Raises TimeoutError after `first_s` seconds without a first reply, or `next_s` without a next one. A LlamaIndex class cannot
    be hung up: its thread, when nobody listens any more, ends with the next reply or at the class's own timeout.
    """
    arrived: SimpleQueue[T | Exception | None] = SimpleQueue()  # None: it is over
    left = Event()

    def read() -> None:
        try:
            for reply in replies:
                arrived.put(reply)
                if left.is_set():
                    return
            arrived.put(None)
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            arrived.put(error)

    Thread(target=read, daemon=True).start()
    silent, limit = 0.0, first_s
    try:
        while True:
            tick = min(_TICK_S, limit)
            try:
                item = arrived.get(timeout=tick)
            except Empty:
                silent += tick
                if silent >= limit:
                    raise TimeoutError(f"nothing came for {limit:g} seconds") from None
                yield Waiting(silent)
                continue
            if isinstance(item, Exception):
                raise item
            if item is None:
                return
            silent, limit = 0.0, next_s
            yield item
    finally:
        left.set()
