"""Finds the figures of a claim in the sentences of an abstract, as written there or by an easy computation.

A figure may be rounded ("about 30%" for 29.6%), spelled ("three quarters" for 75%), in another unit ("two days" for 48 hours)
or follow from what a sentence says ("doubles" for "100% more", "a point worse" for 11.9 against 10.8).
What a figure counts is not compared: that is left to the words around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.text import figure_reading
from rag.text.figure_arithmetic import close, follows
from rag.text.figure_tokens import Number, Reading
from rag.text.figure_units import PERCENT, POINTS, TIMES, Unit
from rag.text.quantities import Quantity

_CACHED_SENTENCES = 256  # several claims are compared with one abstract
_MAX_FIGURES = 50  # of a claim; further ones are ignored, so that no text takes long


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a claim and the indexes of the sentences that state it.

    `other_unit` are the sentences that have its number with another unit. `spelled`: in words, which abstracts may leave
    uncounted ("two stages"). `relative`: a share, a factor or a change ("a third", "75x", "doubles").
    """

    quantity: Quantity
    places: tuple[int, ...]
    other_unit: tuple[int, ...]
    spelled: bool
    relative: bool


def figures(claim: str, sentences: Sequence[str]) -> list[Figure]:
    """Return the figures of `claim`, in digits or words, each with the indexes of the `sentences` that state it.

    Names with digits, ordinals, the pronoun "one" and numbers of a list are no figures. A figure occurs once.
    Takes time linear in the length of the texts.
    """
    found = {(n.value, n.unit): n for n in reversed(figure_reading.read(claim)) if _is_figure(n)}
    numbers = sorted(found.values(), key=lambda n: n.start)[:_MAX_FIGURES]
    stated = [_stated(sentence) for sentence in sentences] if numbers else []
    return [_figure(n, claim, stated) for n in numbers]


@lru_cache(maxsize=_CACHED_SENTENCES)
def _stated(sentence: str) -> tuple[Number, ...]:
    return tuple(figure_reading.read(sentence))


def _is_figure(number: Number) -> bool:
    pronoun = number.spelled and number.plain and number.value <= 1
    return not (number.name or pronoun or number.known)


def _figure(number: Number, claim: str, stated: Sequence[Sequence[Number]]) -> Figure:
    places = tuple(i for i, numbers in enumerate(stated) if _states(numbers, number))
    other_unit = tuple(
        i for i, numbers in enumerate(stated) if i not in places and any(_has_number(n, number) for n in numbers)
    )
    return Figure(
        quantity=Quantity(
            value=number.value,
            unit=number.unit.name if number.unit else None,
            shown=claim[number.start : number.end],
            start=number.start,
            rounded=bool(number.hedge),
            spelled=number.spelled,
        ),
        places=places,
        other_unit=other_unit,
        spelled=number.spelled,
        relative=number.unit is not None and number.unit.dimension in ("times", "fraction"),
    )


def _states(numbers: Sequence[Number], claimed: Number) -> bool:
    """Whether a sentence with `numbers` states `claimed`."""
    if any(_equal(claimed, reading, n) for n in numbers for reading in n.readings):
        return True
    if claimed.parts and all(any(n.value == part for n in numbers if n.is_count) for part in claimed.parts):
        return True
    return follows(numbers, claimed)


def _equal(claimed: Number, reading: Reading, stated: Number) -> bool:
    value, unit = reading
    for mine, my_unit in claimed.readings:
        factor = _conversion(claimed, my_unit, stated, unit)
        if factor and close(claimed, mine, value * factor, stated.step * factor):
            return True
    return False


def _conversion(claimed: Number, my_unit: Unit | None, stated: Number, unit: Unit | None) -> float:
    """Return by what to multiply a stated value in `unit` to have one in `my_unit`; 0 when they are not comparable."""
    if my_unit == unit:
        return 1.0
    if my_unit and unit:
        return (
            unit.factor / my_unit.factor if unit.dimension == my_unit.dimension else float((my_unit, unit) == (POINTS, PERCENT))
        )
    if stated.name:
        return float(my_unit is None or my_unit.dimension == "information")  # FP32 has 32 bits
    if my_unit:
        return float(my_unit in (PERCENT, POINTS, TIMES) and not stated.counted)
    return float(not claimed.counted)  # "from 9.5 minutes to 2.2" leaves out the unit of the second


def _has_number(stated: Number, claimed: Number) -> bool:
    """Whether the digits of `claimed` stand in a sentence, in whatever unit."""
    return not claimed.parts and stated.value == claimed.value
