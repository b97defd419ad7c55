"""Conversations in a real browser: kept over a restart and apart by browser, asked again, changed, taken back, rated."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.chat_page import FIRST, SECOND, ask, serve
from support.factories import answer
from support.homes import copy_home, write_old_history

from rag.assistant import Assistant
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from rag.storage.history import History
from rag.types import Filters
from ui.chat.answering import Asked, Live, respond
from ui.chat.conversation import Conversation
from ui.chat.kept_conversations import exported, keep, opened, take_back
from ui.serving.replies import OWNER


@pytest.fixture(scope="module")
def home(starter_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("kept") / "home"
    copy_home(starter_home, home)
    return home


@pytest.fixture(scope="module")
def kept(home: Path, embedder: MiniLM) -> Assistant:
    return Assistant(load(home=home, no_model=True), embedder=embedder)


@pytest.fixture(scope="module")
def url(kept: Assistant) -> Iterator[str]:
    yield from serve(kept)


@pytest.fixture
def tab(browser: Browser, url: str) -> Iterator[Page]:
    """A page of a browser of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()


def answered(tab: Page, question: str, n: int) -> None:
    ask(tab, question)
    expect(tab.locator("#thread .copy")).to_have_count(n)


def unfold(tab: Page) -> None:
    """Show what can be done with the open conversation."""
    tab.get_by_role("button", name="This conversation").click()
    expect(tab.get_by_role("textbox", name="Name of this conversation")).to_be_in_viewport()


def test_a_conversation_is_there_again_after_a_restart_with_its_sources_and_marks(tab: Page, url: str, kept: Assistant) -> None:
    answered(tab, FIRST, 1)
    answered(tab, SECOND, 2)
    for other in serve(kept):  # another server over the same home, as after a restart
        tab.goto(other)
        tab.locator("#listed label", has_text=FIRST).click()
        expect(tab.locator("#thread .copy")).to_have_count(2)
        expect(tab.locator("#thread")).to_contain_text("samples the training graph itself")
        tab.locator("#thread .claim", has_text="samples the training graph itself").click()
        expect(tab.locator("#sources mark[data-active]")).to_contain_text("samples the training graph itself")


def test_a_conversation_that_version_0_1_kept_is_opened_and_exported(tmp_path: Path) -> None:
    write_old_history(tmp_path)
    history = History(tmp_path)
    [kept] = history.conversations("token-of-mine")
    conversation = opened(history, kept.id, Conversation(), "token-of-mine")
    assert [answer.claims[0].by for answer in conversation.answers] == ["words", "words"]
    shown = conversation.exchanges()
    assert "LanternNet dims 340 lamps" in shown[0]
    assert "1 supported" in shown[0]
    assert "verdict" not in shown[0]
    assert "LanternNet dims 340 lamps [1]." in exported("md", conversation)[1]


def test_another_browser_sees_none_of_it(tab: Page) -> None:
    expect(tab.get_by_role("textbox", name="Search conversations")).to_be_visible()
    expect(tab.locator("#listed label")).to_have_count(0)


def test_a_conversation_is_renamed_found_and_deleted(tab: Page) -> None:
    answered(tab, FIRST, 1)
    unfold(tab)
    name = tab.get_by_role("textbox", name="Name of this conversation")
    name.fill("Sampling")
    name.press("Enter")
    expect(tab.locator("#listed label")).to_contain_text("Sampling")
    tab.get_by_role("button", name="New question").click()
    expect(tab.locator("#thread .copy")).to_have_count(0)
    words = tab.get_by_role("textbox", name="Search conversations")
    words.fill("nothing like it")
    expect(tab.locator("#listed label")).to_have_count(0)
    words.fill("minibatches")
    tab.locator("#listed label", has_text="Sampling").click()
    expect(tab.locator("#thread .copy")).to_have_count(1)
    expect(name).to_have_value("Sampling")
    tab.get_by_role("button", name="Delete", exact=True).click()
    tab.get_by_role("button", name="Keep it").click()
    expect(tab.get_by_role("button", name="Delete it")).to_be_hidden()
    tab.get_by_role("button", name="Delete", exact=True).click()
    tab.get_by_role("button", name="Delete it").click()
    expect(tab.locator("#listed label")).to_have_count(0)
    expect(tab.locator("#thread .copy")).to_have_count(0)


def test_a_tab_that_is_loaded_again_shows_its_conversation_and_another_tab_none(tab: Page, url: str) -> None:
    answered(tab, FIRST, 1)
    tab.get_by_role("navigation", name="Pages").get_by_role("link", name="Library").click()
    expect(tab.locator("#found li").first).to_be_visible()
    tab.get_by_role("navigation", name="Pages").get_by_role("link", name="Ask").click()
    expect(tab.locator("#thread .copy")).to_have_count(1)
    expect(tab.locator("#sources section:visible h3").first).to_contain_text("GraphSAINT")
    other = tab.context.new_page()
    other.goto(url)
    expect(other.locator("#start button").first).to_be_visible()
    expect(other.locator("#thread .copy")).to_have_count(0)
    tab.get_by_role("button", name="New question").click()
    expect(tab.locator("#thread .copy")).to_have_count(0)
    tab.reload()
    expect(tab.locator("#start button").first).to_be_visible()
    expect(tab.locator("#thread .copy")).to_have_count(0)


def owner(tab: Page) -> str:
    [cookie] = [it["value"] for it in tab.context.cookies() if it["name"] == OWNER]  # type: ignore[typeddict-item]
    return f"browser:{cookie}"


def test_a_question_is_asked_again_changed_and_taken_back(tab: Page, home: Path) -> None:
    history = History(home)
    answered(tab, FIRST, 1)
    kept = [answer for one in history.conversations(owner(tab)) for answer in history.read(one.id, owner(tab))]
    tab.get_by_role("button", name="Ask again").click()
    for _ in range(100):
        again = [answer for one in history.conversations(owner(tab)) for answer in history.read(one.id, owner(tab))]
        if again and again != kept:
            break
        tab.wait_for_timeout(100)
    assert [a.question for a in again] == [a.question for a in kept] == [FIRST]
    assert [a.id for a in again] != [a.id for a in kept]
    expect(tab.locator("#question .submit-button")).to_have_text("Ask")
    tab.get_by_role("button", name="Edit the question").click()
    expect(tab.locator("#thread textarea")).to_have_value(FIRST)
    tab.locator("#thread textarea").press("Escape")
    expect(tab.get_by_role("button", name="Edit the question")).to_be_focused()
    tab.get_by_role("button", name="Edit the question").click()
    tab.locator("#thread textarea").fill(SECOND)
    tab.locator("#thread textarea").press("Enter")
    expect(tab.locator("#sources section:visible h3").first).to_contain_text("Pard")
    expect(tab.locator("#thread .copy")).to_have_count(1)
    tab.get_by_role("button", name="Take back").click()
    expect(tab.locator("#thread .copy")).to_have_count(0)
    expect(tab.locator("#question textarea")).to_have_value(SECOND)


def test_thumbs_and_words_are_kept_with_the_answer(tab: Page, home: Path) -> None:
    answered(tab, SECOND, 1)
    tab.get_by_role("group", name="Was it helpful?").get_by_role("button", name="No").click()
    why = tab.get_by_role("textbox", name="What was good or wrong about it?")
    why.fill("It leaves out the diffusion.")
    why.press("Enter")
    expect(why).to_be_hidden()
    [rated] = [r for r in History(home).feedback() if r.words]
    assert (rated.answer.question, rated.up, rated.words) == (SECOND, False, "It leaves out the diffusion.")
    tab.reload()
    good, bad = (tab.get_by_role("group", name="Was it helpful?").get_by_role("button", name=name) for name in ("Yes", "No"))
    expect(bad).to_have_attribute("aria-pressed", "true")
    expect(good).to_have_attribute("aria-pressed", "false")
    bad.click()
    expect(bad).to_have_attribute("aria-pressed", "false")


def test_a_conversation_is_taken_along_as_a_file(tab: Page) -> None:
    answered(tab, FIRST, 1)
    unfold(tab)
    with tab.expect_download() as taken:
        tab.get_by_role("button", name="BibTeX").click()
    assert taken.value.suggested_filename == "conversation.bib"
    assert "GraphSAINT" in Path(taken.value.path()).read_text("utf-8")


def test_only_listing_papers_asks_nothing(tab: Page) -> None:
    tab.locator(".unfold").first.click()
    tab.get_by_role("checkbox", name="Only list the papers").check()
    ask(tab, FIRST)
    expect(tab.locator("#thread a.chip").first).to_contain_text("GraphSAINT")
    expect(tab.locator("#thread .copy")).to_have_count(0)
    tab.locator("#thread a.chip").first.click()
    expect(tab.locator("#sources .card[data-active] h3")).to_contain_text("GraphSAINT")


def test_an_answer_that_cannot_be_kept_is_shown_all_the_same(kept: Assistant, tmp_path: Path) -> None:
    history = History(tmp_path, tell=lambda _: None)
    shutil.rmtree(tmp_path)
    tmp_path.write_text("a file where the folder was")
    with pytest.warns(UserWarning, match="cannot be"):
        *_, (exchanges, sources, talk) = respond(
            kept, Asked(FIRST, Filters(), 6), Conversation(), Live(), lambda t, a: keep(history, t, a, "me")
        )
    assert len(talk.answers) == 1
    assert "samples the training graph" in exchanges[-1]
    assert "GraphSAINT" in sources


def test_what_one_tab_takes_back_leaves_what_another_has_added(tmp_path: Path) -> None:
    history = History(tmp_path)
    first = keep(history, Conversation(), answer(id="one"), "me")
    here, there = (keep(history, first, answer(id=name), "me") for name in ("here", "there"))
    take_back(history, there, 1, "me")
    assert [it.id for it in history.read(str(here.id), "me")] == ["one", "here"]


def test_a_conversation_that_another_tab_deleted_is_begun_anew_with_all_that_is_shown(tmp_path: Path) -> None:
    history = History(tmp_path)
    first = keep(history, Conversation(), answer(id="one"), "me")
    history.delete(str(first.id), "me")
    then = keep(history, first, answer(id="two"), "me")
    assert then.id != first.id
    assert [it.id for it in history.read(str(then.id), "me")] == ["one", "two"]


def test_a_link_on_another_site_takes_nobody_their_conversations(tab: Page, url: str, browser: Browser) -> None:
    answered(tab, FIRST, 1)
    tab.route("http://elsewhere.test/", lambda it: it.fulfill(body=f"<a href='{url}'>chat</a>", content_type="text/html"))
    tab.goto("http://elsewhere.test/")
    tab.get_by_role("link", name="chat").click()
    expect(tab.locator("#listed label", has_text=FIRST)).to_be_visible()


def test_a_file_of_nothing_is_none() -> None:
    with pytest.warns(UserWarning, match="nothing to export"):
        assert exported("md", Conversation()) == []
    name, content = exported("ris", Conversation(None, (answer(),)))
    assert name == "conversation.ris"
    assert "TY  - " in content
