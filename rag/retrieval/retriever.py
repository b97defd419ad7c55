"""Hybrid retrieval of papers: cosines of chunks and BM25 of papers, both standardised and added.

The vector index and the lexical index propose papers. The matrix gives each proposed paper its exact cosines. The dense score
of a paper is the cosine of its best chunk, in standard deviations above the mean cosine of all chunks. Its lexical score is
its BM25, standardised likewise over all papers (0 for papers that match no word). The fused score is
dense + LEXICAL_WEIGHT x lexical. Behind the best paper, those come first whose nearest other papers score well too: the papers
of one topic are near each other, and not all of them have the question's words. docs/numbers.md has the figures.

Under a filter that many papers pass, more proposals are made and then filtered. Under a narrow filter, or when too few
proposals pass, the lexical index searches the passing papers only, and the matrix gives the cosines of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.index.generations import Index
from rag.index.moments import Rows, Vector
from rag.interfaces import Embedder
from rag.storage.library import Library
from rag.types import Filters, Hit, Paper

LEXICAL_WEIGHT = 0.45
_VECTOR_PROPOSALS = 400  # chunks
_LEXICAL_PROPOSALS = 400  # papers; also for the standard deviation of BM25
_BEST_LEXICAL = 100  # papers that are candidates whatever their cosines
_NEIGHBOURS_WEIGHT = 0.4  # of the mean score of a paper's nearest papers, in the order
_NEIGHBOURS = 5  # papers
_ORDERED_BY_NEIGHBOURS = 100  # best candidates, among which the neighbours are looked for
_SPARE_PAPERS = 20  # further papers read when some of the best ones have left the library
_MIN_BROAD_SHARE = 0.1  # of all papers, that pass a filter which is applied to proposals
_MAX_EXHAUSTIVE_PAPERS = 2_000  # so few papers are all compared, without the vector index
_BROAD_PROPOSALS = 1_000  # chunks, or papers, under a broad filter
_MIN_PASSING_PROPOSALS = 50  # under a broad filter; with fewer, only the passing papers are searched


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate: fused `score` (z-units), `dense` cosine of its best chunk, `lexical` BM25 (0.0 without a common word)."""

    paper_id: str
    score: float
    dense: float
    lexical: float


class Retriever:
    """Searches one generation of the index. Cheap to create; has no state of its own."""

    def __init__(self, library: Library, index: Index, embedder: Embedder) -> None:
        self._library = library
        self._index = index
        self._embedder = embedder

    def search(self, question: str, k: int, filters: Filters | None = None) -> list[Hit]:
        """Return at most `k` papers that pass `filters`, best first, each with the passages of its abstract."""
        vector = self._embedder.embed([question])[0]
        ranked = self._rank(question, vector, filters, k + _SPARE_PAPERS)
        papers = self._library.papers([c.paper_id for c in ranked[:k]])
        if len(papers) < k:  # the library is newer than the index
            papers |= self._library.papers([c.paper_id for c in ranked[k:]])
        best = [(c, papers[c.paper_id]) for c in ranked if c.paper_id in papers][:k]
        return [
            Hit(
                paper=paper,
                score=c.score,
                dense=c.dense,
                lexical=c.lexical,
                passages=self._index.passages(vector, paper),
            )
            for c, paper in best
        ]

    def rank(self, question: str, filters: Filters | None = None) -> list[Candidate]:
        """Return all candidates, some hundreds, best first."""
        return self._rank(question, self._embedder.embed([question])[0], filters)

    def similar(self, paper_id: str, k: int) -> list[tuple[Paper, float]]:
        """Return the `k` papers most similar to a paper, best first, without the paper itself.

        Each comes with the cosine of its best chunk with the mean vector of the paper's chunks. A paper that the index does
        not have gives an empty list.
        """
        index = self._index
        row = index.row_of(paper_id)
        if row is None:
            return []
        centre = index.centre(row)
        exhaustive = index.info.papers <= _MAX_EXHAUSTIVE_PAPERS
        others = np.setdiff1d(index.everything() if exhaustive else index.nearest(centre, _VECTOR_PROPOSALS), [row])
        cosines = index.best(centre, others)
        order = np.argsort(-cosines, kind="stable")[: k + _SPARE_PAPERS]
        nearest = [(index.paper_at(others[i]), float(cosines[i])) for i in order]
        papers = self._library.papers([other for other, _ in nearest])
        return [(papers[other], cosine) for other, cosine in nearest if other in papers][:k]

    def _rank(self, question: str, vector: Vector, filters: Filters | None, limit: int | None = None) -> list[Candidate]:
        among = self._index.rows(self._library, filters) if filters else None
        if self._index.info.papers == 0 or (among is not None and len(among) == 0):
            return []
        everywhere = self._index.lexical.search(question, _LEXICAL_PROPOSALS)
        rows, scores = everywhere if among is None else self._lexical_matches(question, everywhere, among)
        candidates = np.union1d(rows[:_BEST_LEXICAL], self._nearest(vector, among))
        cosines = self._index.best(vector, candidates)
        lexical = np.zeros(len(candidates))
        matched = np.isin(rows, candidates)
        lexical[np.searchsorted(candidates, rows[matched])] = scores[matched]
        fused = self._fused(vector, cosines, lexical, everywhere[1])
        best = self._by_neighbours(candidates, fused)[:limit]
        return [
            Candidate(
                paper_id=self._index.paper_at(candidates[i]),
                score=float(fused[i]),
                dense=float(cosines[i]),
                lexical=float(lexical[i]),
            )
            for i in best
        ]

    def _by_neighbours(self, candidates: Rows, fused: NDArray[np.float64]) -> Rows:
        """Return the positions of `candidates` (n,): the best `fused` (n,), then by that and the scores of neighbours."""
        order = np.argsort(-fused, kind="stable")
        near = order[:_ORDERED_BY_NEIGHBOURS]
        if len(near) <= _NEIGHBOURS:
            return order
        centres = self._index.centres(candidates[near])
        cosines = centres @ centres.T
        np.fill_diagonal(cosines, -np.inf)
        neighbours = np.argpartition(-cosines, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
        scores = fused[near] + _NEIGHBOURS_WEIGHT * fused[near][neighbours].mean(axis=1)
        scores[0] = np.inf  # the best one by itself stays the best one
        return np.concatenate([near[np.argsort(-scores, kind="stable")], order[len(near) :]])

    def _lexical_matches(
        self, question: str, everywhere: tuple[Rows, NDArray[np.float64]], among: Rows
    ) -> tuple[Rows, NDArray[np.float64]]:
        """Return the papers of `among` that share words with `question`, and their BM25; `everywhere` is the search in all."""
        rows, scores = everywhere
        if len(rows) == _LEXICAL_PROPOSALS:  # there are more
            if self._broad(among):
                rows, scores = self._index.lexical.search(question, _BROAD_PROPOSALS)
            if not self._broad(among) or np.isin(rows, among).sum() < _MIN_PASSING_PROPOSALS:
                rows, scores = self._index.lexical.search(question, _LEXICAL_PROPOSALS, among)
        passes = np.isin(rows, among)
        return rows[passes], scores[passes]

    def _nearest(self, vector: Vector, among: Rows | None) -> Rows:
        """Return the papers with the nearest chunks: as the vector index proposes them, or the best of `among`."""
        if among is None:
            return self._index.nearest(vector, _VECTOR_PROPOSALS)
        if self._broad(among) and len(among) > _MAX_EXHAUSTIVE_PAPERS:
            passing = np.intersect1d(self._index.nearest(vector, _BROAD_PROPOSALS), among)
            if len(passing) >= _MIN_PASSING_PROPOSALS:
                return passing
        cosines = self._index.best(vector, among)
        return among[np.argsort(-cosines, kind="stable")[:_VECTOR_PROPOSALS]]

    def _broad(self, among: Rows) -> bool:
        return len(among) >= _MIN_BROAD_SHARE * self._index.info.papers

    def _fused(
        self, vector: Vector, cosines: Vector, lexical: NDArray[np.float64], everywhere: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the fused score of each candidate; `everywhere` are the BM25 scores of all matching papers, unfiltered."""
        mean, spread = self._index.moments.of(vector)
        papers = self._index.info.papers
        lexical_mean = float(everywhere.sum()) / papers
        lexical_spread = max(float(everywhere @ everywhere) / papers - lexical_mean**2, 1e-9) ** 0.5
        scores: NDArray[np.float64] = (cosines - mean) / spread + LEXICAL_WEIGHT * (lexical - lexical_mean) / lexical_spread
        return scores
