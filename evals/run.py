"""python -m evals run: asks the assistant every case and measures the answers.

Without --papers, the cases are asked over the starter corpus in a temporary home, so the result does not depend on your
library. The configured model answers; without one, the extractive reader does.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import TextIO

from evals import case_files
from evals.case_files import KINDS, Case
from evals.metrics import RECALL_AT, Measured, mean, measure, share
from rag import factory, ingestion
from rag.assistant import Assistant
from rag.errors import EmbedderError, EndpointError, SourceError, UsageError
from rag.events import Found
from rag.output import render
from rag.settings.settings import Settings, load
from rag.sources import formats
from rag.terminal import progress_bars, say
from rag.types import Answer, Progress

Result = tuple[Case, Measured]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--papers", nargs="+", metavar="FILE", help="ask of these papers instead of the starter corpus")
    parser.add_argument("--cases", type=Path, metavar="FILE", help="your own cases, in the form of evals/cases/starter.jsonl")
    parser.add_argument(
        "--full",
        action="store_true",
        help="the bundled cases on 51 abstracts of full length, in place of those on the starter corpus",
    )
    parser.add_argument("--split", choices=("dev", "test"), help="only this half of the cases")
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="where the per-case JSONL goes")
    parser.add_argument("--k", type=int, help="how many papers to put before the reader")
    parser.add_argument("--profile", metavar="NAME", help="the model of this table [models.NAME] in rag.toml")
    parser.add_argument("--model", help="the model's name at the endpoint")
    parser.add_argument("--base-url", metavar="URL", help="the address of an OpenAI-compatible endpoint")
    parser.add_argument("--no-model", action="store_true", help="measure the extractive reader")


def run(args: argparse.Namespace) -> int:
    """Run the evals, print the tables, write the JSONL; return 0, or 1 when a question could not be answered."""
    cases = _cases(args)
    with tempfile.TemporaryDirectory(prefix="rag-evals-") as folder, progress_bars() as progress:
        assistant, settings = _assistant(args, Path(folder), progress)
        args.out.mkdir(parents=True, exist_ok=True)
        path = args.out / f"run-{datetime.now(UTC):%Y%m%d-%H%M%S}.jsonl"
        with path.open("w", encoding="utf-8") as out:
            out.write(json.dumps(_header(settings, assistant, args)) + "\n")
            results = list(_results(assistant, cases, out, progress))
    print("\n".join(table(results)))
    print(f"\n{len(results)} cases, {assistant.model.name or assistant.model.mode}; each in {path}")
    return 0 if len(results) == len(cases) else 1


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
    return ready


def _assistant(args: argparse.Namespace, home: Path, progress: Progress) -> tuple[Assistant, Settings]:
    """Return an assistant over the papers to ask, in `home`, and its settings. Raises SourceError for an unreadable file."""
    flags = {"profile": args.profile, "model": args.model, "base_url": args.base_url, "no_model": args.no_model or None}
    own = load(k=args.k, **flags)  # with the rag.toml of RAG_HOME; the library there is not used
    settings = own.model_copy(update={"home": home})
    embedder = factory.embedder(own)  # uses the graph that is already built
    for report in ingestion.ingest(home, _papers(args), embedder, progress):
        if report.error:
            raise SourceError(report.error, "")
    return Assistant(settings, embedder=embedder), settings


def _papers(args: argparse.Namespace) -> list[str]:
    return [str(case_files.FULL_PAPERS)] if args.full else args.papers or [formats.STARTER]


def _results(assistant: Assistant, cases: Sequence[Case], out: TextIO, progress: Progress) -> Iterator[Result]:
    """Yield the measures of each case that was answered, and write a line of JSON for every case."""
    for n, case in enumerate(cases, 1):
        try:
            answer, ranked = _ask(assistant, case)
        except (EndpointError, EmbedderError) as error:
            say(f"{case.id}: {error}")
            out.write(json.dumps({"case": case.id, "error": str(error)}) + "\n")
            continue
        measured = measure(case, answer, ranked)
        record = {"case": case.id, "kind": case.kind, **asdict(measured), "answer": render.to_dict(answer)}
        out.write(json.dumps(record, ensure_ascii=False) + "\n")
        yield case, measured
        progress("asking", n, len(cases))


def _ask(assistant: Assistant, case: Case) -> tuple[Answer, list[str]]:
    """Return the answer, and the ids of the papers in the prompt, best first."""
    ranked: list[str] = []
    for event in assistant.stream(case.question, case.history):
        if isinstance(event, Found):
            ranked = [s.paper.id for s in event.sources]
        elif isinstance(event, Answer):
            return event, ranked
    raise AssertionError("a stream ends with its answer")


def _header(settings: Settings, assistant: Assistant, args: argparse.Namespace) -> dict[str, object]:
    """Return what the result depends on: the model, the hashes of the prompts, the papers."""
    prompts = sorted((f for f in resources.files("prompts").iterdir() if f.name.endswith(".md")), key=lambda f: f.name)
    return {
        "mode": assistant.model.mode,
        "model": settings.model,
        "host": assistant.model.host,
        "embedder": assistant.embedder.name,
        "k": settings.k,
        "prompts_sha256": {f.name: sha256(f.read_bytes()).hexdigest()[:16] for f in prompts},
        "papers": [Path(p).name for p in _papers(args)],
        "split": args.split,
    }


_COLUMNS = {
    f"recall@{RECALL_AT}": 9,
    "read": 6,
    "MRR": 6,
    "hit": 6,
    "right": 6,
    "precision": 10,
    "words": 6,
    "cited ok": 9,
    "supported": 10,
    "refused": 8,
}


def _measures(rows: Sequence[Measured]) -> tuple[float | None, ...]:
    """Return a value for each of _COLUMNS."""
    stated = [m for m in rows if m.useful is not None]
    return (
        mean(m.recall for m in rows),
        mean(m.recall_read for m in rows),
        mean(m.reciprocal_rank for m in rows),
        mean(m.hit for m in rows),
        mean(None if m.hit is None else float(m.hit == 1.0) for m in rows),
        share((m.useful or 0 for m in stated), (m.claims for m in stated)),
        mean(float(m.words) for m in rows if not m.refused),
        share((m.citations - m.invalid for m in rows), (m.citations for m in rows)),
        share((m.supported for m in rows), (m.claims for m in rows)),
        mean(float(m.refused) for m in rows),
    )


def _cell(name: str, value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}" if name == "words" else f"{value:.3f}"


def table(results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines of the two tables: measures by kind of case, and refusals against answerability."""
    forms = sorted({case.form for case, _ in results if case.form})
    yield f"{'kind':18} {'n':>4} " + " ".join(f"{name:>{width}}" for name, width in _COLUMNS.items())
    for kind in (*KINDS, "all", *forms):
        rows = [m for case, m in results if kind in (case.kind, case.form, "all")]
        if rows:
            cells = (_cell(name, value).rjust(_COLUMNS[name]) for name, value in zip(_COLUMNS, _measures(rows), strict=True))
            yield f"{kind:18} {len(rows):4} {' '.join(cells)}"
    yield ""
    yield f"{'':18} {'answered':>9} {'refused':>8}"
    for label, answerable in (("answerable", True), ("unanswerable", False)):
        refused = [m.refused for case, m in results if case.answerable is answerable]
        yield f"{label:18} {len(refused) - sum(refused):9} {sum(refused):8}"
