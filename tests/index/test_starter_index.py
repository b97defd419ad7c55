"""What is shipped for the starter corpus is what cutting and embedding it gives, and saves both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.factories import HashEmbedder, silent
from support.homes import copy_home

from rag import ingestion
from rag.index import starter_index
from rag.index.chunks import CHUNKER, bounds
from rag.index.minilm import MiniLM
from rag.sources import formats
from rag.storage.library import Library
from rag.types import Filters, Paper

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = 60  # chunks that are embedded anew
EXTRA = {"id": "extra", "title": "A paper of one's own", "abstract": "Beavers build dams. They are large rodents."}


@pytest.fixture(scope="module")
def chunk_texts(starter_home: Path) -> list[str]:
    return [chunk.text for chunk in Library(starter_home).chunks()]


def test_every_chunk_of_the_starter_corpus_has_the_vector_of_the_bundled_embedder(
    chunk_texts: list[str], embedder: MiniLM, tmp_path: Path
) -> None:
    library = Library(tmp_path, create=True)
    missing = starter_index.fill(library, MiniLM.name, chunk_texts)
    assert not missing, f"{len(missing)} chunks have no shipped vector: run uv run python scripts/starter_index.py"
    sample = chunk_texts[:: len(chunk_texts) // SAMPLE]
    shipped, fresh = library.vectors(MiniLM.name, sample), embedder.embed(sample)
    remedy = "the shipped vectors are out of date: run uv run python scripts/starter_index.py"
    assert np.sum(shipped * fresh, axis=1).min() > 0.999, remedy
    assert np.abs(shipped - fresh).max() < 1e-3, remedy
    np.testing.assert_allclose(np.linalg.norm(shipped, axis=1), 1, atol=1e-6)


def test_only_what_is_not_of_the_starter_corpus_is_embedded(tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    own.write_text(json.dumps(EXTRA), "utf-8")
    counting = HashEmbedder(MiniLM.name, MiniLM.dimension)
    ingestion.ingest(tmp_path / "home", [formats.STARTER, str(own)], counting, silent)
    assert counting.embedded == [f"{EXTRA['title']}\n{EXTRA['abstract']}"]


def test_an_edited_paper_and_another_embedder_find_no_shipped_vector(chunk_texts: list[str], tmp_path: Path) -> None:
    library = Library(tmp_path, create=True)
    edited = [chunk_texts[0] + " Edited."]
    assert starter_index.fill(library, MiniLM.name, [*edited, chunk_texts[1]]) == edited
    assert starter_index.fill(library, "another", chunk_texts) == chunk_texts
    assert library.found_vectors("another", chunk_texts) == {}


def test_the_same_vectors_give_the_same_file(tmp_path: Path) -> None:
    vectors = HashEmbedder().embed(["one", "two"])
    cuts = {"One. Two.": ((0, 5), (5, 9)), "Three.": ((0, 6),)}
    starter_index.save(tmp_path / "1.npz", ["one", "two"], vectors, "by-hand", cuts)
    starter_index.save(tmp_path / "2.npz", ["two", "one"], vectors[::-1], "by-hand", dict(reversed(cuts.items())))
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()


def test_every_abstract_of_the_starter_corpus_is_cut_as_the_chunker_cuts_it() -> None:
    _, text = formats.load(formats.STARTER)
    papers = [record for record in formats.parse(text, formats.STARTER) if isinstance(record, Paper)]
    assert len(papers) == 574
    for paper in papers:
        shipped = starter_index.bounds(CHUNKER, paper.abstract)
        assert shipped == bounds(paper.abstract), f"{paper.title}: run uv run python scripts/starter_index.py"


def test_an_edited_abstract_and_another_chunker_find_no_shipped_cut(starter_home: Path) -> None:
    abstract = next(iter(Library(starter_home).papers(list(Library(starter_home).matching(Filters()))).values())).abstract
    assert starter_index.bounds(CHUNKER, abstract)
    assert starter_index.bounds(CHUNKER, abstract + " Edited.") is None
    assert starter_index.bounds("another", abstract) is None


def test_the_first_start_imports_no_llama_index(model_home: Path, tmp_path: Path) -> None:
    copy_home(model_home, tmp_path / "own")
    program = "import sys; from rag import ask; ask.main(['What is GraphSAINT?']); print(*sys.modules, file=sys.stderr)"
    environment = {**os.environ, "RAG_HOME": str(tmp_path / "own"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "GraphSAINT" in done.stdout
    assert "llama_index" not in done.stderr.split()
    assert "chromadb" in done.stderr.split()
