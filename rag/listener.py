"""Work in a thread of its own whose results are waited for a moment at a time, so that a reader can show that, or stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Generic, TypeVar

from rag.events import Waiting

T = TypeVar("T")

_TICK_S = 1.0


class Silence(TimeoutError):
    """Nothing came for `seconds`, which was too long; `begun` is whether there was anything before."""

    def __init__(self, seconds: float, begun: bool) -> None:
        super().__init__(f"nothing came for {seconds:.3g} seconds")
        self.seconds, self.begun = seconds, begun


class Listener(Generic[T]):
    """Runs `work(listener)` in a daemon thread. items() yields what the work puts; `left` is set when nobody reads any more.

    The work itself is never stopped: it may look at `left`, or be ended by closing what it reads from.
    """

    def __init__(self, work: Callable[[Listener[T]], None], name: str | None = None) -> None:
        self.left = Event()
        self._arrived: SimpleQueue[tuple[T] | Exception | None] = SimpleQueue()  # an item, what was raised, the end
        Thread(target=self._run, args=(work,), name=name, daemon=True).start()

    def put(self, item: T) -> None:
        """Hand over an item; for the work's own thread."""
        self._arrived.put((item,))

    def _run(self, work: Callable[[Listener[T]], None]) -> None:
        try:
            work(self)
            self._arrived.put(None)
        except Exception as error:  # noqa: BLE001 - raised again by items()
            self._arrived.put(error)

    def items(self, tick_s: Callable[[], float] | None = None) -> Iterator[T | Waiting]:
        """Yield each item as it comes, and a Waiting whenever none has come for another tick_s() seconds.

        A Waiting tells the seconds since the last item. Without `tick_s` there is none. Raises what the work raises.
        """
        since = time.monotonic()
        try:
            while True:
                try:
                    arrived = self._arrived.get(timeout=tick_s() if tick_s else None)
                except Empty:
                    yield Waiting(time.monotonic() - since)
                    continue
                if isinstance(arrived, Exception):
                    raise arrived
                if arrived is None:
                    return
                since = time.monotonic()
                yield arrived[0]
        finally:
            self.left.set()

    def patiently(
        self, limit_s: Callable[[bool], float], counts: Callable[[T], bool] = lambda item: True
    ) -> Iterator[T | Waiting]:
        """Yield each item as it comes, and a Waiting a second without any; raise what the work raises.

        Raises Silence after limit_s(begun) seconds without an item that `counts`; `begun` is whether there was one.
        """
        since, begun = time.monotonic(), False

        def tick_s() -> float:
            return min(_TICK_S, limit_s(begun))

        for item in self.items(tick_s):
            silent = time.monotonic() - since
            if not isinstance(item, Waiting):
                if counts(item):
                    since, begun = time.monotonic(), True
                yield item
            elif silent >= limit_s(begun):
                raise Silence(silent, begun)
            else:
                yield Waiting(silent)
