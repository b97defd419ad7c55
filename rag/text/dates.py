"""Dates that may be known only to their year or month: 2024, 2024-05 or 2024-05-31. Pure functions."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

YEAR = r"(?:19|20)\d\d"
ISO_DATE = rf"{YEAR}(?:-\d\d(?:-\d\d)?)?"  # month and day are not checked
# Any year, and a month and a day that some year has. Groups: year, month, day.
CALENDAR_DATE = r"([0-9]{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01]))?)?"

_CALENDAR_DATE = re.compile(CALENDAR_DATE)
_MONTH_NAMES = "january february march april may june july august september october november december".split()
MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if name[3:] else name for name in _MONTH_NAMES) + "|sept"
_TOKENS = re.compile(r"\d+|[^\W\d_]+")
_NAMED_MONTH = re.compile(MONTH, re.IGNORECASE)
# A date as questions write it: 2024, 2024-05, 2024-05-31, May 2024.
WRITTEN_DATE = rf"(?:(?:(?:{MONTH})\.?,? (?:of )?)?{YEAR}|{YEAR}-\d\d(?:-\d\d)?)(?![\w-])"


def to_iso(written: str) -> str | None:
    """Return a date that WRITTEN_DATE matches as 2024, 2024-05 or 2024-05-31; None when the calendar has no such date."""
    *month, last = written.replace(".", " ").replace(",", " ").split()
    iso = last
    if month:
        iso = f"{last}-{1 + next(n for n, name in enumerate(_MONTH_NAMES) if name.startswith(month[0].lower()[:3])):02d}"
    return iso if _exists(iso) else None


def is_month(word: str) -> bool:
    return _NAMED_MONTH.fullmatch(word) is not None


def shown(iso: str | None) -> str:
    """Return an ISO date as it is written out, as far as it is known: "23 May 2023", "May 2023" or "2023"; "" for None."""
    year, month, day = [*(iso or "").split("-"), "", ""][:3]
    name = _MONTH_NAMES[int(month) - 1].capitalize() if month else ""
    return " ".join(part for part in (day.lstrip("0"), name, year) if part)


def read(written: str) -> str | None:
    """Return a date as records write it, as ISO as far as it is known; None when the calendar has no such date.

    Examples are 2024-01-03T10:00Z, 2019//, 20240103, 3 Sep 2024, September 3, 2024, 2019 Jan-Feb and 03/25/2024. Of a day and
    a month that may be exchanged, as in 03/04/2024, only the year is known.
    """
    year, month, day = _parts(written)
    if year is None or (month is not None and month > 12):
        return None
    known = [f"{year:04d}", *(f"{part:02d}" for part in ((month, day) if month and day else (month,) if month else ()))]
    iso = "-".join(known)
    return iso if _exists(iso) else None


def _parts(written: str) -> tuple[int | None, int | None, int | None]:
    """Return year, month and day of a date, each None when it is not known. Neither is checked."""
    tokens = _TOKENS.findall(written)
    if tokens and len(tokens[0]) == 8 and tokens[0].isdecimal():
        tokens[:1] = tokens[0][:4], tokens[0][4:6], tokens[0][6:]
    at = next((i for i, token in enumerate(tokens) if token.isdecimal() and len(token) == 4), None)
    if at is None:
        return None, None, None
    if at == 0:  # the year comes first, then a month, then a day
        month = _month(tokens[1]) if len(tokens) > 1 else None
        return int(tokens[0]), month, _number(tokens[2]) if month and len(tokens) > 2 else None
    before = tokens[:at]
    named = next((i for i, token in enumerate(before) if not token.isdecimal() and _month(token)), None)
    numbers = [n for token in before if (n := _number(token))]
    if named is not None:
        return int(tokens[at]), _month(before[named]), numbers[0] if numbers else None
    if len(numbers) == 1:
        return int(tokens[at]), numbers[0] if len(before) == 1 else None, None
    one, other = (*numbers, 0, 0)[:2]
    if one and other and (one == other or max(one, other) > 12):
        return int(tokens[at]), min(one, other), max(one, other)
    return int(tokens[at]), None, None


def _number(token: str) -> int | None:
    """Return a day or a month in digits; None for other words and for the 00 of an unknown one."""
    return int(token) or None if token.isdecimal() and len(token) <= 2 else None


def _month(token: str) -> int | None:
    """Return the number of a month, in digits or by its name."""
    if token.isdecimal():
        return _number(token)
    names = (n for n, name in enumerate(_MONTH_NAMES, 1) if _NAMED_MONTH.fullmatch(token) and token.lower()[:3] == name[:3])
    return next(names, None)


def is_date(text: str) -> bool:
    """Whether `text` is an ISO date, or its year or month only, that the calendar has."""
    return _CALENDAR_DATE.fullmatch(text) is not None and _exists(text)


def first_day(day: str) -> str:
    """Return the first day that `day` may mean, as YYYY-MM-DD. The date is not checked."""
    return f"{day}-01-01"[:10]


def last_day(day: str) -> str:
    """Return the last day that `day` may mean, as YYYY-MM-DD. A whole date is returned as it is."""
    month = day if len(day) > 4 else f"{day}-12"
    return month if len(month) == 10 else f"{month}-{monthrange(int(month[:4]), int(month[5:7]))[1]:02d}"


def before(day: str) -> str:
    """Return the day, month or year before `day`, with the precision of `day`."""
    return (_first(day) - timedelta(days=1)).isoformat()[: len(day)]


def after(day: str) -> str:
    """Return the day, month or year after `day`, with the precision of `day`."""
    steps = {4: 366, 7: 31, 10: 1}  # days from the first day of `day`; never past the last day of the next one
    return (_first(day) + timedelta(days=steps[len(day)])).isoformat()[: len(day)]


def months_until(day: str, months: int) -> str:
    """Return the month `months - 1` before that of `day`, as YYYY-MM. A year counts as its December."""
    first = _first(day)
    last = first.year * 12 + (first.month - 1 if len(day) > 4 else 11)
    year, month = divmod(last - months + 1, 12)
    return f"{year:04d}-{month + 1:02d}"


def _exists(day: str) -> bool:
    try:
        _first(day)
    except ValueError:
        return False
    return True


def _first(day: str) -> date:
    """Return the first day of `day`. Raises ValueError when the calendar has no such day."""
    return date.fromisoformat(first_day(day))
