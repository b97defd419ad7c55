"""A paper as a format gives it, its fields as they are written there, and how it becomes a Paper."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.sources import markup, repair
from rag.sources.paper_ids import document_id, paper_id
from rag.text import dates, identifiers
from rag.text.identifiers import Identifiers
from rag.text.words import clean
from rag.types import BadRecord, Paper

_NO_ABSTRACT = re.compile(
    r"\W*(?:n\W?a|none|null|nan|not available|no abstract(?: (?:is |was )?(?:available|provided|found|given))?"
    r"|(?:the )?abstract (?:is )?(?:not|un)\W?available)?\W*",
    re.IGNORECASE,
)
_LABEL = re.compile(r"abstract\s*[:.—–-]\s*", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.?[\s-]?){1,4}")
_OPENING_WORDS = 10  # of an abstract, in place of a missing title
_MIN_TITLE_LETTERS = 2
_MAX_TITLE_CHARS, _MAX_ABSTRACT_CHARS = 10_000, 50_000
_MAX_AUTHORS = 5_000  # further ones are left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The fields of a paper as written: `ids` are texts that may be a DOI, an arXiv number or an address of one.

    `published` is a date in any usual form. `number` is the paper's own number in a data set, in which titles may repeat.
    `key` is the id of the paper in a library, from which it was exported.
    """

    title: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    author_count: int | None = None
    published: str = ""
    organisation: str = ""
    url: str = ""
    ids: tuple[str, ...] = ()
    pmid: str = ""
    number: str | None = None
    key: str | None = None


def paper(record: Record, line: int) -> Paper | BadRecord:
    """Return the paper of `record`, which stands at `line` of its file; a BadRecord when it has no title, or is far too long.

    A record without an abstract is a paper with a title only.
    """
    for what, text, most in (
        ("a title", record.title, _MAX_TITLE_CHARS),
        ("an abstract", record.abstract, _MAX_ABSTRACT_CHARS),
    ):
        if len(text) > most:
            return BadRecord(line, f"{what} of more than {most:,} characters")
    title, abstract = repair.line(markup.plain(record.title)), abstract_text(record.abstract)
    if sum(c.isalpha() for c in title) < _MIN_TITLE_LETTERS and (record.number is None or not abstract):
        return BadRecord(line, "no title")
    title = title or " ".join(abstract.split()[:_OPENING_WORDS]) + " …"
    url = clean(record.url).strip()
    found = [identifiers.read(clean(text)) for text in (*record.ids, url)]
    authors = tuple(dict.fromkeys(name for a in record.authors[:_MAX_AUTHORS] if (name := author(a))))
    made = paper_id(title) if record.number is None else document_id(title, record.number)
    return Paper(
        id=record.key or made,
        title=title,
        abstract=abstract,
        published=dates.read(record.published),
        authors=authors,
        author_count=record.author_count or len(authors) or None,
        organisation=repair.line(record.organisation) or None,
        url=url if re.fullmatch(r"https?://\S+", url) else None,
        doi=_first(found, "doi"),
        arxiv=_first(found, "arxiv"),
        pmid=identifiers.pmid(record.pmid) or _first(found, "pmid"),
    )


def abstract_text(raw: str) -> str:
    """Return an abstract, repaired, in one line, without a leading "Abstract:"; "" for what says that there is none."""
    text = repair.line(markup.plain(raw))
    text = text[match.end() :] if (match := _LABEL.match(text)) else text
    return "" if _NO_ABSTRACT.fullmatch(text) else text


def author(raw: str) -> str:
    """Return a name as "Ann Alder": "Alder, Ann" is turned; "Alder, Ann, Jr." keeps its last part."""
    name = repair.line(raw).strip(" ,;")
    family, *rest = (part.strip() for part in name.split(","))
    return " ".join([rest[0], family, *rest[1:]]) if rest else name


def authors(written: str) -> tuple[str, ...]:
    """Return the names in "Adams, A.; Brown, B.", "Adams, A. and Brown, B." or "A. Adams, B. Brown and C. Cole"."""
    people = [p for p in re.split(r"\s*;\s*" if ";" in written else r",?\s+(?:and|&)\s+", written.strip()) if p]
    if ";" in written or all(_is_inverted(p) for p in people):
        return tuple(author(p) for p in people)
    parts = [part for p in people for raw in p.split(",") if (part := repair.line(raw))]
    if len(people) == 1 and len(parts) % 2 == 0 and all(_INITIALS.fullmatch(part) for part in parts[1::2]):
        return tuple(f"{given} {family}" for family, given in zip(parts[::2], parts[1::2], strict=True))  # "Oak, A., Elm, B."
    return tuple(parts)


def _is_inverted(person: str) -> bool:
    """Whether a text is one name as "Alder, Ann", and not two as "Ann Alder, Bo Birch"."""
    family, comma, given = person.partition(",")
    return bool(comma) and "," not in given and len(given.split()) <= len(family.split()) + 1 and not _is_full(family)


def _is_full(name: str) -> bool:
    """Whether a text is a given name or initials and a family name, none of which begins with a small letter."""
    words = name.split()
    return len(words) > 1 and all(word[0].isupper() for word in words)


def _first(found: list[Identifiers], kind: str) -> str | None:
    return next((value for ids in found if (value := getattr(ids, kind))), None)
