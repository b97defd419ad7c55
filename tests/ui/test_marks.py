"""The marks in an answer: the sign before the full stop, and the words that differ from the abstract."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace
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
from ui.chat import panel

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


def text_of(shown: str) -> str:
    """The answer's own line as it is read, without its elements."""
    return re.sub(r"<[^>]*>", "", shown.split("\n")[0]).replace("&#91;", "[").replace("&#93;", "]")


def test_the_words_that_differ_are_marked_and_say_what_the_abstract_says() -> None:
    shown = panel.message(doubted(difference("increases", "decreases"), difference("15%")))
    assert '<span class="differs" title="“decreases” in &#91;1&#93;">increases</span>' in shown
    assert '<span class="differs" title="not in the cited abstract">15%</span>' in shown
    assert text_of(shown) == "The error increases with depth by 15% [1] ≠."


def test_a_sign_says_why_who_found_it_and_what_the_abstract_says() -> None:
    shown = panel.message(doubted(difference("increases", "decreases"), by="qwen3:8b <1>"))
    [tip] = re.findall(r'<span class="doubt contradicted" [^>]*title="([^"]*)"> ≠</span>\.', shown)
    assert tip == (
        "contradicted by the abstract: &#34;increases&#34; against &#34;decreases&#34; in &#91;1&#93;; by qwen3:8b &lt;1&gt;"
        "&#10;&#91;1&#93; says: “The error decreases with depth by 12% on PPI.”"
    )


def test_what_is_supported_has_no_mark() -> None:
    shown = panel.message(doubted(difference("increases", "decreases"), verdict="supported"))
    assert "differs" not in shown
    assert "doubt" not in shown


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (SAID, "15% [1]"),
        ("The error is \\(e = 15%\\) at depth [1].", "15%"),
        ("The error is\n\\[e = 15%\\]\nat depth [1].", "15%"),
        ("The error is **15%** at depth [1].", "is **15%"),
        ("| error | 15% | [1] |", "error | 15%"),
    ],
)
def test_no_mark_crosses_a_citation_maths_bold_text_or_a_cell(said: str, word: str) -> None:
    shown = panel.message(doubted(difference(word, said=said), said=said))
    assert "differs" not in shown
    assert 'class="doubt contradicted"' in shown


def test_marks_that_overlap_or_lie_outside_are_left_out() -> None:
    wrong = (Difference("word", 90, 99), Difference("word", 5, 5), difference("error increases"))
    shown = panel.message(doubted(difference("increases", "decreases"), *wrong))
    assert shown.count("differs") == 1
    assert text_of(shown) == "The error increases with depth by 15% [1] ≠."


def test_statements_in_another_language_are_counted_under_the_answer() -> None:
    made = answer("A [1].", claims=(answer().claims[0], *(Claim("Les lampes.", 0, 3, (), "unchecked"),) * 2))
    assert panel.summary(made) == "3 statements: 1 supported, 2 in another language and not checked"


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
        expect(page.locator("#thread .reading p").first).to_have_text("GraphSAINT deletes the training graph itself [1] ≠.")
        page.locator("#thread .differs").hover()
        expect(page.get_by_role("tooltip")).to_have_text("“samples” in [1]")
        page.get_by_role("img", name=re.compile("contradicted by the abstract")).focus()
        expect(page.get_by_role("tooltip")).to_contain_text('"deletes" against "samples" in [1]; by words')
        expect(page.get_by_role("img", name=re.compile("contradicted by the abstract"))).to_be_focused()
        page.keyboard.press("Escape")
        dismiss(page)
        violations = Axe().run(page).response["violations"]
        assert [v["id"] for v in violations] == []
    page.close()
