"""Recognises the lines of a Markdown table, and finds and writes its cells."""

from __future__ import annotations

import re
from collections.abc import Iterable

ROW = re.compile(r"\s*\|.*\|\s*")
RULE = re.compile(r"\s*\|?[\s:|-]+\|[\s:|-]*")  # the line under the header
_CELL = re.compile(r"(?:[^|\\\n]|\\.)+")  # a bar that belongs to its text is escaped


def cells(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the spans of the cells of the row text[start:end], with the spaces about them; an empty cell has one."""
    begin = start + len(text[start:end]) - len(text[start:end].lstrip())
    stop = start + len(text[start:end].rstrip())
    return [m.span() for m in _CELL.finditer(text, begin, stop)]


def row(texts: Iterable[str]) -> str:
    """Return texts as a row of a table, each on one line and with its bars escaped."""
    return "| " + " | ".join(" ".join(text.replace("|", "\\|").split()) for text in texts) + " |"


def rule(columns: int) -> str:
    """Return the line under the header of a table with so many columns."""
    return "|" + " --- |" * columns
