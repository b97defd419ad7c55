"""Fits how the gate judges whether abstracts give the details of a question: WEIGHTS and BIAS of rag.retrieval.gate.

    python -m evals.fit_gate

It learns from the dev halves of the bundled cases, and from the questions of evals/training about papers that the small ranker
did not learn from, asked of a library of all papers there. Both count the same. The bias is the one at which few of those
that can be answered are refused. Reading the papers takes three minutes of two processors, the questions one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from evals import case_files, regression
from evals.regression import Numbers
from evals.training import examples
from evals.training import questions as training
from rag import factory, ingestion
from rag.errors import SourceError
from rag.index.generations import Index
from rag.index.live import LiveIndex
from rag.interfaces import Embedder
from rag.output import exports
from rag.questions import followup
from rag.retrieval import gate, selection
from rag.retrieval.retriever import Retriever
from rag.settings.settings import load
from rag.sources import formats
from rag.storage.library import Library
from rag.terminal import fail_in_one_sentence, progress_bars
from rag.types import Paper, Progress

_RIDGE = 1.0
_REFUSED = 0.016  # of the questions that can be answered
_ASKED = 700  # of the questions about papers kept back


@dataclass(frozen=True, slots=True)
class Judged:
    """Questions of one library: what the gate judges each by (questions, features), and whether it can be answered."""

    features: Numbers
    answerable: Numbers


Question = tuple[str, bool]  # as it is searched, and whether it can be answered


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Fit and print the weights; return 0."""
    argparse.ArgumentParser(prog="python -m evals.fit_gate", description=(__doc__ or "").partition("\n")[0]).parse_args(argv)
    papers, asked = kept_back()
    with progress_bars() as progress, tempfile.TemporaryDirectory(prefix="rag-gate-") as folder:
        sets = [
            judged(Path(folder) / name, places, cases, progress)
            for name, places, cases in (
                ("starter", [formats.STARTER], _cases(None)),
                ("full", [str(case_files.FULL_PAPERS)], _cases(case_files.FULL)),
                ("kept back", [_written(papers, Path(folder))], asked),
            )
        ]
    dev = Judged(*(np.concatenate(parts) for parts in zip(*((s.features, s.answerable) for s in sets[:2]), strict=True)))
    weights, bias = fit(dev, sets[2])
    print(f"WEIGHTS, BIAS = {weights}, {bias}")
    for said, w, b in (("as fitted", weights, bias), ("as shipped", gate.WEIGHTS, gate.BIAS)):
        for name, one in (("dev cases", dev), ("kept back", sets[2])):
            refused = one.features @ np.array(w) + b < 0
            kinds = ((kind, refused[one.answerable == value]) for kind, value in (("answerable", 1), ("unanswerable", 0)))
            print(said, name, *(f"{kind}: {of.mean():.3f} of {len(of)} refused" for kind, of in kinds), sep=", ")
    return 0


def _cases(file: Path | None) -> list[Question]:
    cases = case_files.load(file, "dev")
    return [(followup.with_context(c.question, c.history), c.answerable) for c in cases if c.kind != "collection"]


def kept_back() -> tuple[list[Paper], list[Question]]:
    """Return all papers of the ranker's questions, and the questions about those that it did not learn from."""
    records = [record for file in sorted(training.WRITTEN.glob("*.jsonl")) for record in training.records(file)]
    asked = [(one.question, bool(one.sentences)) for paper, of in records if examples.is_kept_back(paper) for one in of]
    Random(5).shuffle(asked)  # noqa: S311 - the same ones every time
    return [paper for paper, _ in records], asked[:_ASKED]


def _written(papers: Sequence[Paper], folder: Path) -> str:
    file = folder / "papers.jsonl"
    file.write_text("".join(exports.jsonl(papers)), "utf-8")
    return str(file)


def judged(home: Path, places: Sequence[str], asked: Sequence[Question], progress: Progress) -> Judged:
    """Return the questions whose details the gate judges, over a library of `places` in `home`."""
    settings = load(home=home)
    embedder = factory.embedder(settings)
    for report in ingestion.ingest(home, list(places), embedder, progress):
        if report.error:
            raise SourceError(report.error, "")
    library = Library(home)
    rows = list(_rows(library, LiveIndex(home, library, embedder).now(), embedder, settings.k, asked))
    return Judged(np.array([features for features, _ in rows]), np.array([float(answerable) for _, answerable in rows]))


def _rows(
    library: Library, index: Index, embedder: Embedder, k: int, asked: Sequence[Question]
) -> Iterator[tuple[tuple[float, ...], bool]]:
    retriever = Retriever(library, index, embedder)
    for question, answerable in asked:
        features = gate.features(question, selection.papers(retriever, question, k), index.lexical)
        if features:
            yield features, answerable


def fit(dev: Judged, kept: Judged) -> tuple[tuple[float, ...], float]:
    """Return the weights, and the bias at which _REFUSED of the answerable ones are refused; both sets count the same."""
    x, y = np.concatenate([dev.features, kept.features]), np.concatenate([dev.answerable, kept.answerable])
    counts = np.concatenate([np.full(len(one.answerable), 1 / len(one.answerable)) for one in (dev, kept)]) * len(y) / 2
    weights, _ = regression.fit(x, y, regression.balanced(y, counts), _RIDGE)
    rounded = tuple(round(float(w), 2) for w in weights)
    odds = x[y == 1] @ np.array(rounded)
    order = np.argsort(odds)
    shares = np.cumsum(counts[y == 1][order]) / counts[y == 1].sum()
    return rounded, round(-float(odds[order][np.searchsorted(shares, _REFUSED)]), 1)


if __name__ == "__main__":
    sys.exit(main())
