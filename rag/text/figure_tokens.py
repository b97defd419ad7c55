"""Tokens of a text for reading its figures: digits with their separators, words, and single signs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from rag.text.figure_units import Unit

_TOKEN = re.compile(
    r"(?P<n>\d{1,3}(?:(?:,|\{,\}|\\,|[ \u00a0\u2009\u202f])\d{3}(?!\d))+(?:\.\d+)?"
    r"|(?:\d+(?:\.\d+)*|(?<![\w.])\.\d+)(?:[eE][-+−]?\d{1,3}(?!\w))?)|(?P<w>[^\W\d_]+)|(?P<s>\S)"
)
_MAX_WORDS = 9  # of a number in words
_GAPS = frozenset("-\\$~{}")  # between a number and its unit: "5-fold", "30\\,ms", "$3\\times$"


Reading = tuple[float, Unit | None]


@dataclass(frozen=True, slots=True)
class Number:
    """A figure at text[start:end]. `step` is the value of its last place; `others` are further readings of it."""

    value: float
    unit: Unit | None
    step: float
    start: int
    end: int
    spelled: bool = False
    hedge: str = ""  # "about", "over" or "under"
    scale: float = 1.0  # 1e3 of "64k"
    name: bool = False  # digits inside a name
    plain: bool = False  # written with neither unit nor scale
    counted: bool = False  # a plain integer before what it counts: "20 languages"
    known: bool = False  # "the two policies", which need not be counted elsewhere
    change: bool = False  # "by 20%", "20% more"
    parts: tuple[float, ...] = ()  # (2, 3) of "two out of three"
    others: tuple[Reading, ...] = ()

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The value with its unit, as it reads first and in other ways."""
        return ((self.value, self.unit), *self.others)

    @property
    def is_count(self) -> bool:
        """Whether the figure is an integer without a unit."""
        return self.plain and self.unit is None and self.value.is_integer() and self.step >= 1

    @property
    def is_year(self) -> bool:
        return self.plain and not self.spelled and 1900 <= self.value <= 2100 and self.step == 1 and self.end - self.start == 4


class Token(NamedTuple):
    kind: str  # "n" for digits, "w" for a word, "s" for a sign
    text: str
    start: int
    end: int


END = Token("s", "", -1, -1)


class Tokens:
    """The tokens of a text. An index outside of it has an empty token."""

    def __init__(self, text: str) -> None:
        self._tokens = [Token(m.lastgroup or "s", m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)]
        self.in_names: set[int] = set()  # tokens that are digits inside a name

    def __len__(self) -> int:
        return len(self._tokens)

    def at(self, i: int) -> Token:
        return self._tokens[i] if 0 <= i < len(self._tokens) else END

    def word(self, i: int) -> str:
        return self.at(i).text.lower() if self.at(i).kind == "w" else ""

    def glued(self, i: int) -> bool:
        """Whether no space stands before token `i`."""
        return 0 < i < len(self._tokens) and self._tokens[i - 1].end == self._tokens[i].start

    def words(self, i: int) -> list[str]:
        """Return up to _MAX_WORDS words from token `i` on, joined by spaces or hyphens; empty strings end the words."""
        words: list[str] = []
        while len(words) < _MAX_WORDS and self.word(i):
            words.append(self.word(i))
            i += 2 if self.hyphen(i + 1) else 1
        return words

    def hyphen(self, i: int) -> bool:
        return self.at(i).text == "-" and self.glued(i) and self.glued(i + 1)

    def skip(self, i: int, words: int) -> int:
        """Return the index of the token after `words` words from token `i` on."""
        for n in range(words):
            i += 2 if n + 1 < words and self.hyphen(i + 1) else 1
        return i

    def gap(self, i: int) -> int:
        """Return the index of the first token from `i` on that is no gap between a number and its unit."""
        for j in range(i, i + 3):
            comma = self.at(j).text == "," and self.at(j - 1).text == "\\" and self.glued(j)
            if not (comma or (self.at(j).text in _GAPS and self.glued(j))) or not self.at(j).text:
                return j
        return i
