"""The page on which drafts are reviewed: what it saves is what was decided, and no text in it runs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from support.factories import LANTERN, ORCHARD

from evals import case_files, make, review
from rag.errors import UsageError

ATTACK = "</script><script>window.hit = 1</script><img src=x onerror='window.hit = 2'>"


def draft(n: int, **more: object) -> dict[str, Any]:
    question = f"How many lamps does LanternNet dim, {n}?"
    record = {"id": f"made-{n:04d}", "kind": "numeric", "split": "dev", "question": question, "history": []}
    return {**record, "gold": ["LanternNet"], "must_include": [["340"]], "review": make.REVIEW, **more}


DRAFTS = [
    {"id": "old", "kind": "single", "question": "What is it?"},
    draft(1),
    draft(2, gold=["Frost <Watch>"], must_include=[["90", "ninety"]]),
    draft(3),
    draft(4, kind="single", review="It is wrong", answer="There are none."),
    draft(5),
]


def text(records: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    review.add_arguments(parser)
    return review.run(parser.parse_args([*words, "--no-open"]))


@pytest.fixture(params=[(1440, "light"), (390, "dark")], ids=["wide-light", "narrow-dark"])
def tab(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that asks nothing of anybody, and that nothing but its own script may change."""
    width, theme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    yield page
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    context.close()


def opened(tab: Page, records: list[dict[str, Any]] = DRAFTS) -> None:
    Path("cases.jsonl").write_text(text(records), "utf-8")
    papers = [{"title": "LanternNet", "abstract": LANTERN}, {"title": "Frost <Watch>", "abstract": ORCHARD}]
    Path("papers.jsonl").write_text(text([*papers, {"title": "Else", "abstract": "Not asked about."}]), "utf-8")
    assert command("cases.jsonl", "--papers", "papers.jsonl") == 0
    tab.goto(Path("cases.jsonl.html").resolve().as_uri())


def saved(tab: Page) -> list[dict[str, Any]]:
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save the reviewed cases").click()
    assert download.value.suggested_filename == "cases-reviewed.jsonl"
    download.value.save_as("saved.jsonl")
    case_files.load(Path("saved.jsonl"))
    return [json.loads(line) for line in Path("saved.jsonl").read_text("utf-8").splitlines()]


def reviewed(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("review", "answer")}


def test_an_untouched_file_is_saved_as_it_was(tab: Page) -> None:
    opened(tab)
    saved(tab)
    assert Path("saved.jsonl").read_text("utf-8") == Path("cases.jsonl").read_text("utf-8")


def test_accepted_mended_and_dropped_drafts_are_saved_so(tab: Page) -> None:
    opened(tab)
    heading, count = tab.locator("#heading"), tab.locator("#count")
    expect(heading).to_have_text("Draft 1 of 5")
    tab.get_by_role("button", name="Accept").click()
    tab.get_by_label("Question").fill("How often is blossom measured?")
    tab.get_by_label("Facts").fill("90 seconds | every 90\n blossom ")
    tab.get_by_label("Kind").select_option("single")
    tab.keyboard.press("Escape")
    tab.keyboard.press("a")
    tab.keyboard.press("d")
    expect(heading).to_have_text("Draft 4 of 5")
    expect(tab.locator("#said")).to_contain_text("It is wrong")
    expect(tab.locator("#said")).to_contain_text("There are none.")
    tab.keyboard.press("a")
    expect(count).to_have_text("4 of 5 decided: 3 accepted, 1 dropped")
    tab.reload()
    expect(count).to_have_text("4 of 5 decided: 3 accepted, 1 dropped")
    expect(heading).to_have_text("Draft 5 of 5")
    mended = {"question": "How often is blossom measured?", "kind": "single"}
    mended |= {"must_include": [["90 seconds", "every 90"], ["blossom"]]}  # type: ignore[dict-item]
    assert saved(tab) == [
        *(DRAFTS[0], reviewed(DRAFTS[1]), reviewed(DRAFTS[2]) | mended, reviewed(DRAFTS[4]), DRAFTS[5]),
    ]


def test_undo_takes_decisions_back_and_keys_move(tab: Page) -> None:
    opened(tab)
    heading, state = tab.locator("#heading"), tab.locator("#status")
    tab.keyboard.press("d")
    tab.keyboard.press("a")
    tab.keyboard.press("u")
    expect(heading).to_have_text("Draft 2 of 5")
    expect(state).to_have_text("to do")
    tab.keyboard.press("k")
    expect(state).to_have_text("dropped")
    tab.keyboard.press("u")
    expect(state).to_have_text("to do")
    expect(tab.get_by_role("button", name="Undo")).to_be_disabled()
    for key in "jjj":
        tab.keyboard.press(key)
    expect(heading).to_have_text("Draft 4 of 5")
    tab.get_by_label("Use the keys").uncheck()
    tab.locator("body").press("k")
    expect(heading).to_have_text("Draft 4 of 5")
    tab.get_by_text("All drafts").click()
    tab.get_by_role("button", name="made-0002").click()
    expect(heading).to_have_text("Draft 2 of 5")
    assert saved(tab) == DRAFTS


def test_letters_in_a_field_decide_nothing(tab: Page) -> None:
    opened(tab)
    tab.get_by_label("Question").press_sequentially("add u")
    expect(tab.locator("#count")).to_have_text("0 of 5 decided: 0 accepted, 0 dropped")
    assert saved(tab)[1]["review"] == make.REVIEW


def test_facts_are_marked_in_the_abstract_and_faults_are_shown(tab: Page) -> None:
    opened(tab)
    notes, facts, accept = tab.locator("#notes li"), tab.get_by_label("Facts"), tab.get_by_role("button", name="Accept")
    expect(tab.locator("#beside mark")).to_have_text(["340"])
    expect(notes).to_have_count(0)
    facts.fill("34\nLanternNet dims | nothing")
    expect(tab.locator("#beside mark")).to_have_text(["LanternNet dims"])
    expect(notes).to_have_text(["⚠ “34” is not in the abstract."])
    facts.fill("lamps")
    expect(notes).to_have_text(["⚠ “lamps” stands in the question already."])
    facts.fill("")
    expect(notes).to_contain_text(["No fact is required"])
    expect(accept).to_be_enabled()
    facts.fill("340")
    tab.get_by_label("Kind").select_option("absent_detail")
    expect(notes).to_contain_text(["unanswerable"])
    expect(accept).to_be_disabled()
    facts.fill("")
    tab.keyboard.press("Escape")
    tab.keyboard.press("a")
    [_, first, *_] = saved(tab)
    assert (first["gold"], first["about"], first["must_include"]) == ([], ["LanternNet"], [])


def test_an_accepted_draft_that_gets_a_fault_is_to_do_again(tab: Page) -> None:
    opened(tab)
    tab.keyboard.press("a")
    tab.keyboard.press("k")
    tab.get_by_label("Question").fill(" ")
    expect(tab.locator("#status")).to_have_text("to do")
    assert saved(tab) == DRAFTS


def test_facts_are_found_as_the_measures_find_them(tab: Page) -> None:
    opened(tab, [draft(1, must_include=[["12500"], ["state–of-the-art  in"], ["8"], ["a+b"]])])
    papers = [{"title": "LanternNet", "abstract": "It has 12,500 lamps, a State-of-the-Art in 1982 of 0.8 and A+B with 8."}]
    Path("papers.jsonl").write_text(text(papers), "utf-8")
    command("cases.jsonl", "--papers", "papers.jsonl")
    tab.reload()
    expect(tab.locator("#beside mark")).to_have_text(["12,500", "State-of-the-Art in", "A+B", "8"])


def test_texts_of_cases_and_papers_run_nothing_and_are_shown(tab: Page) -> None:
    bad = draft(1, question=ATTACK, gold=[ATTACK, "constructor"], must_include=[[ATTACK]], review=ATTACK, answer=ATTACK)
    opened(tab, [bad | {"history": [ATTACK], "id": ATTACK}])
    expect(tab.get_by_label("Question")).to_have_value(ATTACK)
    expect(tab.locator("#beside h3")).to_have_text([ATTACK, "constructor"])
    expect(tab.locator("#said")).to_contain_text(ATTACK)
    tab.keyboard.press("a")
    assert tab.locator("script").count() == 2
    assert tab.locator("img").count() == 0
    assert tab.evaluate("window.hit") is None
    assert saved(tab) == [reviewed(bad) | {"history": [ATTACK], "id": ATTACK}]


def test_the_policy_of_the_page_stops_a_script_that_is_not_its_own(browser: Browser) -> None:
    Path("cases.jsonl").write_text(text(DRAFTS), "utf-8")
    page = browser.new_page()
    made = review.page(Path("cases.jsonl"), {})
    Path("page.html").write_text(
        made.replace("</main>", "<script>window.hit = 1</script><img src='http://127.0.0.1:9/x'></main>")
    )
    page.goto(Path("page.html").resolve().as_uri())
    expect(page.locator("#heading")).to_have_text("Draft 1 of 5")
    assert page.evaluate("window.hit") is None
    page.close()


def test_axe_finds_nothing(tab: Page) -> None:
    opened(tab)
    tab.keyboard.press("a")
    tab.keyboard.press("d")
    tab.get_by_text("All drafts").click()
    tab.get_by_label("Facts").fill("99")
    found = Axe().run(tab).response["violations"]
    assert [f"{v['id']}: {n['html'][:120]} {n['failureSummary']}" for v in found for n in v["nodes"]] == []


def test_the_command_opens_the_page_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    Path("cases.jsonl").write_text(text(DRAFTS), "utf-8")
    Path("papers.jsonl").write_text(text([{"title": "LanternNet", "abstract": LANTERN}]), "utf-8")
    parser = argparse.ArgumentParser()
    review.add_arguments(parser)
    assert review.run(parser.parse_args(["cases.jsonl", "--papers", "papers.jsonl"])) == 0
    assert shown == [Path("cases.jsonl.html").resolve().as_uri()]
    assert "5 drafts to review; 1 of their 2 papers are not in --papers." in capsys.readouterr().out


def test_bad_input_is_refused_with_a_remedy() -> None:
    Path("cases.jsonl").write_text(text(DRAFTS[:1]), "utf-8")
    with pytest.raises(UsageError, match="no draft to review"):
        command("cases.jsonl")
    with pytest.raises(UsageError, match="There is no file"):
        command("none.jsonl")
    Path("cases.jsonl").write_text("{}\n", "utf-8")
    with pytest.raises(UsageError, match="wrong cases"):
        command("cases.jsonl")
