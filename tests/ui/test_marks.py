"""The marks in an answer: what is doubtful is underlined, and beside it stands what the abstract says."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from support.chat_page import QUESTION, ask, dismiss, serve, written
from support.factories import answer, paper, sources

from rag.assistant import Assistant
from rag.events import Event
from rag.settings.settings import load
from rag.types import Answer, Claim, Difference, Evidence
from ui.chat import cards
from ui.reading import marks

DEPTH = "We study depth. The error decreases with depth by 12% on PPI."
SAID = "The error increases with depth by 15% [1]."
DEEP = sources(paper("Depth", DEPTH))


def difference(word: str, there: str | None = None, said: str = SAID) -> Difference:
    start = said.index(word)
    where = (1, DEPTH.index(there), DEPTH.index(there) + len(there)) if there else (None, None, None)
    return Difference("word", start, start + len(word), *where)


def doubted(*differs: Difference, said: str = SAID, **more: Any) -> Answer:
    claim = replace(Claim(said, 0, len(said), (1,), "contradicted", differs=differs), **more)
    return answer(said, DEEP, claims=(claim,))


def shown(made: Answer) -> str:
    return marks.marked("0", made.answer, made.claims, made.sources)


def text_of(html: str) -> str:
    """The text of some HTML, without its elements."""
    return unescape(re.sub(r"<[^>]*>", "", html)).strip()


def test_the_words_that_differ_are_marked_and_beside_them_stands_what_the_abstract_says() -> None:
    html = shown(doubted(difference("increases", "decreases"), difference("15%")))
    assert '<b class="differs" data-tip="“decreases” in [1]">increases</b>' in html
    assert '<b class="differs" data-tip="not in the cited abstract">15%</b>' in html
    assert text_of(html) == "The error increases with depth by 15% 1 abstract says decreases."


def test_a_tag_says_why_who_found_it_and_what_the_abstract_says() -> None:
    html = shown(doubted(difference("increases", "decreases"), by="qwen3:8b <1>"))
    [tip] = re.findall(r'<button type="button" class="verdict contradicted"[^>]*data-tip="([^"]*)">', html)
    assert unescape(tip) == (
        'contradicted: "increases" against "decreases" in [1]; by qwen3:8b <1>\n'
        "[1] says: “The error decreases with depth by 12% on PPI.”"
    )


def test_what_is_supported_has_no_mark() -> None:
    html = shown(doubted(difference("increases", "decreases"), verdict="supported"))
    assert "differs" not in html
    assert "verdict" not in html
    assert '<span class="claim supported"' in html


@pytest.mark.parametrize(
    ("verdict", "tag"),
    [
        ("contradicted", "abstract says otherwise"),
        ("unsupported", "not in the abstract"),
        ("partial", "only in part"),
        ("miscited", "found in 1"),
        ("uncited", "no source"),
    ],
)
def test_each_doubt_says_in_a_few_words_what_is_wrong(verdict: Any, tag: str) -> None:
    evidence = (Evidence(1, "p", "The error decreases.", 15, 35, 0.5),)
    html = shown(doubted(verdict=verdict, evidence=evidence))
    assert f'class="claim {verdict}" data-to="src-0-1-15"' in html
    assert f">{tag}</button>" in html


def test_long_words_of_an_abstract_are_cut_and_escaped() -> None:
    html = marks.shortened("<b> " * 30)
    assert len(html) == 40
    assert html.endswith("…")


@pytest.mark.parametrize(
    ("said", "word", "parts"),
    [
        ("The error is **15%** at depth [1].", "is **15%", ["is ", "15%"]),
        ("| a | b | c |\n|---|---|---|\n| error | 15% | [1] |", "error | 15%", ["error", "15%"]),
    ],
)
def test_a_mark_is_divided_where_bold_text_or_a_cell_divides_it(said: str, word: str, parts: list[str]) -> None:
    html = shown(doubted(difference(word, said=said), said=said))
    assert re.findall(r'<b class="differs"[^>]*>([^<]*)</b>', html) == parts


def test_a_mark_does_not_divide_a_formula_and_may_surround_it() -> None:
    said = "The error is \\(e = 15%\\) at depth [1]."
    inside = shown(doubted(difference("15%", said=said), said=said))
    assert "differs" not in inside
    assert "<math" in inside
    assert "<math" in shown(doubted(difference("is \\(e = 15%\\) at", said=said), said=said))


def test_marks_that_lie_outside_are_left_out() -> None:
    wrong = (Difference("word", 90, 99), Difference("word", 5, 5))
    html = shown(doubted(difference("increases", "decreases"), *wrong))
    assert html.count('class="differs"') == 1
    assert text_of(html) == "The error increases with depth by 15% 1 abstract says decreases."


def test_the_card_says_what_the_answer_says_otherwise_and_marks_the_words() -> None:
    evidence = (Evidence(1, "p", DEPTH[15:], 15, len(DEPTH), 0.5),)
    made = doubted(difference("increases", "decreases"), evidence=evidence)
    card = cards.sources("0", made.sources, made.claims, question="How?")
    assert "The answer says <b>increases</b>, the abstract says <b>decreases</b>." in card
    assert "The error <b>decreases</b> with depth" in card


def test_statements_are_counted_by_their_result() -> None:
    made = answer("A [1].", claims=(answer().claims[0], *(Claim("Les lampes.", 0, 3, (), "unchecked"),) * 2))
    assert [(one.n, one.name) for one in marks.counts(made)] == [(1, "supported"), (2, "in another language, not checked")]


def test_a_contradiction_of_figures_only_is_a_wrong_number() -> None:
    figure = replace(difference("15%"), kind="figure")
    assert [one.name for one in marks.counts(doubted(figure))] == ["wrong number"]
    assert [one.name for one in marks.counts(doubted(figure, difference("increases")))] == ["contradicted"]


def test_quotes_cite_each_paper_once() -> None:
    told = "**Depth**\n- We study depth. [1]\n- The error decreases with depth by 12% on PPI. [1]"
    assert marks.marked("0", told, (), DEEP, quotes=True).count("a class") == 1
    assert marks.marked("0", told, (), DEEP).count("a class") == 2


class Doubting(Assistant):
    """An assistant whose finished answers doubt their first sentence."""

    def stream(self, *args: Any, **options: Any) -> Generator[Event, None, None]:
        for event in super().stream(*args, **options):
            yield _with_doubt(event) if isinstance(event, Answer) else event


def _with_doubt(made: Answer) -> Answer:
    first, source = made.claims[0], made.sources[0]
    claimed, there = "deletes", "samples"
    at, start = source.paper.abstract.index(there), first.text.index(claimed)
    differs = (Difference("word", start, start + len(claimed), 1, at, at + len(there)),)
    evidence = (Evidence(1, source.paper.id, source.paper.abstract[at : at + 30], at, at + 30, 0.5),)
    doubt = replace(first, verdict="contradicted", problems=(), differs=differs, evidence=evidence)
    return replace(made, claims=(doubt, *made.claims[1:]))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_browser_shows_the_marks_and_explains_them(
    browser: Browser, starter_home: Path, assistant: Assistant, theme: Any
) -> None:
    model = written("GraphSAINT deletes the training graph itself [1].")
    page = browser.new_page(color_scheme=theme)
    asked = Doubting(load(home=starter_home), embedder=assistant.embedder, model=model)
    for url in serve(asked):
        page.goto(url)
        ask(page, QUESTION)
        expect(page.locator("#thread .differs")).to_have_text("deletes")
        expect(page.locator("#thread .reading p").first).to_have_text(
            "GraphSAINT deletes the training graph itself 1 abstract says samples."
        )
        page.locator("#thread .differs").hover()
        expect(page.get_by_role("tooltip")).to_have_text("“samples” in [1]")
        tag = page.get_by_role("button", name="abstract says samples")
        tag.focus()
        expect(page.get_by_role("tooltip")).to_contain_text('"deletes" against "samples" in [1]; by words')
        expect(page.locator("#thread .check")).to_contain_text("1 contradicted")
        page.get_by_role("button", name="1 contradicted").press("Enter")
        expect(page.locator("#thread .claim[data-active]")).to_be_focused()
        tag.press("Enter")
        expect(page.locator("#sources mark[data-active] b")).to_have_text("samples")
        page.keyboard.press("Escape")
        expect(tag).to_be_focused()
        dismiss(page)
        violations = Axe().run(page).response["violations"]
        assert [(v["id"], n["html"], n["failureSummary"]) for v in violations for n in v["nodes"]] == []
    page.close()
