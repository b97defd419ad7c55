"""Hybrid retrieval of papers: cosines of chunks and BM25 of papers, each put on the scale of its own spread, then added.

Both indexes propose papers; the matrix gives all of them their exact cosines. A paper's dense score is its best chunk's
cosine, in standard deviations above the mean of all chunks' cosines with the question; its lexical score is its BM25, likewise
over all papers (those that match no word count as 0). The fused score is dense + LEXICAL_WEIGHT x lexical. Numbers behind the
choices are in CONTRIBUTING.

A filter that most papers pass is applied to more proposals than usual; under a narrower one, or where those were too few, the
lexical index searches those papers only, and the cosines of all of them are taken from the matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.index.generations import Index
from rag.index.matrix import Rows, Vector
from rag.interfaces import Embedder
from rag.storage.library import Library
from rag.types import Filters, Hit, Paper

LEXICAL_WEIGHT = 0.45
_CHUNKS = 400  # asked of the vector index
_PAPERS = 400  # asked of the lexical index, for the spread of its scores
_BEST = 100  # of them that come into question whatever their cosines
_GONE = 20  # papers further down looked up where some of the best have been removed since
_BROAD = 0.1  # share of all papers from which on a filter is applied to proposals
_FEW = 2_000  # papers whose cosines are taken sooner than proposals are asked for
_MOST = 1_000  # chunks, or papers, asked for under such a filter
_ENOUGH = 50  # proposals that must pass it


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
        ranked = self._rank(question, vector, filters, k + _GONE)
        papers = self._library.papers([c.paper_id for c in ranked[:k]])
        if len(papers) < k:  # the library is newer than the index
            papers |= self._library.papers([c.paper_id for c in ranked[k:]])
        best = [(c, papers[c.paper_id]) for c in ranked if c.paper_id in papers][:k]
        passages = self._index.matrix.passages(vector, [paper for _, paper in best])
        return [
            Hit(paper=paper, score=c.score, dense=c.dense, lexical=c.lexical, passages=its)
            for (c, paper), its in zip(best, passages, strict=True)
        ]

    def rank(self, question: str, filters: Filters | None = None) -> list[Candidate]:
        """Return every paper that came into question, some hundreds, best first."""
        return self._rank(question, self._embedder.embed([question])[0], filters)

    def similar(self, paper_id: str, k: int) -> list[tuple[Paper, float]]:
        """Return the `k` papers nearest to one, best first, each with the cosine of its nearest chunk with the mean of that
        paper's own; never the paper itself. None where the index does not hold it."""
        matrix = self._index.matrix
        row = matrix.row.get(paper_id)
        if row is None:
            return []
        centre = matrix.centre(row)
        everything = np.arange(len(matrix.papers), dtype=np.int64)
        others = np.setdiff1d(everything if len(everything) <= _FEW else self._proposed(centre, _CHUNKS), [row])
        cosines = matrix.best(centre, others)
        nearest = [(matrix.papers[others[i]], float(cosines[i])) for i in np.argsort(-cosines, kind="stable")[: k + _GONE]]
        papers = self._library.papers([other for other, _ in nearest])
        return [(papers[other], cosine) for other, cosine in nearest if other in papers][:k]

    def _rank(self, question: str, vector: Vector, filters: Filters | None, most: int | None = None) -> list[Candidate]:
        among = self._index.rows(self._library, filters) if filters else None
        if len(self._index.matrix) == 0 or (among is not None and len(among) == 0):
            return []
        found = self._index.lexical.search(question, _PAPERS)
        rows, scores = found if among is None else self._worded(question, found, among)
        candidates = np.union1d(rows[:_BEST], self._near(vector, among))
        cosines = self._index.matrix.best(vector, candidates)
        lexical = np.zeros(len(candidates))
        known = np.isin(rows, candidates)
        lexical[np.searchsorted(candidates, rows[known])] = scores[known]
        fused = self._fused(vector, cosines, lexical, found[1])
        names = self._index.matrix.papers
        best = np.argsort(-fused, kind="stable")[:most]
        return [Candidate(names[candidates[i]], float(fused[i]), float(cosines[i]), float(lexical[i])) for i in best]

    def _worded(self, question: str, found: tuple[Rows, NDArray[np.float64]], among: Rows) -> tuple[Rows, NDArray[np.float64]]:
        """Return the papers of `among` that share words with the question: of those `found`, or searched for."""
        rows, scores = found
        if len(rows) == _PAPERS:  # there are more
            if self._broad(among):
                rows, scores = self._index.lexical.search(question, _MOST)
            if not self._broad(among) or np.isin(rows, among).sum() < _ENOUGH:
                rows, scores = self._index.lexical.search(question, _PAPERS, among)
        passes = np.isin(rows, among)
        return rows[passes], scores[passes]

    def _near(self, vector: Vector, among: Rows | None) -> Rows:
        """Return the papers whose chunks are nearest: as the vector index finds them, or the best of all of `among`."""
        matrix = self._index.matrix
        if among is None:
            return self._proposed(vector, _CHUNKS)
        if self._broad(among) and len(among) > _FEW:
            passing = np.intersect1d(self._proposed(vector, _MOST), among)
            if len(passing) >= _ENOUGH:
                return passing
        cosines = matrix.best(vector, among)
        return among[np.argsort(-cosines, kind="stable")[:_CHUNKS]]

    def _proposed(self, vector: Vector, n: int) -> Rows:
        matrix = self._index.matrix
        [question] = matrix.axes.of(vector[np.newaxis])
        return np.array([matrix.row[paper_id] for paper_id, _ in self._index.vectors.nearest(question, n)], np.int64)

    def _broad(self, among: Rows) -> bool:
        return len(among) >= _BROAD * len(self._index.matrix.papers)

    def _fused(
        self, vector: Vector, cosines: Vector, lexical: NDArray[np.float64], everywhere: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the fused scores of papers; `everywhere` is the BM25 of all papers, filtered or not."""
        mean, spread = self._index.matrix.moments.of(vector)
        papers = len(self._index.matrix.papers)
        lexical_mean = float(everywhere.sum()) / papers
        lexical_spread = max(float(everywhere @ everywhere) / papers - lexical_mean**2, 1e-9) ** 0.5
        scores: NDArray[np.float64] = (cosines - mean) / spread + LEXICAL_WEIGHT * (lexical - lexical_mean) / lexical_spread
        return scores
