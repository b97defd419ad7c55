"""JSON Lines (or one JSON list) of papers: title and abstract, or BEIR's _id, title and text.

Optional fields are published (or date, year), authors, author_count, organisation and url. The id of a paper is made of its
title, and in BEIR of its title and _id, so that documents with the same title stay apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from rag.sources import repair
from rag.sources.paper_ids import document_id, paper_id
from rag.text.dates import CALENDAR_DATE
from rag.types import BadRecord, Paper

NAME = "JSON"
_DATE_AND_TIME = re.compile(rf"{CALENDAR_DATE}(?:[T ].*)?")


def recognises(text: str) -> bool:
    """Whether `text` starts with a JSON object, or with a list of JSON objects."""
    return re.match(r"\ufeff?\s*(?:\{|\[\s*\{)", text) is not None


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers in order; a line that is not a paper is a BadRecord with its number and the reason."""
    text = text.removeprefix("\ufeff")
    for number, record in _records(text):
        yield record if isinstance(record, BadRecord) else _from_record(number, record)


def _records(text: str) -> Iterator[tuple[int, Any]]:
    if text.lstrip().startswith("["):
        try:
            records = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield 1, BadRecord(1, f"not valid JSON: {error}")
            return
        yield from enumerate(records, 1)
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, BadRecord(number, f"not valid JSON: {error}")


def _from_record(number: int, record: Any) -> Paper | BadRecord:
    if not isinstance(record, dict):
        return BadRecord(number, "not a JSON object")
    title = _text(record, "title")
    abstract = _text(record, "abstract", "text", "summary")
    beir_id = record.get("_id")
    if not abstract:
        return BadRecord(number, "no abstract")
    if not title and beir_id is None:
        return BadRecord(number, "no title")
    title = title or _opening(abstract)
    authors = _authors(record.get("authors"))
    count = record.get("author_count")
    return Paper(
        id=paper_id(title) if beir_id is None else document_id(title, str(beir_id)),
        title=title,
        abstract=abstract,
        published=_published(record),
        authors=authors,
        author_count=count if isinstance(count, int) and count > 0 else len(authors) or None,
        organisation=_text(record, "organisation", "organization") or None,
        url=_url(record),
    )


def _text(record: dict[str, Any], *names: str) -> str:
    for name in names:
        value = record.get(name)
        if isinstance(value, str) and (repaired := repair.line(value)):
            return repaired
    return ""


def _opening(abstract: str) -> str:
    """Return the first words of the abstract, in place of a missing title."""
    return " ".join(abstract.split()[:10]) + " …"


def _authors(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):  # "Adams, A.; Brown, B." or "A. Adams, B. Brown and C. Cole"
        value = re.split(r"\s*;\s*" if ";" in value else r"\s*,\s*(?:and\s+)?|\s+and\s+", value)
    if not isinstance(value, list):
        return ()
    names = (v.get("name") if isinstance(v, dict) else v for v in value)
    return tuple(repair.line(name) for name in names if isinstance(name, str) and name.strip())


def _published(record: dict[str, Any]) -> str | None:
    for name in ("published", "date", "year"):
        match = _DATE_AND_TIME.fullmatch(str(record.get(name) or ""))
        if match:
            return "-".join(part for part in match.groups() if part)
    return None


def _url(record: dict[str, Any]) -> str | None:
    url = _text(record, "url")
    return url if re.fullmatch(r"https?://\S+", url) else None
