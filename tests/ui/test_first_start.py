"""The page of a first start: there at once, with what is read so far, until the chat takes its place."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page, expect
from support.factories import paper
from support.homes import copy_home

from rag.storage.library import Library
from ui.serving import first_start
from ui.serving.first_start import FirstStart, Step

ROOT = Path(__file__).resolve().parents[2]
EVIL = "<script>alert(1)</script>"
PAGE_S = 5.0  # from the start of the command to the page, on a machine of which others leave something


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[FirstStart, str]]:
    """A page over an empty home, and its address."""
    port = free_port()
    with first_start.serving(tmp_path / "home", "127.0.0.1", port) as first:
        yield first, f"http://127.0.0.1:{port}"


def get(address: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=5) as answer:
        return str(answer.read().decode())


def test_the_page_counts_what_is_stored_and_finds_it_by_words(served: tuple[FirstStart, str]) -> None:
    first, url = served
    assert "Getting ready…" in get(url)
    assert json.loads(get(f"{url}/progress")) == {"text": "Getting ready…", "done": 0, "total": 0, "papers": 0}
    first.home.mkdir()
    library = Library(first.home, create=True)
    library.put("x", [paper(), paper("Frost Watch", f"Orchards freeze. {EVIL}")])
    told: list[tuple[str, int, int]] = []
    first.watching(lambda *step: told.append(step))("embedding", 2, 574)
    assert told == [("embedding", 2, 574)]
    state = json.loads(get(f"{url}/progress"))
    assert (state["text"], state["papers"]) == ("Reading the papers: 2 of 574", 2)
    found = get(f"{url}/?q=orchards+FREEZE")
    assert "1 paper with all these words so far." in found
    assert "Frost Watch" in found
    assert EVIL not in found
    assert "No paper has all these words yet." in get(f"{url}/library?q=zeppelin")
    assert EVIL not in get(f"{url}/?q={EVIL}")
    first.opening()
    assert "Opening the chat…" in get(url)
    library.close()


def test_programs_are_told_to_ask_again_and_other_names_and_pages_are_refused(served: tuple[FirstStart, str]) -> None:
    _, url = served
    with pytest.raises(urllib.error.HTTPError) as asked:
        get(f"{url}/gradio_api/info")
    assert (asked.value.code, asked.value.headers["Retry-After"]) == (503, "1")
    with pytest.raises(urllib.error.HTTPError) as named:
        get(url, Host="evil.example")
    assert named.value.code == 403


def test_the_port_is_free_when_the_page_has_ended(tmp_path: Path) -> None:
    port = free_port()
    for _ in range(2):
        with first_start.serving(tmp_path, "127.0.0.1", port):
            get(f"http://127.0.0.1:{port}/progress")
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", port))


def test_a_page_is_needed_where_nothing_can_be_asked_yet(tmp_path: Path, starter_home: Path) -> None:
    assert first_start.is_needed(tmp_path)
    assert not first_start.is_needed(starter_home)


def test_a_step_without_a_number_is_words_only() -> None:
    assert Step("Reading", 1_000, 2_000).sentence() == "Reading: 1,000 of 2,000"
    assert Step("Opening").sentence() == "Opening…"


def test_the_page_is_there_within_seconds_and_the_chat_takes_its_place_by_itself(
    tab: Page, model_home: Path, tmp_path: Path
) -> None:
    home, port = tmp_path / "home", free_port()
    copy_home(model_home, home)
    command = [sys.executable, "-m", "ui", "--no-browser", "--port", str(port)]
    environment = {**os.environ, "RAG_HOME": str(home), "PYTHONPATH": str(ROOT)}
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                get(f"http://127.0.0.1:{port}/progress")
                break
            except OSError:
                assert time.monotonic() - began < 60
                time.sleep(0.05)
        assert time.monotonic() - began < PAGE_S
        try:
            tab.goto(f"http://127.0.0.1:{port}/")
        except Error:  # the chat is taking over just now
            tab.goto(f"http://127.0.0.1:{port}/")
        expect(tab.locator("#masthead")).to_contain_text("Library 574", timeout=90_000)
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_page(tab: Page, served: tuple[FirstStart, str], theme: str) -> None:
    first, url = served
    first.home.mkdir()
    library = Library(first.home, create=True)
    library.put("x", [paper()])
    library.close()
    tab.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(f"{url}/?q=lamps")
    expect(tab.locator("summary")).to_have_text("LanternNet")
    assert Axe().run(tab).response["violations"] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
