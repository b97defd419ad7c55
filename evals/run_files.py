"""The file of a run: a line of JSON on what was run, then one for each case with its answer and measures.

{"run": {"model": …, "prompts_sha256": …, "papers": …}}
{"case": {"id": …, "question": …}, "repeat": 1, "measures": {"hit": [1.0, 1.0]}, "answer": {…}}
{"case": {…}, "repeat": 1, "error": "The model server …"}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals import case_files
from evals.case_files import Case
from evals.metrics import Value
from rag.errors import UsageError
from rag.storage import answers
from rag.terminal import text_of
from rag.text.words import clean
from rag.types import Answer

_FIX = "Give a file that python -m evals run has written."


@dataclass(frozen=True, slots=True)
class Result:
    """One case asked once: its `measures` and `answer` (as `rag.ask --json` prints it), or the `error` that came instead.

    `repeat` counts from 1. `whole` is the answer with everything that belongs to it, and `ranked` are the ids of the papers put
    before the reader, best first: to be measured again.
    """

    case: Case
    repeat: int
    measures: dict[str, Value]
    answer: dict[str, Any] | None
    error: str | None = None
    whole: Answer | None = None
    ranked: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        return self.case.id, self.repeat

    def line(self) -> str:
        """Return the line of the file."""
        record: dict[str, Any] = {"case": case_files.record(self.case), "repeat": self.repeat}
        record |= {"error": self.error} if self.error else {"measures": self.measures, "answer": self.answer}
        if self.whole is not None:
            record |= {"ranked": self.ranked, "whole": answers.dump(self.whole)}
        return clean(json.dumps(record, ensure_ascii=False)) + "\n"  # a model may write half of a character


@dataclass(frozen=True, slots=True)
class Run:
    """A file that was read: what was run, and every result in the order of the file."""

    path: Path
    header: dict[str, Any]
    results: tuple[Result, ...]

    @property
    def answered(self) -> list[Result]:
        return [result for result in self.results if result.error is None]

    @property
    def name(self) -> str:
        """The model and the file, for people."""
        return f"{self.header.get('model') or self.header.get('mode', '?')} ({self.path.stem})"


def load(path: Path) -> Run:
    """Return the run in `path`. A last line that was cut short is left out. Raises UsageError for any other file."""
    first, *lines = [line for line in text_of(path, _FIX).split("\n") if line.strip()] or [""]
    try:
        header = json.loads(first)["run"]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no file of a run.", _FIX) from error
    results = []
    for number, line in enumerate(lines, 2):
        try:
            results.append(_result(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines) + 1:
                break  # the run was stopped while it wrote
            raise UsageError(
                f"Line {number} of {path} is no result of a run ({type(error).__name__}: {error}).", _FIX
            ) from error
    return Run(path, header, tuple(results))


def _result(record: dict[str, Any]) -> Result:
    measures = {name: (float(a), float(b)) for name, (a, b) in record.get("measures", {}).items()}
    whole = answers.load(record["whole"]) if "whole" in record else None
    return Result(
        case=case_files.parse(record["case"]),
        repeat=int(record["repeat"]),
        measures=measures,
        answer=record.get("answer"),
        error=record.get("error"),
        whole=whole,
        ranked=tuple(record.get("ranked", ())),
    )


def values(results: Sequence[Result], measure: str) -> list[Value]:
    """Return the values of `measure` of the cases that have it. The repeats of a case are added up: they are alike."""
    of_case: dict[str, Value] = {}
    for result in results:
        if measure in result.measures:
            part, whole = result.measures[measure]
            before = of_case.get(result.case.id, (0.0, 0.0))
            of_case[result.case.id] = before[0] + part, before[1] + whole
    return list(of_case.values())
