"""What Markdown and LaTeX share: numbers for keys, and the marks that take the place of citations."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SENTENCE_START = re.compile(r"(?:[.!?:][\"'”’)\]]*|^)\s*\Z")
_AS_SUBJECT = "he paper "  # between T or t and the mark: one that follows a full stop would be of the sentence before it
_BEFORE = 20  # characters before a citation that tell whether a sentence begins with it


@dataclass(slots=True)
class Numbers:
    """Numbers for keys, from 1 on, in the order in which they are met."""

    of: dict[str, int] = field(default_factory=dict)

    def marks(self, keys: list[str]) -> str:
        """Return the marks of `keys`: [1][2]."""
        return "".join(f"[{self.of.setdefault(key, len(self.of) + 1)}]" for key in keys)

    def keys(self) -> dict[int, str]:
        return {n: key for key, n in self.of.items()}


def as_subject(found: re.Match[str], marks: str) -> str:
    """Return what takes the place of a citation that is a part of its sentence."""
    first = _SENTENCE_START.search(found.string[max(0, found.start() - _BEFORE) : found.start()])
    return f"{'T' if first else 't'}{_AS_SUBJECT}{marks}"


def blanked(found: re.Match[str]) -> str:
    """Return the line ends of what was found."""
    return "\n" * found[0].count("\n")
