"""What the records know of a paper, as one line."""

from __future__ import annotations

import pytest
from support.factories import paper

from rag.text import dates, record


def test_what_is_known_is_told_in_one_line() -> None:
    known = paper(authors=("Ada Bo", "Cy Dee"), published="2023-05-03", organisation="Town Lab")
    assert record.line(known) == "Authors: Ada Bo, Cy Dee. Date: 3 May 2023. Organisation: Town Lab."
    assert record.line(paper()) == ""


def test_authors_who_are_not_named_are_counted() -> None:
    assert record.line(paper(author_count=3)) == "Authors: 3 authors."
    assert record.line(paper(authors=("Ada Bo",), author_count=3)) == "Authors: Ada Bo and 2 more."
    assert record.line(paper(authors=tuple(f"A{n}" for n in range(40)))).endswith("A11 and 28 more.")


@pytest.mark.parametrize(
    ("iso", "written"), [("2023-05-23", "23 May 2023"), ("2023-12", "December 2023"), ("2023", "2023"), (None, "")]
)
def test_a_date_is_written_out_as_far_as_it_is_known(iso: str | None, written: str) -> None:
    assert dates.shown(iso) == written
