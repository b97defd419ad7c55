"""A generation of the index, open for reading: a large settled part, and a small recent one that was added to it.

The rows of the recent part follow those of the settled one. A row whose paper is gone, or stands in a later row with other
text, is hidden. The vector index proposes papers of the settled part; the recent one is compared whole.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rag.index import vectors
from rag.index.lexical import LexicalIndex
from rag.index.manifest import Manifest
from rag.index.matrix import Matrix
from rag.index.moments import Axes, Rows, Vector, read_moments
from rag.storage.library import Library
from rag.types import Filters, IndexInfo, Paper, Passage

_MAX_REMEMBERED_FILTERS = 32  # filters


class Settled:
    """The settled part. Generations that were added to one share it; it is closed with the last of them."""

    def __init__(self, folder: Path) -> None:
        self.matrix = Matrix(folder / "matrix")
        self.axes = Axes.read(folder / "matrix")
        self.vectors = vectors.open_in(folder / "chroma")
        self.users = 0

    def close(self) -> None:
        self.users -= 1
        if self.users <= 0:
            self.vectors.close()
            self.matrix.close()


class Index:
    """A live generation. Safe to share between threads."""

    def __init__(self, folder: Path, fingerprint: str, manifest: Manifest, settled: Settled | None = None) -> None:
        """Open generation `manifest` in `folder`, of which `settled` may be open already.

        Raises LibraryError, OSError, ValueError or KeyError when it is not whole.
        """
        generation = folder / str(manifest.generation)
        self.manifest = manifest
        self.info = IndexInfo(fingerprint, manifest.generation, manifest.papers)
        self.lexical = LexicalIndex(generation / "tantivy")
        self.moments, hidden = read_moments(generation / "matrix")
        self._hidden = frozenset(hidden.tolist())
        self._hidden_rows = hidden
        self._recent = Matrix(generation / "matrix") if manifest.settled != manifest.generation else None
        self.settled = settled or Settled(folder / str(manifest.settled))
        self.settled.users += 1
        self._first_recent = len(self.settled.matrix.papers)
        self._rows = self._first_recent + (len(self._recent.papers) if self._recent else 0)
        self._recent_rows = np.setdiff1d(np.arange(self._first_recent, self._rows, dtype=np.int64), hidden)
        self._passing: dict[tuple[Filters, str], Rows] = {}

    def close(self) -> None:
        self.settled.close()
        if self._recent is not None:
            self._recent.close()

    def whole(self) -> bool:
        """Whether the parts hold as much as the manifest says."""
        held = (self.settled.vectors.count(), self.lexical.count(), self._rows - len(self._hidden), self.moments.chunks)
        return held == (len(self.settled.matrix), self.manifest.papers, self.manifest.papers, self.manifest.chunks)

    # -- papers and their rows ------------------------------------------------------------------------------------------

    def paper_at(self, row: int) -> str:
        """Return the id of the paper in a row."""
        if self._recent is not None and row >= self._first_recent:
            return self._recent.papers[row - self._first_recent]
        return self.settled.matrix.papers[row]

    def row_of(self, paper_id: str) -> int | None:
        """Return the row of a paper, None when the index does not have it."""
        row = None if self._recent is None else self._recent.row.get(paper_id)
        row = self.settled.matrix.row.get(paper_id) if row is None else row + self._first_recent
        return None if row in self._hidden else row

    def everything(self) -> Rows:
        """Return all rows that are not hidden, in order."""
        return np.setdiff1d(np.arange(self._rows, dtype=np.int64), self._hidden_rows)

    def rows(self, library: Library, filters: Filters) -> Rows:
        """Return the rows of the papers that pass `filters`, in order; remembered, as questions come with the same ones."""
        asked = (filters, library.state)
        rows = self._passing.get(asked)  # threads share this index: another may take the entry away at any moment
        if rows is None:
            known = (self.row_of(paper_id) for paper_id in library.matching(filters))
            rows = np.array(sorted(row for row in known if row is not None), np.int64)
            remembered = list(self._passing)
            for old in remembered[: max(0, len(remembered) - _MAX_REMEMBERED_FILTERS + 1)]:
                self._passing.pop(old, None)
            self._passing[asked] = rows
        return rows

    # -- cosines --------------------------------------------------------------------------------------------------------

    def best(self, question: Vector, rows: Rows) -> Vector:
        """Return for each of `rows` (n,) the cosine of its nearest chunk with `question` (d,), shape (n,)."""
        if self._recent is None:
            return self.settled.matrix.best(question, rows)
        cosines = np.zeros(len(rows), np.float32)
        recent = rows >= self._first_recent
        cosines[~recent] = self.settled.matrix.best(question, rows[~recent])
        cosines[recent] = self._recent.best(question, rows[recent] - self._first_recent)
        return cosines

    def nearest(self, question: Vector, n: int) -> Rows:
        """Return the rows of the papers that have the some `n` chunks nearest to `question` (d,)."""
        [on_axes] = self.settled.axes.of(question[np.newaxis])
        proposed = [self.row_of(paper_id) for paper_id, _ in self.settled.vectors.nearest(on_axes, n)]
        settled = np.array([row for row in proposed if row is not None], np.int64)
        if self._recent is None:
            return settled
        cosines = self._recent.best(question, self._recent_rows - self._first_recent)
        return np.union1d(settled, self._recent_rows[np.argsort(-cosines, kind="stable")[:n]])

    def centre(self, row: int) -> Vector:
        """Return the mean (d,) of the vectors of a paper's chunks, of length 1 again."""
        matrix, row = self._at(row)
        return matrix.centre(row)

    def centres(self, rows: Rows) -> Vector:
        """Return the centres of `rows` (n,), shape (n, d)."""
        if self._recent is None:
            return self.settled.matrix.centres(rows)
        recent = rows >= self._first_recent
        settled = self.settled.matrix.centres(rows[~recent])
        centres = np.empty((len(rows), settled.shape[1]), np.float32)
        centres[~recent], centres[recent] = settled, self._recent.centres(rows[recent] - self._first_recent)
        return centres

    def passages(self, question: Vector, paper: Paper) -> tuple[Passage, ...]:
        """Return the chunks of a paper, nearest first; none when its abstract is another than was indexed."""
        row = self.row_of(paper.id)
        if row is None:
            return ()
        matrix, row = self._at(row)
        return matrix.passages(question, row, paper)

    def _at(self, row: int) -> tuple[Matrix, int]:
        if self._recent is not None and row >= self._first_recent:
            return self._recent, row - self._first_recent
        return self.settled.matrix, row
