"""What an exported Markdown file is made of: answers, what their check found, and plain texts.

An answer is a model's Markdown, and is exported as the chat shows it: its headings stand under the one of its question, and its
links, images and HTML are text, so that a file that is opened loads nothing. Titles, questions and abstracts are plain texts:
their signs are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from rag.output import findings, signs
from rag.text.citations import CODE_BLOCK, prose
from rag.types import Answer, Paper

_SPACES = re.compile(r"\s+")
_SIGN = re.compile(
    r"[`*]|(?<![^\W_])_|_(?![^\W_])|\\(?=[!-/:-@\[-`{-~])|<(?=[a-z/!?])|\](?=[(\[])|&(?=#?\w+;)|~(?=~)", re.IGNORECASE
)
# What would be a link, an image or HTML; the end of a match is where a backslash makes it text. "<br>" breaks a line of a cell.
_ACTIVE = re.compile(
    r"(?<!\\)(?=<(?!br\s*/?>)(?:/?[a-z][a-z0-9+.-]*(?:[\s/>:]|$)|[!?]))|(?<=\])(?=\()|^ {0,3}(?=\[[^\]\n]{1,200}\]:)",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(r"^ {0,3}(?P<signs>#{1,6})(?=[ \t]|$)", re.MULTILINE)
_LEVELS = 2  # that a heading of an answer is lowered by, as in the chat


def escaped(text: str) -> str:
    """Return a plain text in one line of Markdown that shows it as it is."""
    return _SIGN.sub(r"\\\g<0>", _SPACES.sub(" ", text).strip())


def escaped_paper(paper: Paper) -> Paper:
    """Return `paper` as a reference in Markdown takes it: with title and authors escaped."""
    return replace(paper, title=escaped(paper.title), authors=tuple(map(escaped, paper.authors)))


def marked(answer: Answer) -> str:
    """Return the text of `answer` with its signs, as a part of a larger page. Code that was not ended is closed."""
    text = signs.marked(answer)
    read = prose(text)
    inserted = [(found.end(), "\\") for found in _ACTIVE.finditer(read)]
    for heading in _HEADING.finditer(read):
        level = len(heading["signs"])
        inserted.append((heading.start("signs"), "#" * (min(6, level + _LEVELS) - level)))
    for at, added in sorted(inserted, reverse=True):
        text = text[:at] + added + text[at:]
    return _closed(text)


def found(answer: Answer, number: Callable[[int], str] = str) -> str:
    """Return what the check found as a list, with what the abstracts say below each finding; "" without any."""
    made = []
    for line in findings.text(answer, number).splitlines():
        text = line.strip().replace(findings.BETWEEN_SIGNS, "; ")
        made.append(f"{'  ' * line.startswith(findings.INDENT)}- {escaped(text)}")
    return "\n".join(made)


def _closed(text: str) -> str:
    *_, last = [None, *CODE_BLOCK.finditer(text)]
    if last is None or last["closing"]:
        return text
    return f"{text.rstrip()}\n{last['indent']}{last['fence']}"
