"""Filters over a library: how they are said, and what they leave open or out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import UsageError
from rag.storage import filters
from rag.storage.filters import Scope
from rag.storage.library import Library
from rag.types import Filters, Paper, Unjudged

# -- how they are said ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Filters(), ""),
        (Filters(year=2024), "Only papers from 2024."),
        (Filters(since="2024-05"), "Only papers from 2024-05 on."),
        (Filters(until="2024"), "Only papers up to 2024."),
        (Filters(since="2023", until="2024-05"), "Only papers from 2023 to 2024-05."),
        (Filters(since="2024", until="2024"), "Only papers from 2024."),
        (
            Filters(since="2024-05", source="daily", title="graph", min_authors=3),
            "Only papers from 2024-05 on, listed by “daily”, with “graph” in the title, with 3 authors or more.",
        ),
        (Filters(papers=("id1",)), "Only the paper “Paper 1”."),
        (Filters(papers=("id2",)), "Only the paper “id2”."),
        (Filters(papers=("id1", "id2", "id3")), "Only 3 selected papers."),
        (Filters(year=2024, papers=("id1", "id2")), "Only 2 selected papers, if from 2024."),
    ],
)
def test_filters_are_said_as_a_sentence(given: Filters, said: str) -> None:
    assert filters.sentence(given, [Paper("id1", "Paper 1", "A.")]) == said


@pytest.mark.parametrize(
    ("unjudged", "told"),
    [
        (Unjudged(), ()),
        (Unjudged(nameless=1), ("1 paper does not name its authors and was left out.",)),
        (Unjudged(nameless=574), ("574 papers do not name their authors and were left out.",)),
        (Unjudged(undated=1_041), ("1,041 papers have no date and were left out.",)),
        (
            Unjudged(41, 7),
            (
                "41 papers have no date and were left out; 7 are known only to their year or month and were let in, "
                "because some day of it fits.",
            ),
        ),
        (
            Unjudged(0, 1, 1),
            (
                "1 paper is known only to its year or month and was let in, because some day of it fits.",
                "1 paper does not tell how many authors it has and was left out.",
            ),
        ),
    ],
)
def test_what_could_not_be_judged_is_told_with_what_became_of_it(unjudged: Unjudged, told: tuple[str, ...]) -> None:
    assert filters.left_open(unjudged) == told


# -- over a library ------------------------------------------------------------------------------------------------------


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path / "home", create=True)
    yield library
    library.close()


@pytest.fixture
def scope(library: Library) -> Scope:
    dates = ["2023", "2024-05", "2024-05-31", None]
    library.put("page-one", [Paper(f"id{n}", f"Paper {n} on Graphs", "A.", d) for n, d in enumerate(dates)])
    library.put("page-two", [Paper("id9", "Trees", "A.", "2022-01-01", author_count=2)])
    return Scope(library)


def test_a_source_that_is_not_there_is_refused_with_those_that_are(scope: Scope, library: Library) -> None:
    assert scope.checked(Filters(source=" PAGE-t ")) == Filters(source="PAGE-t")
    with pytest.raises(UsageError, match="“arxiv” in its name; there are page-one, page-two"):
        scope.checked(Filters(source="arxiv"))
    for n in range(8):
        library.put(f"page-{n}", [Paper("id1", "Paper 1 on Graphs", "A.")])
    with pytest.raises(UsageError) as caught:
        scope.checked(Filters(source="arxiv"))
    assert str(caught.value).count("page-") == 8
    assert "and 2 more." in str(caught.value)


def test_a_paper_that_is_not_there_is_refused(scope: Scope) -> None:
    assert scope.checked(Filters(papers=("id1", "id2"))).papers == ("id1", "id2")
    with pytest.raises(UsageError, match=r"^The library has no paper with the id “nosuch”\. Give a paper_id"):
        scope.checked(Filters(papers=("id1", "nosuch")))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (Filters(title="graph"), ""),
        (Filters(year=2031), "No paper of the 5 is from 2031; the dates run from 2022-01-01 to 2024-05-31."),
        (Filters(title="zebra", year=2024), "No paper of the 5 has “zebra” in the title."),
        (Filters(min_authors=3), "No paper of the 5 has 3 authors or more."),
        (
            Filters(title="trees", source="page", since="2023"),
            "No paper of the 5 is from 2023 on and has “trees” in the title; the dates run from 2022-01-01 to 2024-05-31.",
        ),
        (Filters(title="trees", source="one"), "No paper of the 5 is listed by “one” and has “trees” in the title."),
        (Filters(papers=("id1",), title="trees"), "No paper of the 5 has “trees” in the title and is the one selected."),
        (Filters(papers=("id1",), title="zebra"), "No paper of the 5 has “zebra” in the title."),
    ],
)
def test_the_fewest_filters_that_left_nothing_are_named(scope: Scope, given: Filters, told: str) -> None:
    assert scope.nothing(given) == told


def test_papers_without_any_date_are_said_to_be_without(library: Library) -> None:
    library.put("page", [Paper("id1", "One", "A.")])
    assert Scope(library).nothing(Filters(year=2024)) == "No paper of the 1 is from 2024; none of them has a date."


def test_what_is_told_of_filters_counts_the_papers_they_could_not_judge(scope: Scope) -> None:
    assert scope.warnings(Filters(title="graph")) == scope.warnings(Filters()) == ()
    assert scope.warnings(Filters(year=2024)) == ("1 paper has no date and was left out.",)
    assert scope.warnings(Filters(since="2024-05-15")) == (
        "1 paper has no date and was left out; 1 is known only to its year or month and was let in, "
        "because some day of it fits.",
    )
    assert scope.warnings(Filters(title="graph", min_authors=1), found=False) == (
        "No paper of the 5 has “graph” in the title and has 1 author or more.",
        "4 papers do not tell how many authors they have and were left out.",
    )


def test_an_organisation_and_an_author_are_found_whatever_case_and_accents(library: Library) -> None:
    library.put("page", [Paper("id1", "One", "A.", authors=("Tomás Müller",), organisation="ETH Zürich")])
    library.put("page", [Paper("id2", "Two", "B.")])
    for given in (Filters(organisation="eth zurich"), Filters(organisation="Zürich"), Filters(author="tomas muller")):
        assert library.matching(given) == ["id1"]
    assert library.matching(Filters(organisation="Zagreb")) == []
    assert library.has_organisation("eth")
    assert not library.has_organisation("zurich")  # its name starts with another word
    assert filters.shown(Filters(organisation="ETH Zürich")) == "from ETH Zürich"
