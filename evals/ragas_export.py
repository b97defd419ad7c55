"""python -m evals export: writes the answers of a run in the form that RAGAS reads.

{"user_input": …, "retrieved_contexts": […], "response": …, "reference": …}
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from evals import run_files
from evals.run_files import Result
from rag import prompting
from rag.text.words import clean


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the run")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where they go (FILE with -ragas)")


def run(args: argparse.Namespace) -> int:
    """Write a line for each answer; return 0."""
    records = [record for result in run_files.load(args.file).results if (record := sample(result))]
    path = args.out or args.file.with_name(f"{args.file.stem}-ragas.jsonl")
    path.write_text("".join(clean(json.dumps(record, ensure_ascii=False)) + "\n" for record in records), "utf-8")
    print(f"{len(records)} answers in {path}")
    return 0


def sample(result: Result) -> dict[str, Any] | None:
    """Return the answer of `result` as a single-turn sample; None for a question that could not be asked.

    The reference has one spelling of each required fact, or the words of a refusal.
    """
    if result.whole is None:
        return None
    facts = "; ".join(fact[0] for fact in result.case.must_include)
    return {
        "user_input": result.whole.standalone_question,
        "retrieved_contexts": [f"{s.paper.title}\n{s.paper.abstract}" for s in result.whole.sources],
        "response": result.whole.answer,
        "reference": facts if result.case.answerable else prompting.REFUSAL,
    }
