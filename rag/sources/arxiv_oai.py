"""What arXiv gives to harvesters, by OAI-PMH: its own metadata, arXiv or arXivRaw, and Dublin Core, which others give too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from rag.sources import latex, xml_records
from rag.sources.record import Record, paper
from rag.sources.record import authors as names_in
from rag.sources.xml_records import text_of, texts_of
from rag.text import dates
from rag.types import BadRecord, Paper

NAME = "arXiv OAI-PMH"
_LIST = re.compile(r"<(?:[\w.-]{1,40}:)?(?:OAI-PMH|ListRecords|GetRecord)[\s>]")
_METADATA = re.compile(r"<(?:[\w.-]{1,40}:)?(?:arXiv|arXivRaw|dc)[\s>]")
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)")  # where an author works
_COMMENT = "Comment:"


def recognises(text: str) -> bool:
    """Whether `text` is an answer of OAI-PMH with metadata of papers."""
    start = xml_records.head(text)
    answer = _LIST.search(start)
    return answer is not None and _METADATA.search(start, answer.end()) is not None


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers in order; a record that was deleted or cannot be read is a BadRecord at its first line."""
    for line, record in xml_records.records(text, "record"):
        yield record if isinstance(record, BadRecord) else _paper(record, line)


def _paper(record: Element, line: int) -> Paper | BadRecord:
    header = record.find("header")
    if header is not None and header.get("status") == "deleted":
        return BadRecord(line, f"a deleted record, {text_of(header, 'identifier')}")
    of_arxiv = next((found for name in ("arXiv", "arXivRaw") if (found := record.find(f"metadata/{name}")) is not None), None)
    if of_arxiv is not None:
        return paper(_of_arxiv(of_arxiv), line)
    core = record.find("metadata/dc")
    return BadRecord(line, "a record without metadata of a paper") if core is None else paper(_of_dublin_core(core), line)


def _of_arxiv(found: Element) -> Record:
    return Record(
        title=text_of(found, "title"),
        abstract=text_of(found, "abstract"),
        authors=_authors(found.find("authors")),
        published=text_of(found, "created") or text_of(found, "version/date"),  # of the first version
        ids=(text_of(found, "id"), *text_of(found, "doi").split()),
    )


def _authors(found: Element | None) -> tuple[str, ...]:
    """Return the authors, each in elements of its own or all in one text."""
    parts = ("keyname", "forenames", "suffix")
    people = found.findall("author") if found is not None else []
    if people:
        return tuple(latex.plain(", ".join(filter(None, (text_of(person, part) for part in parts)))) for person in people)
    return names_in(_IN_BRACKETS.sub("", latex.plain(" ".join(text_of(found).split()))))


def _of_dublin_core(found: Element) -> Record:
    described = [text for text in texts_of(found, "description") if not text.startswith(_COMMENT)]
    identifiers = texts_of(found, "identifier")
    written = [text for text in texts_of(found, "date") if dates.read(text)]
    return Record(
        title=text_of(found, "title"),
        abstract=next(iter(described), ""),
        authors=tuple(latex.plain(name) for name in texts_of(found, "creator")),
        published=min(written, key=lambda text: dates.read(text) or "", default=""),
        url=next((text for text in identifiers if text.startswith(("http://", "https://"))), ""),
        ids=tuple(identifiers),
    )
