"""The tagged export of EndNote, the files named .enw, and refer, from which it comes: "%T Boats" is a title.

A record begins at its type, %0. Those of refer have none and stand between empty lines. Lines without a tag go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.sources import tagged
from rag.sources.record import Record, paper
from rag.sources.tagged import TaggedRecord
from rag.text import dates
from rag.types import BadRecord, Paper

NAME = "EndNote tagged"
_LINE = re.compile(r"\ufeff?[ \t]*%(?P<tag>[0-9A-Z@!?#$&()*+<>=^~\[\]])(?:[ \t]+(?P<value>.*)|[ \t\r]*$)", re.DOTALL)
_TYPE = re.compile(r"^\ufeff?[ \t]*%0(?:\s|$)", re.MULTILINE)
_PUBMED_NAMES = ("pubmed", "medline", "nlm")
_IDS = ("R", "M", "U", ">", "L", "Z")
_JOURNALS = ("J", "B", "V")  # of a preprint: "arXiv preprint arXiv:2305.14314"


def recognises(text: str) -> bool:
    """Whether the first line has a tag, and the first lines have a title and a further field."""
    lines = tagged.opening(text, mark="%")
    if not lines or _tag(lines[0]) is None:
        return False
    tags = {found[0] for line in lines if (found := _tag(line))}
    return "T" in tags and len(tags) > 1


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers in order; a record without a title is a BadRecord at its first line."""
    typed = _TYPE.search(text) is not None
    for entry in tagged.records(text, _tag, start="0", blank_ends=not typed):
        yield _paper(entry)


def _tag(line: str) -> tuple[str, str] | None:
    match = _LINE.match(line)
    return (match["tag"], match["value"] or "") if match else None


def _paper(entry: TaggedRecord) -> Paper | BadRecord:
    addresses = [part for value in entry.values("U", ">") for part in value.split() if part.startswith("http")]
    database = " ".join(entry.values("~", "W")).casefold()
    journals = [value.split()[-1] for value in entry.values(*_JOURNALS)]
    record = Record(
        title=entry.first("T", "Q", "!"),
        abstract="\n".join(dict.fromkeys(entry.values("X"))),
        authors=tagged.people(entry.values("A") or entry.values("E", "Y")),
        published=_published(entry),
        url=next(iter(addresses), ""),
        ids=(*entry.values(*_IDS), *addresses, *journals),
        pmid=entry.first("M") if any(name in database for name in _PUBMED_NAMES) else "",
    )
    return paper(record, entry.line)


def _published(entry: TaggedRecord) -> str:
    """Return the date of %8, which may lack the year, in the year of %D."""
    year = entry.first("D")
    written = (entry.first("8"), f"{entry.first('8')} {year}", year)
    found = [day for value in written if (day := dates.read(value))]
    same_year = [day for day in found if day[:4] == (dates.read(year) or day)[:4]]
    return max(same_year, key=len, default="")
