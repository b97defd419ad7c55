"""Generations of the index: one writer, whole swaps, no answer from a damaged one, and never two embeddings of a text."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray
from support.factories import SHARED, HashEmbedder, silent

from rag import ingestion
from rag.assistant import Assistant
from rag.errors import Busy, LibraryError
from rag.index import generations, writable
from rag.index.chunks import CHUNKER, cut
from rag.index.generations import Index, open_live
from rag.index.minilm import MiniLM
from rag.index.vectors import VectorIndex
from rag.retrieval.retriever import Retriever
from rag.settings.settings import load
from rag.sources import formats
from rag.storage import lock
from rag.storage.library import Library
from rag.types import Paper

pytestmark = pytest.mark.usefixtures("store")  # each test runs with vectors in the home and on a server

QUESTION = "How do graph neural networks scale to large graphs?"


NAME = generations.fingerprint(HashEmbedder())
LINES = formats.load(formats.STARTER)[1].splitlines()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Three overlapping pages of starter papers, by name."""
    folder = tmp_path_factory.mktemp("pages")
    for name, (first, last) in {"a": (0, 20), "b": (15, 30), "c": (28, 36)}.items():
        (folder / f"{name}.jsonl").write_text("\n".join(LINES[first:last]), "utf-8")
    return {name: str(folder / f"{name}.jsonl") for name in "abc"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, pages: dict[str, str]) -> Path:
    home = tmp_path_factory.mktemp("built")
    ingestion.ingest(home, [pages["a"]], HashEmbedder(), silent)
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """A home of one's own with page a in it, as generation 1."""
    return Path(shutil.copytree(built, tmp_path / "small"))


def generation(home: Path, name: str = NAME) -> Path:
    manifest = generations.live(home, name)
    assert manifest is not None
    return home / "index" / name / str(manifest.generation)


@contextmanager
def opened(home: Path) -> Iterator[Index]:
    live = open_live(home, NAME)
    assert live is not None
    yield live
    live.close()


def found(home: Path, live: Index) -> list[tuple[str, float]]:
    library = Library(home)
    hits = Retriever(library, live, HashEmbedder()).search(QUESTION, 40)
    library.close()
    return [(hit.paper.id, hit.score) for hit in hits]


# -- one writer ---------------------------------------------------------------------------------------------------------

HOLDER = """
import sys, time
from pathlib import Path
from random import Random
from rag.storage.lock import writer
with writer(Path(sys.argv[1]), "rag.ingest"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_writer_is_refused_at_once_and_names_the_holder_and_a_dead_one_holds_nothing(
    home: Path, pages: dict[str, str]
) -> None:
    command = [sys.executable, "-c", HOLDER, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            began = time.perf_counter()
            with pytest.raises(Busy, match=rf"process {holder.pid} \(rag\.ingest, since 20.*Wait"):
                ingestion.ingest(home, [pages["b"]], HashEmbedder(), silent)
            assert time.perf_counter() - began < 1
            with opened(home) as live:
                assert found(home, live)  # reading goes on
        finally:
            holder.kill()
            holder.wait()
    with lock.writer(home, "rag.ingest"):
        assert json.loads((home / "writer.json").read_text("utf-8"))["pid"] == os.getpid()


def test_the_lock_is_let_go_when_writing_fails(home: Path) -> None:
    with pytest.raises(RuntimeError), lock.writer(home, "rag.ingest"):
        raise RuntimeError
    with lock.writer(home, "rag.ingest"):
        pass


# -- generations --------------------------------------------------------------------------------------------------------


def test_a_reader_keeps_its_generation_while_a_new_one_is_made_live(home: Path, pages: dict[str, str]) -> None:
    with opened(home) as reader:
        before = found(home, reader)
        ingestion.ingest(home, [pages["b"]], HashEmbedder(), silent)
        assert reader.info.generation == 1
        assert reader.settled.vectors.count() == reader.manifest.chunks
        assert reader.lexical.count() == 20
        assert [i for i, _ in found(home, reader)] == [i for i, _ in before]
        with opened(home) as newer:
            assert (newer.info.generation, newer.info.papers, newer.lexical.count()) == (2, 30, 30)


def test_a_reader_that_has_not_asked_yet_keeps_its_generation_through_a_repair(home: Path) -> None:
    with opened(home) as reader:
        ingestion.ingest(home, [], HashEmbedder(), silent, anew=True)
        assert generation(home).name == "2"
        assert (home / "index" / NAME / "1").is_dir()
        assert len(found(home, reader)) == 20


def test_reading_the_same_page_again_makes_no_new_generation(home: Path, pages: dict[str, str]) -> None:
    embedder = HashEmbedder()
    [report] = ingestion.ingest(home, [pages["a"]], embedder, silent)
    assert (report.added, report.updated, report.unchanged) == (0, 0, 20)
    assert generation(home).name == "1"
    assert embedder.embedded == []


def test_adding_and_removing_gives_the_same_index_as_building_from_nothing(home: Path, pages: dict[str, str]) -> None:
    embedder = HashEmbedder()
    ingestion.ingest(home, [pages["b"], pages["c"]], embedder, silent)
    assert ingestion.remove(home, "c.jsonl", embedder, silent) == 6
    with opened(home) as live:
        ids, hits, manifest = live.settled.vectors.ids(), found(home, live), live.manifest
        moments = live.moments
    assert manifest.papers == live.lexical.count() == 30
    calls = len(embedder.embedded)
    ingestion.ingest(home, [], embedder, silent, anew=True)
    assert len(embedder.embedded) == calls, "a rebuild embeds nothing"
    with opened(home) as anew:
        assert anew.settled.vectors.ids() == ids
        assert anew.manifest.chunks == manifest.chunks
        again = found(home, anew)
        assert [i for i, _ in again] == [i for i, _ in hits]
        assert [s for _, s in again] == pytest.approx([s for _, s in hits], rel=1e-4)
        assert np.allclose(anew.moments.covariance, moments.covariance, atol=1e-6)
    assert len(embedder.embedded) == len(set(embedder.embedded)), "no text is embedded twice"


def test_a_library_that_has_outgrown_the_axes_of_its_vectors_gets_new_ones(home: Path, pages: dict[str, str]) -> None:
    with opened(home) as live:
        chunks, axes = live.manifest.chunks, live.settled.axes
        assert axes.fitted == chunks
    ingestion.ingest(home, [pages["b"]], HashEmbedder(), silent)
    with opened(home) as live:
        assert live.manifest.chunks < 2 * chunks
        assert np.array_equal(live.settled.axes.directions, axes.directions)
    (home / "more.jsonl").write_text("\n".join(LINES[40:90]), "utf-8")
    ingestion.ingest(home, [str(home / "more.jsonl")], HashEmbedder(), silent)
    with opened(home) as live:
        assert live.settled.axes.fitted == live.manifest.chunks > 2 * chunks
        assert live.settled.vectors.count() == live.manifest.chunks
        assert len(found(home, live)) == 40


def test_a_library_whose_papers_were_all_exchanged_is_indexed_at_the_first_try(home: Path, pages: dict[str, str]) -> None:
    library = Library(home)
    library.remove_source("a.jsonl")
    library.put("other.jsonl", [Paper(f"other{n}", f"Other {n}", "Graph papers of another kind.") for n in range(20)])
    generations.refresh(home, library, HashEmbedder(), silent)
    library.close()
    assert generation(home).name == "2"
    with opened(home) as live:
        assert {paper_id for paper_id, _ in found(home, live)} == {f"other{n}" for n in range(20)}


def test_taking_out_the_last_source_leaves_an_empty_library_that_answers_nothing(home: Path) -> None:
    assert ingestion.remove(home, "a.jsonl", HashEmbedder(), silent) == 20
    assistant = Assistant(load(home=home, no_model=True), embedder=HashEmbedder())
    assert assistant.count() == 0
    assert assistant.search(QUESTION) == []


def test_an_embedder_that_fails_leaves_the_live_generation_and_the_next_ingest_works(home: Path, pages: dict[str, str]) -> None:
    with pytest.raises(RuntimeError):
        ingestion.ingest(home, [pages["b"]], HashEmbedder(error=RuntimeError("out of memory")), silent)
    assert generation(home).name == "1"
    ingestion.ingest(home, [pages["b"]], HashEmbedder(), silent)
    with opened(home) as live:
        assert live.manifest.papers == 30


CRASHER = """
import sys, time
from pathlib import Path
from random import Random
sys.path.insert(0, sys.argv[1])
from support.factories import HashEmbedder
from rag import ingestion
def stop(stage, done, total):
    if stage == "indexing":
        print("building", flush=True)
        time.sleep(60)
ingestion.ingest(Path(sys.argv[2]), [sys.argv[3]], HashEmbedder(), stop)
"""


@pytest.mark.fresh_check
def test_a_writer_killed_in_mid_build_leaves_the_live_generation_and_the_next_ingest_works(
    home: Path, pages: dict[str, str]
) -> None:
    command = [sys.executable, "-c", CRASHER, str(Path(__file__).parents[1]), str(home), pages["b"]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "building\n"
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert (home / "index" / NAME / "2" / "DIRTY").exists()
    with opened(home) as live:
        assert live.info.generation == 1
        assert len(found(home, live)) == 20
    ingestion.ingest(home, [pages["b"]], HashEmbedder(), silent)
    with opened(home) as live:
        assert live.manifest.papers == live.lexical.count() == 30
    assert not (home / "index" / NAME / "2").exists()


# -- damage -------------------------------------------------------------------------------------------------------------


def test_a_dirty_generation_is_never_opened_but_built_again(home: Path) -> None:
    (generation(home) / "DIRTY").touch()
    assert generations.live(home, NAME) is None
    assert open_live(home, NAME) is None
    embedder = HashEmbedder()
    ingestion.prepare(home, embedder, silent, lambda message: None)
    assert embedder.embedded == []
    with opened(home) as live:
        assert live.info.generation == 2
        assert live.manifest.papers == 20


@pytest.mark.fresh_check
def test_an_index_that_lost_a_vector_is_built_again_before_it_answers(home: Path) -> None:
    vectors = VectorIndex(generation(home) / "chroma")
    vectors.remove(sorted(vectors.ids())[:1])
    vectors.close()
    assert open_live(home, NAME) is None
    assistant = Assistant(load(home=home, no_model=True), embedder=HashEmbedder())
    assert len(assistant.search(QUESTION, 40)) == 20
    assert generation(home).name == "2"


def without(part: str) -> Callable[[Path], None]:
    return lambda folder: shutil.rmtree(folder / part)


def tantivy_garbage(folder: Path) -> None:
    (folder / "tantivy" / "meta.json").write_text("{", "utf-8")


def killed_in_a_flush(folder: Path) -> None:
    fixture = SHARED / "adversarial" / "broken_chroma.tar.gz"
    if not fixture.exists():
        pytest.skip("the broken Chroma folders are not beside this checkout (../shared/adversarial)")
    with tarfile.open(fixture) as archive:
        archive.extractall(folder.parent / "broken", filter="data")
    shutil.rmtree(folder / "chroma")
    shutil.copytree(folder.parent / "broken" / "broken_chroma" / "k3_x_4", folder / "chroma")
    shutil.rmtree(folder.parent / "broken")


def database_overwritten(folder: Path) -> None:
    path = folder / "chroma" / "chroma.sqlite3"
    data = path.read_bytes()
    path.write_bytes(data[:40_000] + bytes(40_000) + data[80_000:])


@pytest.mark.parametrize(
    "damage",
    [without("chroma"), tantivy_garbage, killed_in_a_flush, database_overwritten],
    ids=["gone", "tantivy", "killed", "zeros"],
)
def test_papers_added_to_a_damaged_index_are_indexed_all_the_same(
    home: Path, pages: dict[str, str], damage: Callable[[Path], None]
) -> None:
    damage(generation(home))
    ingestion.ingest(home, [pages["b"]], HashEmbedder(), silent)
    with opened(home) as live:
        assert live.manifest.papers == 30
        assert len(found(home, live)) == 30


def segments(folder: Path) -> list[Path]:
    found = [path for path in (folder / "chroma").iterdir() if path.is_dir()]
    assert found
    return found


def segments_gone(folder: Path) -> None:
    for segment in segments(folder):
        shutil.rmtree(segment)


def segments_cut_short(folder: Path) -> None:
    for path in [p for segment in segments(folder) for p in segment.iterdir()]:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def vectors_cut_short(folder: Path) -> None:
    for path in [p for segment in segments(folder) for p in segment.glob("data_level0.bin")]:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [segments_gone, segments_cut_short, vectors_cut_short, database_overwritten])
def test_a_damaged_index_is_built_again_and_answers_as_before(
    own_home: Path, assistant: Assistant, embedder: MiniLM, damage: Callable[[Path], None]
) -> None:
    """In a process of its own: damage may crash whoever reads it. The starter corpus is large enough for Chroma to have
    written its vectors out of its log."""
    damage(generation(own_home, generations.fingerprint(embedder)))
    command = [sys.executable, "-m", "rag.ask", QUESTION, "--search", "--json", "--k", "100"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    found = [hit["paper_id"] for hit in json.loads(done.stdout)["hits"]]
    expected = [hit.paper.id for hit in assistant.search(QUESTION, 100)]
    assert found[:10] == expected[:10]
    assert len(set(found) & set(expected)) >= 95
    assert generation(own_home, generations.fingerprint(embedder)).name == "2"


@pytest.fixture(scope="module")
def with_segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with enough papers for Chroma to have written their vectors out of its log."""
    home = tmp_path_factory.mktemp("larger")
    ingestion.ingest(home, [formats.STARTER], HashEmbedder(), silent)
    return home


DAMAGED = ("data_level0.bin", "link_lists.bin", "index_metadata.pickle", "vectors.npy", "rows.npz", "axes.npz", "papers.json",
           "*.idx", "*.term", "*.pos", "*.fast", "*.store", "meta.json")  # fmt: skip


@pytest.mark.parametrize("pattern", DAMAGED)
def test_a_file_with_flipped_bits_is_found_before_it_is_opened(with_segments: Path, tmp_path: Path, pattern: str) -> None:
    home = Path(shutil.copytree(with_segments, tmp_path / "home"))
    [path, *_] = sorted(generation(home).rglob(pattern))
    whole = path.read_bytes()
    for place in Random(pattern).sample(range(len(whole)), min(20, len(whole))):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
        assert open_live(home, NAME) is None, place
    path.write_bytes(whole)
    with opened(home) as live:
        assert live.manifest.papers == 574


def test_damage_is_told_and_mended_without_embedding_again(home: Path) -> None:
    path = generation(home) / "matrix" / "vectors.npy"
    path.write_bytes(path.read_bytes()[:-4] + b"boat")
    embedder, told = HashEmbedder(), list[str]()
    ingestion.prepare(home, embedder, silent, told.append)
    assert told == ["The index is not up to date with the library: building it."]
    assert (embedder.embedded, generation(home).name) == ([], "2")


def test_an_index_that_cannot_be_written_answers_from_a_copy(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(home) as live:
        expected = found(home, live)
    before = {path: path.read_bytes() for path in generation(home).rglob("*") if path.is_file()}
    monkeypatch.setattr(writable.os, "access", lambda path, mode: False)
    with opened(home) as live:
        assert found(home, live) == expected
    assert {path: path.read_bytes() for path in generation(home).rglob("*") if path.is_file()} == before


# -- another library under the index --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["deleted", "emptied"])
def test_a_library_that_is_lost_is_told_and_the_starter_corpus_is_not_read(home: Path, lost: str) -> None:
    for path in home.glob("library.sqlite*"):
        path.unlink()
    if lost == "emptied":
        (home / "library.sqlite").touch()
    with pytest.raises(LibraryError, match="missing or empty, but its index is there"):
        ingestion.prepare(home, HashEmbedder(), silent, pytest.fail)


def test_a_lost_library_is_told_also_where_only_conversations_are_left(tmp_path: Path) -> None:
    (tmp_path / "history.sqlite").write_bytes(b"SQLite format 3")
    with pytest.raises(LibraryError, match="missing or empty, but its conversations are there"):
        ingestion.prepare(tmp_path, HashEmbedder(), silent, pytest.fail)


def test_papers_read_after_a_library_was_lost_are_found(home: Path, pages: dict[str, str]) -> None:
    for path in home.glob("library.sqlite*"):
        path.unlink()
    ingestion.ingest(home, [pages["c"]], HashEmbedder(), silent)  # its first change, as was that of the library before
    with opened(home) as live:
        assert live.manifest.papers == 8
        assert len(found(home, live)) == 8


def test_papers_read_into_a_restored_library_are_found(home: Path, pages: dict[str, str], tmp_path: Path) -> None:
    with closing(sqlite3.connect(home / "library.sqlite")) as db:
        db.execute("VACUUM INTO ?", (str(tmp_path / "copy.sqlite"),))
    ingestion.ingest(home, [pages["b"]], HashEmbedder(), silent)
    for path in home.glob("library.sqlite*"):
        path.unlink()
    shutil.copy(tmp_path / "copy.sqlite", home / "library.sqlite")
    ingestion.ingest(home, [pages["c"]], HashEmbedder(), silent)  # the number of changes is that of the lost library
    with opened(home) as live:
        assert {paper for paper, _ in found(home, live)} == papers_of(home)


def papers_of(home: Path) -> set[str]:
    library = Library(home)
    try:
        return set(library.papers())
    finally:
        library.close()


# -- what surrounds a build ----------------------------------------------------------------------------------------------


def test_a_build_that_fails_leaves_no_copy_and_the_live_generation(home: Path, pages: dict[str, str]) -> None:
    class HalfAsLong(HashEmbedder):
        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return super().embed(texts)[:, :32]

    library = Library(home)
    library.put("more", [Paper("new", "New", "A paper that is new.")])
    with pytest.raises(ValueError, match="broadcast"):
        generations.refresh(home, library, HalfAsLong(), silent)
    with opened(home) as live:
        assert live.info.generation == 1
    kept = [p for p in (home / "index" / NAME).rglob("*") if p.is_file() and "1/" not in p.as_posix().split(NAME)[1]]
    assert {p.name for p in kept} <= {"CURRENT", "DIRTY"}


@pytest.mark.fresh_check
def test_a_folder_named_rag_where_the_person_stands_does_not_get_in_the_way(home: Path, pages: dict[str, str]) -> None:
    Path("rag").mkdir()
    Path("rag/__init__.py").write_text("raise SystemExit('the wrong rag')")
    [report] = ingestion.ingest(home, [pages["b"]], HashEmbedder(), silent)
    assert report.added == 10
    with opened(home) as live:
        assert live.manifest.papers == 30


def test_questions_are_answered_while_papers_are_being_changed(home: Path) -> None:
    with opened(home) as live:
        library = Library(home)
        paper = next(iter(library.papers().values()))
        library.put("changed", [replace(paper, abstract="Short now. " + paper.abstract + " And longer.")])
        hits = found(home, live)
        assert len(hits) == 20  # between put and cut: old chunks, new abstract
        library.put_chunks(CHUNKER, dict(cut(library.unchunked(CHUNKER))))
        assert len(found(home, live)) >= 19  # between cut and embed: chunks without vectors
        library.close()
