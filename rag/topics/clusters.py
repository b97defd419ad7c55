"""Groups of unit vectors by spherical k-means (Dhillon and Modha, 2001). The same vectors always give the same groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag.index.moments import Rows, Vector

_SEED = 0
_SAMPLE = 2_000  # vectors that the first centres are found with
_STARTS = 6
_MAX_ROUNDS = 25
_LAST_ROUNDS = 3  # with all vectors, where the first centres are of a sample


def split(vectors: Vector, k: int) -> tuple[Rows, Vector]:
    """Return the group (n,) of each of `vectors` (n, d), from 0 on, the largest first, and the centres (k, d), of length 1.

    There are at most `k` groups, and none is empty.
    """
    sample = vectors[:: max(1, len(vectors) // _SAMPLE)]
    k = min(k, len(sample))
    random = np.random.default_rng(_SEED)
    tries = [_refined(sample, _spread(sample, k, random)) for _ in range(_STARTS)]
    _, centres = max(tries, key=lambda tried: tried[0])
    if len(sample) < len(vectors):
        _, centres = _refined(vectors, centres, rounds=_LAST_ROUNDS)
    nearest = np.argmax(vectors @ centres.T, axis=1)
    sizes = np.bincount(nearest, minlength=len(centres))
    order = [int(i) for i in np.argsort(-sizes, kind="stable") if sizes[i]]
    place = np.zeros(len(centres), np.int64)
    place[order] = np.arange(len(order))
    return place[nearest], centres[order]


def _spread(vectors: Vector, k: int, random: np.random.Generator) -> Vector:
    """Return `k` of the vectors, each drawn far from those before it (k-means++, Arthur and Vassilvitskii, 2007)."""
    chosen = [int(random.integers(len(vectors)))]
    far = np.full(len(vectors), 2.0)
    while len(chosen) < k:
        far = np.minimum(far, np.maximum(1 - vectors @ vectors[chosen[-1]], 0))
        total = float(far.sum())
        chosen.append(int(random.choice(len(vectors), p=far / total)) if total > 0 else len(chosen))
    return vectors[chosen]


def _refined(vectors: Vector, centres: Vector, rounds: int = _MAX_ROUNDS) -> tuple[float, Vector]:
    """Return the mean cosine of vectors with the centre of their group, and the centres moved until that grows no more."""
    groups: NDArray[np.int64] | None = None
    cosine = 0.0
    for _ in range(rounds):
        cosines = vectors @ centres.T
        nearest = np.argmax(cosines, axis=1)
        cosine = float(cosines[np.arange(len(vectors)), nearest].mean())
        if groups is not None and np.array_equal(nearest, groups):
            break
        groups = nearest
        sums = np.eye(len(centres), dtype=np.float32)[nearest].T @ vectors
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-9), centres)
    return cosine, centres
