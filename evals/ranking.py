"""Measures of a ranking, their confidence intervals, and the comparison of two rankings. Pure functions.

nDCG is computed as in trec_eval: the gain of a paper is its relevance, the discount is log2(rank + 1), and the ideal ranking
has the judged papers in the best order (Järvelin and Kekäläinen 2002). Intervals are percentile bootstraps over queries
(Sakai 2006). Two rankings are compared by a paired randomisation test (Smucker, Allan and Carterette 2007).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log2

import numpy as np
from numpy.typing import NDArray

MEASURES = ("nDCG@10", "recall@5", "recall@10", "recall@100", "MRR@10")
RESAMPLES, PERMUTATIONS = 1_000, 10_000
_SEED = 7
_FUSION_K = 60  # Cormack, Clarke and Büttcher 2009
_SUM_TOLERANCE = 1e-12  # of sums of the same numbers in another order

Relevance = Mapping[str, int]  # relevance of the judged papers by id; 0 or less is not relevant


def measures(ranked: Sequence[str], relevance: Relevance) -> dict[str, float]:
    """Return each of MEASURES for one query, 0 to 1; `ranked` are ids, best first, each at most once."""
    return {
        "nDCG@10": ndcg(ranked, relevance, 10),
        "recall@5": recall(ranked, relevance, 5),
        "recall@10": recall(ranked, relevance, 10),
        "recall@100": recall(ranked, relevance, 100),
        "MRR@10": reciprocal_rank(ranked, relevance, 10),
    }


def ndcg(ranked: Sequence[str], relevance: Relevance, k: int) -> float:
    """Return nDCG at `k`, 0 to 1: the discounted gain as a share of the ideal one; 0 without relevant papers."""
    best = _gain(sorted(relevance.values(), reverse=True)[:k])
    return _gain([relevance.get(i, 0) for i in ranked[:k]]) / best if best else 0.0


def _gain(relevances: Sequence[int]) -> float:
    return sum(max(r, 0) / log2(rank + 1) for rank, r in enumerate(relevances, 1))


def recall(ranked: Sequence[str], relevance: Relevance, k: int) -> float:
    """Return the share of the relevant papers that are among the first `k`, 0 to 1; 0 without relevant papers."""
    relevant = {i for i, r in relevance.items() if r > 0}
    return len(relevant.intersection(ranked[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranked: Sequence[str], relevance: Relevance, k: int) -> float:
    """Return 1 / rank of the first relevant paper among the first `k`, 0 when there is none."""
    return next((1 / rank for rank, i in enumerate(ranked[:k], 1) if relevance.get(i, 0) > 0), 0.0)


def fused(*rankings: Sequence[str]) -> list[str]:
    """Return the ids of all `rankings` by reciprocal-rank fusion, best first; ties by id."""
    scores: dict[str, float] = {}
    for ranked in rankings:
        for rank, i in enumerate(ranked, 1):
            scores[i] = scores.get(i, 0.0) + 1 / (_FUSION_K + rank)
    return sorted(scores, key=lambda i: (-scores[i], i))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95% interval of the mean of `values`, one per query, from RESAMPLES seeded bootstrap samples."""
    rng = np.random.default_rng(_SEED)
    numbers = np.array(values)
    means = [numbers[rng.integers(0, len(numbers), len(numbers))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def compare(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Return the mean of `ours` - `theirs`, paired by query, and the two-sided p value of no difference.

    p is the share of PERMUTATIONS seeded sign flips of the differences whose mean is at least as far from 0. The observed
    differences count as one of them.
    """
    rng = np.random.default_rng(_SEED)
    differences = np.array(ours) - np.array(theirs)
    observed = float(differences.mean())
    flipped = np.array([_flipped(differences, rng) for _ in range(PERMUTATIONS)])
    as_far = int((np.abs(flipped) >= abs(observed) - _SUM_TOLERANCE).sum())
    return observed, (as_far + 1) / (PERMUTATIONS + 1)


def _flipped(differences: NDArray[np.float64], rng: np.random.Generator) -> float:
    return float((differences * (rng.integers(0, 2, len(differences)) * 2 - 1)).mean())
