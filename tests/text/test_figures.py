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
    ],
)
def test_a_number_with_another_unit_is_told_apart(claim: str, sentence: str) -> None:
    figure = only(claim, "Nothing is said.", sentence)
    assert (figure.places, figure.other_unit) == ((), (1,))


@pytest.mark.parametrize(
    "name",
    ["GPT-4", "LLaMA-65B", "ImageNet-1k", "512x512", "64 × 64", "R2", "F1", "CO2", "COVID-19", "p53", "top-1", "one of the",
     "one", "zero-shot", "first", "the third place", "a third stage", "1st", "3D", "pass@1", "the 1990s"],
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
    assert len(figures(text * 20_000, [text * 20_000])) <= 1
