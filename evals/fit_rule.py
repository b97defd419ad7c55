"""Fits the weights of rag.checking.rule: logistic regression on labelled claims that cite a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from evals.labelled_claims import FOREIGN, NO_CLAIM, LabelledAnswer
from rag.checking import features
from rag.checking.abstract import Abstract
from rag.checking.features import Asked, Features
from rag.interfaces import Embedder
from rag.text.statements import blanked, judged_text, statements

_RIDGE = 1.0  # penalty on the squared weights of standardised features
_STEPS = 50


def rows(answers: Iterable[LabelledAnswer], embedder: Embedder) -> Iterator[tuple[Features, bool, str]]:
    """Yield the features of each statement with citations, whether it is honest, and the id of its labelled claim."""
    for answer in answers:
        abstracts = {s.n: Abstract(s, embedder) for s in answer.sources}
        stated = [s for s in statements(answer.answer, answer.sources) if s.is_claim and abstracts.keys() & set(s.citations)]
        for statement in stated:
            labelled = [c for c in answer.claims if c.overlaps(statement.start, statement.end)]
            if not labelled or any(c.form in FOREIGN or c.label == NO_CLAIM for c in labelled):
                continue
            text = judged_text(answer.answer[statement.start : statement.end])
            vectors = embedder.embed([text, f"{statement.context} {text}"])
            asked = Asked(blanked(answer.answer[statement.start : statement.end]), vectors[0], vectors[-1])
            cited = [abstracts[n] for n in statement.citations if n in abstracts]
            yield features.read(asked, cited).features, all(c.honest for c in labelled), f"{answer.id}/{labelled[0].start}"


def fit(sets: Sequence[Sequence[tuple[Features, bool]]]) -> dict[str, float]:
    """Return the weights by the name of the feature, and the bias as "bias". Each set counts the same, and each class in it.

    Newton's method on the ridge-penalised log-likelihood; see Hastie, Tibshirani, Friedman, "The Elements of Statistical
    Learning", 4.4.1.
    """
    raw = np.array([f.vector() for read in sets for f, _ in read])
    y = np.array([float(honest) for read in sets for _, honest in read])
    balance = np.concatenate([_balance(np.array([honest for _, honest in read])) for read in sets]) * len(y) / len(sets)
    mean, spread = raw.mean(0), raw.std(0) + 1e-9
    x = np.column_stack([(raw - mean) / spread, np.ones(len(raw))])
    w = np.zeros(x.shape[1])
    penalty = np.diag([_RIDGE] * (x.shape[1] - 1) + [0.0])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-x @ w))
        curvature: NDArray[np.float64] = x.T @ (x * (balance * p * (1 - p))[:, None]) + penalty
        w = w + np.linalg.solve(curvature, x.T @ (balance * (y - p)) - penalty @ w)
    weights = w[:-1] / spread
    named = {field.name: round(float(weight), 2) for field, weight in zip(fields(Features), weights, strict=True)}
    return named | {"bias": round(float(w[-1] - weights @ mean), 2)}


def _balance(honest: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return weights of sum 1 that give both classes the same."""
    share = honest.mean()
    return np.where(honest, 0.5 / share, 0.5 / (1 - share)) / len(honest)
