"""Citation keys: what they are made of, and that no two papers have the same, in whatever order they come."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.factories import paper

from rag.output.citation_keys import keys
from rag.types import Paper

TITLE = "GraphSAINT: Graph Sampling Based Inductive Learning Method"


@pytest.mark.parametrize(
    ("title", "authors", "published", "key"),
    [
        (TITLE, ("Hanqing Zeng", "Hongkuan Zhou"), "2019-07-10", "zeng-2019-graphsaint"),
        (TITLE, ("Zeng, Hanqing",), "2019", "zeng-2019-graphsaint"),
        (TITLE, ("Zeng H.",), "2019", "zeng-2019-graphsaint"),
        ("The use of kites", ("Zoë van der Berg",), "2021", "berg-2021-kites"),
        ("A paper on it", ("Søren Ørsted Jr.",), None, "orsted-nd-a"),
        ("LoRA-Mini", ("Łukasz Straße",), "2024", "strasse-2024-lora"),
        ("Über 3D", ("Nuñez, José",), "2024", "nunez-2024-uber"),
        ("Lamps", (), "2024", "anon-2024-lamps"),
        ("街灯", ("曾涵清",), None, "anon-nd-untitled"),
    ],
)
def test_a_key_is_name_year_and_word(title: str, authors: tuple[str, ...], published: str | None, key: str) -> None:
    assert keys([paper(title, authors=authors, published=published)]) == [key]


def test_an_organisation_stands_in_for_authors() -> None:
    assert keys([paper("Lamps", organisation="Harbour Lamp Society", published="2024")]) == ["harbour-2024-lamps"]


def test_papers_that_would_share_a_key_keep_theirs_in_any_order() -> None:
    titles = {"a": "Lamps I", "b": "Lamps II", "c": "Kites"}
    one, two, other = (Paper(i, title, "", "2024", ("Ada Berg",)) for i, title in titles.items())
    first = dict(zip("abc", keys([one, two, other]), strict=True))
    second = dict(zip("cba", keys([other, two, one]), strict=True))
    assert first == second
    assert first["c"] == "berg-2024-kites"
    assert all(re.fullmatch(r"berg-2024-lamps-[0-9a-f]{4}", first[i]) for i in "ab")


AUTHORS = st.lists(st.text()).map(tuple)


@given(st.lists(st.builds(Paper, st.text(max_size=3), st.text(max_size=5), st.just(""), authors=AUTHORS)))
def test_any_papers_have_plain_keys_of_their_own(papers: list[Paper]) -> None:
    made = keys(papers)
    assert len(set(made)) == len(papers)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", key) for key in made)
