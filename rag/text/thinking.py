"""Separates a model's reasoning from its answer."""

from __future__ import annotations

from collections.abc import Iterator

from rag.events import Thought

_OPEN, CLOSE = "<think>", "</think>"


class Thinking:
    """Separates the <think> block that opens a reply from the answer after it, while the reply arrives in pieces."""

    def __init__(self) -> None:
        self._buffer = ""
        self._state = "start"  # then "inside" the block, "after" it (white space is skipped), "answer"

    def next(self, piece: str, *, last: bool = False) -> Iterator[str | Thought]:
        """Yield the parts that are complete after `piece`: Thought for reasoning, str for the answer. `last` ends the reply."""
        self._buffer += piece
        if self._state == "start":
            opening = self._buffer.lstrip()
            if opening.startswith(_OPEN):
                self._state, self._buffer = "inside", opening.removeprefix(_OPEN)
            elif last or not _OPEN.startswith(opening):
                self._state = "answer"
        if self._state == "inside":
            yield from self._inside(last=last)
        if self._state == "after":
            self._buffer = self._buffer.lstrip()
            if self._buffer:
                self._state = "answer"
        if self._state == "answer" and self._buffer:
            yield self._buffer
            self._buffer = ""

    def _inside(self, *, last: bool) -> Iterator[Thought]:
        thought, closed, rest = self._buffer.partition(CLOSE)
        keep = 0 if closed or last else max((n for n in range(1, len(CLOSE)) if thought.endswith(CLOSE[:n])), default=0)
        if thought[: len(thought) - keep]:
            yield Thought(thought[: len(thought) - keep])
        self._buffer = rest if closed else thought[len(thought) - keep :]
        if closed:
            self._state = "after"
