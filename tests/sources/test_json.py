"""JSON: lines, lists and lists in objects; the shapes of the usual sources; BEIR; and faults, which cost one record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.sources import json_records, repair
from rag.sources.paper_ids import document_id, paper_id
from rag.storage.library import Library
from rag.types import BadRecord, Paper

ONE = "We time how fast a paper boat drifts down a slow canal."
TWO = "Made-up fish are harder than made-up birds, so a second network looks at them twice and is right more often than not."
BOAT = {"title": "Paper Boats", "abstract": ONE}
KITE = {"title": "Kites at Noon", "abstract": "We fly kites and count them.", "authors": ["Bo Birch"]}


def read(text: str) -> list[Paper | BadRecord]:
    assert json_records.recognises(text)
    return list(json_records.parse(text))


def papers(text: str) -> list[Paper]:
    found = read(text)
    assert all(isinstance(p, Paper) for p in found), found
    return [p for p in found if isinstance(p, Paper)]


def paper(record: dict[str, Any]) -> Paper:
    [found] = papers(json.dumps(record))
    return found


def titles(text: str) -> list[str | int]:
    """Titles of papers, and lines of bad records."""
    return [r.title if isinstance(r, Paper) else r.line for r in read(text)]


def lines(*records: object) -> str:
    return "".join(json.dumps(r) + "\n" for r in records)


# -- own records and BEIR -----------------------------------------------------------------------------------------------


def test_json_lines_give_all_that_they_name() -> None:
    record = BOAT | {"published": "2024-05-31T00:00:00Z", "organization": "Acme", "doi": "10.9999/Boat.7"}
    found = paper(record | {"authors": ["Ada A.", {"name": "Bo B."}], "url": " https://a.example/1 "})
    assert found == Paper(
        paper_id("Paper Boats"), "Paper Boats", ONE, "2024-05-31", ("Ada A.", "Bo B."), 2, "Acme", "https://a.example/1",
        doi="10.9999/boat.7",
    )  # fmt: skip


def test_an_author_count_is_kept_and_one_that_is_none_is_counted() -> None:
    assert paper(KITE | {"author_count": 9}).author_count == 9
    assert paper(KITE | {"author_count": True}).author_count == 1


def test_a_beir_record_is_known_by_its_title_and_id_and_needs_no_title() -> None:
    first, second = papers(lines({"_id": "31715818", "title": "Birds", "text": ONE}, {"_id": 7, "title": "", "text": TWO}))
    assert (first.id, first.title, first.abstract) == (document_id("Birds", "31715818"), "Birds", ONE)
    assert first.id not in (document_id("Birds", "7"), document_id("Fish", "31715818"), paper_id("Birds"))
    assert (second.id, second.title) == (
        document_id(second.title, "7"),
        "Made-up fish are harder than made-up birds, so a second …",
    )


def test_a_list_of_beir_documents_without_titles_is_read_and_the_id_zero_is_one() -> None:
    found = papers(json.dumps([{"_id": 0, "text": ONE}, {"_id": "b", "text": ONE}]))
    assert len({p.id for p in found}) == 2
    assert found[0].id == document_id(found[0].title, "0")


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        ({"year": 2024}, "2024"),
        ({"date": "2024-05"}, "2024-05"),
        ({"published": "soon", "year": "2023"}, "2023"),
        ({"published": "2024-13-01"}, None),
        ({"published": None}, None),
        ({"published": "2024-05-31 12:00"}, "2024-05-31"),
        ({"year": 2021, "publication_date": "2021-03-04"}, "2021-03-04"),
        ({"year": 2021, "month": "3", "day": 9}, "2021-03-09"),
        ({"year": 2021.0}, "2021"),
        ({"issued": {"date-parts": [["2024", 1, 3]]}}, "2024-01-03"),
        ({"issued": {"date-parts": [[2024]]}}, "2024"),
        ({"issued": {"date-parts": [[None]]}, "created": {"date-time": "2019-05-06T07:08:09Z"}}, "2019-05-06"),
        ({"pubdate": {"Year": "2020", "Month": "Nov"}}, "2020-11"),
    ],
)
def test_dates_of_records_are_iso_or_left_out(fields: dict[str, object], published: str | None) -> None:
    assert paper(BOAT | fields).published == published


@pytest.mark.parametrize(
    ("authors", "expected"),
    [
        ("Ada A., Bo B. and Cy C.", ("Ada A.", "Bo B.", "Cy C.")),
        ("Adams, Ann; Brown, Bo", ("Ann Adams", "Bo Brown")),
        ([None, 3, "", "Ada A."], ("Ada A.",)),
        (None, ()),
        ([{"given": "Ann", "family": "Alder"}, {"literal": "Boat Club"}], ("Ann Alder", "Boat Club")),
        ([{"creatorType": "author", "firstName": "Ann", "lastName": "Alder"}], ("Ann Alder",)),
        ([{"creatorType": "editor", "firstName": "Ed", "lastName": "Elm"}], ()),
        ({"Author": [{"LastName": "Alder", "ForeName": "Ann"}]}, ("Ann Alder",)),
    ],
)
def test_authors_are_read_from_lists_and_from_text(authors: object, expected: tuple[str, ...]) -> None:
    assert paper(BOAT | {"authors": authors}).authors == expected


def test_further_data_of_a_beir_document_do_not_replace_its_title() -> None:
    found = paper({"_id": "1", "title": "Boats", "text": ONE, "metadata": {"title": "Kites", "id": "10.9999/k"}})
    assert (found.title, found.doi) == ("Boats", None)


# -- shapes of sources --------------------------------------------------------------------------------------------------


def test_an_arxiv_snapshot_gives_its_number_and_the_date_of_its_first_version() -> None:
    record = BOAT | {
        "id": "0704.0001", "authors": "A. Alder, B. Birch (Canal University)", "authors_parsed": [["Alder", "Ann", ""]],
        "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}], "update_date": "2008-11-26", "doi": None,
    }  # fmt: skip
    found = paper(record)
    assert (found.arxiv, found.published, found.authors) == ("0704.0001", "2007-04-02", ("Ann Alder",))
    assert paper(record | {"versions": []}).published == "2008-11-26"


def test_an_openalex_work_has_its_abstract_put_together_from_the_places_of_words() -> None:
    found = paper(
        {
            "id": "https://openalex.org/W1", "doi": "https://doi.org/10.9999/boat.7", "title": None, "display_name": "Boats",
            "ids": {"pmid": "https://pubmed.ncbi.nlm.nih.gov/123"}, "publication_date": "2024-01-03", "publication_year": 2024,
            "authorships": [{"author": {"display_name": "Ann Alder"}, "institutions": [{"display_name": "Canal University"}]}],
            "abstract_inverted_index": {"sink.": [4], "We": [0, 3], "time": [1], "boats.": [2]},
        }
    )  # fmt: skip
    assert (found.title, found.abstract, found.authors) == ("Boats", "We time boats. We sink.", ("Ann Alder",))
    assert (found.doi, found.pmid, found.published) == ("10.9999/boat.7", "123", "2024-01-03")


def test_a_crossref_work_is_read_from_a_message_and_its_jats_is_plain() -> None:
    work = {
        "title": ["Boats"], "author": [{"given": "Ann", "family": "Alder"}], "issued": {"date-parts": [[2024, 1, 3]]},
        "DOI": "10.9999/boat.7", "URL": "https://doi.org/10.9999/boat.7", "abstract": "<jats:p>We time boats.</jats:p>",
    }  # fmt: skip
    [found] = papers(json.dumps({"status": "ok", "message": {"facets": {}, "total-results": 1, "items": [work]}}))
    assert (found.title, found.abstract, found.authors, found.published, found.doi) == (
        "Boats", "We time boats.", ("Ann Alder",), "2024-01-03", "10.9999/boat.7",
    )  # fmt: skip


def test_semantic_scholar_gives_all_its_identifiers_and_its_summary_by_machine_is_no_abstract() -> None:
    found = paper(
        {
            "paperId": "ab12", "title": "Boats", "abstract": None, "tldr": {"model": "m", "text": "Boats drift."}, "year": 2024,
            "externalIds": {"DOI": "10.9999/boat.7", "ArXiv": "2401.99999", "PubMed": 321, "CorpusId": 5},
            "authors": [{"authorId": "1", "name": "Ann Alder"}], "references": [KITE],
        }
    )  # fmt: skip
    assert (found.title, found.abstract, found.published) == ("Boats", "", "2024")
    assert (found.doi, found.arxiv, found.pmid) == ("10.9999/boat.7", "2401.99999", "321")


def test_a_zotero_item_has_its_numbers_in_a_note_and_its_attachments_are_no_papers() -> None:
    item = {
        "key": "A",
        "data": {"itemType": "journalArticle", "title": "Boats", "abstractNote": ONE, "extra": "PMID: 77\nPMCID: PMC1"},
    }
    attached = {"key": "B", "data": {"itemType": "attachment", "title": "PDF", "url": "https://a.example/b.pdf"}}
    [found] = papers(json.dumps([item, attached]))
    assert (found.title, found.abstract, found.pmid) == ("Boats", ONE, "77")


def test_a_listing_of_hugging_face_papers_is_read_from_the_inner_paper() -> None:
    inner = {
        "id": "2401.99999",
        "title": "Boats",
        "summary": ONE,
        "publishedAt": "2024-01-03T00:00:00.000Z",
        "authors": [{"_id": "x", "name": "Ann Alder"}],
    }
    [found] = papers(
        json.dumps([{"paper": inner, "publishedAt": "2024-01-09T00:00:00.000Z", "title": "Boats", "numComments": 2}])
    )
    assert (found.arxiv, found.published, found.authors, found.abstract) == ("2401.99999", "2024-01-03", ("Ann Alder",), ONE)
    assert found.id == paper_id("Boats")


def test_parts_of_a_pubmed_abstract_keep_their_labels() -> None:
    article = {
        "ArticleTitle": "Boats",
        "Abstract": {"AbstractText": [{"@Label": "AIM", "#text": "To time."}, {"@Label": "RESULT", "#text": "Timed."}]},
    }
    [found] = papers(json.dumps({"PubmedArticle": [{"MedlineCitation": {"PMID": "55", "Article": article}}]}))
    assert (found.title, found.abstract, found.pmid) == ("Boats", "AIM: To time. RESULT: Timed.", "55")


def test_a_summary_of_pubmed_is_keyed_by_number_and_lists_its_identifiers() -> None:
    entry = {
        "uid": "55",
        "title": "Boats",
        "pubdate": "2020 Nov 3",
        "articleids": [{"idtype": "pubmed", "value": "55"}, {"idtype": "doi", "value": "10.9999/b"}],
    }
    [found] = papers(json.dumps({"header": {"type": "esummary"}, "result": {"uids": ["55"], "55": entry}}))
    assert (found.title, found.published, found.doi, found.pmid) == ("Boats", "2020-11-03", "10.9999/b", "55")


# -- layouts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "layout",
    [
        [BOAT, KITE],
        {"results": [BOAT, KITE]},
        {"message": {"items": [BOAT, KITE]}},
        {"data": {"papers": [BOAT, KITE]}, "meta": {"title": "My list", "id": "10.9999/list"}},
        {"title": "My list", "date": "2024", "papers": [BOAT, KITE]},
        {"a1": BOAT, "a2": KITE},
        [[BOAT], [KITE]],
        [{"results": [BOAT]}, {"results": [KITE]}],
        {"tags": ["a", "b"], "hits": [{"_source": BOAT}, {"_source": KITE}]},
    ],
)
def test_records_are_found_at_any_level(layout: object, indent: int | None) -> None:
    assert titles(json.dumps(layout, indent=indent)) == ["Paper Boats", "Kites at Noon"]


def test_pretty_printed_objects_in_a_row_are_all_read() -> None:
    text = json.dumps(BOAT, indent=2) + "\n" + json.dumps(KITE, indent=2) + ",\n" + json.dumps({"title": "Lamps"}, indent=2)
    assert titles(text) == ["Paper Boats", "Kites at Noon", "Lamps"]


def test_a_record_without_an_abstract_is_a_paper() -> None:
    assert papers('{"title": "Birds", "abstract": 3}') == [Paper(paper_id("Birds"), "Birds", "")]


# -- faults -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken", "not valid JSON"),
        ('{"title": "Fish", "abstract": "We', "not valid JSON"),
        ("[1, 2]", "not a JSON object"),
        ('{"abstract": "Made-up birds."}', "no title"),
        ('{"title": " ", "abstract": "Made-up birds."}', "no title"),
        ("[" * 100_000, "not valid JSON"),
        ('{"a":' * 100_000, "not valid JSON"),
        ('{"a": ' + "1" * 5000 + "}", "not valid JSON"),
    ],
)
def test_a_bad_line_is_named_by_number_and_reason_and_the_rest_is_read(line: str, reason: str) -> None:
    good = json.dumps(BOAT)
    first, bad, last = read(f"{good}\n\n{line}\n{good}\n")
    assert isinstance(first, Paper)
    assert first == last
    assert isinstance(bad, BadRecord)
    assert bad.line == 3
    assert reason in bad.reason


def test_a_first_line_that_is_broken_costs_one_line() -> None:
    assert titles('{"title": Birds}\n' + lines(BOAT, KITE)) == [1, "Paper Boats", "Kites at Noon"]


def test_bad_records_of_a_list_are_numbered_by_their_lines() -> None:
    text = json.dumps([BOAT, {"abstract": "Fish."}, 3, KITE], indent=2)
    numbered = text.split("\n")
    bad = [1 + numbered.index("  {", 2), 1 + numbered.index("  3,")]
    assert titles(text) == ["Paper Boats", *bad, "Kites at Noon"]


@pytest.mark.parametrize("opening", ["[", '{"results": [', '{"message": {"items": ['])
def test_a_list_that_is_cut_off_gives_what_came_before(opening: str) -> None:
    text = f'{opening}\n{json.dumps(BOAT)},\n{json.dumps(KITE)},\n{{"title": "Lam'
    assert titles(text) == ["Paper Boats", "Kites at Noon", 4]
    assert titles(text.replace("\n", " "))[:2] == ["Paper Boats", "Kites at Noon"]


def test_after_a_broken_object_the_next_in_the_row_is_read() -> None:
    text = '{\n "title": "Lamps",\n "abstract": oops\n}\n' + json.dumps(BOAT, indent=1)
    assert titles(text) == [1, "Paper Boats"]


def test_deep_brackets_are_one_bad_record() -> None:
    [bad] = json_records.parse("[" * 100_000)
    assert isinstance(bad, BadRecord)


@pytest.mark.parametrize(
    "text", ["[]", "", "[1]", "{curly} prose, in a letter", "Dear diary", "<p>{}</p>", "title,abstract\n{,}\n"]
)
def test_other_texts_are_not_recognised(text: str) -> None:
    assert not json_records.recognises(text)


@pytest.mark.parametrize("field", ["_id", "title", "abstract", "url", "organisation", "authors", "published"])
def test_half_a_character_in_any_field_does_not_keep_the_rest_from_being_stored(field: str, tmp_path: Path) -> None:
    """JSON may hold lone surrogates, which no file or database takes."""
    record = BOAT | {field: {"url": "https://a.example/\ud800"}.get(field, "2024 \ud800")}
    found = read(lines(record, KITE))
    library = Library(tmp_path, create=True)
    library.put("page", [p for p in found if isinstance(p, Paper)])
    stored = {p.title for p in library.papers().values()}
    library.close()
    assert KITE["title"] in stored
    assert len(found) == 2


@given(st.lists(st.fixed_dictionaries({"title": st.text(min_size=1), "abstract": st.text(min_size=1)}), min_size=1, max_size=5))
@example([{"title": "0", "abstract": "\x85"}])
def test_every_record_becomes_a_paper_or_a_bad_record_at_its_line(records: list[dict[str, str]]) -> None:
    found = list(json_records.parse(lines(*records)))
    assert len(found) == len(records)
    for number, (record, result) in enumerate(zip(records, found, strict=True), 1):
        if isinstance(result, BadRecord):
            assert result.line == number
            assert sum(c.isalpha() for c in repair.line(record["title"])) < 2


_KEYS = "title abstract text authors author issued date-parts id ids _id doi paper versions name family given label"
_ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(_KEYS.split()),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=20,
)


@given(_ANY, st.integers(0, 200))
def test_any_values_whole_or_cut_off_are_read_without_an_error(value: object, kept: int) -> None:
    for text in (json.dumps(value), json.dumps(value)[:kept], json.dumps(value, indent=1)[kept:]):
        json_records.recognises(text)
        assert all(isinstance(r, Paper | BadRecord) for r in json_records.parse(text))


@given(st.one_of(st.text(), st.text(alphabet='{}[]",:\\ \n1ae')))
def test_no_text_makes_reading_fail(text: str) -> None:
    json_records.recognises(text)
    assert all(isinstance(r, Paper | BadRecord) for r in json_records.parse(text))
