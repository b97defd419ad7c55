"""The chat in a real browser: Chromium through Playwright, the real page, the real assistant over the starter corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from support.chat_page import QUESTION, PausedModel, ask, dismiss, serve, written
from support.factories import QueueModel, answer, paper

from rag.assistant import Assistant
from rag.errors import EndpointError
from rag.events import Checking, Found, Thought, Withdrawn
from rag.settings.settings import load
from rag.types import Claim, Filters
from ui import theme
from ui.chat import cards, exchanges, filters_form
from ui.chat.answering import Asked, Live, unfinished
from ui.chat.conversation import Conversation


def test_an_answer_that_turns_out_to_be_thoughts_is_shown_as_thoughts() -> None:
    live = Live()
    live.begin("Why?")
    for event in ("Let me see. ", Claim("Let me see.", 0, 11, (), "none"), Withdrawn(), Thought("Lamps."), "They dim."):
        live.add(event)
    assert (live.text, live.thoughts, live.claims) == ("They dim.", "Let me see. Lamps.", [])


def test_a_warning_is_a_note_under_the_answer() -> None:
    warned = exchanges.finished(0, answer(warnings=("The server read only 9 of about 99 tokens [1].",)))
    assert '<p class="note">The server read only 9 of about 99 tokens [1].</p>' in warned
    assert "note" not in exchanges.finished(0, answer())


def test_an_address_that_would_run_is_no_link() -> None:
    assert "href" not in cards.about(paper(url="javascript:document.title=1"))
    assert 'href="https://x.example/&#34;"' in cards.about(paper(url='https://x.example/"'))


def test_filters_are_a_line_over_the_answer_and_over_its_sources() -> None:
    filtered = answer(filters=Filters(since="2024", title="<b>"))
    line = '<span class="scope">Only papers from 2024 on, with “&lt;b&gt;” in the title.</span>'
    assert line in exchanges.finished(0, filtered)
    scope = '><p class="scope">Only papers from 2024 on, with “&lt;b&gt;” in the title.</p><ol>'
    assert scope in Conversation(None, (filtered,)).panel()
    assert "scope" not in Conversation(None, (answer(),)).panel()
    assert "Only papers" not in exchanges.finished(0, answer())


def test_a_question_is_taken_with_the_filters_set_when_it_was_sent(assistant: Assistant) -> None:
    asked, box = filters_form.take(assistant, " Why? ", 9, False, " 2024", "", "start", None, 0)
    assert asked == Asked("Why?", Filters(since="2024", source="start"), 9)
    assert box["value"] == ""


@pytest.mark.filterwarnings("ignore::UserWarning")  # what a page would show, where there is none
@pytest.mark.parametrize(
    "given",
    [
        ("  ", 6),
        ("Why? " * 2_000, 6),
        ("Why?", 6, False, "May"),
        ("Why?", 6, False, "2025", "2024"),
        ("Why?", 6, False, "", "", "nosuch"),
    ],
)
def test_what_cannot_be_asked_stays_in_the_box(assistant: Assistant, given: tuple[Any, ...]) -> None:
    asked, box = filters_form.take(assistant, *given)
    assert asked is None
    assert "value" not in box


def test_filters_hold_for_the_next_question_and_a_bad_date_is_a_warning(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    tab.locator(".unfold").first.click()
    since = tab.get_by_role("textbox", name="From")
    since.fill("May")
    ask(tab, "How does Pard generate graphs block by block?")
    expect(tab.get_by_text("“May” is not a date.")).to_be_visible()
    expect(tab.locator("#question textarea")).to_have_value("How does Pard generate graphs block by block?")
    since.fill("2024")
    tab.locator("#question textarea").press("Enter")
    expect(tab.locator("#sources section:visible .scope")).to_have_text("Only papers from 2024 on.")
    expect(tab.locator("#thread .looked .scope")).to_have_text("Only papers from 2024 on.")
    expect(tab.locator("#thread .note")).to_have_text("500 papers have no date and were left out.")
    expect(tab.locator("#sources section:visible h3").first).to_contain_text("Pard")
    assert all(" · 202" in about for about in tab.locator("#sources section:visible .card > .about").all_text_contents())
    tab.get_by_role("button", name="Clear the filters").click()
    expect(since).to_have_value("")


def test_a_citation_leads_to_its_sentence_marked_in_the_abstract(tab: Page, quoting: str, tmp_path: Path) -> None:
    tab.goto(quoting)
    ask(tab, QUESTION)
    quoted = tab.locator("#thread .claim", has_text="samples the training graph itself")
    quoted.click()
    marked = tab.locator("#sources mark[data-active]")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text("samples the training graph itself")
    expect(marked).to_be_in_viewport()
    expect(tab.locator("#sources .card[data-active] h3")).to_contain_text("GraphSAINT: Graph Sampling Based")
    tab.get_by_role("button", name="Back to the answer").click()
    expect(quoted).to_be_focused()
    link = tab.locator("#thread .reading a.cite")
    expect(link).to_have_count(1)  # once for each paper that is quoted
    link.focus()
    expect(tab.locator("#tip strong")).to_have_text("GraphSAINT: Graph Sampling Based Inductive Learning Method")
    tab.keyboard.press("Enter")
    expect(marked).to_have_count(1)
    tab.keyboard.press("Escape")
    expect(link).to_be_focused()
    picture = tmp_path / "chat.png"
    tab.screenshot(path=str(picture))
    assert picture.stat().st_size > 20_000


def test_an_earlier_answers_citation_brings_its_own_sources_back(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    asked = ((QUESTION, "GraphSAINT"), ("What does PhaseNet predict from a waveform?", "PhaseNet"))
    for n, (question, title) in enumerate(asked, 1):
        ask(tab, question)
        expect(tab.locator("#sources section:visible h3").first).to_contain_text(title)
        expect(tab.locator("#thread .copy")).to_have_count(n)
        expect(tab.locator("#question .submit-button")).to_have_text("Ask")  # a question before that is refused
    tab.locator("#thread a.cite").first.click()
    expect(tab.locator("#sources section:visible h3").first).to_contain_text("GraphSAINT")


def test_an_earlier_citation_leads_to_its_source_while_the_next_answer_is_written(
    tab: Page, chat_with: Callable[[object], str]
) -> None:
    model = PausedModel("It builds them from ", "subgraphs [1].")
    model.go_on.set()
    tab.goto(chat_with(model))
    ask(tab, QUESTION)
    expect(tab.locator("#thread .copy")).to_have_count(1)  # the answer is finished, and the next question is taken
    model.go_on.clear()
    model.replies.append(model.paused("It predicts ", "arrivals [1]."))
    ask(tab, "What does PhaseNet predict from a waveform?")
    expect(tab.locator("#sources section:visible h3").first).to_contain_text("PhaseNet")
    tab.locator("#thread a.cite").first.click()
    expect(tab.locator("#sources section:visible h3").first).to_contain_text("GraphSAINT")
    model.go_on.set()
    expect(tab.locator("#thread .copy")).to_have_count(2)
    expect(tab.locator("#sources section:visible h3").first).to_contain_text("GraphSAINT")  # what is read is left alone
    tab.locator("#thread .exchange").last.locator("a.cite").first.click()
    expect(tab.locator("#sources section:visible h3").first).to_contain_text("PhaseNet")


def test_a_question_off_the_subject_is_refused_with_the_nearest_papers(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    ask(tab, "What is the capital of Mongolia?")
    expect(tab.locator("#thread")).to_contain_text("The abstracts do not answer this question")
    expect(tab.locator("#sources [role=tab]").first).to_have_text("Nearest papers")
    expect(tab.locator("#sources .card")).to_have_count(3)
    listed = tab.locator("#thread li")
    expect(listed).to_have_count(3)
    titles = tab.locator("#sources .card h3").all_inner_texts()
    for item, title in zip(listed.all_inner_texts(), titles, strict=True):
        named = title.partition(" ")[2]
        assert item.startswith(named)
        assert len(item.removeprefix(named).split()) > 3


def test_an_empty_question_asks_nothing(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    ask(tab, "   ")
    expect(tab.get_by_text("Ask a question first.")).to_be_visible()
    expect(tab.locator("#thread .exchange")).to_have_count(0)


def test_the_page_asks_nothing_of_any_other_host(tab: Page, quoting: str) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(quoting)
    ask(tab, QUESTION)
    tab.locator("#thread a.cite").first.wait_for()
    assert asked
    assert [url for url in asked if not url.startswith((quoting, "data:", "blob:", quoting.replace("http", "ws")))] == []


def test_the_pages_own_policy_keeps_outside_pictures_out(tab: Page, quoting: str) -> None:
    failed: list[str] = []
    tab.goto(quoting)
    tab.locator("#question textarea").wait_for()
    tab.on("console", lambda message: failed.append(message.text))
    tab.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://outside.invalid/z.png'}))")
    tab.wait_for_timeout(500)
    assert any("Content Security Policy" in text for text in failed)


def test_what_a_model_writes_is_checked_and_cannot_inject(tab: Page, starter_home: Path, assistant: Assistant) -> None:
    reply = (
        "GraphSAINT reaches an F1 score of 0.970 on Reddit [1]. It reaches 0.850 on Flickr [1]. Networks are fun. "
        'As told in [9]. <img src="http://outside.invalid/a.png" onerror="document.title=1"> '
        "![x](http://outside.invalid/b.png) ![a\\]b](http://outside.invalid/c.png) ![a[b]c](http://outside.invalid/d.png) "
        "![see [1] here](http://outside.invalid/e.png) ![x\ny](http://outside.invalid/f.png) [go [1]](http://outside.invalid/g)"
        " http://outside.invalid/h www.outside.invalid/i `![x](http://outside.invalid/j.png)"
    )
    canned = Assistant(load(home=starter_home), embedder=assistant.embedder, model=written(reply))
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    server = serve(canned)
    url = next(server)
    tab.goto(url)
    ask(tab, QUESTION)
    expect(tab.locator("#thread .check")).to_contain_text("1 supported")
    expect(tab.locator("#thread .note").first).to_contain_text("The server read only 11 of about")
    expect(tab.locator("#thread .cite.invalid")).to_have_text("9")
    assert "0.85" in (tab.locator("#thread .verdict").first.get_attribute("data-tip") or "")
    expect(tab.locator("#thread")).to_contain_text("<img src=")
    assert [u for u in asked if "outside.invalid" in u] == []
    assert tab.locator("#thread a:not(.cite)").count() == 0
    assert tab.title().endswith(theme.TITLE)
    next(server, None)


TOLD = "GraphSAINT samples the training graph itself and builds a complete GCN on the resulting subgraph at each iteration"


def test_a_sentence_is_marked_while_the_next_is_being_written(tab: Page, chat_with: Callable[[object], str]) -> None:
    model = PausedModel(f"{TOLD} [1]. It reaches 0.850 on Flickr [1]. Then it", " stops.")
    tab.goto(chat_with(model))
    ask(tab, QUESTION)
    expect(tab.locator("#thread .verdict.unsupported")).to_have_count(1)
    expect(tab.locator("#thread")).to_contain_text("Then it")
    link = tab.locator("#thread a.cite").first
    assert "GraphSAINT" in (link.get_attribute("data-tip") or "")
    assert "0.85" in (tab.locator("#thread .verdict").get_attribute("data-tip") or "")
    assert not model.go_on.is_set()
    assert tab.locator("#thread .check").inner_text() == ""
    model.go_on.set()
    expect(tab.locator("#thread .check")).to_have_text("3 statements: 1 supported, 1 not supported, 1 without a source")


def test_stop_keeps_what_there_is_and_a_follow_up_works(tab: Page, chat_with: Callable[[object], str]) -> None:
    model = PausedModel(f"{TOLD} [1]. It reaches 0.850 on Fl", "ickr [1].", QUESTION, f"{TOLD} [1].")
    tab.goto(chat_with(model))
    ask(tab, QUESTION)
    expect(tab.locator("#thread")).to_contain_text("It reaches 0.850 on Fl")
    tab.get_by_role("button", name="Stop").click()
    expect(tab.locator("#thread .note", has_text="stopped")).to_have_text("You stopped this answer.")
    expect(tab.locator("#thread")).to_contain_text("It reaches 0.850 on Fl")
    expect(tab.locator("#thread")).not_to_contain_text("Flickr")
    expect(tab.locator("#sources section:visible h3").first).to_contain_text("GraphSAINT")
    tab.locator("#thread a.cite").first.click()
    expect(tab.locator("#sources mark[data-active]")).to_have_count(1)
    model.go_on.set()
    ask(tab, "and how does it do that?")
    expect(tab.locator("#thread .check", has_text="1 statement: 1 supported")).to_have_count(1)
    assert "It reaches 0.850 on Fl" in model.prompts[1].user  # the partial answer is part of the conversation
    expect(tab.locator("#thread .note", has_text="Understood as")).to_contain_text(QUESTION)
    expect(tab.locator("#thread .note", has_text="You stopped this answer.")).to_have_count(1)


def test_a_citation_that_the_check_added_is_a_link_to_its_sentence(tab: Page, chat_with: Callable[[object], str]) -> None:
    tab.goto(chat_with(written(f"{TOLD}.")))
    ask(tab, QUESTION)
    link = tab.locator("#thread a.cite.added")
    expect(link).to_have_text("1")
    assert (link.get_attribute("data-tip") or "").startswith("added by the check: GraphSAINT")
    link.click()
    expect(tab.locator("#sources mark[data-active]")).to_have_count(1)
    expect(tab.locator("#sources .card[data-active] h3")).to_contain_text("GraphSAINT")
    assert tab.locator("#thread .verdict").count() == 0


def test_one_question_at_a_time(tab: Page, chat_with: Callable[[object], str]) -> None:
    model = PausedModel(f"{TOLD} [1]. Then it", " stops.")
    tab.goto(chat_with(model))
    box = tab.locator("#question textarea")
    box.fill(QUESTION)
    for _ in range(3):
        box.press("Enter")
    expect(tab.locator("#thread")).to_contain_text("Then it")
    ask(tab, "What does PhaseNet predict from a waveform?")
    expect(tab.locator(".toast-body")).to_be_visible()
    dismiss(tab)
    tab.get_by_role("button", name="New question").click()
    expect(tab.locator(".toast-body", has_text="An answer is being written")).to_be_visible()
    expect(box).to_have_value("What does PhaseNet predict from a waveform?")
    expect(tab.locator("#thread")).to_contain_text("Then it")
    expect(tab.get_by_role("button", name="Stop")).to_be_visible()
    model.go_on.set()
    expect(tab.locator("#thread .copy")).to_have_count(1)
    expect(tab.locator("#thread .exchange")).to_have_count(1)
    assert len(model.prompts) == 1
    dismiss(tab)
    tab.get_by_role("button", name="New question").click()
    expect(tab.locator("#thread .copy")).to_have_count(0)


def test_a_question_that_is_too_long_asks_nothing_and_stays(tab: Page, chat_with: Callable[[object], str]) -> None:
    model = PausedModel("never", "")
    tab.goto(chat_with(model))
    ask(tab, "graph " * 1400)
    expect(tab.locator(".toast-body")).to_contain_text("The question has more than 8000 characters. Ask a shorter one.")
    expect(tab.locator("#question textarea")).to_have_value("graph " * 1400)
    assert model.prompts == []


def test_an_answer_that_a_model_judges_says_so_meanwhile(assistant: Assistant) -> None:
    live = Live(question=QUESTION, found=Found(QUESTION, ()), text="So it is.")
    live.add(Checking(3))
    assert "Checking 3 statements…" in unfinished(assistant, live, 0)


def test_a_question_that_failed_is_in_the_box_again(tab: Page, chat_with: Callable[[object], str]) -> None:
    tab.goto(chat_with(QueueModel(EndpointError("Nothing listens there.", "Start the server."))))
    ask(tab, QUESTION)
    expect(tab.locator("#thread")).to_contain_text("Nothing listens there. Start the server.")
    expect(tab.locator("#question textarea")).to_have_value(QUESTION)


def test_the_focus_is_not_lost_with_what_had_it(tab: Page, chat_with: Callable[[object], str]) -> None:
    tab.goto(chat_with(PausedModel(f"{TOLD} [1]. Then it", " stops.")))
    ask(tab, QUESTION)
    expect(tab.locator("#thread")).to_contain_text("Then it")
    stop = tab.get_by_role("button", name="Stop")
    stop.focus()
    stop.press("Enter")
    expect(tab.locator("#thread .note", has_text="You stopped this answer.")).to_be_visible()
    expect(tab.locator("#question textarea")).to_be_focused()
