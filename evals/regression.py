"""A ridge-penalised logistic regression, by Newton's method.

Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning", 4.4.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_STEPS = 50
_MIN_SPREAD = 1e-9  # of a feature that is the same everywhere

Numbers = NDArray[np.float64]


def fit(x: Numbers, y: Numbers, counts: Numbers, ridge: float) -> tuple[Numbers, float]:
    """Return the weights of features and the bias.

    `x` is (examples, features), `y` 0 or 1 for each example, `counts` how much each counts. `ridge` is the penalty on the
    squared weights of standardised features; the bias has none.
    """
    mean, spread = x.mean(0), x.std(0) + _MIN_SPREAD
    z = np.column_stack([(x - mean) / spread, np.ones(len(x))])
    penalty = np.diag([ridge] * x.shape[1] + [0.0])
    w = np.zeros(z.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-z @ w))
        curvature: Numbers = z.T @ (z * (counts * p * (1 - p))[:, None]) + penalty
        w = w + np.linalg.solve(curvature, z.T @ (counts * (y - p)) - penalty @ w)
    weights: Numbers = w[:-1] / spread
    return weights, float(w[-1] - weights @ mean)


def balanced(y: Numbers, counts: Numbers) -> Numbers:
    """Return `counts` scaled so that both classes count the same, and all together as much as before."""
    return counts * counts.sum() / 2 / np.where(y == 1, (counts * y).sum(), (counts * (1 - y)).sum())
