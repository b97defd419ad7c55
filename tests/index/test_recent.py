"""A small change is added to the index as a recent part: it costs what was changed, and finds what a whole index finds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.factories import HashEmbedder, silent

from rag import ingestion
from rag.index import generations
from rag.index.generations import Index, Manifest
from rag.index.lexical import LexicalIndex
from rag.retrieval.retriever import Retriever
from rag.sources import formats
from rag.storage.library import Library
from rag.types import Filters, Hit, Paper

pytestmark = pytest.mark.usefixtures("store")  # each test runs with vectors in the home and on a server

NAME = generations.fingerprint(HashEmbedder())
QUESTIONS = ("How do graph neural networks scale?", "Which papers measure hallucination?", "kites that lift sensors")
KITES = [Paper(f"kite{n}", f"Kite {n}", f"Kite {n} lifts {n + 2} sensors above the sea on {n + 5} lines.") for n in range(12)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("built")
    lines = formats.load(formats.STARTER)[1].splitlines()[:120]
    (home / "page.jsonl").write_text("\n".join(lines), "utf-8")
    ingestion.ingest(home, [str(home / "page.jsonl")], HashEmbedder(), silent)
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """A home of one's own with 120 papers, as generation 1."""
    return Path(shutil.copytree(built, tmp_path / "home"))


def put(home: Path, *papers: Paper, source: str = "kites", more: bool = False) -> Manifest:
    library = Library(home)
    library.put(source, papers)
    try:
        return generations.refresh(home, library, HashEmbedder(), silent, more=more)
    finally:
        library.close()


def remove(home: Path, source: str) -> Manifest:
    ingestion.remove(home, source, HashEmbedder(), silent)
    live = generations.live(home, NAME)
    assert live is not None
    return live


@contextmanager
def opened(home: Path) -> Iterator[tuple[Retriever, Index, Library]]:
    live, library = generations.open_live(home, NAME), Library(home)
    assert live is not None
    try:
        yield Retriever(library, live, HashEmbedder()), live, library
    finally:
        live.close()
        library.close()


def answers(home: Path) -> list[list[Hit]]:
    """Return what is found for each question, with and without filters, and beside a paper."""
    with opened(home) as (retriever, _, _):
        return [
            retriever.search(question, 10, filters)
            for question in QUESTIONS
            for filters in (None, Filters(title="kite"), Filters(source="page.jsonl"))
        ]


def same_as_anew(home: Path, tmp_path: Path) -> None:
    """Assert that the index finds what one that is built from nothing does."""
    copy = Path(shutil.copytree(home, tmp_path / f"anew-{len(list(tmp_path.iterdir()))}"))
    library = Library(copy)
    anew = generations.refresh(copy, library, HashEmbedder(), silent, anew=True)
    library.close()
    assert anew.settled == anew.generation
    for mine, expected in zip(answers(home), answers(copy), strict=True):
        assert [hit.paper for hit in mine] == [hit.paper for hit in expected]
        assert [hit.passages for hit in mine] == [hit.passages for hit in expected]
        assert [hit.dense for hit in mine] == pytest.approx([hit.dense for hit in expected], abs=1e-5)
        assert [hit.score for hit in mine] == pytest.approx([hit.score for hit in expected], rel=0.01)
    with opened(home) as (mine_retriever, mine_index, _), opened(copy) as (retriever, index, _):
        assert mine_index.moments.covariance == pytest.approx(index.moments.covariance, abs=1e-5)
        assert mine_index.moments.chunks == index.moments.chunks == anew.chunks
        for paper_id in ("kite3", *(hit.paper.id for hit in answers(home)[0][:2])):
            assert mine_retriever.similar(paper_id, 5) == [
                (paper, pytest.approx(cosine, abs=1e-5)) for paper, cosine in retriever.similar(paper_id, 5)
            ]


def test_a_paper_that_is_added_is_found_as_in_an_index_built_from_nothing(home: Path, tmp_path: Path) -> None:
    made = put(home, *KITES[:4])
    assert (made.generation, made.settled, made.papers) == (2, 1, 124)
    same_as_anew(home, tmp_path)
    made = put(home, *KITES[4:7])
    assert (made.generation, made.settled, made.papers) == (3, 1, 127)
    same_as_anew(home, tmp_path)


def test_an_abstract_that_changed_is_found_by_its_new_text_only(home: Path, tmp_path: Path) -> None:
    put(home, *KITES[:3])
    made = put(home, replace(KITES[0], abstract="A barge carries 40 tons of coal."), *KITES[1:3])
    assert (made.settled, made.papers) == (1, 123)
    same_as_anew(home, tmp_path)
    with opened(home) as (retriever, index, _):
        assert retriever.search("barge coal", 1)[0].paper.id == "kite0"
        assert not index.lexical.having("2 sensors").size
        assert index.row_of("kite0") == 123
    with opened(home) as (_, index, library):
        settled = index.paper_at(0)
        paper = library.papers([settled])[settled]
    changed = replace(paper, abstract=f"{paper.abstract} A barge carries 50 tons of peat.")
    made = put(home, changed, source="page.jsonl")
    assert made.settled == 1
    with opened(home) as (_, index, _):
        assert index.lexical.having("tons of peat").tolist() == [index.row_of(settled)] == [124]
    same_as_anew(home, tmp_path)


def test_a_paper_that_is_taken_out_is_not_found_and_may_come_back(home: Path, tmp_path: Path) -> None:
    put(home, *KITES[:4])
    gone = remove(home, "kites")
    assert (gone.settled, gone.papers) == (1, 120)
    with opened(home) as (_, index, _):
        assert index.row_of("kite1") is None
        assert not index.lexical.having("kite").size
        assert len(index.everything()) == 120
    back = put(home, KITES[3])
    assert (back.settled, back.papers) == (1, 121)
    same_as_anew(home, tmp_path)


def test_a_change_of_a_date_costs_no_new_row(home: Path) -> None:
    put(home, KITES[0])
    made = put(home, replace(KITES[0], published="2024-05-01"))
    assert made.state
    with opened(home) as (_, index, library):
        assert len(index.everything()) == 121
        assert index.row_of("kite0") == 120
        assert made.state == library.state


@pytest.mark.parametrize("store", ["embedded", "served"], indirect=True)  # Qdrant's local mode opens a collection only once
def test_the_recent_part_is_put_together_with_the_rest_when_it_has_grown_to_a_tenth(home: Path, tmp_path: Path) -> None:
    made = put(home, *KITES)
    assert (made.settled, made.papers) == (1, 132)
    made = put(home, Paper("barge", "Barge", "A barge carries 40 tons of coal."), source="barges")
    assert (made.settled, made.generation, made.papers) == (3, 3, 133)
    same_as_anew(home, tmp_path)


def test_while_more_is_to_come_nothing_is_put_together(home: Path) -> None:
    more = [Paper(f"boat{n}", f"Boat {n}", f"Boat {n} carries {n + 3} sails.") for n in range(40)]
    made = put(home, *more, more=True)
    assert (made.settled, made.papers) == (1, 160)
    made = put(home, *KITES[:1])
    assert (made.settled, made.papers) == (3, 161)


def test_adding_writes_no_more_than_what_is_new(home: Path) -> None:
    folder = home / "index" / NAME
    before = {path.stat().st_ino for path in folder.rglob("*") if path.is_file()}
    made = put(home, KITES[0])
    new = [path for path in (folder / str(made.generation)).rglob("*") if path.is_file() and path.stat().st_ino not in before]
    settled = sum(path.stat().st_size for path in (folder / "1").rglob("*") if path.is_file())
    assert not (folder / "2" / "chroma").exists()
    assert sum(path.stat().st_size for path in new if path.name != "moments.npz") < settled / 20


def test_where_a_file_system_has_no_hard_links_files_are_copied(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", no_links)
    assert put(home, KITES[0]).settled == 1
    same_as_anew(home, tmp_path)


def test_generations_that_were_added_to_one_settled_part_share_it_while_they_are_open(home: Path) -> None:
    first = generations.open_live(home, NAME)
    assert first is not None
    put(home, KITES[0])
    second = generations.open_live(home, NAME, first)
    assert second is not None
    assert second.settled is first.settled
    first.close()
    assert len(second.nearest(HashEmbedder().embed(["kite"])[0], 50)) > 1
    second.close()


@pytest.mark.parametrize("name", ["vectors.npy", "rows.npz", "papers.json", "moments.npz", "*.store"])
@pytest.mark.parametrize("of_settled", [False, True])
def test_damage_in_either_part_is_found_before_it_is_opened(home: Path, name: str, of_settled: bool) -> None:
    made = put(home, KITES[0])
    folder = home / "index" / NAME / str(made.settled if of_settled else made.generation)
    [path, *_] = sorted(folder.rglob(name))
    data = path.read_bytes()
    path.write_bytes(data[:-3] + bytes([data[-3] ^ 1]) + data[-2:])
    assert generations.live(home, NAME) is None
    told: list[str] = []
    ingestion.prepare(home, HashEmbedder(), silent, told.append)
    assert told == ["The index is not up to date with the library: building it."]
    with opened(home) as (_, index, _):
        assert index.info.papers == 121


def test_the_index_keeps_whole_papers_for_the_day_on_which_the_library_is_lost(home: Path) -> None:
    dated = replace(KITES[0], published="2024-05-01", authors=("Ada Oak",), doi="10.9999/kite.1")
    made = put(home, dated)
    papers = {paper.id: paper for paper in LexicalIndex(home / "index" / NAME / str(made.generation) / "tantivy").papers()}
    assert papers["kite0"] == replace(dated, sources=("kites",))
    assert len(papers) == 121


def test_other_tools_find_titles_in_the_vector_index(home: Path) -> None:
    with opened(home) as (_, index, _):
        found = index.settled.vectors._chunks.get(limit=3, include=["documents", "metadatas"])
    for text, of in zip(found["documents"], found["metadatas"], strict=True):
        assert text.startswith(f"{of['title']}\n")
