"""Daily Papers pages that keep their links: Markdown, links on lines of their own, and links as numbers in brackets.

A page is cut into blocks: paragraphs and the texts of links, each with the paper that its link leads to. A heading, or the
first block with a link to a paper, is a title; the long blocks after a title are its abstract.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from rag.text import identifiers
from rag.types import BadRecord

_HOST = r"(?:https?://(?:www\.)?huggingface\.co(?=[/)>\s?#]|$)|(?=/[\w?]))"
_PAGE = re.compile(
    rf"^[^\S\n]*https?://(?:www\.)?huggingface\.co/(?:papers/\d|login\?next)|\]\({_HOST}/papers/\d|^#{{2,6}} \[.*\]\[\d+\]$"
    r"|^[^\S\n]*\d+\. https?://huggingface\.co/papers/\d",
    re.MULTILINE,
)
_LINK_END = re.compile(rf"\]\(<?(?P<url>{_HOST}[^\s()<>]*)>?(?: \"[^\"]*\")?\)|\]\[(?P<reference>\d+)\]")
_OTHER_LINK = re.compile(rf"\[([^\[\]]*)\]\((?!{_HOST})[^\s()]*\)")
_IMAGE = re.compile(r"!\[[^\[\]]*\]\([^\s()]*\)")
_ADDRESS = re.compile(rf"\s*({_HOST}\S*)\s*")
_REFERENCE = re.compile(r"\s*(?:\[(\d+)\]:|(\d+)\.)\s+(https?://\S+)\s*")
_NUMBERED = re.compile(r"(?<!\])\[(\d+)\](?!\()")
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+")
_LIST_MARK = re.compile(r"\A\s*[*+-]\s+")
_BREAK = re.compile(r"\\{1,2}(?:\s+|$)")
_ESCAPED = re.compile(r"\\([\[\]()*`|~>-])")
_BRACKETS = re.compile(r"\[[^\[\]]*\]\s*")
_AUTHORS = re.compile(r"[•·*\s-]*(\d+)\s+authors?")
_DATE = re.compile(r"(?:[·•]\s*)?(?:Published on\s+)?([A-Z][a-z]{2} \d{1,2}(?:, \d{4})?)(?: \d+)?")
_MAX_TITLE_CHARS, _MIN_ABSTRACT_CHARS, _MAX_DATE_CHARS = 300, 60, 40
_PAPER_HEADING = 3  # the level of a paper's heading; those above are of the page


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper as a page lists it. `number` is its arXiv number, `published` a date that may lack its year, as "May 29"."""

    line: int
    title: str
    abstract: str
    number: str | None = None
    published: str = ""
    author_count: int | None = None
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class _Block:
    line: int
    text: str
    heading: int = 0
    address: str | None = None  # "" for a link whose address the page does not name

    @property
    def number(self) -> str | None:
        """The arXiv number of the paper whose page the block links to."""
        if not self.address or "#" in self.address:
            return None
        return identifiers.arxiv(f"https://{identifiers.HUGGINGFACE}{urlsplit(self.address).path}")


def has_links(text: str) -> bool:
    """Whether the links of a page to its papers are in `text`."""
    return _PAGE.search(text) is not None


def entries(text: str) -> Iterator[Entry | BadRecord]:
    """Yield the papers of a page in order. A title without an abstract, or the reverse, is a BadRecord at its line."""
    blocks = _blocks(text)
    starts: list[int] = []
    for i, block in enumerate(blocks):
        if _is_title(block, blocks[starts[-1]].number if starts else None):
            starts.append(i)
    for start, end in zip(starts, [*starts[1:], len(blocks)], strict=False):
        title, *rest = blocks[start:end]
        length = next((n for n, block in enumerate(rest) if len(block.text) < _MIN_ABSTRACT_CHARS), len(rest))
        abstract = " ".join(block.text for block in rest[:length])
        if len(title.text) > _MAX_TITLE_CHARS:
            yield BadRecord(title.line, f"an abstract without a title: “{title.text[:60]}…”")
        elif abstract:
            yield _entry(title, abstract, rest[length:])
        elif title.address is not None:
            yield BadRecord(title.line, f"a title without an abstract: “{title.text[:60]}”")


def _is_title(block: _Block, previous: str | None) -> bool:
    if _AUTHORS.fullmatch(block.text):
        return False
    return block.heading >= _PAPER_HEADING or (block.number is not None and (block.heading > 0 or block.number != previous))


def _entry(title: _Block, abstract: str, metadata: list[_Block]) -> Entry:
    count, published, organisation, before = None, "", "", ""
    for block in metadata:
        text = block.text
        if text.startswith("·") and not organisation and any(c.isalpha() for c in before):
            organisation = _BRACKETS.sub("", before) if not _BRACKETS.fullmatch(before) else ""
        if match := _AUTHORS.fullmatch(text):
            count, text = count or int(match[1]), ""
        elif len(text) <= _MAX_DATE_CHARS and (match := _DATE.fullmatch(text)):
            published, text = published or match[1], ""
        before = text
    return Entry(title.line, title.text, abstract, title.number, published, count, organisation)


Token = tuple[str, str]  # a kind, which is the name of a method of _Blocks, and a text


def _blocks(text: str) -> list[_Block]:
    lines = text.split("\n")
    references = {m[1] or m[2]: m[3] for line in lines if (m := _REFERENCE.fullmatch(line))}
    reader = _Blocks()
    for number, line in enumerate(lines, 1):
        reader.begin(number, line)
        if not _REFERENCE.fullmatch(line):
            for kind, value in _tokens(line.strip("\r\ufeff\xa0"), references):
                getattr(reader, kind)(value)
    reader.end()
    return reader.blocks


def _tokens(line: str, references: dict[str, str]) -> Iterator[Token]:
    """Yield the tokens of a line: its texts, and where a heading, a link or a block begins or ends."""
    line = _OTHER_LINK.sub(r"\1", _IMAGE.sub("", line))
    if match := _ADDRESS.fullmatch(line):
        yield "address", match[1]
        return
    if heading := _HEADING.match(line):
        yield "heading", heading[1]
        line = line[heading.end() :]
    at = 0
    for link in _LINK_END.finditer(line):
        yield from _text_tokens(line[at : link.start()], references, in_link=True)
        yield "close", link["url"] or references.get(link["reference"], "")
        at = link.end()
    yield from _text_tokens(line[at:], references, in_link=False)


def _text_tokens(text: str, references: dict[str, str], *, in_link: bool) -> Iterator[Token]:
    """Yield the tokens of a text between links. A bracket in it opens a link if one ends after it, or if the line begins so."""
    opening = _unmatched(text)
    if opening >= 0 and (in_link or not text[:opening].strip()):
        yield from _text_tokens(text[:opening], references, in_link=False)
        yield "open", ""
        text = text[opening + 1 :]
    at = 0
    for mark in _NUMBERED.finditer(text) if references else ():
        if address := references.get(mark[1]):
            yield "text", text[at : mark.start()]
            yield "open_to", address
            at = mark.end()
    item = _LIST_MARK.sub("", text[at:], count=1).strip()
    if not item:
        return
    if item in "·•" or (len(item) <= _MAX_DATE_CHARS and (_DATE.fullmatch(item) or _AUTHORS.fullmatch(item))):
        yield "end", ""
        yield "text", item
        yield "end", ""
    else:
        yield "text", text[at:]


def _unmatched(text: str) -> int:
    """Return the place of the first bracket in `text` that is not closed, -1 when there is none."""
    opened: list[int] = []
    for bracket in re.finditer(r"(?<!\\)[\[\]]", text):
        if bracket[0] == "[":
            opened.append(bracket.start())
        elif opened:
            opened.pop()
    return opened[0] if opened else -1


class _Blocks:
    """Collects the texts of a page into blocks."""

    def __init__(self) -> None:
        self.blocks: list[_Block] = []
        self._texts: list[str] = []
        self._at, self._line, self._heading = 0, 0, 0
        self._address: str | None = None
        self._opened_after: int | None = None  # how many blocks there were when the open link began

    def begin(self, number: int, line: str) -> None:
        """Begin the line `number`. A heading goes on in it only inside a link, or when it is indented."""
        if not line.strip() or (self._heading and self._opened_after is None and not line[0].isspace()):
            self.end()
        self._at = number

    def text(self, text: str) -> None:
        if text.strip():
            self._line = self._line if self._texts else self._at
            self._texts.append(text.strip())

    def heading(self, marks: str) -> None:
        self.end()
        self._heading, self._opened_after = len(marks), None

    def open(self, _: str) -> None:
        if self._opened_after is not None and self._texts:  # a bracket in the text of a link
            self._texts.append("[")
            return
        heading = 0 if self._texts else self._heading
        self.end()
        self._heading, self._opened_after = heading, len(self.blocks)

    def open_to(self, address: str) -> None:
        self.end()
        self._address = address

    def close(self, address: str) -> None:
        if self._texts:
            self._address = address
            self.end()
        elif self._opened_after is not None and len(self.blocks) > self._opened_after:
            self.blocks[-1] = replace(self.blocks[-1], address=address)
        self._opened_after = None

    def address(self, address: str) -> None:
        """A line that is an address only is that of the block before it."""
        self.end()
        if self.blocks and self.blocks[-1].address is None:
            self.blocks[-1] = replace(self.blocks[-1], address=address)

    def end(self, _: str = "") -> None:
        text = _ESCAPED.sub(r"\1", _BREAK.sub(" ", "\n".join(self._texts))).strip()
        text = _LIST_MARK.sub("", " ".join(text.split()), count=1)
        if text and not _BRACKETS.fullmatch(text):
            self.blocks.append(_Block(self._line, text, self._heading, self._address))
        self._texts, self._heading, self._address = [], 0, None
