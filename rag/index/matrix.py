"""All chunk vectors of a generation as one array, a paper's next to each other: exact cosines of any papers in a moment.

    matrix/vectors.npy   (chunks, dimension) float16, read where it is asked for
    matrix/rows.npz      where each paper begins, which stretch of its abstract each chunk is, and the moments of all vectors
    matrix/axes.npz      the directions on which the vector index keeps its vectors, and of how many chunks they were taken
    matrix/papers.json   the papers' ids, in the order of their rows

The row of a paper is its number in this generation; the lexical index knows papers by it. Float16 moves a cosine by some
0.0001 and takes half the room. The vector index only proposes papers, and for that a quarter of the dimensions will do.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from rag.errors import LibraryError
from rag.types import Chunk, Paper, Passage

_VECTORS_PER_BLOCK = 8_192  # vectors widened to float32 at a time
_MAX_AXES = 96  # dimensions of the vector index
_MAX_GROWTH = 2  # times as many chunks as the axes were taken of

Vector = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean (d,) and covariance (d, d) of all chunk vectors: they give the mean and spread of any question's cosines."""

    mean: Vector
    covariance: Vector

    def of(self, question: Vector) -> tuple[float, float]:
        """Return mean and standard deviation of the cosines of all chunks with `question` (d,)."""
        variance = float(question @ self.covariance @ question)
        return float(self.mean @ question), max(variance, 1e-9) ** 0.5


@dataclass(frozen=True, slots=True)
class Axes:
    """The top (at most 96) principal directions, shape (dimension, directions), fitted on `fitted` chunks."""

    directions: Vector
    fitted: int

    def of(self, vectors: Vector) -> Vector:
        """Return vectors (n, dimension) on these axes, of length 1 again."""
        kept = vectors @ self.directions
        lengths = np.linalg.norm(kept, axis=1, keepdims=True)
        return np.asarray(kept / np.maximum(lengths, 1e-9), np.float32)


class Matrix:
    """Open for reading. `papers` are ids by row, `row` is the other way round."""

    def __init__(self, folder: Path) -> None:
        """Open what a Writer has put in `folder`. Raises OSError, ValueError or KeyError when it is not whole."""
        self.papers: list[str] = json.loads((folder / "papers.json").read_text("utf-8"))
        self.row = {paper_id: row for row, paper_id in enumerate(self.papers)}
        with np.load(folder / "rows.npz") as stored:
            self._first: Rows = stored["first"]
            self._spans: NDArray[np.int32] = stored["spans"]
            self.checksums: NDArray[np.uint32] = stored["checksums"]
            self.moments = Moments(stored["mean"], stored["covariance"])
        with np.load(folder / "axes.npz") as stored:
            self.axes = Axes(stored["axes"], int(stored["fitted"]))
        self._file = (folder / "vectors.npy").open("rb", buffering=0)
        self._reading = Lock()
        np.lib.format.read_magic(self._file)
        (self._chunks, self._dimension), _, _ = np.lib.format.read_array_header_1_0(self._file)
        self._offset = self._file.tell()

    def __len__(self) -> int:
        """Return the number of chunks."""
        return self._chunks

    def close(self) -> None:
        self._file.close()

    def outgrown(self, chunks: Sequence[Chunk]) -> bool:
        """Whether `chunks` deserve axes of their own: they are many more than these were taken of, or of other papers."""
        stays = sum(chunk.paper_id in self.row for chunk in chunks)
        return len(chunks) > _MAX_GROWTH * min(self.axes.fitted, stays)

    def best(self, question: Vector, rows: Rows) -> Vector:
        """Return for each of `rows` (n,) the cosine of its nearest chunk with `question` (d,), shape (n,)."""
        cosines = np.zeros(len(rows), np.float32)
        sizes = self._first[rows + 1] - self._first[rows]
        ends = np.cumsum(sizes)
        done = 0
        while done < len(rows):
            base = ends[done] - sizes[done]
            until = max(done + 1, int(np.searchsorted(ends, base + _VECTORS_PER_BLOCK)))
            starts = ends[done:until] - sizes[done:until] - base
            cosines[done:until] = np.maximum.reduceat(self._read(rows[done:until]) @ question, starts)
            done = until
        return cosines

    def _read(self, rows: Rows) -> Vector:
        """Return the vectors of the chunks of `rows`, one after the other. Neighbours are read at once."""
        if not len(rows):
            return np.zeros((0, self._dimension), np.float32)
        first, end = self._first[rows], self._first[rows + 1]
        apart = np.flatnonzero(np.append(first[1:] != end[:-1], True))  # the last row of each run of neighbours
        vectors = np.empty((int((end - first).sum()), self._dimension), np.float16)
        into, done = memoryview(vectors).cast("B"), 0
        width = 2 * self._dimension
        with self._reading:
            for start, until in zip(first[np.append(0, apart[:-1] + 1)].tolist(), end[apart].tolist(), strict=True):
                self._file.seek(self._offset + start * width)
                done += self._file.readinto(into[done : done + (until - start) * width]) or 0
        if done != vectors.nbytes:
            raise LibraryError("The index is cut short.", "Run: python -m rag.ingest --repair")
        return vectors.astype(np.float32)

    def centre(self, row: int) -> Vector:
        """Return the mean (d,) of the vectors of a paper's chunks, of length 1 again."""
        mean = self._read(np.array([row], np.int64)).mean(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)

    def passages(self, question: Vector, papers: Sequence[Paper]) -> list[tuple[Passage, ...]]:
        """Return the chunks of each paper as passages, nearest first; none where its abstract is another than was indexed."""
        rows = np.array([self.row[paper.id] for paper in papers], np.int64)
        cosines = (self._read(rows) @ question).tolist()
        found: list[tuple[Passage, ...]] = []
        for row, paper in zip(rows, papers, strict=True):
            spans = self._spans[self._first[row] : self._first[row + 1]].tolist()
            of_paper = [Passage(start, end, cosines.pop(0)) for start, end in spans]
            same = _checksum(paper) == self.checksums[row]
            found.append(tuple(sorted(of_paper, key=lambda passage: -passage.score)) if same else ())
        return found


class Writer:
    """Writes a matrix: add() the vectors of `chunks`, which come paper by paper, in their order, then finish()."""

    def __init__(self, folder: Path, papers: Sequence[str], chunks: Sequence[Chunk], dimension: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._papers = papers
        self._chunks = chunks
        self._written = 0
        self._sum = np.zeros(dimension)
        self._outer = np.zeros((dimension, dimension))
        self._vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float16, (len(chunks), dimension))

    def add(self, vectors: Vector) -> None:
        """Write the next rows, shape (n, dimension)."""
        self._sum += vectors.sum(axis=0, dtype=np.float64)
        self._outer += vectors.T @ vectors
        self._vectors[self._written : self._written + len(vectors)] = vectors
        self._written += len(vectors)

    def fitted(self) -> Axes:
        """Return the axes on which the vectors added so far keep most of their length."""
        _, directions = np.linalg.eigh(self._outer)  # by growing eigenvalue
        return Axes(directions[:, ::-1][:, :_MAX_AXES].astype(np.float32), self._written)

    def finish(self, axes: Axes, checksums: NDArray[np.uint32]) -> None:
        """Write everything else; `checksums` (papers,) are of their abstracts."""
        self._vectors.flush()
        np.savez(self._folder / "axes.npz", axes=axes.directions, fitted=axes.fitted)
        row = {paper_id: n for n, paper_id in enumerate(self._papers)}
        sizes = np.bincount([row[c.paper_id] for c in self._chunks], minlength=len(self._papers))
        mean = self._sum / max(len(self._chunks), 1)
        covariance = self._outer / max(len(self._chunks), 1) - np.outer(mean, mean)
        np.savez(
            self._folder / "rows.npz",
            first=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            spans=np.array([(c.start, c.end) for c in self._chunks], np.int32).reshape(-1, 2),
            checksums=checksums,
            mean=mean.astype(np.float32),
            covariance=covariance.astype(np.float32),
        )
        (self._folder / "papers.json").write_text(json.dumps(list(self._papers)), "utf-8")


def text_checksums(papers: Sequence[Paper]) -> NDArray[np.uint32]:
    """Return a checksum of each paper's abstract, by which passages of another abstract are known."""
    return np.array([_checksum(paper) for paper in papers], np.uint32)


def _checksum(paper: Paper) -> int:
    return zlib.crc32(paper.abstract.encode("utf-8"))
