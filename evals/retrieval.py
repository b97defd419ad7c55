"""python -m evals retrieval: measures whether search finds the relevant papers, for the product's search and its two halves.

The product reads the papers into a temporary home, or into the home given by --keep. Each half ranks the candidates of the
whole search, some hundreds of papers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from evals import ranking, result_files
from evals.arguments import at_least
from evals.queries import Query, QuerySet, from_beir, known_items
from rag import factory, ingestion
from rag.errors import LibraryError, SourceError, UsageError
from rag.index import generations
from rag.interfaces import Embedder
from rag.retrieval.retriever import Candidate, Retriever
from rag.settings.settings import load
from rag.sources import formats
from rag.storage.library import Library
from rag.terminal import progress_bars
from rag.types import Filters, Paper, Progress

HYBRID = "hybrid (what ships)"
_PAPERS_PER_SEARCH = 10
_WARM_UP_QUERIES = 5


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The result of one query.

    `rankings` and `measured` have the ids, best first, and the measures by the name of the ranking. `search_ms` is the time of
    a search for 10 papers, in milliseconds.
    """

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
    parser.add_argument("--most", type=at_least(1), default=300, help="papers to look for with --known-item (300)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="a home to read the papers into, left for the next time")
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="where the per-query JSONL goes")


def run(args: argparse.Namespace) -> int:
    """Rank every query, print the tables, write the JSONL; return 0."""
    if args.beir and args.papers:
        raise UsageError("--papers is for --known-item.", "The papers of --beir are those of its corpus.jsonl.")
    places = [str(args.beir / "corpus.jsonl")] if args.beir else args.papers or [formats.STARTER]
    query_set = from_beir(args.beir, args.split) if args.beir else known_items(_papers(places), args.most)
    with _home(args.keep) as home, progress_bars() as progress:
        embedder = factory.embedder(load())  # uses the graph that is already built
        _fill(home, places, query_set, embedder, progress)
        library, index = Library(home), generations.open_live(home, generations.fingerprint(embedder))
        if index is None:
            raise LibraryError(f"The index in {home} cannot be opened.", "Run it again.")
        results = list(_search(Retriever(library, index, embedder), query_set.queries, progress))
        index.close()
        library.close()
    path = result_files.fresh(args.out, "retrieval")
    header = {"beir": args.beir and args.beir.name, "split": args.split if args.beir else None, "papers": len(query_set.papers)}
    lines = [header, *(_record(result, query_set) for result in results)]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    print("\n".join([*table(results), "", *query_set.notes]))
    print(f"{len(results)} queries, {len(query_set.papers)} papers; each query in {path}")
    return 0


@contextmanager
def _home(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.expanduser().absolute()
        return
    with TemporaryDirectory(prefix="rag-evals-") as folder:
        yield Path(folder)


def _papers(places: Sequence[str]) -> list[Paper]:
    """Return the papers of some files, merged as in the library."""
    with TemporaryDirectory(prefix="rag-evals-") as folder:
        library = Library(Path(folder), create=True)
        for place in places:
            library.put(place, [r for r in formats.parse(formats.load(place)[1], place) if isinstance(r, Paper)])
        papers = list(library.papers().values())
        library.close()
    return papers


def _fill(home: Path, places: Sequence[str], query_set: QuerySet, embedder: Embedder, progress: Progress) -> None:
    """Read `places` into `home`. Raises UsageError when `home` has papers of another corpus."""
    if (home / "library.sqlite").exists():
        library = Library(home)
        others = [i for i in library.matching(Filters()) if i not in query_set.papers]
        library.close()
        if others:
            raise UsageError(f"{home} has {len(others)} papers of another corpus.", "Give another home with --keep.")
    for report in ingestion.ingest(home, places, embedder, progress):
        if report.error:
            raise SourceError(report.error, "")


def _search(retriever: Retriever, queries: Sequence[Query], progress: Progress) -> Iterator[QueryResult]:
    for query in queries[:_WARM_UP_QUERIES]:
        retriever.search(query.text, _PAPERS_PER_SEARCH)
    for n, query in enumerate(queries, 1):
        start = time.perf_counter()
        retriever.search(query.text, _PAPERS_PER_SEARCH)
        search_ms = (time.perf_counter() - start) * 1000
        rankings = rank(retriever.rank(query.text))
        measured = {name: ranking.measures(ids, query.relevance) for name, ids in rankings.items()}
        yield QueryResult(query=query, rankings=rankings, measured=measured, search_ms=search_ms)
        progress("searching", n, len(queries))


def rank(candidates: Sequence[Candidate]) -> dict[str, list[str]]:
    """Return the ids of `candidates`, best first, by ranking: the product's, each half's, and the fusion of both halves."""
    lexical = sorted((c for c in candidates if c.lexical > 0), key=lambda c: (-c.lexical, c.paper_id))
    dense = sorted(candidates, key=lambda c: (-c.dense, c.paper_id))
    halves = {"lexical only": [c.paper_id for c in lexical], "dense only": [c.paper_id for c in dense]}
    whole = {HYBRID: [c.paper_id for c in candidates]}
    return {**whole, **halves, "reciprocal-rank fusion": ranking.fused(*halves.values())}


def _record(result: QueryResult, query_set: QuerySet) -> dict[str, object]:
    rankings = {
        name: {**result.measured[name], "top": [query_set.papers[i] for i in ids[:_PAPERS_PER_SEARCH]]}
        for name, ids in result.rankings.items()
    }
    relevance = {query_set.papers.get(i, i): score for i, score in result.query.relevance.items()}
    search_ms = round(result.search_ms, 2)
    return {**asdict(result.query), "relevance": relevance, "search_ms": search_ms, "rankings": rankings}


def table(results: Sequence[QueryResult]) -> Iterator[str]:
    """Yield the lines of the tables: measures with 95% intervals, differences with their p values, and search times."""
    yield f"{'':24} " + " ".join(f"{name:>20}" for name in ranking.MEASURES)
    names = list(results[0].rankings)
    for name in names:
        cells = []
        for measure in ranking.MEASURES:
            values = [result.measured[name][measure] for result in results]
            low, high = ranking.interval(values)
            cells.append(f"{np.mean(values):.3f} {low:.3f}–{high:.3f}")
        yield f"{name:24} " + " ".join(f"{cell:>20}" for cell in cells)
    yield ""
    yield "hybrid minus, in nDCG@10, by a paired randomisation test of 10,000 sign flips"
    ours = [result.measured[HYBRID]["nDCG@10"] for result in results]
    for name in names[1:]:
        difference, p = ranking.compare(ours, [result.measured[name]["nDCG@10"] for result in results])
        yield f"{name:24} {difference:+.3f}  p {p:.4f}"
    yield ""
    p50, p95 = np.percentile([result.search_ms for result in results], [50, 95])
    yield f"a search for {_PAPERS_PER_SEARCH} papers, warm: p50 {p50:.1f} ms, p95 {p95:.1f} ms"
