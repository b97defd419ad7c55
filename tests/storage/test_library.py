"""The library: listings are merged whatever their order, storing twice changes nothing, filters know partial dates."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import LibraryError
from rag.storage.chunk_store import text_hash
from rag.storage.library import Library
from rag.storage.merge import union
from rag.types import Chunk, Filters, Paper, Unjudged


def paper(number: int, **more: object) -> Paper:
    return replace(Paper(f"id{number}", f"Paper {number}", f"Abstract of paper {number}."), **more)  # type: ignore[arg-type]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path / "home", create=True)
    yield library
    library.close()


# -- union --------------------------------------------------------------------------------------------------------------

SHORT = st.text(alphabet="abcAB é", min_size=1, max_size=4)
LISTINGS = st.lists(
    st.builds(
        Paper,
        id=st.just("one"),
        title=SHORT,
        abstract=SHORT,
        published=st.none() | st.sampled_from(["2023", "2024", "2024-05", "2024-06", "2024-05-31"]),
        authors=st.lists(SHORT, max_size=3).map(tuple),
        author_count=st.none() | st.integers(1, 9),
        organisation=st.none() | SHORT,
        url=st.none() | st.sampled_from(["https://a.example/1", "https://b.example/12"]),
        sources=SHORT.map(lambda s: (s,)),
    ),
    min_size=1,
    max_size=5,
)


@given(LISTINGS, st.randoms(use_true_random=False))
def test_union_does_not_depend_on_the_order_of_the_listings(listings: list[Paper], random: object) -> None:
    shuffled = list(listings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert union(shuffled) == union(listings)


@given(LISTINGS)
def test_union_loses_no_field_that_any_listing_has_and_invents_none(listings: list[Paper]) -> None:
    merged = union(listings)
    for field in ("title", "abstract", "published", "authors", "author_count", "organisation", "url"):
        given_values = [getattr(p, field) for p in listings if getattr(p, field)]
        assert getattr(merged, field) in given_values if given_values else not getattr(merged, field)
    assert set(merged.sources) == {s for p in listings for s in p.sources}


def test_union_takes_the_longest_abstract_the_most_exact_date_and_the_title_that_does_not_shout() -> None:
    one = Paper("id", "A STUDY OF GRAPHS", "Short.", "2024", ("A. Adams", "B. Brown"), sources=("x",))
    two = Paper("id", "A Study of Graphs", "Longer abstract.", "2024-05-31", ("A. Adams",), 2, "Acme", sources=("y",))
    assert union([one, two]) == Paper(
        "id", "A Study of Graphs", "Longer abstract.", "2024-05-31", ("A. Adams", "B. Brown"), 2, "Acme", None, ("x", "y")
    )


# -- put and remove -----------------------------------------------------------------------------------------------------


def test_a_paper_comes_back_as_it_was_stored(library: Library) -> None:
    full = paper(1, published="2024-05", authors=("Ada É.", "Bo"), author_count=2, organisation="Acme", url="https://a.example")
    library.put("page", [full])
    assert library.paper("id1") == replace(full, sources=("page",))
    assert library.papers() == {"id1": replace(full, sources=("page",))}
    assert library.paper("other") is None


def test_storing_again_changes_nothing_and_leaves_the_revision(library: Library) -> None:
    first = library.put("page", [paper(1), paper(2)])
    revision = library.revision
    again = library.put("page", [paper(1), paper(2)])
    assert [change for _, change in first] == ["added", "added"]
    assert [change for _, change in again] == ["unchanged", "unchanged"]
    assert [p for p, _ in again] == [p for p, _ in first]
    assert library.revision == revision


def test_the_revision_grows_with_every_change(library: Library) -> None:
    seen = [library.revision]
    library.put("page", [paper(1)])
    seen.append(library.revision)
    library.put("page", [paper(1, abstract="Another abstract.")])
    seen.append(library.revision)
    library.remove_source("page")
    seen.append(library.revision)
    assert seen == sorted(set(seen))
    library.remove_source("nobody")
    assert library.revision == seen[-1]


def test_a_correction_by_the_same_source_replaces_what_it_said(library: Library) -> None:
    library.put("page", [paper(1, abstract="A long abstract that was wrong.")])
    [(merged, change)] = library.put("page", [paper(1, abstract="Right.")])
    assert (merged.abstract, change) == ("Right.", "updated")


def test_a_paper_listed_by_two_sources_is_one_paper_with_both(library: Library) -> None:
    library.put("plain", [paper(1)])
    [(merged, change)] = library.put("dated", [paper(1, published="2024-05-31", author_count=3)])
    assert change == "updated"
    assert (merged.sources, merged.published, merged.author_count) == (("dated", "plain"), "2024-05-31", 3)
    assert library.count() == 1
    assert library.sources() == {"dated": 1, "plain": 1}


def test_a_source_that_lists_a_paper_twice_is_unchanged_when_read_again(library: Library) -> None:
    twice = [paper(1, published="2024"), paper(1, abstract="A longer abstract of paper 1.")]
    library.put("page", twice)
    revision = library.revision
    again = library.put("page", twice)
    assert [change for _, change in again] == ["unchanged"]
    assert library.revision == revision


def test_a_source_that_lists_a_paper_twice_says_what_both_listings_say(library: Library) -> None:
    library.put("page", [paper(1, published="2024"), paper(1, author_count=3)])
    stored = library.paper("id1")
    assert stored is not None
    assert (stored.published, stored.author_count) == ("2024", 3)


def test_removing_a_source_takes_what_it_alone_said(library: Library) -> None:
    library.put("plain", [paper(1), paper(2)])
    library.put("dated", [paper(2, published="2024"), paper(3)])
    library.put_chunks("c", {paper(n): [Chunk(f"id{n}#0", f"id{n}", 0, 3, f"text {n}")] for n in (1, 2, 3)})
    assert library.remove_source("dated") == 1
    assert library.papers() == {f"id{n}": paper(n, sources=("plain",)) for n in (1, 2)}
    assert [c.paper_id for c in library.chunks()] == ["id1", "id2"]
    assert library.sources() == {"plain": 2}


def test_a_put_that_fails_half_way_stores_nothing(library: Library) -> None:
    def papers() -> Iterator[Paper]:
        yield paper(1)
        raise RuntimeError("the page broke off")

    with pytest.raises(RuntimeError):
        library.put("page", papers())
    assert (library.count(), library.revision, library.sources()) == (0, 0, {})
    library.put("page", [paper(1)])  # and the next put is not stuck in the old transaction
    assert library.count() == 1


# -- filters ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def dated(library: Library) -> Library:
    dates = ["2023", "2024", "2024-05", "2024-05-31", "2024-06-01", "2025-01-01", None]
    library.put("page-one", [paper(n, title=f"Paper {n} on Graphs", published=d) for n, d in enumerate(dates)])
    library.put("page-two", [paper(9, title="100% of Trees")])
    named = paper(7, title="Named", published="2019-02-01", authors=("A", "B", "C"))
    library.put("other", [named, paper(8, title="Counted", published="2019-02", authors=("A", "B"), author_count=5)])
    return library


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        (Filters(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (Filters(year=2024), [1, 2, 3, 4]),
        (Filters(since="2024"), [1, 2, 3, 4, 5]),
        (Filters(since="2024-05"), [1, 2, 3, 4, 5]),
        (Filters(since="2024-05-31"), [1, 2, 3, 4, 5]),
        (Filters(since="2024-06"), [1, 4, 5]),
        (Filters(since="2024-06-02"), [1, 5]),
        (Filters(until="2024"), [0, 1, 2, 3, 4, 7, 8]),
        (Filters(until="2024-05"), [0, 1, 2, 3, 7, 8]),
        (Filters(until="2024-05-30"), [0, 1, 2, 7, 8]),
        (Filters(until="2024-04"), [0, 1, 7, 8]),
        (Filters(until="2023-01-01"), [0, 7, 8]),
        (Filters(since="2024-05-01", until="2024-05-31"), [1, 2, 3]),
        (Filters(since="2026"), []),
        (Filters(source="TWO"), [9]),
        (Filters(source="page"), [0, 1, 2, 3, 4, 5, 6, 9]),
        (Filters(title="on graphs"), [0, 1, 2, 3, 4, 5, 6]),
        (Filters(title="100%"), [9]),
        (Filters(title="_aper"), []),
        (Filters(title="graphs", year=2025), [5]),
        (Filters(min_authors=1), [7, 8]),
        (Filters(min_authors=3), [7, 8]),
        (Filters(min_authors=4), [8]),
        (Filters(min_authors=6, year=2021), []),
        (Filters(max_authors=3), [7]),
        (Filters(max_authors=2), []),
        (Filters(papers=("id3",)), [3]),
        (Filters(papers=("id7", "id3", "nosuch", 'id9"]')), [3, 7]),
        (Filters(papers=("id3", "id5"), year=2025), [5]),
    ],
)
def test_filters_pass_what_could_be_meant(dated: Library, filters: Filters, numbers: list[int]) -> None:
    assert sorted(dated.matching(filters)) == [f"id{n}" for n in numbers]


def test_the_name_of_a_source_means_that_source_and_a_part_of_names_all_that_have_it(library: Library) -> None:
    library.put("hf", [paper(1), paper(2)])
    library.put("hf-2", [paper(2), paper(3)])
    named = {name: sorted(library.matching(Filters(source=name))) for name in ("hf", "hf-2", "HF", "f", "hf-")}
    everything = ["id1", "id2", "id3"]
    assert named == {"hf": ["id1", "id2"], "hf-2": ["id2", "id3"], "HF": everything, "f": everything, "hf-": ["id2", "id3"]}
    assert library.unjudged(Filters(source="hf", since="2024")).undated == 2


@pytest.mark.parametrize(
    ("filters", "unjudged"),
    [
        (Filters(), Unjudged()),
        (Filters(title="graphs", source="one"), Unjudged()),
        (Filters(year=2024), Unjudged(undated=2)),
        (Filters(year=2024, title="graphs"), Unjudged(undated=1)),
        (Filters(since="2024-05"), Unjudged(2, 1)),  # 2024; not 2024-05, all of whose days fit
        (Filters(since="2024-05-01", until="2024-05-31"), Unjudged(2, 1)),
        (Filters(since="2024-05-02"), Unjudged(2, 2)),
        (Filters(until="2024-05-30"), Unjudged(2, 2)),
        (Filters(since="2024-01-01", until="2024-12-31"), Unjudged(2, 0)),
        (Filters(until="2019-02-28"), Unjudged(2, 0)),
        (Filters(until="2019-02-27"), Unjudged(2, 1)),
        (Filters(min_authors=4), Unjudged(authorless=8)),
        (Filters(author="Adams"), Unjudged(nameless=8)),
        (Filters(min_authors=4, source="two"), Unjudged(authorless=1)),
        (Filters(min_authors=4, until="2023"), Unjudged(2, 0, 3)),  # the undated may have authors, the dated too late not
    ],
)
def test_papers_that_could_not_be_judged_are_counted(dated: Library, filters: Filters, unjudged: Unjudged) -> None:
    assert dated.unjudged(filters) == unjudged


def test_the_dates_run_from_the_first_to_the_last(library: Library) -> None:
    assert library.span() is None
    library.put("page", [paper(1), paper(2, published="2024-05"), paper(3, published="2016"), paper(4, published="2024-06-01")])
    assert library.span() == ("2016", "2024-06-01")


def test_papers_are_counted_by_year_and_sources_have_dates_of_their_own(dated: Library) -> None:
    assert dated.years() == {"": 2, "2019": 2, "2023": 1, "2024": 4, "2025": 1}
    assert dated.sources_span() == {"other": ("2019-02", "2019-02-01"), "page-one": ("2023", "2025-01-01")}


def test_the_title_filter_sets_case_aside_in_every_alphabet(library: Library) -> None:
    library.put("page", [paper(1, title="Éclair: Über-Networks")])
    assert library.matching(Filters(title="éclair: über")) == ["id1"]


# -- chunks and vectors -------------------------------------------------------------------------------------------------


def test_chunks_come_back_in_order_and_go_stale_with_the_text_and_the_chunker(library: Library) -> None:
    [(stored, _)] = library.put("page", [paper(1)])
    assert library.unchunked("cut-1") == [stored]
    chunks = [Chunk(f"id1#{n}", "id1", n, n + 1, f"text {n}") for n in range(3)]
    library.put_chunks("cut-1", {stored: chunks[::-1]})
    assert library.chunks() == library.chunks(["id1", "id1"]) == chunks
    assert library.unchunked("cut-1") == []
    assert library.unchunked("cut-2") == [stored]
    library.put("page", [paper(1, published="2024")])
    assert library.unchunked("cut-1") == []
    [(changed, _)] = library.put("page", [paper(1, abstract="Other words.")])
    assert library.unchunked("cut-1") == [changed]
    library.put_chunks("cut-1", {changed: chunks[:1]})
    assert library.chunks() == chunks[:1]


def test_vectors_come_back_bit_for_bit_in_the_order_asked(library: Library) -> None:
    texts = [f"text {n}" for n in range(1200)]  # more than are bound to one statement
    rows = np.random.default_rng(0).standard_normal((1200, 8)).astype(np.float32)
    library.put_vectors("m", texts, rows)
    order = np.random.default_rng(1).permutation(1200)
    assert np.array_equal(library.vectors("m", [texts[i] for i in order]), rows[order])
    assert np.array_equal(library.vectors("m", ["text 7", "text 7"]), rows[[7, 7]])


def test_vectors_of_two_embedders_never_meet(library: Library) -> None:
    library.put("page", [paper(1)])
    library.put_chunks("c", {paper(1): [Chunk("id1#0", "id1", 0, 1, "same"), Chunk("id1#1", "id1", 0, 1, "same")]})
    library.put_vectors("m", ["same"], np.ones((1, 4), np.float32))
    assert library.unembedded("m") == []
    assert library.unembedded("n") == ["same"]
    with pytest.raises(LibraryError, match="--repair"):
        library.vectors("n", ["same"])


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_texts_share_a_hash_only_when_they_are_equal(one: str, two: str) -> None:
    assert (text_hash(one) == text_hash(two)) == (one == two)
    assert len(text_hash(one)) == 16


# -- opening ------------------------------------------------------------------------------------------------------------


def test_what_was_stored_is_there_after_reopening(tmp_path: Path) -> None:
    library = Library(tmp_path, create=True)
    library.put("page", [paper(1)])
    library.close()
    again = Library(tmp_path)
    assert (again.count(), again.revision) == (1, 1)
    again.close()


def test_a_missing_library_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"no library.*python -m rag\.ingest"):
        Library(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_library_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    library = Library(tmp_path, create=True)
    library.put("page", [paper(1)])
    library.close()
    with sqlite3.connect(tmp_path / "library.sqlite") as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        db.execute(f"PRAGMA user_version = {version + 1}")
    with pytest.raises(LibraryError, match="newer version"):
        Library(tmp_path, create=True)
    with sqlite3.connect(tmp_path / "library.sqlite") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (version + 1,)
        assert db.execute("SELECT count(*) FROM papers").fetchone() == (1,)


def test_a_file_that_is_no_library_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").write_bytes(b"notes of mine, not a database" * 100)
    with pytest.raises(LibraryError, match="cannot be opened"):
        Library(tmp_path, create=True)
    assert (tmp_path / "library.sqlite").read_bytes().startswith(b"notes of mine")


def test_an_author_is_found_by_whole_words_of_the_name_in_any_case(library: Library) -> None:
    library.put(
        "page", [paper(1, authors=("Percy Liang", "Li, Xiang Lisa")), paper(2, authors=("T. B. Émile Liang-Ho",)), paper(3)]
    )
    for author, ids in (
        ("liang", ["id1"]),
        ("Percy Liang", ["id1"]),
        ("ÉMILE", ["id2"]),
        ("Li Xiang", ["id1"]),
        ("Lian", []),
        ("B", ["id2"]),
    ):
        assert sorted(library.matching(Filters(author=author))) == ids, author
