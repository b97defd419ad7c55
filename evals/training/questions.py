"""The questions that the small ranker learns from: written ones, about the papers of evals/training/claims.

evals/training/questions/*.jsonl has a paper a line: its title, and questions with the numbers of the sentences that answer. A
near miss, which the abstract does not answer, has none. Each question is also read beside another abstract that is near it,
which is taken not to answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from evals.stress.typos import mistyped
from evals.training import examples
from evals.training.examples import is_kept_back
from rag.errors import UsageError
from rag.interfaces import Embedder
from rag.questions import ranker
from rag.questions.ranker import Part
from rag.text import sentences
from rag.types import Paper

WRITTEN = Path(__file__).parent / "questions"
_MISTYPED = 0.15  # of the questions, that are learned a second time with slips of the keys
_NEAR = 3  # abstracts, one of which is taken not to answer


@dataclass(frozen=True, slots=True)
class Asked:
    """A written question: its `kind`, and the numbers of the sentences that answer it, none for a near miss."""

    question: str
    sentences: frozenset[int]
    kind: str


@dataclass(frozen=True, slots=True)
class Example:
    """A question beside an abstract, as the model reads it. `answers` are the sentences that answer, `kind` the question's."""

    part: Part
    answers: frozenset[int]
    kind: str


def load(
    files: Sequence[Path], embedder: Embedder, rng: Random, progress: Callable[[int, int], None]
) -> tuple[list[Example], list[Example]]:
    """Return the examples to learn from, and those of papers kept back. Raises UsageError."""
    papers = [record for file in files for record in records(file)]
    vectors = embedder.embed([f"{paper.title}. {paper.abstract}" for paper, _ in papers])
    kept = np.array([is_kept_back(paper) for paper, _ in papers])
    learned: list[Example] = []
    kept_back: list[Example] = []
    for n, (paper, asked) in enumerate(papers):
        into = kept_back if kept[n] else learned
        for one, vector in zip(asked, embedder.embed([one.question for one in asked]), strict=True):
            into += _read(one.question, paper, one.sentences, one.kind)
            if not kept[n] and rng.random() < _MISTYPED:
                into += _read(mistyped(one.question, rng), paper, one.sentences, one.kind)
            cosines = np.where(kept == kept[n], vectors @ vector, -1.0)
            cosines[n] = -1.0
            nearest = np.argsort(-cosines)[: 1 if kept[n] else _NEAR]
            into += _read(one.question, papers[int(rng.choice(nearest))][0], frozenset(), "other")
        progress(n + 1, len(papers))
    if not (learned and kept_back):
        raise UsageError("There are too few papers to learn from and to keep back.", "Give 50 or more, with questions.")
    return learned, kept_back


def records(file: Path) -> list[tuple[Paper, list[Asked]]]:
    """Return each paper of `file` with its questions. Raises UsageError."""
    known = {paper.title: paper for claims in examples.WRITTEN.glob("*.jsonl") for paper, _ in examples.records(claims)}
    try:
        return [
            (
                known[record["title"]],
                [Asked(q["question"], frozenset(q["sentences"]), q["kind"]) for q in record["questions"]],
            )
            for record in map(json.loads, file.read_text("utf-8").splitlines())
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"The questions in {file} cannot be read ({error!r}).", "See evals/training/questions for the form."
        ) from error


def _read(question: str, paper: Paper, answers: frozenset[int], kind: str) -> list[Example]:
    """Return one example, or none for an abstract that is read in parts."""
    texts = [paper.abstract[start:end] for start, end in sentences.split(paper.abstract)]
    parts = ranker.parts(question, paper.title, texts)
    return [Example(parts[0], answers, kind)] if len(parts) == 1 else []
