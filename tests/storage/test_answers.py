"""What is stored of an answer is all of it, and what cannot be read again says so."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.factories import answer, paper, sources

from rag.assistant import Assistant
from rag.errors import LibraryError
from rag.storage import answers
from rag.types import Answer, Difference, Filters, Passage, Timings, Usage

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBER = st.floats(allow_nan=False)


def again(made: Answer) -> Answer:
    """The answer after it was text."""
    return answers.load(json.loads(json.dumps(answers.dump(made), ensure_ascii=False)))


@pytest.mark.parametrize(
    "question", ["How does GraphSAINT work?", "How long should I boil an egg?", "How many papers from 2024 mention LoRA?"]
)
def test_an_answer_of_the_assistant_comes_back_whole(assistant: Assistant, question: str) -> None:
    made = assistant.ask(question, filters=Filters(min_authors=1) if "egg" in question else Filters())
    assert again(made) == made
    assert again(made).sources[0].hit == made.sources[0].hit
    assert made.sources[0].paper.abstract


@given(TEXT, TEXT, st.lists(TEXT), NUMBER, st.none() | st.integers(-(2**60), 2**60))
def test_any_text_and_any_number_comes_back_as_it_was(
    question: str, said: str, more: list[str], number: float, count: int | None
) -> None:
    shown = sources(paper(question, said, authors=tuple(more), url=said), paper())
    made = answer(
        said,
        [replace(s, hit=replace(s.hit, score=number, passages=(Passage(0, 3, number),))) for s in shown],
        question=question,
        missing=tuple(more),
        warnings=tuple(more),
        records=tuple(more),
        reasoning=said,
        usage=Usage(count, None),
        timings=Timings(None, number, number),
        filters=Filters(year=2024 if count else None, since=said, papers=tuple(more[:2])),
    )
    assert again(made) == made


def test_halves_of_pairs_become_question_marks_and_offsets_stay() -> None:
    made = answer("Lamps \ud83d dim [1].", question="\ud83d?")
    assert again(made) == replace(
        made, answer="Lamps ? dim [1].", question="??", claims=(replace(made.claims[0], text="Lamps ? dim [1]."),)
    )


def test_a_field_that_came_later_is_read_with_its_default() -> None:
    record = answers.dump(answer(reasoning="Hm."))
    del record["answer"]["reasoning"]
    assert answers.load(record) == answer()


def test_claims_of_before_have_no_words_that_differ_and_were_checked_by_words() -> None:
    record = answers.dump(answer())
    for field in ("differs", "by", "judged"):
        del record["answer"]["claims"][0][field]
    assert answers.load(record) == answer()
    assert answers.load(record).claims[0].by == "words"


def test_a_verdict_of_a_model_and_the_words_that_differ_come_back() -> None:
    differs = (Difference("figure", 16, 19, 1, 70, 73), Difference("name", 0, 10))
    claim = replace(answer().claims[0], verdict="contradicted", judged="contradicted", by="qwen3:8b", differs=differs)
    made = answer(claims=(claim, replace(claim, verdict="unchecked", differs=())))
    assert again(made) == made


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"version": answers.VERSION + 1, "answer": {"other": 1}}, "newer version.*Update this program"),
        ({"version": "x"}, "no known version"),
        ({}, "no known version"),
        ({"version": 1, "answer": {**asdict(answer()), "claims": 3}}, r"claims: .*Restore"),
        ({"version": 1}, "cannot be read"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(record: dict[str, Any], told: str) -> None:
    with pytest.raises(LibraryError, match=told):
        answers.load(record)


def test_an_incomplete_answer_of_version_0_1_has_its_reason_where_it_belongs_now() -> None:
    """Its record has no incomplete_reason, and the reason under refusal_reason."""
    stopped = answer(complete=False, incomplete_reason="stopped")
    record = answers.dump(stopped)
    del record["answer"]["incomplete_reason"]
    assert answers.load({**record, "answer": {**record["answer"], "refusal_reason": "stopped"}}) == stopped
    refused = answer(refused=True, refusal_reason="No abstract mentions Zorble.")
    record = answers.dump(refused)
    del record["answer"]["incomplete_reason"]
    assert answers.load(record) == refused
