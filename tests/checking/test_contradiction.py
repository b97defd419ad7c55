from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.checking import contradiction

MEASURES = "The drone measures the temperature of blossoms."


def both_ways(one: str, other: str) -> list[bool]:
    """Whether each is contrary to the other: the claim and the sentence may change places."""
    return [contradiction.find(one, other) is not None, contradiction.find(other, one) is not None]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LanternNet increases the energy used in Ghent.", "LanternNet decreases the energy used in Ghent."),
        ("LanternNet increases the energy used in Ghent.", "LanternNet reduces the energy used in Ghent."),
        ("The energy used is higher.", "The energy used is lower."),
        ("Ghent has more lamps.", "Ghent has fewer lamps."),
        ("Lamps do better at night.", "Lamps do worse at night."),
        ("The lamps are faster than gas lights.", "The lamps are slower than gas lights."),
        ("The lamps outperform gas lights.", "The lamps underperform gas lights."),
        ("The lamps allow people to sleep.", "The lamps prevent people from sleeping."),
        ("Cheap lamps are used.", "Expensive lamps are used."),
        ("It is easier to dim lamps.", "It is harder to dim lamps."),
        ("Robust lamps are used.", "Brittle lamps are used."),
        ("A stronger lamp in Ghent.", "A weaker lamp in Ghent."),
        ("Positive results in Ghent.", "Negative results in Ghent."),
        ("It maximizes the energy used.", "It minimizes the energy used."),
        ("Accuracy improves while cost falls.", "Accuracy improves while cost rises."),
        ("The energy used does not decrease in Ghent.", "The energy used decreases in Ghent."),
    ],
)
def test_an_opposite_direction_of_the_same_thing_is_contrary(one: str, other: str) -> None:
    assert both_ways(one, other) == [True, True]


@pytest.mark.parametrize(
    "negated",
    [
        "The drone does not measure the temperature of blossoms.",
        "The drone doesn't measure the temperature of blossoms.",
        "The drone doesn’t measure the temperature of blossoms.",
        "The drone cannot measure the temperature of blossoms.",
        "The drone never measures the temperature of blossoms.",
        "The drone hardly measures the temperature of blossoms.",
        "The drone fails to measure the temperature of blossoms.",
        "The drone is unable to measure the temperature of blossoms.",
    ],
)
def test_a_negation_on_one_side_only_is_contrary(negated: str) -> None:
    assert both_ways(negated, MEASURES) == [True, True]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("No training is required for the lamps in Ghent.", "Training is required for the lamps in Ghent."),
        ("Lamps dim without training on labels of people.", "Lamps dim with training on labels of people."),
        ("The lamps run gradient-free at night in Ghent.", "The lamps run on gradient at night in Ghent."),
        ("Neither lamps nor drones measure blossom temperature.", "Lamps and drones measure blossom temperature."),
    ],
)
def test_no_without_free_and_neither_negate(one: str, other: str) -> None:
    assert both_ways(one, other) == [True, True]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The lamps learn in an unsupervised way.", "The lamps learn in a supervised way."),
        ("Training is stable.", "Training is unstable."),
        ("The problem is convex.", "The problem is nonconvex."),
        ("The graph is directed.", "The graph is undirected."),
        ("Lamps are independent of people.", "Lamps are dependent on people."),
    ],
)
def test_a_prefix_on_one_side_only_is_contrary(one: str, other: str) -> None:
    assert both_ways(one, other) == [True, True]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MEASURES, MEASURES),
        ("LanternNet reduces the energy used in Ghent.", "LanternNet lowers the energy used in Ghent."),
        ("Cost is lower and accuracy is higher.", "Accuracy is higher and cost is lower."),
        ("It reduces the loss and increases accuracy of lamps.", "It increases accuracy of lamps and reduces the loss."),
        ("The graph is supervised and unsupervised.", "The graph is homogeneous and unsupervised."),
        ("The drone does not measure blossoms in spring.", "The drone does not measure blossoms in spring."),
    ],
)
def test_sentences_that_agree_are_not_contrary(one: str, other: str) -> None:
    assert both_ways(one, other) == [False, False]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lamps of Ghent are better.", "When frost comes, orchards are worse."),
        ("It is a fallacy of lamps.", "It rises for lamps."),
        ("The lamps discover people.", "The lamps cover people."),  # too short a rest for a prefix
        ("The drone measures frost, not lamps.", "The lamps dim in Ghent."),
    ],
)
def test_directions_and_negations_of_other_things_are_not_contrary(one: str, other: str) -> None:
    assert both_ways(one, other) == [False, False]


@pytest.mark.parametrize("way", ["only", "just", "merely", "necessarily"])
def test_not_only_says_that_it_does(way: str) -> None:
    one = f"The drone not {way} measures the temperature of blossoms but flies."
    assert both_ways(one, "The drone measures the temperature of blossoms and flies.") == [False, False]
    assert both_ways(one.replace(way, "ever"), "The drone measures the temperature of blossoms and flies.") == [True, True]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The energy used in Ghent does not increase.", "The energy used in Ghent decreases."),
        ("The energy used in Ghent never rises.", "The energy used in Ghent never increases."),
        ("LanternNet does not slow traffic in Ghent.", "LanternNet makes traffic in Ghent no slower."),
    ],
)
def test_a_negated_opposite_agrees(one: str, other: str) -> None:
    assert both_ways(one, other) == [False, False]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lamps dim by footsteps rather than clocks.", "Lamps dim by footsteps."),
        ("Lamps dim by footsteps rather than clocks.", "Lamps dim by footsteps rather than by clocks."),
        ("Lamps dim by footsteps rather than clocks.", "Lamps dim by footsteps instead of clocks."),
        ("Lamps learn from footsteps, not clocks.", "Lamps learn from footsteps."),
        ("Lamps dim without training on labels of people.", "Lamps dim without training on labels of people."),
        ("Lamps dim without any labels.", "Lamps need no labels to dim."),
        ("Lamps in the street dim without labels of people.", "No labels of people are needed to dim lamps in the street."),
        ("The lamps avoid labels of people in Ghent.", "Lamps in Ghent dim instead of asking for labels of people."),
    ],
)
def test_two_ways_to_say_what_is_not_used_agree(one: str, other: str) -> None:
    assert both_ways(one, other) == [False, False]


def contrary(claim: str, sentence: str) -> tuple[str, str]:
    found = contradiction.find(claim, sentence)
    assert found is not None
    return claim[slice(*found.claim)], sentence[slice(*found.sentence)]


def test_the_contrary_words_are_named_those_of_the_claim_first() -> None:
    assert contrary("Ghent has more lamps.", "Ghent has fewer lamps.") == ("more", "fewer")
    assert contrary("Training is stable.", "Training is unstable.") == ("stable", "unstable")
    assert contrary("Training is unstable.", "Training is stable.") == ("unstable", "stable")
    on_gradient, without = "The lamps run on gradient at night in Ghent.", "The lamps run gradient-free at night in Ghent."
    assert contrary(without, on_gradient) == ("gradient", "gradient")
    not_measured = "The drone does not measure the temperature of blossoms."
    assert contrary(not_measured, MEASURES) == ("not measure", "measures")
    assert contrary(MEASURES, not_measured) == ("measures", "not measure")


WORDS = "not no without rather than lamps dim more fewer stable unstable increases free , . ( the Ghent energy".split()


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
@example("")
def test_nothing_contradicts_itself(said: str) -> None:
    sentence = f"It is so: {said}"
    assert contradiction.find(sentence, sentence) is None


@given(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join))
def test_any_two_sentences_can_be_compared(one: str, other: str) -> None:
    found = contradiction.find(f"It {one}", f"It {other}")
    assert found is None or (f"It {one}"[slice(*found.claim)] and f"It {other}"[slice(*found.sentence)])
