"""Which questions need the ones before them, and what they are joined to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.questions import followup
from rag.types import Turn

LAMPS = "What is LanternNet?"
FROST = "How do drones measure frost in orchards?"


def said(*questions: str) -> list[Turn]:
    """A conversation of these questions, each with an answer that cites."""
    return [turn for q in questions for turn in (Turn("user", q), Turn("assistant", f"So it is [1], says {q} [2]."))]


@pytest.mark.parametrize(
    "question",
    [
        "and how fast is it?",
        "How fast is it?",
        "what about CIFAR-10?",
        "Does this method scale?",
        "which of the two is faster?",
        "Can they sort?",
        "Was that tested in winter?",
        "Which datasets?",
        "why?",
        "compared to which baselines?",
        "what is the main idea?",
        "explain that in more detail",
        "Thanks, and on Reddit?",
        "What are the results?",
        "Which papers use it?",
        "Which other papers?",
        "How does the pruning work?",
        "What about pruning?",
    ],
)
def test_a_question_without_a_subject_of_its_own_depends(question: str) -> None:
    assert followup.needs_context(question)
    assert followup.with_context(question, said(LAMPS)) == f"{question} (about: {LAMPS})"


@pytest.mark.parametrize(
    "question",
    [
        LAMPS,
        FROST,
        "How do Pointer Networks learn convex hulls?",
        "so how do spiking networks save energy on neuromorphic hardware?",
        "which loss is minimised when contrastive learners are trained on pairs of sentences?",
        "something else: how do bees find their hive?",
        "On a different topic, is it warm?",
        "What is pruning?",
        "How does pruning work?",
        "Which papers are about graphs?",
        "Any papers on vision?",
        "How many papers are there?",
    ],
)
def test_a_question_that_names_its_subject_or_a_new_topic_stands_alone(question: str) -> None:
    assert not followup.needs_context(question)
    assert followup.with_context(question, said(LAMPS)) == question


def test_a_pronoun_behind_a_name_stands_for_the_name_and_one_before_it_does_not() -> None:
    assert not followup.needs_context("How does GraphSAINT choose its nodes for each batch?")
    assert not followup.needs_context("How much does CLIP gain and is it robust?")
    assert followup.needs_context("How is it different from GraphSAGE?")
    assert followup.needs_context("Does their sampler beat GraphSAGE on Reddit graphs?")


def test_a_long_question_with_a_pronoun_stands_alone_and_the_same_made_short_does_not() -> None:
    short = "do orchards lose fruit when it freezes?"
    assert followup.needs_context(short)
    assert not followup.needs_context(f"{short[:-1]} in spring and blossoms are open early on most of those trees?")


def test_without_a_question_before_it_nothing_is_joined() -> None:
    assert followup.with_context("why?", []) == "why?"
    assert followup.with_context("why?", [Turn("assistant", "LanternNet dims lamps [1].")]) == "why?"


@pytest.mark.parametrize("keep_joined", [True, False], ids=["history of joined questions", "history as asked"])
def test_a_chain_of_follow_ups_goes_back_to_the_last_question_that_stood_alone(keep_joined: bool) -> None:
    expected = {
        LAMPS: "",
        "and how fast is it?": LAMPS,
        "why?": LAMPS,
        "Was that tested?": LAMPS,
        FROST: "",
        "and in winter?": FROST,
        "how accurate are they?": FROST,
    }
    history: list[Turn] = []
    for question, about in expected.items():
        joined = followup.with_context(question, history)
        assert joined == (f"{question} (about: {about})" if about else question)
        assert followup.without_context(joined) == question
        assert followup.context(joined) == about
        history += said(joined if keep_joined else question)


def test_a_conversation_that_opens_with_a_dependent_question_is_about_that() -> None:
    assert followup.with_context("and why?", said("how fast is it?")) == "and why? (about: how fast is it?)"


def test_answers_are_not_carried_over() -> None:
    history = [Turn("user", LAMPS), Turn("assistant", "Orchards freeze [1][2].")]
    joined = followup.with_context("why?", history)
    assert joined == f"why? (about: {LAMPS})"


def test_white_space_around_the_parts_goes() -> None:
    assert followup.with_context("  why?\n", [Turn("user", f" {LAMPS} ")]) == f"why? (about: {LAMPS})"


@pytest.mark.parametrize(
    ("question", "own", "context"),
    [
        ("a (about: b)", "a", "b"),
        ("a (about: b (c) d)", "a", "b (c) d"),
        ("a\n(about: b\nc)", "a", "b\nc"),
        ("a (about: b) c", "a (about: b) c", ""),
        ("a", "a", ""),
        ("", "", ""),
    ],
)
def test_a_joined_question_is_taken_apart(question: str, own: str, context: str) -> None:
    assert (followup.without_context(question), followup.context(question)) == (own, context)


@given(st.text(), st.text(min_size=1))
def test_what_is_joined_comes_apart_again(question: str, before: str) -> None:
    joined = followup.with_context(question, [Turn("user", before)])
    if joined != question and "(about:" not in question + before:
        assert followup.without_context(joined) == question.strip()
        assert followup.context(joined) == before.strip()


def test_a_follow_up_may_refer_to_each_earlier_question_the_last_one_first() -> None:
    history = [*said(LAMPS), *said("Tell me a joke about bishops and rooks."), *said("and why?")]
    assert followup.readings("how fast is it?", history) == [
        "how fast is it? (about: Tell me a joke about bishops and rooks.)",
        f"how fast is it? (about: {LAMPS})",
    ]
    assert followup.readings("How do Pard and GraphSAINT make graphs block by block?", history) == []


def test_what_about_another_thing_asks_the_same_of_it() -> None:
    joined = followup.with_context("What about prefix-tuning?", said("Does prompt tuning cope with a shift of domain?"))
    assert followup.asks(joined) == "Does prompt tuning cope with a shift of domain? What about prefix-tuning?"
    assert followup.asks("how fast is it? (about: LanternNet)") == "how fast is it?"


@pytest.mark.parametrize(
    "question",
    [
        "Thanks. Now Mnemosyne: which tricks of parallelism does that system combine?",
        "Let's switch to Tiny Time Mixers. What architecture are they based on?",
        "I also read that transformers fail at planning tasks with next-token prediction. Is that so?",
    ],
)
def test_a_question_that_points_back_to_its_own_earlier_clause_stands_alone(question: str) -> None:
    assert not followup.needs_context(question)


def test_the_same_of_another_method_is_asked_of_that_one() -> None:
    joined = followup.with_context("what about zamba2?", said("How many tokens was Zamba trained on?"))
    assert followup.asks(joined) == "How many tokens was zamba2 trained on?"


@pytest.mark.parametrize("own", ["how much?", "And for the detection of duplicate questions?"])
def test_a_follow_up_without_a_question_of_its_own_asks_the_earlier_one(own: str) -> None:
    assert followup.asks(f"{own} (about: Does it save memory?)") == f"Does it save memory? {own}"
