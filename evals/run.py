"""python -m evals run: asks the assistant every case and measures the answers.

Without --papers, the cases are asked over the starter corpus in a temporary home, so the result does not depend on your
library. The configured model answers; without one, the extractive reader does. Each result is written as soon as it is there,
so that a run that was stopped goes on with --resume.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

from evals import asking, case_files, junit, result_files, run_files, tables
from evals.arguments import at_least
from evals.case_files import Case
from evals.metrics import MEASURES
from evals.run_files import Result, Run
from evals.statistics import estimate
from evals.stress import kinds, orders
from evals.stress.kinds import Measured, nothing_more
from rag import factory, ingestion
from rag.assistant import Assistant
from rag.errors import EndpointError, SourceError, UsageError
from rag.output import exports
from rag.settings.settings import Settings, load
from rag.sources import formats
from rag.storage.library import Library
from rag.terminal import progress_bars, say
from rag.types import Progress

_MAX_FAILED = 0.01  # of the questions; above it, a run has failed
_REQUIRED = re.compile(r"(?P<name>.+?)\s*(?P<sign>>=|<=)\s*(?P<value>\d+(?:\.\d+)?)")
_PROMPTS = ("advice.md", "answer.md", "condense.md", "rewrite.md", "unanswered.md", "verify.md")  # on which an answer depends
_MODEL_TASKS = 4  # questions at a time that a model is asked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--papers", nargs="+", metavar="FILE", help="ask of these papers instead of the starter corpus")
    parser.add_argument("--cases", type=Path, metavar="FILE", help="your own cases, in the form of evals/cases/starter.jsonl")
    parser.add_argument(
        "--full",
        action="store_true",
        help="the bundled cases on 51 abstracts of full length, in place of those on the starter corpus",
    )
    parser.add_argument("--split", choices=("dev", "test"), help="only this half of the cases")
    parser.add_argument("--stress", choices=kinds.KINDS, help="make cases and papers harder in this way")
    parser.add_argument(
        "--orders", type=Path, metavar="FILE", help="the sentences that --stress planted plants, as BIPIA has them"
    )
    parser.add_argument("--limit", type=at_least(1), metavar="N", help="only N cases, spread over the kinds")
    parser.add_argument("--repeat", type=at_least(1), default=1, metavar="N", help="ask each case N times (1)")
    parser.add_argument("--jobs", type=at_least(1), metavar="N", help="questions asked at a time (1; with a model 4)")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="go on with this run, which was stopped or had failures")
    parser.add_argument("--no-cache", action="store_true", help="ask a model again what it was asked before")
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="where the per-case JSONL goes")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="also write the cases as JUnit XML, for a build server")
    parser.add_argument(
        "--require",
        type=_required,
        action="append",
        default=[],
        metavar="LIMIT",
        help='exit with 1 unless it holds, as "hit>=0.9" or "wrongly refused<=0.03"; may be given several times',
    )
    parser.add_argument("--prices", type=float, nargs=2, metavar=("IN", "OUT"), help="of a million tokens, to print the cost")
    parser.add_argument("--k", type=int, help="how many papers to put before the reader")
    parser.add_argument("--profile", metavar="NAME", help="the model of this table [models.NAME] in rag.toml")
    parser.add_argument("--model", help="the model's name at the endpoint")
    parser.add_argument("--base-url", metavar="URL", help="the address of an OpenAI-compatible endpoint")
    parser.add_argument("--no-model", action="store_true", help="measure the extractive reader")


def _required(text: str) -> tuple[str, str, float]:
    """Return measure, sign and limit of --require. Raises ArgumentTypeError for any other text."""
    found = _REQUIRED.fullmatch(text.strip())
    if not found or found["name"] not in MEASURES:
        raise argparse.ArgumentTypeError(f"{text} is no limit such as hit>=0.9; the measures are {', '.join(MEASURES)}")
    return found["name"], found["sign"], float(found["value"])


def run(args: argparse.Namespace) -> int:
    """Run the evals, print the tables, write the JSONL.

    Return 0, or 1 when more than one question in a hundred could not be asked, or a limit of --require does not hold.
    """
    cases = _cases(args)
    with tempfile.TemporaryDirectory(prefix="rag-evals-") as folder, progress_bars() as progress:
        groups = _groups(cases, args, Path(folder))
        cases = [case for group, _, _ in groups for case in group]
        results: list[Result] = []
        for n, (group, places, more) in enumerate(groups):
            assistant, settings = _assistant(args, Path(folder) / str(n), places, progress)
            _know_gold(group, assistant)
            if n == 0:
                header = _header(settings, assistant, args, cases)
                results += _before(args.resume, header) if args.resume else []
                path = _begun(args, header, results)
            done = {result.key for result in results}
            left = [(case, m) for m in range(1, args.repeat + 1) for case in group if (case.id, m) not in done]
            asker = asking.Asker(assistant, settings, args.repeat, None if args.no_cache else args.out, more)
            jobs = args.jobs or (_MODEL_TASKS if assistant.model.mode == "model" else 1)
            with path.open("a", encoding="utf-8") as out:
                for number, result in enumerate(asking.results(asker, left, jobs), 1):
                    out.write(result.line())
                    out.flush()
                    results.append(result)
                    progress("asking", number, len(left))
    return _reported(Run(path, header, tuple(sorted(results, key=_place(cases)))), args)


def _groups(cases: Sequence[Case], args: argparse.Namespace, folder: Path) -> list[tuple[Sequence[Case], list[str], Measured]]:
    """Return the cases, the files of the papers that they are asked of, and what is measured beside the usual.

    There are several groups where --stress needs them. Raises UsageError for --orders that are not planted.
    """
    if args.orders and args.stress != "planted":
        raise UsageError("--orders are the sentences that --stress planted puts into the papers.", "Give both.")
    if not args.stress:
        return [(cases, _papers(args), nothing_more)]
    papers = [paper for place in _papers(args) for paper in kinds.read(place)]
    given = orders.load(args.orders) if args.orders else orders.BUNDLED
    made: list[tuple[Sequence[Case], list[str], Measured]] = []
    asked = [case for case in cases if case.kind != "collection"]
    for n, group in enumerate(kinds.groups(args.stress, asked, papers, given)):
        file = folder / f"papers-{n}.jsonl"
        file.write_text("".join(exports.jsonl(group.papers)), "utf-8")
        made.append((group.cases, [str(file)], group.more))
    return made


def _begun(args: argparse.Namespace, header: dict[str, Any], before: Sequence[Result]) -> Path:
    """Return the file of the run, with its header and the results that it goes on from."""
    path: Path = args.resume or result_files.fresh(args.out, "run")
    begun = path.with_suffix(".part")
    begun.write_text(json.dumps({"run": header}) + "\n" + "".join(result.line() for result in before), "utf-8")
    begun.replace(path)  # what was answered before is in one of the two at any moment
    return path


def _place(cases: Sequence[Case]) -> Callable[[Result], tuple[int, int]]:
    """Return the order of results: by repeat, then as the cases stand in their file."""
    places = {case.id: n for n, case in enumerate(cases)}
    return lambda result: (result.repeat, places[result.case.id])


def _reported(done: Run, args: argparse.Namespace) -> int:
    """Print the tables of a run and return its exit code."""
    print("\n".join(tables.of_run(done, args.prices)))
    if args.junit:
        args.junit.write_text(junit.of_run(done), "utf-8")
    failed = len(done.results) - len(done.answered)
    print(f"\n{len(done.answered)} answers, {done.header['model'] or done.header['mode']}; each in {done.path}")
    missed = [_missed(done, *limit) for limit in args.require]
    for line in filter(None, missed):
        say(line)
    if failed:
        say(f"{failed} of {len(done.results)} questions could not be asked. Go on with: --resume {done.path}")
    return int(failed > _MAX_FAILED * len(done.results) or any(missed))


def _missed(done: Run, name: str, sign: str, limit: float) -> str | None:
    """Return a sentence when a limit of --require does not hold."""
    of = estimate(run_files.values(done.answered, name))
    if of and (of.value >= limit if sign == ">=" else of.value <= limit):
        return None
    return f"{name} is {f'{of.value:.3f}' if of else 'not measured'}, and {sign} {limit:g} is required."


def _cases(args: argparse.Namespace) -> list[Case]:
    """Return the cases to ask, without those that wait for a review. Raises UsageError when there are none."""
    if args.full and (args.cases or args.papers):
        raise UsageError("--full has papers and cases of its own.", "Leave out --papers and --cases, or --full.")
    cases = case_files.load(case_files.FULL if args.full else args.cases, args.split)
    if not (args.cases or args.papers or args.full):
        cases += case_files.load(case_files.COLLECTION, args.split)
    ready = [case for case in cases if case.review is None]
    if len(ready) < len(cases):
        say(f"{len(cases) - len(ready)} of {len(cases)} cases wait for a review and are left out.")
    if not ready:
        fix = "Name another file with --cases, leave --split out, or review the cases."
        raise UsageError("There are no cases to ask.", fix)
    return _spread(ready, args.limit) if args.limit else ready


def _spread(cases: Sequence[Case], n: int) -> list[Case]:
    """Return `n` of the cases, as many of each kind as can be, in their order."""
    turns: dict[str, int] = {}
    ranked = []
    for place, case in enumerate(cases):
        turns[case.kind] = turns.get(case.kind, 0) + 1
        ranked.append((turns[case.kind], place))
    return [cases[place] for place in sorted(place for _, place in sorted(ranked)[:n])]


def _know_gold(cases: Sequence[Case], assistant: Assistant) -> None:
    """Raises UsageError where a case names a title that no paper has."""
    titles = {i: title for i, (title, _) in assistant.library.catalogue().items()}
    if unknown := case_files.unknown_gold(cases, titles):
        more = f"; and {len(unknown) - case_files.SHOWN} more" if len(unknown) > case_files.SHOWN else ""
        said = "; ".join(unknown[: case_files.SHOWN])
        raise UsageError(
            f"No paper has these titles of the cases: {said}{more}.", "Correct them, or give the papers with --papers."
        )


def _assistant(args: argparse.Namespace, home: Path, places: Sequence[str], progress: Progress) -> tuple[Assistant, Settings]:
    """Return an assistant over the papers of `places`, in `home`, and its settings. Raises SourceError."""
    flags = {"profile": args.profile, "model": args.model, "base_url": args.base_url, "no_model": args.no_model or None}
    own = load(k=args.k, **flags)  # with the rag.toml of RAG_HOME; the library there is not used
    settings = own.model_copy(update={"home": home})
    embedder = factory.embedder(own)  # uses the graph that is already built
    for report in ingestion.ingest(home, places, embedder, progress):
        if report.error:
            raise SourceError(report.error, "")
    reranker = kinds.shuffler(settings.k) if args.stress == "shuffled" else None
    return Assistant(settings, embedder=embedder, reranker=reranker), settings


def _papers(args: argparse.Namespace) -> list[str]:
    return [str(case_files.FULL_PAPERS)] if args.full else args.papers or [formats.STARTER]


def _header(settings: Settings, assistant: Assistant, args: argparse.Namespace, cases: Sequence[Case]) -> dict[str, Any]:
    """Return what the result depends on: the model, and the hashes of prompts, cases and papers."""
    prompts = sorted((f for f in resources.files("prompts").iterdir() if f.name in _PROMPTS), key=lambda f: f.name)
    return {
        "mode": assistant.model.mode,
        "model": settings.model or _named(assistant),
        "host": assistant.model.host,
        "embedder": assistant.embedder.name,
        "k": settings.k,
        "prompts_sha256": {f.name: sha256(f.read_bytes()).hexdigest()[:16] for f in prompts},
        "papers": [Path(p).name for p in _papers(args)],
        "papers_sha256": _fingerprint(assistant.library),
        "cases_sha256": sha256(json.dumps([case_files.record(case) for case in cases]).encode()).hexdigest()[:16],
        "split": args.split,
        "stress": args.stress,
        "orders": args.orders.name if args.orders else None,
        "date": datetime.now(UTC).date().isoformat(),
    }


def _fingerprint(library: Library) -> str:
    """Return a hash of the papers that are asked."""
    papers = sorted((paper.id, paper.title, paper.abstract) for paper in library.papers().values())
    return sha256(json.dumps(papers).encode()).hexdigest()[:16]


def _named(assistant: Assistant) -> str | None:
    """Return the name of the model that a server has, where it has only one."""
    with suppress(EndpointError):
        _ = assistant.model.context_tokens  # asks the server
    return assistant.model.name


def _before(path: Path, header: dict[str, Any]) -> list[Result]:
    """Return the answers that a run has, to go on with it. Raises UsageError when something is not as it was."""
    before = run_files.load(path)
    other = [name.removesuffix("_sha256") for name in header if name != "date" and before.header.get(name) != header[name]]
    if other:
        raise UsageError(
            f"{path} was run with another {', '.join(dict.fromkeys(other))}.", "Run it as it was begun, or begin anew."
        )
    return before.answered
