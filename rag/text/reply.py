"""Separates what a model's reply says from how it is dressed, while it arrives: thoughts, tool calls, and what is round it.

Thoughts may also end with a closing tag whose opening one stood in the prompt. Opening tags count at the beginning of a line
only, closing ones where no sentence goes on after them: an answer may be about such tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rag.events import Thought, Withdrawn, text_after
from rag.text.fence import Unfenced
from rag.text.reply_tags import Tag, settled, tags, without_stop_signs

Part = str | Thought | Withdrawn

_BLANK = "\ufeff \t\r\n"
_SENTENCE_GOES_ON = re.compile(r"[ \t.,;:!?`'\"’”)\]]")
_BARE = "analysis"  # channels from a server that leaves out their signs: analysisWe are asked ... assistantfinalThe answer
_BARE_FINAL = "assistantfinal"
_FINAL = "final"  # the channel of the answer


class ReplyText:
    """The text of one reply. With `opened` the prompt has opened its thoughts, as far as is known.

    `called` is whether the reply calls a tool; `closed` whether it closed thoughts that it had not opened.
    """

    def __init__(self, *, opened: bool = False) -> None:
        self.called = False
        self.closed = False
        self._opened = opened
        self._buffer = ""
        self._step: Callable[[bool], Iterator[Part]] = self._start
        self._line = ""  # the last line of the answer so far
        self._answered = False  # whether there is any answer so far
        self._wrapped = False  # whether <answer> was opened
        self._opening = ""  # the tag that opened thoughts in the middle of an answer
        self._unclosed = ""  # thoughts that turn out to be the answer if they are not closed
        self._unfenced = Unfenced()

    def next(self, piece: str, *, last: bool = False) -> Iterator[Part]:
        """Yield what is complete after `piece`: Thought for thoughts, str for the answer. `last` ends the reply.

        A Withdrawn says that the answer so far was thoughts.
        """
        self._buffer += piece
        for part in self._parts(last):
            if isinstance(part, str):
                yield from self._unfenced.next(part)
                continue
            if isinstance(part, Withdrawn):
                yield from self._unfenced.next("", last=True)
                self._unfenced = Unfenced()
            yield part
        if last:
            yield from self._unfenced.next("", last=True)

    def _parts(self, last: bool) -> Iterator[Part]:
        while True:
            before = self._step, self._buffer
            yield from self._step(last)
            if (self._step, self._buffer) == before:
                break
        if last and self._opened:
            yield from self._without_thoughts()
        elif last and self._opening:
            yield from self._say(self._opening + self._unclosed)

    def _start(self, last: bool) -> Iterator[Part]:
        text = self._buffer = self._buffer.lstrip(_BLANK)
        if text.startswith(_BARE) and text[len(_BARE) :][:1].isupper():
            self._buffer, self._step = text.removeprefix(_BARE), self._bare_thoughts
        elif last or not (_BARE.startswith(text) or settled(text) == 0):
            tag = next(tags(text), None)
            begins = tag is not None and tag.start == 0 and tag.kind == "thought"
            self._opened = self._opened and not begins
            self._step = self._thoughts if self._opened else self._answer
        yield from ()

    def _answer(self, last: bool) -> Iterator[Part]:
        end = len(self._buffer) if last else settled(self._buffer)
        for tag in tags(self._buffer):
            if tag.end == len(self._buffer) and not last:
                end = min(end, tag.start)  # what follows tells what it is
                break
            step = self._after(tag)
            if step is not None:
                before, name = self._buffer[: tag.start], self._buffer[tag.start : tag.end]
                self._buffer = self._buffer[tag.end :]
                yield from (self._withdraw(before) if tag.kind in ("/thought", "channel") else self._say(before))
                self.closed = self.closed or tag.kind == "/thought"
                self._opening = name if tag.kind == "thought" and self._answered else ""
                self._step = step
                return
        text, self._buffer = self._buffer[:end], self._buffer[end:]
        yield from self._say(without_stop_signs(text) if last else text)

    def _after(self, tag: Tag) -> Callable[[bool], Iterator[Part]] | None:
        """Return the step after a tag in the answer, None for a tag that belongs to its text."""
        begins = not (self._line + self._buffer[: tag.start]).rpartition("\n")[2].strip(_BLANK)
        if tag.kind in ("message", "end"):
            return self._answer
        if tag.kind == "channel":
            return self._header
        if tag.kind == "/thought":
            return None if self._is_word(tag) else self._answer
        if tag.kind == "thought":
            return self._thoughts if begins else None
        if tag.kind == "call":
            return self._call if begins else None
        if tag.kind == "answer" and begins and not self._answered and not self._buffer[: tag.start].strip():
            self._wrapped = True
            return self._answer
        return self._answer if tag.kind == "/answer" and self._wrapped else None

    def _say(self, text: str) -> Iterator[str]:
        if not self._answered:
            text = text.lstrip(_BLANK)
        if text:
            self._answered = True
            self._line = (self._line + text).rpartition("\n")[2]
            yield text

    def _withdraw(self, thought: str) -> Iterator[Part]:
        """Make thoughts of the answer so far, of which `thought` was not yielded yet."""
        if self._answered:
            yield Withdrawn()
        if thought.strip():
            yield Thought(thought)
        self._answered, self._line, self._wrapped = False, "", False

    def _thoughts(self, last: bool) -> Iterator[Part]:
        """Read thoughts up to their closing tag; in the middle of an answer they are shown only when they are closed."""
        closing = self._closing(last)
        end = closing.start if closing else len(self._buffer) if last else settled(self._buffer)
        thought, self._buffer = self._buffer[:end], self._buffer[closing.end if closing else end :]
        if self._opening or self._opened:
            self._unclosed += thought
        if closing:
            self.closed = self.closed or self._opened
            thought = self._unclosed if self._opening else thought
            self._opening, self._unclosed, self._opened, self._step = "", "", False, self._answer
        if thought and not self._opening:
            yield Thought(thought)

    def _closing(self, last: bool) -> Tag | None:
        """Return the tag that ends the thoughts; where none opened them it may also be a word of a sentence."""
        for tag in tags(self._buffer):
            if tag.kind == "/thought" and not (self._opened and self._is_word(tag)):
                return None if self._opened and tag.end == len(self._buffer) and not last else tag
        return None

    def _is_word(self, tag: Tag) -> bool:
        return _SENTENCE_GOES_ON.match(self._buffer, tag.end) is not None

    def _without_thoughts(self) -> Iterator[str]:
        """Yield the answer of a reply whose thoughts were not opened, as it turns out."""
        self._opened, reply, text = False, ReplyText(), ""
        for part in reply.next(self._unclosed, last=True):
            text = text_after(text, part)
        self.called = self.called or reply.called
        yield from self._say(text)

    def _call(self, last: bool) -> Iterator[Part]:
        """Leave out a tool call, up to its closing tag."""
        self.called = True
        closing = next((tag for tag in tags(self._buffer) if tag.kind in ("/call", "end")), None)
        if closing:
            self._buffer, self._step = self._buffer[closing.end :], self._answer
        else:
            self._buffer = "" if last else self._buffer[settled(self._buffer) :]
        yield from ()

    def _header(self, last: bool) -> Iterator[Part]:
        """Read the name of a channel, and to whom it is."""
        tag = next((tag for tag in tags(self._buffer) if tag.kind in ("message", "channel", "end")), None)
        if tag:
            name, self._buffer = self._buffer[: tag.start].strip(), self._buffer[tag.end :]
            if tag.kind == "message":
                self._step = self._answer if name.startswith(_FINAL) else self._call if "to=" in name else self._channel
        yield from ()

    def _channel(self, last: bool) -> Iterator[Part]:
        """Read the thoughts of a channel."""
        tag = next((tag for tag in tags(self._buffer) if tag.kind in ("end", "channel")), None)
        end = tag.start if tag else len(self._buffer) if last else settled(self._buffer)
        thought, self._buffer = self._buffer[:end], self._buffer[tag.end if tag else end :]
        if tag:
            self._step = self._header
        if thought:
            yield Thought(thought)

    def _bare_thoughts(self, last: bool) -> Iterator[Part]:
        thought, ended, rest = self._buffer.partition(_BARE_FINAL)
        shown = len(thought) if ended or last else max(0, len(thought) - len(_BARE_FINAL))
        self._buffer = rest if ended else thought[shown:]
        self._step = self._answer if ended else self._bare_thoughts
        if shown:
            yield Thought(thought[:shown])
