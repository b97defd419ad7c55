"""Which listings are of one paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.sources.paper_ids import paper_id
from rag.storage.library import Library
from rag.types import Filters, Paper

DRIFT = "We time how fast a paper boat drifts down a slow canal, in still air and in wind, for three sizes of sail."
SNAILS = "Snails of the northern dunes close their shells at noon."


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path, create=True)
    yield library
    library.close()


def listed(title: str, abstract: str = DRIFT, **fields: object) -> Paper:
    return replace(Paper(paper_id(title), title, abstract), **fields)  # type: ignore[arg-type]


def stored(library: Library, *papers: Paper) -> list[Paper]:
    """Store each paper as a source of its own, then all again as one source; the papers must be the same."""
    for n, paper in enumerate(papers):
        library.put(f"file {n}", [paper])
    found = sorted(library.papers().values(), key=lambda p: p.title)
    changes = [change for _, change in library.put("all", papers)]
    assert len(changes) == len(found) == library.count()
    return found


def test_two_papers_of_one_title_with_other_abstracts_and_authors_stay_two(library: Library) -> None:
    papers = stored(library, listed("Summary", authors=("Ann Alder",)), listed("Summary", SNAILS, authors=("Bo Birch",)))
    assert {p.abstract for p in papers} == {DRIFT, SNAILS}
    assert len({p.id for p in papers}) == 2


def test_two_papers_of_one_title_are_known_again(library: Library) -> None:
    papers = (listed("Summary", doi="10.9999/a.1"), listed("Summary", SNAILS, doi="10.9999/b.2"))
    first = {p.id: p.abstract for p in stored(library, *papers)}
    assert [change for _, change in library.put("file 0", papers[:1])] == ["unchanged"]
    assert {p.id: p.abstract for p in library.papers().values()} == first


def test_one_doi_is_one_paper_whatever_the_title(library: Library) -> None:
    [paper] = stored(
        library,
        listed("Paper Boats: Drift Under Three Sails", doi="10.9999/boat.7", published="2024-01-03"),
        listed("Drift of paper boats under three sails", SNAILS, doi="10.9999/boat.7"),
    )
    assert (paper.doi, paper.published, paper.sources) == ("10.9999/boat.7", "2024-01-03", ("file 0", "file 1"))


def test_chapters_with_the_doi_of_their_book_stay_apart(library: Library) -> None:
    assert len(stored(library, listed("Paper Boats", doi="10.9999/book"), listed("Snails", SNAILS, doi="10.9999/book"))) == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_versions_of_an_arxiv_paper_are_one_with_the_newest_text(library: Library, order: tuple[int, int]) -> None:
    versions = (listed("Boats", f"{DRIFT} And more.", arxiv="2401.99999v1"), listed("Boats and a Kite", arxiv="2401.99999v2"))
    [paper] = stored(library, *(versions[i] for i in order))
    assert (paper.title, paper.abstract, paper.arxiv) == ("Boats and a Kite", DRIFT, "2401.99999v2")


def test_a_pubmed_number_is_one_paper(library: Library) -> None:
    assert len(stored(library, listed("Boats", pmid="99"), listed("Barcos", SNAILS, pmid="99"))) == 1


def test_authors_that_agree_make_one_paper_of_a_title(library: Library) -> None:
    one, other = listed("Summary", authors=("Ann Alder", "Cy Oak")), listed("Summary", SNAILS, authors=("Alder A.",))
    assert len(stored(library, one, other)) == 1


def test_a_listing_without_abstract_and_authors_is_of_the_paper_of_its_title(library: Library) -> None:
    [paper] = stored(library, listed("Paper Boats", ""), listed("Paper boats", doi="10.9999/boat.7"))
    assert (paper.abstract, paper.doi) == (DRIFT, "10.9999/boat.7")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pre-training Boats", "Pretraining Boats"),
        (r"$\alpha$-stable Boats", "α-stable Boats"),
        ("{Paper} {Boats}", "Paper Boats"),
        ("Paper <i>Boats</i>", "Paper Boats"),
        ("Paper Boats: Drift Under Three Sails", "Paper Boats"),
        ("H2O Boats", "H₂O Boats"),
    ],
)
def test_titles_that_differ_in_their_signs_are_one_paper_where_abstracts_agree(library: Library, one: str, other: str) -> None:
    assert len(stored(library, listed(one), listed(other))) == 1


@pytest.mark.parametrize(("one", "other"), [("Pre-training Boats", "Pretraining Boats"), ("Boats: Sails", "Boats: Hulls")])
def test_such_titles_are_two_papers_where_abstracts_do_not_agree(library: Library, one: str, other: str) -> None:
    assert len(stored(library, listed(one), listed(other, SNAILS))) == 2


def test_other_subtitles_are_other_papers_even_where_abstracts_agree(library: Library) -> None:
    assert len(stored(library, listed("Paper Boats: Part 1"), listed("Paper Boats: Part 2"))) == 2


def test_a_paper_that_is_gone_gives_its_identifiers_back(library: Library) -> None:
    library.put("one", [listed("Boats", doi="10.9999/boat.7")])
    library.remove_source("one")
    library.put("two", [listed("Barcos", SNAILS, doi="10.9999/boat.7")])
    [paper] = library.papers().values()
    assert (paper.id, paper.title) == (paper_id("Barcos"), "Barcos")


@pytest.mark.parametrize(
    "written",
    [
        "10.9999/BOAT.7",
        "https://doi.org/10.9999/boat.7",
        "arXiv:2401.99999",
        "https://arxiv.org/abs/2401.99999v3",
        "99",
        "PMID: 99",
    ],
)
def test_papers_are_filtered_by_any_identifier(library: Library, written: str) -> None:
    boats = listed("Boats", doi="10.9999/boat.7", arxiv="2401.99999v2", pmid="99")
    library.put("one", [boats, listed("Snails", SNAILS, pmid="98")])
    assert library.matching(Filters(identifier=written)) == [boats.id]
    assert library.matching(Filters(identifier="no such")) == []
