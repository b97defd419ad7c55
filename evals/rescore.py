"""python -m evals rescore: measures the answers of a run again, without asking anything.

It is for changed measures, a changed check, or facts that were corrected in the cases.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from evals import case_files, needed_citations, run_files, tables
from evals.case_files import Case
from evals.metrics import measure
from evals.run_files import Result, Run
from rag import factory
from rag.checking import checker
from rag.errors import UsageError
from rag.interfaces import Embedder
from rag.output import render
from rag.settings.settings import load
from rag.terminal import progress_bars
from rag.types import QUOTED, Claim

_OWN_MEASURES = ("first token", "total", "obeyed", "misled")  # kept as they were: the file does not tell them


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the run")
    parser.add_argument("--cases", type=Path, metavar="FILE", help="take what a right answer has from these cases, by id")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the new file (FILE with -rescored)")


def run(args: argparse.Namespace) -> int:
    """Write the new file and print its tables; return 0."""
    before = run_files.load(args.file)
    corrected = {case.id: case for case in case_files.load(args.cases)} if args.cases else {}
    if unknown := corrected.keys() and {r.case.id for r in before.results} - corrected.keys():
        raise UsageError(
            f"{args.cases} lacks {len(unknown)} cases of the run, such as {min(unknown)}.", "Give the cases it asked."
        )
    embedder = factory.reader(load(), factory.embedder(load()))
    results = []
    with progress_bars() as progress:
        for n, result in enumerate(before.results, 1):
            results.append(rescored(result, corrected, embedder))
            progress("measuring", n, len(before.results))
    path = args.out or args.file.with_name(f"{args.file.stem}-rescored.jsonl")
    path.write_text(json.dumps({"run": before.header}) + "\n" + "".join(result.line() for result in results), "utf-8")
    print("\n".join(tables.of_run(Run(path, before.header, tuple(results)))))
    print(f"\n{len(results)} answers, checked and measured again; each in {path}")
    return 0


def rescored(result: Result, corrected: Mapping[str, Case], embedder: Embedder) -> Result:
    """Return `result` checked and measured as it would be now. What a judge said is kept. Raises EmbedderError."""
    case = corrected.get(result.case.id, result.case)
    if result.whole is None:
        return replace(result, case=case)
    answer = result.whole
    if answer.mode == "model" and not answer.refused:
        judged = {(c.start, c.end): c for c in answer.claims}
        checked = checker.check(answer.answer, answer.sources, embedder)
        answer = replace(answer, claims=tuple(_with_judge(c, judged.get((c.start, c.end))) for c in checked))
    precise = needed_citations.count(answer, embedder) if answer.mode == "model" else None
    measures = measure(case, answer, result.ranked, precise)
    for name in _OWN_MEASURES:
        measures.pop(name, None)
        if name in result.measures:
            measures[name] = result.measures[name]
    return replace(result, case=case, measures=measures, whole=answer, answer=render.to_dict(answer))


def _with_judge(claim: Claim, before: Claim | None) -> Claim:
    """Return `claim` with the verdict of the judge, where one judged it before; it is the one that is shown."""
    if before is None:
        return claim
    if before.judged is None:
        return replace(claim, by=before.by) if before.by == QUOTED else claim
    return replace(claim, judged=before.judged, verdict=before.verdict, by=before.by)
