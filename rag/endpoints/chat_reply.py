"""Reads what a chat endpoint sends: streamed chunks or one whole reply, text and thoughts, and when enough is enough."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rag.endpoints.faults import ErrorInReply, Malformed
from rag.endpoints.redact import Redactor, Running
from rag.events import Finish, Thought
from rag.text.thinking import Thinking
from rag.types import Usage

MAX_ANSWER_CHARS = 100_000  # characters of an answer; no limit of tokens that anyone sets is that high
_MAX_SHOWN_CHARS = 200  # characters of a reply that is none
_REPETITION_CHARS = 1200  # characters in which repetition is looked for
_REPETITION_STEP_CHARS = (
    60  # and after how many more it is looked for again, which takes as long as all else that is done with a piece
)
_REPEATED = re.compile(r"(.{20,200}?)\1{4}\Z|(.{1,19}?)\2{29}\Z", re.DOTALL)
_ENDED = {
    None: "the reply ended without a finish reason",
    "length": "the reply reached its length limit",
    "content_filter": "the server's filter cut the reply",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """What one chunk of a reply brings."""

    text: str = ""
    thought: str = ""
    reason: str | None = None  # why the reply ends
    usage: Usage | None = None


def chunk(value: Any) -> Piece:
    """Return what a streamed chunk brings. Raises Malformed when it is JSON of another shape."""
    try:
        usage = Usage(value.usage.prompt_tokens, value.usage.completion_tokens) if value.usage else None
        choices = value.choices or []
        parts = [_message(choice.delta.model_dump(warnings=False)) for choice in choices if choice.delta]
        reason = next((choice.finish_reason for choice in choices if choice.finish_reason), None)
    except (AttributeError, TypeError) as error:
        raise Malformed from error
    return Piece("".join(text for text, _ in parts), "".join(thought for _, thought in parts), reason, usage)


def whole(body: bytes) -> Piece:
    """Return what a reply brings that came in one piece. Raises Said for an error, Malformed for anything else."""
    value = opened(body)
    try:
        [choice, *_] = value["choices"]
        text, thought = _message(choice["message"])
        usage = value.get("usage") or {}
        return Piece(
            text, thought, choice.get("finish_reason"), Usage(usage.get("prompt_tokens"), usage.get("completion_tokens"))
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise malformed(body) from error


def opened(body: bytes) -> Any:
    """Return the JSON that a whole reply is. Raises Said for an error, Malformed for what is no JSON."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise malformed(body) from error
    if isinstance(value, dict) and value.get("error"):
        fault = value["error"]
        raise ErrorInReply(str(fault.get("message") or fault) if isinstance(fault, dict) else str(fault))
    return value


def malformed(body: bytes) -> Malformed:
    """Return the error of a reply that is none, with its beginning."""
    return Malformed(body[:_MAX_SHOWN_CHARS].decode("utf-8", "replace").strip())


def _message(message: dict[str, Any]) -> tuple[str, str]:
    """Return the text and the thoughts of a message or a delta; its content may be a list of parts."""
    text, thought = _parts(message.get("content"))
    aloud = message.get("reasoning_content") or message.get("reasoning")
    return text or _text(message.get("refusal")), thought + _text(aloud)


def _parts(content: Any) -> tuple[str, str]:
    if not isinstance(content, list):
        if content is not None and not isinstance(content, str):
            raise TypeError("content that is no text")
        return content or "", ""
    text = thought = ""
    for part in content:
        if part.get("type") == "thinking":
            inner = part.get("thinking")
            thought += _parts(inner)[0] if isinstance(inner, list) else _text(inner)
        else:
            text += _text(part.get("text"))
    return text, thought


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


class Writer:
    """Turns pieces into what may be shown: text and thoughts apart, no secret in either.

    `has_text` and `has_thoughts` say whether there was any of them.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._thinking = Thinking()
        self._running: dict[type, Running] = {str: Running(redactor), Thought: Running(redactor)}
        self.has_text = self.has_thoughts = False

    def next(self, piece: Piece | None) -> Iterator[str | Thought]:
        """Yield what can be shown now that `piece` has come; None is the end."""
        last = piece is None
        found = [Thought(piece.thought)] if piece and piece.thought else []
        for part in (*found, *self._thinking.next(piece.text if piece else "", last=last)):
            yield from self._cleared(part)
        if last:
            yield from self._cleared(Thought(""), last=True)
            yield from self._cleared("", last=True)

    def _cleared(self, part: str | Thought, *, last: bool = False) -> Iterator[str | Thought]:
        kind = type(part)
        text = self._running[kind].next(part.text if isinstance(part, Thought) else part, last=last)
        if text and kind is Thought:
            self.has_thoughts = True
            yield Thought(text)
        elif text:
            self.has_text = True
            yield text


def finish(broken: str | None, reason: str | None, usage: Usage, notes: tuple[str, ...]) -> Finish:
    """Return how a reply ended that `broken` says was broken off, or that ended by itself for `reason`."""
    why = broken or _ENDED.get(reason)
    return Finish(why is None, why, usage, notes)


class LoopGuard:
    """Notices a reply that does not end by itself."""

    def __init__(self) -> None:
        self._length = self._looked = 0
        self._tail = ""

    def enough(self, text: str) -> str | None:
        """Return why the reply is to be ended now that `text` has come, or None."""
        self._length += len(text)
        self._tail = (self._tail + text)[-_REPETITION_CHARS:]
        if self._length > MAX_ANSWER_CHARS:
            return f"the reply was longer than {MAX_ANSWER_CHARS:,} characters"
        if self._length - self._looked < _REPETITION_STEP_CHARS:
            return None
        self._looked = self._length
        repeated = _REPEATED.search(self._tail)
        return "the model repeated itself" if repeated and repeated.group().strip(" \n.-_=|") else None
