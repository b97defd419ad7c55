"""Fits and measures how the evidence table assigns sentences to columns: rag.answering.evidence_table.

evals/cases/evidence_columns.jsonl has 64 papers of the starter corpus, by title, with the numbers of the sentences that fit
each column. The 32 papers of the half "dev" gave the weights and the least probability. The half "test" was measured twice:
at first with a least probability of 0.6 for problems and 0.3 for methods and results, which left 11 problems empty.

`measure` compares with a baseline that has the position of a sentence alone, fitted in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from rag.answering import evidence_table
from rag.answering.evidence_table import COLUMNS, FEATURES, Numbers
from rag.interfaces import Embedder
from rag.sources import formats
from rag.text import sentences
from rag.types import Paper

_RIDGE = 0.1  # penalty on the squared weights
_STEPS = 50
_BY_POSITION = tuple(name in ("first", "position") for name in FEATURES)

Weights = dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A paper whose sentences were assigned by hand: `fitting` has the numbers of the sentences for each column."""

    half: str
    described: Numbers
    fitting: dict[str, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Score:
    """Of one column: cells that were filled, those of them that were right, and papers that say it."""

    filled: int
    right: int
    said: int

    @property
    def precision(self) -> float:
        return self.right / max(self.filled, 1)


def labelled(papers: Iterable[Paper], embedder: Embedder) -> list[Labelled]:
    """Return the labelled papers, described. `papers` are those of the starter corpus."""
    abstracts = {paper.title: paper.abstract for paper in papers}
    text = resources.files("evals").joinpath("cases", "evidence_columns.jsonl").read_text("utf-8")
    cases = [json.loads(line) for line in text.splitlines()]
    said = [[abstracts[c["title"]][slice(*span)] for span in sentences.split(abstracts[c["title"]])] for c in cases]
    described = evidence_table.describe([case["title"] for case in cases], said, embedder)
    return [
        Labelled(case["half"], features, {name: frozenset(case[name.lower()]) for name in COLUMNS})
        for case, features in zip(cases, described, strict=True)
    ]


def starter() -> list[Paper]:
    """Return the papers of the starter corpus."""
    _, text = formats.load(formats.STARTER)
    return [paper for paper in formats.parse(text, formats.STARTER) if isinstance(paper, Paper)]


def fit(cases: Sequence[Labelled], *, position_alone: bool = False) -> Weights:
    """Return the weights of FEATURES and the bias for each column.

    Newton's method on the ridge-penalised log-likelihood; see Hastie, Tibshirani, Friedman, "The Elements of Statistical
    Learning", 4.4.1.
    """
    used = np.array(_BY_POSITION if position_alone else (True,) * len(FEATURES))
    x = np.concatenate([case.described for case in cases])[:, used]
    x = np.column_stack([x, np.ones(len(x))])
    penalty = np.diag([_RIDGE] * (x.shape[1] - 1) + [1e-6])
    weights: Weights = {}
    for name in COLUMNS:
        y = np.concatenate([[float(n in case.fitting[name]) for n in range(len(case.described))] for case in cases])
        w = np.zeros(x.shape[1])
        for _ in range(_STEPS):
            p = 1 / (1 + np.exp(-x @ w))
            w = w + np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + penalty, x.T @ (y - p) - penalty @ w)
        whole = np.zeros(len(FEATURES) + 1)
        whole[[*np.flatnonzero(used), -1]] = w
        weights[name] = tuple(round(float(v), 2) for v in whole)
    return weights


def measure(cases: Sequence[Labelled], weights: Weights, *, always: bool = False) -> dict[str, Score]:
    """Return the score of each column. With `always`, each column shows its most probable sentence, however probable."""
    counts = {name: [0, 0, 0] for name in COLUMNS}
    for case in cases:
        probable = evidence_table.probabilities(case.described, weights)
        shown = {n: int(of.argmax()) for n, of in probable.items()} if always else evidence_table.chosen(probable)
        for name, number in shown.items():
            counts[name][0] += number is not None
            counts[name][1] += number in case.fitting[name]
            counts[name][2] += bool(case.fitting[name])
    return {name: Score(*of) for name, of in counts.items()}
