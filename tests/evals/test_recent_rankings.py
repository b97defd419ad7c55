"""On the questions of the evals, an index that papers were added to ranks as one that was built whole."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from support.factories import silent

from evals import case_files
from rag import ingestion
from rag.index import generations
from rag.index.minilm import MiniLM
from rag.retrieval.retriever import Retriever
from rag.sources import formats
from rag.storage.library import Library

_PAPERS = 8  # of each question


def ranked(home: Path, embedder: MiniLM) -> tuple[bool, list[list[str]]]:
    """Return whether the index has a recent part, and the papers of each question."""
    library, index = Library(home), generations.open_live(home, generations.fingerprint(embedder))
    assert index is not None
    assert index.info.papers == 574
    retriever = Retriever(library, index, embedder)
    found = [[hit.paper.id for hit in retriever.search(question, _PAPERS)] for question in case_files.questions(120)]
    index.close()
    library.close()
    return index.manifest.settled != index.manifest.generation, found


def shortened(line: str) -> str:
    record = json.loads(line)
    record["abstract"] = record["abstract"][: len(record["abstract"]) // 2]
    return json.dumps(record)


def test_papers_that_were_added_or_changed_do_not_change_what_is_found(tmp_path: Path, embedder: MiniLM) -> None:
    lines = formats.load(formats.STARTER)[1].splitlines()
    Random(5).shuffle(lines)
    states = {
        "whole": [lines],
        "added": [lines[:530], lines],
        "changed": [[*map(shortened, lines[:17]), *lines[17:554]], lines],
    }
    found = {}
    for name, steps in states.items():
        for step in steps:
            (tmp_path / "papers.jsonl").write_text("\n".join(step), "utf-8")
            ingestion.ingest(tmp_path / name, [str(tmp_path / "papers.jsonl")], embedder, silent)
        recent, found[name] = ranked(tmp_path / name, embedder)
        assert recent == (len(steps) > 1)
    assert found["added"] == found["whole"]
    # BM25 goes on counting the words of abstracts that were changed
    pairs = list(zip(found["changed"], found["whole"], strict=True))
    assert sum(mine[0] == best[0] for mine, best in pairs) >= 0.99 * len(pairs)
    assert sum(set(mine) == set(best) for mine, best in pairs) >= 0.95 * len(pairs)
