"""The library page: what it changes, over real homes, and what a person sees of it, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect
from support.chat_page import ask, serve

from rag.assistant import Assistant
from rag.errors import Busy, SourceError
from rag.index.minilm import MiniLM
from rag.ingestion import Report
from rag.settings.settings import load
from rag.types import BadRecord, Filters, Paper
from ui.chat import selected_papers
from ui.library import intake, panel
from ui.library.intake import Result, Step

LAMPS = "LanternNet: Street Lamps that Listen"
ABSTRACT = "Street lamps waste power when nobody walks below them. LanternNet dims 340 lamps by learning from footsteps."


def lines(*records: dict[str, object]) -> str:
    return "\n".join(map(json.dumps, records))


def lamps(n: int = 0) -> dict[str, object]:
    title = f"{LAMPS}, part {n}" if n else LAMPS
    return {"title": title, "abstract": f"{ABSTRACT} Town {n} took part." if n else ABSTRACT, "published": "2023-05-01"}


def result(events: Iterator[Step | Result]) -> Result:
    *steps, last = events
    assert all(isinstance(step, Step) for step in steps)
    assert isinstance(last, Result)
    return last


@pytest.fixture
def own(own_home: Path, embedder: MiniLM) -> Assistant:
    """The quoting assistant over a library that the test may write."""
    return Assistant(load(home=own_home, no_model=True), embedder=embedder)


# -- changes -----------------------------------------------------------------------------------------------------------------


def test_files_are_known_by_their_own_names_and_a_second_time_as_here_before(own: Assistant, tmp_path: Path) -> None:
    (tmp_path / "upload").mkdir()
    file = tmp_path / "upload" / "lamps.jsonl"
    file.write_text(lines(lamps(), {"abstract": "Without a title."}), "utf-8")
    first = result(intake.add(own, [str(file)]))
    [report] = first.reports
    assert (report.source, report.read, report.added, len(report.bad), report.error) == ("lamps.jsonl", 2, 1, 1, None)
    assert "had this source before" not in panel.reports(first)
    assert "line 2: " in panel.reports(first)
    assert own.search("lamps dimmed by footsteps", 1)[0].paper.title == LAMPS
    again = result(intake.add(own, [str(file)]))
    assert again.reports[0].unchanged == 1
    assert "The library had this source before" in panel.reports(again)


def test_what_cannot_be_read_is_told_in_a_sentence_without_the_folder_it_was_put_into(own: Assistant, tmp_path: Path) -> None:
    picture, note = tmp_path / "cat.png", tmp_path / "note.txt"
    picture.write_bytes(b"\x89PNG\0\0")
    note.write_text("Buy milk.", "utf-8")
    told = result(intake.add(own, [str(picture), str(note)], "Nothing of use."))
    errors = [report.error or "" for report in told.reports]
    assert [error.partition(". Give")[0] for error in errors] == [
        "cat.png is a picture, not a text file",
        "note.txt holds no papers in a known format",
        "The pasted text holds no papers in a known format",
    ]
    assert str(tmp_path) not in panel.reports(told)
    assert own.count() == 574


def test_pasted_texts_are_named_by_day_and_number_and_can_be_taken_out(own: Assistant) -> None:
    names = [result(intake.add(own, [], lines(lamps(n)))).reports[0].source for n in (1, 2)]
    assert names == [f"pasted-{date.today()}-1", f"pasted-{date.today()}-2"]
    *_, gone = intake.remove(own, names[0])
    assert gone == 1
    assert own.count() == 575
    assert names[0] not in own.library.sources()
    with pytest.raises(SourceError, match="has no source nosuch"):
        list(intake.remove(own, "nosuch"))


def test_questions_are_answered_while_300_papers_are_read_and_a_second_change_is_refused(own: Assistant) -> None:
    events: list[Step | Result] = []
    reading = intake.add(own, [], lines(*map(lamps, range(1, 301))))
    events.append(next(reading))
    writer = Thread(target=lambda: events.extend(reading))
    writer.start()
    with pytest.raises(Busy, match=r"is being written by process .* Wait until it is done\.$"):
        list(intake.add(own, [], lines(lamps())))
    answer = own.ask("How does GraphSAINT build its minibatches?")
    during = not isinstance(events[-1], Result)
    assert not answer.refused
    assert "GraphSAINT" in answer.sources[0].paper.title
    writer.join(timeout=120)
    assert during, "the papers were read before the question was answered"
    assert isinstance(events[-1], Result)
    assert events[-1].reports[0].added == 300
    assert {(s.stage, s.total) for s in events if isinstance(s, Step)} >= {("embedding", 300)}
    assert own.count() == 874
    assert LAMPS in own.search("lamps dimmed by footsteps", 1)[0].paper.title


# -- what is shown -----------------------------------------------------------------------------------------------------------


def test_nothing_of_a_paper_or_a_source_is_taken_for_html() -> None:
    evil = "<img src=x onerror=alert(1)>\"'"
    it = Paper(evil, evil, evil, "2024", (evil,), None, evil, f"javascript:{evil}", (evil,))
    read = (Report(evil, 1, 1, 0, 0, (BadRecord(1, evil),)), Report("f", 0, 0, 0, 0, (), evil))
    shown = [
        panel.paper(it, [(it, 0.5)]),
        panel.papers([it], 1, evil),
        panel.sources({evil: 1}, {evil: ("2024", "2024")}),
        panel.remove_question(evil, 1),
        panel.status(evil),
        panel.reports(Result(read, frozenset())),
        selected_papers.line([it]),
    ]
    for html in shown:
        assert "<img" not in html
        assert "&lt;img" in html
    assert 'href="javascript' not in shown[0]


def test_years_are_bars_with_numbers_and_the_ones_long_ago_are_one() -> None:
    bars = panel.years({"": 3, "1990": 2, "2000": 1, "2024": 4, "2025": 8})
    assert '<th scope="row">2025</th>' in bars
    assert '<th scope="row">2020</th>' in bars
    assert "2013" not in bars
    assert bars.index("2014") < bars.index("earlier")
    assert "3 papers without a date are not shown." in bars
    assert "No paper of the library has a date." in panel.years({"": 3})
    assert panel.years({}) == ""


# -- in the browser ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def starter(assistant: Assistant) -> Iterator[str]:
    """The address of a chat over the starter corpus, that nobody writes."""
    yield from serve(assistant)


def test_the_list_is_searched_narrowed_and_turned(tab: Page, starter: str) -> None:
    tab.goto(f"{starter}library")
    items = tab.locator("#found li")
    expect(items).to_have_count(20)
    expect(tab.locator("#found .scope")).to_contain_text("1 to 20 of 574, the newest first")
    tab.get_by_role("button", name="Next →").click()
    expect(tab.locator("#found .scope")).to_contain_text("21 to 40 of 574")
    tab.get_by_label("Search").first.fill("sampling subgraphs for graph networks")
    tab.get_by_label("Search").first.press("Enter")
    expect(items.first).to_contain_text("GraphSAINT")
    expect(tab.locator("#found .scope")).to_contain_text("1 to 20 of the nearest 100, the nearest first")
    tab.get_by_label("From", exact=True).fill("soon")
    tab.get_by_label("From", exact=True).press("Enter")
    expect(tab.locator("#found")).to_contain_text("“soon” is not a date.")
    tab.get_by_label("From", exact=True).fill("2031")
    tab.get_by_label("From", exact=True).press("Enter")
    expect(tab.locator("#found")).to_contain_text("No paper of the 574 is from 2031 on")


def test_a_paper_has_an_address_its_like_and_a_way_to_ask_about_it_alone(tab: Page, starter: str, assistant: Assistant) -> None:
    paper = assistant.search("GraphSAINT", 1)[0].paper
    tab.goto(f"{starter}library?paper={paper.id}")
    expect(tab.locator("#paper h2")).to_have_text(paper.title)
    expect(tab.locator("#paper .similar li")).to_have_count(6)
    expect(tab.locator("#listing")).to_be_hidden()
    tab.locator("#paper .similar a").first.click()
    expect(tab.locator("#paper h2")).not_to_have_text(paper.title)
    tab.go_back()
    expect(tab.locator("#paper h2")).to_have_text(paper.title)
    expect(tab).to_have_title("Library · Ask the abstracts")
    tab.get_by_role("link", name="Ask about this paper").click()
    expect(tab.locator("#selected")).to_contain_text(f"Asking only the paper “{paper.title}”.")
    expect(tab.locator("#question textarea")).to_have_value(f"What does “{paper.title}” propose, and how well does it work?")
    tab.locator("#question textarea").press("Enter")
    expect(tab.locator("#sources .scope")).to_have_text(f"Only the paper “{paper.title}”.")
    expect(tab.locator("#sources .card")).to_have_count(1)
    expect(tab.locator("#chat a.cite").first).to_be_visible()
    tab.get_by_role("button", name="Ask all papers again").click()
    expect(tab.locator("#selected")).to_be_hidden()
    tab.reload()  # which asks for the paper no more
    expect(tab.locator("#chat a.cite").first).to_be_visible()
    expect(tab.locator("#selected")).to_be_hidden()


def test_back_leads_from_paper_to_paper_to_the_list(tab: Page, starter: str) -> None:
    tab.goto(f"{starter}library")
    tab.locator("#found a").first.click()
    expect(tab.locator("#paper .similar a").first).to_be_visible()
    title = tab.locator("#paper h2").text_content() or ""
    tab.locator("#paper .similar a").first.click()
    expect(tab.locator("#paper h2")).not_to_have_text(title)
    tab.go_back()
    expect(tab.locator("#paper h2")).to_have_text(title)
    tab.go_back()
    expect(tab.locator("#found li").first).to_be_visible()
    expect(tab.locator("#paper")).to_be_hidden()


def test_what_is_asked_of_selected_papers_first_is_answered(assistant: Assistant) -> None:
    for titles in (("GraphSAINT", "Pard"), ("MiniMax-01", "TAME", "PhaseNet")):
        papers = [assistant.search(title, 1)[0].paper for title in titles]
        made = assistant.ask(selected_papers.question(papers), filters=Filters(papers=tuple(paper.id for paper in papers)))
        assert not made.refused
        assert {source.paper.id for source in made.sources if source.cited} <= {paper.id for paper in papers}


def test_papers_are_added_asked_about_and_removed_in_the_browser(
    tab: Page, browser: Browser, own: Assistant, tmp_path: Path
) -> None:
    server = serve(own)
    url = next(server)
    file = tmp_path / "my lamps.jsonl"
    file.write_text(lines(lamps(), {"abstract": "Without a title."}), "utf-8")
    tab.goto(f"{url}library")
    tab.get_by_role("button", name="Add to the library").click()
    expect(tab.locator("#told")).to_have_text("Choose files or paste text first.")
    tab.locator("#add input[type=file]").set_input_files(str(file))
    expect(tab.locator("#add")).to_contain_text("lamps")
    tab.get_by_role("button", name="Add to the library").click()
    expect(tab.locator("#told .reports")).to_contain_text("my lamps.jsonl: read 2, added 1, updated 0, unchanged 0, bad 1")
    expect(tab.locator("#masthead")).to_contain_text("575 papers · 2 sources")
    expect(tab.locator("#counts tr")).to_have_count(2)
    other = browser.new_page()
    other.goto(url)
    expect(other.locator("#masthead")).to_contain_text("575 papers")
    ask(other, "How many lamps does LanternNet dim?")
    expect(other.locator("#chat")).to_contain_text("340 lamps")
    other.close()
    tab.get_by_role("button", name="Remove my lamps.jsonl").click()
    expect(tab.locator("#really")).to_contain_text("It lists 1 paper")
    tab.get_by_role("button", name="Keep it").click()
    expect(tab.locator("#really")).to_be_hidden()
    tab.get_by_role("button", name="Remove my lamps.jsonl").click()
    tab.get_by_role("button", name="Remove it").click()
    expect(tab.locator("#told")).to_contain_text("Removed my lamps.jsonl: 1 paper is no longer in the library.")
    expect(tab.locator("#masthead")).to_contain_text("574 papers · 1 source")
    next(server, None)
