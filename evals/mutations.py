"""Makes false claims from true ones, by one change each, to measure the grounding check.

Each function returns the changed claim, or None when the claim has nothing to change. `rng` chooses the change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from rag.text import names, quantities

_AUXILIARY = re.compile(r"\b(is|are|was|were|can|could|has|have|will|may|does|do|must|should)\b(?! not\b)", re.IGNORECASE)
_VERB = re.compile(
    r"\b(outperform|improve|reduce|increase|achieve|show|require|use|allow|learn|reach|match|exceed|beat|need|generate|produce|"
    r"provide|combine|train|give|make|run|work|help|remain|keep|gain|scale|lower|raise|cut|save)(s)\b"
)
_OPPOSITES = {
    "increases": "decreases",
    "increase": "decrease",
    "improves": "degrades",
    "improve": "degrade",
    "higher": "lower",
    "lower": "higher",
    "better": "worse",
    "worse": "better",
    "faster": "slower",
    "reduces": "increases",
    "reduce": "increase",
    "more": "fewer",
    "less": "more",
    "fewer": "more",
    "outperforms": "underperforms",
    "outperform": "underperform",
    "exceeds": "falls below",
    "superior": "inferior",
    "rises": "falls",
    "gains": "losses",
    "best": "worst",
    "strongest": "weakest",
    "easier": "harder",
    "cheaper": "more expensive",
    "beats": "loses to",
    "stronger": "weaker",
}
_DIRECTION = re.compile(rf"\b({'|'.join(_OPPOSITES)})\b")
_OTHER_UNITS = {"ms": "seconds", "seconds": "minutes", "minutes": "hours", "hours": "days", "days": "weeks", "weeks": "months"}
_OTHER_UNITS |= {"months": "years", "years": "months", "kB": "MB", "MB": "GB", "GB": "TB", "TB": "GB", "%": "times"}
_OTHER_SCALES = {"k": "M", "m": "B", "b": "M", "thousand": "million", "million": "billion", "billion": "million"}
_FIGURE = re.compile(r"(?P<digits>[\d.,]*\d)(?P<gap>[\s-]?)(?P<rest>.*)", re.DOTALL)
_FRACTIONS = {0.1: "a tenth", 0.25: "a quarter", 0.33: "a third", 0.5: "half", 0.67: "two thirds", 0.9: "nine tenths"}
_MIN_APART = 0.12  # of a fraction and the percentage in whose place it stands
_COUNTS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
_STRONGER = {"many": "all", "most": "all", "several": "all", "some": "all", "often": "always", "usually": "always"}
_STRONGER |= {"typically": "always", "generally": "always", "may": "will always", "might": "will always", "can": "will always"}
_HEDGE = re.compile(rf"\b({'|'.join(_STRONGER)})\b")


def number(claim: str, rng: Random) -> str | None:
    """Change one figure by 10% to 50%."""
    figures = [q for q in quantities.find(claim) if not q.spelled]
    if not figures:
        return None
    chosen = rng.choice(figures)
    digits = re.match(r"[\d.,]*\d", chosen.shown)
    if digits is None:
        return None
    places = len(digits.group().partition(".")[2])
    value = float(digits.group().replace(",", ""))
    other = value * rng.choice((0.5, 0.7, 0.9, 1.1, 1.3, 1.5))
    changed = f"{other:.{places}f}" if abs(other - value) >= 10**-places else f"{value + 10**-places:.{places}f}"
    return claim[: chosen.start] + changed + claim[chosen.start + digits.end() :]


def unit(claim: str, rng: Random) -> str | None:
    """Give one figure another unit, or another scale: minutes for seconds, billion for million."""
    made = []
    for q in quantities.find(claim):
        figure = None if q.spelled else _FIGURE.fullmatch(q.shown)
        other = figure and (_OTHER_UNITS.get(q.unit or "") or _OTHER_SCALES.get(figure["rest"].lower()))
        if figure and other:
            gap = figure["gap"] if q.unit is None else " "
            made.append(claim[: q.start] + figure["digits"] + gap + other + claim[q.start + len(q.shown) :])
    return rng.choice(made) if made else None


def spelled(claim: str, rng: Random) -> str | None:
    """Put a wrong figure in words in the place of a percentage or of a small number."""
    made = []
    for q in quantities.find(claim):
        words = []
        if q.unit == "%":
            words = [word for share, word in _FRACTIONS.items() if abs(share - q.value / 100) >= _MIN_APART]
        elif q.unit is None and q.value in range(2, len(_COUNTS) - 3) and q.shown.lower() in (f"{q.value:.0f}", *_COUNTS):
            words = [_COUNTS[int(q.value) + rng.choice((1, 2, 3))]]
        made += [claim[: q.start] + rng.choice(words) + claim[q.start + len(q.shown) :]] if words else []
    return rng.choice(made) if made else None


def overclaim(claim: str, rng: Random) -> str | None:
    """Turn the first word that limits a claim into one that does not; without one, say that it is always so."""
    changed = _HEDGE.sub(lambda hedge: _STRONGER[hedge.group()], claim, count=1)
    if changed == claim:
        changed = _VERB.sub(r"always \1\2", claim, count=1)
    return changed if changed != claim else None


def name(claim: str, others: Sequence[str], rng: Random) -> str | None:
    """Replace a name in the claim by one of `others`. A claim with a web address is not changed."""
    own = [] if "://" in claim else names.mentioned(claim)
    if not own or not others:
        return None
    chosen = rng.choice(own)
    return re.sub(rf"(?<!\w){re.escape(chosen)}(?!\w)", rng.choice(others).replace("\\", ""), claim, count=1)


def negation(claim: str, rng: Random) -> str | None:
    """Remove the first "not"; without one, negate the first verb."""
    if re.search(r"\bnot\b", claim):
        changed = re.sub(r"\bnot\s+", "", claim, count=1)
        return changed if changed != claim else None
    changed = _AUXILIARY.sub(r"\1 not", claim, count=1)
    if changed == claim:
        changed = _VERB.sub(r"does not \1", claim, count=1)
    return changed if changed != claim else None


def direction(claim: str, rng: Random) -> str | None:
    """Replace one word of comparison or change by its opposite."""
    matches = list(_DIRECTION.finditer(claim))
    if not matches:
        return None
    chosen = rng.choice(matches)
    return claim[: chosen.start()] + _OPPOSITES[chosen.group()] + claim[chosen.end() :]
