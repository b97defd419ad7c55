"""Finds the records in JSON of any layout: lines, one list, an object that holds a list at any level, or objects in a row.

Each value is read alone, so that what stands before a fault is not lost with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterator
from typing import Any

from rag.sources import text_lines
from rag.types import BadRecord

_DECODER = json.JSONDecoder(strict=False)
_BETWEEN = re.compile(r"[\s,\]\x1e\ufeff]*")  # what may stand between two values of a file
_SPACE = re.compile(r"\s*")
_LIST_OF_VALUES = re.compile(r"\[\s*[\[{]")
_NEXT_OBJECT = re.compile(r"\n(?=\{)")
_MAX_DEPTH = 8  # of a record in other values
_MAX_REREAD = 10  # times the length of the text
_FIRST_ENTRIES = 20  # of a list, which show whether it holds records
# Lists in a record that hold other papers, or what looks like them.
_OTHER_PAPERS = frozenset("references citations referenced_works related_works citedBy related embedding".split())

Found = tuple[int, Any]


class _BrokenError(ValueError):
    """The value at `start` is not valid JSON; the fault is at `fault`."""

    def __init__(self, start: int, fault: int, reason: str) -> None:
        super().__init__(reason)
        self.start, self.fault, self.reason = start, fault, reason


def values(text: str, is_record: Callable[[Any], bool]) -> Iterator[Found]:
    """Yield (line, value) of each record, and of what stands in the place of one; a fault is a BadRecord at its line."""
    if _is_lines(text):
        for number, (_, line) in enumerate(text_lines.each(text), 1):
            yield from ((number, value) for _, value in _in_a_row(line, number, is_record))
    else:
        yield from _in_a_row(text, 1, is_record)


def _is_lines(text: str) -> bool:
    """Whether the first value, or the fault in it, ends on the line that it begins on."""
    start = _BETWEEN.match(text).end()  # type: ignore[union-attr]
    if not text.startswith("{", start):
        return False
    try:
        _, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        return "\n" not in text[start : error.pos]
    except (ValueError, RecursionError):
        return True
    line_end = text.find("\n", start)
    return line_end < 0 or (end <= line_end and not text[end:line_end].strip())


def _in_a_row(text: str, line: int, is_record: Callable[[Any], bool]) -> Iterator[Found]:
    """Yield the values that follow each other in `text`, which begins at `line`, each with its line."""
    at, counted, reread = 0, 0, 0
    walker = _Walker(text, is_record)
    while (at := _BETWEEN.match(text, at).end()) < len(text):  # type: ignore[union-attr]
        found = walker.walk(at, 0)
        try:
            while True:
                start, value = next(found)
                line, counted = line + text.count("\n", counted, start), start
                yield line, value
        except StopIteration as stop:
            at = stop.value
        except _BrokenError as broken:
            line, counted = line + text.count("\n", counted, broken.start), broken.start
            yield line, BadRecord(line, f"not valid JSON: {broken.reason}")
            further = _NEXT_OBJECT.search(text, broken.start)
            reread += max(0, broken.fault - broken.start)
            if further is None or reread > _MAX_REREAD * len(text):
                return
            at = further.end()


class _Walker:
    """Walks through the values of one text. A walk yields (position, value) and returns the position after the value."""

    def __init__(self, text: str, is_record: Callable[[Any], bool]) -> None:
        self._text = text
        self._is_record = is_record

    def walk(self, at: int, depth: int) -> Generator[Found, None, int]:
        """Yield the value at `at` if it is a record or holds none; else the records that it holds. Raises _BrokenError."""
        if depth < _MAX_DEPTH and _LIST_OF_VALUES.match(self._text, at):
            return (yield from self._inside(at, depth))
        try:
            value, end = self._decode(at)
        except _BrokenError as broken:
            if depth == _MAX_DEPTH or not self._text.startswith("{", at):
                raise
            return (yield from self._before_fault(at, depth, broken))
        held = False
        if isinstance(value, dict) and not self._is_record(value) and _may_hold_records(value) and depth < _MAX_DEPTH:
            in_lists = self._lists_records(value)
            for found in self._inside(at, depth, keyed=not in_lists):
                held = True
                yield found
        if not held:
            yield at, value
        return end

    def _before_fault(self, at: int, depth: int, broken: _BrokenError) -> Generator[Found, None, int]:
        """Yield the records in a broken object. Raises _BrokenError where the fault is, or for the object if it has none."""
        held = False
        try:
            for found in (walk := _Returning(self._inside(at, depth))):
                held = True
                yield found
        except _BrokenError:
            if held:
                raise
            raise broken from None
        return walk.returned

    def _lists_records(self, value: dict[str, Any], depth: int = 0) -> bool:
        """Whether a list in an object, or in the objects in it, begins with records."""
        return any(
            any(self._is_record(entry) for entry in inner[:_FIRST_ENTRIES])
            if isinstance(inner, list)
            else depth < _MAX_DEPTH
            and isinstance(inner, dict)
            and not self._is_record(inner)
            and self._lists_records(inner, depth + 1)
            for name, inner in value.items()
            if name not in _OTHER_PAPERS
        )

    def _inside(self, at: int, depth: int, keyed: bool = True) -> Generator[Found, None, int]:
        """Yield the records in the list or object at `at`; in the outermost list, and in one with a record, what is none too.

        The values of an object are records themselves only if it is `keyed` by them, and has no list of records.
        """
        is_object, whole = self._text.startswith("{", at), depth == 0 and self._text.startswith("[", at)
        closing = "}" if is_object else "]"
        at = self._skip(at + 1)
        name = ""
        while not self._text.startswith(closing, at):
            if is_object:
                name, at = self._name(at)
            member = at
            for start, value in (walk := _Returning(self._member(name, member, depth + 1))):
                is_record = start == member and self._is_record(value)
                whole = whole or (is_record and not is_object)
                if start != member or whole or (is_record and keyed):
                    yield start, value
            at = self._skip(walk.returned)
            if self._text.startswith(",", at):
                at = self._skip(at + 1)
            elif not self._text.startswith(closing, at):
                raise _BrokenError(at, at, "a list or object that does not end")
        return at + 1

    def _member(self, name: str, at: int, depth: int) -> Generator[Found, None, int]:
        if name in _OTHER_PAPERS:
            return self._decode(at)[1]
        return (yield from self.walk(at, depth))

    def _name(self, at: int) -> tuple[str, int]:
        name, end = self._decode(at)
        end = self._skip(end)
        if not isinstance(name, str) or not self._text.startswith(":", end):
            raise _BrokenError(at, end, "a name without a value")
        return name, self._skip(end + 1)

    def _skip(self, at: int) -> int:
        return _SPACE.match(self._text, at).end()  # type: ignore[union-attr]

    def _decode(self, at: int) -> tuple[Any, int]:
        try:
            return _DECODER.raw_decode(self._text, at)
        except json.JSONDecodeError as error:
            raise _BrokenError(at, error.pos, error.msg) from error
        except RecursionError as error:
            raise _BrokenError(at, len(self._text), "too many brackets in brackets") from error
        except ValueError as error:  # a number of too many digits
            raise _BrokenError(at, len(self._text), str(error)) from error


class _Returning:
    """Iterates over a generator and keeps what it returns."""

    def __init__(self, generator: Generator[Found, None, int]) -> None:
        self._generator = generator
        self.returned = 0

    def __iter__(self) -> Iterator[Found]:
        self.returned = yield from self._generator


def _may_hold_records(value: dict[str, Any]) -> bool:
    return any(
        isinstance(inner, dict) or (isinstance(inner, list) and inner and isinstance(inner[0], dict | list))
        for name, inner in value.items()
        if name not in _OTHER_PAPERS
    )
