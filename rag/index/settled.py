"""Builds a settled generation: everything that the library holds, in all parts of the index.

Chroma takes most of the time, so its part starts from a copy of that of the generation before, unless the library has
outgrown the axes on which its vectors are kept, or the vectors go to a server. All else is made anew, paper by paper.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rag.errors import LibraryError
from rag.index import vectors
from rag.index.lexical import LexicalIndex
from rag.index.matrix import Matrix, Writer, part_of
from rag.index.moments import Axes, Sums, write_moments
from rag.interfaces import Embedder
from rag.storage.library import Library
from rag.types import Chunk, Filters, Paper, Progress

_PAPERS_READ_AT_ONCE = 500
_MAX_GROWTH = 2  # times as many chunks as the axes were taken of, or as papers stayed of those

Block = tuple[list[Paper], list[list[Chunk]]]  # some papers, and the chunks of each


def build(generation: Path, before: Path | None, library: Library, embedder: Embedder, progress: Progress) -> tuple[int, int]:
    """Fill the folder `generation`; return how many papers and chunks it has. `before` is a settled one.

    Raises LibraryError.
    """
    papers, chunks = sorted(library.matching(Filters())), library.chunk_count()
    known = Matrix(before / "matrix") if before else None
    matrix, sums = Writer(generation / "matrix", chunks, embedder.dimension), Sums(embedder.dimension)
    lexical = LexicalIndex(generation / "tantivy")
    stayed = row = 0
    with lexical.writing() as words:
        for block, of_each in _blocks(library, papers):
            texts = [chunk.text for of_paper in of_each for chunk in of_paper]
            part = part_of(block, of_each, library.vectors(embedder.name, texts))
            matrix.add(part)
            sums.add(part.vectors)
            words.add(row, block)
            row += len(block)
            stayed += sum(
                size for paper_id, size in zip(part.papers, part.sizes, strict=True) if known and paper_id in known.row
            )
            progress("indexing words", row, len(papers))
    matrix.finish()
    write_moments(matrix.folder, sums.moments(), np.zeros(0, np.int64))
    axes = Axes.read(before / "matrix") if before else None
    if axes is None or chunks > _MAX_GROWTH * min(axes.fitted, stayed):
        axes = before = None
    axes = axes or Axes.fit(sums)
    axes.write(matrix.folder)
    chroma = generation / "chroma"
    elsewhere = vectors.note_elsewhere(chroma, generation.parent.name, library.state, axes.directions.tobytes())
    if before and not elsewhere and not vectors.is_elsewhere(before / "chroma"):
        shutil.copytree(before / "chroma", chroma)
    _put_vectors(chroma, axes, library, papers, embedder, progress)
    if (lexical.count(), row) != (len(papers), library.count()):
        raise LibraryError("The index that was built does not hold every paper.", "Run: python -m rag.ingest --repair")
    return len(papers), chunks


def _put_vectors(folder: Path, axes: Axes, library: Library, papers: list[str], embedder: Embedder, progress: Progress) -> None:
    """Bring the vector index in `folder` to the chunks of the library."""
    index = vectors.open_in(folder)
    gone = index.ids()
    done = 0
    for block, of_each in _blocks(library, papers):
        chunks = [chunk for of_paper in of_each for chunk in of_paper]
        new = [chunk for chunk in chunks if chunk.id not in gone]
        gone.difference_update(chunk.id for chunk in chunks)
        if new:
            index.add(new, axes.of(library.vectors(embedder.name, [chunk.text for chunk in new])))
        done += len(block)
        progress("indexing", done, len(papers))
    index.remove(sorted(gone))
    index.settle()
    index.close()


def _blocks(library: Library, papers: list[str]) -> Iterator[Block]:
    for first in range(0, len(papers), _PAPERS_READ_AT_ONCE):
        ids = papers[first : first + _PAPERS_READ_AT_ONCE]
        found = library.papers(ids)
        chunks: dict[str, list[Chunk]] = {paper_id: [] for paper_id in ids}
        for chunk in library.chunks(ids):
            chunks[chunk.paper_id].append(chunk)
        yield [found[paper_id] for paper_id in ids], list(chunks.values())
