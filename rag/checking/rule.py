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
    "coverage": 1.05,
    "cosine": 0.7,
    "displaced": -1.01,
    "digits": -3.11,
    "spelled": -1.35,
    "unit": -2.63,
    "methods": -2.51,
    "names": -3.33,
    "opposed": -2.79,
    "scope": -0.39,
    "cause": -0.22,
    "sources": 0.56,
    "meaning": 0.36,
    "stated": 0.17,
    "reworded": 0.85,
}
BIAS = -0.63
MIN_SUPPORTED = 0.45  # probability from which no sign is shown
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
    """Return the verdict on a claim.

    A figure in digits that no abstract has is never supported, however alike the words, nor a sentence of an abstract that was
    edited to say more.
    """
    p = probability(features)
    unlike = features.coverage == 0 and features.cosine < MIN_COSINE
    if features.digits or unlike or p < MIN_PARTIAL:
        return "unsupported"
    return "supported" if p >= MIN_SUPPORTED and not features.edited else "partial"
