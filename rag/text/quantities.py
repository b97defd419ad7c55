"""Numbers with their units, as quotations and mutated claims need them: "27.5 %" is 27.5 percent, "10M" is ten million.

The units are percentages, factors ("3x", "threefold"), times, bytes and bits. A number beside any other word has no unit.
Digits inside names ("GPT-4", "512x512") are not quantities.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9}
_SCALES |= {"t": 1e12, "trillion": 1e12}
_NUMBER_WORDS = {
    word: n for n, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
}
_UNITS = {
    "%": r"\\?%|percent(?:age)?(?: points?)?|pp\b",
    "times": r"x(?![a-z0-9])| ?×(?! ?\d)| times\b|-?fold\b",
    "ms": r"ms\b|milliseconds?\b",
    "seconds": r"s\b|sec(?:ond)?s?\b",
    "minutes": r"min(?:ute)?s?\b",
    "hours": r"h\b|hrs?\b|hours?\b",
    "days": r"days?\b",
    "weeks": r"weeks?\b",
    "months": r"months?\b",
    "years": r"years?\b",
    "kB": r"kb\b|kib\b|kilobytes?\b",
    "MB": r"mb\b|mib\b|megabytes?\b",
    "GB": r"gb\b|gib\b|gigabytes?\b",
    "TB": r"tb\b|tib\b|terabytes?\b",
    "bits": r"bits?\b",
}
_ABOUT = r"(?:about|around|roughly|approximately|nearly|almost|over|under|more than|less than|at least|up to|~|≈)"
_FIGURE = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_UNIT_GAP = "(?:[ \u00a0\u2009\u202f-]|\\\\[,; ])?"
_QUANTITY = re.compile(
    rf"(?:\b(?P<about>{_ABOUT})\s*|(?<![\w.^]))(?<![A-Za-z][-–])(?P<number>{_FIGURE}|(?:{'|'.join(_NUMBER_WORDS)})(?=[\s-]|fold))(?![\d^])"
    rf"(?:{_UNIT_GAP}(?P<scale>k|thousand|m|mn|million|b|bn|billion|t|trillion)(?![a-z]))?"
    rf"(?:{_UNIT_GAP}(?:{'|'.join(f'(?P<u{n}>{unit})' for n, unit in enumerate(_UNITS.values()))})|(?!\.?[A-Za-z0-9]))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text: `value` without its unit, `unit` a key of _UNITS or None, `shown` as written at offset `start`."""

    value: float
    unit: str | None
    shown: str
    start: int
    rounded: bool = False  # "about 80%" or a magnitude such as 32K: the exact value may differ a little
    spelled: bool = False  # "three"


def find(text: str) -> list[Quantity]:
    """Return the quantities of `text`, in order."""
    return [_quantity(match) for match in _QUANTITY.finditer(text)]


def _quantity(match: re.Match[str]) -> Quantity:
    number, scale = match["number"].lower(), match["scale"]
    value = float(_NUMBER_WORDS[number]) if number in _NUMBER_WORDS else float(number.replace(",", ""))
    unit = next((name for n, name in enumerate(_UNITS) if match[f"u{n}"]), None)
    rounded = bool(match["about"] or scale)
    return Quantity(
        value=value * (_SCALES[scale.lower()] if scale else 1),
        unit=unit,
        shown=match.group()[match.start("number") - match.start() :].strip(),
        start=match.start("number"),
        rounded=rounded,
        spelled=number in _NUMBER_WORDS,
    )
