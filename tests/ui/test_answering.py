"""One answer on the page: when it is over, and that the next question may come at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from playwright.sync_api import Page, expect
from support.chat_page import FIRST, QUESTION, ask
from support.factories import QueueModel

from rag.assistant import Assistant
from rag.types import Filters
from ui.chat.answering import Asked, Live, respond
from ui.chat.conversation import Conversation


def test_an_answer_is_over_when_it_is_shown_and_comes_with_its_suggestions(assistant: Assistant) -> None:
    asked = Asked(QUESTION, Filters(), 6)
    live, shown = Live(writing=asked), []
    for exchanges, _, conversation in respond(assistant, asked, Conversation(), live, lambda kept, a: kept.with_answer(a)):
        assert (live.writing is None) == bool(conversation.answers)
        shown.append(exchanges[-1])
    assert ['class="suggestions"' in one for one in shown[-2:]] == [False, True]


def test_the_end_of_an_answer_does_not_end_the_next_one() -> None:
    asked = Asked(QUESTION, Filters(), 6)
    live = Live(writing=asked)
    following = replace(asked)  # equal, and another one
    live.writing = following
    live.end(asked)
    assert live.writing is following
    live.end(following)
    assert live.writing is None


def test_a_question_sent_with_the_end_of_an_answer_is_answered(tab: Page, chat_with: Any) -> None:
    tab.goto(chat_with(QueueModel("It samples the graph [1].", "It has fixed layers [1].", repeat=True)))
    expect(tab.locator("#start button").first).to_be_visible()
    tab.evaluate(
        """(question) => new MutationObserver((_, observer) => {
          if (!document.querySelector("#thread .copy")) return;
          observer.disconnect();
          const box = document.querySelector("#question textarea");
          box.value = question;
          box.dispatchEvent(new Event("input", { bubbles: true }));
          setTimeout(() => box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true })));
          setTimeout(() => box.dispatchEvent(new KeyboardEvent("keypress", { key: "Enter", bubbles: true })));
        }).observe(document.querySelector("#thread"), { childList: true, subtree: true })""",
        "How does LazyGNN scale?",
    )
    ask(tab, FIRST)
    expect(tab.locator("#thread .copy")).to_have_count(2)
    expect(tab.locator(".toast-body")).to_have_count(0)


def test_a_question_that_is_taken_back_stands_in_the_box_which_has_the_focus(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    ask(tab, QUESTION)
    tab.get_by_role("button", name="Take back").click()
    box = tab.locator("#question textarea")
    expect(box).to_have_value(QUESTION)
    expect(box).to_be_focused()


def test_the_line_under_an_answer_has_the_model_and_the_rest_is_folded(tab: Page, chat_with: Any) -> None:
    tab.goto(chat_with(QueueModel("It samples the graph [1].", repeat=True)))
    ask(tab, FIRST)
    facts = tab.locator("#thread .facts")
    summary = facts.locator("summary")
    expect(summary).to_have_text("queue")
    expect(facts.locator("p")).to_be_hidden()
    summary.click()
    expect(facts.locator("p")).to_contain_text(" s")
