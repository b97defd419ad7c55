"""The library page: what it changes, over real homes, and what a person sees of it, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from support.chat_page import ask, serve

from rag.assistant import Assistant
from rag.errors import Busy, SourceError
from rag.index.minilm import MiniLM
from rag.ingestion import Report
from rag.settings.settings import load
from rag.sources import service_requests
from rag.types import BadRecord, Filters, Paper
from ui.chat import selected_papers
from ui.library import intake, panel
from ui.library.address import View
from ui.library.intake import Result, Step
from ui.library.listing import Listing
from ui.rendering import rendered

LAMPS = "LanternNet: Street Lamps that Listen"
ABSTRACT = "Street lamps waste power when nobody walks below them. LanternNet dims 340 lamps by learning from footsteps."
DROP = """text => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], "dropped.jsonl"));
  document.querySelector("#found").dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
}"""


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
    assert "had lamps.jsonl before" not in panel.reports(first)
    assert "line 2: " in panel.reports(first)
    assert own.search("lamps dimmed by footsteps", 1)[0].paper.title == LAMPS
    again = result(intake.add(own, [str(file)]))
    assert again.reports[0].unchanged == 1
    assert "The library had lamps.jsonl before" in panel.reports(again)


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
        panel.paper(it, [(it, 0.5)], View()),
        panel.papers(Listing((evil,), (it,), 1, 1, evil, None), View(source=evil)),
        panel.search(View(q=evil), [evil]),
        panel.sources({evil: 1}, {evil: ("2024", "2024")}),
        panel.remove_question(evil, 1),
        panel.status(evil),
        panel.reports(Result(read, frozenset())),
        rendered("chat/scope.html", asked="All papers", restrictions={evil: evil}, k=1),
    ]
    for html in shown:
        assert "<img" not in html
        assert "&lt;img" in html
    assert 'href="javascript' not in shown[0]


# -- in the browser ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def starter(assistant: Assistant) -> Iterator[str]:
    """The address of a chat over the starter corpus, that nobody writes."""
    yield from serve(assistant)


def test_the_list_is_searched_narrowed_and_turned(tab: Page, starter: str) -> None:
    tab.goto(f"{starter}library")
    items, scope = tab.locator("#found .papers li"), tab.locator("#found .scope")
    expect(items).to_have_count(20)
    expect(scope).to_contain_text("1 to 20 of 574, the newest first")
    tab.get_by_role("link", name="Next").click()
    expect(scope).to_contain_text("21 to 40 of 574")
    expect(scope).to_be_focused()
    tab.get_by_label("Search").first.fill("sampling subgraphs for graph networks")
    tab.get_by_label("Search").first.press("Enter")
    expect(items.first).to_contain_text("GraphSAINT")
    expect(scope).to_contain_text("the nearest first")
    tab.get_by_label("From", exact=True).fill("soon")
    tab.get_by_label("From", exact=True).press("Enter")
    expect(tab.locator("#found")).to_contain_text("“soon” is not a date.")
    tab.get_by_label("From", exact=True).fill("2031")
    tab.get_by_label("From", exact=True).press("Enter")
    expect(tab.locator("#found")).to_contain_text("No paper of the 574 is from 2031 on")


def test_words_without_meaning_find_nothing_and_the_page_says_so(tab: Page, starter: str) -> None:
    tab.goto(f"{starter}library?q=xyzzy+plugh")
    expect(tab.locator("#found .scope")).to_have_text("No paper is about “xyzzy plugh”. Try other words.")
    expect(tab.locator("#found .papers li")).to_have_count(0)


def test_search_filters_and_page_are_in_the_address_and_back_keeps_them(tab: Page, starter: str) -> None:
    tab.goto(f"{starter}library?q=learning&page=2")
    scope, words = tab.locator("#found .scope"), tab.locator("#search input[name=q]")
    expect(scope).to_contain_text("21 to 40 of")
    expect(words).to_have_value("learning")
    tab.get_by_role("link", name="Previous").click()
    expect(scope).to_contain_text("1 to 20 of")
    tab.locator("#found .papers a").first.click()
    expect(tab.locator("#paper h2")).to_be_focused()
    tab.go_back()
    expect(scope).to_contain_text("1 to 20 of")
    words.fill("graph")
    words.press("Enter")
    expect(tab.locator("#found .papers li").first).to_contain_text(re.compile("graph", re.IGNORECASE))
    assert tab.url == f"{starter}library?q=graph"
    expect(words).to_be_focused()
    tab.go_back()
    tab.go_back()
    expect(scope).to_contain_text("21 to 40 of")
    expect(words).to_have_value("learning")
    tab.go_forward()
    expect(scope).to_contain_text("1 to 20 of")
    tab.reload()
    expect(words).to_have_value("learning")


def test_a_bar_filters_by_its_year_and_then_by_its_month(tab: Page, starter: str, assistant: Assistant) -> None:
    tab.goto(f"{starter}library")
    in_2024 = assistant.library.years()["2024"]
    tab.get_by_role("link", name=f"2024: {in_2024} papers").click()
    expect(tab.locator("#found .scope")).to_contain_text(f"of {in_2024}, the newest first")
    expect(tab.locator("#found .filters")).to_contain_text("Papers from 2024")
    assert tab.url == f"{starter}library?since=2024&until=2024"
    expect(tab.locator("#years figcaption")).to_have_text("Papers of 2024 by month")
    month = tab.locator("#years svg a").first
    label = month.get_attribute("aria-label") or ""
    month.click()
    expect(tab.locator("#years svg a[aria-current]")).to_have_attribute("aria-label", label)
    expect(tab.locator("#found .papers li")).to_have_count(int(label.split(": ")[1].split()[0]))
    tab.get_by_role("link", name="All years").click()
    expect(tab.locator("#found .scope")).to_contain_text("of 574")


def test_a_click_before_the_first_list_has_come_is_not_undone_by_it(tab: Page, starter: str, assistant: Assistant) -> None:
    held: list[Route] = []
    clicked = False
    tab.route("**/queue/join*", lambda route: route.continue_() if clicked else held.append(route))
    tab.goto(f"{starter}library")
    year = tab.get_by_role("link", name=re.compile(r"^2024: "))
    expect(year).to_be_visible()
    while not held:
        tab.wait_for_timeout(100)
    clicked = True
    year.click()
    tab.wait_for_timeout(1_500)  # in which an answer to the click could come
    for route in held:
        route.continue_()
    expect(tab.locator("#found .views")).to_be_visible()
    expect(tab.locator("#found .scope")).to_contain_text(f"of {assistant.library.years()['2024']}, the newest first")


def test_the_map_has_its_topics_as_text_and_a_click_filters_by_one(tab: Page, starter: str, assistant: Assistant) -> None:
    found = assistant.search("GraphSAINT", 2)
    marked = ",".join(hit.paper.id for hit in found)
    tab.goto(f"{starter}library?show=map&marked={marked}")
    rows = tab.locator(".topic-map tbody tr")
    topics = assistant.topic_map().topics
    expect(rows).to_have_count(len(topics))
    expect(rows.first).to_contain_text(topics[0].label)
    expect(tab.locator(".topic-map .dot")).to_have_count(574)
    expect(tab.locator(".topic-map .marked title").first).to_have_text(found[0].paper.title)
    link = tab.locator(".topic-map svg a").first
    expect(link).to_have_attribute(
        "aria-label", re.compile(f"^Topic 1, {topics[0].label}: {len(topics[0].papers)} papers, such as ")
    )
    link.focus()
    expect(link.locator(".typical text").first).to_be_visible()
    tab.keyboard.press("Enter")
    expect(tab.locator("#found .scope")).to_contain_text(f"of {len(topics[0].papers)}, the newest first")
    expect(tab.locator("#found .filters")).to_contain_text(f"Topic {topics[0].label}")
    tab.locator("#found .filters a").click()
    expect(tab.locator("#found .scope")).to_contain_text("of 574")


def test_a_source_is_asked_alone(tab: Page, starter: str) -> None:
    tab.goto(f"{starter}library")
    tab.get_by_role("link", name="Ask this source: starter").click()
    expect(tab.get_by_label("Source", exact=True)).to_have_value("starter")
    ask(tab, "How does GraphSAINT build its minibatches?")
    expect(tab.locator("#sources .scope")).to_contain_text("Only papers listed by “starter”.")
    assert "source" not in tab.url


def test_a_paper_has_an_address_its_like_and_a_way_to_ask_about_it_alone(tab: Page, starter: str, assistant: Assistant) -> None:
    paper = assistant.search("GraphSAINT", 1)[0].paper
    tab.goto(f"{starter}library?paper={paper.id}")
    expect(tab.locator("#paper h2")).to_have_text(paper.title)
    expect(tab.locator("#paper .similar li")).to_have_count(6)
    expect(tab.locator("#found")).to_be_hidden()
    tab.locator("#paper .similar a").first.click()
    expect(tab.locator("#paper h2")).not_to_have_text(paper.title)
    tab.go_back()
    expect(tab.locator("#paper h2")).to_have_text(paper.title)
    expect(tab).to_have_title("Library · Ask the abstracts")
    tab.get_by_role("link", name="Ask about this paper").click()
    expect(tab.locator("#scope .chip")).to_contain_text(f"“{paper.title}”")
    expect(tab.locator("#question textarea")).to_have_value(f"What does “{paper.title}” propose, and how well does it work?")
    tab.locator("#question textarea").press("Enter")
    expect(tab.locator("#sources .scope")).to_have_text(f"Only the paper “{paper.title}”.")
    expect(tab.locator("#sources .card")).to_have_count(1)
    expect(tab.locator("#thread a.cite").first).to_be_visible()
    tab.get_by_role("button", name="Remove: ").click()
    expect(tab.locator("#scope .unfold").first).to_contain_text("All 574 papers")
    tab.reload()  # which asks for the paper no more
    expect(tab.locator("#thread a.cite").first).to_be_visible()
    expect(tab.locator("#scope .unfold").first).to_contain_text("All 574 papers")


def test_an_address_of_a_paper_or_topic_that_is_gone_says_so(tab: Page, starter: str) -> None:
    tab.goto(f"{starter}library?paper=nosuch&q=graph")
    expect(tab.locator("#paper .wrong")).to_have_text("This paper is not in the library. It may have been removed.")
    tab.get_by_role("link", name="Back to the list").click()
    expect(tab.locator("#search input[name=q]")).to_have_value("graph")
    expect(tab.locator("#found .papers li").first).to_be_visible()
    tab.goto(f"{starter}library?topic=nosuch")
    expect(tab.locator("#found .wrong")).to_contain_text("Choose a topic from the map.")


def test_back_leads_from_paper_to_paper_to_the_list(tab: Page, starter: str) -> None:
    tab.goto(f"{starter}library")
    tab.locator("#found .papers a").first.click()
    expect(tab.locator("#paper .similar a").first).to_be_visible()
    title = tab.locator("#paper h2").text_content() or ""
    tab.locator("#paper .similar a").first.click()
    expect(tab.locator("#paper h2")).not_to_have_text(title)
    tab.go_back()
    expect(tab.locator("#paper h2")).to_have_text(title)
    tab.go_back()
    expect(tab.locator("#found .papers li").first).to_be_visible()
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
    expect(tab.locator("#told")).to_have_text("Paste a text or choose files first.")
    tab.locator("#add input[type=file]").set_input_files(str(file))
    expect(tab.locator("#told .reports")).to_contain_text("1 paper added. Ask it")
    expect(tab.locator("#told .reports")).to_contain_text("1 record could not be read: line 2: ")
    expect(tab.locator("#masthead")).to_contain_text("575 papers · 2 sources")
    expect(tab.locator("#counts tr")).to_have_count(2)
    other = browser.new_page()
    other.goto(url)
    expect(other.locator("#masthead")).to_contain_text("Library 575")
    ask(other, "How many lamps does LanternNet dim?")
    expect(other.locator("#thread")).to_contain_text("340 lamps")
    other.close()
    tab.evaluate(DROP, json.dumps(lamps(2)))
    expect(tab.locator("#told .reports")).to_contain_text("1 paper added. Ask it")
    tab.get_by_role("button", name="Remove dropped.jsonl").click()
    tab.get_by_role("button", name="Remove it").click()
    expect(tab.locator("#masthead")).to_contain_text("575 papers · 2 sources")
    tab.get_by_role("button", name="Remove my lamps.jsonl").click()
    expect(tab.locator("#really")).to_contain_text("It lists 1 paper")
    tab.get_by_role("button", name="Keep it").click()
    expect(tab.locator("#really")).to_be_hidden()
    tab.get_by_role("button", name="Remove my lamps.jsonl").click()
    tab.get_by_role("button", name="Remove it").click()
    expect(tab.locator("#told")).to_contain_text("Removed my lamps.jsonl: 1 paper is no longer in the library.")
    expect(tab.locator("#masthead")).to_contain_text("574 papers · 1 source")
    next(server, None)


def test_numbers_of_papers_ask_their_service_and_say_in_a_sentence_when_there_is_no_network(
    own: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def unreachable(service: str, address: str, parameters: object = None) -> str:
        asked.append(parameters)
        raise service_requests._unreachable(service, "https://export.arxiv.org/api")

    monkeypatch.setattr(service_requests, "get", unreachable)
    monkeypatch.setattr(service_requests, "sleep", lambda seconds: None)
    told = result(intake.add(own, [], "2305.14314, arXiv:2101.00001"))
    assert [report.error for report in told.reports] == [
        "arXiv (export.arxiv.org) cannot be reached. Check the network, or try again later."
    ]
    assert "2305.14314,2101.00001" in str(asked[0])
    assert told.papers == ()
    assert "Ask" not in panel.reports(told)


def test_the_link_that_asks_names_few_papers_and_the_source_of_many() -> None:
    report = Report("big one.bib", 60, 60, 0, 0)
    few = panel.reports(Result((report,), frozenset(), ("a", "b")))
    assert "60 papers added." in few
    assert 'href="./?paper=a%2Cb">Ask these</a>' in few
    many = panel.reports(Result((report,), frozenset(), tuple(map(str, range(60)))))
    assert 'href="./?source=big%20one.bib">Ask these</a>' in many
    both = panel.reports(Result((report, report), frozenset(), tuple(map(str, range(60)))))
    assert "Ask" not in both


def test_a_report_names_only_what_there_is() -> None:
    told = panel.reports(Result((Report("x", 4, 0, 1, 3),), frozenset({"x"}), ("a",)))
    assert "1 brought up to date, 3 there already." in told
    assert "bad" not in told
    assert "0" not in told.replace("./?paper", "")
