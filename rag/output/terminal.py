"""Markdown for a terminal, as it comes: tables as lists, titles without asterisks, code as it is, no control characters."""

from __future__ import annotations

import re

from rag.text import tables

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a reply could control the terminal with them
_BOLD_LINE = re.compile(r"^\*\*(.+)\*\*$", re.MULTILINE)
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^`\n]*)\n?")


def plain(markdown: str) -> str:
    """Return the whole of a text for a terminal."""
    text = TerminalText()
    return text.add(markdown) + text.end()


def printable(text: str) -> str:
    """Return `text` without control characters."""
    return _CONTROL.sub("", text)


class TerminalText:
    """Turns Markdown that comes in pieces into what a terminal shows, which never changes afterwards.

    A row of a table becomes its label with a line for each further cell, which begins with the head of its column. The head of
    a table is held back until the line under it tells that it is one.
    """

    def __init__(self) -> None:
        self._line = ""  # the line that has begun, as it came
        self._held = ""  # a line that may be the head of a table
        self._heads: list[str] = []  # of the columns of the table that is being read
        self._rows = 0  # of that table
        self._fence = ""  # of the code that is being read

    def add(self, markdown: str) -> str:
        """Take the next piece; return what can be printed."""
        shown = ""
        for piece in markdown.splitlines(keepends=True):
            before, self._line = self._line, self._line + piece
            if self._fence:
                shown += piece
            elif not self._line.startswith("|"):
                shown += self._leave() + _BOLD_LINE.sub(lambda title: title[1].replace("\\*", "*"), piece)
            elif self._heads:
                shown += self._row(self._line).removeprefix(self._row(before) if before else "")
            elif piece.endswith("\n"):
                shown += self._head()
            if piece.endswith("\n"):
                self._rows += bool(self._heads)
                self._read_fence()
                self._line = ""
        return printable(shown)

    def end(self) -> str:
        """Return what was held back; the text is complete."""
        begun = self._line.startswith("|") and not self._heads and not self._fence
        held, self._line = self._line if begun else "", ""
        return printable(self._leave() + held)

    def _read_fence(self) -> None:
        """Note that the line begins code or ends it."""
        fence = _FENCE.fullmatch(self._line)
        if fence and not self._fence:
            self._fence = fence[1]
        elif fence and fence[1].startswith(self._fence) and not fence[2].strip():
            self._fence = ""

    def _leave(self) -> str:
        """Return the line that was no head of a table after all; the table before ends."""
        held, self._held, self._heads, self._rows = self._held, "", [], 0
        return held

    def _head(self) -> str:
        """Take a whole line: the head of a table, or the rule under it. Return a line held before that was no head."""
        if self._held and tables.RULE.fullmatch(self._line.rstrip()):
            self._heads, self._held, self._rows = _cells(self._held), "", -1  # the rule is no row
            return ""
        held, self._held = self._held, self._line
        return held

    def _row(self, line: str) -> str:
        """Return a row, or as much of it as has come."""
        label, *cells = _cells(line) or [""]
        if not line.rstrip("\n")[1:].count("|"):
            return ""  # the label has not ended
        heads = [*self._heads[1:], *[""] * len(cells)]
        under = zip(heads, cells, strict=False)
        told = [f"- {head}: {cell}" if head else f"- {cell}" for head, cell in under if cell]
        return "\n" * (self._rows > 0) + "\n".join([label, *told]) + "\n" * line.endswith("\n")


def _cells(line: str) -> list[str]:
    if not line.endswith("\n"):
        line = line.rstrip("*\\")  # what follows may belong to it
    return [line[a:b].strip().replace("**", "").replace("\\|", "|") for a, b in tables.cells(line, 0, len(line))]
