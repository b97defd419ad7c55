"""Reads the figures of a text, in digits or words, with their units: "3.5–4.1%", "20k", "two thirds", "an order of magnitude".

Digits inside names ("GPT-4", "512x512", "CO2") are marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rag.text import figure_digits, figure_words
from rag.text.figure_tokens import Number, Tokens
from rag.text.figure_units import Unit

_HEDGES = dict.fromkeys(
    "about around roughly approximately approx nearly almost some circa ca close order neighbourhood".split(), "about"
)
_HEDGES |= dict.fromkeys("neighborhood sim ~ ≈ ∼".split(), "about")
_HEDGES |= dict.fromkeys(
    "over above beyond exceed exceeds exceeding exceeded upward upwards least more > ≥ good odd".split(), "over"
)
_HEDGES |= dict.fromkeys("under below less fewer within barely < ≤".split(), "under")
_HEDGE_REACH = 4  # tokens before a figure that may hold its hedge
_JOINT = re.compile(r"\s?(?:[-–—~/,]|--|,?\s?(?:to|and|or)(?:\sup\sto|\sthe\sother)?)\s?")
_MAX_JOINT = 14  # characters between the numbers of a range or a row


def read(text: str) -> list[Number]:
    """Return the figures of `text`, in order, those inside names too. Takes time linear in its length."""
    return _with_shared_units(list(_numbers(Tokens(text))), text)


def _numbers(tokens: Tokens) -> Iterator[Number]:
    i = 0
    while i < len(tokens):
        number, after = None, i + 1
        if tokens.at(i).kind == "n":
            number, after = figure_digits.read(tokens, i)
        elif tokens.at(i).kind == "w":
            number, after = figure_words.read(tokens, i)
        if number is not None:
            yield replace(number, hedge=_hedge(tokens, i))
        i = max(after, i + 1)


def _hedge(tokens: Tokens, i: int) -> str:
    for j in range(i - 1, i - 1 - _HEDGE_REACH, -1):
        token = tokens.at(j)
        if token.kind == "n" or token.text in (",", ";", ":", ".", ""):
            return ""
        hedge = _HEDGES.get(token.text.lower(), "")
        if hedge:
            return hedge
    return ""


def _with_shared_units(numbers: list[Number], text: str) -> list[Number]:
    """Give "3.5–4.1%" and "seven to thirteen billion" the unit and the scale of their last number as further readings."""
    shared: list[Number] = []
    for number in reversed(numbers):
        following = shared[-1] if shared else None
        if following and number.plain and not number.name and 0 <= following.start - number.end <= _MAX_JOINT:
            joined = _JOINT.fullmatch(text[number.end : following.start])
            if joined:
                number = replace(number, others=(*number.others, *_readings(number, following)), scale=following.scale)
        shared.append(number)
    return shared[::-1]


def _readings(number: Number, following: Number) -> tuple[tuple[float, Unit | None], ...]:
    units = [unit for unit in (following.unit, *(unit for _, unit in following.others)) if unit]
    scales = [1.0, following.scale] if following.scale != 1 else [1.0]
    read = [(number.value * scale, unit) for scale in scales for unit in (None, *units)]
    return tuple(dict.fromkeys(reading for reading in read if reading != (number.value, None)))
