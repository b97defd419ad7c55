"""python -m evals judge: a model grades the answers of a run, once a trial has shown that it can.

The grades are correct, complete, grounded, and right to refuse. With --llamaindex, LlamaIndex's evaluators of faithfulness and
relevancy are asked too, so that figures can be held against what is known of them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from evals import grading, run_files, tables
from evals.run_files import Result, Run
from rag import factory
from rag.errors import EndpointError, UsageError
from rag.interfaces import ChatModel
from rag.settings.settings import load
from rag.terminal import progress_bars, say
from rag.types import Answer

_MAX_FAILED = 0.01  # of the answers; above it, the judging has failed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the run")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the new file (FILE with -judged)")
    parser.add_argument(
        "--llamaindex", action="store_true", help="ask LlamaIndex's evaluators too: a request for each abstract"
    )
    parser.add_argument("--profile", metavar="NAME", help="the model of this table [models.NAME] in rag.toml, as the judge")
    parser.add_argument("--model", help="the judge's name at the endpoint")
    parser.add_argument("--base-url", metavar="URL", help="the address of an OpenAI-compatible endpoint")


def run(args: argparse.Namespace) -> int:
    """Try the judge, then grade each answer and print the tables.

    Return 0, or 1 when the judge is not to be trusted, or when it failed on more than one answer in a hundred.
    """
    before = run_files.load(args.file)
    model = factory.model(load(profile=args.profile, model=args.model, base_url=args.base_url))
    if model is None:
        raise UsageError("No model is set that could judge.", "Name one with --profile, or with --base-url and --model.")
    with progress_bars() as progress:
        tried = grading.trial(model, lambda done, total: progress("trying the judge", done, total))
        for name, ((yes, of_yes), (no, of_no)) in tried.items():
            print(f"{name:10} known to be yes: {yes:.0f} of {of_yes:.0f} given, no: {no:.0f} of {of_no:.0f}")
        if not grading.trusted(tried):
            print(f"{model.name} is not to be trusted as a judge: it must give {grading.BAR:.0%} of both. Nothing was judged.")
            return 1
        results = []
        for n, result in enumerate(before.results, 1):
            results.append(judged(result, model, llamaindex=args.llamaindex))
            progress("judging", n, len(before.results))
    header = before.header | {"judge": model.name, "judge_trial": tried}
    done = Run(args.out or args.file.with_name(f"{args.file.stem}-judged.jsonl"), header, tuple(results))
    done.path.write_text(json.dumps({"run": header}) + "\n" + "".join(result.line() for result in results), "utf-8")
    print("\n" + "\n".join(tables.overall(done.answered)))
    failed = sum("graded correct" not in result.measures for result in done.answered)
    print(f"\n{len(done.answered) - failed} answers judged by {model.name}, {failed} failed; each in {done.path}")
    return int(failed > _MAX_FAILED * max(len(done.answered), 1))


def judged(result: Result, model: ChatModel, *, llamaindex: bool = False) -> Result:
    """Return `result` with the grades of `model` among its measures, without where the model gave none."""
    if result.whole is None:
        return result
    try:
        grades = grading.of_answer(model, result.case, result.whole)
        named = {f"graded {name}": value for name, value in grades.items()}
        if llamaindex and not result.whole.refused:
            named |= {name: ask(model, result.whole) for name, ask in _evaluators().items()}
    except EndpointError as error:
        say(f"{result.case.id}: {error}")
        return result
    return replace(result, measures=result.measures | {name: (float(value), 1.0) for name, value in named.items()})


def _evaluators() -> dict[str, Callable[[ChatModel, Answer], bool]]:
    from evals import llamaindex_evaluators  # LlamaIndex takes seconds to import

    return {"faithful": llamaindex_evaluators.faithful, "relevant": llamaindex_evaluators.relevant}
