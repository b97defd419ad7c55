"""Reads the body of a chat reply as it arrives: server-sent events, or one JSON text, whatever its Content-Type says.

The format of the events: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

_FIELD = re.compile(r"(?:data|event|id|retry)?[ \t]*:")
_LONGEST_FIELD = len("retry:")
_LINE_END = re.compile(r"\r\n|\n|\r(?=[^\n])")  # a "\r" at the end may be the first half of one


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event; `name` is "" where it has none. `whole` says that the text is the whole body, which has none."""

    data: str
    name: str = ""
    whole: bool = False


def events(body: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events of `body`, or one with all its text where it has none. Bytes that are no UTF-8 become "\ufffd"."""
    texts = _texts(body)
    begin = ""
    for text in texts:
        begin = (begin + text).lstrip("\ufeff \t\r\n")
        if len(begin) >= _LONGEST_FIELD:
            break
    if _FIELD.match(begin + "\n"):
        yield from _events(_lines(chain([begin], texts)))
    else:
        yield Event(begin + "".join(texts), whole=True)


def _texts(body: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for piece in body:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _lines(texts: Iterable[str]) -> Iterator[str]:
    rest: list[str] = []
    for text in texts:
        rest.append(text)
        if "\n" in text or "\r" in text:
            *lines, unfinished = _LINE_END.split("".join(rest))
            rest = [unfinished]
            yield from lines
    yield from _LINE_END.split("".join(rest).removesuffix("\r"))
    yield ""  # the last event counts though no empty line follows it


def _events(lines: Iterable[str]) -> Iterator[Event]:
    data: list[str] = []
    name = ""
    for line in lines:
        if not line:
            if data:
                yield Event("\n".join(data), name)
            data, name = [], ""
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field.strip() == "data":
            data.append(value)
        elif field.strip() == "event":
            name = value
