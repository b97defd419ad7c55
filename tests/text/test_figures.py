from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.figures import Figure, figures


def only(claim: str, *sentences: str) -> Figure:
    [figure] = figures(claim, sentences)
    return figure


def stated(claim: str, sentence: str) -> bool:
    return all(figure.places for figure in figures(claim, [sentence]))


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("It has 20k lamps.", "The set holds 20,000 lamps."),
        ("The error falls from 14 degrees to about 6.", "The error falls from 14.2 to 6.1 degrees."),
        ("It takes two minutes, not 9.5.", "The time fell from 9.5 minutes to two minutes."),
        ("It has 590M parameters.", "A model of 0.59B parameters."),
        ("It has 10,000 lamps.", "Ten thousand lamps."),
        ("It has 64k tokens.", "Contexts of 65,536 tokens."),
        ("It takes two days.", "Training takes 48 hours."),
        ("It is 75x smaller.", "A model 75 times smaller."),
        ("The share is 18%.", "A share of 17.6%."),
        ("The share is about 30%.", "A share of 29.6%."),
        ("Just under 15% dropped out.", "Of all, 14.8% dropped out."),
        ("It scores over 90.", "It scores 91.2."),
        ("The model has 7 to 13 billion parameters.", "Models of 7B-13B."),
        ("It needs 10^3 samples.", "It needs 1,000 samples."),
        ("It uses a rate of 0.0001.", "A rate of 1e-4."),
        ("Three quarters were right.", "In all, 75% were right."),
        ("Three quarters were right.", "Of 20 answers, 15 were right."),
        ("It doubles the score.", "The score rises from 32 to 63."),
        ("It costs a tenth.", "It is 10x cheaper."),
        ("It costs a tenth.", "It costs 90% less."),
        ("It is cut by half.", "It is cut by 50%."),
        ("A third less is used.", "Use falls by 32.5%."),
        ("It is 1.1 points worse.", "It scores 10.8 against 11.9."),
        ("Nine in ten agree.", "91% agree."),
        ("It is faster by an order of magnitude.", "It is 10 times faster."),
        ("It takes a third of a second.", "It takes 320 ms."),
        ("It has half a million words.", "It has 500,000 words."),
        ("Models of one, seven and sixteen billion parameters.", "Three sizes (16B, 7B and 1B)."),
        ("The gap closes by nearly seven BLEU points.", "The gap shrinks from 8.3 BLEU points to 1.4."),
        ("It costs a tenth.", "Costs fall by a factor of 10."),
        ("It doubles.", "The improvement exceeds 100%."),
        ("Skill lasts from day 1 to day 10.", "There is skill at lead times of 1 to 10 days."),
        ("The three-day stage is split.", "Stages of 1d, 2d and 3d are used."),
        ("Over one BLEU point is gained.", "It scores 15.8 against 14.6."),
        ("Less than one percent is kept.", "Only 0.8% is kept."),
        ("One in sixteen tokens is changed.", "6.2% of the tokens change."),
        ("Nine of thirteen tasks improve.", "It improves 9 of 13 tasks."),
        ("It reaches 97% on Reddit.", "Its F1 is 0.970 on Reddit."),
        ("It takes two and a half million steps.", "It takes 2.5M steps."),
        ("It uses 8\\% of them in 30\\,ms.", "Only 8 % are used, within 30 ms."),
        ("It runs for a full day.", "It ran for 24 hours."),
        ("It runs for three quarters of an hour.", "It ran for 45 minutes."),
        ("The film is 0.2 mm thick.", "A film of 200 µm."),
        ("It is kept at 25 °C.", "It is kept at 25 degrees Celsius."),
        ("It warms by 0.7 degrees.", "It warms by 0.7 °C."),
        ("It is 0.7 degrees cooler.", "It averages 1.6 degrees Celsius against 2.3 degrees."),
    ],
)
def test_an_honest_rewriting_has_its_figures_in_the_sentence(claim: str, sentence: str) -> None:
    assert figures(claim, [sentence])
    assert stated(claim, sentence)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("The share is 17.9%.", "A share of 17.6%."),
        ("The share is about 35%.", "A share of 29.6%."),
        ("It has 14B parameters.", "It has 14M parameters."),
        ("Two thirds agree.", "75% agree."),
        ("It takes three days.", "Training takes 48 hours."),
        ("It is cut by half.", "It is cut by a third."),
        ("It dates from 2023.", "It dates from 2024."),
        ("Version 2.3.0 is out.", "Version 1.3.0 is out."),
        ("It improves 19 tasks.", "It improves 19.4% of them."),
        ("Two thirds are kept.", "Two of the nine are kept."),
        ("One in three is kept.", "Three are kept."),
        ("It takes twice as long.", "Accuracy rises from 79.4% to 96.8%."),
        ("A full year is needed.", "Three months are needed."),
        ("More than 40% agree.", "31% agree."),
    ],
)
def test_a_changed_figure_has_no_place(claim: str, sentence: str) -> None:
    assert not stated(claim, sentence)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("It rises by 5%.", "It rises by 5 percentage points."),
        ("It runs for 20 hours.", "It runs for 20 days."),
        ("It is 40 times faster.", "It is 40% faster."),
        ("It takes 1 byte.", "It takes 1 bit."),
        ("It is kept at 25 °C.", "It is kept at 25 K."),
        ("It is 4% smaller.", "It is 2-4x smaller."),
        ("It rises 5 times.", "It rises by 5% on average."),
    ],
)
def test_a_number_with_another_unit_is_told_apart(claim: str, sentence: str) -> None:
    figure = only(claim, "Nothing is said.", sentence)
    assert (figure.places, figure.other_unit) == ((), (1,))


@pytest.mark.parametrize(
    "name",
    ["GPT-4", "LLaMA-65B", "ImageNet-1k", "512x512", "64 × 64", "R2", "F1", "CO2", "COVID-19", "p53", "top-1", "one of the",
     "one", "zero-shot", "first", "the third place", "a third stage", "1st", "3D", "pass@1", "the 1990s",
     "the two policies", "data point", "half-life", "hundreds of lamps", "several orders of magnitude"],
)  # fmt: skip
def test_a_name_an_ordinal_or_a_pronoun_is_no_figure(name: str) -> None:
    assert figures(f"It uses {name} here.", []) == []


def test_a_figure_says_whether_it_is_spelled_or_relative() -> None:
    found = figures("Two stages make it 3x faster and halve 20 costs.", [])
    assert [(f.quantity.shown, f.spelled, f.relative) for f in found] == [
        ("Two", True, False),
        ("3x", False, True),
        ("halve", True, True),
        ("20", False, False),
    ]


PIECES = ["0", "1", "20", ".", ",", "-", "–", "x", "×", "%", "^", " ", "\\", "~", "{", "}", "one", " a ", "half ", "third", "s"]
PIECES += [" of ", "ten", "fold", "about ", "K", " million", " ms", "GPT-", "e", "/", "twenty", " in ", "point", "²", " 10^"]


@given(st.text(max_size=80) | st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_text_is_read_and_states_its_own_figures(text: str) -> None:
    for figure in figures(text, ["Another one.", text]):
        assert 1 in figure.places
        quantity = figure.quantity
        assert quantity.shown
        assert text[quantity.start :].startswith(quantity.shown)


@pytest.mark.parametrize("text", ["1", " ", "1 ", "one ", "1,", "half a ", "10^", "1-", "a third of "])
def test_a_long_text_takes_time_linear_in_its_length(text: str) -> None:
    assert len(figures(text * 3_000, [text * 3_000])) <= 1


def test_a_time_after_a_figure_is_its_rate() -> None:
    abstract = ["The smallest leak was 180 kg per hour.", "It is fed two times per day."]
    assert [f.quantity.shown for f in figures("It emits 180 kg an hour.", abstract)] == ["180 kg"]
    assert [f.quantity.shown for f in figures("They feed it twice a day.", abstract)] == ["twice"]
    assert [f.quantity.shown for f in figures("It takes an hour, for a year.", abstract)] == ["an hour", "a year"]


def test_a_list_marker_is_no_figure_and_a_figure_occurs_once() -> None:
    assert [f.quantity.shown for f in figures("2. About 30% of 30% agree.", [])] == ["30%"]


def test_every_sentence_that_states_a_figure_is_named() -> None:
    assert only("It has 20 lamps.", "It has 20 lamps.", "Nothing.", "Twenty lamps hang.").places == (0, 2)
