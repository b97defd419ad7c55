"""What of a reply may be shown as it arrives, how it ended, and when enough is enough."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from rag.endpoints.chat_reply import DONE, Piece
from rag.endpoints.redact import Redactor, Running
from rag.events import Finish, Thought, Withdrawn
from rag.text import tokens
from rag.text.reply import ReplyText
from rag.types import Usage

MAX_ANSWER_CHARS = 100_000  # characters of an answer; no limit of tokens that anyone sets is that high
_MAX_THOUGHT_CHARS = 1_000_000  # characters of thoughts
_REPETITION_CHARS = 1200  # characters in which repetition is looked for
_REPETITION_STEP_CHARS = (
    60  # and after how many more it is looked for again, which takes as long as all else that is done with a piece
)
_MAX_LOOKS_AT_THOUGHTS = 10  # at which thoughts repeat themselves, as they do more than answers
_REPEATED = re.compile(r"(.{20,200}?)\1{4}\Z|(.{1,19}?)\2{29}\Z", re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")  # of a character
_COMPLETE = frozenset(("stop", "eos", "eostoken", "endturn", "stopsequence", "complete"))
_WHY = {  # parts of finish reasons, as servers spell them, and what they say
    "length": "the reply reached its length limit",
    "token": "the reply reached its length limit",
    "filter": "the server's filter cut the reply",
    "safety": "the server's filter cut the reply",
    "error": "the server broke the reply off with an error",
    "tool": "the model called a tool in place of an answer",
    "function": "the model called a tool in place of an answer",
}


class Writer:
    """Turns pieces into what may be shown: text and thoughts apart, no secret in either."""

    def __init__(self, redactor: Redactor, *, opened: bool = False) -> None:
        """`opened`: the server's prompt is known to open the thoughts, so that the reply only closes them."""
        self._reply = ReplyText(opened=opened)
        self._redactor = redactor
        self._running: dict[type, Running] = {str: Running(redactor), Thought: Running(redactor)}
        self._half = ""  # of a character that came in two pieces
        self._field = ""  # the thoughts that came in a field of their own
        self._refusal = ""
        self._called = False
        self.usage = Usage()
        self.reason: str | None = None
        """Why the server ended the reply, the letters in lower case; DONE when it ended in order without a reason."""
        self.text = ""
        """The answer so far."""
        self.has_thoughts = False

    @property
    def closes_thoughts(self) -> bool:
        """Whether the reply closed thoughts that it had not opened."""
        return self._reply.closed

    @property
    def called(self) -> bool:
        """Whether the reply calls a tool."""
        return self._called or self._reply.called or _is_call(self.text)

    @property
    def refusal(self) -> str:
        """What the server says where the model refuses to answer."""
        return self._redactor.text(_whole_characters(self._refusal).strip())

    @property
    def field(self) -> str:
        """The thoughts that came in a field of their own; some servers send all that a model writes there."""
        return self._redactor.text(_whole_characters(self._field).strip())

    def next(self, piece: Piece) -> Iterator[str | Thought | Withdrawn]:
        """Yield what can be shown now that `piece` has come."""
        self._called = self._called or piece.calls
        self._refusal += piece.refusal
        self._field += piece.thought
        self.usage = piece.usage or self.usage
        if piece.reason and (self.reason is None or piece.reason != DONE):
            self.reason = re.sub(r"[^a-z]", "", str(piece.reason).lower()) or self.reason
        if piece.thought:
            yield from self._cleared(Thought(_whole_characters(piece.thought)))
        text = self._half + piece.text
        cut = len(text) - 1 if "\ud800" <= text[-1:] <= "\udbff" else len(text)
        text, self._half = text[:cut], text[cut:]
        for part in self._reply.next(_whole_characters(text)):
            yield from self._cleared(part)

    def end(self) -> Iterator[str | Thought | Withdrawn]:
        """Yield what was held back, now that the reply has ended."""
        for part in self._reply.next(_whole_characters(self._half), last=True):
            yield from self._cleared(part)
        yield from self._cleared(Thought(""), last=True)
        yield from self._cleared("", last=True)

    def _cleared(self, part: str | Thought | Withdrawn, *, last: bool = False) -> Iterator[str | Thought | Withdrawn]:
        if isinstance(part, Withdrawn):
            self._running[str], self.text = Running(self._redactor), ""
            yield part
            return
        kind = type(part)
        text = self._running[kind].next(part.text if isinstance(part, Thought) else part, last=last)
        if text and kind is Thought:
            self.has_thoughts = True
            yield Thought(text)
        elif text:
            self.text += text
            yield text


def _whole_characters(text: str) -> str:
    """Return `text` with the halves of characters, which JSON may hold, put together, and those alone replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _HALF.search(text) else text


def _is_call(text: str) -> bool:
    """Whether a reply is a tool call as JSON."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and isinstance(value.get("name"), str) and ("arguments" in value or "parameters" in value)


def finish(broken: str | None, writer: Writer, notes: tuple[str, ...]) -> Finish:
    """Return how a reply ended that `broken` says was broken off, or that ended by itself."""
    why = broken or _why_incomplete(writer)
    return Finish(why is None, why, writer.usage, notes, refused=bool(writer.refusal) and not writer.text.strip())


def _why_incomplete(writer: Writer) -> str | None:
    reason = writer.reason
    if reason is None:
        return "the reply ended without a finish reason"
    if is_complete(reason):
        return _WHY["tool"] if writer.called else None
    return next((why for part, why in _WHY.items() if part in reason), f"the server ended the reply early ({reason})")


def is_complete(reason: str | None) -> bool:
    """Whether a reply that ended for `reason` is whole."""
    return reason == DONE or reason in _COMPLETE


def is_out_of_room(reason: str | None) -> bool:
    """Whether a reply ended because it had the length that it may have."""
    return reason is not None and not is_complete(reason) and ("length" in reason or "token" in reason)


class Guard:
    """Notices a reply that does not end by itself, or whose answer is longer than `answer_tokens` (None: of any length)."""

    def __init__(self, answer_tokens: int | None = None) -> None:
        self._answer_tokens = answer_tokens
        self._next_count = answer_tokens or 0  # characters of the answer at which its tokens are counted: one has one at least
        self._text, self._thoughts = _LoopGuard(MAX_ANSWER_CHARS), _LoopGuard(_MAX_THOUGHT_CHARS, _MAX_LOOKS_AT_THOUGHTS)

    def enough(self, piece: Piece, answer: str) -> str | None:
        """Return why the reply is to be ended now that `piece` has come, or None; `answer` is all of it so far."""
        return self._text.enough(piece.text) or self._thoughts.enough(piece.thought) or self._too_long(answer)

    def _too_long(self, answer: str) -> str | None:
        if self._answer_tokens is None or len(answer) < self._next_count:
            return None
        left = self._answer_tokens - tokens.count(answer)
        self._next_count = len(answer) + left
        return _WHY["length"] if left < 0 else None


class _LoopGuard:
    """Notices a text of more than `most` characters, or one that repeats itself at so many `looks` at its end in a row."""

    def __init__(self, most: int, looks: int = 1) -> None:
        self._most = most
        self._looks, self._repeats = looks, 0
        self._length = self._looked = 0
        self._tail = ""

    def enough(self, text: str) -> str | None:
        self._length += len(text)
        self._tail = (self._tail + text)[-_REPETITION_CHARS:]
        if self._length > self._most:
            return f"the reply was longer than {self._most:,} characters"
        if self._length - self._looked < _REPETITION_STEP_CHARS:
            return None
        self._looked = self._length
        repeated = _REPEATED.search(self._tail)
        self._repeats = self._repeats + 1 if repeated and repeated.group().strip(" \n.-_=|") else 0
        return "the model repeated itself" if self._repeats >= self._looks else None
