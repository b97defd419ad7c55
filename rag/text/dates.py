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
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if name[3:] else name for name in _MONTH_NAMES) + "|sept"
# A date as questions write it: 2024, 2024-05, 2024-05-31, May 2024.
WRITTEN_DATE = rf"(?:(?:(?:{_MONTH})\.?,? (?:of )?)?{YEAR}|{YEAR}-\d\d(?:-\d\d)?)(?![\w-])"


def to_iso(written: str) -> str | None:
    """Return a date that WRITTEN_DATE matches as 2024, 2024-05 or 2024-05-31; None when the calendar has no such date."""
    *month, last = written.replace(".", " ").replace(",", " ").split()
    iso = last
    if month:
        iso = f"{last}-{1 + next(n for n, name in enumerate(_MONTH_NAMES) if name.startswith(month[0].lower()[:3])):02d}"
    return iso if _exists(iso) else None


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
