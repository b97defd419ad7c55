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
        return re.sub(r"\bnot\s+", "", claim, count=1)
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
