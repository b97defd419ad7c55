"""Work in a thread of its own: what it puts, raises and leaves unsaid reaches the reader, who may stop at any time."""

from __future__ import annotations

import threading
import time

import pytest

from rag.events import Waiting
from rag.listener import Listener


def test_items_come_in_order_and_end_with_the_work() -> None:
    def work(listener: Listener[int]) -> None:
        for n in range(3):
            listener.put(n)

    assert list(Listener(work).items()) == [0, 1, 2]


def test_what_the_work_raises_comes_after_what_it_put() -> None:
    def work(listener: Listener[str]) -> None:
        listener.put("one")
        raise ValueError("two")

    items = Listener(work).items()
    assert next(items) == "one"
    with pytest.raises(ValueError, match="two"):
        next(items)


def test_a_silence_is_told_with_the_seconds_since_the_last_item() -> None:
    go = threading.Event()

    def work(listener: Listener[str]) -> None:
        go.wait(30)
        listener.put("late")

    items = Listener(work).items(lambda: 0.05)
    silences = [item.seconds for item in (next(items), next(items), next(items)) if isinstance(item, Waiting)]
    assert len(silences) == 3
    assert silences == sorted(silences)
    assert silences[0] >= 0.05
    go.set()
    assert [item for item in items if not isinstance(item, Waiting)] == ["late"]


def test_the_work_sees_that_nobody_reads_any_more() -> None:
    ended = threading.Event()

    def work(listener: Listener[int]) -> None:
        listener.put(1)
        if listener.left.wait(30):
            ended.set()

    items = Listener(work).items()
    assert next(items) == 1
    items.close()  # type: ignore[attr-defined]
    assert ended.wait(30)


def test_reading_does_not_wait_for_work_that_hangs() -> None:
    began = time.monotonic()
    item = next(Listener(lambda listener: listener.left.wait(60) and None).items(lambda: 0.05))
    assert isinstance(item, Waiting)
    assert time.monotonic() - began < 30
