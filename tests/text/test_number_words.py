from __future__ import annotations

import pytest

from rag.text import number_words


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ("seven", 7, 1),
        ("twenty five", 25, 1),
        ("three hundred", 300, 100),
        ("two hundred and fifty", 250, 1),
        ("ten thousand", 10_000, 1000),
        ("one hundred million", 1e8, 1e6),
        ("two million three hundred thousand", 2_300_000, 1000),
        ("hundred", 100, 100),
        ("two dozen", 24, 12),
    ],
)
def test_number_words_make_one_number(text: str, value: float, step: float) -> None:
    assert number_words.read(text.split()) == (value, step, len(text.split()))


@pytest.mark.parametrize(
    ("text", "value", "taken"),
    [("two three", 2, 1), ("twenty and", 20, 1), ("twenty twelve", 20, 1), ("lamps", 0, 0), ("", 0, 0)],
)
def test_words_that_make_no_number_are_left(text: str, value: float, taken: int) -> None:
    assert (number_words.read(text.split())[0], number_words.read(text.split())[2]) == (value, taken)


@pytest.mark.parametrize(
    ("text", "value", "taken"),
    [
        ("thirds", 3, 1),
        ("quarter", 4, 1),
        ("twentieths", 20, 1),
        ("twenty fifth", 25, 2),
        ("thousandth", 1000, 1),
        ("lamp", 0, 0),
    ],
)
def test_ordinals_are_denominators(text: str, value: float, taken: int) -> None:
    assert number_words.denominator(text.split()) == (value, taken)


@pytest.mark.parametrize(
    ("word", "value"), [("threefold", 3), ("tenfold", 10), ("hundredfold", 100), ("blindfold", 0), ("fold", 0)]
)
def test_folds_are_factors(word: str, value: float) -> None:
    assert number_words.fold(word) == value
