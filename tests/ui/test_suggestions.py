"""Questions suggested after an answer: of papers and subjects that are there, and ones that are answered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect
from support.chat_page import ask

from rag.assistant import Assistant
from rag.types import Filters, Turn
from ui.chat import suggestions
from ui.chat.exchanges import finished

SEVERAL = "How accurate is graph neural network sampling?"
QUESTIONS = [
    SEVERAL,
    "How does GraphSAINT build its minibatches?",
    "Which papers are about continual learning?",
    "How is catastrophic forgetting avoided?",
    "Which papers cut memory of training?",
    "What methods speed up diffusion sampling?",
    "What are the newest papers on continual learning?",
    "What licence does GraphSAINT have?",
    "What batch size does GraphSAINT use?",
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_suggested_question_is_another_one_and_is_answered(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    suggested = suggestions.after(assistant, answer)
    history = [Turn("user", question), Turn("assistant", answer.answer)]
    assert 0 < len(suggested) <= suggestions.MOST
    assert question not in suggested
    for one in suggested:
        assert not assistant.ask(one, history).refused, one


def test_newer_papers_a_comparison_and_the_first_paper_are_suggested(assistant: Assistant) -> None:
    assert suggestions.after(assistant, assistant.ask(SEVERAL)) == [
        "What are the newest papers on graph neural network?",
        "How do GraphSAINT and LazyGNN differ?",
        "How does GraphSAINT work?",
    ]


def test_newer_papers_are_suggested_only_where_a_search_finds_one(assistant: Assistant) -> None:
    answer = assistant.ask(SEVERAL)
    title = answer.sources[0].paper.title
    only = replace(answer, filters=Filters(title=title))
    assert not any("papers on" in one for one in suggestions.after(assistant, only))
    latest = [
        replace(source, hit=replace(source.hit, paper=replace(source.paper, published="2999"))) for source in answer.sources
    ]
    assert suggestions.after(assistant, replace(answer, sources=tuple(latest)))[0].startswith("What are the oldest papers on ")


@pytest.mark.parametrize(
    ("question", "refused", "detail"),
    [
        ("Under which licence was GraphSAINT released?", True, "licence"),
        ("What licence does GraphSAINT have?", False, "licence"),
    ],
)
def test_a_detail_that_the_papers_lack_is_suggested_where_others_mention_it(
    assistant: Assistant, question: str, refused: bool, detail: str
) -> None:
    answer = assistant.ask(question)
    assert answer.refused == refused
    first = suggestions.after(assistant, answer)[0]
    assert first == f"Which papers mention {detail}?"
    assert detail in assistant.ask(first).answer
    alone = replace(answer, filters=Filters(title="GraphSAINT"))  # no other paper is asked
    assert first not in suggestions.after(assistant, alone)


def test_a_detail_that_the_papers_have_or_that_no_paper_has_is_not_suggested(assistant: Assistant) -> None:
    for question in ("What F1 score does GraphSAINT reach on PPI?", "What zorbling rate does GraphSAINT use?"):
        assert not any("mention" in one for one in suggestions.after(assistant, assistant.ask(question)))


def test_a_refusal_without_a_near_paper_and_a_cut_answer_suggest_nothing(assistant: Assistant) -> None:
    refused = assistant.ask("Who won the world cup?")
    assert refused.refused
    assert suggestions.after(assistant, refused) == []
    assert suggestions.after(assistant, replace(assistant.ask(SEVERAL), complete=False)) == []
    assert "data-value" not in finished(0, refused)


def test_a_suggested_question_is_asked_at_once(tab: Page, quoting: str) -> None:
    tab.goto(quoting)
    ask(tab, SEVERAL)
    suggested = tab.get_by_role("group", name="Questions to go on with").get_by_role("button")
    expect(suggested).to_have_count(suggestions.MOST)
    suggested.filter(has_text="How does GraphSAINT work?").press("Enter")
    expect(tab.locator("#thread .asked")).to_have_text([SEVERAL, "How does GraphSAINT work?"])
    expect(tab.locator("#thread .copy")).to_have_count(2)
    expect(tab.locator("#thread .exchange").first.locator(".suggestions")).to_have_count(0)  # those of the last answer stay
