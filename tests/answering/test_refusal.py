"""A model's refusal is known in its own words, and an answer is not taken for one."""

from __future__ import annotations

import pytest
from support.factories import LAMPS, HashEmbedder, QueueModel, answer

from rag.answering.refusal import is_refusal
from rag.answering.streaming import AnswerStream
from rag.prompting import REFUSAL
from rag.types import Answer, Claim, Prompt


@pytest.mark.parametrize(
    "said",
    [
        REFUSAL,
        f"Answer: {REFUSAL}",
        f"{REFUSAL} They are about street lamps and frost.",
        "The provided abstracts do not contain information about boiling eggs.",
        "These abstracts don’t address eggs.",
        "The abstract does not specify which GPU was used.",
        "The context does not provide any details on this.",
        "The question is not answered by the abstracts.",
        "None of the papers mention the price.",
        "None of the provided abstracts discuss eggs. They are about lamps. A cookbook would help.",
        "There is no information about eggs in these abstracts.",
        "No information about the licence is given.",
        "Based on the provided abstracts, there is no mention of a licence.",
        "According to the abstracts, none of the papers reports it.",
        "I'm sorry, but the abstracts don't say how much it costs.",
        "Unfortunately, the given sources do not mention GraphSAGE.",
        "Sorry, I don't have enough information.",
        "I cannot answer this question from the given abstracts.",
        "I am unable to answer from these abstracts.",
        "I could not find an answer in the abstracts.",
        "This question cannot be answered from the abstracts.",
        "**The abstracts do not mention this.**",
        "[1] The abstract does not answer this question.",
        "[1] [2][3]",
        "[1][2] The provided abstracts do not mention this.",
    ],
)
def test_a_refusal_is_known_in_a_models_own_words(said: str) -> None:
    assert is_refusal(said)
    assert is_refusal(f"\n{said}\n")


@pytest.mark.parametrize(
    "said",
    [
        "LanternNet dims 340 lamps [1].",
        "LanternNet dims 340 lamps.",
        "The method does not include recurrence.",
        "Abstract syntax trees are not any faster [1].",
        "[1] LanternNet dims 340 lamps.",
        "[2] The abstracts do not tell the price. LanternNet dims 340 lamps [1].",
        "Information bottlenecks do not cover noise [1].",
        "The paper does not use labels; it learns from footsteps alone.",
        "Yes. The abstracts do not disagree.",
        "No.",
        "0",
        "340",
        "Not before 2024.",
    ],
)
def test_an_answer_is_no_refusal(said: str) -> None:
    assert not is_refusal(said)


@pytest.mark.parametrize(
    "said",
    [
        "The abstracts do not say what it costs, but LanternNet dims 340 lamps [1].",
        f"{REFUSAL} But LanternNet comes near: it dims 340 lamps [1].",
        "There is no need for labels [1].",
        "The papers do not give one figure: 3 [1] or 4 [2].",
        "No information is lost by the transform 【2】.",
        "I cannot name its price. It dims 340 lamps (1).",
        "LanternNet dims lamps [1]. The abstracts do not tell its price.",
        "LanternNet dims lamps. The abstracts do not tell its price.",
    ],
)
def test_an_answer_to_a_part_that_cites_or_answers_first_is_no_refusal(said: str) -> None:
    assert not is_refusal(said)


@pytest.mark.parametrize("opening", [REFUSAL, "The abstracts do not mention the price."])
@pytest.mark.parametrize(
    "tail",
    [
        "They are about street lamps and frost.",
        "The provided abstracts focus on lamps. They also discuss frost.",
        "All of them deal with street lamps instead. Please ask about those.",
        "A cookbook would help.",
        "If you have more information, I could search again.",
        "Could you rephrase the question?",
    ],
)
def test_a_refusal_may_say_what_the_sources_are_about_and_what_would_help(opening: str, tail: str) -> None:
    assert is_refusal(f"{opening} {tail}")
    assert is_refusal(f"{opening}\n\n{tail} {tail}")


@pytest.mark.parametrize("opening", [REFUSAL, "The abstracts do not mention the price.", "I cannot answer this question."])
@pytest.mark.parametrize(
    "stated",
    [
        "Eggs boil in seven minutes.",
        "However, LanternNet dims lamps by learning from footsteps.",
        "They describe that eggs boil slowly.",
        "They are about 340 lamps.",
        "You should boil the eggs in salted water.",
        "- Lamps dim.\n- Frost bites orchards.",
    ],
)
def test_what_is_stated_after_a_refusal_sentence_makes_it_no_refusal(opening: str, stated: str) -> None:
    assert not is_refusal(f"{opening} {stated}")
    assert not is_refusal(f"{opening}\n\nThey are about lamps. {stated}")


def checked(reply: str) -> Answer:
    stream = AnswerStream(QueueModel(reply, piece_chars=3), HashEmbedder(), None)
    events = list(stream.read(Prompt("How?", tuple(LAMPS)), answer("", claims=()), 0.0))
    made = events[-1]
    assert isinstance(made, Answer)
    claims = [event for event in events if isinstance(event, Claim)]
    assert claims == list(made.claims[: len(claims)]) or made.refused
    return made


@pytest.mark.parametrize(
    ("opening", "stated"),
    [
        (REFUSAL, "LanternNet sank 77 ships in Ghent."),
        (REFUSAL, "Ghent sank 77 ships [1]."),
        (f"**{REFUSAL}**", "LanternNet sank 77 ships in Ghent."),
        ("I cannot answer this question.", "Eggs boil in seven minutes."),
        ("Sorry, I don't have enough information.", "Eggs boil in seven minutes."),
        ("The abstracts do not mention the price.", "However, eggs boil in salted water."),
        (REFUSAL.rstrip(".") + ",", "but eggs boil in seven minutes."),
        (REFUSAL.rstrip(".") + ":", "eggs boil in seven minutes."),
        ("The abstracts do not say what it costs,", "but LanternNet sank 77 ships [1]."),
        ("Although the abstracts do not say what it costs,", "LanternNet sank 77 ships [1]."),
    ],
)
def test_what_follows_a_refusal_sentence_is_checked_and_the_sentence_itself_is_not(opening: str, stated: str) -> None:
    made = checked(f"{opening} {stated}")
    assert not made.refused
    assert [c.text for c in made.claims if c.verdict != "none"] == [stated]
    assert {c.verdict for c in made.claims} <= {"none", "uncited", "unsupported", "contradicted"}


def test_a_refusal_with_what_the_sources_are_about_stays_one() -> None:
    made = checked(f"{REFUSAL} They are about street lamps and frost.")
    assert made.refused
    assert made.claims == ()


def test_a_statement_before_a_remark_about_the_sources_is_checked() -> None:
    made = checked("LanternNet sank 77 ships in Ghent [1], but the abstracts do not say what it costs.")
    assert [c.text for c in made.claims if c.verdict != "none"] == ["LanternNet sank 77 ships in Ghent [1]"]
