"""EndNote's XML export, which other reference managers write too. The style elements in its fields are left out.

The upper-case XML of EndNote 7 and older is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from rag.sources import xml_records
from rag.sources.record import Record, paper
from rag.sources.xml_records import text_of, texts_of
from rag.text import dates
from rag.types import BadRecord, Paper

NAME = "EndNote XML"
_RECORD = re.compile(r"<record[\s>]")
_FIELD = re.compile(r"<(?:ref-type|titles|contributors)[\s>]")
_PUBMED_NAMES = ("pubmed", "medline", "nlm")


def recognises(text: str) -> bool:
    """Whether `text` is XML with records that have fields of EndNote."""
    start = xml_records.head(text)
    record = _RECORD.search(start)
    return record is not None and _FIELD.search(start, record.end()) is not None


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers in order; a record that cannot be read is a BadRecord at its line, which many may share."""
    for line, record in xml_records.records(text, "record"):
        yield record if isinstance(record, BadRecord) else _paper(record, line)


def _paper(record: Element, line: int) -> Paper | BadRecord:
    accession = text_of(record, "accession-num")
    database = f"{text_of(record, 'remote-database-name')} {text_of(record, 'remote-database-provider')}".casefold()
    addresses = [part for text in texts_of(record, "urls//url") for part in text.split()]
    numbers = [part for text in texts_of(record, "electronic-resource-num") for part in text.split()]
    return paper(
        Record(
            title=text_of(record, "titles/title"),
            abstract=text_of(record, "abstract"),
            authors=_authors(record),
            published=_published(record),
            url=next((address for address in addresses if address.startswith("http")), ""),
            ids=(*numbers, accession, *addresses),
            pmid=accession if any(name in database for name in _PUBMED_NAMES) else "",
        ),
        line,
    )


def _authors(record: Element) -> tuple[str, ...]:
    """Return the authors, or the editors of a record without authors."""
    kinds = ("authors", "secondary-authors", "tertiary-authors")
    found = (texts_of(record, f"contributors/{kind}/author") for kind in kinds)
    return tuple(next((names for names in found if names), []))


def _published(record: Element) -> str:
    """Return the date, which may lack the year, in the year of publication."""
    year = text_of(record, "dates/year")
    written = (f"{text_of(record, 'dates/pub-dates/date')} {year}", year)
    return next((value for value in written if dates.read(value)), "")
