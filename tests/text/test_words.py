from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.words import STOP, content_words, method_names, numbers


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("model", "models"),
        ("network", "Networks"),
        ("train", "training"),
        ("learned", "learning"),
        ("image", "images"),
        ("sample", "sampled"),
        ("study", "studies"),
    ],
)
def test_forms_of_one_word_are_the_same_word(one: str, other: str) -> None:
    assert content_words(one) == content_words(other) != set()


@pytest.mark.parametrize(
    ("one", "other"), [("C++", "C"), ("C#", "C++"), ("GPT-4", "GPT-3"), ("ring", "king"), ("this", "thing")]
)
def test_different_words_stay_apart(one: str, other: str) -> None:
    assert content_words(one) != content_words(other)


def test_words_without_meaning_do_not_count() -> None:
    assert content_words("What do the papers say about this, and which of the methods is used?") == set()


def test_digits_count_as_words_and_single_letters_do_not() -> None:
    assert content_words("x 7 B") == {"7"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100,000 tokens", {"100000"}),
        ("1,234,567.50", {"1234567.5"}),
        ("accuracy of 84.50% and 2.0", {"84.5", "2"}),
        ("from 10 to 100", {"10", "100"}),
        ("no figures at all", set()),
        ("1, 2 and 3", {"1", "2", "3"}),
        ("ends with 42.", {"42"}),
        ("3.14, 2.71", {"3.14", "2.71"}),
    ],
)
def test_numbers_are_compared_by_value_as_written(text: str, expected: set[str]) -> None:
    assert numbers(text) == expected


@given(st.integers(0, 10**12))
def test_thousands_separators_do_not_change_a_number(n: int) -> None:
    assert numbers(f"about {n:,} of them") == numbers(f"about {n} of them") == {str(n)}


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 5))
def test_trailing_zeros_do_not_change_a_decimal(whole: int, part: int, zeros: int) -> None:
    assert numbers(f"{whole}.{part}" + "0" * zeros) == numbers(f"{whole}.{part}")


def test_names_of_methods_are_found_in_order_and_once() -> None:
    found = method_names("Does GraphSAINT beat GPT-4 or LoRA+ on MNIST, and GraphSAINT on CIFAR-10?")
    assert found == ["GraphSAINT", "GPT-4", "LoRA+", "MNIST", "CIFAR-10"]


def test_ordinary_words_are_no_names() -> None:
    assert method_names("What is the capital of Mongolia? Is it a Large city, 1998 or so?") == []


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    words = content_words(text)
    assert not words & STOP
    assert all(any(c.isalnum() for c in w) for w in words)
    assert all(name in text for name in method_names(text))
    assert all(n.replace(".", "").isdigit() for n in numbers(text))
