"""Reads the records of XML files one by one.

The text of each record is cut out by its tags and parsed alone, within the first tag of the file, which declares the
namespaces. So a broken record costs only itself, its line is known, and a large file never stands in memory as a tree. A
record within a comment is read as well.

A file that defines entities is refused: they can blow up a small file to any size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from rag.types import BadRecord

_HEAD_CHARS = 100_000
_ENTITY = "<!ENTITY"
_PREFIX = r"(?:[\w.-]{1,40}:)?"
_ROOT = re.compile(r"<(?P<name>[A-Za-z_][\w.:-]{0,100})(?=[\s>])[^<>]{0,5000}(?<!/)>")
_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)(?:(?P<name>[A-Za-z][A-Za-z0-9]{1,40});)?")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMESPACE = re.compile(r"\{[^}]*\}")


def head(text: str) -> str:
    """Return the beginning of `text`, by which its format is recognised; "" when it is no XML."""
    start = text[:_HEAD_CHARS].lstrip("\ufeff \t\r\n")
    return start if start.startswith("<") else ""


def records(text: str, names: str) -> Iterator[tuple[int, Element | BadRecord]]:
    """Yield the elements of `names`, of the form "record|entry", with their lines, or what is wrong with them.

    Names of elements are without their namespaces.
    """
    name = rf"{_PREFIX}(?:{names})"
    tags = re.compile(rf"<(?:(?P<close>/){name}\s{{0,20}}>|{name}(?=[\s>/]))")
    first = tags.search(text)
    if first is None:
        return
    if (entity := text.find(_ENTITY, 0, first.start())) >= 0:
        line = text.count("\n", 0, entity) + 1
        yield line, BadRecord(line, "an XML file that defines entities")
        return
    root = _ROOT.search(text, 0, first.start())
    around = (root[0], f"</{root['name']}>") if root else ("", "")
    line, counted = 1, 0
    begun: int | None = None
    for tag in tags.finditer(text):
        if not tag["close"]:
            if begun is not None:
                yield line, BadRecord(line, "a record without an end")
            begun = tag.start()
            line, counted = line + text.count("\n", counted, begun), begun
        elif begun is not None:
            yield line, _element(text[begun : tag.end()], around, line)
            begun = None
    if begun is not None:
        yield line, BadRecord(line, "a record that breaks off")


def _element(record: str, around: tuple[str, str], line: int) -> Element | BadRecord:
    before, after = around
    for written in (record, _repaired(record)):
        try:
            tree = ElementTree.fromstring(f"{before}{written}{after}")  # noqa: S314  # no entities: they are refused
        except (ElementTree.ParseError, ValueError):
            continue
        for element in tree.iter():
            element.tag = _NAMESPACE.sub("", element.tag) if isinstance(element.tag, str) else ""
        return tree[0] if before else tree
    return BadRecord(line, "not valid XML")


def _repaired(record: str) -> str:
    """Return a record with the entities of HTML as their signs, bare "&" escaped, and no characters that XML forbids."""
    return _NOT_XML.sub(" ", _AMPERSAND.sub(_escaped, record))


def _escaped(found: re.Match[str]) -> str:
    entity = f"{found['name']};" if found["name"] else ""
    return html5[entity] if entity in html5 and html5[entity] not in "<&" else f"&amp;{entity}"


def text_of(element: Element | None, path: str = ".") -> str:
    """Return the whole text of the first element at `path`, with that of the tags in it; "" when there is none."""
    found = element.find(path) if element is not None else None
    return "" if found is None else "".join(found.itertext()).strip()


def texts_of(element: Element | None, path: str) -> list[str]:
    """Return the whole texts of all elements at `path` that are not empty."""
    found = element.findall(path) if element is not None else []
    return [text for one in found if (text := text_of(one))]
