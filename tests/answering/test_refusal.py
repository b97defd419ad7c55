"""A model's refusal is known in its own words, and an answer is not taken for one."""

from __future__ import annotations

import pytest

from rag.answering.refusal import is_refusal
from rag.prompting import REFUSAL


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


def test_what_goes_on_for_long_is_no_refusal() -> None:
    opening = "The abstracts do not mention the price."
    assert is_refusal(opening + " Lamps dim." * 3)
    assert not is_refusal(opening + " Lamps dim." * 4)
