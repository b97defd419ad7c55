"""Takes off a Markdown fence that stands round a whole reply, while the reply arrives."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = "```"
_OPENING = re.compile(r"```[ \t]*(?:markdown|md|text|txt|plain|plaintext)?[ \t]*\n", re.IGNORECASE)
_FENCE_LINE = re.compile(r"[ \t]{0,3}```[ \t]*(\S*)[^\n]*\n?")
_MAYBE_FENCE = re.compile(r"[ \t]{0,3}`{0,2}\Z|[ \t]{0,3}```[^\n]*\Z")


class Unfenced:
    """A reply without the fence that it begins with, if that is one of text; fences of code inside it stay."""

    def __init__(self) -> None:
        self._buffer = ""
        self._state = "start"  # then "inside" the fence at a line's beginning, "within" a line of it, "outside"
        self._depth = 0  # of fences inside

    def next(self, piece: str, *, last: bool = False) -> Iterator[str]:
        """Yield what can be shown now that `piece` has come; `last` ends the reply."""
        self._buffer += piece
        if self._state == "start":
            self._begin(last=last)
        if self._state in ("inside", "within"):
            yield from self._lines(last=last)
        if self._state == "outside" and self._buffer:
            yield self._buffer
            self._buffer = ""

    def _begin(self, *, last: bool) -> None:
        opening = _OPENING.match(self._buffer)
        if opening:
            self._state, self._buffer = "inside", self._buffer[opening.end() :]
        elif last or not (_FENCE.startswith(self._buffer) or (self._buffer.startswith(_FENCE) and "\n" not in self._buffer)):
            self._state = "outside"

    def _lines(self, *, last: bool) -> Iterator[str]:
        while self._buffer:
            if self._state == "inside":
                if not last and _MAYBE_FENCE.match(self._buffer):
                    return
                fence = _FENCE_LINE.match(self._buffer)
                if fence and not fence.group(1):
                    if not self._depth:  # the end of the fence round the reply
                        self._state, self._buffer = "outside", self._buffer[fence.end() :]
                        return
                    self._depth -= 1
                elif fence:
                    self._depth += 1
            line, newline, self._buffer = self._buffer.partition("\n")
            self._state = "inside" if newline else "within"
            yield line + newline
