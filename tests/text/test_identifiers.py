from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text import identifiers


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("2305.14314", "2305.14314"),
        ("arXiv:2305.14314v2", "2305.14314v2"),
        ("arXiv:2305.14314v1 [cs.LG]", "2305.14314v1"),
        ("hep-th/9901001", "hep-th/9901001"),
        ("https://arxiv.org/abs/2305.14314", "2305.14314"),
        ("http://export.arxiv.org/pdf/2305.14314v3.pdf", "2305.14314v3"),
        ("https://huggingface.co/papers/2305.14314", "2305.14314"),
        ("2305.14", None),
        ("2313.14314", None),
        ("https://boats.example/abs/2305.14314", None),
    ],
)
def test_arxiv_numbers(written: str, number: str | None) -> None:
    assert identifiers.arxiv(written) == number


@pytest.mark.parametrize(
    ("written", "doi"),
    [
        ("10.9999/Boat.7", "10.9999/boat.7"),
        ("doi:10.9999/boat.7", "10.9999/boat.7"),
        ("DOI 10.9999/boat.7.", "10.9999/boat.7"),
        ("http://dx.doi.org/10.9999/boat.7", "10.9999/boat.7"),
        ("https://www.canal.example/doi/full/10.9999/boat.7", "10.9999/boat.7"),
        ("10.9/boat", None),
        ("boat", None),
    ],
)
def test_dois(written: str, doi: str | None) -> None:
    assert identifiers.doi(written) == doi


def test_a_bare_number_is_a_pubmed_number_only_where_one_is_asked_for() -> None:
    assert identifiers.pmid("99999999") == "99999999"
    assert identifiers.read("99999999").pmid is None
    assert identifiers.read("PMID: 99999999").pmid == "99999999"
    assert identifiers.read("https://www.ncbi.nlm.nih.gov/pubmed/99999999").pmid == "99999999"
    assert identifiers.pmid("PMC99999") is None


def test_versions() -> None:
    assert identifiers.unversioned("2305.14314v12") == "2305.14314"
    assert (identifiers.version("2305.14314v12"), identifiers.version("2305.14314"), identifiers.version(None)) == (12, 0, 0)


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    identifiers.read(text)
    identifiers.pmid(text)
