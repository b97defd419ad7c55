"""The question's frame: chips that tell and lift what restricts a question, and the keys that lead to the box."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from support.chat_page import QUESTION, ask

from rag.assistant import Assistant
from ui.chat import scope


def words(html: str) -> list[str]:
    """Return the texts of chips, without what only the pointer needs."""
    plain = re.sub(r"<i.*?</i>|<button[^>]*data-lift.*?</button>", "", html)
    return [" ".join(text.split()) for text in re.findall(r">([^<>]*\w[^<>]*)<", plain)]


@pytest.mark.parametrize(
    ("held", "shown"),
    [
        ((6,), ["All 574 papers", "6 papers to read"]),
        ((1, True), ["All 574 papers", "only list the papers", "1 paper to read"]),
        ((6, False, "", "2019"), ["up to 2019"]),
        ((6, False, "2019-05", "2024"), ["2019-05 to 2024"]),
        ((6, False, "2024", "2024"), ["2024"]),
        ((6, False, "May"), ["574 papers", "May and later", "6 papers to read"]),  # asking says what is wrong
        (
            (6, False, None, None, "starter", " <b> ", 1),
            ["listed by “starter”", "“&lt;b&gt;” in the title", "1 author or more"],
        ),
    ],
)
def test_chips_say_what_restricts_a_question(assistant: Assistant, held: tuple[Any, ...], shown: list[str]) -> None:
    told = words(scope.chips(assistant, *held))
    assert told == shown or told[1:-1] == shown


def test_selected_papers_are_counted_and_a_single_one_named(assistant: Assistant) -> None:
    first, second = (hit.paper for hit in assistant.search("GraphSAINT", 2))
    assert "2 selected papers" in words(scope.chips(assistant, 6, papers=(first.id, second.id)))
    assert words(scope.chips(assistant, 6, papers=(first.id,))) == ["1 of 574 papers", f"“{first.title}”", "6 papers to read"]


def test_a_chip_is_lifted_and_a_new_question_empties_all(tab: Page, quoting: str) -> None:
    tab.goto(f"{quoting}?source=starter")
    chips = tab.locator("#scope")
    expect(chips).to_contain_text("574 of 574 papers")
    expect(tab.locator("#filters")).to_be_hidden()
    every = tab.locator(".unfold").first
    every.press("Enter")
    expect(every).to_have_attribute("aria-expanded", "true")
    since, title = tab.get_by_label("From", exact=True), tab.get_by_label("Words of the title")
    since.fill("2024")
    title.fill("graph")
    expect(chips).to_contain_text("2024 and later")
    expect(chips).to_contain_text("“graph” in the title")
    every.press("Enter")
    expect(since).to_be_hidden()
    expect(chips).to_contain_text("2024 and later")  # what is set stays visible
    tab.get_by_role("button", name="Remove: 2024 and later").press("Enter")
    expect(since).to_have_value("")
    expect(tab.locator("#scope .chip")).to_have_count(2)
    expect(tab.get_by_role("button", name="Remove: listed by “starter”")).to_be_focused()  # the next one
    tab.get_by_role("button", name="New question").click()
    expect(tab.locator("#scope .chip")).to_have_count(0)
    expect(chips).to_contain_text("All 574 papers")
    expect(title).to_have_value("")


def test_the_frame_keeps_its_place_while_an_answer_comes(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    ask(tab, QUESTION)
    expect(tab.locator("#thread .copy")).to_have_count(1)
    expect(tab.locator("#question .submit-button")).to_have_text("Ask")
    tab.evaluate(
        """() => {
          window.tops = new Set();
          const frame = document.querySelector("#ask");
          const look = () => (window.tops.add(frame.getBoundingClientRect().top), requestAnimationFrame(look));
          look();
        }"""
    )
    ask(tab, "What does PhaseNet predict from a waveform?")
    expect(tab.locator("#thread .copy")).to_have_count(2)
    expect(tab.locator("#question .submit-button")).to_have_text("Ask")
    assert tab.evaluate("window.tops.size") == 1


def test_keys_lead_to_the_question_and_bring_the_last_one_back(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    expect(tab.locator("#status")).to_be_attached()  # the script of the page has begun
    box, search = tab.locator("#question textarea"), tab.get_by_placeholder("Search", exact=True)
    search.focus()
    tab.keyboard.press("/")  # a field keeps its slash
    expect(search).to_have_value("/")
    tab.keyboard.press("Control+k")
    expect(box).to_be_focused()
    tab.keyboard.press("ArrowUp")
    expect(box).to_have_value("")
    ask(tab, QUESTION)
    expect(tab.locator("#question .submit-button")).to_have_text("Ask")
    tab.locator("#thread .copy").focus()
    tab.keyboard.press("/")
    expect(box).to_be_focused()
    tab.keyboard.press("ArrowUp")
    expect(box).to_have_value(QUESTION)
    tab.keyboard.press("Enter")
    expect(tab.locator("#thread .copy")).to_have_count(2)
