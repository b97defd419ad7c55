"""The collection: stars everywhere, the table of evidence, own columns, files, and what takes papers out and puts them back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import bibtexparser
import pytest
from playwright.sync_api import Browser, Page, expect
from support.chat_page import PausedModel, serve
from support.factories import QueueModel, answer, paper, sources

from rag.assistant import Assistant
from rag.errors import EndpointError
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from rag.storage.saved import SavedPaper, SavedPapers
from rag.types import Claim, Paper
from ui.chat import selected_papers
from ui.collection import asking, table
from ui.collection.asking import Asking
from ui.collection.export import FORMATS
from ui.collection.table import Table

OWNER = "browser:me"
EVIL = "<script>alert(1)</script> \"double\" 'single' & ![x](http://outside.invalid/x.png)"
EVIL_PAPER = Paper(EVIL, EVIL, EVIL, "2024", (EVIL,), None, EVIL, f"javascript:{EVIL}", (EVIL,))


@pytest.fixture
def own(own_home: Path, embedder: MiniLM) -> Assistant:
    """The quoting assistant over a library that the test may write."""
    return Assistant(load(home=own_home, no_model=True), embedder=embedder)


@pytest.fixture
def found(own: Assistant) -> list[Paper]:
    """Two papers of the library."""
    return [own.search(title, 1)[0].paper for title in ("GraphSAINT", "BabyLlama-2")]


@pytest.fixture
def saved(own: Assistant, found: list[Paper]) -> SavedPapers:
    shelf = SavedPapers(own.home)
    shelf.save(OWNER, found)
    return shelf


# -- the table --------------------------------------------------------------------------------------------------------------


def test_the_table_quotes_each_abstract_and_names_the_sentence(own: Assistant, saved: SavedPapers) -> None:
    shown = table.html(Table.read(saved, OWNER, own), own)
    assert "<q>To scale Graph Convolutional Networks (GCNs) past the &#34;neighbor explosion&#34;" in shown
    assert ">sentence 1</a>" in shown
    assert shown.count('<tr role="row">') == 3
    assert "No paper is saved yet" in table.html(Table((), (), {}), own)


def test_a_paper_that_left_the_library_is_named_and_says_so(own: Assistant) -> None:
    gone = SavedPaper(paper("Kites", "", published="2021"), gone=True)
    shown = table.html(Table([gone], ["How many?"], {}), own)
    assert "Kites" in shown
    assert "No longer in the library" in shown
    assert "not said" not in shown
    assert "data-tick" not in shown
    _, row = table.texts(Table([gone], [], {}), own)
    assert row[:2] == ["anon-2021-kites", "Kites"]


def test_nothing_of_a_paper_or_a_question_is_taken_for_html(own: Assistant) -> None:
    of = answer(EVIL, sources(EVIL_PAPER), claims=(Claim(EVIL, 0, len(EVIL), (), "uncited", (EVIL,)),))
    for gone in (True, False):
        shown = table.html(Table([SavedPaper(EVIL_PAPER, gone)], [EVIL], {(EVIL, EVIL): of}), own)
        assert "<script" not in shown
        assert shown.count("&lt;script") >= 4


def test_a_long_collection_has_pages(own: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "PAGE_SIZE", 2)
    papers = [SavedPaper(paper(f"Kite {n}", "")) for n in range(5)]
    shown = table.html(Table(papers, [], {}), own, 1)
    assert ("Kite 1" in shown, "Kite 2<" in shown, "2 of 3" in shown) == (False, True, True)
    assert "Kite 4<" in table.html(Table(papers, [], {}), own, 99)
    assert len(list(table.texts(Table(papers, [], {}), own))) == 6


def test_a_cell_has_the_statements_of_its_answer_with_what_the_check_doubts() -> None:
    text = "It dims 350 lamps [1]."
    doubted = Claim(text, 0, len(text), (1,), "contradicted", ("“350” where [1] has “340”",))
    [statement] = table.own_cell(answer(text, claims=(doubted,))).statements
    assert (statement.text, statement.sign) == ("It dims 350 lamps.", "≠")
    assert "where the abstract has “340”" in statement.finding
    [supported] = table.own_cell(answer()).statements
    assert (supported.text, supported.sign, supported.checked) == ("LanternNet dims 340 lamps.", "", True)
    [unchecked] = table.own_cell(answer("574 papers.", claims=())).statements
    assert (unchecked.text, unchecked.checked) == ("574 papers.", False)
    assert table.own_cell(replace(answer(), refused=True)).statements == ()
    assert table.own_cell(replace(answer(), complete=False)).note


# -- own columns ------------------------------------------------------------------------------------------------------------


def test_each_paper_is_asked_alone_and_the_answer_kept(own: Assistant, saved: SavedPapers, found: list[Paper]) -> None:
    model = QueueModel("It has five graphs [1].", "NOT ENOUGH EVIDENCE.", name="m")
    saved.add_column(OWNER, "How many graphs?")
    asked = list(asking.fill(own.using(model), saved, OWNER, "How many graphs?", found, Asking()))
    assert asked == [0, 1, 2]
    assert [[s.paper.id for s in prompt.sources] for prompt in model.prompts] == [[one.id] for one in found]
    cells = saved.cells(OWNER)
    assert {paper_id for _, paper_id in cells} == {one.id for one in found}
    first = cells["How many graphs?", found[0].id]
    assert (first.answer, first.model) == ("It has five graphs [1].", "m")
    assert [claim.verdict for claim in first.claims if claim.verdict != "none"]


def test_without_a_model_a_cell_is_one_quote_or_not_said(own: Assistant, saved: SavedPapers, found: list[Paper]) -> None:
    question = "How many parameters does the model have?"
    saved.add_column(OWNER, question)
    list(asking.fill(own, saved, OWNER, question, found, Asking()))
    cells = saved.cells(OWNER)
    graphs, llama = (table.own_cell(cells[question, one.id]) for one in found)
    assert graphs.statements == ()
    [quote] = llama.statements
    assert "345 million parameters" in quote.text
    assert quote.text in found[1].abstract


def test_a_stop_and_an_error_keep_what_was_answered(own: Assistant, saved: SavedPapers, found: list[Paper]) -> None:
    saved.add_column(OWNER, "How many graphs?")
    failing = own.using(QueueModel("It has five graphs [1].", EndpointError("The server is gone.", "Start it.")))
    with pytest.raises(EndpointError):
        list(asking.fill(failing, saved, OWNER, "How many graphs?", found, Asking()))
    assert list(saved.cells(OWNER)) == [("How many graphs?", found[0].id)]
    saved.add_column(OWNER, "Which graphs?")
    running = Asking()
    model = own.using(QueueModel("It has five graphs [1].", repeat=True))
    for done in asking.fill(model, saved, OWNER, "Which graphs?", found, running):
        running.stopped = done == 1
    assert ("Which graphs?", found[0].id) in saved.cells(OWNER)
    assert ("Which graphs?", found[1].id) not in saved.cells(OWNER)
    assert Table.read(saved, OWNER, own).unasked("Which graphs?") == found[1:]


# -- files ------------------------------------------------------------------------------------------------------------------


def test_the_files_hold_the_papers_under_the_same_keys_with_the_columns(
    own: Assistant, saved: SavedPapers, found: list[Paper]
) -> None:
    saved.add_column(OWNER, "=HYPERLINK?")
    saved.keep_cell(OWNER, "=HYPERLINK?", found[0].id, answer())
    read = Table.read(saved, OWNER, own)
    files = {name: write(read, own) for name, (_, write) in FORMATS.items()}
    head, *rows = csv.reader(io.StringIO(files["CSV"].removeprefix("\ufeff")))
    assert head == ["Key", "Paper", "Authors", "Date", "Address", "Problem", "Method", "Data", "Result", "'=HYPERLINK?"]
    assert (rows[0][1], rows[0][-1], rows[1][-1]) == (found[0].title, "LanternNet dims 340 lamps.", "")
    keys = [entry.key for entry in bibtexparser.parse_string(files["BibTeX"]).entries]
    assert keys == [row[0] for row in rows] == [item["id"] for item in json.loads(files["CSL-JSON"])]
    assert len(files["Markdown"].splitlines()) == 4
    assert files["RIS"].count("TY  - ") == 2


# -- ways into the chat -----------------------------------------------------------------------------------------------------


def test_a_comparison_begins_with_a_question_about_how_they_differ(own: Assistant, found: list[Paper]) -> None:
    assert selected_papers.comparison(found).startswith("How do “GraphSAINT” and “BabyLlama-2” differ")
    assert selected_papers.comparison([*found, paper()]) == "How do these papers differ in problem, method, data and result?"
    assert selected_papers.comparison(found[:1]) == selected_papers.question(found[:1])


# -- in the browser ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def chat(own: Assistant) -> Iterator[str]:
    yield from serve(own)


@pytest.fixture
def me(browser: Browser) -> Iterator[Page]:
    """A page of a browser with a collection of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def save_two(page: Page, url: str) -> list[str]:
    """Save the first two papers of the library, open the collection, and return their titles."""
    page.goto(f"{url}library")
    for n in range(2):
        page.locator("#found .star").nth(n).click()
    expect(page.locator("#masthead a[href=collection]")).to_have_attribute("data-count", "2")
    titles = [page.locator("#found li > a").nth(n).inner_text() for n in range(2)]
    page.wait_for_timeout(300)  # until the second one is written
    page.goto(f"{url}collection")
    expect(page.locator("#evidence tbody tr")).to_have_count(2)
    return titles


def test_a_star_is_set_by_keyboard_and_is_the_same_on_every_page_of_the_same_browser_only(
    me: Page, browser: Browser, chat: str
) -> None:
    me.goto(f"{chat}library")
    star = me.locator("#found .star").first
    expect(star).to_have_attribute("aria-pressed", "false")
    star.focus()
    me.keyboard.press("Space")
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(me.locator("#masthead a[href=collection]")).to_have_attribute("data-count", "1")
    me.locator("#found li > a").first.click()
    expect(me.locator("#paper .star")).to_have_attribute("aria-pressed", "true")
    tab = me.context.new_page()
    tab.goto(f"{chat}library")
    expect(tab.locator("#found .star").first).to_have_attribute("aria-pressed", "true")
    expect(tab.locator("#found .star").nth(1)).to_have_attribute("aria-pressed", "false")
    tab.locator("#found .star").first.click()
    expect(tab.locator("#masthead a[href=collection]")).to_have_attribute("data-count", "0")
    tab.wait_for_timeout(300)
    me.reload()
    expect(me.locator("#paper .star")).to_have_attribute("aria-pressed", "false")
    other = browser.new_page()
    other.goto(f"{chat}collection")
    expect(other.locator("#evidence")).to_contain_text("No paper is saved yet.")
    other.close()


def test_ticked_papers_are_compared_and_all_of_them_asked(me: Page, chat: str) -> None:
    first, second = save_two(me, chat)
    for title in (first, second):
        me.get_by_label(f"Compare “{title}”").check()
    me.get_by_role("button", name="Compare (2)").click()
    expect(me.locator("#scope .chips")).to_contain_text("2 selected papers")
    expect(me.locator(".asked")).to_have_text(selected_papers.comparison([paper(first), paper(second)]))
    me.goto(f"{chat}collection")
    me.get_by_role("link", name="Ask all").click()
    expect(me.locator("#question textarea")).to_have_value("What do these papers propose?")


def test_a_removal_is_undone_and_emptying_asks_first(me: Page, chat: str) -> None:
    first, second = save_two(me, chat)
    rows = me.locator("#evidence tbody tr")
    me.get_by_role("button", name=f"Remove “{first}”").focus()
    me.keyboard.press("Enter")
    expect(rows).to_have_count(1)
    expect(me.get_by_role("button", name=f"Remove “{second}”")).to_be_focused()
    expect(me.locator("#undoing")).to_contain_text("Removed 1 paper.")
    me.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(2)
    expect(me.locator("#masthead .about")).to_have_text("2 saved papers")
    me.get_by_role("button", name="Empty the collection").click()
    expect(me.locator("#emptying")).to_contain_text("Remove all 2 papers from the collection?")
    me.get_by_role("button", name="Keep them").click()
    expect(rows).to_have_count(2)
    me.get_by_role("button", name="Empty the collection").click()
    me.get_by_role("button", name="Remove all").click()
    expect(me.locator("#evidence")).to_contain_text("No paper is saved yet.")
    me.get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(2)


def test_an_own_column_is_asked_of_each_paper_checked_and_kept(me: Page, chat_with: Callable[[object], str]) -> None:
    url = chat_with(QueueModel("It weighs 12,345 tons [1].", EndpointError("The server is gone.", "Start it again.")))
    save_two(me, url)
    box = me.get_by_label("Ask each paper")
    box.press("Enter")
    expect(me.locator("#asked")).to_contain_text("There is no question.")
    box.fill("How heavy is it?")
    me.get_by_role("button", name="Add column").click()
    expect(me.locator("#asked")).to_contain_text("The server is gone. Start it again.")
    cells = me.locator("#evidence td.own")
    expect(cells.first).to_contain_text("It weighs 12,345 tons.")
    expect(cells.first.locator(".verdict.doubt")).to_be_visible()
    expect(cells.nth(1)).to_have_text("not asked yet")
    me.reload()
    expect(cells.first).to_contain_text("It weighs 12,345 tons.")
    expect(me.get_by_role("button", name="Ask 1 paper: How heavy is it?")).to_be_visible()
    me.get_by_role("button", name="Remove the column How heavy is it?").focus()
    me.keyboard.press("Enter")
    expect(cells).to_have_count(0)
    expect(me.get_by_role("button", name="Undo")).to_be_focused()
    me.get_by_role("button", name="Undo").click()
    expect(cells.first).to_contain_text("It weighs 12,345 tons.")


def test_asking_is_stopped_and_goes_on_with_the_papers_that_are_left(me: Page, chat_with: Callable[[object], str]) -> None:
    model = PausedModel("It weighs ", "5 tons [1].", "It weighs 6 tons [1].", "It weighs 7 tons [1].")
    save_two(me, chat_with(model))
    me.get_by_label("Ask each paper").fill("How heavy is it?")
    me.get_by_label("Ask each paper").press("Enter")
    expect(me.locator("#asked progress")).to_have_attribute("max", "2")
    me.get_by_role("button", name="Stop").click()
    expect(me.locator("#asked")).to_contain_text("You stopped this. 0 papers of 2 answered.")
    expect(me.get_by_role("button", name="Stop")).to_be_hidden()
    me.get_by_role("button", name="Ask 2 papers: How heavy is it?").click()
    expect(me.locator("#asked")).to_contain_text("Asked 2 papers.")
    expect(me.locator("#evidence td.own").nth(1)).to_contain_text("It weighs 7 tons.")


def test_the_pages_of_a_long_table_are_turned_and_ticks_stay(me: Page, chat: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = save_two(me, chat)
    me.get_by_label(f"Compare “{first}”").check()
    monkeypatch.setattr(table, "PAGE_SIZE", 1)
    me.reload()
    me.get_by_label(f"Compare “{first}”").check()
    me.get_by_role("button", name="Next").click()
    expect(me.locator("#evidence tbody tr")).to_contain_text(second)
    me.get_by_label(f"Compare “{second}”").check()
    expect(me.locator("[data-compare]")).to_have_text("Compare (2)")
    me.get_by_role("button", name="Previous").click()
    expect(me.get_by_label(f"Compare “{first}”")).to_be_checked()
