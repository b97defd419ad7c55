"""Reads records of tagged lines: RIS, MEDLINE and Web of Science write "TI  - Boats", and lines without a tag go on.

rispy reads two of these formats, and is not used. It raises an error at a tag of Web of Science that it does not know, joins
a record that lacks its ER to the next one and drops it at the end of a file, takes one way of writing a tag only, and does
not tell the line of a record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from rag.sources import text_lines

_HEAD_CHARS, _OPENING_LINES = 100_000, 30
_MARKUP = tuple("<{[#@`|>%")

ReadTag = Callable[[str], tuple[str, str] | None]


@dataclass(slots=True)
class TaggedRecord:
    """A record that begins at `line`. `fields` has the values of each tag, and of each value its lines."""

    line: int
    fields: dict[str, list[list[str]]] = field(default_factory=dict)
    _last: list[str] = field(default_factory=list)

    def begin(self, tag: str, value: str) -> None:
        """Add a value of `tag`."""
        self._last = [value.strip()]
        self.fields.setdefault(tag, []).append(self._last)

    def go_on(self, line: str) -> None:
        """Add a line to the value that was begun last."""
        self._last.append(line.strip())

    def values(self, *tags: str) -> list[str]:
        """Return the values of `tags` that are not empty, those of the first tag first, each in one line."""
        joined = (" ".join(filter(None, lines)) for tag in tags for lines in self.fields.get(tag, []))
        return [value for value in joined if value]

    def first(self, *tags: str) -> str:
        """Return the first value of the first of `tags` that has one."""
        return next(iter(self.values(*tags)), "")

    def lines(self, tag: str) -> list[str]:
        """Return the lines of all values of `tag` that are not empty."""
        return [line for lines in self.fields.get(tag, []) for line in lines if line]


def records(
    text: str, read_tag: ReadTag, *, start: str, ends: Collection[str] = (), blank_ends: bool = False
) -> Iterator[TaggedRecord]:
    """Yield the records of `text`. `read_tag` returns the tag and the value of a line, and None for a line that goes on.

    A record begins at the tag `start`, or at any tag outside of a record, and ends at the tags `ends`. With `blank_ends`, a
    tag after an empty line begins a record too.
    """
    record, after_blank = None, False
    for number, (_, line) in enumerate(text_lines.each(text), 1):
        found = read_tag(line)
        if found is None:
            after_blank = not line.strip()
            if record:
                record.go_on(line)
            continue
        tag, value = found
        if record and (tag == start or tag in ends or (blank_ends and after_blank)):
            yield record
            record = None
        after_blank = False
        if tag not in ends:
            record = record or TaggedRecord(number)
            record.begin(tag, value)
    if record:
        yield record


def opening(text: str, mark: str = "") -> list[str]:
    """Return the first lines of `text` that are not empty; none when `text` begins like a file of another kind.

    `mark` is a sign with which lines of other kinds begin, and those of this one too.
    """
    lines = (line for raw in text[:_HEAD_CHARS].split("\n") if (line := raw.strip("\ufeff \t\r")))
    found = [line for line, _ in zip(lines, range(_OPENING_LINES), strict=False)]
    return [] if found and found[0].startswith(_MARKUP) and found[0][0] != mark else found


def people(names: list[str]) -> tuple[str, ...]:
    """Return the names in values that hold one name each, or several between semicolons."""
    return tuple(name for value in names for part in value.split(";") if (name := part.strip()))
