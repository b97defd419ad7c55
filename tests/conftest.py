"""Shared by all tests: a clean environment, a home of its own, and one library of the starter corpus built once a run."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.factories import SHARED, silent
from support.homes import copy_home, kept, model_key, starter_key
from support.quick import ForkedPrograms, RememberingMiniLM

from rag import factory, ingestion
from rag.assistant import Assistant
from rag.index import probe
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from rag.sources import formats

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_TESTS = Path(__file__).parent
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
).split()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by what it uses."""
    for item in items:
        place = item.path.relative_to(_TESTS).as_posix()
        for name in _markers(item, place):
            item.add_marker(name)


def _markers(item: pytest.Item, place: str) -> Iterator[str]:
    names = vars(getattr(item, "module", item))
    if "browser" in getattr(item, "fixturenames", ()):
        yield "browser"
    if "Endpoint" in names:
        yield "endpoint"
    if place == "test_wheel.py":
        yield "wheel"
    if "subprocess" in names or place.startswith(("commands/", "local_model/")):
        yield "process"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the person who runs the tests reaches them, and no test writes outside its folder."""
    for name in list(os.environ):
        if name.startswith(("RAG_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def forked_checks() -> Iterator[None]:
    """A built index is checked in a child process that is forked; starting one anew takes two seconds of imports."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probe, "subprocess", ForkedPrograms())
        yield


@pytest.fixture(autouse=True)
def fresh_check(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests marked `fresh_check` start that child process as the product does."""
    if request.node.get_closest_marker("fresh_check"):
        monkeypatch.setattr(probe, "subprocess", subprocess)


@pytest.fixture(scope="session")
def model_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that holds nothing but the embedder's graph. The graph is built once for each version of its code."""
    home = tmp_path_factory.mktemp("model")
    copy_home(kept("model", model_key(), MiniLM), home)
    return home


@pytest.fixture(scope="session")
def embedder(model_home: Path) -> MiniLM:
    """The bundled embedder, which embeds each text once a run."""
    return RememberingMiniLM(model_home)


@pytest.fixture
def one_embedder(embedder: MiniLM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that a test runs in this process take the embedder that is open, and open none of their own."""

    class Opened(MiniLM):
        def __init__(self, home: Path, *, wait: bool = True) -> None:
            self._opened = embedder._opened

        embed = embedder.embed

    monkeypatch.setattr(factory, "MiniLM", Opened)


@pytest.fixture(scope="session")
def starter_home(tmp_path_factory: pytest.TempPathFactory, model_home: Path, embedder: MiniLM) -> Path:
    """A home with the starter corpus. Tests only read it; one that writes takes a copy (see own_home).

    It is built once for each state of the corpus, of the embedder and of the code that builds it, and kept between runs.
    """

    def build(folder: Path) -> None:
        copy_home(model_home, folder)
        ingestion.ingest(folder, [formats.STARTER], embedder, silent)

    home = tmp_path_factory.mktemp("starter") / "home"
    copy_home(kept("starter", starter_key(embedder), build), home)
    return home


@pytest.fixture
def own_home(starter_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the starter home for one test to write, named by RAG_HOME."""
    home = tmp_path / "own"
    copy_home(starter_home, home)
    monkeypatch.setenv("RAG_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def assistant(starter_home: Path, embedder: MiniLM) -> Assistant:
    """The extractive assistant over the starter corpus."""
    return Assistant(load(home=starter_home, no_model=True), embedder=embedder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, one for the whole run. Playwright's loop runs in this thread from then on: see `done` in support.loops."""
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.exists():
        pytest.skip("no Chromium at /usr/bin/chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The folder of real saved pages, where there is one."""
    folder = SHARED / "seeds"
    if not folder.is_dir():
        pytest.skip("the saved pages are not beside this checkout (../shared/seeds)")
    return folder


@pytest.fixture
def deaf() -> Iterator[str]:
    """The address of a socket that takes no more connections: those who try wait for ever."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
            waiting.append(one)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        for one in waiting:
            one.close()
