"""python -m evals compare: says whether runs of the same cases differ by more than chance.

The first run is what the others are held against. Differences are paired by case, and p values are adjusted for the number of
measures tested (Holm).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals import run_files
from evals.metrics import MEASURES, Value
from evals.outcomes import outcome
from evals.run_files import Result, Run
from evals.statistics import Difference, Estimate, difference, estimate, holm
from rag.errors import UsageError

_LEVEL = 0.05  # adjusted p below which a difference is no chance
_LISTED = "hit", "right", "rightly refused"  # measures whose changes are listed case by case, the first that a case has


@dataclass(frozen=True, slots=True)
class Compared:
    """A measure of the last run less that of the first, over the `cases` that have it in both. `p` is adjusted by Holm."""

    name: str
    first: Estimate
    last: Estimate
    difference: Difference
    p: float
    cases: int

    @property
    def finding(self) -> str:
        """Whether the last run is better, in words."""
        if self.p >= _LEVEL:
            return "no clear difference"
        return "better" if (self.difference.value > 0) == (MEASURES[self.name].better == "higher") else "worse"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, metavar="FILE", help="the run that the others are held against")
    parser.add_argument("others", type=Path, nargs="+", metavar="FILE", help="runs of the same cases")
    parser.add_argument("--fail-on-regression", action="store_true", help="exit with 1 when one is worse by more than chance")


def run(args: argparse.Namespace) -> int:
    """Print a table for each of the other runs; return 0, or 1 for a regression that is to fail."""
    first = run_files.load(args.first)
    worse: list[str] = []
    for path in args.others:
        other = run_files.load(path)
        both = pairs(first, other)
        compared = measures(first, other)
        print("\n".join(table(first, other, both, compared)) + "\n")
        worse += [f"{c.name} ({other.name})" for c in compared if c.finding == "worse"]
    print(f"Worse by more than chance: {', '.join(worse)}." if worse else "Nothing is worse by more than chance.")
    return int(args.fail_on_regression and bool(worse))


def pairs(first: Run, other: Run) -> list[tuple[Result, Result]]:
    """Return the results of each case that both runs answered.

    Raises UsageError when the runs are not of the same cases. Those of a run under stress are the same by their ids.
    """
    a, b = ({result.key: result for result in of.results} for of in (first, other))
    if first.header.get("stress") != other.header.get("stress"):  # the same cases made harder, or some of them
        return [(a[key], b[key]) for key in a if key in b and a[key].error is None and b[key].error is None]
    same = a.keys() == b.keys() and all(a[key].case == b[key].case for key in a)
    if not same:
        different = sum(key not in b or a[key].case != b[key].case for key in a) + len(b.keys() - a.keys())
        raise UsageError(
            f"{first.path} and {other.path} are not of the same cases: {different} are in one only, or differ.",
            "Run both with the same --cases, --split, --limit and --repeat; rescore takes changed facts to both.",
        )
    return [(a[key], b[key]) for key in a if a[key].error is None and b[key].error is None]


def measures(first: Run, last: Run) -> list[Compared]:
    """Return a comparison for each measure of which one side is better, on the cases and repeats that have it in both runs."""
    found: list[tuple[str, Estimate, Estimate, Difference, int]] = []
    for name in (name for name, measure in MEASURES.items() if measure.better):
        ours, theirs = _paired(first, last, name)
        before, after, change = estimate(ours), estimate(theirs), difference(theirs, ours)
        if before and after and change:
            found.append((name, before, after, change, len(ours)))
    adjusted = holm({name: change.p for name, _, _, change, _ in found})
    return [Compared(name, before, after, change, adjusted[name], n) for name, before, after, change, n in found]


def _paired(first: Run, last: Run, measure: str) -> tuple[list[Value], list[Value]]:
    """Return the values of the cases of which the same repeats have `measure` in both runs, in the same order."""
    sides = [{r.key: r for r in run.results if measure in r.measures} for run in (first, last)]
    shared = [key for key in sides[0] if key in sides[1]]
    ours, theirs = (run_files.values([side[key] for key in shared], measure) for side in sides)
    return ours, theirs


def table(first: Run, other: Run, both: Sequence[tuple[Result, Result]], compared: Sequence[Compared]) -> Iterator[str]:
    """Yield the lines: each measure of both runs and their difference, then the cases that changed, of `both`."""
    yield f"before: {first.name}\nafter:  {other.name}\n{len(both)} cases that both answered\n"
    yield f"{'measure':16} {'before':>8} {'after':>8} {'more':>8} {'95% interval':>18} {'p (Holm)':>9} {'up':>4} {'down':>4}"
    for c in compared:
        d = MEASURES[c.name].decimals
        interval = f"{c.difference.low:+.{d}f} to {c.difference.high:+.{d}f}"
        numbers = f"{c.first.value:8.{d}f} {c.last.value:8.{d}f} {c.difference.value:+8.{d}f} {interval:>18} {c.p:9.3f}"
        yield f"{c.name:16} {numbers} {c.difference.wins:4} {c.difference.losses:4}"
    for said, sign in (("gained", 1), ("lost", -1)):
        changed = [(y, x) for x, y in both if _change(x, y) * sign > 0]
        if changed:
            yield f"\n{said}:"
            yield from (f"  {y.case.id:16} {outcome(x)} -> {outcome(y)}: {y.case.question}" for y, x in changed)


def _change(before: Result, after: Result) -> float:
    """Return how much a case gained, by the first of the listed measures that it has."""
    for name in _LISTED:
        if name in before.measures and name in after.measures:
            return after.measures[name][0] - before.measures[name][0]
    return 0.0
