"""Finds the figures of a claim in the sentences of an abstract, as written there or by an easy computation.

A figure may be rounded ("about 30%" for 29.6%), spelled ("three quarters" for 75%), in another unit ("two days" for 48 hours)
or follow from what a sentence says ("doubles" for "100% more", "a point worse" for 11.9 against 10.8).
What a figure counts is not compared: that is left to the words around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.text import figure_reading
from rag.text.figure_tokens import Number
from rag.text.figure_units import FRACTION, PERCENT, POINTS, RELATIVE, TIMES, UNMEASURED, Unit
from rag.text.quantities import Quantity

_MAX_ROUNDING_SHARE = 0.08  # of the value, for a figure rounded to its last place
_TOLERANCES = {"about": 0.05, "over": 0.05, "under": 0.05}  # share of the value, for digits
_SPELLED_TOLERANCES = {"": 0.08, "about": 0.1, "over": 0.15, "under": 0.15}  # for relative figures in words
_SAME = 1e-6  # share of the value by which equal values may differ
_MAX_FIGURES = 50  # of a claim; further ones are ignored, so that no text takes long
_NEIGHBOURS = 8  # figures of a sentence that are compared with each other
_BINARY = 1.024  # 64k may be 65,536

Reading = tuple[float, Unit | None]


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
    stated = [figure_reading.read(sentence) for sentence in sentences]
    found = {(n.value, n.unit, n.hedge): n for n in reversed(figure_reading.read(claim)) if _is_figure(n)}
    return [_figure(n, claim, stated) for n in sorted(found.values(), key=lambda n: n.start)[:_MAX_FIGURES]]


def _is_figure(number: Number) -> bool:
    pronoun = number.spelled and number.plain and number.value <= 1
    return not (number.name or pronoun)


def _figure(number: Number, claim: str, stated: list[list[Number]]) -> Figure:
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


def _readings(number: Number) -> tuple[Reading, ...]:
    return ((number.value, number.unit), *number.others)


def _states(numbers: list[Number], claimed: Number) -> bool:
    """Whether a sentence with `numbers` states `claimed`."""
    if any(_equal(claimed, reading, n) for n in numbers for reading in _readings(n)):
        return True
    if claimed.parts and all(any(n.value == part for n in numbers) for part in claimed.parts if part != 1):
        return True
    return _follows(numbers, claimed)


def _equal(claimed: Number, reading: Reading, stated: Number) -> bool:
    value, unit = reading
    for mine, my_unit in _readings(claimed):
        factor = _conversion(my_unit, unit, claimed, stated)
        if factor and _close(claimed, mine, value * factor, stated.step * factor):
            return True
    return False


def _conversion(claimed: Unit | None, stated: Unit | None, number: Number, other: Number) -> float:
    """Return by what to multiply a value in unit `stated` to have one in unit `claimed`; 0 when that is not possible."""
    if claimed == stated:
        return 1.0
    if claimed is None or stated is None:
        unit = claimed or stated
        return 1.0 if other.name or (unit and unit.dimension in UNMEASURED and unit != FRACTION) else 0.0
    if claimed.dimension == stated.dimension:
        return stated.factor / claimed.factor
    return 1.0 if (claimed, stated) == (POINTS, PERCENT) else 0.0


def _close(claimed: Number, mine: float, value: float, step: float) -> bool:
    """Whether `mine`, the value of `claimed`, is `value`, rounded or about."""
    if mine == value or abs(mine - value) <= _SAME * abs(value):
        return True
    if claimed.is_year or not mine or not value:
        return False
    share = (value - mine) / mine
    own_step = claimed.step * (mine / claimed.value if claimed.value else 1)
    rounded = step < own_step and abs(value - mine) <= own_step / 2 * (1 + _SAME) and abs(share) <= _MAX_ROUNDING_SHARE
    relative = claimed.spelled and claimed.unit is not None and claimed.unit.dimension in RELATIVE
    return rounded or _binary(claimed, value / mine) or _hedged(claimed.hedge, share, relative=relative)


def _binary(claimed: Number, ratio: float) -> bool:
    return claimed.scale > 1 and any(abs(ratio - _BINARY**n) < _SAME for n in (1, 2, 3))


def _hedged(hedge: str, share: float, *, relative: bool) -> bool:
    """Whether a figure with `hedge` may be off by `share` of its value, positive when the true value is larger."""
    tolerances = _SPELLED_TOLERANCES if relative else _TOLERANCES
    tolerance = tolerances.get(hedge, 0.0)
    if hedge == "over":
        return -0.02 <= share <= tolerance
    if hedge == "under":
        return -tolerance <= share <= 0.02
    return abs(share) <= tolerance


def _follows(numbers: list[Number], claimed: Number) -> bool:
    """Whether `claimed`, a share, a factor or a difference, follows from one or two of `numbers`."""
    if claimed.unit in (FRACTION, TIMES, PERCENT):
        goals = _goals(claimed.value, claimed.unit)
        shares = [
            share for n in numbers for reading in _readings(n) for share in _shares(reading) if reading[1] != claimed.unit
        ]
        if any(_share_close(claimed, goal, share) for goal in goals for share in shares):
            return True
        if any(_share_close(claimed, goal, s) for goal in goals for a, b in _pairs(numbers) for s in _pair_shares(a, b)):
            return True
    if claimed.unit in (None, POINTS, PERCENT):
        return any(_close(claimed, claimed.value, abs(a.value - b.value), min(a.step, b.step)) for a, b in _pairs(numbers))
    return False


def _goals(value: float, unit: Unit) -> tuple[float, ...]:
    """Return the shares of one that a claimed figure stands for: 2x is 2 and 0.5, 30% is 0.3."""
    if unit == TIMES:
        return (value, 1 / value) if value else ()
    return (value / 100,) if unit == PERCENT else (value,)


def _shares(reading: Reading) -> tuple[float, ...]:
    """Return the shares that a stated figure may mean: 20% is 0.2, 0.8 ("20% less") and 1.2 ("20% more")."""
    value, unit = reading
    if unit == TIMES and value:
        return value, 1 / value, value - 1, 1 - 1 / value
    if unit in (PERCENT, FRACTION):
        share = value / 100 if unit == PERCENT else value
        return share, 1 - share, 1 + share
    return ()


def _pair_shares(a: Number, b: Number) -> tuple[float, ...]:
    if not a.value or not b.value:
        return ()
    ratio = a.value / b.value
    return ratio, 1 / ratio, abs(1 - ratio), abs(1 - 1 / ratio)


def _pairs(numbers: list[Number]) -> Iterator[tuple[Number, Number]]:
    """Yield the pairs of `numbers` that are near each other and in one unit."""
    values = [n for n in numbers if not (n.name or n.is_year or n.unit in (FRACTION, TIMES))]
    for i, a in enumerate(values):
        for b in values[i + 1 : i + 1 + _NEIGHBOURS]:
            units = {unit for _, unit in _readings(a)} & {unit for _, unit in _readings(b)}
            if units and a.value != b.value:
                yield a, b


def _share_close(claimed: Number, goal: float, share: float) -> bool:
    return _close(claimed, goal, share, 0.0)


def _has_number(stated: Number, claimed: Number) -> bool:
    """Whether the digits of `claimed` stand in a sentence, in whatever unit."""
    return not claimed.parts and stated.value == claimed.value
