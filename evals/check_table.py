"""The table of what the grounding check says of claims whose truth is known, wherever they come from. Pure functions.

The intervals are those of evals.statistics, over answers, or over true claims with the false ones made of them: what is said
together is alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evals.metrics import Value
from evals.statistics import Estimate, estimate, mean_of_two

ALL = "all"


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim with what the check says of it: whether it is `marked` at all, and `strongly`, as false.

    `kind` is how an honest claim is put, or what is wrong with another. Claims with the same `unit` are alike.
    """

    unit: str
    honest: bool
    kind: str
    marked: bool
    strongly: bool


def table(checked: Sequence[Checked], title: str, groups: Mapping[str, Sequence[str]] | None = None) -> Iterator[str]:
    """Yield the share of honest claims that are marked, and of false ones that are caught: all, by `groups`, and by kind."""
    honest, false = [c for c in checked if c.honest], [c for c in checked if not c.honest]
    yield f"{title}: {len(honest)} honest claims, {len(false)} false ones"
    yield from _rows("honest", "marked", honest, {})
    yield from _rows("false", "caught", false, groups or {})
    kept, caught = _of_units(honest, lambda c: not c.marked), _of_units(false, lambda c: c.marked)
    units = {**kept, **caught}
    pairs = [[side.get(unit, (0.0, 0.0)) for unit in units] for side in (kept, caught)]
    if both := mean_of_two(*pairs):
        yield f"balanced accuracy: {both.value:.3f} ({both.low:.3f} to {both.high:.3f})"


def _rows(side: str, what: str, checked: Sequence[Checked], groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the head of one side, and a line for each kind of it."""
    kinds = sorted({c.kind for c in checked})
    each = {kind: (kind,) for kind in kinds} if len(kinds) > 1 else {}
    yield f"{side:28} {'n':>5} {what:>8} {'95% interval':>16} {'strongly':>9}"
    for name, of in ({ALL: kinds} | dict(groups) | each).items():
        some = [c for c in checked if c.kind in of]
        if some:
            marked, strongly = _share(some, lambda c: c.marked), _share(some, lambda c: c.strongly)
            yield f"{name:28} {len(some):5} {marked.value:8.3f} {_interval(marked):>16} {strongly.value:9.3f}"


def _interval(of: Estimate) -> str:
    return f"{of.low:.3f} to {of.high:.3f}"


def _share(checked: Sequence[Checked], counts: Callable[[Checked], bool]) -> Estimate:
    found = estimate(list(_of_units(checked, counts).values()))
    assert found is not None  # noqa: S101 - there is a claim
    return found


def _of_units(checked: Sequence[Checked], counts: Callable[[Checked], bool]) -> dict[str, Value]:
    """Return how many claims of each unit count, and how many it has."""
    found: dict[str, Value] = {}
    for claim in checked:
        part, whole = found.get(claim.unit, (0.0, 0.0))
        found[claim.unit] = part + counts(claim), whole + 1
    return found
