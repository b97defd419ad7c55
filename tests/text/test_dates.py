from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text import dates


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2024", "2024"),
        ("2024-05", "2024-05"),
        ("2024-02-29", "2024-02-29"),
        ("May 2024", "2024-05"),
        ("sept. 2023", "2023-09"),
        ("December of 1999", "1999-12"),
    ],
)
def test_a_date_is_read_as_exactly_as_it_is_said(said: str, day: str) -> None:
    assert re.fullmatch(dates.WRITTEN_DATE, said, re.IGNORECASE)
    assert dates.to_iso(said) == day


@pytest.mark.parametrize("said", ["2024-13", "2023-02-29", "2024-00"])
def test_a_day_that_never_was_is_none(said: str) -> None:
    assert dates.to_iso(said) is None


@pytest.mark.parametrize("said", ["20244", "1850", "2024-5", "May 24", "GPT-2024x"])
def test_other_numbers_are_no_dates(said: str) -> None:
    assert not re.fullmatch(dates.WRITTEN_DATE, said, re.IGNORECASE)


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        ("2024", "2023", "2025"),
        ("2023", "2022", "2024"),
        ("2024-01", "2023-12", "2024-02"),
        ("2023-02", "2023-01", "2023-03"),
        ("2024-12", "2024-11", "2025-01"),
        ("2024-02-28", "2024-02-27", "2024-02-29"),
        ("2024-12-31", "2024-12-30", "2025-01-01"),
    ],
)
def test_before_and_after_are_as_exact_as_the_date(day: str, before: str, after: str) -> None:
    assert (dates.before(day), dates.after(day)) == (before, after)


@pytest.mark.parametrize(
    ("day", "months", "first"),
    [
        ("2025-11-11", 3, "2025-09"),
        ("2025-02", 3, "2024-12"),
        ("2025-01-31", 1, "2025-01"),
        ("2025", 3, "2025-10"),
        ("2025-06", 24, "2023-07"),
    ],
)
def test_months_are_counted_with_the_last_one(day: str, months: int, first: str) -> None:
    assert dates.months_until(day, months) == first


@pytest.mark.parametrize("text", ["2024", "2024-05", "2024-02-29", "0001-01-01"])
def test_a_year_a_month_or_a_day_of_the_calendar_is_a_date(text: str) -> None:
    assert dates.is_date(text)


@pytest.mark.parametrize("text", ["", "24", "0000", "2024-13", "2023-02-29", "2024-5", "May 2024", "2024-05-31T10:00"])
def test_anything_else_is_no_date(text: str) -> None:
    assert not dates.is_date(text)


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2024-05-31", "2024-05-31", "2024-05-31"),
    ],
)
def test_a_year_and_a_month_have_a_first_and_a_last_day(day: str, first: str, last: str) -> None:
    assert (dates.first_day(day), dates.last_day(day)) == (first, last)


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2024-01-03", "2024-01-03"),
        ("2024-01-03T10:00:00Z", "2024-01-03"),
        ("2024-1-3", "2024-01-03"),
        ("2019//", "2019"),
        ("2019/03/05/", "2019-03-05"),
        ("20240103", "2024-01-03"),
        ("3 Sep 2024", "2024-09-03"),
        ("September 3, 2024", "2024-09-03"),
        ("Thu, 16 May 2013 21:54:42 GMT", "2013-05-16"),
        ("2019 Jan-Feb", "2019-01"),
        ("2024 Jan 5", "2024-01-05"),
        ("2019-00-00 2019", "2019"),
        ("2019-03-00 3/2019", "2019-03"),
        ("12 2020", "2020-12"),
        ("03/25/2024", "2024-03-25"),
        ("25/03/2024", "2024-03-25"),
        ("03/04/2024", "2024"),
        ("2019 Spring", "2019"),
        ("December 2019", "2019-12"),
        ("² 2019", "2019"),
        ("2024-13-45", None),
        ("2024-02-30", None),
        ("0000", None),
        ("n.d.", None),
        ("May", None),
        ("", None),
    ],
)
def test_a_date_of_a_record_is_read_as_far_as_it_is_known(written: str, iso: str | None) -> None:
    assert dates.read(written) == iso


@given(st.text())
def test_no_text_of_a_record_is_an_error(written: str) -> None:
    found = dates.read(written)
    assert found is None or dates.is_date(found)
