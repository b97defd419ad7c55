"""How a question of a run ended. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.run_files import Result


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case ended: the words for it, a sign, and how good it is."""

    label: str
    sign: str
    tone: str  # good, doubt, wrong or none


OUTCOMES = {
    "right": Outcome("right", "✓", "good"),
    "partly": Outcome("partly right", "≈", "doubt"),
    "wrong": Outcome("wrong", "✗", "wrong"),
    "wrongly-refused": Outcome("wrongly refused", "⊘", "wrong"),
    "rightly-refused": Outcome("rightly refused", "✓", "good"),
    "wrongly-answered": Outcome("wrongly answered", "✗", "wrong"),
    "unrated": Outcome("answered, no fact required", "·", "none"),
    "failed": Outcome("failed", "!", "wrong"),
}
ANSWERABLE = ("right", "partly", "wrong", "unrated", "wrongly-refused")
UNANSWERABLE = ("rightly-refused", "wrongly-answered")


def outcome(result: Result) -> str:
    """Return the key in OUTCOMES of how a case ended. The measure `hit` tells right, partly and wrong apart."""
    if result.error is not None or result.answer is None:
        return "failed"
    refused = bool(result.answer.get("refused"))
    if not result.case.answerable:
        return "rightly-refused" if refused else "wrongly-answered"
    if refused:
        return "wrongly-refused"
    if "hit" not in result.measures:
        return "unrated"
    stated, of = result.measures["hit"]
    return "right" if stated == of else "partly" if stated else "wrong"


def counts(results: Sequence[Result]) -> dict[str, int]:
    """Return the number of results of each outcome, in the order of OUTCOMES."""
    found = [outcome(result) for result in results]
    return {name: found.count(name) for name in OUTCOMES}
