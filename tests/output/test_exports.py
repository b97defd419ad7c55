"""Exports that are read back: every format gives the same papers, whatever signs are in them."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.factories import HashEmbedder, silent

from rag import ingestion
from rag.output import exports
from rag.sources import bibtex, formats, json_records, record, ris, tables
from rag.sources.paper_ids import paper_id
from rag.sources.record import Record
from rag.storage.reader import Reader
from rag.types import Paper

READERS = {"jsonl": json_records, "bibtex": bibtex, "ris": ris, "csv": tables}
KITES = "A kite flies higher on a longer line. We let 30 of them fly over Ghent."
HARD = [
    Record(title="Kites: {Braces}, \"quotes\" and 'more', at 5%", abstract="We pay $5 & 6%, not #7_8 {nor} [9]. ``So''."),
    Record(title="Lamps -- $\\alpha$-{rays} of $x^2$", abstract="Let \\beta_{i} = {\\gamma} ~ 5^2, C:\\kites\\{a}. --- Done?"),
    Record(title="Über Łódź, Šimek et l’été", abstract="=SUM(A1)", authors=("Søren Ørsted", "Nuñez, José", "Zoë van der Berg")),
    Record(title="No abstract at all", authors=("Harbour and Lamp Society",), published="2024-05"),
    Record(title="-1 is a number, @home", abstract="+ is a sign; a|b; c, d", authors=("Oak & Elm Ltd",), published="2023"),
    Record(title="One line", abstract="\tTabs\nand lines,\r\nall in one", ids=("arXiv:2405.12345v2",), url="https://kites.example/~a_b?c=d%20e&f"),
    Record(title="Ids of all kinds", abstract=KITES, ids=("10.5555/kite_(1)",), pmid="34567", published="2021-03-04"),
    Record(title="'=quoted", abstract="'-' is a hyphen", organisation="Kites & Co"),
]  # fmt: skip


def made(written: Record) -> Paper:
    result = record.paper(written, 1)
    assert isinstance(result, Paper)
    return result


def read_back(form: str, papers: list[Paper]) -> list[Paper]:
    text = "".join(exports.FORMATS[form](papers))
    assert formats.find(text, "the export") is READERS[form]
    found = [paper for paper in READERS[form].parse(text) if isinstance(paper, Paper)]
    return [replace(paper, author_count=None, organisation=None, url=None) for paper in found]


def compared(papers: list[Paper]) -> list[Paper]:
    return [replace(paper, author_count=None, organisation=None, url=None) for paper in papers]


@pytest.mark.parametrize("form", exports.FORMATS)
@pytest.mark.parametrize("written", HARD, ids=lambda written: written.title)
def test_every_format_reads_back_to_the_same_paper(form: str, written: Record) -> None:
    paper = made(written)
    assert read_back(form, [paper]) == compared([paper])


PIECES = st.one_of(
    st.sampled_from(["kites", "Ann", " ", "\\alpha", "x^2", "é", "ß", "–", "’"]),
    st.sampled_from(list("5{}\\$%&#_^~\"'`-,;|=@<>[]()+.:")),
)
TEXTS = st.lists(PIECES, max_size=15).map("".join)


@pytest.mark.parametrize("form", exports.FORMATS)
@given(title=TEXTS, abstract=TEXTS)
@settings(deadline=None)
def test_no_signs_are_lost_on_the_way(form: str, title: str, abstract: str) -> None:
    paper = made(Record(title=f"Kites {title}", abstract=f"We let kites fly. {abstract} So they flew."))
    if (
        made(Record(title=paper.title, abstract=paper.abstract)) == paper
    ):  # else the text is repaired a second time, whatever the format
        assert read_back(form, [paper]) == compared([paper])


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_papers_that_have_their_ids_from_a_data_set_come_back_under_the_same_ids(tmp_path: Path, form: str) -> None:
    numbered = {
        number: made(Record(title="Kites", abstract=text, number=number)) for number, text in (("7", KITES), ("8", "No."))
    }
    lamps = made(Record(title="Lamps", abstract="Lamps shine.", authors=("Ann Alder",), published="2024-05-31"))
    papers = [replace(paper, sources=("kites",)) for paper in (*numbered.values(), lamps)]
    (tmp_path / "kites").write_text("".join(exports.FORMATS[form](papers)), encoding="utf-8")
    home = tmp_path / "again"
    ingestion.ingest(home, [str(tmp_path / "kites")], HashEmbedder(), silent)
    with closing(Reader(home)) as library:
        stored = list(library.each([paper.id for paper in papers]))
    assert len({paper.id for paper in papers}) == 3
    assert stored == papers


def test_a_paper_id_of_another_program_makes_no_id() -> None:
    [paper] = json_records.parse('{"paper_id": "0123456789abcdef", "title": "Kites", "abstract": "They fly."}')
    assert isinstance(paper, Paper)
    assert paper.id == paper_id("Kites")


@pytest.mark.parametrize("title", ["=1+1 kites", "+kites", "-kites", "@kites"])
def test_a_cell_that_a_spreadsheet_would_compute_has_a_quote_before_it(title: str) -> None:
    paper = made(Record(title=title, abstract="'=A1"))
    [row] = csv.DictReader(io.StringIO("".join(exports.table([paper]))))
    assert (row["title"], row["abstract"]) == (f"'{title}", "''=A1")
    assert read_back("csv", [paper]) == [paper]


def test_tables_of_texts_are_csv_without_formulas_and_markdown_on_one_line_a_row() -> None:
    rows = [["Paper", "Dataset size?"], ["=SUM(A1)", 'a "b",\nc'], ["x|y", "[1] *<b>*"]]
    assert list(csv.reader(io.StringIO(exports.csv_table(rows)))) == [rows[0], ["'=SUM(A1)", 'a "b",\nc'], rows[2]]
    assert exports.markdown_table(rows).splitlines() == [
        "| Paper | Dataset size? |",
        "| --- | --- |",
        '| =SUM(A1) | a "b", c |',
        r"| x\|y | [1] \*\<b>\* |",
    ]
