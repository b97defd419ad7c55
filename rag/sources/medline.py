"""PubMed's MEDLINE text, the files named .nbib: tags of up to four letters before a hyphen, and indented lines that go on.

PubMed puts the title of a paper that is not in English in square brackets. They are taken off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.sources import tagged
from rag.sources.record import Record, paper
from rag.sources.tagged import TaggedRecord
from rag.types import BadRecord, Paper

NAME = "PubMed (nbib)"
_LINE = re.compile(r"\ufeff?(?P<tag>[A-Z][A-Z0-9]{1,3})(?P<pad> {0,2})-(?P<value>.*)", re.DOTALL)
_TAG_WIDTH = 4  # characters before the hyphen
_KNOWN = frozenset("PMID TI BTI AB AU FAU CN DP AID LID SO TT".split())
_TRANSLATED = re.compile(r"\[((?:[^\[\]]++|\[[^\[\]]*+\])*+)\]\.?")
_DOI_OF_SOURCE = re.compile(r"\bdoi: (10\.\S+)")


def recognises(text: str) -> bool:
    """Whether `text` opens with a tagged record that has a PubMed number or says who owns it."""
    tags = [found[0] for line in tagged.opening(text) if (found := _tag(line))]
    return len(tags) > 1 and ("PMID" in tags or "OWN" in tags) and "TY" not in tags


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers in order; a record without a title is a BadRecord at its first line."""
    for entry in tagged.records(text, _tag, start="PMID", blank_ends=True):
        yield _paper(entry)


def untranslated(title: str) -> str:
    """Return a title without the brackets and the full stop of a translated one; "" for "[Not Available]."."""
    title = title.strip()
    match = _TRANSLATED.fullmatch(title)
    inner = match[1].strip().removesuffix(".") if match else title
    return "" if match and inner.casefold() == "not available" else inner


def _tag(line: str) -> tuple[str, str] | None:
    match = _LINE.match(line)
    if match is None:
        return None
    tag, pad, value = match["tag"], match["pad"], match["value"]
    spaced = not value.strip() or value[0].isspace() or tag == "PMID"
    return (tag, value) if spaced and (len(tag + pad) == _TAG_WIDTH or tag in _KNOWN) else None


def _paper(entry: TaggedRecord) -> Paper | BadRecord:
    numbers = [value.removesuffix("[doi]").strip() for value in entry.values("AID", "LID")]
    source = _DOI_OF_SOURCE.search(entry.first("SO"))
    record = Record(
        title=untranslated(entry.first("TI", "BTI")) or entry.first("TT"),
        abstract="\n".join(dict.fromkeys(entry.values("AB"))),
        authors=tuple(entry.values("FAU") or entry.values("AU") or entry.values("CN", "FED", "ED")),
        published=entry.first("DP", "DEP"),
        ids=(*numbers, source[1] if source else ""),
        pmid=entry.first("PMID"),
    )
    return paper(record, entry.line)
