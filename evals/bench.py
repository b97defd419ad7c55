"""python -m evals bench: measures search on this machine, what a change costs, and memory and disk space.

Each size is measured in its own processes. Size 574 is the starter corpus itself. Other sizes are synthetic libraries
(evals.synthetic) with stored vectors, so that they measure everything but the embedding of documents.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from evals import result_files, synthetic
from evals.arguments import at_least
from evals.processes import command
from evals.speed import FILTERS
from rag.errors import UsageError
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from rag.sources import formats
from rag.terminal import say

STARTER_PAPERS = 574
_MIN_PAPERS = 50  # of a size
_QUESTION = "How does GraphSAINT build its minibatches?"
_COLD_RUNS = 5
_MAX_EMBEDDED_TEXTS = 1_000_000
_RUNS_PER_SIDE = 3  # when two sides are compared
_OURS_COLD = ("rag.ask", "--search", _QUESTION)
_COMPARED = {
    "cold_s": "cold search, s",
    "cold_memory_mb": "cold search, MB",
    "p50_ms": "warm search p50, ms",
    "p95_ms": "warm search p95, ms",
    "memory_mb": "memory after, MB",
}

Result = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--papers", type=_sizes, action="append", metavar="N[,N]", help="sizes: 574 (the default) is the starter corpus itself"
    )
    parser.add_argument(
        "--words", type=at_least(1), default=synthetic.WORDS_PER_ABSTRACT, help="words of a made-up abstract (180)"
    )
    parser.add_argument("--questions", type=at_least(1), default=200, help="questions for each filter (200)")
    parser.add_argument("--peer", action="store_true", help="a plain LlamaIndex starter over the starter corpus, beside ours")
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="where the JSON goes")


def _sizes(value: str) -> list[int]:
    sizes = [at_least(1)(part) for part in value.split(",")]
    if min(sizes) < _MIN_PAPERS:
        raise argparse.ArgumentTypeError(f"{min(sizes)} papers are too few; use {_MIN_PAPERS} or more")
    return sizes


def run(args: argparse.Namespace) -> int:
    """Measure each size, print the tables, write the JSON; return 0."""
    sizes = sorted({n for some in args.papers or [[STARTER_PAPERS]] for n in some})
    if args.peer and STARTER_PAPERS not in sizes:
        raise UsageError("--peer compares over the starter corpus.", f"Add {STARTER_PAPERS} to --papers.")
    models = load().home
    MiniLM(models)  # builds the graph if there is none, so that no measuring process does
    results = [measure(size, args, models, peer=args.peer and size == STARTER_PAPERS) for size in sizes]
    path = result_files.fresh(args.out, "bench", "json")
    machine = {"cpus": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()}
    path.write_text(json.dumps({"machine": machine, "sizes": results}, indent=1) + "\n", "utf-8")
    print("\n".join(table(results)))
    print(f"\n{machine['cpus']} processors, {machine['platform']}; all numbers in {path}")
    return 0


def measure(size: int, args: argparse.Namespace, models: Path, *, peer: bool = False) -> Result:
    """Return the measurements of one size, in a temporary home. `models` is the home with the graph of the embedder."""
    with TemporaryDirectory(prefix="rag-bench-") as folder:
        home = Path(folder)
        real = size == STARTER_PAPERS
        spec = {"home": folder, "models": str(models), "papers": 0 if real else size, "texts": _MAX_EMBEDDED_TEXTS}
        spec |= {"words": args.words, "questions": args.questions}
        say(f"{size} papers: building")
        result: Result = {"size": size, "real": real}
        if real:
            (home / "models").symlink_to(models / "models")
            ingest_s, ingest_mb, _ = command(["rag.ingest"], home)
            result |= {"ingest_s": ingest_s, "ingest_memory_mb": ingest_mb}
        result |= stage("evals.speed", "build", spec)
        spec["filters"] = stage("evals.speed", "choose", spec)
        say(f"{size} papers: asking")
        result |= stage("evals.speed", "ask", spec)
        spec["embedder"] = MiniLM.name if real else synthetic.EMBEDDER_NAME
        result["change"] = stage("evals.changing", "change", spec)
        if real:
            result |= cold(_OURS_COLD, home)
            result["embedding"] = stage("evals.speed", "embed", spec)
        if peer:
            say("the same papers in a plain LlamaIndex starter")
            result["beside"] = beside(spec)
        return result


def beside(spec: Result) -> Result:
    """Measure a plain LlamaIndex starter over the papers of the library in spec["home"], and ours again, in turns.

    Return {"chroma", "ours", "peer"} with medians, so that a busy moment of the machine does not matter. Both sides read the
    papers in other words, as the package has vectors of the starter corpus.
    """
    with TemporaryDirectory(prefix="rag-bench-peer-") as folder:
        home = Path(folder, "home")
        home.mkdir()
        (home / "models").symlink_to(Path(spec["models"]) / "models")
        spec = {**spec, "home": str(home)}
        peer_spec = {**spec, "store": str(Path(folder, "store"))}
        file = _in_other_words(Path(folder, "papers.jsonl"))
        ours_s, ours_mb, _ = command(["rag.ingest", str(file)], home)
        seconds, memory, output = command(["evals.peer", "ingest", json.dumps(peer_spec)], home)
        one = ["evals.peer", "ask", json.dumps({**peer_spec, "questions": 1})]
        runs: dict[str, list[Result]] = {"ours": [], "peer": []}
        for _ in range(_RUNS_PER_SIDE):
            warm = stage("evals.speed", "ask", {**spec, "filters": {FILTERS[0]: {}}})
            runs["ours"].append({**warm["searches"][FILTERS[0]], "memory_mb": warm["memory_mb"], **cold(_OURS_COLD, home, 1)})
            runs["peer"].append({**stage("evals.peer", "ask", peer_spec), **cold(one, home, 1)})
    medians = {side: {key: _median([run[key] for run in of]) for key in _COMPARED} for side, of in runs.items()}
    medians["ours"] |= {"ingest_s": ours_s, "ingest_memory_mb": ours_mb}
    medians["peer"] |= {"ingest_s": seconds, "ingest_memory_mb": memory}
    return {"chroma": json.loads(output)["chroma"], **medians}


def _in_other_words(file: Path) -> Path:
    """Write the starter corpus with a word more in each title and abstract."""
    records = [json.loads(line) for line in formats.load(formats.STARTER)[1].splitlines()]
    lines = [{"title": f"{r['title']} again", "abstract": f"Again: {r['abstract']}"} for r in records]
    file.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    return file


def stage(module: str, name: str, spec: Result) -> Result:
    """Run one stage of a measuring module in its own process, and return the JSON that it printed."""
    _, _, output = command([module, name, json.dumps(spec)], Path(spec["home"]))
    result: Result = json.loads(output)
    return result


def cold(arguments: Sequence[str], home: Path, times: int = _COLD_RUNS) -> Result:
    """Run a command `times` times, after one run for the file cache. Return the medians of its seconds and of its MB."""
    runs = [command(arguments, home)[:2] for _ in range(times + 1)][1:]
    return {"cold_s": _median([s for s, _ in runs]), "cold_memory_mb": _median([mb for _, mb in runs])}


def _median(values: Sequence[float | None]) -> float | None:
    numbers = [v for v in values if v is not None]
    return float(np.median(numbers)) if numbers else None


def table(results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines of the tables: building, searching, and the measurements of the starter corpus."""
    yield f"{'papers':>8} {'chunks':>8} {'index s':>8} {'papers/min':>11} {'index MB':>9} {'library MB':>11}"
    for r in results:
        yield (
            f"{r['size']:8} {r['chunks']:8} {r['build_s']:8.1f} {r['papers_per_min']:11.0f} "
            f"{r['index_mb']:9.1f} {r['library_mb']:11.1f}"
        )
    yield ""
    yield f"{'papers':>8} {'filter':20} {'passing':>8} {'p50 ms':>8} {'p95 ms':>8} {'recall@10':>10} {'memory MB':>10}"
    for r in results:
        for name in FILTERS:
            row = r["searches"][name]
            yield (
                f"{r['size']:8} {name:20} {row['papers']:8} {row['p50_ms']:8.1f} {row['p95_ms']:8.1f} "
                f"{row['recall@10']:10.3f} {_mb(r['memory_mb']):>10}"
            )
    yield ""
    yield f"{'papers':>8} {'add one, s':>11} {'remove one, s':>14} {'disk for one, kB':>17}"
    for r in results:
        change = r["change"]
        yield f"{r['size']:8} {change['add_s']:11.2f} {change['remove_s']:14.2f} {change['add_bytes'] / 1e3:17.0f}"
    for r in results:
        if r["real"]:
            yield from ["", *_real(r)]


def _real(r: Result) -> Iterator[str]:
    yield f"rag.ingest of the starter corpus: {r['ingest_s']:.1f} s, {_mb(r['ingest_memory_mb'])} MB"
    yield f"rag.ask --search, cold: {r['cold_s']:.2f} s, {_mb(r['cold_memory_mb'])} MB (median of {_COLD_RUNS})"
    e = r["embedding"]
    yield (
        f"embedding: {e['ours_per_s']:.0f} chunks a second, the bare onnxruntime session {e['bare_per_s']:.0f} on the same "
        f"word pieces: {e['ratio']:.2f} of it"
    )
    if "beside" in r:
        yield from ["", *_beside(r, r["beside"])]


def _beside(r: Result, medians: Result) -> Iterator[str]:
    ours, peer = {**r, **medians["ours"]}, medians["peer"]
    yield f"{'':26} {'ours':>8} {'peer':>8} {'peer/ours':>10}"
    for key, name in {"ingest_s": "ingest, s", "ingest_memory_mb": "ingest, MB", **_COMPARED}.items():
        if ours[key] is not None and peer[key] is not None:
            yield f"{name:26} {ours[key]:8.2f} {peer[key]:8.2f} {peer[key] / ours[key]:10.2f}"
    if medians["chroma"]:
        yield "peer: LlamaIndex with its Chroma store and defaults, and our embedder"
    else:
        yield (
            "peer: LlamaIndex with its own vector store and defaults, and our embedder; for Chroma install its store with "
            "pip install llama-index-vector-stores-chroma"
        )


def _mb(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
