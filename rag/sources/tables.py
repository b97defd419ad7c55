"""Tables of papers: CSV, and the same with semicolons or tabs, as databases, reference managers and spreadsheets export it.

The first line that names a title and a further field is the header; a few lines may stand before it. The columns are known by
their names, which fields.py lists. No format without a header is read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from rag.sources import fields, record, text_lines
from rag.sources.record import Record
from rag.types import BadRecord, Paper

NAME = "CSV"
_SEPARATORS = ",;\t"
_HEAD_CHARS = 100_000
_MAX_LINES_BEFORE_HEADER = 10
_MAX_CELL_CHARS = 2**31 - 1  # the most that every platform takes
_MIN_COLUMNS = 2
_SEPARATOR_LINE = re.compile(r"\"?sep=(?P<separator>[,;\t])\"?\s*", re.IGNORECASE)
_MAX_NAME_CHARS = 60
_MAX_REREAD = 10  # times the length of the text
_GUARDED = re.compile(r"'+[=+\-@\t\r]")  # a cell that a spreadsheet would compute, with a quote before it


class _Header(NamedTuple):
    """`line` is the place of the header among the lines, from 0."""

    line: int
    separator: str
    columns: list[str]


def recognises(text: str) -> bool:
    """Whether one of the first lines is a header with a title and a further known column."""
    return _header(text) is not None


def columns(text: str) -> list[str] | None:
    """Return the columns that the first line names if `text` looks like a table, known or not; None if it does not."""
    header = _header(text)
    if header:
        return header.columns
    lines = [line for line in _opening(text) if line.strip() and not _SEPARATOR_LINE.fullmatch(line)][:3]
    for separator in _SEPARATORS:
        rows = [_cells(line, separator) for line in lines]
        if len(rows) > 1 and len(rows[0]) >= _MIN_COLUMNS and all(_is_name(cell) for cell in rows[0]):
            width = len(rows[0])
            if all(len(row) == width for row in rows[1:]) or any('"' in line for line in lines[1:]):
                return rows[0]
    return None


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers of the rows in order; a row that cannot be read is a BadRecord at its first line."""
    header = _header(text)
    if header is None:
        return
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL_CHARS))
    for line, row in _rows(text, header):
        if isinstance(row, BadRecord):
            yield row
        elif any(cell.strip() for cell in row) and row != header.columns:
            yield _paper(header, row, line)


def _opening(text: str) -> list[str]:
    return text[:_HEAD_CHARS].replace("\0", "").split("\n")[: _MAX_LINES_BEFORE_HEADER * 2]


def _header(text: str) -> _Header | None:
    separators, seen = _SEPARATORS, 0
    for number, line in enumerate(_opening(text)):
        if match := _SEPARATOR_LINE.fullmatch(line):
            separators = match["separator"]
            continue
        if not line.strip():
            continue
        choices = [
            (_known(cells), len(cells), separator, cells) for separator in separators if (cells := _cells(line, separator))
        ]
        known, count, separator, cells = max(choices, default=(0, 0, "", []))
        if known >= _MIN_COLUMNS and count >= _MIN_COLUMNS:
            return _Header(number, separator, cells)
        seen += 1
        if seen >= _MAX_LINES_BEFORE_HEADER:
            return None
    return None


def _known(cells: list[str]) -> int:
    """Return how many fields the cells name, 0 when none is the title."""
    found = {fields.field(cell) for cell in cells} - {None}
    return len(found) if "title" in found else 0


def _is_name(cell: str) -> bool:
    return 0 < len(cell) <= _MAX_NAME_CHARS and any(c.isalpha() for c in cell) and not cell.endswith((".", "?", "!"))


def _cells(line: str, separator: str) -> list[str]:
    """Return the cells of a line that has no line breaks in quotes."""
    try:
        return [cell.strip(" \t\r\ufeff") for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])]
    except csv.Error:
        return []


def _rows(text: str, header: _Header) -> Iterator[tuple[int, list[str] | BadRecord]]:
    """Yield each row with its first line, counted from 1.

    A quote that is never closed takes in the rows after it. Such a row is read again, up to its line's end and with quotes as
    mere characters.
    """
    text = text.replace("\0", "")
    number, budget = header.line + 1, _MAX_REREAD * (text.count("\n") + 1)  # of the line, from 0
    place = next(islice((place for place, _ in text_lines.each(text)), header.line, None))  # of its first character
    while place <= len(text):
        reader = _Reader(text, place, header.separator)
        while True:
            try:
                row = next(reader.rows, None)
            except csv.Error as error:
                yield number + 1, BadRecord(number + 1, f"not a row: {error}")
                return
            if row is None:
                return
            taken = reader.taken()
            if taken > 1 and budget > 0:
                after, line = next(text_lines.each(text, place))
                if _took_in_rows(row, header, alone := _unquoted(line, header)):
                    budget -= taken
                    yield number + 1, alone or BadRecord(number + 1, "a quote that is never closed")
                    number, place = number + 1, after
                    break
            yield number + 1, row
            number, place = number + taken, reader.place


class _Reader:
    """Reads rows from the character `place` of a text on; `place` is then where the next row begins."""

    def __init__(self, text: str, place: int, separator: str) -> None:
        self.place = place
        self.rows = csv.reader(self._lines(text), delimiter=separator)
        self._counted = 0

    def taken(self) -> int:
        """Return how many lines were read since the last call."""
        before, self._counted = self._counted, self.rows.line_num
        return self._counted - before

    def _lines(self, text: str) -> Iterator[str]:
        for place, line in text_lines.each(text, self.place):
            self.place = place
            yield f"{line}\n"


def _took_in_rows(row: list[str], header: _Header, alone: list[str] | None) -> bool:
    """Whether a row took in others: it is short, and a line of a cell has as many separators as a whole row; or an odd quote
    is in a cell of several lines, and the first line `alone` is a whole row."""
    long_cells = [cell.split("\n") for cell in row if "\n" in cell]
    separators = len(header.columns) - 1
    if len(row) < len(header.columns):
        return any(line.count(header.separator) >= separators for lines in long_cells for line in lines[1:])
    return alone is not None and any("\n".join(lines).count('"') % 2 for lines in long_cells)


def _unquoted(line: str, header: _Header) -> list[str] | None:
    """Return the cells of a line with quotes as mere characters, if it has as many as the header."""
    row = [cell.strip('"') for cell in line.split(header.separator)]
    return row if len(row) == len(header.columns) else None


def _paper(header: _Header, row: list[str], line: int) -> Paper | BadRecord:
    width = len(header.columns)
    if any(cell.strip() for cell in row[width:]):
        if fields.field(header.columns[-1]) != "abstract":
            return BadRecord(line, f"{len(row)} cells where the header has {width}")
        row = [*row[: width - 1], header.separator.join(row[width - 1 :])]
    row = [cell[1:] if _GUARDED.match(cell) else cell for cell in row]
    named = [(name, cell) for name, cell in zip(header.columns, row, strict=False) if cell.strip()]
    key = fields.exported_id(dict(zip(header.columns, row, strict=False)))
    return record.paper(replace(_record(fields.grouped(named)), key=key), line)


def _record(values: dict[str, list[str]]) -> Record:
    def first(field: str) -> str:
        return next(iter(values.get(field, ())), "")

    count = re.fullmatch(r"(\d{1,6})(?:\.0)?", first("author_count").strip())
    return Record(
        title=first("title"),
        abstract=first("abstract"),
        authors=fields.names(first("authors")),
        author_count=int(count[1]) if count else None,
        published=fields.published(*(values.get(name, []) for name in ("published", "year", "month", "day"))),
        organisation=first("organisation"),
        url=first("url"),
        ids=tuple(line for text in values.get("ids", ()) for line in text.splitlines()),
        pmid=first("pmid").removesuffix(".0"),
        number=first("number") or None,
    )
