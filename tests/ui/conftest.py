"""Pages of Chromium, and chats served over the starter corpus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.chat_page import serve

from rag.assistant import Assistant
from rag.settings.settings import load

expect.set_options(timeout=30_000)  # milliseconds: a busy machine is slow, not wrong


@pytest.fixture
def chat_with(starter_home: Path, assistant: Assistant) -> Iterator[Callable[[object], str]]:
    """chat_with(model) gives the address of a chat with it."""
    servers = []

    def started(model: object) -> str:
        asked = Assistant(load(home=starter_home), embedder=assistant.embedder, model=model)  # type: ignore[arg-type]
        servers.append(serve(asked))
        return next(servers[-1])

    yield started
    for server in servers:
        next(server, None)


@pytest.fixture(scope="module")
def quoting(assistant: Assistant) -> Iterator[str]:
    """The address of a chat without a model."""
    yield from serve(assistant)


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(20_000)
    yield page
    page.close()
