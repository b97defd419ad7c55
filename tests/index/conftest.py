from __future__ import annotations

from collections.abc import Iterator

import pytest
from support import chroma_server


@pytest.fixture(scope="session")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server.running(tmp_path_factory.mktemp("chroma") / "data") as url:
        yield url


@pytest.fixture(params=["embedded", "served"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where vectors are kept in this test: in the home, or on a real Chroma server."""
    if request.param == "served":
        monkeypatch.setenv("RAG_CHROMA_URL", request.getfixturevalue("chroma_url"))
    return str(request.param)
