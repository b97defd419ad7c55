"""Reads the figures of a text, in digits or words, with their units: "3.5–4.1%", "20k", "two thirds", "an order of magnitude".

Digits inside names ("GPT-4", "512x512", "CO2") are marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rag.text import figure_digits, figure_units, figure_words
from rag.text.figure_tokens import Number, Tokens
from rag.text.figure_units import TIMES
from rag.text.words import STOP

_HEDGES = dict.fromkeys(
    "about around roughly approximately approx nearly almost some circa ca close order neighbourhood".split(), "about"
)
_HEDGES |= dict.fromkeys("neighborhood sim ~ ≈ ∼".split(), "about")
_HEDGES |= dict.fromkeys(
    "over above beyond exceed exceeds exceeding exceeded upward upwards least more > ≥ good odd".split(), "over"
)
_HEDGES |= dict.fromkeys("under below less fewer within < ≤".split(), "under")
_MORE = frozenset("more less increase improvement gain gains speedup reduction".split())  # after a change
_CHANGES = ("increas", "improv", "gain", "grow", "rise", "reduc", "decreas", "cut", "sav")  # how words of change begin
_REFERRING = frozenset("the these those its their other no".split())  # "the two policies": a group that is known
_DATED = frozenset("hour hours day days week weeks month months year years".split())  # units that stand before their number
_HEDGE_REACH = 4  # tokens before a figure that may hold its hedge
_JOINT = re.compile(r"\s?(?:(?P<range>-|–|—|~|--|to(?:\s(?:up\sto|about|over))?)|[/,]|,?\s?(?:and|or)(?:\s(?:about|over))?)\s?")
_MAX_JOINT = 14  # characters between the numbers of a range or a row


def read(text: str) -> list[Number]:
    """Return the figures of `text`, in order, those inside names too. Takes time linear in its length."""
    numbers = list(_numbers(Tokens(text)))
    kept = [n for n, before in zip(numbers, [None, *numbers], strict=False) if not (before and _is_rate(before, n, text))]
    return _with_shared_units(kept, text)


def _is_rate(before: Number, number: Number, text: str) -> bool:
    """Whether a time such as "an hour", directly after a figure, means per hour: "180 kg an hour", "twice a day"."""
    time = number.spelled and number.unit is not None and number.unit.dimension == "time"
    return (
        time and text[number.start : number.end].lower().startswith(("a ", "an ")) and text[before.end : number.start].isspace()
    )


def _numbers(tokens: Tokens) -> Iterator[Number]:
    i = 0
    while i < len(tokens):
        number, after = None, i + 1
        if tokens.at(i).kind == "n":
            number, after = figure_digits.read(tokens, i)
        elif tokens.at(i).kind == "w":
            number, after = figure_words.read(tokens, i)
        if number is not None:
            yield _in_context(tokens, number, i, after)
        i = max(after, i + 1)


def _in_context(tokens: Tokens, number: Number, before: int, after: int) -> Number:
    """Return `number`, which stands between the tokens `before` and `after`, with what its neighbours say of it."""
    first = after + 1 if tokens.hyphen(after) else after
    following = tokens.word(first)
    noun = following not in STOP and not following.endswith("er") and tokens.at(first).text == following != ""
    change = following in _MORE or following.endswith("er") or _is_changed(tokens, before)
    others = number.others
    if number.plain and tokens.word(before - 1) in _DATED:  # "day 28", "months 3 to 6"
        others = (*others, (number.value, figure_units.named(tokens.word(before - 1))))
    if number.spelled and number.is_count and tokens.word(before - 1) in _REFERRING:
        number = replace(number, known=True)
    if number.plain and "factor" in {tokens.word(before - n).removesuffix("s") for n in range(2, _HEDGE_REACH + 1)}:
        number = replace(number, unit=TIMES, plain=False)  # "by up to a factor of 10"
    return replace(number, hedge=_hedge(tokens, before), counted=noun and number.is_count, change=change, others=others)


def _is_changed(tokens: Tokens, i: int) -> bool:
    """Whether words before token `i` say that it is a change: "by 20%", "an improvement of 20%", not "rises from 20%"."""
    before = [tokens.word(i - n) for n in range(1, _HEDGE_REACH + 1)]
    return before[0] not in ("from", "to") and any(word == "by" or word.startswith(_CHANGES) for word in before)


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
            joint = _JOINT.fullmatch(text[number.end : following.start])
            number = _shared(number, following, in_range=joint["range"] is not None) if joint else number
        shared.append(number)
    return shared[::-1]


def _shared(number: Number, following: Number, *, in_range: bool) -> Number:
    """Return `number` with the units and the scale of `following` too; in a range it has no other unit."""
    units = list(dict.fromkeys([following.unit, *(unit for _, unit in following.others)]))
    if not in_range and None not in units:
        units = [None, *units]
    scales = [1.0, following.scale] if following.scale != 1 else [1.0]
    (value, unit), *others = dict.fromkeys((number.value * scale, unit) for scale in scales for unit in units)
    return replace(number, value=value, unit=unit, others=(*number.others, *others), scale=following.scale)
