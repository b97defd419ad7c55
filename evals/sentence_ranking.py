"""Fits and measures how the sentences of an abstract are ranked for a question: rag.answering.sentence_ranking.

The sentences of the gold papers of a case are labelled by its facts: one that states a fact holds what is asked. The dev halves
of the cases on the starter corpus and on the abstracts of full length gave the weights; the latter count double, being fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from evals import case_files, regression
from evals.case_files import Case
from evals.metrics import states
from rag.answering import sentence_ranking
from rag.answering.evidence_table import Numbers
from rag.interfaces import Embedder
from rag.questions import followup
from rag.sources import formats
from rag.types import Paper

_RIDGE = 10.0  # penalty on the squared weights of standardised features
_FULL_COUNTS = 2.0


@dataclass(frozen=True, slots=True)
class Labelled:
    """The sentences of one paper for one question: features (sentences, features), which of them state a fact, and a weight."""

    features: Numbers
    stating: Numbers
    counts: float


def labelled(split: str, embedder: Embedder) -> list[Labelled]:
    """Return the gold papers of the answerable bundled cases of `split` that state a fact, those of full length last."""
    starter, full = _papers(formats.STARTER), _papers(str(case_files.FULL_PAPERS))
    cases = case_files.load(split=split), case_files.load(case_files.FULL, split)
    return [
        *_of(cases[0], starter, 1.0, embedder),
        *_of(cases[1], full, _FULL_COUNTS, embedder),
    ]


def _papers(source: str) -> dict[str, Paper]:
    name, text = formats.load(source)
    return {record.title: record for record in formats.parse(text, name) if isinstance(record, Paper)}


def _of(cases: Iterable[Case], papers: dict[str, Paper], counts: float, embedder: Embedder) -> Iterable[Labelled]:
    for case in cases:
        asked = [papers[title] for title in case.gold if papers[title].abstract] if case.kind != "collection" else []
        question = followup.with_context(case.question, case.history)
        for paper, ranked in zip(asked, sentence_ranking.rank(question, asked, embedder), strict=True):
            texts = [paper.abstract[one.start : one.end] for one in ranked]
            stating = np.array([float(any(states(text, fact) for fact in case.must_include)) for text in texts])
            if stating.any():
                yield Labelled(np.array([one.features for one in ranked]), stating, counts)


def fit(cases: Sequence[Labelled]) -> tuple[tuple[float, ...], float]:
    """Return the weights of FEATURES and the bias, by a ridge-penalised logistic regression; both classes weigh the same."""
    x = np.concatenate([case.features for case in cases])
    y = np.concatenate([case.stating for case in cases])
    counts = np.concatenate([np.full(len(case.stating), case.counts) for case in cases])
    weights, bias = regression.fit(x, y, regression.balanced(y, counts), _RIDGE)
    return tuple(round(float(v), 2) for v in weights), round(bias, 2)


def found(cases: Sequence[Labelled], weights: Sequence[float], first: int) -> float:
    """Return the share of the papers of which one of the `first` sentences states a fact when `weights` rank them."""
    ranked = [case.stating[np.argsort(-(case.features @ np.array(weights)), kind="stable")[:first]] for case in cases]
    return float(np.mean([stating.any() for stating in ranked]))
