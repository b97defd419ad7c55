"""Sources are stored some papers at a time, and what is stored can be asked before all is read."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.factories import HashEmbedder, silent

from rag import ingestion
from rag.assistant import Assistant
from rag.errors import Busy
from rag.index import generations
from rag.settings.settings import load
from rag.storage import lock
from rag.storage.library import Library
from rag.types import Paper

NAME = generations.fingerprint(HashEmbedder())
SOURCE = "kites.jsonl"


class Failing(HashEmbedder):
    """Fails once it has embedded `most` texts."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if len(self.embedded) >= self.most:
            raise RuntimeError("out of memory")
        return super().embed(texts)


@pytest.fixture
def kites(tmp_path: Path) -> str:
    lines = [
        json.dumps({"title": f"Kite {n}", "abstract": f"Kite {n} lifts {n} sensors above bay {n * 7}."}) for n in range(450)
    ]
    (tmp_path / SOURCE).write_text("\n".join(lines), "utf-8")
    return str(tmp_path / SOURCE)


def boats(n: int) -> list[Paper]:
    return [Paper(f"boat{i}", f"Boat {i}", f"Boat {i} carries {i + 3} sails.") for i in range(n)]


def count(home: Path) -> int:
    library = Library(home)
    try:
        return library.count()
    finally:
        library.close()


def live(home: Path) -> int:
    manifest = generations.live(home, NAME)
    return manifest.papers if manifest else 0


def test_what_was_stored_before_a_failure_is_kept_and_the_rest_follows(tmp_path: Path, kites: str) -> None:
    with pytest.raises(RuntimeError):
        ingestion.ingest(tmp_path, [kites], Failing(250), silent)
    assert 250 <= count(tmp_path) < 450
    embedder = HashEmbedder()
    [report] = ingestion.ingest(tmp_path, [kites], embedder, silent)
    assert report.added + report.unchanged == 450
    assert report.unchanged >= 250
    assert count(tmp_path) == live(tmp_path) == 450
    assert len(embedder.embedded) <= 200


def test_a_long_reading_can_be_asked_before_its_end(tmp_path: Path, kites: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingestion, "_MIN_PAUSE_S", 0)
    monkeypatch.setattr(ingestion, "_MIN_PAUSE_PER_COST", 0)
    monkeypatch.setattr(ingestion, "_PAPERS_STORED_AT_ONCE", 100)
    asked = []

    def watch(stage: str, done: int, total: int) -> None:
        if stage == "embedding":
            asked.append((done, total, live(tmp_path)))

    ingestion.ingest(tmp_path, [kites], HashEmbedder(), watch)
    assert asked == [(100, 450, 0), (200, 450, 100), (300, 450, 200), (400, 450, 300), (450, 450, 400)]
    assert live(tmp_path) == 450


@contextmanager
def writing(home: Path) -> Iterator[None]:
    """Another thread holds the writer's lock."""
    holds, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock.writer(home, "rag.ingest"):
            holds.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_who_asks_meanwhile_is_told_how_many_papers_cannot_be_asked_yet(tmp_path: Path, kites: str) -> None:
    ingestion.ingest(tmp_path, [kites], HashEmbedder(), silent)
    library = Library(tmp_path)
    library.put("boats", boats(2))
    library.close()
    told: list[str] = []
    with writing(tmp_path):
        ingestion.prepare(tmp_path, HashEmbedder(), silent, told.append)
        assistant = Assistant(load(home=tmp_path, no_model=True), embedder=HashEmbedder())
        assert assistant.search("kite bay", 3)
    [sentence] = told
    assert sentence.startswith("The library is being written by process ")
    assert sentence.endswith("So far 450 papers can be asked, and 2 not yet.")


def test_without_an_index_who_asks_meanwhile_is_told_who_writes(tmp_path: Path, kites: str) -> None:
    with pytest.raises(RuntimeError):
        ingestion.ingest(tmp_path, [kites], Failing(0), silent)
    with writing(tmp_path), pytest.raises(Busy, match=r"rag\.ingest"):
        ingestion.prepare(tmp_path, HashEmbedder(), silent, lambda message: None)


def test_after_an_ending_in_the_middle_what_is_stored_is_asked_without_putting_all_together(tmp_path: Path, kites: str) -> None:
    ingestion.ingest(tmp_path, [kites], HashEmbedder(), silent)
    library = Library(tmp_path)
    library.put("boats", boats(100))
    library.close()
    told: list[str] = []
    ingestion.prepare(tmp_path, HashEmbedder(), silent, told.append)
    manifest = generations.live(tmp_path, NAME)
    assert told == ["The index is not up to date with the library: building it."]
    assert manifest is not None
    assert (manifest.settled, manifest.papers) == (1, 550)
