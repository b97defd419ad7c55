"""Filters as SQL over the library's table of papers.

SQL reckons with three values, and so do these conditions: one that cannot be told of a paper, as it has no date or does
not say how many authors it has, is NULL, which passes no WHERE but is not FALSE either.
"""

from __future__ import annotations

import json
from dataclasses import fields

from rag.storage import identity
from rag.text import dates
from rag.text.words import folded
from rag.types import Filters

_AUTHORS = "coalesce(json_extract(record, '$.author_count'), nullif(json_array_length(record, '$.authors'), 0))"
_CONDITIONS = {
    "year": "substr(published, 1, 4) = :year",
    "since": "published >= substr(:since, 1, length(published))",
    "until": "substr(published, 1, length(:until)) <= :until",
    # A name that a source has means that source alone; any other is a part of the names of sources.
    "source": "EXISTS (SELECT 1 FROM json_each(sources) WHERE CASE WHEN EXISTS (SELECT 1 FROM listings WHERE source = :source) "
    "THEN value = :source ELSE instr(folded(value), folded(:source)) END)",
    "title": "instr(folded(title), folded(:title)) > 0",
    "author": "CASE WHEN json_array_length(record, '$.authors') > 0 THEN EXISTS (SELECT 1 FROM json_each(record, '$.authors') "
    "WHERE instr(' ' || replace(replace(replace(folded(value), ',', ' '), '.', ' '), '  ', ' ') || ' ', :author_words)) END",
    "organisation": "instr(folded(coalesce(json_extract(record, '$.organisation'), '')), folded(:organisation)) > 0",
    "min_authors": f"{_AUTHORS} >= :min_authors",
    "max_authors": f"{_AUTHORS} <= :max_authors",
    "identifier": "id IN (SELECT paper_id FROM identities WHERE kind = :identifier_kind AND value = :identifier)",
    "papers": "id IN (SELECT value FROM json_each(:papers))",
}
# The first and the last day that a date known only to its year or month may mean.
_FIRST_DAY = "substr(published || '-01-01', 1, 10)"
_LAST_DAY = (
    "CASE length(published) WHEN 4 THEN published || '-12-31' "
    "WHEN 7 THEN date(published || '-01', '+1 month', '-1 day') ELSE published END"
)


def values(filters: Filters) -> dict[str, str | int | None]:
    """Return what the conditions' placeholders stand for."""
    kind, identifier = identity.identifier(filters.identifier or "")
    return {
        **{field.name: getattr(filters, field.name) for field in fields(filters)},
        "year": None if filters.year is None else f"{filters.year:04d}",
        "author_words": f" {' '.join(folded(filters.author or '').replace(',', ' ').replace('.', ' ').split())} ",
        "identifier": identifier,
        "identifier_kind": kind,
        "papers": json.dumps(filters.papers),
        "from_day": _day(filters.since, last=False),
        "to_day": _day(filters.until, last=True),
    }


def passes(filters: Filters) -> str:
    """Return the condition that a paper passes `filters`; "1" when there are none."""
    return " AND ".join(f"({test})" for name, test in _CONDITIONS.items() if getattr(filters, name)) or "1"


def unjudged(filters: Filters) -> str:
    """Return four sums over the papers that are not known to fail, each where `filters` ask for it: (without a date, let in
    though a part of what their date may mean does not fit, without a known number of authors, without names of authors)."""
    within = f"{_FIRST_DAY} >= :from_day AND {_LAST_DAY} <= :to_day"
    undated = "published IS NULL" if filters.dated else "0"
    authorless = f"{_AUTHORS} IS NULL" if filters.min_authors or filters.max_authors else "0"
    nameless = "coalesce(json_array_length(record, '$.authors'), 0) = 0" if filters.author else "0"
    return f"sum({undated}), sum({passes(filters)} AND NOT ({within})), sum({authorless}), sum({nameless})"


def _day(date: str | None, *, last: bool) -> str:
    """Return the first or last day that an ISO prefix means; without one, a day before or after all others."""
    if date is None:
        return "9999-12-31" if last else "0000-01-01"
    return dates.last_day(date) if last else dates.first_day(date)
