"""The calibrated rule: weighs the features of a claim into the probability that the cited abstracts say it.

The weights are those of a logistic regression on the dev half of the labelled answers (which counts most), SciFact's training
claims, and the mutated sentences of half of the starter corpus; see evals/fit_rule.py. Of the honest sentences of the first,
15% are below MIN_SUPPORTED, and 4% carry a sign that calls them false.
"""

from __future__ import annotations

import math

from rag.checking.features import Features
from rag.types import Verdict

WEIGHTS = {
    "coverage": 1.6,
    "cosine": 1.13,
    "displaced": -1.08,
    "apart": -2.74,
    "digits": -3.56,
    "spelled": -0.59,
    "edited": -6.17,
    "unit": -2.65,
    "methods": -2.78,
    "names": -3.72,
    "opposed": -3.28,
    "cause": -0.26,
    "sources": 0.68,
    "meaning": 0.35,
    "stated": 0.13,
    "reworded": 1.67,
}
BIAS = -1.06
MIN_SUPPORTED = 0.46  # probability from which no sign is shown
MIN_PARTIAL = 0.27  # probability below which a claim is not in the abstract
MIN_COSINE = 0.3  # of the best sentence; a claim below it that shares no word with the abstracts is not in them
MIN_OTHER = 0.5  # probability of a source that is not cited, to call a claim miscited
MIN_OTHER_LEAD = 0.1  # by which it must exceed that of the cited sources
MIN_LEAD_OVER_SUPPORTED = 0.2  # the same, where the cited sources support the claim
MIN_ADDED = 0.72  # probability of a source to add to a claim without a citation


def probability(features: Features) -> float:
    """Return the probability that the abstracts say the claim, 0 to 1."""
    z = BIAS + sum(weight * getattr(features, name) for name, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-z))


def verdict(features: Features) -> Verdict:
    """Return the verdict on a claim: a figure in digits that no abstract has is never supported, however alike the words."""
    p = probability(features)
    unlike = features.coverage == 0 and features.cosine < MIN_COSINE
    if features.digits or unlike or p < MIN_PARTIAL:
        return "unsupported"
    return "supported" if p >= MIN_SUPPORTED else "partial"
