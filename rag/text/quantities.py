"""Numbers with their units, as the grounding check compares them: "27.5 %" is 27.5 percent, "10M" ten million.

Knows percentages, factors ("3x", "threefold"), times, bytes, bits and magnitudes; a number beside any other word has no unit.
Digits inside names ("GPT-4", "512x512") are no quantities.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SCALES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9}
_SCALES |= {"t": 1e12, "trillion": 1e12}
_WORDS = {word: n for n, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
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
_GAP = "(?:[ \u00a0\u2009\u202f-]|\\\\[,; ])?"
_QUANTITY = re.compile(
    rf"(?:\b(?P<about>{_ABOUT})\s*|(?<![\w.^]))(?<![A-Za-z][-–])(?P<number>{_FIGURE}|(?:{'|'.join(_WORDS)})(?=[\s-]|fold))(?![\d^])"
    rf"(?:{_GAP}(?P<scale>k|thousand|m|mn|million|b|bn|billion|t|trillion)(?![a-z]))?"
    rf"(?:{_GAP}(?:{'|'.join(f'(?P<u{n}>{unit})' for n, unit in enumerate(_UNITS.values()))})|(?!\.?[A-Za-z0-9]))",
    re.IGNORECASE,
)
_RAW = re.compile(rf"({_FIGURE})(?:(k|m|b|t)(?![a-z0-9]))?", re.IGNORECASE)  # "LLaMA-65B" too
_SEPARATOR = re.compile(r"(?<=\d)(?:\\,|\{,\}|[ \u00a0\u2009\u202f])(?=\d{3}(?!\d))")  # thousands, in LaTeX or with a space
_NEAR = 0.025  # 32K is 32,768, and 64k 65,536


@dataclass(frozen=True, slots=True)
class Quantity:
    """`value` as a plain number, `unit` a key of the table above or None, `shown` as it was written."""

    value: float
    unit: str | None
    shown: str
    start: int
    rounded: bool = False  # "about 80%", or a magnitude such as 32K: the exact figure may differ a little
    spelled: bool = False  # "three"


def find(text: str) -> list[Quantity]:
    """Return the quantities of `text` in order."""
    return [_quantity(match) for match in _QUANTITY.finditer(text)]


def _quantity(match: re.Match[str]) -> Quantity:
    number, scale = match["number"].lower(), match["scale"]
    value = float(_WORDS[number]) if number in _WORDS else float(number.replace(",", ""))
    unit = next((name for n, name in enumerate(_UNITS) if match[f"u{n}"]), None)
    rounded = bool(match["about"] or scale)
    return Quantity(
        value * (_SCALES[scale.lower()] if scale else 1),
        unit,
        match.group()[match.start("number") - match.start() :].strip(),
        match.start("number"),
        rounded,
        number in _WORDS,
    )


def known(evidence: str) -> list[Quantity]:
    """Return every number of `evidence`, in names and formulas too, where it counts without a unit."""
    found = [*find(evidence), *find(_SEPARATOR.sub("", evidence))]
    raw = [_raw(match) for match in _RAW.finditer(evidence)]
    return [*found, *(r for r in raw if all(q.start != r.start for q in found))]


def _raw(match: re.Match[str]) -> Quantity:
    figure, scale = match.group(1), match.group(2)
    value = float(figure.replace(",", "")) * (_SCALES[scale.lower()] if scale else 1)
    return Quantity(value, None, match.group(), match.start(), bool(scale))


def absent(claim: str, evidence: Sequence[Quantity]) -> list[str]:
    """Return the figures of `claim`, as written, that `evidence` has not, or has with another unit.

    Spelled numbers ("two stages") are left alone: what they count is often listed without being counted.
    """
    wanted = [q for q in find(claim) if not q.spelled]
    return list(dict.fromkeys(q.shown for q in wanted if not any(_same(q, e) for e in evidence)))


def _same(claimed: Quantity, told: Quantity) -> bool:
    if claimed.unit and told.unit and claimed.unit != told.unit:
        return False
    if claimed.value == told.value:
        return True
    spread = max(abs(claimed.value), abs(told.value)) * _NEAR
    return (claimed.rounded or told.rounded) and abs(claimed.value - told.value) <= spread
