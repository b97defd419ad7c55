"""Filters: what cannot be right is told in one sentence, and what they leave open or out is told as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import UsageError
from rag.storage import filters
from rag.storage.filters import Scope
from rag.storage.library import Library
from rag.types import Filters, Paper, Unjudged

# -- whether they can be right -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "date",
    ["2024-5", "24", "2024-13", "2024-00", "2024-02-30", "2023-02-29", "May", "2024/05", "0000", "٢٠٢٤", "2024-05-31T00"],
)
def test_what_is_no_date_is_refused_by_name(date: str) -> None:
    for wrong in (Filters(since=date), Filters(until=date)):
        with pytest.raises(
            UsageError, match=r"^“.+” is not a date\. Give a year, a month or a day: 2024, 2024-05 or 2024-05-31\.$"
        ):
            filters.checked(wrong)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (Filters(since="2025", until="2024"), "The papers cannot be both from 2025 on and up to 2024."),
        (Filters(since="2024-06", until="2024-05-31"), "The papers cannot be both from 2024-06 on and up to 2024-05-31."),
        (Filters(year=2023, since="2024-02"), "No paper from 2023 can be from 2024-02 on."),
        (Filters(year=2025, until="2024-02"), "No paper from 2025 can be up to 2024-02."),
        (Filters(year=2020, since="2021", until="2022"), "No paper from 2020 can be from 2021 to 2022."),
        (Filters(year=0), "The year is “0”."),
        (Filters(year=123456), "The year is “123456”."),
        (Filters(min_authors=-1), "The least number of authors is “-1”."),
        (Filters(min_authors=2**70), "The least number of authors is “1180591620717411303424”."),
    ],
)
def test_filters_that_exclude_each_other_or_are_out_of_range_are_refused(wrong: Filters, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        filters.checked(wrong)
    assert (caught.value.message, caught.value.exit_code) == (told, 2)
    assert caught.value.fix


@pytest.mark.parametrize(
    "right",
    [
        Filters(since="2024", until="2024-05"),
        Filters(since="2024-05-31", until="2024"),
        Filters(since="2024-05", until="2024-05"),
        Filters(since="2024-02-29"),
        Filters(year=2024, since="2024-05", until="2025"),
        Filters(year=1, min_authors=1),
    ],
)
def test_filters_that_some_day_satisfies_are_left_as_they_are(right: Filters) -> None:
    assert filters.checked(right) == right


def test_filters_are_tidied_so_that_empty_ones_are_none() -> None:
    given = Filters(None, " 2024 ", "", "  ", "caf\udce9 ", None, (" id2", "", "id1", "id2"))
    assert filters.checked(given) == Filters(since="2024", title="caf?", papers=("id2", "id1"))


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (5, "The filters are no JSON object."),
        ([], "The filters are no JSON object."),
        ({"yaer": 2024}, "There is no filter “yaer”."),
        ({"year": "2024"}, "The filter year is no number."),
        ({"year": True}, "The filter year is no number."),
        ({"min_authors": 2.5}, "The filter min_authors is no number."),
        ({"since": 2024}, "The filter since is no text."),
        ({"title": ["graph"]}, "The filter title is no text."),
        ({"papers": "id1"}, "The filter papers is no list of texts."),
        ({"papers": [1]}, "The filter papers is no list of texts."),
        ({"since": "soon"}, "“soon” is not a date."),
    ],
)
def test_a_record_that_is_no_filter_is_refused(record: object, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        filters.read(record)
    assert caught.value.message == told


def test_a_record_comes_on_top_of_the_filters_there_are_and_null_lifts_one() -> None:
    base = Filters(year=2024, title="graph")
    assert filters.read(None, base) == filters.read({}, base) == base
    assert filters.read({"title": "tree", "min_authors": 3}, base) == Filters(year=2024, title="tree", min_authors=3)
    assert filters.read({"year": None}, base) == Filters(title="graph")
    assert filters.read({"papers": ["a", "b"]}, base) == Filters(year=2024, title="graph", papers=("a", "b"))
    assert filters.read({"papers": None}, Filters(papers=("a",))) == Filters()


NAMES = st.sampled_from(["year", "since", "until", "source", "title", "min_authors", "papers"])


TEXTS = st.text("0123456789-\n é\ud800", max_size=12)


@given(st.dictionaries(NAMES, st.integers() | TEXTS | st.lists(TEXTS)))
def test_whatever_a_record_holds_it_is_read_or_refused_in_one_line(record: dict[str, object]) -> None:
    told = ""
    try:
        read = filters.read(record)
        assert filters.checked(read) == read
    except UsageError as error:
        told = str(error)
    assert "\n" not in told
    assert len(told) < 300


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
    assert scope.told(Filters(title="graph")) == scope.told(Filters()) == ()
    assert scope.told(Filters(year=2024)) == ("1 paper has no date and was left out.",)
    assert scope.told(Filters(since="2024-05-15")) == (
        "1 paper has no date and was left out; 1 is known only to its year or month and was let in, "
        "because some day of it fits.",
    )
    assert scope.told(Filters(title="graph", min_authors=1), found=False) == (
        "No paper of the 5 has “graph” in the title and has 1 author or more.",
        "4 papers do not tell how many authors they have and were left out.",
    )
