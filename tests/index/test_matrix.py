"""The matrix: exact cosines of any papers, and passages only of the abstract that was indexed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.index import matrix
from rag.index.matrix import Matrix, Writer, text_checksums
from rag.types import Chunk, Paper

SIZES = [1, 3, 2, 1, 5]  # chunks of each paper
PAPERS = [Paper(f"p{n}", f"Title {n}", "One sentence. " * size) for n, size in enumerate(SIZES)]
RNG = np.random.default_rng(7)
VECTORS = RNG.normal(size=(sum(SIZES), 16)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
QUESTION = VECTORS[4]


@pytest.fixture
def written(tmp_path: Path) -> Matrix:
    chunks = [Chunk(f"{p.id}#{i}", p.id, 14 * i, 14 * i + 14, "") for p, n in zip(PAPERS, SIZES, strict=True) for i in range(n)]
    writer = Writer(tmp_path, [p.id for p in PAPERS], chunks, 16)
    for first in range(0, len(VECTORS), 5):
        writer.add(VECTORS[first : first + 5])
    writer.finish(writer.fitted(), text_checksums(PAPERS))
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


def test_the_axes_keep_what_they_can_of_every_cosine(tmp_path: Path) -> None:
    flat = np.zeros((200, 300), np.float32)
    flat[:, :90] = RNG.normal(size=(200, 90))  # all that these vectors say is in 90 dimensions
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    whole = flat @ np.linalg.qr(RNG.normal(size=(300, 300)))[0].astype(np.float32)
    writer = Writer(tmp_path, [], [Chunk(f"p#{i}", "p", 0, 1, "") for i in range(200)], 300)
    writer.add(whole)
    axes = writer.fitted()
    assert (axes.directions.shape, axes.fitted) == ((300, 96), 200)
    assert axes.of(whole) @ axes.of(whole[:5]).T == pytest.approx(whole @ whole[:5].T, abs=1e-3)


@pytest.mark.parametrize(
    ("papers", "outgrown"), [(["p0"] * 24, False), (["p0"] * 25, True), (["p0"] * 4 + ["new"] * 4, False), (["new"] * 3, True)]
)
def test_twice_as_many_chunks_or_mostly_other_papers_outgrow_the_axes(
    written: Matrix, papers: list[str], outgrown: bool
) -> None:
    assert written.axes.fitted == 12
    assert written.outgrown([Chunk(f"{p}#{n}", p, 0, 1, "") for n, p in enumerate(papers)]) is outgrown


def test_moments_are_those_of_all_vectors(written: Matrix) -> None:
    mean, spread = written.moments.of(QUESTION)
    assert mean == pytest.approx(float((VECTORS @ QUESTION).mean()), abs=1e-5)
    assert spread == pytest.approx(float((VECTORS @ QUESTION).std()), abs=1e-5)


def test_passages_are_the_chunks_of_a_paper_nearest_first(written: Matrix) -> None:
    passages = written.passages(QUESTION, [PAPERS[4], PAPERS[2]])[1]
    assert {(p.start, p.end) for p in passages} == {(0, 14), (14, 28)}
    assert [p.score for p in passages] == sorted((p.score for p in passages), reverse=True)
    assert passages[0].score == pytest.approx(1.0, abs=2e-3)


def test_an_abstract_that_has_changed_since_has_no_passages(written: Matrix) -> None:
    changed, same = written.passages(QUESTION, [replace(PAPERS[2], abstract="Other words."), PAPERS[1]])
    assert changed == ()
    assert len(same) == 3


def test_a_matrix_of_no_papers_can_be_written_and_read(tmp_path: Path) -> None:
    writer = Writer(tmp_path, [], [], 16)
    writer.finish(writer.fitted(), text_checksums([]))
    assert (len(Matrix(tmp_path)), Matrix(tmp_path).papers) == (0, [])
