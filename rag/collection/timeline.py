"""How many papers come from each year, or from each month of one year."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

MAX_YEARS = 12  # with a bar of their own; those before are one
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Bar:
    """So many `papers` between two dates, ISO prefixes, both inclusive; `since` None: from the beginning."""

    label: str
    papers: int
    since: str | None
    until: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Bars without a gap, the earliest first. `undated` papers have no date as exact as the bars."""

    bars: tuple[Bar, ...]
    undated: int

    @property
    def most(self) -> int:
        """The papers of the highest bar, at least 1."""
        return max((bar.papers for bar in self.bars), default=0) or 1


def by_year(dates: Iterable[str | None]) -> Timeline:
    """Return papers by year from their ISO dates. Years before the last `MAX_YEARS` are one bar."""
    counts = Counter((date or "")[:4] for date in dates)
    undated = counts.pop("", 0)
    if not counts:
        return Timeline((), undated)
    last = int(max(counts))
    first = max(int(min(counts)), last - MAX_YEARS + 1)
    years = (f"{year:04d}" for year in range(first, last + 1))
    bars = [Bar(year, counts[year], year, year) for year in years]
    if earlier := sum(n for year, n in counts.items() if year < bars[0].label):
        before = f"{first - 1:04d}"
        bars.insert(0, Bar(f"to {before}", earlier, None, before))
    return Timeline(tuple(bars), undated)


def by_month(dates: Iterable[str | None], year: str) -> Timeline:
    """Return papers by month of `year`, such as "2024", from their ISO dates. Papers of other years do not count."""
    within = [date for date in dates if date and date[:4] == year]
    counts = Counter(date[:7] for date in within)
    keys = [f"{year}-{n:02d}" for n in range(1, 13)]
    bars = tuple(Bar(label, counts[key], key, key) for label, key in zip(_MONTHS, keys, strict=True))
    return Timeline(bars, counts[year])
