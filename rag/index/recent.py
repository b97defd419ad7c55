"""Builds the next generation by adding what changed to the one before, at the cost of what changed.

The settled part stays as it is and is shared. The recent part is written anew, with the papers that were added; rows never
move, and those of papers that are gone or have another text are hidden. Tantivy's files are linked.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rag.errors import LibraryError
from rag.index import lexical
from rag.index.lexical import LexicalIndex
from rag.index.manifest import Manifest
from rag.index.matrix import Matrix, Part, Writer, part_of
from rag.index.moments import Sums, read_moments, write_moments
from rag.interfaces import Embedder
from rag.storage.library import Changes, Library
from rag.types import Chunk, Paper

_MAX_PAPERS = 20_000  # of the recent part, which each question reads whole
_ROWS_COPIED_AT_ONCE = 2_000


class Recent:
    """The matrices of a generation, to which `changes` of the library are to be added."""

    def __init__(self, folder: Path, manifest: Manifest, changes: Changes) -> None:
        """Open the matrices. Raises OSError, ValueError or KeyError when they are not whole."""
        generation = folder / str(manifest.generation)
        self._before = generation
        self._manifest = manifest
        self._changes = changes
        self._settled = Matrix(folder / str(manifest.settled) / "matrix")
        self._recent = Matrix(generation / "matrix") if manifest.settled != manifest.generation else None
        self._moments, hidden = read_moments(generation / "matrix")
        self._first = len(self._settled.papers)
        self._length = len(self._recent.papers) if self._recent else 0
        already = set(hidden.tolist())
        rows = (self._row(paper_id) for paper_id in {*changes.put, *changes.gone})
        self._newly_hidden = sorted({row for row in rows if row is not None} - already)
        self._hidden = np.array(sorted(already.union(self._newly_hidden)), np.int64)

    def fits(self, *, share: float) -> bool:
        """Whether the recent part stays small enough: at most `share` of the settled papers, and some thousand."""
        changed = self._length + len(self._changes.put) + int((self._hidden < self._first).sum())
        return changed <= min(share * self._first, _MAX_PAPERS)

    def _row(self, paper_id: str) -> int | None:
        row = self._recent.row.get(paper_id) if self._recent else None
        return self._settled.row.get(paper_id) if row is None else row + self._first

    def build(self, generation: Path, library: Library, embedder: Embedder) -> tuple[int, int]:
        """Fill the folder `generation`; return how many papers and chunks it has. Raises LibraryError."""
        found = library.papers(self._changes.put)
        papers = [found[paper_id] for paper_id in self._changes.put]
        new = _new_part(papers, library, embedder)
        sums = Sums(embedder.dimension, self._moments)
        sums.add(new.vectors)
        for row in self._newly_hidden:
            matrix, at = (self._settled, row) if row < self._first or not self._recent else (self._recent, row - self._first)
            sums.add(matrix.vectors(np.array([at], np.int64)), -1)
        self._write(generation / "matrix", new, embedder.dimension)
        write_moments(generation / "matrix", sums.moments(), self._hidden)
        lexical.link(self._before / "tantivy", generation / "tantivy")
        index = LexicalIndex(generation / "tantivy")
        if papers or self._newly_hidden:
            with index.writing() as words:
                words.remove(self._newly_hidden)
                words.add(self._first + self._length, papers)
        count = self._first + self._length + len(papers) - len(self._hidden)
        if not count == index.count() == library.count():
            raise LibraryError("The index that was built does not hold every paper.", "Run: python -m rag.ingest --repair")
        return count, sums.chunks

    def _write(self, folder: Path, new: Part, dimension: int) -> None:
        writer = Writer(folder, (len(self._recent) if self._recent else 0) + len(new.vectors), dimension)
        if self._recent is not None:
            for first in range(0, self._length, _ROWS_COPIED_AT_ONCE):
                writer.add(self._recent.part(first, min(first + _ROWS_COPIED_AT_ONCE, self._length)))
        writer.add(new)
        writer.finish()

    def close(self) -> None:
        self._settled.close()
        if self._recent is not None:
            self._recent.close()


def _new_part(papers: list[Paper], library: Library, embedder: Embedder) -> Part:
    chunks: dict[str, list[Chunk]] = {paper.id: [] for paper in papers}
    for chunk in library.chunks(list(chunks)):
        chunks[chunk.paper_id].append(chunk)
    texts = [chunk.text for of_paper in chunks.values() for chunk in of_paper]
    vectors = library.vectors(embedder.name, texts) if texts else np.zeros((0, embedder.dimension), np.float32)
    return part_of(papers, list(chunks.values()), vectors)
