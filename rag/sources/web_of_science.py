"""The tagged export of Web of Science and its databases (INSPEC, BIOSIS, MEDLINE): "PT J" begins a record, "ER" ends it.

In a field of names each line is a name; in other fields an indented line goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.sources import tagged
from rag.sources.record import Record, paper
from rag.sources.tagged import TaggedRecord
from rag.text import dates
from rag.types import BadRecord, Paper

NAME = "Web of Science"
_LINE = re.compile(r"\ufeff?(?P<tag>[A-Z][A-Z0-9])(?:[ \t](?P<value>.*)|[ \t\r]*$)", re.DOTALL)
_TYPE = re.compile(r"PT [A-Z]\w*")
_FILE_TAGS = ("FN", "VR")


def recognises(text: str) -> bool:
    """Whether `text` opens with the lines FN and VR of an export, or with a record of it."""
    lines = tagged.opening(text)
    tags = [found[0] for line in lines if (found := _tag(line))]
    record = next((tag for tag in tags if tag not in _FILE_TAGS), "")
    return record == "PT" and len(tags) > 2 and any(_TYPE.fullmatch(line) for line in lines)


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers in order; a record without a title is a BadRecord at its first line."""
    for entry in tagged.records(text, _tag, start="PT", ends=("ER", "EF", *_FILE_TAGS)):
        yield _paper(entry)


def _tag(line: str) -> tuple[str, str] | None:
    match = _LINE.match(line)
    return (match["tag"], match["value"] or "") if match else None


def _paper(entry: TaggedRecord) -> Paper | BadRecord:
    names = entry.lines("AF") or entry.lines("AU") or entry.lines("CA") or entry.lines("BE") or entry.lines("ED")
    source, _, number = entry.first("UT").partition(":")
    record = Record(
        title=entry.first("TI"),
        abstract="\n".join(dict.fromkeys(entry.values("AB"))),
        authors=tagged.people([_without_address(name) for name in names]),
        published=_published(entry),
        ids=tuple(entry.values("DI")),
        pmid=entry.first("PM") or (number if source == "MEDLINE" else ""),
    )
    return paper(record, entry.line)


def _without_address(name: str) -> str:
    """Return a name without the e-mail address that BIOSIS and Zoological Record put after it in brackets."""
    return name.partition("(")[0] if "@" in name else name


def _published(entry: TaggedRecord) -> str:
    """Return the date of PD, such as "JUN 14", in the year of PY; else the first date that can be read."""
    written = (f"{entry.first('PD')} {entry.first('PY')}", entry.first("PY"), entry.first("EA"))
    return next((value for value in written if dates.read(value)), "")
