"""The tagged export of Web of Science: names in lines, dates in two fields, and files cut short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sources import web_of_science
from rag.types import BadRecord, Paper

FILE = """FN Clarivate Analytics Web of Science
VR 1.0
PT J
AU Alder, A
   Birch, B
AF Alder, Ann
   Birch, Bo
TI Boats on a canal and what
   moves them
SO JOURNAL OF BOATS
AB We time boats
   in still air.
DI 10.9999/BOAT.1
PD JUN 14
PY 2006
PM 99999999
UT WOS:000000000000001
ER

PT J
AU Cedar, C
TI Lamps
PY 2007
ER

EF
"""


def papers(text: str) -> list[Paper]:
    assert web_of_science.recognises(text)
    found = list(web_of_science.parse(text))
    assert all(isinstance(one, Paper) for one in found), found
    return [one for one in found if isinstance(one, Paper)]


def only(*lines: str) -> Paper:
    [paper] = papers("\n".join(["FN A database", "VR 1.0", "PT J", *lines, "ER", "", "EF"]))
    return paper


def test_a_record_gives_all_fields_of_a_paper() -> None:
    first, second = papers(FILE)
    assert (first.title, first.abstract) == ("Boats on a canal and what moves them", "We time boats in still air.")
    assert first.authors == ("Ann Alder", "Bo Birch")
    assert (first.published, first.doi, first.pmid) == ("2006-06-14", "10.9999/boat.1", "99999999")
    assert (second.title, second.abstract, second.authors, second.published) == ("Lamps", "", ("C Cedar",), "2007")


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        (["PD JUN", "PY 2006"], "2006-06"),
        (["PD MAY-JUN", "PY 2006"], "2006-05"),
        (["PD SUM", "PY 2006"], "2006"),
        (["PD Aug 1 2019", "PY 2019"], "2019-08-01"),
        (["PD 2008 Dec (Epub 2008 Aug 14)", "PY 2008"], "2008-12"),
        (["PD FEB 30", "PY 2006"], "2006"),
        (["EA JAN 2020"], "2020-01"),
    ],
)
def test_the_date_is_put_together_from_its_fields(fields: list[str], published: str) -> None:
    assert only("TI Boats", *fields).published == published


def test_names_between_semicolons_are_divided_and_mail_addresses_left_out() -> None:
    assert only("TI Boats", "AU Alder, Ann; Birch, Bo").authors == ("Ann Alder", "Bo Birch")
    assert only("TI Boats", "AU Alder, Ann (ann@boats.example) ", "   Birch, Bo").authors == ("Ann Alder", "Bo Birch")


def test_editors_are_read_where_there_are_no_authors() -> None:
    assert only("TI Boats", "BE Alder, A").authors == ("A Alder",)


def test_the_pubmed_number_of_a_record_of_medline_is_read() -> None:
    assert only("TI Boats", "UT MEDLINE:99999999").pmid == "99999999"
    assert only("TI Boats", "UT WOS:99999999").pmid is None


def test_the_doi_of_the_book_is_not_that_of_the_chapter() -> None:
    assert only("TI Boats", "D2 10.9999/book").doi is None


@pytest.mark.parametrize(
    "text",
    [
        FILE.replace("ER\n", ""),
        FILE.removesuffix("\nEF\n"),
        FILE.removeprefix("FN Clarivate Analytics Web of Science\nVR 1.0\n"),
        "\ufeff" + FILE,
        FILE.replace("   ", "\t"),
    ],
)
def test_a_file_without_some_of_its_marks_is_read(text: str) -> None:
    first, second = papers(text)
    assert (first.title, second.title) == ("Boats on a canal and what moves them", "Lamps")
    assert first.authors == ("Ann Alder", "Bo Birch")


def test_two_files_after_one_another_are_read() -> None:
    assert len(papers(FILE + FILE)) == 4


def test_a_record_without_a_title_is_bad_at_its_line_and_the_rest_is_read() -> None:
    first, bad, last = web_of_science.parse("PT J\nTI Boats\nER\n\nPT J\nAB We time.\nER\n\nPT J\nTI Lamps\nER\n")
    assert bad == BadRecord(5, "no title")
    assert [p.title for p in (first, last) if isinstance(p, Paper)] == ["Boats", "Lamps"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PT J",
        "FN A database\nVR 1.0\n",
        "PT Boats and what moves them\nTI me\nAU revoir",
        "PT\tAU\tTI\nJ\tAlder\tBoats\n",
        "TY  - JOUR\nTI  - Boats\nER  - \n",
        "PMID- 1\nTI  - Boats\n",
        "# FN\nPT J\nTI Boats\nER\n",
        '{"PT": "J"}',
    ],
)
def test_other_texts_are_not_recognised(text: str) -> None:
    assert not web_of_science.recognises(text)


_LINES = st.sampled_from(["PT J", "TI Boats", "AB We", "   go on", "", "PD JUN 14", "PY 2006", "ER", "EF", "AU A (@"])


@given(st.lists(_LINES | st.text(max_size=20), max_size=20).map("\n".join))
def test_any_lines_are_read_without_a_crash_and_bad_lines_are_of_the_text(text: str) -> None:
    web_of_science.recognises(text)
    for found in web_of_science.parse(text):
        if isinstance(found, BadRecord):
            assert 1 <= found.line <= text.count("\n") + 1
