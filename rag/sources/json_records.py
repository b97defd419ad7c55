"""Papers in JSON: own records, BEIR, and what arXiv, OpenAlex, Crossref, Semantic Scholar, Zotero, PubMed and others give.

The keys are known by their names, which fields.py lists. The id of a paper is made of its title, and in BEIR of its title and
_id, so that documents with the same title stay apart. Papers of an export keep the ids that they have there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rag.sources import fields, json_scan, record
from rag.sources.record import Record
from rag.types import BadRecord, Paper

NAME = "JSON"
_OPENING = re.compile(r"\ufeff?\s*(?:\[\s*){0,4}\{\s*[\"}]")
# Objects in which a record keeps its fields.
_WRAPPERS = (
    "paper data attributes content metadata _source fields row item article record bibjson MedlineCitation Article "
    "PubmedArticle"
).split()
_MAX_WRAPPERS = 3  # around each other
_TEXT_KEYS = "value text #text _ AbstractText abstract description title fullname name en".split()
_NAME_KEYS = (
    "name literal display_name fullName full_name fullname raw_author_name raw_name creatorName authorName collectiveName "
    "CollectiveName value"
).split()
_PERSON_PARTS = [  # family name, given name
    tuple(names.split("/"))
    for names in (
        "family/given lastName/firstName last_name/first_name LastName/ForeName LastName/Initials last/first "
        "familyName/givenName surname/given_name"
    ).split()
]
_NO_AUTHORS = frozenset("editor translator contributor reviewedAuthor seriesEditor".split())
_NO_PAPERS = ("attachment", "note", "annotation")  # what Zotero keeps with papers
_OPENALEX = "https://openalex.org/W"
_MAX_DEPTH = 5


def recognises(text: str) -> bool:
    """Whether `text` starts with a JSON object, or with a list of JSON objects."""
    return _OPENING.match(text) is not None


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers in order; what is not a paper is a BadRecord at its line."""
    for line, value in json_scan.values(text.removeprefix("\ufeff"), _is_record):
        if isinstance(value, BadRecord):
            yield value
        elif not isinstance(value, dict):
            yield BadRecord(line, "not a JSON object")
        elif (fields_of := _unwrapped(value)).get("itemType") not in _NO_PAPERS:
            yield record.paper(_record(fields_of), line)


def _is_record(value: Any) -> bool:
    """Whether a value is a paper, and not an object that holds papers: it has a title and more than a date with it."""
    if not isinstance(value, dict):
        return False
    found = fields.grouped(_unwrapped(value).items())
    titled = any(_text(title) for title in found.get("title", ())) or "number" in found or "abstract_inverted_index" in value
    more = (v for name in ("abstract", "authors", "ids", "pmid", "number") for v in found.get(name, ()))
    return ("abstract" in found and "authors" in found) or (titled and any(v not in (None, "", [], {}) for v in more))


def _unwrapped(value: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the fields of the objects in it that wrap them, such as the "paper" of a listing."""
    for _ in range(_MAX_WRAPPERS):
        whole = {"title", "abstract"} <= {fields.field(name) for name in value}
        wrappers = _WRAPPERS[:1] if whole else _WRAPPERS  # a "paper" is more than what a listing says of it
        inner = next((value[name] for name in wrappers if isinstance(value.get(name), dict)), None)
        if inner is None or not (_has_title(inner) or any(isinstance(inner.get(name), dict) for name in _WRAPPERS)):
            break
        value = {**{name: v for name, v in value.items() if v is not inner}, **inner}
    return value


def _has_title(value: dict[str, Any]) -> bool:
    return any(fields.field(name) == "title" for name in value)


def _record(value: dict[str, Any]) -> Record:
    found = fields.grouped(value.items())
    titles = [*found.get("title", ()), value.get("display_name")]
    count = next(iter(found.get("author_count", ())), None)
    versions = value.get("versions")
    first_version = versions[0] if isinstance(versions, list) and versions else None
    written = [first_version.get("created") if isinstance(first_version, dict) else None, *found.get("published", ())]
    dates = [[_date(v) for v in written], *([_date(v) for v in found.get(name, ())] for name in ("year", "month", "day"))]
    ids = [text for v in found.get("ids", ()) for text in _ids(v)]
    return Record(
        title=_first(titles),
        abstract=_first(found.get("abstract", ())),
        authors=next((names for v in found.get("authors", ()) if (names := _authors(v))), ()),
        author_count=count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else None,
        published=fields.published(*dates),
        organisation=_first(found.get("organisation", ())),
        url=next(
            (url for v in found.get("url", ()) for url in _ids(v) if url.strip().startswith("http")), _openalex_page(value)
        ),
        ids=tuple(ids),
        pmid=next((text for v in found.get("pmid", ()) for text in _ids(v)), "") or _pubmed_number(found.get("ids", ())),
        number=_number(found.get("number", ())),
        key=fields.exported_id(value),
    )


def _openalex_page(value: dict[str, Any]) -> str:
    """Return the address of the DOI of a work of OpenAlex, or its page there; "" for other records."""
    page, doi = value.get("id"), value.get("doi")
    if not (isinstance(page, str) and page.startswith(_OPENALEX)):
        return ""
    return doi if isinstance(doi, str) and doi.startswith("https://doi.org/") else page


def _first(values: Any) -> str:
    return next((text for value in values if (text := _text(value))), "")


def _text(value: Any, depth: int = 0) -> str:
    """Return the text that a value is or holds. The parts of an abstract keep their labels; positions of words are undone."""
    if isinstance(value, str):
        return value.strip()
    if depth > _MAX_DEPTH:
        return ""
    if isinstance(value, list):
        parts = [part for part in value if not isinstance(part, dict) or _label(part)]
        return " ".join(filter(None, (_text(part, depth + 1) for part in parts or value[:1])))
    if not isinstance(value, dict) or not value:
        return ""
    if all(isinstance(places, list) and all(type(place) is int for place in places) for places in value.values()):
        return " ".join(word for _, word in sorted((place, word) for word, places in value.items() for place in places))
    inner = next((text for key in _TEXT_KEYS if (text := _text(value.get(key), depth + 1))), "")
    return f"{_label(value)}: {inner}" if inner and _label(value) else inner


def _label(part: dict[str, Any]) -> str:
    label = next((part[key] for key in ("label", "Label", "@Label", "@label") if isinstance(part.get(key), str)), "")
    return label.strip(" :")


def _authors(value: Any, depth: int = 0) -> tuple[str, ...]:
    if isinstance(value, str):
        return fields.names(value)
    if depth > _MAX_DEPTH:
        return ()
    if isinstance(value, dict):
        lists = [inner for name, inner in value.items() if fields.field(name) == "authors" and isinstance(inner, list | dict)]
        if lists and not isinstance(lists[0], dict):
            return _authors(lists[0], depth + 1)
        return tuple(filter(None, [_person(value)]))
    if isinstance(value, list):
        return tuple(name for person in value if (name := _person(person)))
    return ()


def _person(value: Any, depth: int = 0) -> str:
    """Return one author's name, "Alder, Ann" where its parts are known."""
    if isinstance(value, str):
        return value
    if depth > _MAX_DEPTH:
        return ""
    if isinstance(value, list):  # arXiv's authors_parsed: family name, given name, suffix
        return ", ".join(part for part in value[:3] if isinstance(part, str) and part.strip())
    if not isinstance(value, dict) or value.get("creatorType") in _NO_AUTHORS:
        return ""
    if isinstance(value.get("author"), dict):
        return _person(value["author"], depth + 1) or _first([value.get("raw_author_name")])
    for family, given in _PERSON_PARTS:
        if isinstance(value.get(family), str) and isinstance(value.get(given), str):
            return f"{value[family]}, {value[given]}"
    return _first([value.get(key) for key in (*_NAME_KEYS, "family", "lastName", "LastName")])


def _date(value: Any, depth: int = 0) -> str:
    """Return a date as text: of {"date-parts": [[2024, 1, 3]]}, {"raw": "May 2024"} or {"year": 2024} too."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**9 else ""
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) < 10**9 else ""
    if depth > _MAX_DEPTH:
        return ""
    if isinstance(value, list):
        flat = value if value and not isinstance(value[0], list | dict) else []
        return "-".join(_date(part, _MAX_DEPTH) for part in flat) if flat else _date(value[0], depth + 1) if value else ""
    if isinstance(value, dict):
        parts = {key.casefold(): part for key, part in value.items()}
        if "year" in parts:
            return "-".join(_date(parts[key], _MAX_DEPTH) for key in ("year", "month", "day") if parts.get(key))
        keys = ("date-parts", "date-time", "raw", "literal", "value", "date", "$date")
        return next((text for key in keys if (text := _date(parts.get(key), depth + 1))), "")
    return ""


def _ids(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the lines of all texts in a value: a number in digits counts as one."""
    if isinstance(value, str):
        yield from value.encode("utf-8", "replace").decode().splitlines()  # JSON may hold half a character
    elif type(value) is int:
        yield str(value) if abs(value) < 10**18 else ""
    elif isinstance(value, dict | list) and depth <= _MAX_DEPTH:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _ids(inner, depth + 1)


def _pubmed_number(values: Any) -> str:
    """Return the PubMed number among identifiers such as {"PubMed": "1"} or [{"idtype": "pubmed", "value": "1"}]."""
    for value in values:
        for entry in value if isinstance(value, list) else [value]:
            if not isinstance(entry, dict):
                continue
            kind = str(entry.get("idtype") or entry.get("type") or entry.get("@IdType") or "").casefold()
            found = [entry.get("value") or entry.get("id") or entry.get("#text")] if kind in ("pubmed", "pmid") else []
            found += [inner for name, inner in entry.items() if fields.field(name) == "pmid"]
            if number := next((text for text in map(str, filter(None, found)) if text.strip()), ""):
                return number
    return ""


def _number(values: Any) -> str | None:
    """Return the number of a document in a data set, as text; that of MongoDB is in an object."""
    value = next(iter(values), None)
    return None if value is None else next((str(v) for v in value.values()), None) if isinstance(value, dict) else str(value)
