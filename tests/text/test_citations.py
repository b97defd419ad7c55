from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.factories import paper, sources

from rag.text.citations import Statement, citations, statements, without_marks


def numbers(answer: str) -> list[tuple[int, ...]]:
    return [mark.numbers for mark in citations(answer)]


def said(answer: str, found: Statement) -> str:
    return answer[found.start : found.end]


def claimed(answer: str) -> list[str]:
    return [said(answer, s) for s in statements(answer) if s.is_claim]


def unclaimed(answer: str) -> list[str]:
    return [said(answer, s) for s in statements(answer) if not s.is_claim]


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
    assert claimed(said) == [said]


# -- statements ----------------------------------------------------------------------------------------------------------


def test_a_statement_keeps_its_text_and_citations() -> None:
    answer = "Lamps dim [1, 3]. Orchards lose fruit to frost in spring [2]. Nobody walks."
    assert [(said(answer, s), s.citations) for s in statements(answer)] == [
        ("Lamps dim [1, 3].", (1, 3)),
        ("Orchards lose fruit to frost in spring [2].", (2,)),
        ("Nobody walks.", ()),
    ]


def test_a_mark_after_the_full_stop_belongs_to_the_sentence_before_it() -> None:
    assert [s.citations for s in statements("Lamps are dimmed. [1] Orchards freeze. [2][1]")] == [(1,), (2, 1)]


@pytest.mark.parametrize(
    "answer",
    [
        "[1] dims 340 lamps.",
        "- [1] dims 340 lamps.",
        "Lamps are dimmed.\n[1]",
        "Lamps are dimmed\n\n[1]\n",
        "[1]: it dims lamps",
    ],
)
def test_no_citation_is_lost(answer: str) -> None:
    """A mark in front of a sentence, or on a line of its own after one, is that sentence's."""
    assert [s.citations for s in statements(answer) if s.is_claim] == [(1,)]


@pytest.mark.parametrize("bullet", ["- ", "* ", "• ", "+ ", "1. ", "12. ", "3) ", "  - "])
def test_the_items_of_a_list_are_claims_without_their_bullets(bullet: str) -> None:
    assert claimed(f"{bullet}It dims lamps [1].\n{bullet}It hums\n") == ["It dims lamps [1].", "It hums"]


def test_headings_code_and_lead_ins_are_no_claims() -> None:
    answer = (
        "# Lamps\n\n**LanternNet**\n\n__Frost__\n\nWhat it does:\n- It dims 340 lamps [1].\n"
        "---\n```python\ndim(340)\n```\nIt hums."
    )
    assert claimed(answer) == ["It dims 340 lamps [1].", "It hums."]
    assert unclaimed(answer) == [
        *("# Lamps", "**LanternNet**", "__Frost__", "What it does:", "---"),
        *("```python", "dim(340)", "```"),
    ]


@pytest.mark.parametrize("line", ["$$x = 340$$", "$$ x[1] = 2 $$.", "\\[ x[1] = 2 \\]", "  \\[ E = mc^2 \\],"])
def test_maths_on_a_line_of_its_own_is_no_claim(line: str) -> None:
    answer = f"Lamps dim [1].\n{line}\nIt hums [2]."
    assert claimed(answer) == ["Lamps dim [1].", "It hums [2]."]
    assert unclaimed(answer) == [line.strip()]


@pytest.mark.parametrize("answer", ["The light \\( x[1] \\) grows [2].", "The light `x[1]` grows [2]."])
def test_maths_and_code_inside_a_sentence_are_part_of_the_claim_and_cite_nothing(answer: str) -> None:
    assert [(said(answer, s), s.is_claim, s.citations) for s in statements(answer)] == [(answer, True, (2,))]


@pytest.mark.parametrize(
    "answer", ["**LanternNet** sings.", "**Lamps dim all night.**", "**Lamps**: they dim", "Lamps **dim**."]
)
def test_a_sentence_with_bold_words_is_a_claim(answer: str) -> None:
    assert claimed(answer) == [answer]


@pytest.mark.parametrize(
    "answer",
    [
        "The abstracts do not say how lamps are paid for.",
        "The abstract does not mention the price.",
        "The papers don't report the price.",
        "The sources don’t give a price.",
        "None of the papers tell the price.",
        "No information on the price is given.",
        "It isn't stated.",
    ],
)
def test_what_is_said_of_the_sources_claims_nothing(answer: str) -> None:
    assert claimed(f"{answer} Lamps dim.") == ["Lamps dim."]


@pytest.mark.parametrize(
    "answer",
    [
        "The lamps do not need training data.",
        "The paper does not require labels [1].",
        "The method is not given labels [1].",
        "The abstract reports 340 lamps [1].",
    ],
)
def test_other_sentences_with_such_words_do(answer: str) -> None:
    assert claimed(answer) == [answer]


def test_a_question_claims_nothing_unless_it_cites() -> None:
    assert unclaimed("How many lamps? It has 340 [1].") == ["How many lamps?"]
    assert claimed("How many lamps? [1]") == ["How many lamps? [1]"]


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


FRAGMENTS = st.sampled_from(
    [
        *"[]()【】［］,;-–.!?:*#$\n ",
        *(
            "[1]",
            "[1, 2]",
            "[1,\n2]",
            "(2)",
            "【1†",
            "[99]",
            "[0]",
            "```",
            "~~~",
            "\n- ",
            "\n1. ",
            "**",
            "# ",
            "\\(",
            "\\)",
            "$$",
        ),
        *(
            "\\[",
            "\\]",
            "A lamp",
            " foo",
            "Dims 340.",
            " et al. ",
            "e.g. ",
            "\r\n",
            "\u2028",
            "\x0b",
            "\t",
            "É",
            "😀",
            "12",
            "†",
        ),
    ]
)


@given(st.lists(FRAGMENTS, max_size=25).map("".join) | st.text(max_size=80))
@example("")
@example("Lamps [1,\n2] and so on:")
@example("Lamps [1†\n```\n]")
def test_statements_and_marks_stand_in_order_without_overlap_in_any_text(answer: str) -> None:
    found, marks = statements(answer), citations(answer)
    assert all(said(answer, s) == said(answer, s).strip() != "" for s in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(a.end <= b.start for a, b in pairwise(marks))
    assert all(mark.numbers for mark in marks)
    assert {n for s in found for n in s.citations} <= {n for mark in marks for n in mark.numbers}
