"""What the doctor knows of the score card: the bundled questions, which another package asks and judges.

That package builds on this one, so this one does not import it: the package's metadata names the function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution

from rag.settings.settings import Settings
from rag.types import Progress

GROUP = "abstract_rag.score_card"  # of entry points, in pyproject.toml


@dataclass(frozen=True, slots=True)
class Score:
    """How many of `of` cases were answered as they should be, and by whom; `missed` are the ids of the others."""

    grounded: int
    of: int
    by: str
    missed: tuple[str, ...]
    problem: str | None = None  # the last error of a question that could not be answered


ScoreCard = Callable[[Settings, Progress, bool, int], Score]
"""Asks of the starter corpus: the home's own library when the third argument is true. The fourth is the most cases asked."""


def installed() -> ScoreCard | None:
    """Return the score card that is installed with this package, None when there is none."""
    try:
        found = distribution("abstract-rag").entry_points.select(group=GROUP)
    except PackageNotFoundError:
        return None
    for entry in found:
        card: ScoreCard = entry.load()
        return card
    return None
