"""RIS: the fields of several dialects, records that do not end, and what only looks like a tag."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sources import ris
from rag.types import BadRecord, Paper


def entry(*lines: str, kind: str = "JOUR") -> str:
    return "\n".join([f"TY  - {kind}", *lines, "ER  - ", ""])


def papers(text: str) -> list[Paper]:
    assert ris.recognises(text)
    found = list(ris.parse(text))
    assert all(isinstance(one, Paper) for one in found), found
    return [one for one in found if isinstance(one, Paper)]


def only(*lines: str) -> Paper:
    [paper] = papers(entry(*lines))
    return paper


# -- fields -------------------------------------------------------------------------------------------------------------


def test_a_record_gives_all_fields_of_a_paper() -> None:
    paper = only(
        "TI  - Kites over a harbour",
        "AU  - Alder, Ann",
        "AU  - Birch, Bo",
        "AB  - We fly kites.",
        "PY  - 2019",
        "DO  - 10.9999/KITE.1",
        "UR  - https://kites.example/1",
    )
    assert (paper.title, paper.abstract, paper.authors) == ("Kites over a harbour", "We fly kites.", ("Ann Alder", "Bo Birch"))
    assert (paper.published, paper.doi, paper.url) == ("2019", "10.9999/kite.1", "https://kites.example/1")


@pytest.mark.parametrize("tag", ["TI", "T1", "CT", "BT"])
def test_the_title_stands_in_one_of_several_fields(tag: str) -> None:
    assert only(f"{tag}  - Kites").title == "Kites"


def test_the_title_of_the_chapter_wins_over_that_of_the_book() -> None:
    assert only("BT  - A book of kites", "T1  - Tails").title == "Tails"


def test_an_abstract_in_n2_is_read_and_one_in_ab_wins() -> None:
    assert only("T1  - Kites", "N2  - We fly kites.").abstract == "We fly kites."
    assert only("T1  - Kites", "N2  - Ordered in May.", "AB  - We fly kites.").abstract == "We fly kites."


def test_the_parts_of_an_abstract_in_several_fields_are_joined_and_a_repeated_one_is_not() -> None:
    paper = only("TI  - Kites", "AB  - We fly kites.", "AB  - They stay up.", "AB  - We fly kites.")
    assert paper.abstract == "We fly kites. They stay up."


def test_editors_are_read_only_where_there_are_no_authors() -> None:
    assert only("TI  - Kites", "A1  - Alder, Ann", "A2  - Birch, Bo").authors == ("Ann Alder",)
    assert only("TI  - Kites", "A2  - Birch, Bo", "ED  - Cedar, Cy").authors == ("Bo Birch", "Cy Cedar")


def test_several_authors_in_one_field_are_divided_at_semicolons() -> None:
    assert only("TI  - Kites", "AU  - Alder,Ann; Birch,Bo;").authors == ("Ann Alder", "Bo Birch")


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        (["Y1  - 2019//"], "2019"),
        (["PY  - 2019/03/05/"], "2019-03-05"),
        (["Y1  - 12-14 March 2014"], "2014-03-12"),
        (["PY  - 2019", "DA  - 2019/03/05"], "2019-03-05"),
        (["PY  - 2019", "DA  - Mar 5"], "2019-03-05"),
        (["PY  - 2019", "DA  - 2021/01/01"], "2019"),
        (["PY  - 2013/04/18", "PY  - 2013/02/15/received"], "2013-04-18"),
        (["DA  - 2019/06//undefined"], "2019-06"),
        (["Y2  - 2020/01/02"], None),
        (["PY  - in press"], None),
    ],
)
def test_the_most_exact_date_of_the_year_of_publication_is_taken(fields: list[str], published: str | None) -> None:
    assert only("TI  - Kites", *fields).published == published


@pytest.mark.parametrize(
    "field",
    [
        "DO  - 10.9999/kite.1",
        "DO  - https://doi.org/10.9999/kite.1",
        "M3  - http://dx.doi.org/10.9999/kite.1",
        "M3  - doi: 10.9999/kite.1",
        "L3  - https://doi.org/10.9999/kite.1",
        "L2  - http://dx.doi.org/10.9999/kite.1",
        "UR  - http://kites.example; https://doi.org/10.9999/kite.1",
        "N1  - doi: 10.9999/kite.1",
    ],
)
def test_a_doi_is_found_in_the_field_where_the_dialect_puts_it(field: str) -> None:
    assert only("TI  - Kites", field).doi == "10.9999/kite.1"


@pytest.mark.parametrize(
    "field",
    [
        "AN  - arXiv:1905.01234",
        "UR  - https://arxiv.org/abs/1905.01234",
        "JO  - arXiv preprint arXiv:1905.01234",
        "VL  - abs/1905.01234",
        "DO  - 10.48550/arXiv.1905.01234",
    ],
)
def test_an_arxiv_number_is_found_in_the_field_where_the_dialect_puts_it(field: str) -> None:
    assert only("TI  - Kites", field).arxiv == "1905.01234"


@pytest.mark.parametrize(
    ("fields", "pmid"),
    [
        (["U1  - 12345678[pmid]"], "12345678"),
        (["AN  - PMID: 12345678"], "12345678"),
        (["PM  - 12345678"], "12345678"),
        (["PMID  - 12345678"], "12345678"),
        (["AN  - 12345678", "DB  - PubMed"], "12345678"),
        (["AN  - 12345678", "DP  - NLM"], "12345678"),
        (["AN  - 12345678", "DB  - Scopus"], None),
    ],
)
def test_a_pubmed_number_is_read_and_a_number_of_another_database_is_not(fields: list[str], pmid: str | None) -> None:
    assert only("TI  - Kites", *fields).pmid == pmid


def test_the_first_web_address_of_several_is_the_address() -> None:
    assert only("TI  - Kites", "UR  - //kites.example/0", "UR  - http://kites.example/1;http://b.example").url == (
        "http://kites.example/1"
    )


@pytest.mark.parametrize("kind", ["JOUR", "CHAP", "CONF", "THES", "GEN", "Journal Article", "NEWKIND", ""])
def test_records_of_every_type_are_read(kind: str) -> None:
    assert [paper.title for paper in papers(entry("TI  - Kites", kind=kind))] == ["Kites"]


# -- records and lines --------------------------------------------------------------------------------------------------


def test_lines_without_a_tag_go_on_and_unknown_tags_do_not_end_in_the_abstract() -> None:
    paper = only("TI  - Kites over", "  a harbour", "AB  - We fly", "ER then we", "T2-shaped kites.", "ZZ  - 12", "and more")
    assert paper.title == "Kites over a harbour"
    assert paper.abstract == "We fly ER then we T2-shaped kites."


def test_a_line_that_begins_with_a_word_and_a_hyphen_is_no_tag() -> None:
    assert only("TI  - Kites", "AB  - We fly with", "AI - that is, with none", "in - or out.").abstract == (
        "We fly with AI - that is, with none in - or out."
    )


def test_a_missing_er_costs_no_record() -> None:
    text = "TY  - JOUR\nTI  - Kites\nAB  - We fly.\n\nTY  - JOUR\nTI  - Lamps\nAB  - We shine."
    assert [(p.title, p.abstract) for p in papers(text)] == [("Kites", "We fly."), ("Lamps", "We shine.")]


@pytest.mark.parametrize("end", ["ER  -", "ER  - ", "ER", "ER  - done"])
def test_a_record_ends_at_er_and_what_follows_is_not_of_it(end: str) -> None:
    text = f"TY  - JOUR\nTI  - Kites\nAB  - We fly.\n{end}\nLink to the text\nTY  - JOUR\nTI  - Lamps\n{end}\n"
    assert [(p.title, p.abstract) for p in papers(text)] == [("Kites", "We fly."), ("Lamps", "")]


def test_a_record_that_lost_its_ty_is_read_and_fields_between_records_are_left_out() -> None:
    text = entry("TI  - Kites") + "NL  - A journal\n\n2.\n" + entry("TI  - Lamps") + "TI  - Boats\nER  -\n"
    assert [paper.title for paper in papers(text)] == ["Kites", "Lamps", "Boats"]


def test_a_record_without_a_title_is_bad_at_its_line_and_the_rest_is_read() -> None:
    text = entry("TI  - Kites") + "\n" + entry("AB  - We fly.") + entry("TI  - Lamps")
    first, bad, last = ris.parse(text)
    assert bad == BadRecord(5, "no title")
    assert [p.title for p in (first, last) if isinstance(p, Paper)] == ["Kites", "Lamps"]


@pytest.mark.parametrize(
    "text",
    [
        "TY - JOUR\nTI - Kites\nAB - We fly.\nER -\n",
        "TY  -JOUR\nTI  -Kites\nAB  -We fly.\nER  -\n",
        "TY\t- JOUR\nTI\t- Kites\nAB\t- We fly.\nER\t-\n",
        "TY\tJOUR\nTI\tKites\nAB\tWe fly.\nER\t\n",
        "ty  - jour\nti  - Kites\nab  - We fly.\ner  - \n",
        "TY-JOUR\nTI-Kites\nAB-We fly.\nER-\n",
        "  TY  - JOUR\n  TI  - Kites\n  AB  - We fly.\n  ER  -\n",
        "\ufeffTY  - JOUR\nTI  - Kites\nAB  - We fly.\nER  -\n",
        "\n\n1.\nTY  - JOUR\nTI  - Kites\nAB  - We fly.\nER  -\n",
        "Record #1 of 1\nProvider: A shop\n\nTY  - JOUR\nTI  - Kites\nAB  - We fly.\nER  -\n",
    ],
)
def test_tags_are_read_however_they_are_spaced(text: str) -> None:
    assert [(p.title, p.abstract) for p in papers(text)] == [("Kites", "We fly.")]


def test_a_byte_order_mark_between_two_joined_files_costs_nothing() -> None:
    assert [p.title for p in papers(entry("TI  - Kites") + "\ufeff" + entry("TI  - Lamps"))] == ["Kites", "Lamps"]


# -- any text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Dear diary,\nTY is a tag.\nTI is one too.",
        '{"title": "Kites", "abstract": "TY  - JOUR"}',
        "# Formats\n\nTY  - JOUR\nTI  - Kites\nER  -\n",
        "<pre>\nTY  - JOUR\nTI  - Kites\n</pre>",
        "@article{kites, title={Kites}}",
        "title,abstract\nKites,We fly.\n",
        "TY\tAU\tTI\nJOUR\tAlder\tKites\n",
        "PMID- 12345678\nTI  - Kites\n",
        "FN A database\nVR 1.0\nPT J\nTI Kites\nER\n",
        "a line\n" * 20 + "TY  - JOUR\nTI  - Kites\n",
        "TY  - JOUR\n",
        "TY  - JOUR\nand then a story begins\n",
    ],
)
def test_other_texts_are_not_recognised(text: str) -> None:
    assert not ris.recognises(text)


_LINES = st.sampled_from(
    ["TY  - JOUR", "TI  - Kites", "AB  - We fly.", "ER  - ", "AU  - ", "ty - x", "AI - y", "", "\ufeff", "UR  - h;"]
)


@given(st.lists(_LINES | st.text(max_size=20), max_size=20).map("\n".join))
def test_any_lines_are_read_without_a_crash_and_bad_lines_are_of_the_text(text: str) -> None:
    ris.recognises(text)
    for found in ris.parse(text):
        if isinstance(found, BadRecord):
            assert 1 <= found.line <= text.count("\n") + 1


@pytest.mark.parametrize(
    "text",
    [
        "TY  - JOUR\nTI  - " + "a " * 50_000,
        "TY  - JOUR\nTI  - Kites\n" + "goes on\n" * 50_000,
        " " * 1_000_000 + "x",
        "TY  - JOUR\nTI  - Kites\nUR  - " + "; " * 500_000,
        "TY  - JOUR\n" * 5_000,
    ],
)
def test_a_large_text_takes_no_more_than_linear_time(text: str) -> None:
    began = time.process_time()
    ris.recognises(text)
    list(ris.parse(text))
    assert time.process_time() - began < 20
