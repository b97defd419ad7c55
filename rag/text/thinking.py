"""Tells what a model says to itself from its answer."""

from __future__ import annotations

from collections.abc import Iterator

from rag.types import Thought

_OPEN, CLOSE = "<think>", "</think>"


class Thinking:
    """Tells a <think> block that opens a reply from the answer after it, as they come in pieces."""

    def __init__(self) -> None:
        self._held = ""
        self._state = "start"  # then "inside" the block, "after" it (where space is passed over), "answer"

    def next(self, piece: str, *, last: bool = False) -> Iterator[str | Thought]:
        """Yield the text and thoughts that are certain now."""
        self._held += piece
        if self._state == "start":
            opening = self._held.lstrip()
            if opening.startswith(_OPEN):
                self._state, self._held = "inside", opening.removeprefix(_OPEN)
            elif last or not _OPEN.startswith(opening):
                self._state = "answer"
        if self._state == "inside":
            yield from self._inside(last=last)
        if self._state == "after":
            self._held = self._held.lstrip()
            if self._held:
                self._state = "answer"
        if self._state == "answer" and self._held:
            yield self._held
            self._held = ""

    def _inside(self, *, last: bool) -> Iterator[Thought]:
        thought, closed, rest = self._held.partition(CLOSE)
        keep = 0 if closed or last else max((n for n in range(1, len(CLOSE)) if thought.endswith(CLOSE[:n])), default=0)
        if thought[: len(thought) - keep]:
            yield Thought(thought[: len(thought) - keep])
        self._held = rest if closed else thought[len(thought) - keep :]
        if closed:
            self._state = "after"
