"""Papers are ticked on any page, and compared side by side with one press."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from support.chat_page import ask
from support.factories import QueueModel

from rag.answering.compared import MAX_PAPERS

QUESTION = "Which papers train graph networks on sampled subgraphs?"
TABLE = "| Aspect | Pard [1] | GraphSAINT [2] |\n|---|---|---|\n| Speed | It is 999 times faster. | not said |\n"


def columns(tab: Page) -> list[str]:
    expect(tab.locator(".reading table")).to_be_visible()
    return tab.locator(".reading th").all_inner_texts()


def test_two_papers_are_compared_in_three_actions(tab: Page, quoting: str) -> None:
    tab.goto(f"{quoting}library?q=subgraph+sampling")
    titles = [tab.locator("#found li > a").nth(n).inner_text() for n in (0, 1)]
    tab.locator("#found [data-tick]").nth(0).check()  # 1
    tab.locator("#found [data-tick]").nth(1).check()  # 2
    tab.get_by_role("button", name="Compare (2)").click()  # 3
    heads = columns(tab)
    assert all(any(title in head for head in heads) for title in titles)
    expect(tab.locator(".reading tbody tr th, .reading tbody tr td:first-child").first).to_have_text("Problem")
    expect(tab.locator("#scope .chips")).to_contain_text("2 selected papers")
    expect(tab.locator(".ticked")).to_be_hidden()


def test_ticks_of_one_page_are_there_on_the_next(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    ask(tab, QUESTION)
    card = tab.locator("#sources .card").first
    title = card.locator("h3").inner_text().split(" ", 1)[1].strip()
    card.locator("[data-tick]").check()
    compare = tab.locator("[data-compare]")
    expect(compare).to_be_disabled()
    tab.get_by_role("link", name="Library").click()
    expect(tab.locator(".ticked a")).to_have_text("Ask these (1)")
    tab.locator("#found [data-tick]:not(:checked)").first.check()
    expect(compare).to_be_enabled()
    tab.locator(".ticked a").click()
    expect(tab.locator("#question textarea")).to_have_value("What do these papers propose?")
    expect(tab.locator("#scope .chips")).to_contain_text("2 selected papers")
    tab.goto(f"{quoting}library?q={title}")
    expect(tab.locator("#found [data-tick]").first).not_to_be_checked()


def test_more_papers_than_stand_side_by_side_are_asked_but_not_compared(tab: Page, quoting: str) -> None:
    tab.goto(f"{quoting}library")
    for n in range(MAX_PAPERS + 1):
        tab.locator("#found [data-tick]").nth(n).check()
    compare = tab.locator("[data-compare]")
    expect(compare).to_have_text(f"Compare (at most {MAX_PAPERS})")
    expect(compare).to_be_disabled()
    tab.locator("#found [data-tick]").nth(0).uncheck()
    expect(compare).to_be_enabled()
    tab.get_by_role("button", name="Untick").click()
    expect(tab.locator("#found [data-tick]:checked")).to_have_count(0)
    expect(tab.locator(".ticked")).to_be_hidden()


def test_a_link_that_compares_asks_nothing_by_itself(tab: Page, quoting: str) -> None:
    tab.goto(f"{quoting}library?q=subgraph+sampling")
    ids = [tab.locator("#found [data-tick]").nth(n).get_attribute("data-tick") for n in (0, 1)]
    tab.goto(f"{quoting}?paper={ids[0]},{ids[1]}&compare")
    expect(tab.locator("#question textarea")).to_have_value(re.compile("^How do “.+” and “.+” differ"))
    tab.wait_for_timeout(500)
    expect(tab.locator(".exchange")).to_have_count(0)


def test_the_cells_of_a_models_table_are_checked_one_by_one(tab: Page, chat_with: Callable[[object], str]) -> None:
    tab.goto(chat_with(QueueModel(TABLE, repeat=True)))
    ask(tab, "How do GraphSAINT and Pard differ?")
    expect(tab.locator(".reading td .claim").first).to_have_text("It is")
    expect(tab.locator(".reading td", has_text="999 times faster").locator(".claim.unsupported")).not_to_have_count(0)
    expect(tab.locator(".reading td", has_text="not said").locator(".claim")).to_have_count(0)
