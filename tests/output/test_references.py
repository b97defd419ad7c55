"""What other programs read of a reference, they read as it was written; a paper's numbers are known by its address and id."""

from __future__ import annotations

from dataclasses import replace

import bibtexparser
import pytest
import rispy
from hypothesis import given
from hypothesis import strategies as st
from support.factories import answer, paper, sources

from rag.output import references, render
from rag.types import Paper

LAMP = paper("Lamps", authors=("Ada B.", "C. D."), published="2024-05", url="https://arxiv.org/abs/2405.01234v2")
ARXIV = ("arXiv", "https://arxiv.org/abs/2405.01234")
DOI = ("DOI", "https://doi.org/10.1145/12.3-a")


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://arxiv.org/abs/2405.01234", [ARXIV]),
        ("http://www.arxiv.org/pdf/2405.01234v3.pdf", [ARXIV]),
        ("https://export.arxiv.org/html/2405.01234v1/", [ARXIV]),
        ("https://arxiv.org/abs/cs.CL/0501001", [("arXiv", "https://arxiv.org/abs/cs.CL/0501001")]),
        ("https://huggingface.co/papers/2405.01234", [ARXIV, ("Hugging Face", "https://huggingface.co/papers/2405.01234")]),
        ("https://huggingface.co/datasets/x", [("Hugging Face", "https://huggingface.co/datasets/x")]),
        ("https://doi.org/10.1145/12.3-a", [DOI]),
        ("https://dx.doi.org/10.1145%2F12.3-a", [DOI]),
        ("https://doi.org/10.48550/arXiv.2405.01234", [ARXIV, ("DOI", "https://doi.org/10.48550/arxiv.2405.01234")]),
        ("https://dl.acm.org/doi/pdf/10.1145/12.3-a", [DOI, ("dl.acm.org", "https://dl.acm.org/doi/pdf/10.1145/12.3-a")]),
        ("https://aclanthology.org/2024.acl-long.1/", [("aclanthology.org", "https://aclanthology.org/2024.acl-long.1/")]),
        ("https://arxiv.org/list/cs.CL/recent", [("arxiv.org", "https://arxiv.org/list/cs.CL/recent")]),
        ("https://arxiv.org/abs/2413.01234", [("arxiv.org", "https://arxiv.org/abs/2413.01234")]),  # there is no 13th month
        ("https://arxiv.org@example.com/abs/2405.01234", [("example.com", "https://arxiv.org@example.com/abs/2405.01234")]),
        ("https://notarxiv.org/abs/2405.01234", [("notarxiv.org", "https://notarxiv.org/abs/2405.01234")]),
        ("javascript:alert(1)//arxiv.org/abs/2405.01234", []),
        ("http://[::1", []),
        ("2405.01234", []),
        (None, []),
    ],
)
def test_addresses_are_known_for_what_they_are(url: str | None, known: list[tuple[str, str]]) -> None:
    assert references.links(paper(url=url)) == known


@pytest.mark.parametrize(
    ("number", "known"),
    [
        ("arXiv:2405.01234v1", [ARXIV]),
        ("2405.01234", [ARXIV]),
        ("doi:10.1145/12.3-a", [DOI]),
        ("10.1145/12.3-a", [DOI]),
        ("0123456789abcdef", []),
    ],
)
def test_ids_are_known_too(number: str, known: list[tuple[str, str]]) -> None:
    assert references.links(replace(paper(), id=number)) == known


def test_the_numbers_of_an_address_come_before_those_of_an_id() -> None:
    assert references.links(replace(LAMP, id="2101.00001")) == [ARXIV]
    assert references.links(replace(LAMP, id="10.1145/12.3-a")) == [ARXIV, DOI]


def test_bibtex_has_the_numbers_of_arxiv_and_doi() -> None:
    told = references.bibtex([LAMP, paper("B", url="https://doi.org/10.1145/12.3-a")])
    first, second = bibtexparser.parse_string(told).entries
    assert (first["eprint"], first["archiveprefix"], first["url"]) == ("2405.01234", "arXiv", LAMP.url)
    assert second["doi"] == "10.1145/12.3-a"
    assert "eprint" not in second


def test_an_organisation_with_and_in_its_name_stays_one_author() -> None:
    told = references.bibtex([paper(authors=("Ada B.", "Lamps and Sons"))])
    assert bibtexparser.parse_string(told).entries[0]["author"] == "Ada B. and {Lamps and Sons}"


@pytest.mark.parametrize(
    ("title", "written"),
    [
        (r"Sorting in $\mathcal{O}(n)$ & Less", r"Sorting in $\mathcal{O}(n)$ \& Less"),
        (r"$\alpha$-Divergence, 5% of $x_{i}^{2}$", r"$\alpha$-Divergence, 5\% of $x_{i}^{2}$"),
        (r"$\Delta_{t}$", r"$\Delta_{t}$"),
        ("Lamps for $5 and $10", r"Lamps for \$5 and \$10"),
        ("From $5 to $x", r"From \$5 to \$x"),
        ("Open $x{y$ and {A}_1", r"Open \$x(y\$ and (A)\_1"),
        (r"Closed $\{x}$", r"Closed \$(x)\$"),
        ("Closed $}x{$", r"Closed \$)x(\$"),
        ("Two $a\nb$ lines", r"Two \$a b\$ lines"),
        ("A comment $x % y$", r"A comment \$x \% y\$"),
    ],
)
def test_maths_in_a_title_is_kept_and_the_rest_is_escaped(title: str, written: str) -> None:
    library = bibtexparser.parse_string(references.bibtex([paper(title), paper("Next")]))
    assert library.failed_blocks == []
    assert [entry["title"] for entry in library.entries] == [f"{{{written}}}", "{Next}"]


@given(st.lists(st.sampled_from(["$", "{", "}", "\\", "x", " ", "\n", "%", "5", r"\alpha"]), min_size=1).map("".join))
def test_no_maths_breaks_the_entries_after_it(title: str) -> None:
    library = bibtexparser.parse_string(references.bibtex([Paper("a", title, ""), Paper("b", "Next", "")]))
    assert library.failed_blocks == []
    assert library.entries[1].key == "anon-nd-next"
    assert library.entries[1]["title"] == "{Next}"


@given(st.lists(st.builds(Paper, st.text(max_size=4), st.text(min_size=1), st.just("")), max_size=6))
def test_any_papers_have_keys_of_their_own_and_can_be_parsed(papers: list[Paper]) -> None:
    library = bibtexparser.parse_string(references.bibtex(papers))
    assert library.failed_blocks == []
    keys = [entry.key.lower() for entry in library.entries]
    assert len(set(keys)) == len(keys) == len(papers)


def test_ris_says_all_that_is_known() -> None:
    [read] = rispy.loads(references.ris([LAMP]))
    assert read == {
        "type_of_reference": "GEN",
        "id": "lamps",
        "title": "Lamps",
        "authors": ["Ada B.", "C. D."],
        "year": "2024",
        "date": "2024/05//",
        "abstract": LAMP.abstract,
        "accession_number": "arXiv:2405.01234",
        "urls": [LAMP.url],
    }


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.builds(Paper, TEXT, TEXT, TEXT, authors=st.lists(TEXT, max_size=3).map(tuple)), min_size=1, max_size=4))
def test_any_papers_come_back_from_ris_each_value_on_its_line(papers: list[Paper]) -> None:
    def line(value: str) -> str:
        return references._SPACES_AND_CONTROL.sub(" ", value).strip()

    read = rispy.loads(references.ris(papers))
    for made, back in zip(papers, read, strict=True):
        assert back.get("title", "") == line(made.title)
        assert back.get("abstract", "") == line(made.abstract)
        assert back.get("authors", []) == [line(author) for author in made.authors if line(author)]


def test_a_conversation_has_each_paper_once_and_no_refusals_where_something_is_cited() -> None:
    first, second = answer(of=sources(LAMP, paper("F"))), answer(of=sources(LAMP))
    refused = answer(of=sources(paper("Near")), refused=True, claims=())
    refused = replace(refused, sources=tuple(replace(s, cited=False) for s in refused.sources))
    assert [e.key for e in bibtexparser.parse_string(render.bibtex(first, second, refused)).entries] == ["ada-2024-lamps"]
    assert [r["title"] for r in rispy.loads(render.ris(first, second, refused))] == ["Lamps"]
    assert [r["title"] for r in rispy.loads(render.ris(refused))] == ["Near"]
    assert render.ris() == render.bibtex() == ""


@pytest.mark.parametrize(
    ("names", "count", "shown"),
    [
        (("A", "B"), None, "A, B"),
        (("A", "B", "C"), 9, "A, B et al."),
        ((), 3, "3 authors"),
        ((), 1, "1 author"),
        ((), None, ""),
    ],
)
def test_the_first_authors_are_named_and_unnamed_ones_counted(names: tuple[str, ...], count: int | None, shown: str) -> None:
    by = replace(paper(), authors=names, author_count=count)
    assert references.authors(by, 2, or_count=True) == shown
    assert references.authors(by, 2) == (shown if names else "")
