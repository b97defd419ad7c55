"""Hugging Face Daily Papers pages, saved as text from a browser.

Three layouts are read. In the first, titles and abstracts alternate, and the first title is glued to "Subscribe". The
second has blank lines and a longer header. In the third, each paper is followed by its author count or organisation, a dot
and a date.

A page leaves out the year in dates of its own year, and does not say which year that is. So the year is the one after the
latest year on the page, or the current year when the page has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from rag.sources import repair
from rag.sources.paper_ids import paper_id
from rag.types import BadRecord, Paper

NAME = "Daily Papers"
_BANNER = "Get trending papers in your email inbox"
_HEADER = re.compile(r"new|Subscribe|Daily Papers|by\s?AK and the research community|[A-Z][a-z]{2} \d{1,2}")
_HEADER_LINES = 8
_AUTHOR_COUNT = re.compile(r"[•·]\s*(\d+)\s+authors?")
_DATE = re.compile(r"([A-Z][a-z]{2}) (\d{1,2})(?:, (\d{4}))?(?: \d+)?")  # the last number is that of the comments
_MONTH_NUMBERS = {m: i for i, m in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_MAX_TITLE_CHARS, _MIN_ABSTRACT_CHARS = 300, 60
_MAX_DATE_LINE_CHARS = 23

Line = tuple[int, str]


def recognises(text: str) -> bool:
    """Whether `text` opens like a Daily Papers page."""
    return _BANNER in text[:2000]


def parse(text: str, today: date | None = None) -> Iterator[Paper | BadRecord]:
    """Yield the papers of a page in order. A title without an abstract, or the reverse, is a BadRecord at its line."""
    lines = _body(text)
    year = _page_year(lines, today or date.today())
    while lines:
        number, title = lines.pop(0)
        if len(title) > _MAX_TITLE_CHARS:
            yield BadRecord(number, f"an abstract without a title: “{title[:60]}…”")
        elif not lines or _DATE.fullmatch(lines[0][1]) or len(lines[0][1]) < _MIN_ABSTRACT_CHARS:
            yield BadRecord(number, f"a title without an abstract: “{title[:60]}”")
        else:
            abstract = lines.pop(0)[1]
            yield _paper(title, abstract, _metadata(lines), year)


def _body(text: str) -> list[Line]:
    lines = [(n, stripped) for n, raw in enumerate(text.splitlines(), 1) if (stripped := raw.strip("\ufeff \t\xa0"))]
    head, rest = lines[:_HEADER_LINES], lines[_HEADER_LINES:]
    kept = []
    for number, line in head:
        if line.startswith(_BANNER) or _HEADER.fullmatch(line):
            continue
        kept.append((number, line.removeprefix("Subscribe").strip()))
    return kept + rest


def _metadata(lines: list[Line]) -> list[str]:
    """Remove and return the lines after an abstract in the third layout: author count or organisation, "·", date."""
    for i, (_, line) in enumerate(lines[:3]):
        if line == "·":
            has_date = i + 1 < len(lines) and _DATE.fullmatch(lines[i + 1][1])
            taken = [text for _, text in lines[: i + (2 if has_date else 1)]]
            del lines[: len(taken)]
            return taken
    return []


def _paper(title: str, abstract: str, metadata: list[str], year: int) -> Paper:
    count = published = organisation = None
    for line in metadata:
        if match := _AUTHOR_COUNT.fullmatch(line):
            count = int(match.group(1))
        elif match := _DATE.fullmatch(line):
            published = _iso(match, year)
        elif line != "·":
            organisation = _organisation(line)
    title = repair.line(title)
    return Paper(
        id=paper_id(title),
        title=title,
        abstract=repair.text(abstract),
        published=published,
        author_count=count,
        organisation=organisation,
    )


def _organisation(line: str) -> str:
    """Return the organisation of a line. A saved page has the name of its logo first: "google Google"."""
    name = repair.line(line)
    logo, _, rest = name.partition(" ")
    return rest if logo.casefold() == rest.replace(" ", "").casefold() else name


def _iso(match: re.Match[str], page_year: int) -> str | None:
    month, day, year = match.groups()
    try:
        return date(int(year or page_year), _MONTH_NUMBERS[month], int(day)).isoformat()
    except (KeyError, ValueError):
        return None


def _page_year(lines: list[Line], today: date) -> int:
    dates = [m for _, line in lines if len(line) <= _MAX_DATE_LINE_CHARS and (m := _DATE.fullmatch(line))]
    named = [int(m.group(3)) for m in dates if m.group(3)]
    return max(named) + 1 if named else today.year
