"""EndNote's tagged files and refer: records by their types or between empty lines, and their fields."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import SourceError
from rag.sources import endnote_tagged, formats
from rag.types import BadRecord, Paper

KITES = """%0 Journal Article
%T Kites over a harbour
%A Alder, Ann
%A Birch, Bo
%J Journal of Kites
%V 7
%D 2019
%8 March 5
%R 10.9999/KITE.1
%U https://kites.example/1
%X We fly kites
over a harbour.

%U is no field of this paragraph, and neither is this.
"""
REFER = """%A Ann Alder
%T Lamps
%D 1984

%T Boats
%A Bo Birch
%X They float.
"""


def papers(text: str) -> list[Paper]:
    assert formats.find(text, "the file") is endnote_tagged
    found = list(endnote_tagged.parse(text))
    assert all(isinstance(one, Paper) for one in found), found
    return [one for one in found if isinstance(one, Paper)]


def test_a_record_gives_all_fields_of_a_paper() -> None:
    [paper] = papers(KITES)
    assert (paper.title, paper.authors, paper.published) == ("Kites over a harbour", ("Ann Alder", "Bo Birch"), "2019-03-05")
    assert (paper.doi, paper.url) == ("10.9999/kite.1", "https://kites.example/1")
    assert paper.abstract == "We fly kites over a harbour."


def test_records_begin_at_their_type_with_or_without_empty_lines_and_a_mark_of_the_encoding() -> None:
    first, second = papers("\ufeff%0 Book\n%T Lamps\n%E Alder, Ann\n%0 Generic\n%T Boats\n%A Birch, Bo\n")
    assert (first.title, first.authors, second.title, second.authors) == ("Lamps", ("Ann Alder",), "Boats", ("Bo Birch",))


def test_an_empty_line_in_an_abstract_ends_no_record_that_has_a_type() -> None:
    [paper] = papers("%0 Report\n%T Lamps\n%X They shine.\n\nAt night.\n\n%D 2020\n")
    assert (paper.abstract, paper.published) == ("They shine. At night.", "2020")


def test_records_of_refer_stand_between_empty_lines() -> None:
    lamps, boats = papers(REFER)
    assert (lamps.title, lamps.published, lamps.authors) == ("Lamps", "1984", ("Ann Alder",))
    assert (boats.title, boats.abstract, boats.published) == ("Boats", "They float.", None)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("%M 123456\n%~ PubMed", (None, None, "123456")),
        ("%M 123456\n%~ Scopus", (None, None, None)),
        ("%J arXiv preprint arXiv:2305.14314", (None, "2305.14314", None)),
        ("%U https://doi.org/10.9999/lamp", ("10.9999/lamp", None, None)),
        ("%R doi:10.9999/lamp", ("10.9999/lamp", None, None)),
    ],
)
def test_identifiers_stand_in_several_fields(lines: str, found: tuple[str | None, ...]) -> None:
    [paper] = papers(f"%0 Journal Article\n%T Lamps\n{lines}\n")
    assert (paper.doi, paper.arxiv, paper.pmid) == found


@pytest.mark.parametrize(
    ("day", "year", "read"), [("2020/05/06", "2020", "2020-05-06"), ("2021/05/06", "2020", "2020"), ("May", "", "")]
)
def test_the_exact_date_counts_in_the_year_of_publication(day: str, year: str, read: str) -> None:
    [paper] = papers(f"%0 Journal Article\n%T Lamps\n%8 {day}\n%D {year}\n")
    assert (paper.published or "") == read


def test_a_record_without_a_title_is_bad_and_named_by_its_line() -> None:
    bad, _ = endnote_tagged.parse("%0 Book\n%A Alder, Ann\n\n%0 Book\n%T Lamps\n")
    assert bad == BadRecord(1, "no title")


@pytest.mark.parametrize(
    "text", ["% a comment\n%T but no record", "%PDF-1.4\n%T x", "%T Lamps alone", "Lamps\n%T Lamps\n%A Ann"]
)
def test_other_texts_are_not(text: str) -> None:
    assert not endnote_tagged.recognises(text)


def test_comments_before_bibtex_are_none_of_its_fields() -> None:
    assert formats.find("%T of lamps\n%A\n@article{a, title = {Lamps}, abstract = {Shine.}}", "x").NAME == "BibTeX"


@given(st.text(alphabet="%0TAX \nab", max_size=60))
def test_no_text_makes_it_raise(text: str) -> None:
    list(endnote_tagged.parse(text))
    with suppress(SourceError):
        formats.find(text, "x")
