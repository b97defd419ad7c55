"""From the fields of a record, as any format writes them, to a paper."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sources import markup, record
from rag.sources.paper_ids import paper_id
from rag.sources.record import Record
from rag.types import BadRecord, Paper

DRIFT = "We time how fast a paper boat drifts down a slow canal."


def read(**fields: object) -> Paper:
    result = record.paper(Record(**{"title": "Paper Boats", "abstract": DRIFT, **fields}), 7)  # type: ignore[arg-type]
    assert isinstance(result, Paper)
    return result


def test_the_fields_become_a_paper() -> None:
    assert read(
        authors=("Alder, Ann", "Bo Birch", "Ann Alder"),
        published="3 Sep 2024",
        organisation="Canal Society",
        url="https://boats.example/7",
        ids=("doi:10.9999/Boat.7", "arXiv:2401.99999v2"),
        pmid="99999999",
    ) == Paper(
        id=paper_id("Paper Boats"),
        title="Paper Boats",
        abstract=DRIFT,
        published="2024-09-03",
        authors=("Ann Alder", "Bo Birch"),
        author_count=2,
        organisation="Canal Society",
        url="https://boats.example/7",
        doi="10.9999/boat.7",
        arxiv="2401.99999v2",
        pmid="99999999",
    )


def test_the_address_tells_the_identifier_too() -> None:
    assert read(url="https://arxiv.org/pdf/2401.99999v3.pdf").arxiv == "2401.99999v3"
    assert read(url="https://dx.doi.org/10.9999/BOAT.7").doi == "10.9999/boat.7"
    assert read(url="https://pubmed.ncbi.nlm.nih.gov/99999999/").pmid == "99999999"


def test_an_identifier_of_arxiv_in_a_doi_is_both() -> None:
    paper = read(ids=("https://doi.org/10.48550/arXiv.2401.99999",))
    assert (paper.doi, paper.arxiv) == ("10.48550/arxiv.2401.99999", "2401.99999")


@pytest.mark.parametrize(
    "none", ["", "n/a", "N/A.", "[No abstract available]", "No abstract", "Abstract not available", "null", "-"]
)
def test_what_says_that_there_is_no_abstract_is_none(none: str) -> None:
    assert read(abstract=none).abstract == ""


@pytest.mark.parametrize("short", ["We sink.", "No abstract machine sinks.", "None of the boats sank."])
def test_a_short_abstract_is_one(short: str) -> None:
    assert read(abstract=short).abstract == short


def test_a_leading_word_abstract_is_left_out() -> None:
    assert read(abstract=f"Abstract: {DRIFT}").abstract == DRIFT
    assert read(abstract="Abstract boats drift.").abstract == "Abstract boats drift."


def test_a_record_without_a_title_is_bad() -> None:
    assert record.paper(Record(abstract=DRIFT), 7) == BadRecord(7, "no title")
    assert record.paper(Record(title="12", abstract=DRIFT), 8) == BadRecord(8, "no title")


@pytest.mark.parametrize(
    ("title", "abstract", "reason"),
    [
        ("Boats", "drift " * 10_000, "an abstract of more than 50,000 characters"),
        ("Boat" * 3_000, DRIFT, "a title of more than 10,000 characters"),
    ],
)
def test_a_record_that_is_far_too_long_is_bad(title: str, abstract: str, reason: str) -> None:
    assert record.paper(Record(title=title, abstract=abstract), 7) == BadRecord(7, reason)


def test_a_document_of_a_data_set_needs_no_title() -> None:
    one, other = (read(title="", number=number) for number in ("1", "2"))
    assert one.title == "We time how fast a paper boat drifts down a …"
    assert one.id != other.id


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Oak, Ada and Elm, Bea", ("Ada Oak", "Bea Elm")),
        ("Adams, A.; Brown, B.", ("A. Adams", "B. Brown")),
        ("A. Adams, B. Brown and C. Cole", ("A. Adams", "B. Brown", "C. Cole")),
        ("Ann Alder, Bo Birch, and Cy Oak", ("Ann Alder", "Bo Birch", "Cy Oak")),
        ("Alder, Ann", ("Ann Alder",)),
        ("Ann Alder, Bo Birch", ("Ann Alder", "Bo Birch")),
        ("Oak, A., Elm, B.", ("A. Oak", "B. Elm")),
        ("van der Berg, Jan and Oak, Ada", ("Jan van der Berg", "Ada Oak")),
        ("Smith J, Jones K", ("Smith J", "Jones K")),
        ("Ann Alder", ("Ann Alder",)),
        ("", ()),
    ],
)
def test_authors_are_told_apart(written: str, names: tuple[str, ...]) -> None:
    assert record.authors(written) == names


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("Boats <i>in situ</i>", "Boats in situ"),
        ("H<sub>2</sub>O", "H2O"),
        ("<jats:title>Abstract</jats:title><jats:p>We <jats:bold>drift</jats:bold>, p &lt; 1.</jats:p>", "We drift, p < 1."),
        ("<sec><title>Methods</title><p>We drift.</p></sec>", "Methods: We drift."),
        ("&lt;em&gt;p&lt;/em&gt; &lt; 0.05", "p < 0.05"),
        ('See <a href="https://x.example">here</a>.<br/>Now.', "See here. Now."),
        ("<mml:math><mml:mi>x</mml:mi></mml:math> boats", "x boats"),
        ("p < 0.05 & q > 3", "p < 0.05 & q > 3"),
        ("a <b and c> d", "a <b and c> d"),
        ("List<String> of boats", "List<String> of boats"),
    ],
)  # fmt: skip
def test_tags_are_taken_out_and_signs_stay(marked: str, plain: str) -> None:
    assert " ".join(markup.plain(marked).split()) == plain


@pytest.mark.parametrize("hostile", ["<title>" + " " * 100_000 + "<", "<math>" * 20_000, "&lt;a" * 20_000, "<i " * 50_000])
def test_tags_take_no_time(hostile: str) -> None:
    began = time.perf_counter()
    markup.plain(hostile)
    assert time.perf_counter() - began < 2


@given(st.text(), st.text(), st.text())
def test_no_text_is_an_error(title: str, authors: str, date: str) -> None:
    record.paper(
        Record(title=title, abstract=title, authors=record.authors(authors), published=date, url=authors, ids=(date,)), 1
    )
