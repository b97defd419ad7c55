"""The matrix: exact cosines of any papers, and passages only of the abstract that was indexed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.errors import LibraryError
from rag.index import matrix
from rag.index.matrix import Matrix, Writer, part_of
from rag.index.moments import Axes, Sums
from rag.types import Chunk, Paper

SIZES = [1, 3, 2, 1, 5]  # chunks of each paper
PAPERS = [Paper(f"p{n}", f"Title {n}", "One sentence. " * size) for n, size in enumerate(SIZES)]
RNG = np.random.default_rng(7)
VECTORS = RNG.normal(size=(sum(SIZES), 16)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
QUESTION = VECTORS[4]


CHUNKS = [[Chunk(f"{p.id}#{i}", p.id, 14 * i, 14 * i + 14, "") for i in range(n)] for p, n in zip(PAPERS, SIZES, strict=True)]


@pytest.fixture
def written(tmp_path: Path) -> Matrix:
    writer = Writer(tmp_path, len(VECTORS), 16)
    writer.add(part_of(PAPERS[:2], CHUNKS[:2], VECTORS[:4]))
    writer.add(part_of(PAPERS[2:], CHUNKS[2:], VECTORS[4:]))
    writer.finish()
    return Matrix(tmp_path)


def expected(rows: list[int]) -> list[float]:
    edges = np.cumsum([0, *SIZES])
    return [float((VECTORS[edges[r] : edges[r + 1]] @ QUESTION).max()) for r in rows]


@pytest.mark.parametrize("block", [1, 3, 4, 8_192])
@pytest.mark.parametrize("rows", [[0, 1, 2, 3, 4], [4, 1], [3], [2, 2, 0], []])
def test_best_is_the_cosine_of_the_nearest_chunk_whatever_the_size_of_a_block(
    written: Matrix, rows: list[int], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "_VECTORS_PER_BLOCK", block)
    assert written.best(QUESTION, np.array(rows, np.int64)) == pytest.approx(expected(rows), abs=2e-3)


@pytest.mark.parametrize("block", [1, 2, 1_024])
@pytest.mark.parametrize("rows", [[0, 1, 2, 3, 4], [4, 1, 1], [3], []])
def test_centres_are_the_means_of_the_chunks_whatever_the_size_of_a_block(
    written: Matrix, rows: list[int], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "_PAPERS_PER_BLOCK", block)
    edges = np.cumsum([0, *SIZES])
    means = [VECTORS[edges[row] : edges[row + 1]].mean(axis=0) for row in rows]
    centres = written.centres(np.array(rows, np.int64))
    assert centres.shape == (len(rows), 16)
    for centre, mean in zip(centres, means, strict=True):
        assert centre == pytest.approx(mean / np.linalg.norm(mean), abs=2e-3)


def test_the_axes_keep_what_they_can_of_every_cosine(tmp_path: Path) -> None:
    flat = np.zeros((200, 300), np.float32)
    flat[:, :90] = RNG.normal(size=(200, 90))  # all that these vectors say is in 90 dimensions
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    whole = flat @ np.linalg.qr(RNG.normal(size=(300, 300)))[0].astype(np.float32)
    sums = Sums(300)
    sums.add(whole)
    Axes.fit(sums).write(tmp_path)
    axes = Axes.read(tmp_path)
    assert (axes.directions.shape, axes.fitted) == ((300, 96), 200)
    assert axes.of(whole) @ axes.of(whole[:5]).T == pytest.approx(whole @ whole[:5].T, abs=1e-3)


def test_moments_are_those_of_the_vectors_that_were_put_in_and_not_taken_out() -> None:
    sums = Sums(16)
    sums.add(VECTORS[:8])
    again = Sums(16, sums.moments())
    again.add(VECTORS[8:])
    again.add(VECTORS[2:4], -1)
    kept = np.delete(VECTORS, [2, 3], axis=0)
    mean, spread = again.moments().of(QUESTION)
    assert again.moments().chunks == len(kept)
    assert mean == pytest.approx(float((kept @ QUESTION).mean()), abs=1e-5)
    assert spread == pytest.approx(float((kept @ QUESTION).std()), abs=1e-5)


def test_a_part_of_a_matrix_written_again_is_the_same(written: Matrix, tmp_path: Path) -> None:
    part = written.part(1, 4)
    writer = Writer(tmp_path / "again", len(part.vectors), 16)
    writer.add(part)
    writer.finish()
    again = Matrix(tmp_path / "again")
    assert again.papers == ["p1", "p2", "p3"]
    assert again.best(QUESTION, np.arange(3)) == pytest.approx(written.best(QUESTION, np.arange(1, 4)), abs=0)
    assert again.passages(QUESTION, 1, PAPERS[2]) == written.passages(QUESTION, 2, PAPERS[2])


def test_a_matrix_that_lacks_a_vector_is_not_finished(tmp_path: Path) -> None:
    writer = Writer(tmp_path, len(VECTORS), 16)
    writer.add(part_of(PAPERS[:2], CHUNKS[:2], VECTORS[:4]))
    with pytest.raises(LibraryError, match="does not hold every chunk"):
        writer.finish()


def test_passages_are_the_chunks_of_a_paper_nearest_first(written: Matrix) -> None:
    passages = written.passages(QUESTION, 2, PAPERS[2])
    assert {(p.start, p.end) for p in passages} == {(0, 14), (14, 28)}
    assert [p.score for p in passages] == sorted((p.score for p in passages), reverse=True)
    assert passages[0].score == pytest.approx(1.0, abs=2e-3)


def test_an_abstract_that_has_changed_since_has_no_passages(written: Matrix) -> None:
    assert written.passages(QUESTION, 2, replace(PAPERS[2], abstract="Other words.")) == ()
    assert len(written.passages(QUESTION, 1, PAPERS[1])) == 3


def test_a_matrix_of_no_papers_can_be_written_and_read(tmp_path: Path) -> None:
    Writer(tmp_path, 0, 16).finish()
    assert (len(Matrix(tmp_path)), Matrix(tmp_path).papers) == (0, [])
