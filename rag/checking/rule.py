"""The calibrated rule: weighs the features of a claim into the probability that the cited abstracts say it.

The weights are those of a logistic regression on the dev half of the labelled answers (counted twice), SciFact's training
claims, and the mutated sentences of half of the starter corpus; see evals/fit_rule.py. Of the honest sentences of the first,
one in five is below MIN_SUPPORTED and one in twenty below MIN_PARTIAL.
"""

from __future__ import annotations

import math

from rag.checking.features import Features
from rag.types import Verdict

WEIGHTS = {
    "coverage": 1.39,
    "cosine": 1.96,
    "displaced": -0.92,
    "digits": -3.25,
    "spelled": -1.28,
    "unit": -1.96,
    "methods": -2.32,
    "names": -3.11,
    "opposed": -4.61,
    "scope": -0.08,
    "cause": -0.7,
    "sources": 0.59,
}
BIAS = -1.47
MIN_SUPPORTED = 0.5  # probability from which no sign is shown
MIN_PARTIAL = 0.3  # probability below which a claim is not in the abstract
MIN_OTHER = 0.63  # probability of a source that is not cited, to call a claim miscited
MIN_OTHER_LEAD = 0.1  # by which it must exceed that of the cited sources
MIN_ADDED = 0.74  # probability of a source to add to a claim without a citation


def probability(features: Features) -> float:
    """Return the probability that the abstracts say the claim, 0 to 1."""
    z = BIAS + sum(weight * getattr(features, name) for name, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-z))


def verdict(features: Features) -> Verdict:
    """Return the verdict on a claim: a figure in digits that no abstract has is never supported, however alike the words."""
    p = probability(features)
    if features.digits or p < MIN_PARTIAL:
        return "unsupported"
    return "supported" if p >= MIN_SUPPORTED else "partial"
