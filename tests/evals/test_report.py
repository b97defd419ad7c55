"""The reports of a run: their numbers are those of the statistics, and no text of a model gets out of its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, Page, expect
from support.factories import answer, paper, sources

from evals import compare, outcomes, report, report_figures, report_markdown, run_files
from evals.__main__ import main
from evals.case_files import Case
from evals.metrics import MEASURES, Value
from evals.pages import bold
from evals.run_files import Result, Run
from evals.statistics import difference, estimate, holm
from rag.errors import UsageError
from rag.output import render
from rag.sources.paper_ids import paper_id
from rag.types import Answer, Claim, Turn

ATTACK = "</script><script>window.hit = 1</script><img src=x onerror='window.hit = 2'>"
MARKDOWN = MarkdownIt("commonmark").enable("table")


LAMPS = sources(paper(id=paper_id("LanternNet")), paper("Frost Watch"))


def case(n: int, kind: str = "single", question: str = "How many lamps?", **more: object) -> Case:
    must = () if kind == "far_off" else (("340", "340 lamps"),)
    made = {"history": (), "gold": ("LanternNet", "Frost <Watch> Again"), "must_include": must, **more}
    return Case(f"{kind}-{n}", kind, "dev", question, **made)  # type: ignore[arg-type]


def result(asked: Case, text: str = "LanternNet dims 340 lamps [1].", hit: float = 1.0, **more: object) -> Result:
    """A result whose answer has one claim; the more are fields of the answer."""
    claims = (Claim(text, 0, len(text), (1,), "supported"),)
    given: Answer = answer(text, **{"of": LAMPS, "claims": claims, **more})  # type: ignore[arg-type]
    refused = (float(given.refused), 1.0)
    measures: dict[str, Value] = {
        "supported": (1.0, 2.0),
        "wrongly refused" if asked.answerable else "rightly refused": refused,
    }
    if asked.answerable:
        measures |= {"hit": (hit, 1.0), "right": (float(hit == 1.0), 1.0), "precision": (hit, 3.0)}
    return Result(asked, 1, measures, render.to_dict(given))


def results(missed: int = 0) -> list[Result]:
    """One result of each outcome; the first `missed` right ones are wrong instead."""
    right = [result(case(n)) if n >= missed else result(case(n), "It dims lamps [1].", 0.0) for n in range(6)]
    no = {"refused": True, "refusal_reason": "off_topic", "claims": ()}
    return [
        *right,
        result(case(1, "numeric"), "Of 12 lamps, 3 are dimmed [1].", 0.5),
        result(case(2, "numeric", form="misspelt"), "There are none [1].", 0.0),
        result(case(1, "follow_up", history=(Turn("user", "What is LanternNet?"),)), "I do not know.", 0.0, **no),
        result(case(1, "far_off"), "I do not know.", **no),
        result(case(2, "far_off"), "Rome has 12 lamps [1]."),
        Result(case(3, "multi"), 1, {}, None, "The model server did not answer."),
    ]


def write(path: Path, of: Sequence[Result], model: str = "model-a") -> Path:
    lines = [json.dumps({"run": {"model": model, "date": "2026-11-27"}}) + "\n", *(one.line() for one in of)]
    path.write_text("".join(lines), "utf-8")
    return path


@pytest.fixture
def two(tmp_path: Path) -> list[Run]:
    """Two runs, of which the first has four cases wrong that the last has right."""
    paths = [write(tmp_path / "b.jsonl", results(4), "model-b"), write(tmp_path / "a.jsonl", results())]
    return [run_files.load(path) for path in paths]


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


# -- figures -------------------------------------------------------------------------------------------------------------


def test_outcomes_are_told_apart() -> None:
    assert outcomes.counts(results()) == {
        "right": 6,
        "partly": 1,
        "wrong": 1,
        "wrongly-refused": 1,
        "rightly-refused": 1,
        "wrongly-answered": 1,
        "unrated": 0,
        "failed": 1,
    }
    unrated = Result(case(1, must_include=()), 1, {}, render.to_dict(answer()))
    assert outcomes.outcome(unrated) == "unrated"


def test_facts_and_gold_papers_are_found_in_the_answer() -> None:
    one = result(case(1))
    assert report_figures.facts(one) == [(("340", "340 lamps"), True)]
    assert report_figures.gold(one) == [("LanternNet", True), ("Frost <Watch> Again", False)]
    refused = result(case(1), "I do not know of 340 lamps.", refused=True)
    assert report_figures.facts(refused) == [(("340", "340 lamps"), False)]


def test_repeats_of_a_case_are_one_case() -> None:
    one = result(case(1))
    again = Result(one.case, 2, {"hit": (0.0, 1.0)}, one.answer)
    found = report_figures.estimates([one, again], ["hit"])["hit"]
    assert (found.value, found.denominator, found.cases) == (0.5, 2, 1)


def test_differences_are_those_of_the_statistics_on_shared_cases(two: list[Run]) -> None:
    first, last = two
    short = Run(last.path, last.header, last.results[:-3])  # without one that has hit
    found = {one.name: one for one in compare.measures(first, short)}
    ours, theirs = (run_files.values(run.results[:9], "hit") for run in (short, first))
    assert found["hit"].difference == difference(ours, theirs)
    assert (found["hit"].difference.wins, found["hit"].difference.losses, found["hit"].cases) == (4, 0, 9)
    assert {name: one.p for name, one in found.items()} == holm({name: one.difference.p for name, one in found.items()})
    assert all(MEASURES[name].better for name in found)


# -- the page ------------------------------------------------------------------------------------------------------------


def test_the_page_has_the_numbers_of_the_statistics(two: list[Run]) -> None:
    page = words(report.page(two))
    for name in ("hit", "right", "precision", "supported", "wrongly refused", "rightly refused"):
        of = estimate(run_files.values(two[-1].results, name))
        assert of
        share = f"{of.numerator:g} of {of.denominator:g}"
        assert f"{name} {of.value:.3f} 95% interval {of.low:.3f} to {of.high:.3f} {share} in {of.cases} case" in page
        assert MEASURES[name].about in page
    kind = estimate(run_files.values([r for r in two[-1].results if r.case.kind == "numeric"], "hit"))
    assert kind
    assert f"numeric 2 {kind.value:.3f} {kind.low:.3f}–{kind.high:.3f}" in page
    change = {one.name: one for one in compare.measures(*two)}["hit"]
    assert f"{change.difference.value:+.3f}".replace("-", "−") in page


def test_claims_and_citations_of_an_answer_keep_its_text() -> None:
    text = "😀 Lamps [1, 2] dim. Frost³ falls 【1†L3】.\nThe end."
    claims = [{"start": 2, "end": 20, "verdict": "supported"}, {"start": 21, "end": 42, "verdict": "uncited"}]
    cut = report.segments(text, claims, {1, 3})
    assert "".join(part for segment in cut for part, _ in segment.parts) == text
    assert [n for segment in cut for _, n in segment.parts if n] == [1, 3, 1]
    assert [segment.verdict for segment in cut] == [None, "supported", None, "uncited", None]


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
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    context.close()


def opened(tab: Page, path: Path, runs: Sequence[Run], state: str = "") -> None:
    path.write_text(report.page(runs), "utf-8")
    tab.goto(f"file://{path}{state}")


def test_titles_in_stars_are_bold_and_nothing_else_becomes_markup() -> None:
    assert bold("**A <i>title</i>** says **.") == "<strong>A &lt;i&gt;title&lt;/i&gt;</strong> says **."


def test_filters_narrow_the_list_and_are_kept_in_the_address(tab: Page, two: list[Run], tmp_path: Path) -> None:
    opened(tab, tmp_path / "page.html", two)
    shown, cases = tab.locator("#filters output"), tab.locator(".case:visible")
    expect(shown).to_have_text("12 of 12 shown")
    tab.get_by_label("Kind or form").select_option("kind:numeric")
    expect(cases).to_have_count(2)
    tab.get_by_role("button", name="partly right").click()
    expect(shown).to_have_text("1 of 12 shown")
    expect(cases).to_contain_text("Of 12 lamps")
    tab.reload()
    expect(cases).to_have_count(1)
    expect(tab.get_by_role("button", name="partly right")).to_have_attribute("aria-pressed", "true")
    tab.get_by_role("button", name="Show all").click()
    tab.get_by_label("Kind or form").select_option("form:misspelt")
    expect(cases).to_have_count(1)
    tab.get_by_role("button", name="Show all").click()
    tab.get_by_label("Text", exact=True).fill("rome LAMPS")
    expect(cases).to_have_count(1)
    tab.get_by_label("Text", exact=True).fill("nowhere")
    expect(tab.get_by_text("No case fits.")).to_be_visible()
    tab.get_by_role("button", name="Show all").click()
    tab.get_by_role("link", name="1 wrongly refused").click()
    expect(cases).to_have_count(1)
    expect(cases).to_contain_text("What is LanternNet?")


def test_changed_cases_show_both_answers(tab: Page, two: list[Run], tmp_path: Path) -> None:
    opened(tab, tmp_path / "page.html", two, "#changed=yes")
    cases = tab.locator(".case:visible")
    expect(cases).to_have_count(4)
    expect(cases.first.locator(".side").nth(1)).to_contain_text("LanternNet dims 340 lamps")
    expect(cases.first.locator(".side").nth(0)).to_contain_text("It dims lamps")
    boxes = [cases.first.locator(".side").nth(n).bounding_box() for n in (0, 1)]
    assert boxes[0]
    assert boxes[1]
    assert (boxes[0]["y"] == boxes[1]["y"]) == (tab.viewport_size["width"] > 1000)  # type: ignore[index]


def test_a_citation_leads_to_its_source_and_the_filters_stay(tab: Page, two: list[Run], tmp_path: Path) -> None:
    opened(tab, tmp_path / "page.html", two, "#kind=kind:numeric")
    one = tab.locator(".case:visible").first
    one.locator(".answer a").click()
    expect(one.locator("li:focus")).to_contain_text("LanternNet")
    assert tab.url.endswith("#kind=kind:numeric")


def test_texts_of_models_and_papers_run_nothing_and_are_shown(tab: Page, tmp_path: Path) -> None:
    bad = sources(paper(ATTACK, url="javascript:window.hit=3"), paper(f"Two {ATTACK}", url="https://example.org/?a='\"<b>"))
    asked = case(1, question=ATTACK, gold=(ATTACK,), must_include=((ATTACK,),), form=ATTACK)
    run = Run(tmp_path / "x.jsonl", {"model": ATTACK}, (result(asked, f"{ATTACK} 340 [1].", of=bad),))
    opened(tab, tmp_path / "page.html", [run])
    for details in tab.locator("details").all():
        details.evaluate("element => element.open = true")
    for place in ("h1", ".question", ".answer", ".facts >> nth=0", ".list >> nth=1"):
        expect(tab.locator(place).first).to_contain_text(ATTACK)
    assert tab.locator("script").count() == 1
    assert tab.locator("img").count() == 0
    assert tab.evaluate("window.hit") is None
    assert [link.get_attribute("href") for link in tab.locator(".list a").all()] == ["https://example.org/?a='\"<b>"]


def test_the_policy_of_the_page_stops_a_script_that_is_not_its_own(browser: Browser, two: list[Run], tmp_path: Path) -> None:
    page = browser.new_page()
    path = tmp_path / "page.html"
    path.write_text(
        report.page(two).replace("</main>", "<script>window.hit = 1</script><img src='http://127.0.0.1:9/x'></main>")
    )
    page.goto(f"file://{path}")
    expect(page.locator("#filters output")).to_have_text("12 of 12 shown")
    assert page.evaluate("window.hit") is None
    page.close()


def test_axe_finds_nothing(tab: Page, two: list[Run], tmp_path: Path) -> None:
    opened(tab, tmp_path / "page.html", two)
    for details in tab.locator("details").all():
        details.evaluate("element => element.open = true")
    found = Axe().run(tab).response["violations"]
    assert [f"{v['id']}: {n['html'][:120]} {n['failureSummary']}" for v in found for n in v["nodes"]] == []


# -- Markdown ------------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\\`*_[]()<>|~&#$-+=:.!1 \n\t@"), max_size=60))
@example("# head\n- item\n1. one\n\n> quote\n```\ncode\n[a]: http://b\n---\n===\n<b>&amp;![i](j)|x|\n| - |\n    four")
@example("1)\n2. \n+\n<!--")
def test_a_quoted_answer_is_one_quote_with_the_same_words(text: str) -> None:
    tokens = MARKDOWN.parse(report_markdown.quoted(text) + "\n\nafter\n")
    assert {token.type for token in tokens} <= {
        "blockquote_open",
        "blockquote_close",
        "paragraph_open",
        "paragraph_close",
        "inline",
    }
    inline = [child for token in tokens for child in token.children or () if token.type == "inline"]
    assert {child.type for child in inline} <= {"text", "text_special", "hardbreak", "softbreak"}
    shown = " ".join(child.content if "text" in child.type else "\n" for child in inline)
    plain = re.sub(r"[\x00-\x1f\x7f\u200b\s]", "", text) or "(nothing)"
    assert re.sub(r"[\u200b\s]", "", shown) == plain + "after"


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\\`|<&\n"), max_size=30))
@example("a | b \\| c")
def test_a_text_stays_in_its_cell(text: str) -> None:
    table = report_markdown._table(("kind", "n"), [(report_markdown.escaped(text), "1"), ("last", "2")])
    cells = [token for token in MARKDOWN.parse(table) if token.type == "td_open"]
    assert len(cells) == 4


def test_nobody_is_called_and_nothing_is_drawn() -> None:
    assert report_markdown.escaped("ask @someone, a@b.c and MRR@10") == "ask @\u200bsomeone, a@b.c and MRR@10"


def test_markdown_has_headline_kinds_and_differences(two: list[Run]) -> None:
    text = report_markdown.document(two)
    of = estimate(run_files.values(two[-1].results, "hit"))
    assert of
    assert f"| hit | {of.value:.3f} | {of.low:.3f} to {of.high:.3f} | 6.5 of 9 |" in text
    assert "| follow\\_up | 1 | 0.000" in text
    assert "| far\\_off | 2 | - | - | - |" in text
    change = {one.name: one for one in compare.measures(*two)}["right"]
    assert f"| +0.444 | +0.111 to +0.778 | {change.p:.3f} | 4 | 0 | no clear difference |" in text


def test_answers_are_bad_ones_first_then_good_ones_of_each_kind(two: list[Run]) -> None:
    chosen = report_markdown.chosen(two[-1].results, 7)
    assert [outcomes.outcome(one) for one in chosen] == [
        *("wrongly-answered", "wrong", "partly"),
        *("right", "rightly-refused", "right", "right"),
    ]
    assert [outcomes.outcome(one) for one in report_markdown.chosen(two[-1].results, 99)].count("right") == 6
    text = report_markdown.document(two[-1:], 7)
    assert "### 7 of 12 answers" in text
    assert "> There are none \\[1\\]." in text
    assert "Missing: 340 / 340 lamps." in text
    assert "Required: a refusal." in text


# -- the command ---------------------------------------------------------------------------------------------------------


def test_the_command_writes_the_page_beside_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "run.jsonl", results())
    assert main(["report", str(path)]) == 0
    assert capsys.readouterr().out == f"Wrote {tmp_path / 'run.html'}.\n"
    assert "model-a (run)" in (tmp_path / "run.html").read_text("utf-8")


def test_the_command_writes_only_markdown_when_asked_for_that(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "run.jsonl", [result(case(1), "Half of HALF lamps.")])
    path.write_text(path.read_text("utf-8").replace("HALF", "\\ud83d"), "utf-8")  # half of a character
    assert main(["report", str(path), "--markdown", str(tmp_path / "new" / "run.md"), "--answers", "2"]) == 0
    assert capsys.readouterr().out == f"Wrote {tmp_path / 'new' / 'run.md'}.\n"
    assert not (tmp_path / "run.html").exists()
    assert "Half of" in (tmp_path / "new" / "run.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--answers", "3"], "--answers is for the Markdown report."),
        (["--out", "run.jsonl"], "would be written over"),
        (["--out", "x", "--markdown", "x"], "would be written over"),
        (["--out", "run.jsonl/x"], "cannot be written"),
        (["empty.jsonl"], "has no cases"),
        (["none.jsonl"], "There is no file none.jsonl."),
    ],
)
def test_bad_input_is_refused_with_a_remedy(
    more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "run.jsonl", results())
    write(tmp_path / "empty.jsonl", [])
    assert main(["report", "run.jsonl", *more]) == UsageError.exit_code
    assert said in capsys.readouterr().err
