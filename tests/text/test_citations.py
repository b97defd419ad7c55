from __future__ import annotations

import time
from dataclasses import replace

import pytest
from support.citation_forms import FORMS
from support.factories import LAMPS, paper, sources

from rag.text.citations import asides, blanked_out, citations, without, without_marks
from rag.text.statements import statements
from rag.types import Source


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


THREE = [*LAMPS, *sources(paper("Third", "It uses GPT-4 and CO2, as Hu et al. (2019) show in [Stage 1]."))]


PLACES = [
    "Lamps are dimmed {}.",
    "Lamps are dimmed{}.",
    "Lamps are dimmed. {}",
    "{} Lamps are dimmed.",
    "- {} Lamps are dimmed.",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_mark_of_any_form_is_read_and_is_no_word_of_its_sentence(form: str) -> None:
    for place in (
        "Lamps are dimmed {}.",
        "Lamps are dimmed{}.",
        "Lamps are dimmed. {}",
        "{} Lamps are dimmed.",
        "- {} Lamps are dimmed.",
    ):
        said = place.replace("{}", form)
        marks = citations(said, THREE)
        assert [(said[m.start : m.end], m.numbers) for m in marks] == [(form, FORMS[form])], place
        [statement] = statements(said, THREE)
        assert statement.citations == FORMS[form]
        assert " ".join(statement.plain.split()).replace(" .", ".") == "Lamps are dimmed."
        assert statement.is_claim


@pytest.mark.parametrize(
    "said",
    [
        "The input has the shape [3, 224].",
        "It ran with [8, 16, 32] lamps.",
        "It costs 10⁵ lamps on 5 m² and 7 km².",
        "R² and x¹ and χ², 10<sup>5</sup> and m<sup>2</sup>.",
        "Ca²⁺ flows at 3 s⁻¹, in O(n²) or sin²(x) or (x+y)².",
        "See [Figure 2], [Table 1], [Eq. 3], [Table S1] and [p. 3].",
        "With [x1], [i-1] and [k=5] lamps.",
        "By [GPT-4] and [CO2] in [Stage 1].",
        "Ranges [1:3], [1, n] and [-1].",
        "Done (2020), and (3 lamps), and (Table 1).",
        "1. Lamps\n2) Frost",
        "Done in [ ] and [x].",
    ],
)
def test_intervals_shapes_powers_parts_of_a_document_and_names_of_a_source_stay_text(said: str) -> None:
    assert citations(said, THREE) == []
    assert blanked_out(said, asides(said, [], THREE)) == said


def test_a_raised_number_that_a_title_has_is_quoted() -> None:
    of = sources(paper("LanternNet¹: dimming lamps", "Lamps dim."))
    assert citations("**LanternNet¹: dimming lamps**: Lamps dim.", of) == []
    assert numbers("LanternNet¹ dims lamps.") == [(1,)]


@pytest.mark.parametrize(
    ("said", "claimed"),
    [
        ("Lamps dim (Zeng et al., 2020) [1].", "Lamps dim ."),
        ("Lamps dim (see Zeng and Li 2019; Ma 2021, p. 3) [1].", "Lamps dim ."),
        ("Zeng et al. (2020) show that lamps dim [1].", "show that lamps dim ."),
        ("As Zeng & Li (2019a) show, lamps dim [1].", "As show, lamps dim ."),
        ("Van der Berg et al.'s lamps dim [1].", "lamps dim ."),
        ("Lamps dim (see [1], [2]).", "Lamps dim ."),
        ("Lamps dim (Zeng et al. [1]).", "Lamps dim ."),
        ("Lamps dim, as [the code](https://example.org/99) shows.", "Lamps dim, as [the code] shows."),
        ("Lamps dim: https://example.org/99.", "Lamps dim: ."),
        ("As Hu et al. (2019) show.", "As Hu et al. (2019) show."),
        ("LanternNet (2020) dims lamps.", "LanternNet (2020) dims lamps."),
        ("Lamps dim (January 2020), at NeurIPS (2021).", "Lamps dim (January 2020), at NeurIPS (2021)."),
    ],
)
def test_authors_years_and_addresses_claim_nothing_unless_a_source_has_them(said: str, claimed: str) -> None:
    marks = citations(said, THREE)
    plain = blanked_out(without(said, marks), asides(said, marks, THREE))
    assert " ".join(plain.split()) == claimed


def written(by: tuple[str, ...], year: str) -> Source:
    return sources(paper(authors=by, published=year))[0]


BY = [
    replace(written(("Qi Zeng", "Bo Li"), "2020-03-01"), n=1),
    replace(written(("Hu, A.", "Zeng, Q."), "2021"), n=2),
    replace(written(("Hu, B.",), "2021"), n=3),
]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Lamps dim (Zeng et al., 2020).", [(1,)]),
        ("Lamps dim (Zeng and Li, 2020; Zeng 2021).", [(1,), (2,)]),
        ("Zeng and Li (2020) dim lamps.", [(1,)]),
        ("Lamps dim (Hu, 2021).", []),
        ("Lamps dim (Zeng, 2019).", []),
        ("Lamps dim (Zeng et al., 2020) [3].", [(3,)]),
    ],
)
def test_an_author_and_year_cite_the_one_source_that_has_them_where_no_number_does(
    said: str, expected: list[tuple[int, ...]]
) -> None:
    marks = citations(said, BY)
    assert [mark.numbers for mark in marks] == expected
    assert without(said, [mark for mark in marks if mark.start == mark.end]) == said
    assert [n for s in statements(said, BY) for n in s.citations] == [n for mark in expected for n in mark]


@pytest.mark.parametrize("text", ["[1](", "Lamps dim [", "[a", "([1]", "¹", "<a ", "(Zeng, ", "[1, Zeng "])
def test_a_long_text_of_open_marks_is_read_in_a_moment(text: str) -> None:
    began = time.process_time()
    citations(text * (8_000 // len(text)), THREE)
    assert time.process_time() - began < 2


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
