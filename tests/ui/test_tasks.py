"""What readers come for, in a real browser, each with the number of actions that it takes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import bibtexparser
import pytest
from playwright.sync_api import Page, expect
from support.actions import Actions
from support.chat_page import FIRST, ask, serve, written
from support.factories import QueueModel

from rag.assistant import Assistant
from rag.index.minilm import MiniLM
from rag.settings.settings import load

WRONG = "GraphSAINT samples the training graph itself [1]. It reaches an F1 score of 0.985 on PPI [1]."
FIVE = "Five answers: " + " ".join(f"It is said in one [{n}]." for n in range(1, 6))
TWO_ABSTRACTS = """LanternNet: Learning to Dim Street Lamps at Night in Old Towns
Street lamps waste power when nobody walks below them. LanternNet dims 340 lamps by learning from footsteps.

A Drone that Guards Orchards against Spring Frost
Orchards lose fruit to frost in spring. A drone measures blossom temperature every 90 seconds, and lights 12 heaters in time.
"""


@pytest.fixture
def own(own_home: Path, embedder: MiniLM) -> Iterator[str]:
    """The address of a chat whose library and collection the test may change."""
    yield from serve(Assistant(load(home=own_home, no_model=True), embedder=embedder))


def test_a_doubtful_claim_is_verified_in_two_actions(tab: Page, chat_with: Callable[[object], str]) -> None:
    tab.goto(chat_with(written(WRONG)))
    ask(tab, FIRST)
    expect(tab.locator("#thread .copy")).to_have_count(1)
    does = Actions(tab)
    does.click(tab.get_by_role("button", name="1 wrong number"))
    expect(tab.locator("#thread .claim.contradicted").first).to_be_focused()
    does.click(tab.get_by_role("button", name="abstract says 0.995"))
    sentence = tab.locator("#sources mark[data-active]")
    expect(sentence).to_contain_text("F1 scores of 0.995 on PPI and 0.970 on Reddit set a new state of the art.")
    expect(sentence).to_be_in_viewport()
    assert does.made == 2


def test_what_is_new_on_a_topic_is_shown_with_its_picture_in_one_action(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    does = Actions(tab)
    does.click(tab.locator("#start button", has_text="What is new"))
    expect(tab.locator("#thread .reading")).to_contain_text("newest first")
    picture = tab.get_by_role("group", name="Papers on this question by year")
    expect(picture).to_be_in_viewport()
    assert picture.get_by_role("link").count() > 1
    assert does.made == 1
    tab.locator("#thread a.cite").first.click()
    expect(tab.locator("#sources .card[data-active]")).to_be_visible()
    tab.reload()
    expect(picture).to_be_visible()


def test_five_papers_are_a_bibtex_file_and_a_table_in_six_actions(tab: Page, chat_with: Callable[[object], str]) -> None:
    tab.goto(chat_with(QueueModel(FIVE, repeat=True)))
    does, texts = Actions(tab), {}
    does.ask("Which papers train graph networks on sampled subgraphs?")
    does.click(tab.get_by_role("button", name="Save 5 papers"))
    expect(tab.locator("#sources .card .star[aria-pressed=true]")).to_have_count(5)
    does.click(tab.get_by_role("link", name="Collection"))
    expect(tab.locator("#evidence tbody tr")).to_have_count(5)
    for name in ("BibTeX", "CSV"):
        with tab.expect_download() as download:
            does.click(tab.get_by_role("button", name=name, exact=True))
        texts[download.value.suggested_filename] = Path(download.value.path()).read_text("utf-8-sig")
    assert len(bibtexparser.parse_string(texts["collection.bib"]).entries) == 5
    assert len(list(csv.reader(io.StringIO(texts["collection.csv"])))) == 6
    assert does.made == 5  # six are allowed


def test_pasted_abstracts_are_asked_alone_in_three_actions(tab: Page, own: str) -> None:
    tab.goto(f"{own}library")
    does = Actions(tab)
    does.fill(tab.get_by_label("Add papers"), TWO_ABSTRACTS)
    does.click(tab.get_by_role("button", name="Add to the library"))
    expect(tab.locator("#told")).to_contain_text("2 papers added.")
    does.click(tab.get_by_role("link", name="Ask these"))
    assert does.made == 3
    expect(tab.locator("#scope .chip")).to_contain_text("2 selected papers")
    ask(tab, "How many lamps are dimmed?")
    expect(tab.locator("#thread")).to_contain_text("340 lamps")
    expect(tab.locator("#sources .card").first).to_be_attached()
    assert tab.locator("#sources .card").count() <= 2
