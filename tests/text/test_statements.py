from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.text.citations import citations
from rag.text.statements import Statement, judged_text, statements


def said(answer: str, found: Statement) -> str:
    return answer[found.start : found.end]


def claimed(answer: str) -> list[str]:
    return [said(answer, s) for s in statements(answer) if s.is_claim]


def unclaimed(answer: str) -> list[str]:
    return [said(answer, s) for s in statements(answer) if not s.is_claim]


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


def cited(answer: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(said(answer, s), s.citations) for s in statements(answer) if s.is_claim]


def test_a_price_is_no_maths() -> None:
    assert claimed("It costs $5 and $10 [1].") == ["It costs $5 and $10 [1]."]


# -- clauses -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "clauses"),
    [
        (
            "TreeNet stores few weights [2], while LeafNet keeps every weight it has [1].",
            [("TreeNet stores few weights [2]", (2,)), ("while LeafNet keeps every weight it has [1].", (1,))],
        ),
        (
            "Pruning heads saves a third of memory [1]; four-bit weights save three quarters [2, 3].",
            [("Pruning heads saves a third of memory [1]", (1,)), ("four-bit weights save three quarters [2, 3].", (2, 3))],
        ),
        (
            "TreeNet [1] stores sparse weights but LeafNet [2] keeps dense weights in memory.",
            [("TreeNet [1] stores sparse weights", (1,)), ("but LeafNet [2] keeps dense weights in memory.", (2,))],
        ),
    ],
)
def test_a_clause_with_marks_of_its_own_is_a_statement(answer: str, clauses: list[tuple[str, tuple[int, ...]]]) -> None:
    assert cited(answer) == clauses
    assert {s.sentence for s in statements(answer)} == {0}


@pytest.mark.parametrize(
    "answer",
    [
        "TreeNet [1], LeafNet [2] and BudNet [3] store sparse weights.",
        "Both TreeNet [1] and LeafNet [2] store sparse weights in memory.",
        "Sparse weights save memory on every device [1][2].",
        "Sparse weights save memory on every device [1] and [2].",
        "Sparse weights save memory on every device [1], [2].",
    ],
)
def test_marks_of_one_clause_stay_together(answer: str) -> None:
    assert [text for text, _ in cited(answer)] == [answer]


# -- what a statement inherits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("LanternNet [1] does this:\n- It dims lamps.\n- It saves power [2].", [(1,), (2,)]),
        ("## LanternNet [1]\nIt dims lamps. It saves power [2].\n## Frost\nOrchards freeze.", [(1,), (2,), ()]),
        ("| paper | result |\n|---|---|\n| LanternNet [1] | dims lamps |\n| Frost [2] | warms trees |", [(1,), (2,)]),
        ("| LanternNet [1] | numbers |\n|---|---|\n| lamps dimmed | 340 |\n\nOrchards freeze.", [(1,), ()]),
        ("LanternNet [1] does this:\n- It dims lamps.\n\nOrchards freeze.", [(1,), ()]),
        ("LanternNet [1] does this:\n- It has parts:\n  - It dims lamps.", [(1,)]),
    ],
)
def test_the_marks_of_a_head_hold_for_what_stands_under_it(answer: str, expected: list[tuple[int, ...]]) -> None:
    assert [s.citations for s in statements(answer) if s.is_claim] == expected


def test_a_statement_knows_what_it_is_read_with() -> None:
    answer = "LanternNet dims lamps [1]. It saves power [1].\n\nFrost does this:\n- It warms trees [2]."
    assert [s.context for s in statements(answer) if s.is_claim] == ["", "LanternNet dims lamps.", "Frost does this:"]


# -- what is no claim ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentence",
    [
        *("Yes.", "No.", "Yes [1].", "**No.**", "No. [2]"),
        *("See [1].", "See also [1, p. 3] and [2].", "Cf. (Zeng et al., 2020) [1]."),
        *("Two of the papers bear on this.", "Here is what they report.", "The abstracts describe three approaches."),
        *(
            "The abstract gives no memory figures [1].",
            "Paper [1] does not report the cost in 2024.",
            "The abstracts name no price.",
        ),
    ],
)
def test_bare_answers_announcements_and_words_about_the_abstracts_are_no_claims(sentence: str) -> None:
    assert claimed(f"{sentence} Lamps dim [1].") == ["Lamps dim [1]."]


@pytest.mark.parametrize(
    "sentence",
    [
        "Yes, lamps dim at night [1].",
        "No lamps are dimmed.",
        "The paper does not require labels [1].",
        "Both papers find that GraphSAINT saves memory.",
        "The three papers dim 340 lamps.",
    ],
)
def test_sentences_that_say_something_are_claims(sentence: str) -> None:
    assert claimed(sentence) == [sentence]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("Yes, lamps dim [1].", "lamps dim."),
        ("**No** – lamps dim [1].", "lamps dim."),
        ("| LanternNet [1] | 340 lamps |", "LanternNet, 340 lamps"),
        ("No lamp dims.", "No lamp dims."),
        ("In Chatino, every lamp dims.", "In Chatino, every lamp dims."),
    ],
)
def test_what_is_judged_has_no_marks_no_bars_and_no_bare_answer(statement: str, words: str) -> None:
    assert [judged_text(found.plain) for found in statements(statement)] == [words]


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


TABLE = "| | **Lamps** [1] | **Bees** [2] |\n|---|---|---|\n"


def test_the_cells_of_a_table_whose_columns_cite_are_statements_that_inherit() -> None:
    answer = f"{TABLE}| **Method** | They are dimmed at night. They rust. | Not reported in the abstract |\n"
    answer += "| Weight | 35 g | They weigh 2 mg [3] |\n"
    stated = [(said(answer, s), s.citations, s.inherited) for s in statements(answer) if s.is_claim]
    assert stated == [
        ("They are dimmed at night.", (1,), True),
        ("They rust.", (1,), True),
        ("35 g", (1,), True),
        ("They weigh 2 mg [3]", (3,), False),
    ]
    assert [said(answer, s).strip() for s in statements(answer) if not s.is_claim][2:] == [
        "**Method**",
        "Not reported in the abstract",
        "Weight",
    ]


def test_the_cells_of_a_row_with_different_marks_are_statements_in_the_context_of_their_column() -> None:
    answer = "| Property | Lamps | Bees |\n|---|---|---|\n| Weight | 35 g [1] | 2 mg [2] |\n| Both | heavy | round [1] |"
    stated = [(said(answer, s), s.citations, s.context) for s in statements(answer) if s.is_claim]
    assert stated == [
        ("35 g [1]", (1,), "Lamps, Weight"),
        ("2 mg [2]", (2,), "Bees, Weight"),
        ("| Both | heavy | round [1] |", (1,), "Property, Lamps, Bees"),
    ]


def test_a_row_that_is_still_being_written_is_read_by_cells_too() -> None:
    answer = f"{TABLE}| **Method** | They are dimmed at night. | Bees are"
    assert claimed(answer)[0] == "They are dimmed at night."
