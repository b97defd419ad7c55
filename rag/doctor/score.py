"""The interface of the score card, which another package implements: it asks bundled questions and judges the answers.

That package imports rag, so rag does not import it. An entry point of the distribution names the function.
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
    """How many (`grounded`) of how many cases (`of`) were answered right, by which model (`by`).

    `missed` are the ids of the other cases.
    """

    grounded: int
    of: int
    by: str
    missed: tuple[str, ...]
    problem: str | None = None  # the last error of a question that could not be answered


ScoreCard = Callable[[Settings, Progress, bool, int], Score]
"""Arguments: settings, progress, whether to ask the home's own library, maximum number of cases."""


def installed() -> ScoreCard | None:
    """Return the score card of the installed distribution; None when it has none."""
    try:
        entries = distribution("abstract-rag").entry_points.select(group=GROUP)
    except PackageNotFoundError:
        return None
    for entry in entries:
        card: ScoreCard = entry.load()
        return card
    return None
