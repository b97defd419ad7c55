"""Vectors in a store of LlamaIndex: what is noted, what is sent, and what its failures say. test_generations has the rest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.factories import HashEmbedder, paper

from rag import ingestion
from rag.errors import LibraryError, Unreachable, UsageError
from rag.index import generations, store, vectors
from rag.index.store import Note, StoreIndex
from rag.sources.reading import Reading
from rag.types import Chunk

CLASS = "llamaindex:support.stores:LocalQdrant"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home whose settings name a store."""
    options = {"collection_name": "{collection}", "path": f"{tmp_path}/qdrant/{{collection}}"}
    monkeypatch.setenv("RAG_STORE", CLASS)
    monkeypatch.setenv("RAG_STORE_OPTIONS", json.dumps(options))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    return tmp_path / "home"


@pytest.fixture
def folder(home: Path) -> Path:
    made = home / "index" / "name" / "1" / "chroma"
    Note(CLASS, "one").write(made)
    return made


def chunks(n: int) -> tuple[list[Chunk], np.ndarray]:
    made = [Chunk(f"p{i}#000-x", f"p{i}", 0, 4, f"Title {i}\ntext") for i in range(n)]
    return made, np.eye(max(n, 4), dtype=np.float32)[:n]


def test_what_was_sent_is_known_and_found_and_can_be_taken_out(folder: Path, home: Path) -> None:
    index = StoreIndex(folder, home)
    made, of = chunks(4)
    index.add(made, of)
    index.add(made[:1], of[:1])
    assert index.count() == 4
    assert index.nearest(of[2], 1) == [("p2", pytest.approx(1.0, abs=1e-3))]
    assert {chunk for chunk, _ in index.sample(3)} <= index.ids()
    index.remove([made[2].id])
    index.close()
    again = StoreIndex(folder, home)
    assert again.ids() == {chunk.id for chunk in made} - {made[2].id}
    assert "p2" not in dict(again.nearest(of[2], 4))
    again.forget()
    again.close()


def test_a_generation_notes_its_collection_and_no_option(home: Path) -> None:
    papers = tuple(paper(f"Lamp {i}", f"Lamp {i} dims.") for i in range(12))
    ingestion.store(home, [Reading("own", papers, format="JSON")], HashEmbedder(), lambda *_: None)
    live = generations.live(home, generations.fingerprint(HashEmbedder()))
    assert live is not None
    noted = home / "index" / generations.fingerprint(HashEmbedder()) / str(live.settled) / "chroma"
    note = store.note_of(noted)
    assert note is not None
    assert note.store == CLASS
    assert "qdrant" not in (noted / store.NOTE).read_text("utf-8").replace(CLASS, "")
    assert vectors.is_elsewhere(noted)
    assert isinstance(vectors.open_in(noted), StoreIndex)


def test_without_its_settings_a_collection_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAG_STORE")
    with pytest.raises(UsageError, match=f"The vectors are in {CLASS}.*--repair"):
        vectors.open_in(folder)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ('{"collection_name": "fixed", "path": "x"}', r"No option of RAG_STORE_OPTIONS has \{collection\} in it"),
        ('{"collection_nam": "{collection}", "path": "x"}', "has no option collection_nam"),
        ('{"collection_name": "{collection}"}', "does not take its options"),
    ],
)
def test_wrong_options_are_one_sentence(folder: Path, options: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_STORE_OPTIONS", options)
    with pytest.raises(UsageError, match=told):
        vectors.open_in(folder)


def test_a_store_that_fails_is_one_sentence_without_secrets(folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = StoreIndex(folder, home)
    index._options["api_key"] = "hunter22"

    def broken(*_: object, **__: object) -> None:
        raise ConnectionError("refused for hunter22")

    monkeypatch.setattr(type(index._store), "query", broken)
    with pytest.raises(Unreachable, match=r"The store .* failed \(ConnectionError: refused for \*\*\*\)") as raised:
        index.nearest(np.ones(4, np.float32), 1)
    assert "RAG_STORE_OPTIONS" in str(raised.value)
    index.close()


def test_a_damaged_note_is_one_sentence(folder: Path) -> None:
    (folder / store.NOTE).write_text("{", "utf-8")
    with pytest.raises(LibraryError, match="--repair"):
        vectors.open_in(folder)
