"""Cases as JSON Lines: each has a question, its gold papers, and the facts an answer must state. See evals/cases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import UsageError
from rag.sources.paper_ids import paper_id
from rag.terminal import text_of
from rag.types import Turn

Kind = Literal[
    "single", "numeric", "multi", "follow_up", "false_premise", "collection", "absent_method", "absent_detail", "far_off"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
UNANSWERABLE = ("absent_method", "absent_detail", "far_off")
_FORM = "docs/evaluating.md has the form of a case."
SHOWN = 5  # wrong lines in an error
_MIN_NEAR_TITLE = 0.4  # of difflib's likeness
_FOLDER = Path(__file__).with_name("cases")
COLLECTION = _FOLDER / "collection.jsonl"  # these cases fit the starter corpus only
FULL, FULL_PAPERS = _FOLDER / "full.jsonl", _FOLDER / "full_papers.jsonl"  # abstracts of full length, and cases on them


_Text = Annotated[str, Field(min_length=1)]


class _Record(BaseModel):
    """A line of a case file. `answer` is what was answered, for whoever reviews the case."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: _Text
    kind: Kind
    split: Literal["dev", "test"] = "test"
    question: _Text
    history: list[_Text] = []
    gold: list[_Text] = []
    must_include: list[Annotated[list[_Text], Field(min_length=1)]] = []
    review: str | None = None
    form: _Text | None = None
    about: list[_Text] = []
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One question with what a right answer has.

    `must_include` has a tuple for each fact: spellings, of which the answer must have one. `form` names how the question is put
    where that is out of the ordinary, such as "misspelt". `about` are the titles of the papers that a near miss is about.
    `review` is a user's comment on a wrong answer. A case with `review` is skipped until somebody completes the case and
    removes `review`.
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
    about: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        return self.kind not in UNANSWERABLE

    @property
    def gold_ids(self) -> set[str]:
        return {paper_id(title) for title in self.gold}


def load(path: Path | None = None, split: str | None = None) -> list[Case]:
    """Return the cases of `path` (None: on the starter corpus), of one `split` or of all.

    Raises UsageError with the line of everything that is wrong: a type, a field or a kind that there is not, an id that comes
    twice.
    """
    path = path or _FOLDER / "starter.jsonl"
    text = text_of(path, _FORM)
    cases: list[Case] = []
    wrong: list[str] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):  # an answer may have other line separators
        if not line.strip():
            continue
        try:
            case = parse(json.loads(line))
        except (ValueError, RecursionError) as error:
            wrong.append(f"line {number}: {_said(error)}")
            continue
        if case.id in lines:
            wrong.append(f"line {number}: the id {case.id} is that of line {lines[case.id]} too")
        lines.setdefault(case.id, number)
        cases.append(case)
    if wrong:
        more = f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise UsageError(f"{path} has wrong cases: {'; '.join(wrong[:SHOWN])}{more}.", _FORM)
    return [case for case in cases if split in (None, case.split)]


def parse(record: object) -> Case:
    """Return the case of a JSON value. Raises ValueError for one that is none."""
    read = _Record.model_validate(record)
    return Case(
        id=read.id,
        kind=read.kind,
        split=read.split,
        question=read.question,
        history=tuple(Turn("user", question) for question in read.history),
        gold=tuple(read.gold),
        must_include=tuple(tuple(fact) for fact in read.must_include),
        review=read.review,
        form=read.form,
        about=tuple(read.about),
    )


def record(case: Case) -> dict[str, Any]:
    """Return the JSON value of `case`."""
    values: dict[str, Any] = {
        "id": case.id,
        "kind": case.kind,
        "form": case.form,
        "split": case.split,
        "question": case.question,
    }
    values |= {"history": [turn.content for turn in case.history], "gold": list(case.gold)}
    values |= {"must_include": [list(fact) for fact in case.must_include], "review": case.review}
    values |= {"about": list(case.about) or None}
    return {name: value for name, value in values.items() if value is not None}


def _said(error: Exception) -> str:
    """Return what is wrong with a line, in words."""
    if not isinstance(error, ValidationError):
        return f"it is no JSON ({error})"
    found = error.errors()[0]
    if found["type"] == "extra_forbidden":
        return f"{found['loc'][0]} is no field of a case"
    if not found["loc"]:
        return "it is no JSON object"
    where = found["loc"][0] if len(found["loc"]) == 1 else f"{found['loc'][0]} at {'.'.join(str(i) for i in found['loc'][1:])}"
    return f"{where}: {found['msg'][0].lower()}{found['msg'][1:]}"


def unknown_gold(cases: Sequence[Case], titles: Mapping[str, str]) -> list[str]:
    """Return a sentence on each gold title that no paper has, with the nearest there is; `titles` are by paper id."""
    found = []
    for case in cases:
        for title in (*case.gold, *case.about):
            if paper_id(title) not in titles:
                near = get_close_matches(title, titles.values(), n=1, cutoff=_MIN_NEAR_TITLE)
                found.append(f"{case.id} names “{title}”" + (f", and the nearest is “{near[0]}”" if near else ""))
    return found


def questions(n: int) -> list[str]:
    """Return the first `n` questions of the bundled cases that are no follow-ups."""
    return [case.question for case in load() if not case.history][:n]
