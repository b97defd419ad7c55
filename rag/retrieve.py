"""Hybrid retrieval of papers: cosines of chunks and BM25 of papers, each put on the scale of its own spread, then added.

A paper's dense score is its best chunk's cosine, in standard deviations above the mean of all chunks' cosines with the
question; its lexical score is its BM25, likewise over all papers (those that match no word count as 0). The fused score is
dense + LEXICAL_WEIGHT x lexical. Numbers behind the choices are in CONTRIBUTING.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.embedding import Embedder
from rag.index import Index
from rag.library import Library
from rag.types import Chunk, Filters, Hit, Passage

LEXICAL_WEIGHT = 0.45
_DENSE_CHUNKS = 400  # chunks asked of the vector index
_LEXICAL_PAPERS = 400  # papers asked of the lexical index
_GONE = 20  # papers further down looked up in case some of the best have been removed since
_EXACT = 100  # lexical hits whose cosines are looked up when the vector index did not return them


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper with its fused `score` (z-units), its best chunk's cosine and its BM25, 0.0 when it shares no word."""

    paper_id: str
    score: float
    dense: float
    lexical: float


class Retriever:
    """Searches one generation of the index. Cheap to make; holds no state of its own."""

    def __init__(self, library: Library, index: Index, embedder: Embedder) -> None:
        self._library = library
        self._index = index
        self._embedder = embedder

    def search(self, question: str, k: int, filters: Filters | None = None) -> list[Hit]:
        """Return at most `k` papers that pass `filters`, best first, each with the passages of its abstract."""
        vector = self._embedder.embed([question])[0]
        ranked = self._rank(question, vector, filters)
        papers = self._library.papers([c.paper_id for c in ranked[: k + _GONE]])  # the library may be newer than the index
        best = [c for c in ranked if c.paper_id in papers][:k]
        passages: dict[str, list[Passage]] = {c.paper_id: [] for c in best}
        for chunk, cosine in self._cosines(vector, list(passages)):
            if chunk.text.endswith(papers[chunk.paper_id].abstract[chunk.start : chunk.end]):
                passages[chunk.paper_id].append(Passage(chunk.start, chunk.end, cosine))
        return [
            Hit(
                papers[c.paper_id],
                c.score,
                c.dense,
                c.lexical,
                tuple(sorted(passages[c.paper_id], key=lambda p: -p.score)),
            )
            for c in best
        ]

    def rank(self, question: str, filters: Filters | None = None) -> list[Candidate]:
        """Return every paper that came into question, some hundreds, best first."""
        return self._rank(question, self._embedder.embed([question])[0], filters)

    def _rank(self, question: str, vector: NDArray[np.float32], filters: Filters | None) -> list[Candidate]:
        among = self._library.matching(filters) if filters else None
        if among is not None and not among:
            return []
        lexical = dict(self._index.lexical.search(question, _LEXICAL_PAPERS, among))
        dense = dict(self._index.vectors.nearest(vector, _DENSE_CHUNKS, among))
        unseen = [paper_id for paper_id in list(lexical)[:_EXACT] if paper_id not in dense]
        for chunk, cosine in self._cosines(vector, unseen):
            dense[chunk.paper_id] = max(cosine, dense.get(chunk.paper_id, -1.0))
        everywhere = lexical if among is None else dict(self._index.lexical.search(question, _LEXICAL_PAPERS))
        fused = self._fuse(vector, dense, lexical, list(everywhere.values()))
        ranked = sorted(fused, key=lambda paper_id: (-fused[paper_id], paper_id))
        return [Candidate(i, fused[i], dense[i], lexical.get(i, 0.0)) for i in ranked]

    def _cosines(self, vector: NDArray[np.float32], paper_ids: Sequence[str]) -> list[tuple[Chunk, float]]:
        """Return the chunks of some papers with their cosines; one that an ingest has just cut has no vector yet."""
        chunks = self._library.chunks(paper_ids)
        found = self._library.found_vectors(self._embedder.name, [c.text for c in chunks])
        return [(c, float(found[c.text] @ vector)) for c in chunks if c.text in found]

    def _fuse(
        self, vector: NDArray[np.float32], dense: dict[str, float], lexical: dict[str, float], everywhere: list[float]
    ) -> dict[str, float]:
        """Return the fused score of each paper of `dense`; `everywhere` is the BM25 of all papers, filtered or not."""
        mean, spread = self._index.moments.of(vector)
        papers = max(self._index.manifest.papers, 1)
        scores = np.array(everywhere)
        lexical_mean = float(scores.sum()) / papers
        lexical_spread = max(float(scores @ scores) / papers - lexical_mean**2, 1e-9) ** 0.5
        return {
            paper_id: (cosine - mean) / spread + LEXICAL_WEIGHT * (lexical.get(paper_id, 0.0) - lexical_mean) / lexical_spread
            for paper_id, cosine in dense.items()
        }
