"""Chunk vectors as one array, a paper's next to each other: exact cosines of any papers in a moment.

    matrix/vectors.npy   (chunks, dimension) float16, read where it is asked for
    matrix/rows.npz      where each paper begins, and which stretch of its abstract each chunk is
    matrix/papers.json   the papers' ids, in the order of their rows

The row of a paper is its number in a generation; the lexical index knows papers by it. Float16 moves a cosine by some
0.0001 and takes half the room.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from rag.errors import LibraryError
from rag.index.moments import Rows, Vector
from rag.types import Chunk, Paper, Passage

_VECTORS_PER_BLOCK = 8_192  # vectors widened to float32 at a time
_PAPERS_PER_BLOCK = 1_024  # papers whose vectors are added up at a time


class Matrix:
    """Open for reading. `papers` are ids by row, `row` is the other way round."""

    def __init__(self, folder: Path) -> None:
        """Open what a Writer has put in `folder`. Raises OSError, ValueError or KeyError when it is not whole."""
        self.papers: list[str] = json.loads((folder / "papers.json").read_text("utf-8"))
        self.row = {paper_id: row for row, paper_id in enumerate(self.papers)}
        with np.load(folder / "rows.npz") as stored:
            self._first: Rows = stored["first"]
            self._spans: NDArray[np.int32] = stored["spans"]
            self._checksums: NDArray[np.uint32] = stored["checksums"]
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
            cosines[done:until] = np.maximum.reduceat(self.vectors(rows[done:until]) @ question, starts)
            done = until
        return cosines

    def vectors(self, rows: Rows) -> Vector:
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
        return np.asarray(self.centres(np.array([row], np.int64))[0])

    def centres(self, rows: Rows) -> Vector:
        """Return for each of `rows` (n,) the mean of the vectors of its chunks, of length 1 again, shape (n, d)."""
        centres = np.zeros((len(rows), self._dimension), np.float32)
        for first in range(0, len(rows), _PAPERS_PER_BLOCK):
            some = rows[first : first + _PAPERS_PER_BLOCK]
            sizes = self._first[some + 1] - self._first[some]
            starts = np.cumsum(sizes) - sizes
            centres[first : first + len(some)] = np.add.reduceat(self.vectors(some), starts)
        lengths = np.linalg.norm(centres, axis=1, keepdims=True)
        return np.asarray(centres / np.maximum(lengths, 1e-9), np.float32)

    def passages(self, question: Vector, row: int, paper: Paper) -> tuple[Passage, ...]:
        """Return the chunks of the paper in `row`, nearest first; none when its abstract is another than was indexed."""
        if text_checksum(paper) != self._checksums[row]:
            return ()
        spans = self._spans[self._first[row] : self._first[row + 1]].tolist()
        cosines = (self.vectors(np.array([row], np.int64)) @ question).tolist()
        found = (Passage(start, end, cosine) for (start, end), cosine in zip(spans, cosines, strict=True))
        return tuple(sorted(found, key=lambda passage: -passage.score))

    def part(self, first: int, end: int) -> Part:
        """Return what the rows from `first` to `end` hold."""
        chunks = slice(self._first[first], self._first[end])
        return Part(
            self.papers[first:end],
            np.diff(self._first[first : end + 1]),
            self._spans[chunks],
            self._checksums[first:end],
            self.vectors(np.arange(first, end, dtype=np.int64)),
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows: ids of papers, and of each paper how many chunks it has (papers,) and the checksum of its abstract (papers,);
    where each chunk begins and ends (chunks, 2), and its vector (chunks, dimension)."""

    papers: list[str]
    sizes: Rows
    spans: NDArray[np.int32]
    checksums: NDArray[np.uint32]
    vectors: Vector


class Writer:
    """Writes a matrix of `chunks` vectors: add() parts in the order of their rows, then finish()."""

    def __init__(self, folder: Path, chunks: int, dimension: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._shape = (chunks, dimension)
        self._parts: list[Part] = []
        self._file = (folder / "vectors.npy").open("wb")
        np.lib.format.write_array_header_1_0(self._file, {"descr": "<f2", "fortran_order": False, "shape": self._shape})

    def add(self, part: Part) -> None:
        """Write the next rows."""
        self._file.write(part.vectors.astype("<f2").tobytes())
        self._parts.append(replace(part, vectors=np.zeros((0, self._shape[1]), np.float32)))  # a slice would keep all of them

    def finish(self) -> None:
        """Write everything else."""
        self._file.close()
        sizes = np.concatenate([np.zeros(1, np.int64), *(part.sizes for part in self._parts)])
        if sizes.sum() != self._shape[0]:
            raise LibraryError("The index that was built does not hold every chunk.", "Run: python -m rag.ingest --repair")
        np.savez(
            self.folder / "rows.npz",
            first=np.cumsum(sizes),
            spans=np.concatenate([np.zeros((0, 2), np.int32), *(part.spans for part in self._parts)]),
            checksums=np.concatenate([np.zeros(0, np.uint32), *(part.checksums for part in self._parts)]),
        )
        papers = [paper_id for part in self._parts for paper_id in part.papers]
        (self.folder / "papers.json").write_text(json.dumps(papers), "utf-8")


def part_of(papers: Sequence[Paper], chunks: Sequence[Sequence[Chunk]], vectors: Vector) -> Part:
    """Return the rows of `papers`, which have these `chunks`, and those, one after the other, these `vectors` (n, d)."""
    spans = [(chunk.start, chunk.end) for of_paper in chunks for chunk in of_paper]
    return Part(
        [paper.id for paper in papers],
        np.array([len(of_paper) for of_paper in chunks], np.int64),
        np.array(spans, np.int32).reshape(-1, 2),
        np.array([text_checksum(paper) for paper in papers], np.uint32),
        vectors,
    )


def text_checksum(paper: Paper) -> int:
    """Return a checksum of a paper's abstract, by which passages of another abstract are known."""
    return zlib.crc32(paper.abstract.encode("utf-8"))
