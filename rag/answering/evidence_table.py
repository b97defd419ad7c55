"""What abstracts say of problem, method, data and result: a table with a row a paper, each cell a sentence of its abstract.

No model is asked. Each sentence has a probability for each column, by a logistic regression on where it stands, how near it is
to a few sentences that are typical of each column, whether it names the method of the title, and whether it has figures. A
column shows its most probable sentence, or nothing when that is not probable enough. evals/evidence_columns.py has fitted the
weights and says how often the cells are right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.interfaces import Embedder
from rag.text import quantities, sentences
from rag.text.words import method_names
from rag.types import Paper

COLUMNS = ("Problem", "Method", "Data", "Result")
NOT_SAID = "not said"
FEATURES = ("first", "position", "like problem", "like method", "like data", "like result", "titled", "figure", "names", "link")
_MIN_PROBABILITY = 0.4  # of a sentence that is shown; gave the most right cells, empty ones among them
_EXCLUDED_BY = {"Problem": ("Method",), "Method": ("Problem", "Result")}  # a sentence that is likely one of these is no good
_NEAREST_TYPICAL = 2  # sentences of a column, whose mean cosine counts
_MAX_NAMES = 3  # of methods and data sets in a sentence, from which on more of them tell nothing
_TYPICAL = {
    "Problem": (
        "Existing approaches are expensive and do not work well in practice.",
        "However, current methods fail when little is available.",
        "It remains unclear why this happens.",
        "This is a difficult problem that prior work has overlooked.",
        "Models suffer from errors that limit their use.",
    ),
    "Method": (
        "This is a framework for solving the task.",
        "We propose a new method that consists of two stages.",
        "It first learns a module and then combines it with another.",
        "A new algorithm computes this efficiently.",
        "The model is trained with an additional loss.",
    ),
    "Data": (
        "Experiments are run on several public benchmarks.",
        "The data set has ten thousand examples from many sources.",
        "It is evaluated on a range of tasks, data sets and models.",
        "The corpus was collected from the web and annotated by people.",
        "On ImageNet and CIFAR-10 it was tested with two models.",
    ),
    "Result": (
        "The method outperforms all baselines by a large margin.",
        "It reaches state-of-the-art accuracy and is faster.",
        "The results show that performance improves significantly.",
        "We find that larger ones are more robust than smaller ones.",
        "Accuracy rises from 70% to 80%.",
    ),
}
# The weights of FEATURES, and last the bias, for each column.
WEIGHTS: Mapping[str, tuple[float, ...]] = {
    "Problem": (2.33, -4.89, 2.78, -1.2, -1.13, -0.44, -1.49, 1.18, -2.22, -0.12, 0.04),
    "Method": (-4.76, -5.11, -0.58, 4.22, 0.95, -4.58, 0.92, -1.34, 0.53, -2.04, 3.02),
    "Data": (-1.75, 2.01, -6.0, -3.67, 5.58, 4.09, -2.31, 1.11, 2.06, -2.04, -4.26),
    "Result": (-1.7, 4.98, 0.87, -2.46, -3.38, 4.97, -3.22, 1.27, -0.57, -3.29, -3.25),
}

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quote:
    """The sentence abstract[start:end] of a paper, its `number`-th from 1 on."""

    text: str
    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Row:
    """A paper with a cell for each of COLUMNS; None where its abstract does not say it."""

    paper: Paper
    cells: tuple[Quote | None, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same table with a column for each paper: `rows` are the names of COLUMNS with the cells of `papers`, in order."""

    papers: tuple[Paper, ...]
    rows: tuple[tuple[str, tuple[Quote | None, ...]], ...]


def table(papers: Sequence[Paper], embedder: Embedder) -> list[Row]:
    """Return a row for each paper, in order. The weights are of the bundled embedder. Raises EmbedderError."""
    spans = [sentences.split(paper.abstract) for paper in papers]
    texts = [[paper.abstract[slice(*span)] for span in found] for paper, found in zip(papers, spans, strict=True)]
    features = describe([paper.title for paper in papers], texts, embedder)
    return [
        Row(paper, tuple(_cells(found, said, described)))
        for paper, found, said, described in zip(papers, spans, texts, features, strict=True)
    ]


def comparison(papers: Sequence[Paper], embedder: Embedder) -> Comparison:
    """Return the table of `papers` transposed, for papers side by side. Raises EmbedderError."""
    rows = table(papers, embedder)
    return Comparison(tuple(papers), tuple((name, tuple(row.cells[n] for row in rows)) for n, name in enumerate(COLUMNS)))


def describe(titles: Sequence[str], texts: Sequence[Sequence[str]], embedder: Embedder) -> list[Numbers]:
    """Return FEATURES of each sentence: for each paper, by its title and its sentences, an array (sentences, features)."""
    typical = [sentence for column in COLUMNS for sentence in _TYPICAL[column]]
    vectors = embedder.embed([*typical, *(sentence for said in texts for sentence in said)])
    columns = np.split(vectors[: len(typical)], len(COLUMNS))
    described, first = [], len(typical)
    for title, said in zip(titles, texts, strict=True):
        likeness = _likeness(vectors[first : first + len(said)], columns)
        described.append(_features(title, said, likeness))
        first += len(said)
    return described


def _likeness(vectors: NDArray[np.float32], columns: Sequence[NDArray[np.float32]]) -> Numbers:
    """Return how much nearer each sentence is to each column's typical sentences than to those of an average column."""
    cosines = [np.sort(vectors @ typical.T, axis=1)[:, -_NEAREST_TYPICAL:].mean(axis=1) for typical in columns]
    near: Numbers = np.column_stack(cosines).astype(np.float64)
    return near - near.mean(axis=1, keepdims=True)


def _features(title: str, said: Sequence[str], likeness: Numbers) -> Numbers:
    own = method_names(title.partition(":")[0])
    rows = [
        (
            n == 0,
            n / max(len(said) - 1, 1),
            *near,
            any(name in sentence for name in own),
            any(not quantity.spelled for quantity in quantities.find(sentence)),
            min(len(method_names(sentence)), _MAX_NAMES) / _MAX_NAMES,
            "://" in sentence,
        )
        for n, (sentence, near) in enumerate(zip(said, likeness, strict=True))
    ]
    return np.array(rows, np.float64).reshape(len(said), len(FEATURES))


def probabilities(described: Numbers, weights: Mapping[str, Sequence[float]] = WEIGHTS) -> dict[str, Numbers]:
    """Return how probable each sentence of a paper is for each column, 0 to 1, by its row of FEATURES."""
    alone = {name: 1 / (1 + np.exp(-(described @ np.array(of[:-1]) + of[-1]))) for name, of in weights.items()}
    return {name: found * np.prod([1 - alone[o] for o in _EXCLUDED_BY.get(name, ())], axis=0) for name, found in alone.items()}


def chosen(probable: Mapping[str, Numbers]) -> dict[str, int | None]:
    """Return which sentence each column shows, None where none is probable enough."""
    best = {name: int(of.argmax()) if len(of) else None for name, of in probable.items()}
    return {name: n if n is not None and probable[name][n] >= _MIN_PROBABILITY else None for name, n in best.items()}


def _cells(spans: Sequence[sentences.Span], said: Sequence[str], described: Numbers) -> list[Quote | None]:
    shown = chosen(probabilities(described))
    return [None if (n := shown[name]) is None else Quote(said[n], n + 1, *spans[n]) for name in COLUMNS]
