"""Atom feeds of arXiv: what its API answers, and its lists of new papers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from rag.sources import xml_records
from rag.sources.record import Record, paper
from rag.sources.record import authors as names_in
from rag.sources.xml_records import text_of, texts_of
from rag.types import BadRecord, Paper

NAME = "arXiv Atom"
_FEED = re.compile(r"<(?:[\w.-]{1,40}:)?feed[\s>]")
_OF_ARXIV = re.compile(r"//(?:[a-z]{1,20}\.)?arxiv\.org/", re.IGNORECASE)
_ERRORS = "/api/errors"
_ANNOUNCEMENT = re.compile(r"arXiv:\S+ Announce Type: [\w-]+\s+Abstract:\s*", re.IGNORECASE)
_OAI = "oai:arXiv.org:"


def recognises(text: str) -> bool:
    """Whether `text` is an Atom feed that names arXiv."""
    start = xml_records.head(text)
    feed = _FEED.search(start)
    return feed is not None and _OF_ARXIV.search(start, feed.start()) is not None


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers in order; an entry that cannot be read is a BadRecord at its first line."""
    for line, record in xml_records.records(text, "entry"):
        yield record if isinstance(record, BadRecord) else _paper(record, line)


def _paper(entry: Element, line: int) -> Paper | BadRecord:
    identifier = text_of(entry, "id")
    if _ERRORS in identifier:
        return BadRecord(line, f"an error that arXiv reports: {' '.join(text_of(entry, 'summary').split())[:200]}")
    links = [link.get("href", "") for link in entry.findall("link")]
    pages = [address for address in (identifier, *links) if address.startswith(("http://", "https://"))]
    summary = text_of(entry, "summary")
    announced = _ANNOUNCEMENT.match(summary)
    return paper(
        Record(
            title=text_of(entry, "title"),
            abstract=summary[announced.end() :] if announced else summary,
            authors=tuple(texts_of(entry, "author/name")) or names_in(text_of(entry, "creator")),
            published=text_of(entry, "published") or text_of(entry, "updated"),
            url=next(iter(pages), ""),
            ids=(identifier.removeprefix(_OAI), text_of(entry, "doi"), *links),
        ),
        line,
    )
