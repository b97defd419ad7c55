"""Prints an answer while it is written: gives out its text with each sign in place, in parts that never change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag.output.signs import position, suffix
from rag.output.terminal import TerminalText
from rag.text import sentences
from rag.text.citations import MARK_OPENINGS, citations, without
from rag.types import Answer, Claim, Verdict

_WITHDRAWN = "(So far the model was thinking. Its answer:)"
_STOP_BEFORE_MARK = re.compile(rf"[.!?…。！？]+[*_\"'”’»)]*(?=\s*[{re.escape(''.join(MARK_OPENINGS))}])")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an answer that is printed in one style: its text, or the sign of a verdict."""

    text: str
    verdict: Verdict | None = None


class GrowingText:
    """The text of an answer that is still being written, in parts that can be printed for good.

    A sign stands inside its sentence, and the claim comes after the sentence. So the text is held back from the first place
    where a sign may come to stand, until the claim is there.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.text = ""
        self.late: list[Claim] = []  # claims whose sign or added citation came after their text was printed
        self._printed = 0
        self._claimed = 0  # the end of the last claim
        self._signs: dict[int, str] = {}  # what was printed for each claim, by the start of the claim
        self._terminal = TerminalText()

    def add(self, piece: str) -> Iterator[Part]:
        """Take the next piece of the answer; yield what can be printed."""
        self.text += piece
        yield from self._up_to(self._claimed + _settled(self.text[self._claimed :]))

    def withdraw(self) -> Iterator[Part]:
        """Yield what tells that the text so far was thoughts, and begin anew."""
        if self._printed:
            yield Part(f"\n\n{_WITHDRAWN}\n\n")
        self._begin()

    def check(self, claim: Claim) -> Iterator[Part]:
        """Take the claim of text that has come; yield that text with the sign."""
        sign = self._signs[claim.start] = suffix(claim)
        if sign:
            yield from self._up_to(claim.start + position(claim.text))
            yield Part(sign, claim.verdict)
        yield from self._up_to(claim.end)
        self._claimed = max(self._claimed, claim.end)
        yield from self.add("")

    def finish(self, answer: Answer) -> Iterator[Part]:
        """Take the whole answer; yield the rest of the text with the signs that it has not got yet."""
        moved = max(self.text.find(answer.answer), 0)  # the whole answer is without space before it
        for claim in answer.claims:
            here = replace(claim, start=claim.start + moved, end=claim.end + moved)
            if here.end > self._claimed:
                yield from self.check(here)
            elif suffix(claim) and self._signs.get(here.start) != suffix(claim):
                self.late.append(claim)
        yield from self._up_to(len(self.text.rstrip()))
        if held := self._terminal.end():
            yield Part(held)

    def _up_to(self, end: int) -> Iterator[Part]:
        if end > self._printed:
            shown = self._terminal.add(self.text[self._printed : end])
            self._printed = end
            if shown:
                yield Part(shown)


def _settled(text: str) -> int:
    """Return how much of the text after the last claim can be printed: up to where the next sign could stand.

    A line that begins in bold is held back, since only its end shows whether it is a title. So is a full stop before what may
    become a mark.
    """
    marks = citations(text)
    spans = sentences.split(without(text, marks))
    if not spans:
        return 0
    start, end = spans[0] if len(spans) > 1 else (spans[0][0], len(text))
    if text.startswith("**", start) or text[start:] == "*":
        return start
    before_mark = _STOP_BEFORE_MARK.search(text, start)
    ends = [end, *(mark.end for mark in marks[:1]), *([before_mark.end()] if before_mark else [])]
    return start + position(text[start : min(ends)])
