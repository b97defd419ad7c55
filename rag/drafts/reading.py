"""Reads a draft in Markdown or LaTeX: its prose, with a number for each work that it cites.

Markdown cites as Pandoc does, [@key; @other, p. 3] or @key, or by numbers with a list of references: [1], and below
"[1] Title". LaTeX cites by \\cite and its kin. Lines stay where they are, so that a sentence is found again in the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from rag.drafts import tex
from rag.drafts.marks import Numbers, as_subject, blanked

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
    numbers = Numbers()
    return _draft(tex.prose(text, numbers), numbers.keys()) if tex.recognises(text) else _markdown(text, numbers)


def _markdown(text: str, numbers: Numbers) -> Draft:
    text = _FENCE.sub(blanked, _FRONT_MATTER.sub(blanked, text))
    text = _BRACKETED.sub(lambda found: numbers.marks([key["key"] for key in _KEY_INSIDE.finditer(found["inside"])]), text)
    text = _BARE.sub(lambda found: as_subject(found, numbers.marks([found["key"]])), text)
    if numbers.of or not _FIGURES_CITED.search(text):
        return _draft(text, numbers.keys())
    heads = list(_REFERENCES.finditer(text))
    start = heads[-1].start() if heads else next((m.start() for m in _REFERENCE.finditer(text) if m["square"]), len(text))
    listed = {int(found["square"] or found["plain"]): found["text"].strip() for found in _REFERENCE.finditer(text, start)}
    return _draft(text[:start], listed, listed=True)
