"""RIS files, as reference managers and publishers write them, each in its own way.

The title is in TI or T1, the abstract in AB or N2, and a DOI or an arXiv number in one of many fields. A record may lack its
ER. Tags are read with one space, a tab or small letters too, but then only those of known names: else the line of an abstract
that begins with "AI - " would be a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import takewhile

from rag.sources import tagged
from rag.sources.record import Record, paper
from rag.sources.tagged import TaggedRecord
from rag.text import dates
from rag.types import BadRecord, Paper

NAME = "RIS"
_TAGS = frozenset(
    "TY A1 A2 A3 A4 AB AD AN AU AV BT C1 C2 C3 C4 C5 C6 C7 C8 CA CN CP CT CY DA DB DI DO DP ED EP ER ET ID IS J1 J2 JA JF JO KW"
    " L1 L2 L3 L4 LA LB LK M1 M2 M3 N1 N2 NV OP PB PM PP PY RI RN RP SE SN SP ST T1 T2 T3 T4 TA TI TT U1 U2 U3 U4 U5 UR VL VO"
    " WP WT WV Y1 Y2 YR PMID DOI".split()
)
_START = re.compile(
    r"^\ufeff?(?P<indent>[ \t]*)(?P<tag>TY)(?P<gap>[ \t]*-|\t)[ \t]*[\w /&-]{0,40}[ \t\r]*$", re.MULTILINE | re.IGNORECASE
)
_LINE = re.compile(r"(?P<tag>[A-Za-z][A-Za-z0-9]{1,3})(?P<gap>[ \t]*-|\t)(?P<value>.*)", re.DOTALL)
_MIN_USUAL_GAP = 3  # characters between a tag and its value: two spaces and a hyphen
_MAX_LINES_BEFORE = 12  # lines of some databases before the first record
_PMID = re.compile(r"(?:pmid:?\s*)?(\d{1,9})\s*\[pmid\]|pmid:?\s*(\d{1,9})", re.IGNORECASE)
_TITLES = ("TI", "T1", "CT", "BT", "TT", "ST")
_IDS = ("DO", "DI", "DOI", "M3", "AN", "L3", "UR", "L1", "L2", "LK", "N1", "ID")
_PUBMED_NAMES = ("pubmed", "medline", "nlm")  # of databases whose accession number is that of PubMed
_JOURNALS = ("VL", "JO", "JF", "T2")  # of a preprint: "arXiv preprint arXiv:2305.14314", or "abs/2305.14314"


def recognises(text: str) -> bool:
    """Whether `text` has a TY line near its beginning, and another tag in the next line."""
    lines = tagged.opening(text)
    before = len(list(takewhile(lambda line: not _START.fullmatch(line), lines)))
    if before > _MAX_LINES_BEFORE or before + 1 >= len(lines):
        return False
    return _tag(lines[before + 1], indent="", lax=True) is not None


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers in order; a record without a title is a BadRecord at its first line."""
    start = _START.search(text)
    lax = start is not None and (not start["tag"].isupper() or start["gap"] == "-")
    read_tag = partial(_tag, indent=start["indent"] if start else "", lax=lax)
    for entry in tagged.records(text, read_tag, start="TY", ends=("ER",)):
        if "TY" in entry.fields or entry.first(*_TITLES):  # else lines between two records, as of Ovid
            yield _paper(entry)


def _tag(line: str, *, indent: str, lax: bool) -> tuple[str, str] | None:
    """Return tag and value of a line. Small letters, and a hyphen straight after the tag, are for files that are `lax`."""
    line = line.removeprefix("\ufeff").removeprefix(indent)
    if line.strip() == "ER":
        return "ER", ""
    match = _LINE.match(line)
    if match is None:
        return None
    tag, gap = match["tag"].upper(), match["gap"]
    known, capital = tag in _TAGS, match["tag"].isupper()
    usual = capital and len(tag) == 2 and len(gap) >= _MIN_USUAL_GAP
    return (tag, match["value"]) if usual or (known and (lax or (capital and gap != "-"))) else None


def _paper(entry: TaggedRecord) -> Paper | BadRecord:
    addresses = [part.rstrip(" ;") for value in entry.values("UR") for part in re.split(r"[;\s](?=https?:)", value)]
    pmids = [match for value in entry.values("U1", "AN", "N1", "C1", "C2", "M1") if (match := _PMID.fullmatch(value))]
    database = " ".join(entry.values("DB", "DP")).casefold()
    accession = entry.first("AN") if any(name in database for name in _PUBMED_NAMES) else ""
    journals = [value.split()[-1].removeprefix("abs/") for value in entry.values(*_JOURNALS)]
    record = Record(
        title=entry.first(*_TITLES),
        abstract="\n".join(dict.fromkeys(entry.values("AB") or entry.values("N2"))),
        authors=tagged.people(entry.values("AU", "A1") or entry.values("A2", "A3", "A4", "ED")),
        published=_published(entry),
        url=next((address for address in addresses if address.startswith("http")), ""),
        ids=(*entry.values(*_IDS), *addresses, *journals),
        pmid=entry.first("PM", "PMID") or next((match[1] or match[2] for match in pmids), accession),
    )
    return paper(record, entry.line)


def _published(entry: TaggedRecord) -> str:
    """Return the most exact date of the year of publication. DA may have no year: "Mar 5"."""
    written = entry.values("PY", "Y1", "YR", "DA")
    found = [day for value in written if (day := dates.read(value))]
    if found and (day := dates.read(f"{entry.first('DA')} {found[0][:4]}")):
        found.append(day)
    return max((day for day in found if day[:4] == found[0][:4]), key=len, default="")
