"""An embedder that fails again and again: each run goes on where the last one ended, and no text is embedded twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray
from support import invented
from support.children import result
from support.factories import HashEmbedder, silent
from support.writers import State, check

from rag import ingestion
from rag.errors import EmbedderError
from rag.storage.library import Library

PAPERS = 60
RUNS = 10


class FailingEmbedder(HashEmbedder):
    """Takes a few texts at once, and fails instead of its `good` + 1st call. Texts of calls that failed are not kept."""

    at_once = 4  # texts

    def __init__(self, good: int | None) -> None:
        super().__init__()
        self._good = good

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        assert len(texts) <= self.at_once
        if len(self.calls) == self._good:
            raise EmbedderError("The server of embeddings is gone.", "Start it.")
        return super().embed(texts)


def test_ten_failures_in_a_row_cost_no_text_a_second_embedding(tmp_path: Path) -> None:
    home, random = tmp_path / "home", Random(3)
    source = str(invented.write(tmp_path / "papers.jsonl", [invented.paper(n) for n in range(PAPERS)]))
    embedded: Counter[str] = Counter()
    for _ in range(RUNS):
        embedder = FailingEmbedder(good=random.randint(0, 3))
        with pytest.raises(EmbedderError, match="The server of embeddings is gone"):
            ingestion.ingest(home, [source], embedder, silent)
        embedded.update(embedder.embedded)
    assert embedded, "some batches came through"
    last = FailingEmbedder(good=None)
    [report] = ingestion.ingest(home, [source], last, silent)
    assert report.error is None
    assert last.embedded, "the last run had something to do"
    embedded.update(last.embedded)
    assert set(embedded.values()) == {1}
    library = Library(home)
    assert set(embedded) == {chunk.text for chunk in library.chunks()}
    library.close()
    state = result(check, home, 40, 1)
    assert state == State(papers=PAPERS, indexed=PAPERS, missed=(), asked=40, told=())


def test_papers_read_before_an_embedder_failed_stay_found(tmp_path: Path) -> None:
    home = tmp_path / "home"
    before = str(invented.write(tmp_path / "before.jsonl", [invented.paper(n) for n in range(12)]))
    after = str(invented.write(tmp_path / "after.jsonl", [invented.paper(n) for n in range(12, 60)]))
    ingestion.ingest(home, [before], HashEmbedder(), silent)
    with pytest.raises(EmbedderError):
        ingestion.ingest(home, [after], FailingEmbedder(good=2), silent)
    state = result(check, home, 0, 1)  # whose embedder works, so that preparing takes up what is missing
    assert (state.papers, state.indexed, state.missed) == (60, 60, ())
