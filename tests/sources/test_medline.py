"""MEDLINE text: translated titles, lines that go on, names, numbers and records without an abstract."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sources import medline
from rag.types import BadRecord, Paper

TWO = """PMID- 99999999
OWN - NLM
DP  - 2019 Jan-Feb
TI  - [Lamps in a harbour: a long title that goes
      on here].
LID - 10.9999/LAMP.7 [doi]
LID - S0000(19)00001-1 [pii]
AB  - BACKGROUND: Lamps flicker. METHODS: We time
      lamps in still air.
FAU - Alder, Ann
AU  - Alder A
FAU - Birch, Bo
AU  - Birch B
SO  - J Lamps. 2019 Jan-Feb;1(1):1-2. doi: 10.9999/other.

PMID- 99999998
TI  - No abstract here.
DP  - 2020 Winter
"""


def papers(text: str) -> list[Paper]:
    assert medline.recognises(text)
    found = list(medline.parse(text))
    assert all(isinstance(one, Paper) for one in found), found
    return [one for one in found if isinstance(one, Paper)]


def only(*lines: str) -> Paper:
    [paper] = papers("\n".join(["PMID- 1", *lines]))
    return paper


def test_a_record_gives_all_fields_of_a_paper() -> None:
    first, second = papers(TWO)
    assert first.title == "Lamps in a harbour: a long title that goes on here"
    assert first.abstract == "BACKGROUND: Lamps flicker. METHODS: We time lamps in still air."
    assert first.authors == ("Ann Alder", "Bo Birch")
    assert (first.published, first.doi, first.pmid) == ("2019-01", "10.9999/lamp.7", "99999999")
    assert (second.title, second.abstract, second.published, second.pmid) == ("No abstract here.", "", "2020", "99999998")


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("[Lamps].", "Lamps"),
        ("[Lamps [of oil] at sea.]", "Lamps [of oil] at sea"),
        ("[Oil] and [gas].", "[Oil] and [gas]."),
        ("Lamps [of oil].", "Lamps [of oil]."),
    ],
)
def test_only_brackets_around_a_whole_title_are_taken_off(written: str, title: str) -> None:
    assert only(f"TI  - {written}").title == title


def test_a_title_that_is_not_available_gives_way_to_the_one_in_its_language() -> None:
    assert only("TI  - [Not Available].", "TT  - Lampen am Hafen.").title == "Lampen am Hafen."


def test_short_names_are_read_where_no_full_ones_are_given_and_groups_where_no_names_are() -> None:
    assert only("TI  - Lamps", "AU  - Alder A").authors == ("Alder A",)
    assert only("TI  - Lamps", "CN  - Lamp Study Group").authors == ("Lamp Study Group",)


def test_a_doi_is_found_in_aid_or_in_the_source() -> None:
    assert only("TI  - Lamps", "AID - 12 [pii]", "AID - 10.9999/lamp.1 [doi]").doi == "10.9999/lamp.1"
    assert only("TI  - Lamps", "AID - http://dx.doi.org/10.9999/lamp.1").doi == "10.9999/lamp.1"
    assert only("TI  - Lamps", "SO  - J Lamps. 2019;1:1. doi: 10.9999/lamp.1. Epub").doi == "10.9999/lamp.1"


def test_a_book_has_its_title_in_bti() -> None:
    assert only("BTI - Lamps of the world").title == "Lamps of the world"


def test_records_without_a_pubmed_number_begin_after_an_empty_line() -> None:
    text = "OWN - ERIC\nTI  - Kites\nDP  - Apr 2019\n\n\nOWN - ERIC\nTI  - Lamps\n"
    assert [(p.title, p.published) for p in papers(text)] == [("Kites", "2019-04"), ("Lamps", None)]


def test_records_are_told_apart_without_an_empty_line() -> None:
    assert [p.title for p in papers("PMID- 1\nTI  - Kites\nPMID- 2\nTI  - Lamps\n")] == ["Kites", "Lamps"]


def test_an_empty_line_within_an_abstract_does_not_end_it() -> None:
    assert only("TI  - Lamps", "AB  - We light", "", "      lamps.").abstract == "We light lamps."


def test_a_line_that_begins_with_a_word_and_a_hyphen_is_no_tag() -> None:
    assert only("TI  - Lamps", "AB  - We found", "AU-rich parts,", "MRNA-like ones, and", "T2 - images.").abstract == (
        "We found AU-rich parts, MRNA-like ones, and T2 - images."
    )


def test_a_record_without_a_title_is_bad_at_its_line_and_the_rest_is_read() -> None:
    first, bad, last = medline.parse("PMID- 1\nTI  - Kites\n\nPMID-2\nAB  - We fly.\n\nPMID- 3\nTI  - Lamps")
    assert bad == BadRecord(4, "no title")
    assert [p.title for p in (first, last) if isinstance(p, Paper)] == ["Kites", "Lamps"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PMID- 1\n",
        "PMID- 1 is a number.\nAnd this is a story.",
        "TY  - JOUR\nTI  - Kites\nER  - \n",
        "FN A database\nVR 1.0\nPT J\nTI Kites\nER\n",
        "# How to\n\nPMID- 1\nTI  - Kites\n",
        '{"PMID": "1"}',
        "<pre>\nPMID- 1\nTI  - Kites\n</pre>",
    ],
)
def test_other_texts_are_not_recognised(text: str) -> None:
    assert not medline.recognises(text)


_LINES = st.sampled_from(["PMID- 1", "TI  - [Lamps].", "AB  - We", "      go on", "", "DP  - 2019", "AID - [doi]", "OWN - "])


@given(st.lists(_LINES | st.text(max_size=20), max_size=20).map("\n".join))
def test_any_lines_are_read_without_a_crash_and_bad_lines_are_of_the_text(text: str) -> None:
    medline.recognises(text)
    for found in medline.parse(text):
        if isinstance(found, BadRecord):
            assert 1 <= found.line <= text.count("\n") + 1
