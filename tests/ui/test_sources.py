"""The papers behind the answers in a real browser: their tabs, the papers by year, and all of a conversation on paper."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from support.chat_page import FIRST, SECOND, PausedModel, ask, written
from support.factories import answer

from rag.assistant import Assistant
from rag.types import Filters
from ui.chat import years
from ui.chat.conversation import RECENT_ANSWERS, Conversation

WRITTEN = "GraphSAINT samples the training graph itself [1]. It is much used [2]."


def tabs(tab: Page) -> Locator:
    return tab.locator("#sources section:visible [role=tab]")


def answered(tab: Page, question: str, n: int) -> None:
    ask(tab, question)
    expect(tab.locator("#thread .copy")).to_have_count(n)


def test_arrow_keys_lead_from_tab_to_tab_and_the_years_lead_to_the_library(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    answered(tab, FIRST, 1)
    expect(tabs(tab)).to_have_text(["Sources 1", "Also read 5", "By year"])
    cited = tab.locator("#sources [role=tabpanel]:visible .card")
    expect(cited).to_have_count(1)
    tabs(tab).first.focus()
    tab.keyboard.press("ArrowRight")
    expect(tabs(tab).nth(1)).to_be_focused()
    expect(tabs(tab).nth(1)).to_have_attribute("aria-selected", "true")
    expect(cited).to_have_count(5)
    tab.keyboard.press("End")
    bars = tab.locator("#sources .timeline svg a")
    expect(bars.first).to_be_visible()
    expect(tab.get_by_role("link", name="The answer's papers on the map of topics")).to_have_attribute(
        "href", "library?show=map&marked=" + str(tab.locator("#sources .star").first.get_attribute("data-star"))[2:-2]
    )
    tab.keyboard.press("ArrowRight")
    expect(tabs(tab).first).to_be_focused()
    tabs(tab).last.click()
    label = str(bars.first.get_attribute("aria-label"))
    bars.first.click()
    expect(tab.locator("#search input[name=q]")).to_have_value(FIRST)
    expect(tab.locator("#found .papers li")).to_have_count(int(label.split(": ")[1].split()[0]))


def test_a_tab_stays_while_an_answer_is_written_and_a_citation_opens_the_right_one(
    tab: Page, chat_with: Callable[[object], str]
) -> None:
    model = PausedModel(WRITTEN[:20], WRITTEN[20:], "It is one of them [1].")
    tab.goto(chat_with(model))
    ask(tab, FIRST)
    expect(tabs(tab)).to_have_text(["Found"])
    model.go_on.set()
    expect(tabs(tab)).to_have_text(["Sources 2", "Also read 4", "By year"])
    tabs(tab).nth(2).click()
    drawn = tab.locator("#sources .timeline svg")
    expect(drawn).to_be_visible()
    tab.locator("#thread a.cite").first.click()
    expect(tabs(tab).first).to_have_attribute("aria-selected", "true")
    expect(tab.locator("#sources .card[data-active]")).to_be_visible()
    answered(tab, SECOND, 2)
    tab.locator("#thread a.cite").first.click()
    tabs(tab).nth(2).click()
    expect(drawn).to_be_visible()  # and was not asked for again


def test_what_leads_to_a_card_that_was_also_read_opens_it(tab: Page, chat_with: Callable[[object], str]) -> None:
    tab.goto(chat_with(written("GraphSAINT samples the training graph itself and builds a complete GCN on the subgraph [2].")))
    answered(tab, FIRST, 1)
    expect(tabs(tab)).to_have_text(["Sources 1", "Also read 5", "By year"])
    tab.get_by_role("button", name="found in 1").click()
    expect(tabs(tab).nth(1)).to_have_attribute("aria-selected", "true")
    opened = tab.locator("#sources .card[data-active]")
    expect(opened).to_contain_text("GraphSAINT")
    expect(opened.locator("mark[data-active]")).to_be_focused()
    expect(opened).to_be_in_viewport()


def test_only_what_the_library_can_show_by_year_is_counted(assistant: Assistant) -> None:
    shown = years.html(assistant, answer(standalone_question=FIRST, filters=Filters(since="2024", source="starter")))
    assert "source=starter" in shown
    assert "no paper" not in shown.casefold()
    wrong = years.html(assistant, answer(standalone_question=FIRST, filters=Filters(source="<nosuch>")))
    assert "&lt;nosuch&gt;" in wrong


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_of_a_conversation_is_printed_in_dark_on_white(tab: Page, quoting: str, scheme: str) -> None:
    tab.goto(f"{quoting}?__theme={scheme}")
    answered(tab, FIRST, 1)
    answered(tab, SECOND, 2)
    tab.emulate_media(media="print")
    for n in (0, 1):
        expect(tab.locator("#thread .asked").nth(n)).to_be_visible()
        expect(tab.locator("#thread .references").nth(n)).to_be_visible()
        expect(tab.locator("#sources section").nth(n).locator("h2")).to_have_text((FIRST, SECOND)[n])
        expect(tab.locator("#sources section").nth(n).locator(".card").first).to_be_visible()
    for unprinted in ("#kept", "#question", "#sources .tabs >> nth=0", "#thread .acts >> nth=0"):
        expect(tab.locator(unprinted)).to_be_hidden()
    expect(tab.locator("#thread .asked").first).to_have_css("color", "rgb(28, 34, 48)")
    expect(tab.locator("#columns")).to_have_css("background-color", "rgb(255, 255, 255)")
    assert tab.locator("#thread .thread, #sources").evaluate_all(
        "(all) => all.every((it) => it.scrollHeight <= it.clientHeight + 1)"
    )


def test_the_references_of_an_answer_whose_cards_are_no_longer_on_the_page_are_printed() -> None:
    long = Conversation("one", tuple(answer(id=str(n)) for n in range(RECENT_ANSWERS + 1)))
    assert 'id="sources-0"' not in long.panel()
    assert '<ol class="references">' in long.exchanges()[0]
