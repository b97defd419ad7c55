"""Reads a draft in Markdown or LaTeX: its prose, with a number for each work that it cites.

Markdown cites as Pandoc does, [@key; @other, p. 3] or @key, or by numbers with a list of references: [1], and below
"[1] Title". LaTeX cites by \\cite and its kin. Lines stay where they are, so that a sentence is found again in the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from rag.sources import latex

_LATEX = re.compile(r"\\(?:documentclass|begin\{|section|chapter|[a-zA-Z]*cite[a-zA-Z]*\*?[\[{])")
_CITE = re.compile(r"~?\\(?P<command>[a-zA-Z]*cite[a-zA-Z]*)\*?(?:\s*\[[^\]]*\]){0,2}\s*\{(?P<keys>[^{}]*)\}")
_TEXTUAL = re.compile(r"(?:text|new|short)cite|cite(?:t|alt|author)p?\Z", re.IGNORECASE)  # the authors are part of the sentence
_SENTENCE_START = re.compile(r"(?:[.!?:][\"'”’)\]]*|^)\s*\Z")
_AS_SUBJECT = (
    "he paper "  # after T or t, before the mark of such a citation: a mark behind a full stop is of the sentence before it
)
_BEFORE = 20  # characters before a citation that tell whether a sentence begins with it
_COMMENT = re.compile(r"(?<!\\)%.*")
_BODY = re.compile(r"\\begin\{document\}(?P<body>.*?)(?:\\end\{document\}|\Z)", re.DOTALL)
# What has no prose, with what is in it.
_APART = re.compile(
    r"\\begin\{(?P<name>equation|align|gather|multline|figure|table|tabular|tikzpicture|verbatim|lstlisting|algorithm|thebibliography"
    r")\*?\}.*?\\end\{(?P=name)\*?\}|\\\[.*?\\\]|\$\$.*?\$\$",
    re.DOTALL,
)
_HEADING = re.compile(r"\\(?:part|chapter|(?:sub)*section|(?:sub)?paragraph)\*?\s*(?:\[[^\]]*\])?\{(?P<title>[^{}]*)\}")
_ITEM = re.compile(r"\\item\b(?:\[[^\]]*\])?[ \t]*")
_COMMAND_LINE = re.compile(
    r"^[ \t]*\\(?:begin|end|label|usepackage|bibliography|bibliographystyle|maketitle|title|author|date|input|include)\b.*$",
    re.MULTILINE,
)
_KEY = r"@(?P<{}>[\w][\w:.#$%&+?<>~/-]*[\w]|\w)"
_BRACKETED = re.compile(r"\[(?P<inside>[^\[\]]*@[\w][^\[\]]*)\]")
_KEY_INSIDE = re.compile(r"-?" + _KEY.format("key"))
_BARE = re.compile(r"(?<![\w.@/])" + _KEY.format("key") + r"(?:[ ]\[[^\[\]]*\])?")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n(?:---|\.\.\.)\n", re.DOTALL)
_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_REFERENCES = re.compile(r"^#{1,6}[ \t]*(?:references|bibliography|works cited|sources)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_REFERENCE = re.compile(
    r"^[ \t]*(?:[-*][ \t]+)?(?:\[(?P<square>\d{1,3})\]:?|(?P<plain>\d{1,3})\.)[ \t]+(?P<text>\S.*)$", re.MULTILINE
)
_OPENS = re.compile(r"[ \t]*(?:[#>|]|[-*+][ \t]|\d{1,2}[.)][ \t]|$)")  # a line that does not go on from the one before
_ENDS = re.compile(r"[ \t]*(?:[#|]|$)")  # a line that does not go on in the next
_FIGURES_CITED = re.compile(r"\[\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\]")


@dataclass(frozen=True, slots=True)
class Draft:
    """The prose of a file, with citations as [n], on the lines where it stood.

    Wrapped lines are joined in `text`. `keys` has what each number stands for: a key, or with `listed` the line of a reference
    list.
    """

    text: str
    keys: Mapping[int, str]
    listed: bool
    _lines: str

    def line(self, offset: int) -> int:
        """Return the line of the file, from 1 on, at which text[offset] stands."""
        return self._lines.count("\n", 0, offset) + 1


def _draft(text: str, keys: Mapping[int, str], *, listed: bool = False) -> Draft:
    lines = text.split("\n")
    ends = ["\n" if _ENDS.match(line) or _OPENS.match(after) else " " for line, after in pairwise(lines)]
    joined = "".join(line + end for line, end in zip(lines, [*ends, ""], strict=True))
    return Draft(joined, keys, listed, text)


def read(text: str) -> Draft:
    """Return the draft that `text` is, in LaTeX if it looks so, else in Markdown."""
    return _latex(text) if _LATEX.search(text) else _markdown(text)


@dataclass(slots=True)
class _Numbers:
    """Numbers for keys, from 1 on, in the order in which they are met."""

    of: dict[str, int] = field(default_factory=dict)

    def marks(self, keys: list[str]) -> str:
        return "".join(f"[{self.of.setdefault(key, len(self.of) + 1)}]" for key in keys)

    def keys(self) -> dict[int, str]:
        return {n: key for key, n in self.of.items()}


def _latex(text: str) -> Draft:
    numbers = _Numbers()
    text = _COMMENT.sub("", text)
    if body := _BODY.search(text):
        text = _blank(text[: body.start("body")]) + body["body"]
    text = _APART.sub(_blanked, text)
    text = _HEADING.sub(lambda found: _lines_of(found[0], f"# {latex.plain(found['title'])}"), text)
    text = _COMMAND_LINE.sub("", text)
    text = _CITE.sub(lambda found: _cited(found, numbers), text)
    text = _ITEM.sub("- ", text)
    return _draft("\n".join(_plain(line) for line in text.split("\n")), numbers.keys())


def _cited(found: re.Match[str], numbers: _Numbers) -> str:
    marks = numbers.marks(_split(found["keys"]))
    apart = "" if found.string[: found.start()][-1:].strip() == "" else " "
    textual = _TEXTUAL.search(found["command"])
    return _lines_of(found[0], apart + (_as_subject(found, marks) if textual else marks))


def _as_subject(found: re.Match[str], marks: str) -> str:
    """Return what takes the place of a citation that is a part of its sentence."""
    first = _SENTENCE_START.search(found.string[max(0, found.start() - _BEFORE) : found.start()])
    return f"{'T' if first else 't'}{_AS_SUBJECT}{marks}"


def _plain(line: str) -> str:
    """Return a line of LaTeX as text. A bracket with numbers stays, and so does what begins a line."""
    start = line[: len(line) - len(line.lstrip(" \t#-"))]
    return start + latex.plain(line[len(start) :]) if line.strip() else ""


def _markdown(text: str) -> Draft:
    text = _FENCE.sub(_blanked, _FRONT_MATTER.sub(_blanked, text))
    numbers = _Numbers()
    text = _BRACKETED.sub(lambda found: numbers.marks([key["key"] for key in _KEY_INSIDE.finditer(found["inside"])]), text)
    text = _BARE.sub(lambda found: _as_subject(found, numbers.marks([found["key"]])), text)
    if numbers.of or not _FIGURES_CITED.search(text):
        return _draft(text, numbers.keys())
    heads = list(_REFERENCES.finditer(text))
    start = heads[-1].start() if heads else next((m.start() for m in _REFERENCE.finditer(text) if m["square"]), len(text))
    listed = {int(found["square"] or found["plain"]): found["text"].strip() for found in _REFERENCE.finditer(text, start)}
    return _draft(text[:start], listed, listed=True)


def _split(keys: str) -> list[str]:
    return [key.strip() for key in keys.split(",") if key.strip()]


def _blank(text: str) -> str:
    return "\n" * text.count("\n")


def _blanked(found: re.Match[str]) -> str:
    return _blank(found[0])


def _lines_of(before: str, after: str) -> str:
    """Return `after` with as many line ends as stood in `before`."""
    return after + _blank(before)
