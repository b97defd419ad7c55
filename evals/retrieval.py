"""python -m evals retrieval: how well the papers asked for are found, by the product's own search and by its two halves.

The papers are read by the product's own ingest into a throw-away home, or one that --keep names. The halves are ranked among
the papers that came into question for the whole, some hundreds of them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from evals import ranking
from evals.queries import Judged, Query, from_beir, known_items
from rag import factory, ingestion
from rag.errors import LibraryError, SourceError, UsageError
from rag.index import generations
from rag.interfaces import Embedder
from rag.retrieval.retriever import Candidate, Retriever
from rag.settings.settings import load
from rag.sources import formats
from rag.storage import merge
from rag.storage.library import Library
from rag.terminal import progress_bars
from rag.types import Filters, Paper, Progress

HYBRID = "hybrid (what ships)"
_SHOWN = 10
_WARM_UP = 5  # searches before the clock counts


@dataclass(frozen=True, slots=True)
class Found:
    """What one query brought: ids best first and measures, by the name of the ranking; milliseconds of a search for 10."""

    query: Query
    rankings: dict[str, list[str]]
    measured: dict[str, dict[str, float]]
    search_ms: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--beir", type=Path, metavar="DIR", help="a judged set: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv")
    what.add_argument("--known-item", action="store_true", help="find each paper by one sentence of its abstract")
    parser.add_argument("--split", default="test", help="which judgments of --beir (test)")
    parser.add_argument("--papers", nargs="+", metavar="FILE", help="for --known-item, instead of the starter corpus")
    parser.add_argument("--most", type=_enough, default=300, help="papers to look for with --known-item (300)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="a home to read the papers into, left for the next time")
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="where the per-query JSONL goes")


def _enough(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a number from 1 on")
    return int(value)


def run(args: argparse.Namespace) -> int:
    """Rank every query, print the tables, write the JSONL; return 0."""
    if args.beir and args.papers:
        raise UsageError("--papers is for --known-item.", "The papers of --beir are those of its corpus.jsonl.")
    places = [str(args.beir / "corpus.jsonl")] if args.beir else args.papers or [formats.STARTER]
    judged = from_beir(args.beir, args.split) if args.beir else known_items(_papers(places), args.most)
    with _home(args.keep) as home, progress_bars() as progress:
        embedder = factory.embedder(load())  # shares the graph that is already built
        _fill(home, places, judged, embedder, progress)
        library, live = Library(home), generations.open_live(home, generations.fingerprint(embedder))
        if live is None:
            raise LibraryError(f"The index in {home} cannot be opened.", "Run it again.")
        found = list(_search(Retriever(library, live, embedder), judged.queries, progress))
        live.close()
        library.close()
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"retrieval-{datetime.now(UTC):%Y%m%d-%H%M%S}.jsonl"
    header = {"beir": args.beir and args.beir.name, "split": args.split if args.beir else None, "papers": len(judged.papers)}
    lines = [header, *(_record(f, judged) for f in found)]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    print("\n".join([*table(found), "", *judged.notes]))
    print(f"{len(found)} queries, {len(judged.papers)} papers; each query in {path}")
    return 0


@contextmanager
def _home(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.expanduser().absolute()
        return
    with TemporaryDirectory(prefix="rag-evals-") as folder:
        yield Path(folder)


def _papers(places: Sequence[str]) -> list[Paper]:
    """The papers of some files, as the library will hold them."""
    listings = [r for place in places for r in formats.parse(formats.load(place)[1], place) if isinstance(r, Paper)]
    return [merge.union(listed) for listed in merge.by_paper(listings)]


def _fill(home: Path, places: Sequence[str], judged: Judged, embedder: Embedder, progress: Progress) -> None:
    """Read `places` into `home`, unless it holds anything else: what is measured would be another corpus."""
    if (home / "library.sqlite").exists():
        library = Library(home)
        others = [i for i in library.matching(Filters()) if i not in judged.papers]
        library.close()
        if others:
            raise UsageError(f"{home} holds {len(others)} papers that are not of this corpus.", "Name another with --keep.")
    for report in ingestion.ingest(home, places, embedder, progress):
        if report.error:
            raise SourceError(report.error, "")


def _search(retriever: Retriever, queries: Sequence[Query], progress: Progress) -> Iterator[Found]:
    for query in queries[:_WARM_UP]:
        retriever.search(query.text, _SHOWN)
    for n, query in enumerate(queries, 1):
        start = time.perf_counter()
        retriever.search(query.text, _SHOWN)
        taken = (time.perf_counter() - start) * 1000
        rankings = rank(retriever.rank(query.text))
        measured = {name: ranking.measures(ids, query.relevance) for name, ids in rankings.items()}
        yield Found(query, rankings, measured, taken)
        progress("searching", n, len(queries))


def rank(candidates: Sequence[Candidate]) -> dict[str, list[str]]:
    """Return the ids of `candidates`, best first: as they come, and by each half's score, and by fusion of those ranks."""
    lexical = sorted((c for c in candidates if c.lexical > 0), key=lambda c: (-c.lexical, c.paper_id))
    dense = sorted(candidates, key=lambda c: (-c.dense, c.paper_id))
    halves = {"lexical only": [c.paper_id for c in lexical], "dense only": [c.paper_id for c in dense]}
    whole = {HYBRID: [c.paper_id for c in candidates]}
    return {**whole, **halves, "reciprocal-rank fusion": ranking.fused(*halves.values())}


def _record(found: Found, judged: Judged) -> dict[str, object]:
    rankings = {
        name: {**found.measured[name], "top": [judged.papers[i] for i in ids[:_SHOWN]]} for name, ids in found.rankings.items()
    }
    relevance = {judged.papers.get(i, i): score for i, score in found.query.relevance.items()}
    return {**asdict(found.query), "relevance": relevance, "search_ms": round(found.search_ms, 2), "rankings": rankings}


def table(found: Sequence[Found]) -> Iterator[str]:
    """Yield the lines of the tables: measures by ranking with 95% intervals, differences with their p, and latency."""
    yield f"{'':24} " + " ".join(f"{name:>20}" for name in ranking.MEASURES)
    names = list(found[0].rankings)
    for name in names:
        cells = []
        for measure in ranking.MEASURES:
            values = [f.measured[name][measure] for f in found]
            low, high = ranking.interval(values)
            cells.append(f"{np.mean(values):.3f} {low:.3f}–{high:.3f}")
        yield f"{name:24} " + " ".join(f"{cell:>20}" for cell in cells)
    yield ""
    yield "hybrid minus, in nDCG@10, by a paired randomisation test of 10,000 sign flips"
    ours = [f.measured[HYBRID]["nDCG@10"] for f in found]
    for name in names[1:]:
        difference, p = ranking.compare(ours, [f.measured[name]["nDCG@10"] for f in found])
        yield f"{name:24} {difference:+.3f}  p {p:.4f}"
    yield ""
    p50, p95 = np.percentile([f.search_ms for f in found], [50, 95])
    yield f"a search for {_SHOWN} papers, warm: p50 {p50:.1f} ms, p95 {p95:.1f} ms"
