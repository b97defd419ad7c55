"""Reads an answer's Markdown, and remembers for each piece of text where in the answer it stands.

Tables, lists, code and maths in \\( \\), \\[ \\] and $$ $$ are read. Links, images and HTML are not: an address that a model
writes is shown as it is, and leads nowhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline, backtick
from markdown_it.token import Token

_MATHS = re.compile(r"\\\((?P<round>.+?)\\\)|\\\[(?P<square>.+?)\\\]|\$\$(?P<dollars>.+?)\$\$", re.DOTALL)
_OPENINGS = {"\\[": "\\]", "$$": "$$"}  # of maths that begins a line
_MAX_MATHS_LINES = 40
_SHOWN = ("text", "text_special", "code_inline", "maths")  # tokens with text
_PLACE = "place"  # in a token's meta: where its text stands in the answer


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of text is answer[start:end]; `exact`: each of its characters stands there as it is shown."""

    start: int
    end: int
    exact: bool


def parsed(answer: str) -> list[Token]:
    """Return the tokens of `answer`; place() tells where the text of one stands."""
    text = answer.replace("\r", " ").replace("\0", "\ufffd")  # markdown-it would do so, and change the offsets
    tokens = _READER.parse(text)
    lines = _Lines(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline" and token.map:
            in_cell = before is not None and before.type in ("th_open", "td_open")
            _locate(token, lines.bases(token, in_cell=in_cell))
        elif token.type == "maths_block" and token.map:
            token.meta[_PLACE] = Place(*lines.span(*token.map), exact=False)
    return tokens


def place(token: Token) -> Place | None:
    """Return where the text of a token stands in the answer; None where that is not known."""
    found = token.meta.get(_PLACE)
    return found if isinstance(found, Place) else None


class _Lines:
    """The lines of an answer, and how far the cells of a row have been found."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._found: dict[int, int] = {}

    def span(self, first: int, last: int) -> tuple[int, int]:
        return self._starts[first], self._starts[last] - 1

    def bases(self, inline: Token, *, in_cell: bool) -> list[tuple[int, int]]:
        """Return for each line of the token's content its offset in it and in the answer; -1 where it is not found."""
        made, offset = [], 0
        first = inline.map[0] if inline.map else 0
        for n, part in enumerate(inline.content.split("\n"), first):
            line = self._lines[n] if n < len(self._lines) else ""
            shown = part.rstrip()
            at = line.find(shown, self._found.get(n, 0)) if in_cell else line.rstrip().rfind(shown)
            if at >= 0:
                self._found[n] = at + len(shown)
            made.append((offset, self._starts[n] + at if at >= 0 else -1))
            offset += len(part) + 1
        return made


def _locate(inline: Token, bases: list[tuple[int, int]]) -> None:
    """Set the places of an inline token's children, which follow each other as they do in its content."""
    at = 0
    for child in inline.children or ():
        source, exact = _source(child)
        start = inline.content.find(source, at) if source else -1
        if start < 0:
            continue
        at = start + len(source)
        offset, base = next(one for one in reversed(bases) if one[0] <= start)
        if base >= 0 and child.type in _SHOWN:
            child.meta[_PLACE] = Place(base + start - offset, base + at - offset, exact)


def _source(token: Token) -> tuple[str, bool]:
    """Return a token as it is written, and whether it is shown so."""
    if token.type == "text":
        return token.content, True
    if token.type == "code_inline":
        return token.meta["written"], False
    if token.type in ("softbreak", "hardbreak"):
        return "\n", False
    return token.markup, False


def _maths(state: StateInline, silent: bool) -> bool:
    """Read maths in a line."""
    if state.src[state.pos] not in "\\$":
        return False
    found = _MATHS.match(state.src, state.pos, state.posMax)
    if not found or not (found["round"] or found["square"] or found["dollars"]).strip():
        return False
    if not silent:
        token = state.push("maths", "math", 0)
        token.content, token.markup = found["round"] or found["square"] or found["dollars"], found.group()
        token.block = found["round"] is None
    state.pos = found.end()
    return True


def _maths_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read maths whose opening begins a line, and whose closing ends one, whatever Markdown would make of what is between."""
    if state.is_code_block(start):
        return False
    opening = state.src[state.bMarks[start] + state.tShift[start] :][:2]
    closing = _OPENINGS.get(opening)
    if closing is None:
        return False
    for last in range(start, min(end, start + _MAX_MATHS_LINES)):
        content = state.getLines(start, last + 1, state.blkIndent, False).strip()
        ended = content.rstrip(".,; ")
        if len(ended) > len(opening) + 1 and ended.endswith(closing) and ended[2:-2].strip():
            break
    else:
        return False
    if closing in ended[2:-2]:
        return False  # two formulas with words between them
    if not silent:
        token = state.push("maths_block", "math", 0)
        token.content, token.map, token.block = ended[2:-2], [start, last + 1], True
        token.info = content[len(ended) :]
        state.line = last + 1
    return True


def _written_code(state: StateInline, silent: bool) -> bool:
    """Read code in a line as markdown-it does, and keep how it is written."""
    start, before = state.pos, len(state.tokens)
    if not backtick(state, silent):
        return False
    for token in state.tokens[before:]:
        if token.type == "code_inline":
            token.meta["written"] = state.src[start : state.pos]
    return True


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.disable(["link", "image", "autolink", "html_inline", "html_block", "reference", "text_join"])
    reader.inline.ruler.before("escape", "maths", _maths)
    reader.inline.ruler.at("backticks", _written_code)
    reader.block.ruler.before("fence", "maths", _maths_block, {"alt": ["paragraph", "list", "blockquote"]})
    return reader


_READER = _reader()
