"""The chat in a real browser: models that reply on cue, a served page, and a question asked on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, expect

from rag.assistant import Assistant
from rag.events import Finish, Waiting
from rag.types import Prompt, Usage
from ui.chat.page import build, launch_options

QUESTION = FIRST = "How does GraphSAINT build its minibatches?"
SECOND = "How does Pard generate graphs block by block?"


class Written:
    """A chat model that replies with what it was made with, in pieces."""

    mode = "model"
    name = "canned"
    host = "localhost"
    context_tokens = None

    def __init__(self, reply: str) -> None:
        self.reply = reply

    def stream(self, prompt: Prompt) -> Iterator[str | Finish]:
        yield from (self.reply[i : i + 7] for i in range(0, len(self.reply), 7))
        yield Finish(True, None, Usage(10, 10))


class Paused(Written):
    """Replies with one text in pieces, waits to be let go on, and says the other; then answers as told."""

    def __init__(self, first: str, then: str, *later: str) -> None:
        super().__init__(first)
        self.then, self.later = then, list(later)
        self.go_on = threading.Event()
        self.prompts: list[Prompt] = []

    def stream(self, prompt: Prompt) -> Iterator[str | Finish]:
        self.prompts.append(prompt)
        if len(self.prompts) > 1:
            yield self.later.pop(0)
        else:
            yield from (self.reply[i : i + 7] for i in range(0, len(self.reply), 7))
            while not self.go_on.wait(0.05):
                yield Waiting(0.05)
            yield self.then
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


def ask(tab: Page, question: str) -> None:
    tab.locator("#question textarea").fill(question)
    tab.keyboard.press("Enter")
