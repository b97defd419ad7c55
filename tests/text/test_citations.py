from __future__ import annotations

import pytest
from support.factories import paper, sources

from rag.text.citations import citations, without_marks


def numbers(answer: str) -> list[tuple[int, ...]]:
    return [mark.numbers for mark in citations(answer)]


# -- citation marks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("[1]", [(1,)]),
        ("[ 1 ]", [(1,)]),
        ("[1, 2]", [(1, 2)]),
        ("[1,2]", [(1, 2)]),
        ("[1; 2]", [(1, 2)]),
        ("[1 and 2]", [(1, 2)]),
        ("[1][2]", [(1,), (2,)]),
        ("[1] [2]", [(1,), (2,)]),
        ("[1-3]", [(1, 2, 3)]),
        ("[1–3]", [(1, 2, 3)]),
        ("[1, 3-5]", [(1, 3, 4, 5)]),
        ("[2, 2]", [(2,)]),
        ("【1】", [(1,)]),
        ("［1］", [(1,)]),
        ("【1†source】", [(1,)]),
        ("【12†L3-L9】", [(12,)]),
        ("[source 2]", [(2,)]),
        ("[Source 2]", [(2,)]),
        ("[Paper 2]", [(2,)]),
        ("[Sources 1, 2]", [(1, 2)]),
        ("[source 1, source 2]", [(1, 2)]),
        ("[^1]", [(1,)]),
        ("[#1]", [(1,)]),
        ("(1)", [(1,)]),
        ("(1, 2)", [(1, 2)]),
    ],
)
def test_marks_of_every_kind_are_read_at_the_end_of_a_sentence(mark: str, expected: list[tuple[int, ...]]) -> None:
    answer = f"Lamps are dimmed {mark}."
    assert numbers(answer) == expected
    assert "".join(answer[m.start : m.end] for m in citations(answer)).replace(" ", "") == mark.replace(" ", "")
    assert numbers(f"Lamps are dimmed. {mark}") == expected
    assert numbers(f"Lamps are dimmed {mark}. More of them follow.") == expected


@pytest.mark.parametrize(
    "said",
    [
        "Values lie in [0,1].",
        "Values lie in [0, 1] always.",
        "It was [not] so.",
        "In [2024] things changed.",
        "The range is [0.5, 1.5].",
        "See [the code](https://example.org/1).",
        "Empty [] and ().",
        "A vector x[i] of them.",
    ],
)
def test_other_brackets_are_no_citations(said: str) -> None:
    assert numbers(said) == []


@pytest.mark.parametrize(
    "said", ["It has (1) lamps and (2) sensors in it.", "Steps (1, 2) come first.", "About (3) percent, say."]
)
def test_round_brackets_inside_a_sentence_count_things(said: str) -> None:
    assert numbers(said) == []


def test_a_round_mark_inside_a_bracketed_one_is_not_read_twice() -> None:
    assert numbers("Dimmed [1†page (2)].") == [(1,)]


@pytest.mark.parametrize("said", ["(1) Encode the text, (2) Rank it.", "Steps: (1) Encode. (2) Rank.", "It has lamps(1)."])
def test_items_of_a_list_are_no_citations(said: str) -> None:
    assert numbers(said) == []


def test_round_marks_count_only_where_there_are_no_square_ones() -> None:
    assert numbers("Lamps dim (1). Frost bites (2)") == [(1,), (2,)]
    assert numbers("Lamps dim (1). Frost bites [2].") == [(2,)]


def test_no_citation_is_read_in_code_or_maths() -> None:
    assert numbers("```\nx = lamps[99]\n```") == []
    assert numbers("~~~\nx = lamps[99]") == []
    assert numbers("Set `x[1]` and \\( y[2] \\) so [3].") == [(3,)]


def test_a_mark_that_the_abstract_has_in_the_same_place_is_quoted() -> None:
    of = sources(paper("Lamps", "Street lamps waste power when nobody walks below them, as told before [7]."))
    assert citations("They waste power when nobody walks below them, as told before [7].", of) == []
    assert [m.numbers for m in citations("They glow [7].", of)] == [(7,)]


@pytest.mark.parametrize("said", ["It costs $5 and $10 [1].", "It costs $5–$10 in $USD$ [1]."])
def test_prices_are_no_maths(said: str) -> None:
    assert numbers(said) == [(1,)]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("**Lamps** dim [1].", "Lamps dim."),
        ("Lamps [1, 2] dim 【3†source】", "Lamps dim"),
        ("Lamps dim (1).", "Lamps dim."),
        ("It has (1) lamp [2]", "It has (1) lamp"),
    ],
)
def test_the_words_of_a_statement_come_without_marks_and_bold_signs(statement: str, words: str) -> None:
    assert " ".join(without_marks(statement).split()) == words
