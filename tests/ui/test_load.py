"""The chat as its own command under load: many people at once, pages closed in mid-answer, memory, papers added meanwhile."""

from __future__ import annotations

import asyncio
import select
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from endpoint_server import Behaviour, Endpoint, Exchange, delta
from playwright.sync_api import Browser, Page, expect
from test_chat import QUESTION, ask, browser  # noqa: F401 - the fixture
from visitors import Chat, Pulse, Told, Visitor, percentile, takes

from rag.history import History
from rag.types import Answer

MODEL_S = 1.0
LEFT_S = 2.0  # within which a model's server is left
REPLY = (
    "GraphSAINT samples the training graph itself and builds a complete GCN on the resulting subgraph at each iteration [1]. "
    "It reaches an F1 score of 0.970 on Reddit [1]. Every layer holds a fixed number of well-connected nodes [1]. "
    "Graphs are a wide field. The method scales to large graphs [2]."
)
PIECES = [REPLY[i : i + 8] for i in range(0, len(REPLY), 8)]
ASKED = [
    QUESTION,
    "What F1 score does GraphSAINT reach on Reddit?",
    "Which papers study graph neural networks?",
    "How is attention made cheaper in long documents?",
    "How do models learn from human feedback?",
]


class Server:
    """What the model's server does next; `left` is when the client of the last unending reply hung up."""

    def __init__(self) -> None:
        self.behaves: Behaviour = takes(MODEL_S, PIECES)
        self.asked = threading.Event()
        self.left = 0.0

    def __call__(self, to: Exchange) -> None:
        self.behaves(to)

    def unending(self, begin: Callable[[Exchange], None], piece: str = "") -> None:
        """Begin each reply with `begin`, go on with `piece` for ever, and note when the client is gone."""

        def behave(to: Exchange) -> None:
            begin(to)
            self.asked.set()
            line: socket.socket = to.handler.connection
            while not to.stopped.is_set():
                if select.select([line], [], [], 0.05)[0] and not line.recv(1, socket.MSG_PEEK):
                    break
                if piece:
                    to.event(delta(piece))
            self.left = time.monotonic()
            to.drop()

        self.left = 0.0
        self.asked.clear()
        self.behaves = behave

    def leaves_s(self, since: float) -> float:
        """Return how many seconds after `since` the client hung up; more than is allowed when it does not."""
        until = time.monotonic() + 3 * LEFT_S
        while not self.left and time.monotonic() < until:
            time.sleep(0.02)
        return (self.left or time.monotonic()) - since


@pytest.fixture(scope="module")
def server() -> Server:
    return Server()


@pytest.fixture(scope="module")
def home(starter_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copied: Path = shutil.copytree(starter_home, tmp_path_factory.mktemp("load") / "home")
    return copied


@pytest.fixture(scope="module")
def chat(server: Server, home: Path) -> Iterator[Chat]:
    with Endpoint(server) as endpoint, Chat(home, endpoint.url) as chat:
        yield chat


@pytest.fixture
def tab(browser: Browser, chat: Chat) -> Iterator[Page]:  # noqa: F811
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(chat.url)
    yield page
    page.close()


def streams(server: Server) -> None:
    server.unending(Exchange.start, "lamps ")


def is_silent_after_its_headers(server: Server) -> None:
    server.unending(Exchange.start)


def has_not_answered(server: Server) -> None:
    server.unending(lambda to: None)


STATES = pytest.mark.parametrize("state", [streams, is_silent_after_its_headers, has_not_answered])


def begun(tab: Page, server: Server, state: Callable[[Server], None], question: str = QUESTION) -> None:
    """Ask, and wait until the model's server is in that state and the page shows it."""
    state(server)
    ask(tab, question)
    assert server.asked.wait(30)
    expect(tab.locator("#chat")).to_contain_text("lamps lamps" if state is streams else "Asking m")


@STATES
def test_stop_leaves_the_models_server(tab: Page, server: Server, state: Callable[[Server], None]) -> None:
    begun(tab, server, state)
    since = time.monotonic()
    tab.get_by_role("button", name="Stop").click()
    assert server.leaves_s(since) <= LEFT_S
    expect(tab.locator("#chat .note", has_text="Incomplete")).to_have_text("Incomplete: stopped.")


@STATES
def test_closing_the_page_leaves_the_models_server(tab: Page, server: Server, state: Callable[[Server], None]) -> None:
    begun(tab, server, state)
    since = time.monotonic()
    tab.close()
    assert server.leaves_s(since) <= LEFT_S


@pytest.mark.parametrize("closed", [False, True])
def test_a_model_that_is_silent_while_it_reads_a_follow_up_is_left(tab: Page, server: Server, closed: bool) -> None:
    server.behaves = takes(0.1, PIECES)
    ask(tab, QUESTION)
    expect(tab.locator("#chat a.copy")).to_have_count(1)
    has_not_answered(server)
    ask(tab, "and how does it do that?")
    assert server.asked.wait(30)
    since = time.monotonic()
    if closed:
        tab.close()
    else:
        tab.get_by_role("button", name="Stop").click()
    assert server.leaves_s(since) <= LEFT_S


def test_what_a_closed_page_had_been_told_is_kept(tab: Page, server: Server, home: Path) -> None:
    begun(tab, server, streams, "How does GraphSAINT use street lamps?")
    tab.close()
    until, kept = time.monotonic() + 20, None
    while kept is None and time.monotonic() < until:
        time.sleep(0.1)
        kept = next((a for a in answers(home) if a.question == "How does GraphSAINT use street lamps?"), None)
    assert kept is not None
    assert not kept.complete
    assert "lamps lamps" in kept.answer


def answers(home: Path) -> list[Answer]:
    """Return all answers that are kept."""
    import sqlite3

    history = History(home)
    with closing(sqlite3.connect(history.path)) as db:
        found = db.execute("SELECT id, owner FROM conversations").fetchall()
    return [answer for conversation, owner in found for answer in history.read(conversation, owner)]
