"""Cases as JSON Lines: each has a question, its gold papers, and the facts an answer must state. See evals/cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from rag.errors import UsageError
from rag.sources.paper_ids import paper_id
from rag.types import Turn

UNANSWERABLE = ("absent_method", "absent_detail", "far_off")
KINDS = ("single", "numeric", "multi", "follow_up", "false_premise", "collection", *UNANSWERABLE)
_FOLDER = Path(__file__).with_name("cases")
COLLECTION = _FOLDER / "collection.jsonl"  # these cases fit the starter corpus only
FULL, FULL_PAPERS = _FOLDER / "full.jsonl", _FOLDER / "full_papers.jsonl"  # abstracts of full length, and cases on them


@dataclass(frozen=True, slots=True)
class Case:
    """One question with what a right answer has.

    `must_include` has a tuple for each fact: spellings, of which the answer must have one. `form` names how the question is put
    where that is out of the ordinary, such as "misspelt". `review` is a user's comment on a wrong answer. A case with `review`
    is skipped until somebody completes the case and removes `review`.
    """

    id: str
    kind: str
    split: str
    question: str
    history: tuple[Turn, ...]
    gold: tuple[str, ...]
    must_include: tuple[tuple[str, ...], ...]
    review: str | None = None
    form: str | None = None

    @property
    def answerable(self) -> bool:
        return self.kind not in UNANSWERABLE

    @property
    def gold_ids(self) -> set[str]:
        return {paper_id(title) for title in self.gold}


def load(path: Path | None = None, split: str | None = None) -> list[Case]:
    """Return the cases of `path` (None: on the starter corpus), of one `split` or of all. Raises UsageError for a bad file."""
    try:
        text = path.read_text("utf-8") if path else resources.files("evals.cases").joinpath("starter.jsonl").read_text("utf-8")
        cases = list(_parse(text))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"The cases in {path} cannot be read ({error!r}).", "See evals/cases/starter.jsonl for the form."
        ) from error
    return [case for case in cases if split in (None, case.split)]


def questions(n: int) -> list[str]:
    """Return the first `n` questions of the bundled cases that are no follow-ups."""
    return [case.question for case in load() if not case.history][:n]


def _parse(text: str) -> Iterator[Case]:
    for line in text.split("\n"):  # an answer may have other line separators
        if line.strip():
            yield _case(json.loads(line))


def _case(record: dict[str, Any]) -> Case:
    if record["kind"] not in KINDS:
        raise ValueError(f"{record['kind']} is not one of {', '.join(KINDS)}")
    return Case(
        id=str(record["id"]),
        kind=record["kind"],
        split=record.get("split", "test"),
        question=record["question"],
        history=tuple(Turn("user", question) for question in record.get("history", [])),
        gold=tuple(record.get("gold", [])),
        must_include=tuple(tuple(fact) for fact in record.get("must_include", [])),
        review=record.get("review"),
        form=record.get("form"),
    )
