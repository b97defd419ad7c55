"""BibTeX and BibLaTeX files, as Zotero, Mendeley, JabRef, Paperpile, publishers and the ACL Anthology write them.

Entries of every type are read. Fields that an entry would take from another one (crossref) are not. An entry that is not
closed costs itself only.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares.names import split_multiple_persons_names
from bibtexparser.model import Block, Entry, ImplicitComment, ParsingFailedBlock, String

from rag.sources import latex, record
from rag.sources.record import Record
from rag.text import dates
from rag.types import BadRecord, Paper

NAME = "BibTeX"
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # what it warns of becomes a BadRecord

_TYPES = (
    "article|book|booklet|collection|comment|conference|dataset|electronic|inbook|incollection|inproceedings|inreference"
    "|manual|mastersthesis|misc|mv[a-z]+|online|patent|periodical|phdthesis|preamble|preprint|presentation|proceedings"
    "|reference|report|software|string|supp[a-z]+|techreport|thesis|unpublished|www"
)
_RECOGNISED_CHARS = 100_000
_MAX_HEADER_LINES = 30  # before the first entry, as programs write there who made the file
_FIRST_ENTRY = re.compile(rf"^[ \t]*@(?:{_TYPES})[ \t]*[{{(]", re.IGNORECASE | re.MULTILINE)
_NOT_A_HEADER = re.compile(r"\s*[<{\[]|[^`]*```|(?:.*\n)*#{1,6} ")
_START = re.compile(r"^[ \t]*@\w+[ \t]*[{(]", re.MULTILINE)
_HEAD = re.compile(r"(@(?!string|comment|preamble)\w+[ \t]*\{)([^={}]*)(?==)", re.IGNORECASE)
_MARK = re.compile(r'(?<!\\)[{}"]')
_WORD = re.compile(r'[^\s#{}",]*')
_SPACE, _JOIN = re.compile(r"\s*"), re.compile(r"\s*#")
_NEXT_FIELD = re.compile(r"\s*([A-Za-z][\w:.-]*)\s*=")
_IGNORED = re.compile(r"@(?:comment|preamble|string)\b", re.IGNORECASE)
_MONTHS = "January February March April May June July August September October November December".split()
_SUFFIX = re.compile(r"\W*(?:jr|sr|[iv]{1,3})\W*", re.IGNORECASE)
_ARXIV = re.compile(r"\barxiv:\s*([\w.-]+(?:/\d{7}(?:v\d+)?)?)", re.IGNORECASE)
_PMID = re.compile(r"\bpmid:?\s*(\d+)", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s{}]+")

Fields = Mapping[str, str]  # by their names in small letters


def recognises(text: str) -> bool:
    """Whether `text` starts with BibTeX, perhaps after a few lines that say where it comes from."""
    start = text[:_RECOGNISED_CHARS]
    first = _FIRST_ENTRY.search(start)
    if not first:
        return False
    header = start[: first.start()]
    lines = [line.strip() for line in header.split("\n") if line.strip()]
    return all(line[0] in "%#" for line in lines) or (len(lines) <= _MAX_HEADER_LINES and not _NOT_A_HEADER.match(header))


def parse(text: str) -> Iterator[Paper | BadRecord]:
    """Yield the papers in order; an entry that cannot be read is a BadRecord with its line and the reason."""
    yield from (read for _, read in _with_lines(text))


def _with_lines(text: str) -> Iterator[tuple[int, Paper | BadRecord]]:
    """Yield the papers and what cannot be read, each with the line on which its entry begins."""
    macros = {month[:3].lower(): month for month in _MONTHS}
    for line, block in _blocks(text):
        if isinstance(block, String):
            macros[block.key.lower()] = _value(block.value, 0, macros)[0]
        elif isinstance(block, Entry):
            yield line, record.paper(_record(_fields(block, macros)), line)
        elif isinstance(block, ParsingFailedBlock) and not _IGNORED.match(block.raw or ""):
            yield line, BadRecord(line, _reason(block))


def keyed(text: str) -> dict[str, Paper]:
    """Return the papers by the keys of their entries, the first of two with one key. What cannot be read is left out."""
    heads = {match.start(1): match[2].rpartition(",")[0].strip() for match in _HEAD.finditer(text)}
    lines = {text.count("\n", 0, start) + 1: key for start, key in heads.items() if key}
    found: dict[str, Paper] = {}
    for line, read in _with_lines(text):
        if isinstance(read, Paper) and line in lines:
            found.setdefault(lines[line], read)
    return found


def _blocks(text: str) -> Iterator[tuple[int, Block]]:
    """Yield the entries, definitions and unreadable entries with their lines, entry by entry, to hold no more in memory."""
    starts = [match.start() for match in _START.finditer(text)]
    line, counted = 1, 0
    for start, end in pairwise([*starts, len(text)]):
        line, counted = line + text.count("\n", counted, start), start
        piece = _HEAD.sub(_with_plain_key, text[start:end])
        blocks, lines = _unwrapped(piece), piece.split("\n")
        for block, following in zip(blocks, [*blocks[1:], None], strict=True):
            at = block.start_line or 0
            if lines[at].lstrip().startswith("%"):
                continue
            if isinstance(block, Entry) and isinstance(following, ImplicitComment) and following.comment.startswith(","):
                rest = _unwrapped("@misc{" + following.comment)  # of an entry that a brace too many has closed
                block.fields = [*block.fields, *(field for more in rest if isinstance(more, Entry) for field in more.fields)]
            yield line + at, block


def _unwrapped(piece: str) -> list[Block]:
    """Return what `piece` holds. An entry with a field or with a key that came before is an entry like the others."""
    blocks = []
    for block in parse_string(piece, parse_stack=[]).blocks:
        while isinstance(block, ParsingFailedBlock) and block.ignore_error_block:
            block = block.ignore_error_block
        blocks.append(block)
    return blocks


def _with_plain_key(head: re.Match[str]) -> str:
    """Return the head of an entry with an empty key: keys with spaces and commas, or none at all, are common."""
    key, _, field = head[2].rpartition(",")
    return head[1] + "\n" * key.count("\n") + "," + field


def _fields(entry: Entry, macros: Fields) -> dict[str, str]:
    """Return the values of the fields. The first of two that is not empty counts; a comma may be missing between two fields."""
    found: dict[str, str] = {}
    for field in entry.fields:
        name, raw, at = field.key, field.value, 0
        while True:
            value, at = _value(raw, at, macros)
            following = _NEXT_FIELD.match(raw, at)
            if not following and raw[at:].strip():
                value = raw
            if value.strip(" \n\t{}"):
                found.setdefault(name.lower(), value)
            if not following:
                break
            name, at = following[1], following.end()
    return found


def _value(raw: str, at: int, macros: Fields) -> tuple[str, int]:
    """Return the value that starts at `at`, its parts joined and its macros replaced, and where it ends."""
    parts = []
    while True:
        at = _end(_SPACE, raw, at)
        if raw[at : at + 1] in ("{", '"') and at < len(raw):
            end = _closing(raw, at)
            parts.append(raw[at + 1 : end - 1])
        else:
            end = _end(_WORD, raw, at)
            parts.append(macros.get(raw[at:end].lower(), raw[at:end]))
        join = _JOIN.match(raw, end)
        if not join:
            return "".join(parts), end
        at = join.end()


def _closing(raw: str, at: int) -> int:
    """Return the end of the braced or quoted text that starts at `at`."""
    quoted, depth = raw[at] == '"', 0
    for mark in _MARK.finditer(raw, at + 1):
        if mark.group() == "{":
            depth += 1
        elif depth:
            depth -= mark.group() == "}"
        elif (mark.group() == '"') == quoted:
            return mark.end()
    return len(raw)


def _end(pattern: re.Pattern[str], raw: str, at: int) -> int:
    match = pattern.match(raw, at)
    return match.end() if match else at


def _record(fields: Fields) -> Record:
    def text(name: str) -> str:
        return latex.plain(" ".join(fields.get(name, "").split()))

    title, subtitle = text("title") or text("booktitle"), text("subtitle")
    links = [latex.address(fields[name]) for name in ("url", "howpublished", "bdsk-url-1", "link") if name in fields]
    return Record(
        title=f"{title}: {subtitle}" if title and subtitle else title,
        abstract=text("abstract"),
        authors=_authors(fields.get("author", "")),
        published=_published(fields),
        organisation=text("institution") or text("school"),
        url=next((found.group() for link in links if (found := _URL.search(link))), ""),
        ids=_ids(fields),
        pmid=latex.address(fields.get("pmid", "")) or (_eprint(fields) if _eprint_type(fields) in ("pubmed", "pmid") else ""),
    )


def _published(fields: Fields) -> str:
    """Return the date of BibLaTeX, the first day of a range, or else one of the year, the month and the day."""
    date = latex.address(fields.get("date", "")).split("/")[0]
    if dates.read(date):
        return date
    year, month, day = (latex.plain(fields.get(name, "")) for name in ("year", "month", "day"))
    year = found.group() if (found := re.search(dates.YEAR, year)) else ""
    parts = (year, month, day) if month.strip().isdigit() else (day, month, year)
    together = "-".join(part.strip() for part in parts if part.strip())
    return (together if dates.read(together) else year) or latex.plain(
        fields.get("early access date") or fields.get("early-access-date", "")
    )


def _authors(written: str) -> tuple[str, ...]:
    people = [name for name in split_multiple_persons_names(written) if name.strip(" {}").lower() not in ("others", "et al.")]
    if len(people) == 1 and people[0][0] != "{" and (";" in people[0] or people[0].count(",") > 1):
        text = latex.plain(people[0])
        if not _SUFFIX.fullmatch(text.split(",")[1]):
            return record.authors(text)
    return tuple(_author(name) for name in people)


def _author(name: str) -> str:
    """Return a name as "Alder, Ann, Jr."; that of an organisation, in braces, has no commas."""
    text = latex.plain(name)
    if name[0] == "{" and _closing(name, 0) == len(name):
        return text.replace(",", "")
    parts = [part.strip() for part in text.split(",")]
    if all("=" in part for part in parts):  # "family=Berg, given=Jan, prefix=van"
        named = dict(part.split("=", 1) for part in parts)
        return " ".join(named[key] for key in ("given", "prefix", "family", "suffix") if key in named)
    return ", ".join([parts[0], parts[2], parts[1]]) if len(parts) == 3 else text


def _ids(fields: Fields) -> tuple[str, ...]:
    """Return the identifiers of the fields made for them, and those that programs put into other fields."""
    ids = [latex.address(fields[name]) for name in ("doi", "arxivid", "arxiv") if name in fields]
    if _eprint_type(fields) in ("", "arxiv"):
        ids.append(_eprint(fields))
    for name in ("note", "journal", "journaltitle", "number", "volume", "howpublished", "publisher"):
        value = latex.address(fields.get(name, ""))
        ids += [f"arXiv:{found[1]}" for found in _ARXIV.finditer(value)] + [
            f"PMID:{found[1]}" for found in _PMID.finditer(value)
        ]
        ids += [value.removeprefix("abs/")] if value.startswith("abs/") else []
    return tuple(ids)


def _eprint(fields: Fields) -> str:
    return latex.address(fields.get("eprint", ""))


def _eprint_type(fields: Fields) -> str:
    return latex.address(fields.get("eprinttype", "") or fields.get("archiveprefix", "")).lower()


def _reason(block: ParsingFailedBlock) -> str:
    problem = str(getattr(block.error, "abort_reason", ""))
    if "end of file" in problem or "block start" in problem:
        return "an entry without a closing brace or quote"
    return "a field without an equals sign" if "Expected a `=`" in problem else "not valid BibTeX"
