"""Daily Papers pages saved as HTML. The page holds its papers as JSON, in an attribute of one of its elements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from rag.sources import record
from rag.text import identifiers
from rag.types import BadRecord, Paper

_TARGET = re.compile(r"""data-target\s*=\s*["']DailyPapers["']""")
_RECOGNISED_CHARS = 100_000


def recognises(text: str) -> bool:
    """Whether `text` is the HTML of a page that lists papers."""
    head = text[:_RECOGNISED_CHARS]
    return head.lstrip("\ufeff \t\r\n")[:1] == "<" and _TARGET.search(head) is not None


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers of a page in order. Their dates are those of the papers, not of the day that listed them."""
    target = _TARGET.search(text)
    start = text.rfind("<", 0, target.start()) if target else -1
    if start < 0:
        return
    line = text.count("\n", 0, start) + 1
    try:
        items = _Properties(text[start : _end(text, start)]).value["dailyPapers"]
    except (ValueError, KeyError, TypeError, RecursionError):
        yield BadRecord(line, "the papers in the page cannot be read")
        return
    for item in items if isinstance(items, list) else ():
        found = item.get("paper") if isinstance(item, dict) else None
        yield _paper(item, found, line) if isinstance(found, dict) else BadRecord(line, "not a JSON object")


def _end(text: str, start: int) -> int:
    end = text.find("</div>", start)
    return len(text) if end < 0 else end


class _Properties(HTMLParser):
    """Reads the JSON of the first element with papers. Raises ValueError when it is not valid."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.value: Any = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if self.value is None and values.get("data-target") == "DailyPapers":
            self.value = json.loads(values.get("data-props") or "")


def _paper(item: dict[str, Any], found: dict[str, Any], line: int) -> Paper | BadRecord:
    authors = found.get("authors")
    names = [a.get("name") for a in authors if isinstance(a, dict)] if isinstance(authors, list) else []
    organisation = found.get("organization") or item.get("organization")
    organisation = organisation if isinstance(organisation, dict) else {}
    number = identifiers.arxiv(_text(found, "id"))
    return record.paper(
        record.Record(
            title=_text(found, "title") or _text(item, "title"),
            abstract=_text(found, "summary") or _text(item, "summary"),
            authors=tuple(name for name in names if isinstance(name, str)),
            published=_text(found, "publishedAt") or _text(item, "publishedAt"),
            organisation=_text(organisation, "fullname") or _text(organisation, "name"),
            url=f"https://{identifiers.HUGGINGFACE}/papers/{identifiers.unversioned(number)}" if number else "",
            ids=(number,) if number else (),
        ),
        line,
    )


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""
