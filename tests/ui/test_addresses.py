"""Addresses in a real browser: a conversation has one and a title, Back and Forward work, and a draft is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.chat_page import FIRST, SECOND, ask, serve
from support.homes import copy_home

from rag.assistant import Assistant
from rag.index.minilm import MiniLM
from rag.settings.settings import load

TALK = re.compile(r"/\?talk=[0-9a-f]{32}$")


@pytest.fixture(scope="module")
def url(starter_home: Path, embedder: MiniLM, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("addresses") / "home"
    copy_home(starter_home, home)
    yield from serve(Assistant(load(home=home, no_model=True), embedder=embedder))


@pytest.fixture
def tab(browser: Browser, url: str) -> Iterator[Page]:
    """A page of a browser of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()


def answered(tab: Page, question: str) -> str:
    """Ask the first question of a conversation; return its address."""
    ask(tab, question)
    expect(tab.locator("#thread .asked")).to_have_text(question)
    expect(tab.locator("#thread .copy")).to_have_count(1)
    expect(tab).to_have_url(TALK)
    expect(tab).to_have_title(f"{question} · Ask the abstracts")
    return tab.url


def test_back_and_forward_lead_from_conversation_to_conversation(tab: Page, url: str) -> None:
    first = answered(tab, FIRST)
    tab.get_by_role("button", name="New question").click()
    expect(tab).to_have_url(url)
    expect(tab).to_have_title("Ask the abstracts")
    second = answered(tab, SECOND)
    tab.locator("#listed label", has_text=FIRST).click()
    expect(tab).to_have_url(first)
    expect(tab).to_have_title(f"{FIRST} · Ask the abstracts")
    tab.go_back()
    expect(tab.locator("#thread .asked")).to_have_text(SECOND)
    expect(tab).to_have_url(second)
    expect(tab).to_have_title(f"{SECOND} · Ask the abstracts")
    expect(tab.locator("#listed label.selected")).to_contain_text(SECOND)
    tab.go_forward()
    expect(tab.locator("#thread .asked")).to_have_text(FIRST)
    assert tab.url == first


def test_an_address_is_loaded_in_any_tab_of_its_owner_and_the_title_follows_the_name(tab: Page) -> None:
    address = answered(tab, FIRST)
    other = tab.context.new_page()
    other.goto(address)
    expect(other.locator("#thread .asked")).to_have_text(FIRST)
    expect(other).to_have_title(f"{FIRST} · Ask the abstracts")
    other.reload()
    expect(other.locator("#thread .asked")).to_have_text(FIRST)
    other.get_by_role("button", name="This conversation").click()
    name = other.get_by_role("textbox", name="Name of this conversation")
    name.fill("Sampling")
    name.press("Enter")
    expect(other).to_have_title("Sampling · Ask the abstracts")
    assert other.url == address


def test_an_address_of_another_owner_or_of_nothing_says_so_and_shows_an_empty_conversation(
    tab: Page, url: str, browser: Browser
) -> None:
    address = answered(tab, FIRST)
    stranger = browser.new_context().new_page()
    for unknown in (address, f"{url}?talk=nosuch"):
        stranger.goto(unknown)
        told = stranger.locator(".toast-body")
        expect(told).to_contain_text("This conversation was deleted, or it belongs to somebody else.")
        expect(stranger.locator("#thread .asked")).to_have_count(0)
        expect(stranger).to_have_url(url)
        expect(stranger).to_have_title("Ask the abstracts")
    stranger.context.close()


def test_a_draft_outlives_a_visit_to_the_library_and_a_reload_until_it_is_asked(tab: Page, url: str) -> None:
    box = tab.locator("#question textarea")
    box.fill(FIRST)
    tab.get_by_role("navigation", name="Pages").get_by_role("link", name="Library").click()
    expect(tab.locator("#found li").first).to_be_visible()
    tab.get_by_role("navigation", name="Pages").get_by_role("link", name="Ask").click()
    expect(box).to_have_value(FIRST)
    tab.reload()
    expect(box).to_have_value(FIRST)
    answered(tab, FIRST)
    expect(box).to_have_value("")
    tab.reload()
    expect(tab.locator("#thread .copy")).to_have_count(1)
    expect(box).to_have_value("")
