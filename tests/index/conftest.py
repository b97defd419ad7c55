from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import chroma_server


@pytest.fixture(scope="session")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server.running(tmp_path_factory.mktemp("chroma") / "data") as url:
        yield url


@pytest.fixture(params=["embedded", "served", "qdrant"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where vectors are kept in this test: in the home, on a real Chroma server, or in Qdrant by LlamaIndex's class for it."""
    if request.param == "served":
        monkeypatch.setenv("RAG_CHROMA_URL", request.getfixturevalue("chroma_url"))
    if request.param == "qdrant":
        path = request.getfixturevalue("tmp_path") / "qdrant"
        monkeypatch.setenv("RAG_STORE", "llamaindex:support.stores:LocalQdrant")
        monkeypatch.setenv(
            "RAG_STORE_OPTIONS", json.dumps({"collection_name": "{collection}", "path": f"{path}/{{collection}}"})
        )
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))  # of the child that checks an index
    return str(request.param)
