"""The chat in a real browser: models that reply on cue, a served page, and a question asked on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, expect
from support.factories import QueueModel, pieces

from rag.assistant import Assistant
from rag.events import Finish, Reply, Waiting
from rag.types import Usage
from ui.chat.page import build, launch_options

QUESTION = FIRST = "How does GraphSAINT build its minibatches?"
SECOND = "How does Pard generate graphs block by block?"


def written(reply: str) -> QueueModel:
    """A chat model that always replies with `reply`, in small pieces."""
    return QueueModel(reply, repeat=True, piece_chars=7)


class PausedModel(QueueModel):
    """A QueueModel whose first reply stops after one text until it is let go on, and says the other then."""

    def __init__(self, first: str, then: str, *later: str) -> None:
        self.go_on = threading.Event()
        super().__init__(self.paused(first, then), *later)

    def paused(self, first: str, then: str) -> Iterator[Reply]:
        """Return a reply that says `first`, waits until `go_on` is set, and says `then`."""
        yield from pieces(first, 7)
        while not self.go_on.wait(0.05):
            yield Waiting(0.05)
        yield then
        yield Finish(True, None, Usage())


def serve(assistant: Assistant) -> Iterator[str]:
    page = build(assistant)
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, **launch_options())
    yield url
    shut(page)


def shut(page: Any) -> None:
    """Close a served page at once. An open tab listens to its server, which would wait five seconds for it to end."""
    page.server.force_exit = True
    page.close()


def dismiss(tab: Page) -> None:
    """Close what the page told in a corner. It lies over buttons for ten seconds."""
    for _ in range(tab.locator(".toast-body").count()):
        tab.get_by_test_id("toast-close").first.click()
    expect(tab.locator(".toast-body")).to_have_count(0)


def open_side(tab: Page) -> None:
    """Show the side with the conversations. A narrow page closes it when it has loaded, and that is waited for."""
    menu = tab.get_by_role("button", name="Menu")
    if tab.evaluate("window.innerWidth <= 1100"):
        expect(menu).to_have_attribute("aria-expanded", "false")
        menu.click()
    expect(menu).to_have_attribute("aria-expanded", "true")


def ask(tab: Page, question: str) -> None:
    tab.locator("#question textarea").fill(question)
    tab.keyboard.press("Enter")
