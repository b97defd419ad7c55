"""Answers whose sentences are labelled true or false, to measure the grounding check. See evals/cases/claims.jsonl.

Each answer has the titles of its sources, in the order of their numbers, and the label of each sentence. The abstracts are
those of the starter corpus and of evals/cases/abstracts.jsonl.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from rag.errors import UsageError
from rag.sources import formats
from rag.sources.paper_ids import paper_id
from rag.types import Hit, Paper, Source

TRUE, NO_CLAIM = "supported", "no_claim"
LABELS = (TRUE, "contradicted", "not_said", "wrong_source", NO_CLAIM)
GROUPS = {  # of the kinds of false claims
    "trace": ("number_digits", "number_words", "number_place", "unit", "method", "dataset", "outside_name", "citation"),
    "meaning": ("negated", "direction", "role", "overclaim", "cause", "merged"),
    "other": ("detail", "outside"),
}
FOREIGN = ("french", "german", "chinese")  # forms


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """answer[start:end] with its label. `kind` says what is wrong with a false one, and `form` how it is written."""

    start: int
    end: int
    label: str
    kind: str | None
    form: str

    @property
    def honest(self) -> bool:
        return self.label in (TRUE, NO_CLAIM)

    def overlaps(self, start: int, end: int) -> bool:
        """Whether a claim of the check, answer[start:end], shares more than half of the shorter text with this one."""
        shared = min(end, self.end) - max(start, self.start)
        return shared * 2 > min(end - start, self.end - self.start)


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    id: str
    split: str
    question: str
    sources: tuple[Source, ...]
    answer: str
    claims: tuple[LabelledClaim, ...]


def load(path: Path | None = None, split: str | None = None) -> list[LabelledAnswer]:
    """Return the labelled answers of `path` (None: the bundled ones), of one `split` or of all. Raises UsageError."""
    try:
        text = (path or resources.files("evals.cases").joinpath("claims.jsonl")).read_text("utf-8")
        answers = [_answer(json.loads(line)) for line in text.split("\n") if line.strip()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"The labelled answers in {path} cannot be read ({error!r}).", "See evals/cases/claims.jsonl for the form."
        ) from error
    return [answer for answer in answers if split in (None, answer.split)]


def _answer(record: dict[str, Any]) -> LabelledAnswer:
    text = record["answer"]
    claims, position = [], 0
    for claim in record["claims"]:
        start = text.index(claim["text"], position)
        position = start + len(claim["text"])
        if claim["label"] not in LABELS:
            raise ValueError(f"{claim['label']} is not one of {', '.join(LABELS)}")
        claims.append(LabelledClaim(start, position, claim["label"], claim.get("kind"), claim["form"]))
    papers = [_papers()[title] for title in record["papers"]]
    return LabelledAnswer(
        id=str(record["id"]),
        split=record["split"],
        question=record["question"],
        sources=numbered(papers),
        answer=text,
        claims=tuple(claims),
    )


def numbered(papers: Sequence[Paper]) -> tuple[Source, ...]:
    """Return `papers` as the sources of an answer, numbered from 1."""
    return tuple(Source(n, Hit(paper=p, score=0.0, dense=0.0, lexical=0.0)) for n, p in enumerate(papers, 1))


@cache
def _papers() -> dict[str, Paper]:
    """Return the papers of the starter corpus and the bundled abstracts by title."""
    records = formats.parse(formats.load(formats.STARTER)[1], formats.STARTER)
    papers = {paper.title: paper for paper in records if isinstance(paper, Paper)}
    text = resources.files("evals.cases").joinpath("abstracts.jsonl").read_text("utf-8")
    for record in map(json.loads, text.splitlines()):
        papers[record["title"]] = Paper(id=paper_id(record["title"]), title=record["title"], abstract=record["abstract"])
    return papers
