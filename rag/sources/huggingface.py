"""Hugging Face Daily Papers pages, saved by a browser or a clipper, as text, Markdown or HTML.

Three layouts of text without links are read here. In the first, titles and abstracts alternate, and the first title is glued
to "Subscribe". The second has blank lines and a longer header. In the third, each paper is followed by its author count or
organisation, a dot and a date. Pages with links are read in huggingface_links, HTML in huggingface_html.

A page leaves out the year in dates of its own year, and does not say which year that is. The arXiv number of a paper names
the year and month in which it appeared, and so the year of a date in that month or the one before. Without such a number, the
year is the one after the latest year on the page, or the current year when the page has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from rag.sources import huggingface_html, huggingface_links, record, repair
from rag.sources.huggingface_links import Entry
from rag.text import identifiers
from rag.types import BadRecord, Paper

NAME = "Hugging Face Daily Papers"
_BANNER = "Get trending papers in your email inbox"
_BANNER_LINE = re.compile(rf"^[\s>*_]{{0,8}}{_BANNER}", re.MULTILINE)
_BANNER_CHARS, _BANNER_LINE_CHARS = 2000, 20_000
_HEADER = re.compile(r"new|Subscribe|Daily Papers|by\s?AK and the research community|[A-Z][a-z]{2} \d{1,2}")
_HEADER_LINES = 8
_AUTHOR_COUNT = re.compile(r"[•·]\s*(\d+)\s+authors?")
_DATE = re.compile(r"([A-Z][a-z]{2}) (\d{1,2})(?:, (\d{4}))?(?: \d+)?")  # the last number is that of the comments
_MONTH_NUMBERS = {m: i for i, m in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_MAX_TITLE_CHARS, _MIN_ABSTRACT_CHARS = 300, 60
_MAX_DATE_LINE_CHARS = 23
_NEW_ARXIV_NUMBER = re.compile(r"(\d\d)(\d\d)\.\d+(?:v\d+)?")

Line = tuple[int, str]


def recognises(text: str) -> bool:
    """Whether `text` opens like a Daily Papers page, or is the HTML of one."""
    opens = _BANNER in text[:_BANNER_CHARS] or _BANNER_LINE.search(text[:_BANNER_LINE_CHARS]) is not None
    return huggingface_html.recognises(text) or opens


def parse(text: str, today: date | None = None) -> Iterator[Paper | BadRecord]:
    """Yield the papers of a page in order. A title without an abstract, or the reverse, is a BadRecord at its line."""
    if huggingface_html.recognises(text):
        yield from huggingface_html.parse(text)
        return
    entries = list(huggingface_links.entries(text) if huggingface_links.has_links(text) else _entries(text))
    year = _page_year([e.published for e in entries if isinstance(e, Entry)], today or date.today())
    for entry in entries:
        yield _paper(entry, year) if isinstance(entry, Entry) else entry


def _entries(text: str) -> Iterator[Entry | BadRecord]:
    """Yield the papers of a page without links."""
    lines = _body(text)
    at = 0
    while at < len(lines):
        number, title = lines[at]
        at += 1
        if len(title) > _MAX_TITLE_CHARS:
            yield BadRecord(number, f"an abstract without a title: “{title[:60]}…”")
        elif at == len(lines) or _DATE.fullmatch(lines[at][1]) or len(lines[at][1]) < _MIN_ABSTRACT_CHARS:
            yield BadRecord(number, f"a title without an abstract: “{title[:60]}”")
        else:
            metadata = _metadata(lines[at + 1 : at + 5])
            yield _entry(number, title, lines[at][1], metadata)
            at += 1 + len(metadata)


def _body(text: str) -> list[Line]:
    lines = [(n, stripped) for n, raw in enumerate(text.split("\n"), 1) if (stripped := raw.strip("\ufeff \t\r\xa0"))]
    head, rest = lines[:_HEADER_LINES], lines[_HEADER_LINES:]
    kept = []
    for number, line in head:
        if line.startswith(_BANNER) or _HEADER.fullmatch(line):
            continue
        kept.append((number, line.removeprefix("Subscribe").strip()))
    return kept + rest


def _metadata(lines: list[Line]) -> list[str]:
    """Return the lines after an abstract in the third layout: author count or organisation, "·", date."""
    for i, (_, line) in enumerate(lines[:3]):
        if line == "·":
            has_date = i + 1 < len(lines) and _DATE.fullmatch(lines[i + 1][1])
            return [text for _, text in lines[: i + (2 if has_date else 1)]]
    return []


def _entry(number: int, title: str, abstract: str, metadata: list[str]) -> Entry:
    count, published, organisation = None, "", ""
    for line in metadata:
        if match := _AUTHOR_COUNT.fullmatch(line):
            count = int(match.group(1))
        elif _DATE.fullmatch(line):
            published = line
        elif line != "·":
            organisation = line
    return Entry(number, title, abstract, published=published, author_count=count, organisation=organisation)


def _paper(entry: Entry, page_year: int) -> Paper | BadRecord:
    number = entry.number
    return record.paper(
        record.Record(
            title=entry.title,
            abstract=entry.abstract,
            author_count=entry.author_count,
            published=_iso(entry.published, number, page_year),
            organisation=_organisation(entry.organisation),
            url=f"https://{identifiers.HUGGINGFACE}/papers/{identifiers.unversioned(number)}" if number else "",
            ids=(number,) if number else (),
        ),
        entry.line,
    )


def _organisation(line: str) -> str:
    """Return the organisation of a line. A saved page has the name of its logo first: "google Google"."""
    name = repair.line(line)
    logo, _, rest = name.partition(" ")
    return rest if logo.casefold() == rest.replace(" ", "").casefold() else name


def _iso(published: str, number: str | None, page_year: int) -> str:
    """Return a date such as "May 29" or "May 29, 2024" in digits; "" for none and for one that is not in the calendar."""
    match = _DATE.fullmatch(published)
    month = _MONTH_NUMBERS.get(match[1]) if match else None
    if not match or not month:
        return ""
    year = int(match[3]) if match[3] else _year_of_number(number or "", month) or page_year
    try:
        return date(year, month, int(match[2])).isoformat()
    except ValueError:
        return ""


def _year_of_number(number: str, month: int) -> int | None:
    """Return the year of a date in `month` for an arXiv number of that month or the next one; None for other months."""
    match = _NEW_ARXIV_NUMBER.fullmatch(number)
    if not match or (int(match[2]) - month) % 12 > 1:
        return None
    return 2000 + int(match[1]) - (int(match[2]) < month)


def _page_year(dates: list[str], today: date) -> int:
    named = [int(m[3]) for text in dates if (m := _DATE.fullmatch(text)) and m[3]]
    return max(named) + 1 if named else today.year
