"""Whether a claimed figure is a stated one, rounded or about, or follows from one or two figures of a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.text.figure_tokens import Number, Reading
from rag.text.figure_units import FRACTION, PERCENT, POINTS, RELATIVE, TIMES, UNMEASURED

_SAME = 1e-6  # share of the value by which equal values may differ
# Shares of the claimed value by which the true value may differ.
_MAX_ROUNDING = 0.08  # for a figure rounded to its last place
_MAX_HEDGED_ROUNDING = 0.16  # the same with "about": "about two" for 1.7
_HEDGED = {"about": 0.05, "over": 0.08, "under": 0.08}
_HEDGED_IN_WORDS = {"": 0.08, "about": 0.1, "over": 0.15, "under": 0.15}  # for shares and factors: "a third", "twice"
_MAX_OVER_TIMES = 0.25  # "over twice" may be 2.5 times
_WRONG_SIDE = 0.02  # "over 90" may be 89.9 where a text rounds
_PERCENT = 0.01
_BINARY = 1.024  # 64k may be 65,536
_NEIGHBOURS = 8  # figures of a sentence that are compared with each other


def close(claimed: Number, mine: float, value: float, step: float = 0.0) -> bool:
    """Whether `mine`, a reading of `claimed`, may stand for `value`, whose last place is worth `step`."""
    if mine == value or abs(mine - value) <= _SAME * abs(value):
        return True
    if claimed.is_year or not mine or not value:
        return False
    share = (value - mine) / mine
    own_step = claimed.step * (mine / claimed.value if claimed.value else 1)
    most = _MAX_HEDGED_ROUNDING if claimed.hedge else _MAX_ROUNDING
    rounded = step < own_step and abs(value - mine) <= own_step / 2 * (1 + _SAME) and abs(share) <= most
    binary = claimed.scale > 1 and any(abs(value / mine - _BINARY**n) < _SAME for n in (1, 2, 3))
    return rounded or binary or _hedged(claimed, share)


def _hedged(claimed: Number, share: float) -> bool:
    """Whether `claimed` may be off by `share` of its value, positive when the true value is larger."""
    in_words = claimed.spelled and claimed.unit is not None and claimed.unit.dimension in RELATIVE
    tolerance = (_HEDGED_IN_WORDS if in_words else _HEDGED).get(claimed.hedge, 0.0)
    tolerance = max(tolerance, claimed.step / 2 / claimed.value) if not in_words and claimed.value else tolerance
    if claimed.hedge == "over":
        return -_WRONG_SIDE <= share <= (_MAX_OVER_TIMES if in_words and claimed.unit == TIMES else tolerance)
    if claimed.hedge == "under":
        return -(1.0 if claimed.value == 1 else tolerance) <= share <= _WRONG_SIDE
    return abs(share) <= tolerance


def follows(numbers: Sequence[Number], claimed: Number) -> bool:
    """Whether `claimed`, a share, a factor or a difference, follows from one or two of the `numbers` of a sentence."""
    for mine, unit in claimed.readings:
        if unit in (FRACTION, TIMES, PERCENT):
            goals = (mine / 100,) if unit == PERCENT else (mine, 1 / mine) if unit == TIMES and mine else (mine,)
            shares = [s for n in numbers for reading in n.readings for s in _shares(n, reading, claimed)]
            shares += [s for a, b in _pairs(numbers) for s in _pair_shares(a, b, claimed)]
            if any(close(claimed, goal, share) for goal in goals for share in shares):
                return True
    return _is_difference(numbers, claimed)


def _shares(stated: Number, reading: Reading, claimed: Number) -> tuple[float, ...]:
    """Return the shares of one that a figure may mean: 20% is 0.2, 0.8 ("20% less") and 1.2 ("20% more")."""
    value, unit = reading
    if unit == claimed.unit:
        return ()
    if unit == TIMES and value and not claimed.parts:
        return 1 / value, value - 1, 1 - 1 / value
    if unit is None and claimed.unit == PERCENT and 0 < value < 1 and stated.step <= _PERCENT:
        return (value,)  # 97% for 0.97
    if unit not in (PERCENT, FRACTION):
        return ()
    share = value / 100 if unit == PERCENT else value
    if claimed.unit == TIMES:
        return (share, 1 - share, 1 + share) if stated.change else (share,)
    return (share, 1 - share) if claimed.unit == FRACTION and unit == PERCENT else (share,)


def _pair_shares(a: Number, b: Number, claimed: Number) -> tuple[float, ...]:
    low, high = sorted((a.value, b.value))
    if low <= 0:
        return ()
    ratio = low / high
    counts = a.is_count and b.is_count
    if claimed.unit == TIMES:
        return (ratio,)
    if claimed.parts or (claimed.unit == PERCENT and counts):
        return (ratio,) if counts else ()
    if claimed.unit == PERCENT:
        measured = a.unit is not None and a.unit.dimension not in UNMEASURED
        return (1 - ratio, 1 / ratio - 1) if measured else ()
    return ratio, 1 - ratio


def _is_difference(numbers: Sequence[Number], claimed: Number) -> bool:
    """Whether `claimed` is the difference of two stated figures, in its unit or in points. Counts have no differences."""
    if claimed.unit in (TIMES, FRACTION) or claimed.is_count:
        return False
    if claimed.unit in (None, POINTS, PERCENT):
        pairs = [(a, b) for a, b in _pairs(numbers) if claimed.unit == POINTS or not (a.is_count or b.is_count)]
    else:
        pairs = [(a, b) for a, b in _pairs(numbers) if a.unit == b.unit == claimed.unit]
    return any(close(claimed, claimed.value, abs(a.value - b.value), min(a.step, b.step)) for a, b in pairs)


def _pairs(numbers: Sequence[Number]) -> Iterator[tuple[Number, Number]]:
    """Yield the pairs of `numbers` that are near each other and in one unit."""
    values = [n for n in numbers if not (n.is_year or n.unit in (FRACTION, TIMES) or (n.value <= 1 and n.is_count))]
    for i, a in enumerate(values):
        for b in values[i + 1 : i + 1 + _NEIGHBOURS]:
            if a.value != b.value and not (a.name and b.name) and _comparable(a, b):
                yield a, b


def _comparable(a: Number, b: Number) -> bool:
    """Whether two figures have one unit. Decimals may leave percent and points out: "from 8.3 BLEU points to 1.4"."""
    mine, other = {unit for _, unit in a.readings}, {unit for _, unit in b.readings}
    if mine & other:
        return True
    left_out = (None in mine and not a.is_count) or (None in other and not b.is_count)
    return left_out and bool((mine | other) & {PERCENT, POINTS})
