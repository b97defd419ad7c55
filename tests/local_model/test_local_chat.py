"""The chat in a real browser, answered by a real llama.cpp server."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from support.commands import ROOT

WAIT_MS = 90_000
QUESTION = "How does GraphSAINT build its minibatches?"


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def chat(endless: str) -> Iterator[str]:
    """The address of the chat, opened by the command, with the local server as its model and answers of 160 tokens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ui", "--no-browser", "--port", str(port), "--base-url", endless]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAG_K": "1", "RAG_MAX_ANSWER_TOKENS": "160"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        found = next(filter(None, (re.search(r"Open (\S+) in a browser", line) for line in child.stdout)), None)
        assert found
        yield found.group(1)
        child.terminate()
        child.wait(30)


def ask(tab: Page, question: str) -> None:
    tab.locator("#question textarea").fill(question)
    tab.keyboard.press("Enter")


def test_text_streams_into_the_chat_and_stop_keeps_it_then_an_answer_ends_with_its_note(tab: Page, chat: str) -> None:
    tab.set_default_timeout(WAIT_MS)
    tab.goto(chat)
    expect(tab.locator("#picker .health.good")).to_contain_text("127.0.0.1", timeout=WAIT_MS)
    ask(tab, f"{QUESTION} Explain at length, in ten paragraphs.")
    reply = tab.locator("#thread .exchange .reading").last
    expect(reply).to_contain_text(re.compile(r"\w{3}"), timeout=WAIT_MS)
    tab.get_by_role("button", name="Stop").click()
    expect(tab.locator("#thread .note", has_text="stopped")).to_have_text("You stopped this answer.", timeout=WAIT_MS)
    expect(tab.locator("#question .submit-button")).to_have_text("Ask", timeout=WAIT_MS)  # a question before that is refused
    ask(tab, "What does PhaseNet predict from a waveform?")
    expect(tab.locator("#sources section:visible h3").first).to_contain_text("PhaseNet", timeout=WAIT_MS)
    expect(tab.locator("#sources section:visible [role=tab]").first).to_have_text(
        re.compile(r"Sources \d|Nearest papers"), timeout=WAIT_MS
    )
    expect(tab.locator("#thread .copy").last).to_be_visible(timeout=WAIT_MS)
