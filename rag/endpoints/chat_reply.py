"""Reads what a chat endpoint sends, events or one whole reply, piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rag.endpoints.events import Event, events
from rag.endpoints.faults import ErrorInReply, Malformed
from rag.types import Usage

_MAX_SHOWN_CHARS = 200  # characters of a reply that is none
DONE = "done"  # the reason of a reply that ends in order without one


@dataclass(frozen=True, slots=True)
class Piece:
    """What one event of a reply brings."""

    text: str = ""
    thought: str = ""
    reason: str | None = None  # why the reply ends, as the server spells it
    usage: Usage | None = None
    refusal: str = ""
    calls: bool = False  # whether it is, or is a part of, a tool call


def pieces(body: Iterable[bytes]) -> Iterator[Piece]:
    """Yield what the body of a reply brings. Raises ErrorInReply for an error in it, Malformed for anything else."""
    for event in events(body):
        data = event.data.strip()
        if data.startswith("[DONE]"):
            yield Piece(reason=DONE)
            return
        if data or event.whole:
            yield _piece(event, opened(data, event.name))


def opened(text: str, event: str = "") -> Any:
    """Return the JSON that `text` is. Raises ErrorInReply for an error, Malformed for what is no JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:  # also for a number of too many digits
        raise ErrorInReply(text) if event == "error" else malformed(text) from error
    if isinstance(value, dict) and (value.get("error") or event == "error"):
        fault = value.get("error") or value
        raise ErrorInReply(str(fault.get("message") or fault) if isinstance(fault, dict) else str(fault))
    return value


def malformed(text: str) -> Malformed:
    """Return the error of a reply that is none, with its beginning."""
    return Malformed(text[:_MAX_SHOWN_CHARS].strip())


def _piece(event: Event, value: Any) -> Piece:
    """Return what an event, or the whole reply, brings: of several choices the first one's."""
    try:
        choices = value["choices"] if event.whole else value.get("choices") or []
        choice = next((c for c in choices if c.get("index") in (None, 0)), None)
        if event.whole and choice is None:
            raise KeyError("choices")
        message = (choice or {}).get("message" if event.whole else "delta") or {}
        text, thought = _parts(message.get("content"))
        return Piece(
            text,
            thought + _aloud(message),
            (choice or {}).get("finish_reason") or (DONE if event.whole else None),
            _usage(value.get("usage")),
            _text(message.get("refusal")),
            bool(message.get("tool_calls") or message.get("function_call")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise malformed(event.data) from error


def _parts(content: Any) -> tuple[str, str]:
    """Return the text and the thoughts of a content, which may be a list of parts."""
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


def _aloud(message: dict[str, Any]) -> str:
    """Return the thoughts that stand in a field of their own."""
    return next((text for name in ("reasoning_content", "reasoning", "thinking") if (text := _text(message.get(name)))), "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _usage(value: Any) -> Usage | None:
    """Return the tokens that a server counted, as far as they can be counts."""
    if not isinstance(value, dict):
        return None
    counts = (value.get("prompt_tokens"), value.get("completion_tokens"))
    return Usage(*(n if type(n) is int and 0 <= n < 10**12 else None for n in counts))
