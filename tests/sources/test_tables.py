"""Tables: the columns of the usual exports, in several languages; separators and quotes; rows that are not whole."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sources import tables
from rag.types import BadRecord, Paper

ONE = "We time how fast a paper boat drifts."


def read(text: str) -> list[Paper | BadRecord]:
    assert tables.recognises(text)
    return list(tables.parse(text))


def paper(text: str) -> Paper:
    [found] = read(text)
    assert isinstance(found, Paper), found
    return found


def titles(text: str) -> list[str | tuple[int, str]]:
    return [r.title if isinstance(r, Paper) else (r.line, r.reason) for r in read(text)]


def table(columns: dict[str, str], separator: str = ",") -> str:
    """One row under its header, each cell in quotes."""
    rows = [columns.keys(), columns.values()]
    return "".join(separator.join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)


# -- exports ------------------------------------------------------------------------------------------------------------


def test_scopus_full_names_come_before_short_ones_and_lose_their_numbers() -> None:
    columns = {
        "Authors": "Alder A.; Birch B.", "Author full names": "Alder, Ann (57211234567); Birch, Bo (57211234568)",
        "Author(s) ID": "57211234567; 57211234568", "Title": "Paper Boats", "Year": "2021", "Source title": "Boats Today",
        "DOI": "10.9999/Boat.7", "Link": "https://www.scopus.example/1", "Abstract": ONE, "PubMed ID": "123",
    }  # fmt: skip
    assert paper(table(columns)) == Paper(
        paper("title,abstract\nPaper Boats,x\n").id, "Paper Boats", ONE, "2021", ("Ann Alder", "Bo Birch"), 2,
        url="https://www.scopus.example/1", doi="10.9999/boat.7", pmid="123",
    )  # fmt: skip


def test_web_of_science_dates_without_a_year_take_that_of_its_column() -> None:
    columns = {
        "Publication Type": "J", "Authors": "Alder, A", "Author Full Names": "Alder, Ann", "Article Title": "Paper Boats",
        "Source Title": "Boats Today", "Abstract": ONE, "Publication Date": "MAR 15", "Publication Year": "2021",
        "DOI": "10.9999/boat.7", "Pubmed Id": "",
    }  # fmt: skip
    found = paper(table(columns, "\t"))
    assert (found.authors, found.published, found.title) == (("Ann Alder",), "2021-03-15", "Paper Boats")
    assert paper("PT\tAU\tTI\tAB\tPY\tDI\nJ\tAlder, Ann\tBoats\tWe time.\t2020\t10.9999/b\n").doi == "10.9999/b"


def test_zotero_numbers_of_arxiv_stand_in_its_extra_lines() -> None:
    columns = {
        "Key": "A1", "Item Type": "preprint", "Publication Year": "2024", "Author": "Alder, Ann; Birch, Bo", "Title": "Boats",
        "Url": "https://a.example/1", "Abstract Note": ONE, "Date": "2024-01-03", "Extra": "arXiv:2401.99999 [cs]\nPMID: 55",
    }  # fmt: skip
    found = paper(table(columns))
    assert (found.arxiv, found.pmid, found.published, found.abstract) == ("2401.99999", "55", "2024-01-03", ONE)


@pytest.mark.parametrize(
    "header",
    [
        "Title;Abstract;Author;Year",
        "Titel;Zusammenfassung;Autoren;Jahr",
        "Titre;Résumé;Auteurs;Année",
        "Título;Resumen;Autores;Año",
        "Título;Resumo;Autores;Ano",
        "Titolo;Riassunto;Autori;Anno",
        "Tytuł;Streszczenie;Autorzy;Rok",
        "Название;Аннотация;Авторы;Год",
        "标题;摘要;作者;年份",
        "Title-题名;Summary-摘要;Author-作者;Year",
        "タイトル;抄録;著者;発行年",
        "제목;초록;저자;연도",
        "DOCUMENT TITLE;abstract_note;Author/s;Publication-Year",
        "dc.title[en];dc.description.abstract[en];dc.contributor.author;dc.date.issued",
    ],
)
def test_columns_are_known_by_their_names_in_several_languages_and_spellings(header: str) -> None:
    found = paper(f"{header}\nPaper Boats;We time.;Alder, Ann;2021\n")
    assert (found.title, found.abstract, found.authors, found.published) == ("Paper Boats", "We time.", ("Ann Alder",), "2021")


@pytest.mark.parametrize(
    ("written", "authors"),
    [
        ("['Ann Alder', \"Bo O'Birch\"]", ("Ann Alder", "Bo O'Birch")),
        ("Ann Alder|Bo Birch", ("Ann Alder", "Bo Birch")),
        ("[Anonymous", ("[Anonymous",)),
    ],
)
def test_authors_in_the_forms_of_data_frames_are_read(written: str, authors: tuple[str, ...]) -> None:
    assert paper(table({"title": "Boats", "authors": written})).authors == authors


def test_counts_and_numbers_that_a_spreadsheet_made_decimal_are_whole() -> None:
    found = paper("title,year,pmid,AuthorCount\nBoats,2021.0,77.0,4.0\n")
    assert (found.published, found.pmid, found.author_count) == ("2021", "77", 4)


def test_month_and_day_of_their_own_columns_complete_the_year() -> None:
    assert paper("key,title,year,month,day\n1,Boats,2021,3,9\n").published == "2021-03-09"


def test_documents_of_a_data_set_with_one_title_stay_apart() -> None:
    one, other = read("_id\ttitle\ttext\n1\tBoats\tWe time.\n2\tBoats\tWe sink.\n")
    assert isinstance(one, Paper)
    assert isinstance(other, Paper)
    assert one.id != other.id


# -- separators and quotes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_that_of_the_header_whatever_the_cells_hold(separator: str) -> None:
    columns = {"Title": "Boats; small, and\tslow", "Abstract": 'We time boats,\nin "still" air.', "A, or; B": "x"}
    found = paper(table(columns, separator))
    assert (found.title, found.abstract) == ("Boats; small, and slow", 'We time boats, in "still" air.')


def test_a_first_line_that_names_the_separator_is_none_of_the_table() -> None:
    assert titles("sep=;\nTitle;Abstract\nBoats;We time.\n;nothing\n") == ["Boats", (4, "no title")]


def test_lines_before_the_header_are_passed_over() -> None:
    assert titles('"About the data: exported, on a Monday"\n\nRank,DOI,Title,Abstract\n1,10.9999/b,Boats,We time.\n') == [
        "Boats"
    ]


def test_characters_that_are_none_are_left_out() -> None:
    assert paper("Ti\0tle,Abstract\nBo\0ats,We time.\n").title == "Boats"


def test_a_cell_longer_than_the_usual_limit_is_read() -> None:
    csv.field_size_limit(131_072)
    whole = "We time. " * 20_000
    assert paper(f"title,abstract,full text\nBoats,We time boats.,{whole}\n").abstract == "We time boats."


# -- rows that are not whole --------------------------------------------------------------------------------------------


def test_a_short_row_is_read_as_far_as_it_goes_and_a_row_with_empty_cells_too_many_as_well() -> None:
    short, long = read("Title,Abstract,DOI\nBoats\nKites,We fly.,10.9999/k,,,\n")
    assert isinstance(short, Paper)
    assert (short.title, short.abstract) == ("Boats", "")
    assert isinstance(long, Paper)
    assert long.doi == "10.9999/k"


def test_a_row_with_too_many_cells_is_bad_at_its_line_and_the_rest_is_read() -> None:
    text = "Title,Abstract,DOI\n\nBoats, small,We time.,10.9999/b\nKites,We fly.,10.9999/k\n"
    assert titles(text) == [(3, "4 cells where the header has 3"), "Kites"]


def test_separators_in_an_abstract_that_stands_last_are_part_of_it() -> None:
    assert paper("DOI,Title,Abstract\n10.9999/b,Boats,We time, and sink, boats.\n").abstract == "We time, and sink, boats."


def test_a_header_that_comes_again_and_empty_rows_are_no_papers() -> None:
    assert titles("Title,Abstract\nBoats,We time.\n,\n\nTitle,Abstract\nKites,We fly.\n") == ["Boats", "Kites"]


@pytest.mark.parametrize("rest", ["Kites,We fly.,10.9999/k\n", '"Kites","We fly.","10.9999/k"\n'])
def test_a_quote_that_is_never_closed_does_not_take_in_the_rows_after_it(rest: str) -> None:
    assert titles('Title,Abstract,DOI\n"Boats,We time.,10.9999/b\n' + rest * 2) == ["Boats", "Kites", "Kites"]
    assert titles('Title,Abstract,DOI\n"Boats,We time.\n' + "Kites,We fly.,10.9999/k\n") == [
        (2, "a quote that is never closed"), "Kites"
    ]  # fmt: skip


# -- what is no table of papers -----------------------------------------------------------------------------------------

OTHERS = [
    "",
    "\n\n",
    "Dear diary, today I read a paper, and its title was long.\nIts abstract, too.\n",
    "Title: Boats\nAbstract: We time.\n",
    '[{"title": "Boats", "abstract": "We time."}]',
    '{\n  "title": "Boats",\n  "abstract": "We time."\n}\n',
    "@article{a,\n  title = {Boats},\n  abstract = {We time.},\n}\n",
    "TY  - JOUR\nTI  - Boats\nAB  - We time.\nER  - \n",
    "<html><title>Boats</title></html>",
    "| Title | Abstract |\n|---|---|\n| Boats | We time. |\n",
    "name,price\nlamp,3\n",
    "Abstract,DOI\nWe time.,10.9999/b\n",
    "Title\nBoats\n",
]


@pytest.mark.parametrize("text", OTHERS)
def test_other_texts_are_not_recognised_and_give_nothing(text: str) -> None:
    assert not tables.recognises(text)
    assert list(tables.parse(text)) == []


def test_the_columns_of_a_table_without_a_title_can_be_told() -> None:
    assert tables.columns("name;price\nlamp;3\n") == ["name", "price"]
    assert tables.columns('name,"price, in all"\nlamp,3\n') == ["name", "price, in all"]
    assert tables.columns("Title,Abstract\nBoats,We time.\n") == ["Title", "Abstract"]


@pytest.mark.parametrize("text", [*OTHERS[:9], "One line, alone"])
def test_texts_that_are_no_tables_have_no_columns(text: str) -> None:
    assert tables.columns(text) is None


@given(st.one_of(st.text(), st.text(alphabet='",;\t\n ab\0').map(lambda text: "Title,Abstract\n" + text)))
def test_no_text_makes_reading_fail(text: str) -> None:
    tables.recognises(text)
    tables.columns(text)
    assert all(isinstance(r, Paper | BadRecord) for r in tables.parse(text))
