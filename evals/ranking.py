"""How good a ranking is, how sure that is, and whether another is better. Pure functions.

nDCG is that of trec_eval: the gain of a paper is its relevance, the discount log2(rank + 1), and the ideal is the judged
papers in the best order (Järvelin and Kekäläinen 2002). Intervals are percentile bootstraps over queries (Sakai 2006), the
comparison of two rankings a paired randomisation test (Smucker, Allan and Carterette 2007).
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
_ALIKE = 1e-12  # sums of the same differences in another order

Relevance = Mapping[str, int]  # of the judged papers, by id; 0 and less is not relevant


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
    """Return the discounted gain of the first `k`, as a share of what the best order would have; 0 without any to find."""
    best = _gain(sorted(relevance.values(), reverse=True)[:k])
    return _gain([relevance.get(i, 0) for i in ranked[:k]]) / best if best else 0.0


def _gain(relevances: Sequence[int]) -> float:
    return sum(max(r, 0) / log2(rank + 1) for rank, r in enumerate(relevances, 1))


def recall(ranked: Sequence[str], relevance: Relevance, k: int) -> float:
    """Return the share of the relevant papers that are among the first `k`; 0 when there are none."""
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
    """Return the 95% interval of the mean of `values`, one a query, from RESAMPLES seeded bootstrap samples."""
    rng = np.random.default_rng(_SEED)
    numbers = np.array(values)
    means = [numbers[rng.integers(0, len(numbers), len(numbers))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def compare(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Return the mean of `ours` minus that of `theirs`, query by query, and the two-sided p of its being no difference.

    p is the share of PERMUTATIONS seeded flips of the differences' signs whose mean is at least as far from 0, the
    observed one counted among them.
    """
    rng = np.random.default_rng(_SEED)
    differences = np.array(ours) - np.array(theirs)
    observed = float(differences.mean())
    flipped = np.array([_flipped(differences, rng) for _ in range(PERMUTATIONS)])
    as_far = int((np.abs(flipped) >= abs(observed) - _ALIKE).sum())
    return observed, (as_far + 1) / (PERMUTATIONS + 1)


def _flipped(differences: NDArray[np.float64], rng: np.random.Generator) -> float:
    return float((differences * (rng.integers(0, 2, len(differences)) * 2 - 1)).mean())
