"""Estimates with 95% intervals, and tests of paired differences. Pure functions.

A share of cases that either do or do not has Wilson's interval (1927). Any other measure, a sum of numerators over a sum of
denominators, has a percentile bootstrap over cases, since the statements of one answer are alike. Where all or none of them
count, it has Wilson's for as many cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, sqrt

import numpy as np
from numpy.typing import NDArray

from evals.metrics import Value

RESAMPLES = 5_000
_SEED = 7
_Z = 1.959964  # of a two-sided 95% interval
_TOLERANCE = 1e-12  # of sums of the same numbers in another order


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure over `cases` cases: `value` is `numerator` / `denominator`, and `low` to `high` its 95% interval."""

    value: float
    low: float
    high: float
    numerator: float
    denominator: float
    cases: int


def estimate(values: Sequence[Value]) -> Estimate | None:
    """Return what `values`, one for each case, give together; None when no denominator counts."""
    parts, wholes = np.array(values, np.float64).reshape(-1, 2).T
    numerator, denominator = float(parts.sum()), float(wholes.sum())
    if not denominator:
        return None
    either = set(wholes.tolist()) <= {1.0} and set(parts.tolist()) <= {0.0, 1.0}
    if not either and numerator in (0.0, denominator) and (parts <= wholes).all():  # no bootstrap leaves the edge
        n = int((wholes > 0).sum())
        low, high = wilson(n * numerator / denominator, n)
    else:
        low, high = wilson(numerator, denominator) if either else _bootstrapped(parts, wholes)
    return Estimate(numerator / denominator, low, high, numerator, denominator, len(parts))


def mean_of_two(one: Sequence[Value], other: Sequence[Value]) -> Estimate | None:
    """Return the mean of two measures of the same cases, with a bootstrap over the cases; None when one has no denominator.

    It counts cases as its denominator.
    """
    sides = [np.array(side, np.float64).reshape(-1, 2) for side in (one, other)]
    if not all(side[:, 1].sum() for side in sides):
        return None
    value = float(np.mean([side[:, 0].sum() / side[:, 1].sum() for side in sides]))
    n = len(sides[0])
    drawn = _draws(n)
    sums = [side[drawn].sum(1) for side in sides]
    usable = (sums[0][:, 1] > 0) & (sums[1][:, 1] > 0)
    means = np.mean([of[usable, 0] / of[usable, 1] for of in sums], axis=0)
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(value, float(low), float(high), value * n, n, n)


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Return the 95% interval of a share of `n` independent cases."""
    share, z2 = successes / n, _Z**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def _bootstrapped(parts: NDArray[np.float64], wholes: NDArray[np.float64]) -> tuple[float, float]:
    drawn = _draws(len(parts))
    sums = wholes[drawn].sum(1)
    ratios = parts[drawn].sum(1)[sums > 0] / sums[sums > 0]
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(high)


def _draws(n: int) -> NDArray[np.int64]:
    return np.random.default_rng(_SEED).integers(0, n, (RESAMPLES, n))


@dataclass(frozen=True, slots=True)
class Difference:
    """What one run has more than another on the same cases, with its 95% interval, and the `p` of no difference.

    `wins` and `losses` are the cases where the one is higher, and lower.
    """

    value: float
    low: float
    high: float
    p: float
    wins: int
    losses: int


def difference(ours: Sequence[Value], theirs: Sequence[Value]) -> Difference | None:
    """Return `ours` less `theirs`, paired by case; None when a side has no denominator that counts.

    The interval is a paired bootstrap. p is McNemar's exact test (1947) where every case does or does not, else two-sided from
    the same bootstrap (Efron and Tibshirani 1993, 15.4).
    """
    a, b = (np.array(side, np.float64).reshape(-1, 2) for side in (ours, theirs))
    if not (a[:, 1].sum() and b[:, 1].sum()):
        return None
    value = a[:, 0].sum() / a[:, 1].sum() - b[:, 0].sum() / b[:, 1].sum()
    drawn = _draws(len(a))
    sums = [side[:, 1][drawn].sum(1) for side in (a, b)]
    usable = (sums[0] > 0) & (sums[1] > 0)
    one, other = (side[:, 0][drawn].sum(1)[usable] / total[usable] for side, total in zip((a, b), sums, strict=True))
    differences = one - other
    low, high = np.percentile(differences, [2.5, 97.5])
    gains = a[:, 0] / np.maximum(a[:, 1], 1) - b[:, 0] / np.maximum(b[:, 1], 1)
    wins, losses = int((gains > _TOLERANCE).sum()), int((gains < -_TOLERANCE).sum())
    either = set(np.concatenate([a, b])[:, 1].tolist()) <= {1.0} and set(np.concatenate([a, b])[:, 0].tolist()) <= {0.0, 1.0}
    p = mcnemar(wins, losses) if either else _of_bootstrap(differences)
    return Difference(float(value), float(low), float(high), p, wins, losses)


def mcnemar(wins: int, losses: int) -> float:
    """Return the exact two-sided p of as uneven a split of `wins` + `losses`, were both as likely."""
    n = wins + losses
    as_uneven = sum(comb(n, k) for k in range(min(wins, losses) + 1))
    return float(min(1.0, 2 * as_uneven / 2**n))


def _of_bootstrap(differences: NDArray[np.float64]) -> float:
    below = (float((differences < -_TOLERANCE).sum()) + 1) / (len(differences) + 1)
    above = (float((differences > _TOLERANCE).sum()) + 1) / (len(differences) + 1)
    level = float((np.abs(differences) <= _TOLERANCE).sum()) / (len(differences) + 1)
    return min(1.0, 2 * (min(below, above) + level))


def holm(ps: Mapping[str, float]) -> dict[str, float]:
    """Return `ps` adjusted for as many tests by Holm's step-down method (1979), in the same order."""
    adjusted: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(ps, key=lambda name: ps[name])):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in ps}
