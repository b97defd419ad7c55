"""The pages for people who do not see them, or use no mouse: axe-core in the browser, the keyboard, what is read out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from support.chat_page import PausedModel, ask, dismiss, open_side, serve
from support.homes import copy_home

import ui
from rag.assistant import Assistant
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from ui.chat import examples

QUESTION = "How does GraphSAINT build its minibatches?"
REPLY = "GraphSAINT samples the training graph itself [1]. It reaches 0.850 on Flickr [1]. The moon is made of cheese."
SIZES = {"wide": (1440, 900), "middle": (1024, 768), "narrow": (390, 844)}


@pytest.fixture(scope="module")
def home(starter_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("accessible") / "home"
    copy_home(starter_home, home)
    return home


@pytest.fixture(scope="module")
def quoting(home: Path, embedder: MiniLM) -> Iterator[str]:
    yield from serve(Assistant(load(home=home, no_model=True), embedder=embedder))


def findings(page: Page) -> list[str]:
    """Return what axe-core finds, serious or not, as lines of rule, place and reason."""
    page.wait_for_timeout(400)  # a colour that is fading in has no contrast yet
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{v['id']} ({v['impact']}): {n['html'][:120]} {n['failureSummary']}" for v in found for n in v["nodes"]]


@pytest.fixture(params=[("wide", "light"), ("middle", "dark"), ("narrow", "light"), ("narrow", "dark")], ids="-".join)
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    size, theme = request.param
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    context.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def test_axe_finds_nothing_in_the_collection(page: Page, quoting: str) -> None:
    page.goto(f"{quoting}collection")
    expect(page.locator("#evidence")).to_contain_text("No paper is saved yet.")
    assert findings(page) == []
    page.goto(f"{quoting}library")
    page.locator("#found .star").first.click()
    expect(page.locator("#masthead a[href=collection]")).to_have_attribute("data-count", "1")
    page.wait_for_timeout(300)  # until it is written
    page.goto(f"{quoting}collection")
    page.get_by_label("Ask each paper").fill("How many parameters does it have?")
    page.get_by_role("button", name="Add column").click()
    expect(page.locator("#asked")).to_contain_text("Asked 1 paper.")
    page.get_by_role("button", name="Empty the collection").click()
    expect(page.locator("#emptying")).to_be_visible()
    assert findings(page) == []


def test_axe_finds_nothing_in_the_chat(page: Page, quoting: str) -> None:
    page.goto(quoting)
    expect(page.locator("#start button")).to_have_count(4)
    assert findings(page) == []
    ask(page, QUESTION)
    expect(page.locator("#thread .copy")).to_have_count(1)
    page.locator("#thread a.cite").first.click()
    page.get_by_role("tab", name="By year").click()
    expect(page.locator("#sources .timeline")).to_be_visible()
    assert findings(page) == []
    ask(page, "What does QLoRA quantise?")
    expect(page.locator("#thread a.chip").first).to_be_visible()
    assert findings(page) == []
    page.locator(".unfold").first.click()
    open_side(page)
    expect(page.locator("#listed label").first).to_be_in_viewport()
    page.get_by_role("button", name="This conversation").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("button", name="Keep it")).to_be_visible()
    assert findings(page) == []


def test_axe_finds_nothing_in_the_library(page: Page, quoting: str) -> None:
    page.goto(f"{quoting}library?q=graph&since=2020")
    expect(page.locator("#found .papers li").first).to_be_visible()
    page.locator("#counts button").first.click()
    expect(page.get_by_role("button", name="Keep it")).to_be_visible()
    page.get_by_label("Add papers").fill("Nothing of use.")
    page.get_by_role("button", name="Add to the library").click()
    expect(page.locator("#told .wrong")).to_be_visible()
    page.locator(".timeline summary").click()
    assert findings(page) == []
    paper = page.locator("#found .papers a").first
    marked = str(paper.get_attribute("href")).rpartition("paper=")[2]
    paper.click()
    expect(page.locator("#paper h2")).to_be_visible()
    assert findings(page) == []
    page.goto(f"{quoting}library?show=map&marked={marked}")
    expect(page.locator(".topic-map .marked")).to_have_count(1)
    assert findings(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_an_answer_that_is_written_and_in_its_marks(
    browser: Browser,
    home: Path,
    embedder: MiniLM,
    theme: Any,
) -> None:
    model = PausedModel(REPLY, " That is all.")
    page = browser.new_page(color_scheme=theme)
    for url in serve(Assistant(load(home=home), embedder=embedder, model=model)):  # type: ignore[arg-type]
        page.goto(url)
        ask(page, QUESTION)
        expect(page.locator("#thread .verdict.unsupported")).to_have_count(1)
        log = page.get_by_role("log")
        expect(log).to_have_attribute("aria-busy", "true")
        dismiss(page)  # a toast of Gradio's own, as it shows where the page is slow
        assert findings(page) == []
        model.go_on.set()
        expect(page.locator("#thread .copy")).to_have_count(1)
        expect(log).to_have_attribute("aria-busy", "false")
        expect(page.locator("#status")).to_have_text("The answer is ready.")
        dismiss(page)  # a toast of Gradio's own, as it shows where the page is slow
        assert findings(page) == []
        mark = page.get_by_role("button", name="not in the abstract")
        mark.focus()
        expect(page.get_by_role("tooltip")).to_contain_text("0.85")
        page.keyboard.press("Escape")
        expect(page.get_by_role("tooltip")).to_be_hidden()
    page.close()


def test_the_keyboard_reaches_all_that_is_seen_in_the_order_it_is_seen_and_nothing_else(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    ask(tab, QUESTION)
    expect(tab.locator("#thread .copy")).to_have_count(1)
    tab.get_by_role("button", name="Menu").focus()
    reached = ["Menu"]
    name = """(() => { const e = document.activeElement, box = e.getBoundingClientRect();
        if (e === document.body) return "";
        if (box.right <= 0 || !box.width) throw new Error(`the focus is out of sight: ${e.outerHTML}`);
        const label = e.labels && e.labels.length ? e.labels[0].textContent.trim() : "";
        return e.getAttribute("aria-label") || e.placeholder || e.textContent.trim() || label; })()"""
    while len(reached) < 60:
        tab.keyboard.press("Tab")
        if not (at := tab.evaluate(name)):
            break
        reached.append(at)
    wanted = ["Menu", "Ask", "Library", "New question", "Search", "Source 1", "Copy with references"]
    wanted += ["Edit the question", "Ask a question of the abstracts", "Ask"]
    reached = [it.replace(" 574", "") for it in reached]
    places = [reached.index(it) for it in wanted[:-1]]
    places.append(len(reached) - 1 - reached[::-1].index("Ask"))
    assert places == sorted(places), reached
    assert not {"Rename", "Delete"} & set(reached), "what is folded"


def test_a_citation_is_followed_and_left_by_keyboard(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    ask(tab, QUESTION)
    link = tab.locator("#thread a.cite").first
    link.focus()
    link.press("Enter")
    expect(tab.locator("#sources mark[data-active]")).to_be_focused()
    tab.get_by_role("button", name="Back to the answer").focus()
    tab.keyboard.press(" ")
    expect(tab.locator("#thread a.cite:focus")).to_have_count(1)


def test_examples_come_from_the_collection(home: Path, embedder: MiniLM, tmp_path: Path) -> None:
    whole = Assistant(load(home=home, no_model=True), embedder=embedder)
    asked = examples.questions(whole)
    assert len(asked) == 4
    assert [label for label, _ in asked] == ["Explain", "Compare", "Find", "What is new"]
    for _, question in asked:
        answer = whole.ask(question)
        assert not answer.refused, question


def test_the_subject_of_examples_is_shared_by_some_titles_and_not_by_all() -> None:
    titles = [f"Folding proteins {n}" for n in range(40)] + ["Crystal growth in silicon", "On crystal growth"]
    assert examples._subject([*titles, "A title"]) == "crystal growth"
    assert examples._subject(["Only one title"]) == ""


def test_the_page_has_an_icon_of_its_own(tab: Page, quoting: str) -> None:
    icon = tab.request.get(f"{quoting}favicon.ico")
    assert icon.ok
    assert icon.body() == (Path(ui.__file__).parent / "static" / "favicon.png").read_bytes()
