"""python -m evals bench: every number is there and sane, and the made-up libraries are shaped like real ones."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.factories import silent

from evals import bench, processes, speed, synthetic
from evals.__main__ import arguments, main
from evals.speed import FILTERS, Exact
from rag.errors import RagError
from rag.index.minilm import MiniLM
from rag.sources import formats
from rag.storage.library import Library
from rag.text.sentences import split
from rag.types import Filters, Paper

PAPERS, QUESTIONS = 60, 12
MADE = 210


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Library:
    library = Library(tmp_path_factory.mktemp("made"), create=True)
    synthetic.fill(library, MADE, silent)
    return library


# -- made-up libraries ---------------------------------------------------------------------------------------------------


def test_a_made_up_paper_reads_like_an_abstract(made: Library) -> None:
    papers = list(made.papers().values())
    assert len(papers) == MADE
    assert len({p.title for p in papers}) == MADE
    assert {len(p.abstract.split()) for p in papers} == {180}
    assert {len(split(p.abstract)) for p in papers} <= {8, 9}  # one in a thousand ends with what looks like an abbreviation
    assert {p.published[:3] for p in papers if p.published} == {"201", "202"}
    assert made.sources() == dict.fromkeys(sorted(synthetic.SOURCES), MADE // 3)
    words = [w for p in papers for w in p.abstract.lower().replace(".", "").split()]
    counts = np.sort(np.unique(words, return_counts=True)[1])[::-1]
    assert 0.02 < counts[0] / len(words) < 0.12  # "the" is 6% of English
    assert (counts == 1).mean() > 0.3  # and many words are there once


def test_made_up_vectors_have_the_cosines_of_real_ones(made: Library) -> None:
    chunks = made.chunks()
    vectors = made.vectors(synthetic.EMBEDDER_NAME, [c.text for c in chunks])
    papers = np.array([c.paper_id for c in chunks])
    cosines = vectors @ vectors.T
    same = papers[:, None] == papers[None]
    assert np.allclose(np.diag(cosines), 1, atol=1e-5)
    assert np.median(cosines[~same]) == pytest.approx(0.28, abs=0.08)
    assert np.median(cosines[same & ~np.eye(len(chunks), dtype=bool)]) == pytest.approx(0.77, abs=0.06)
    assert np.median(np.where(same, -1, cosines).max(axis=1)) == pytest.approx(0.61, abs=0.06)


def test_the_same_library_and_questions_are_made_every_time(made: Library, tmp_path: Path) -> None:
    again = Library(tmp_path, create=True)
    synthetic.fill(again, MADE, silent)
    assert again.chunks() == made.chunks()
    texts = [c.text for c in made.chunks()[:50]]
    assert np.array_equal(again.vectors(synthetic.EMBEDDER_NAME, texts), made.vectors(synthetic.EMBEDDER_NAME, texts))
    assert [text for text, _ in synthetic.questions(again, 5)] == [text for text, _ in synthetic.questions(made, 5)]
    again.close()


def test_nothing_is_left_to_embed_and_a_question_is_near_a_chunk(made: Library) -> None:
    assert made.unembedded(synthetic.EMBEDDER_NAME) == []
    chunks = made.chunks()
    vectors = made.vectors(synthetic.EMBEDDER_NAME, [c.text for c in chunks])
    best = [float((vectors @ vector).max()) for _, vector in synthetic.questions(made, 30)]
    assert np.mean(best) == pytest.approx(0.65, abs=0.08)
    with pytest.raises(AssertionError, match="stored"):
        speed.StoredVectors().embed(["x"])


def test_filters_of_the_sizes_wanted_are_found_with_dates_or_without(made: Library, tmp_path: Path) -> None:
    starter = Library(tmp_path, create=True)
    records = formats.parse(formats.load(formats.STARTER)[1], "starter")
    starter.put("starter", (replace(r, published=None) for r in records if isinstance(r, Paper)))
    for library in (made, starter):
        broad, narrow, source = (len(library.matching(f)) for f in speed._filters(library))
        assert broad == pytest.approx(library.count() / 2, rel=0.2)
        assert narrow == pytest.approx(20, abs=3)
        assert source == min(library.sources().items())[1]
    starter.close()


# -- exact search --------------------------------------------------------------------------------------------------------


def test_recall_is_the_share_of_the_truly_nearest_papers(made: Library, embedder: MiniLM) -> None:
    asked = dict(synthetic.questions(made, 2))
    exact = Exact(made, speed.QuestionVectors(embedder, asked), list(asked))
    everyone = made.matching(Filters())
    chunks = made.chunks()
    vectors = made.vectors(synthetic.EMBEDDER_NAME, [c.text for c in chunks])
    nearest = []
    for vector in asked.values():
        best: dict[str, float] = {}
        for chunk, cosine in zip(chunks, vectors @ vector, strict=True):
            best[chunk.paper_id] = max(best.get(chunk.paper_id, -1.0), float(cosine))
        nearest.append(sorted(best, key=lambda i: -best[i])[:10])
    assert exact.recall(nearest, everyone) == 1.0
    assert exact.recall([nearest[0], []], everyone) == 0.5
    assert exact.recall([nearest[0][:4], nearest[1][:2]], everyone) == pytest.approx(0.3)
    assert exact.recall(nearest, nearest[0][:5]) <= 1.0
    assert exact.recall([nearest[0][:5]], nearest[0][:5]) == 1.0  # fewer papers than ten pass


# -- processes -----------------------------------------------------------------------------------------------------------


def test_a_command_is_timed_and_one_that_fails_is_told(tmp_path: Path) -> None:
    seconds, memory, out = processes.command(["json.tool", "--help"], tmp_path)
    assert 0 < seconds < 60
    assert "json" in out
    if sys.platform == "linux":
        assert memory is not None
        assert 3 < memory < 500
    with pytest.raises(RagError, match=r"nosuch.*could not be measured .*No module named nosuch"):
        processes.command(["nosuch", "x"], tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_process_is_charged_its_own_memory_not_its_parents(tmp_path: Path) -> None:
    held = np.ones(40_000_000)  # 320 MB
    _, memory, _ = processes.command(["json.tool", "--help"], tmp_path)
    assert memory is not None
    assert memory < held.nbytes / 1e6 < (processes.memory_mb() or 0)


# -- the command ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, model_home: Path, embedder: MiniLM) -> tuple[str, dict[str, Any]]:
    """What the command prints of 60 papers, and what it writes."""
    folder = tmp_path_factory.mktemp("bench")
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setenv("RAG_HOME", str(model_home))
        command = ["bench", "--papers", f"{PAPERS},{PAPERS}", "--papers", str(PAPERS), "--questions", str(QUESTIONS)]
        assert main([*command, "--out", str(folder)]) == 0
    [path] = folder.iterdir()
    return printed.getvalue(), json.loads(path.read_text("utf-8"))


@pytest.fixture
def measured(told: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    [only] = told[1]["sizes"]
    assert isinstance(only, dict)
    return only


def test_every_number_is_there_and_sane(measured: dict[str, Any]) -> None:
    assert measured["papers"] == PAPERS
    assert measured["chunks"] > PAPERS
    assert all(measured[name] > 0 for name in ("build_s", "papers_per_min", "index_mb", "library_mb"))
    assert measured["papers_per_min"] == pytest.approx(PAPERS / measured["build_s"] * 60)
    assert tuple(measured["searches"]) == FILTERS
    for row in measured["searches"].values():
        assert 0 < row["p50_ms"] <= row["p95_ms"]
        assert row["recall@10"] >= 0.99  # at this size the vector index is asked for all there is
    passing = [row["papers"] for row in measured["searches"].values()]
    assert passing[0] == PAPERS
    assert 20 <= passing[1] <= 40
    assert 15 <= passing[2] <= 25
    assert passing[3] == PAPERS // 3
    assert measured["memory_mb"] is None or 50 < measured["memory_mb"] < 2_000
    change = measured["change"]
    assert change["added_to_settled"]
    assert 0 < change["add_s"] < 5
    assert 0 < change["remove_s"] < 5
    assert change["add_bytes"] < 1e6 * measured["index_mb"] / 2


def test_the_tables_show_each_size_and_each_filter(measured: dict[str, Any]) -> None:
    lines = list(bench.table([measured, {**measured, "size": 99, "memory_mb": None}]))
    first = [line.split()[0] for line in lines if line.strip()]
    assert first == ["papers", "60", "99", "papers", *["60"] * 4, *["99"] * 4, "papers", "60", "99"]
    assert lines[12].split()[-1] == "-"  # no /proc, no number
    assert len({len(line) for line in lines[4:13]}) == len({len(line) for line in lines[14:]}) == 1


def test_what_is_measured_of_the_starter_and_its_peer_is_shown_side_by_side(measured: dict[str, Any]) -> None:
    real = {"ingest_s": 20.0, "ingest_memory_mb": 400.0, "cold_s": 2.5, "cold_memory_mb": 200.0, "real": True}
    embedding = {"ours_per_s": 45.0, "bare_per_s": 50.0, "ratio": 0.9}
    ours = {"cold_s": 2.0, "cold_memory_mb": 200.0, "p50_ms": 7.0, "p95_ms": 10.0, "memory_mb": 300.0}
    peer = {**ours, "cold_s": 8.0, "cold_memory_mb": None, "ingest_s": 30.0, "ingest_memory_mb": 800.0}
    beside = {"chroma": False, "ours": ours, "peer": peer}
    text = "\n".join(bench.table([{**measured, **real, "embedding": embedding, "beside": beside}]))
    assert "rag.ingest of the starter corpus: 20.0 s, 400 MB" in text
    assert "cold: 2.50 s, 200 MB" in text
    assert "0.90 of it" in text
    rows = {line[:26].strip(): line.split()[-3:] for line in text.splitlines()}
    assert rows["ingest, s"] == ["20.00", "30.00", "1.50"]
    assert rows["cold search, s"] == ["2.00", "8.00", "4.00"]
    assert "cold search, MB" not in rows
    assert "pip install llama-index-vector-stores-chroma" in text


def test_the_command_prints_the_tables_and_writes_all_numbers(told: tuple[str, dict[str, Any]]) -> None:
    printed, written = told
    assert "\n".join(bench.table(written["sizes"])) in printed
    assert written["machine"]["cpus"] >= 1
    assert "all numbers in" in printed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--papers", "many"], "many is not a whole number"),
        (["--papers", "10"], "too few"),
        (["--questions", "0"], "0 is not a whole number of 1 or more"),
    ],
)
def test_sizes_that_cannot_be_are_refused(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", *options])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_the_peer_is_compared_over_the_starter_corpus_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--papers", "1000", "--peer"]) == 2
    assert "Add 574 to --papers" in capsys.readouterr().err


def test_the_embedder_is_held_against_the_bare_session(made: Library, model_home: Path, embedder: MiniLM) -> None:
    measured = speed.embed({"home": str(made.path.parent), "models": str(model_home), "texts": 33}, silent)
    assert measured["texts"] == 33  # a whole batch and a rest
    assert measured["ours_per_s"] > 0
    assert measured["ratio"] == pytest.approx(measured["ours_per_s"] / measured["bare_per_s"])
    assert 0.2 < measured["ratio"] < 2.0


def test_a_plain_llamaindex_starter_finds_among_the_same_papers(
    tmp_path: Path, model_home: Path, embedder: MiniLM, made: Library
) -> None:
    from evals import peer

    small = Library(tmp_path / "small", create=True)
    small.put("some", list(made.papers().values())[:15])
    small.close()
    spec = {"home": str(tmp_path / "small"), "models": str(model_home), "store": str(tmp_path / "store"), "questions": 3}
    assert peer.ingest(spec)["papers"] == 15
    told = peer.ask(spec)
    assert told["found"] == 10
    assert 0 < told["p50_ms"] <= told["p95_ms"]


@pytest.mark.long
def test_ten_thousand_papers_are_searched_as_exactly_as_few(model_home: Path, embedder: MiniLM) -> None:
    measured = bench.measure(10_000, arguments().parse_args(["bench", "--questions", "50"]), model_home)
    assert measured["papers"] == 10_000
    assert min(row["recall@10"] for row in measured["searches"].values()) >= 0.95
