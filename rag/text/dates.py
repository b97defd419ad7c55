"""Dates as far as they are known: 2024, 2024-05 or 2024-05-31, and months before and after them. Pure functions."""

from __future__ import annotations

from datetime import date, timedelta

_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if name[3:] else name for name in _MONTHS) + "|sept"
# A date in a question: 2024, 2024-05, 2024-05-31, May 2024.
DAY = rf"(?:(?:(?:{_MONTH})\.?,? (?:of )?)?(?:19|20)\d\d|(?:19|20)\d\d-\d\d(?:-\d\d)?)(?![\w-])"


def iso(said: str) -> str | None:
    """Return a date that DAY matches as 2024, 2024-05 or 2024-05-31; None when there is no such day or month."""
    *month, last = said.replace(".", " ").replace(",", " ").split()
    found = last
    if month:
        found = f"{last}-{1 + next(n for n, name in enumerate(_MONTHS) if name.startswith(month[0].lower()[:3])):02d}"
    try:
        _first(found)
    except ValueError:
        return None
    return found


def before(day: str) -> str:
    """Return the last day, month or year that is over when `day` begins, as exactly known as `day` is."""
    return (_first(day) - timedelta(days=1)).isoformat()[: len(day)]


def after(day: str) -> str:
    """Return the first day, month or year that begins when `day` is over, as exactly known as `day` is."""
    steps = {4: 366, 7: 31, 10: 1}  # from its first day, and so never past the next one's last
    return (_first(day) + timedelta(days=steps[len(day)])).isoformat()[: len(day)]


def months_until(day: str, months: int) -> str:
    """Return the month `months - 1` before that of `day`, as YYYY-MM. A year counts as its December."""
    first = _first(day)
    last = first.year * 12 + (first.month - 1 if len(day) > 4 else 11)
    year, month = divmod(last - months + 1, 12)
    return f"{year:04d}-{month + 1:02d}"


def _first(day: str) -> date:
    """Return the first day of `day`. Raises ValueError when there is none."""
    return date.fromisoformat(f"{day}-01-01"[:10])
