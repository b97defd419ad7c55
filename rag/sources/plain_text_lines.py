"""Cuts plain text into drafts of papers: a title and what follows it, by labels, blank lines, headings and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rag.sources.titles import is_title

MAX_TITLE_CHARS, MIN_ABSTRACT_CHARS = 300, 100
_MIN_ABSTRACT_WORDS = 12
_MIN_SHARE_OF_LETTERS = 0.75  # of the signs of a title or an abstract; code, tables and logs have less
_FIELDS = {
    "title": "title",
    "abstract": "abstract summary",
    "authors": "author authors author(s)",
    "ids": "doi arxiv url link arxiv-id arxivid",
    "published": "year date published",
    "pmid": "pmid",
    "": "keywords venue journal conference source publisher categories subjects comments institution affiliation affiliations",
}
_FIELD_OF = {name: label for label, names in _FIELDS.items() for name in names.split()} | {"arxiv id": "ids"}
_NAMES = "|".join(re.escape(name) for name in sorted(_FIELD_OF, key=len, reverse=True))
_LABEL = re.compile(
    rf"[\s#>*_-]{{0,12}}(?:\[?\d{{1,5}}[.)\]]\s)?\s{{0,8}}[*_]{{0,3}}(?P<name>{_NAMES})[*_]{{0,3}}\s?[:：][*_]{{0,3}}(?:\s+(?P<value>.*)|$)",
    re.IGNORECASE,
)
_ABSTRACT_ALONE = re.compile(r"[#*_\s]{0,12}(?:abstract|summary)[*_\s]{0,8}", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*(?:-\s?){3,}|\s*(?:=\s?){3,}|\s*(?:\*\s?){3,}|\s*_{3,}\s*|\s*~{3,}\s*")
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_NUMBER = re.compile(r"(?:\[(\d{1,5})\]|\((\d{1,5})\)|(?:#|Paper )?(\d{1,5})[.):])\s+(?=\S)")
_NAME = r"[^\W\d_][\w.’'-]*\.?"
_PERSON = re.compile(rf"(?:{_NAME}\s+){{0,4}}{_NAME}")
_NAME_MARKS = re.compile(r"[*_†‡§¹²³⁴⁵⁶\[\]]|(?<=[^\W\d_])\d(?:,\d)*")  # emphasis, and notes on affiliations
_AND = re.compile(r"\s*(?:[,;]|\band\b|&)\s*")
_MARKS_OF_NO_TITLE = re.compile(r"[{}|\\\t]|;.*;|https?://|::|->|=>|==|<\w|\w\(\)|^\W*[$>] |(?:: .*){3}")
_SENTENCE_END = re.compile(r"[.!?…。][\"”’')\]*_]{0,3}(?=\s|$)")

Line = tuple[int, str]


@dataclass(slots=True)
class Draft:
    """What was found of one paper. `odd` counts its blocks that are neither a title, nor names, nor an abstract."""

    line: int
    title: str = ""
    abstract: list[str] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    level: int = 0  # of its heading, 0 for none
    odd: int = 0

    @property
    def text(self) -> str:
        """The abstract, in one line."""
        return " ".join(part for part in self.abstract if part)

    @property
    def is_bare(self) -> bool:
        """Whether it is a line only, as the headings of files and of their parts are."""
        return not (self.abstract or self.fields or self.labels)


def may_be_title(text: str) -> bool:
    """Whether a text is short, does not end as a sentence or an enumeration does, and is of words."""
    text = text.strip()
    if not 4 <= len(text) <= MAX_TITLE_CHARS or text[-1] in ".:;,{" or not (text[0].isalnum() or text[0] in "\"'“‘([$*_`¿¡"):
        return False
    return is_title(text) and _is_wordy(text) and not _MARKS_OF_NO_TITLE.search(text)


def may_be_abstract(text: str) -> bool:
    """Whether a text is long enough for an abstract, begins as a sentence does, and ends as one."""
    if len(text) < MIN_ABSTRACT_CHARS or not (text[0].isupper() or text[0].isdigit() or text[0] in "“\"'‘*_([$"):
        return False
    return len(text.split()) >= _MIN_ABSTRACT_WORDS and bool(_SENTENCE_END.search(text[-4:])) and _is_wordy(text)


def are_names(text: str) -> bool:
    """Whether a text is a list of at least two names, or one name of two to four words that begin with capitals."""
    people = [p for p in _AND.split(_NAME_MARKS.sub("", text).strip(" .")) if p]
    if len(text) > 2000 or not people or not all(_PERSON.fullmatch(p) and len(p) <= 60 for p in people):
        return False
    words = [word for p in people for word in p.split()]
    return all(w[0].isupper() or len(w) <= 3 for w in words) and len(words) >= 2 and len(words) <= 4 * len(people)


def sentences(text: str) -> int:
    """Return how many ends of sentences a text has."""
    return len(_SENTENCE_END.findall(text))


def _is_wordy(text: str) -> bool:
    return sum(c.isalpha() or c.isspace() for c in text) >= _MIN_SHARE_OF_LETTERS * len(text)


def drafts(text: str) -> Iterator[Draft]:
    """Yield the drafts in `text`, in order, without the headings of the file and of its parts."""
    previous: Draft | None = None
    first = True
    for draft in _drafts(text):
        if previous and not (previous.is_bare and (previous.level < draft.level or (first and not draft.is_bare))):
            yield previous
        first = previous is None
        previous = draft
    if previous:
        yield previous


def _drafts(text: str) -> Iterator[Draft]:
    reader = _Reader()
    for block in _blocks(text):
        yield from reader.read(block)
    yield from reader.close()


def _blocks(text: str) -> Iterator[list[Line]]:
    """Yield the lines between blank lines and separators, stripped; a separator is an empty block."""
    block: list[Line] = []
    at, number = 0, 0
    while at <= len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line, at, number = text[at:end].strip("\ufeff").strip(), end + 1, number + 1
        separator = len(line) < 500 and _SEPARATOR.fullmatch(line)
        if line and not separator:
            block.append((number, line))
            continue
        if block:
            yield block
        if separator:
            yield []
        block = []
    if block:
        yield block


class _Reader:
    """Turns blocks into drafts. The label that begins the file, if any, begins each paper."""

    def __init__(self) -> None:
        self._draft: Draft | None = None
        self._first_label: str | None = None
        self._begun = False

    def read(self, block: list[Line]) -> Iterator[Draft]:
        """Read a block; yield the draft that ends with it, if one does."""
        if not block:
            if self._draft and self._draft.abstract:
                yield from self.close()
            return
        labelled = next((i for i, (_, line) in enumerate(block) if _label(line)), None)
        if not self._begun:
            first, self._begun = _label(block[0][1]), True
            self._first_label = first[0] if first else None
        if labelled is None:
            yield from self._read_unlabelled(block)
        else:
            yield from self._read_opening(block[:labelled])
            yield from self._read_labelled(block[labelled:])

    def close(self) -> Iterator[Draft]:
        """Yield the last draft."""
        if self._draft:
            yield self._draft
        self._draft = None

    def _read_labelled(self, block: list[Line]) -> Iterator[Draft]:
        for name, value, (number, *rest) in _groups(block):
            draft = self._draft
            begins = name == self._first_label or (name in ("title", "abstract") and draft is not None and name in draft.labels)
            if draft and (begins or (name == "title" and draft.title)):
                yield from self.close()
            draft = self._draft = self._draft or Draft(int(number))
            draft.labels.add(name)
            self._fill(draft, name, value, [str(line) for line in rest])

    def _fill(self, draft: Draft, name: str, value: str, rest: list[str]) -> None:
        """Put a labelled field with the lines that follow it into a draft. Lines after a short field may be an abstract."""
        if name == "abstract":
            draft.abstract.append(" ".join([value, *rest]).strip())
            return
        if name == "authors":
            names = [value]
            while len(names) <= len(rest) and (names[-1].endswith((",", ";", " and", "&")) or are_names(rest[len(names) - 1])):
                names.append(rest[len(names) - 1])
            value, rest = " ".join(names), rest[len(names) - 1 :]
        following = " ".join(rest)
        if may_be_abstract(following):
            draft.abstract.append(following)
        elif name == "title":
            value = f"{value} {following}".strip()
        elif following and name:
            draft.odd += 1
        if name == "title":
            draft.title = value.strip("*_ ")
        elif name and value:
            draft.fields.setdefault(name, []).append(value.strip("*_ "))

    def _read_unlabelled(self, block: list[Line]) -> Iterator[Draft]:
        number, first = block[0]
        heading = _HEADING.fullmatch(first)
        first = heading[2].rstrip(" #") if heading else first
        mark = _NUMBER.match(first)
        first = first[mark.end() if mark else 0 :]
        lines = [first, *(line for _, line in block[1:])]
        split = 1 if heading else _title_lines(lines)
        whole = " ".join(lines)
        if heading or split:
            yield from self._begin(number, " ".join(lines[:split]), len(heading[1]) if heading else 0)
            self._body(number, lines[split:])
        elif (not mark and may_be_abstract(whole)) or (not mark and self._awaits_names() and are_names(whole)):
            self._body(number, [whole])
        elif len(lines) <= 3 and may_be_title(whole):
            yield from self._begin(number, whole, 0)
        else:
            self._body(number, [whole])

    def _read_opening(self, block: list[Line]) -> Iterator[Draft]:
        """Read the lines before the first label of a block: a title and perhaps names."""
        if not block or (len(block) == 1 and re.fullmatch(r"\W*(?:paper|record|entry)?\W*\d+\W*", block[0][1], re.IGNORECASE)):
            return
        lines = [line for _, line in block]
        names = lines[1:] and are_names(lines[-1])
        title = " ".join(lines[:-1] if names else lines)
        title = heading[2].rstrip(" #") if (heading := _HEADING.fullmatch(title)) else title
        title = title[mark.end() :] if (mark := _NUMBER.match(title)) else title
        if may_be_title(title):
            yield from self._begin(block[0][0], title, 0)
            self._body(block[0][0], lines[-1:] if names else [])
        else:
            yield from self._read_unlabelled(block)

    def _begin(self, number: int, title: str, level: int) -> Iterator[Draft]:
        yield from self.close()
        self._draft = Draft(number, title.strip("*_ "), level=level)

    def _awaits_names(self) -> bool:
        draft = self._draft
        return draft is not None and bool(draft.title) and not any(draft.abstract) and "authors" not in draft.fields

    def _body(self, number: int, lines: list[str]) -> None:
        """Put the lines after a title into the draft: names, then an abstract."""
        draft = self._draft = self._draft or Draft(number)
        if lines and self._awaits_names() and are_names(lines[0]):
            draft.fields["authors"] = [_NAME_MARKS.sub("", lines[0])]
            lines = lines[1:]
        if not lines:
            return
        text = " ".join(lines)
        draft.odd += not may_be_abstract(text)
        draft.abstract.append(text)


def _label(line: str) -> tuple[str, str] | None:
    """Return the field and the value of a line with a label, such as "Title: Counting Boats"."""
    if len(line) < 40 and _ABSTRACT_ALONE.fullmatch(line):
        return "abstract", ""
    match = _LABEL.match(line)
    if not match or not (match["name"][0].isupper() or match["name"].lower() in ("doi", "arxiv", "url", "pmid")):
        return None
    return _FIELD_OF[match["name"].lower()], match["value"] or ""


def _groups(block: list[Line]) -> Iterator[tuple[str, str, list[int | str]]]:
    """Yield the field, the value, and the number of the line with the lines that follow it, of each label of a block."""
    group: tuple[str, str, list[int | str]] | None = None
    for number, line in block:
        if label := _label(line):
            if group:
                yield group
            group = (*label, [number])
        elif group:
            group[2].append(line)
    if group:
        yield group


def _title_lines(lines: list[str]) -> int:
    """Return how many lines at the beginning of a block are a title that an abstract follows, 0 for none.

    A title ends where its line breaks although the next word has room in it, as it does not inside of a wrapped paragraph.
    """
    width = max(len(line) for line in lines)
    for count in range(1, min(3, len(lines))):
        following = lines[count]
        room = len(lines[count - 1]) + 1 + len(following.split(maxsplit=1)[0]) <= width
        if not room or following[0].islower() or not may_be_title(" ".join(lines[:count])):
            continue
        rest = lines[count + 1 :] if are_names(following) else lines[count:]
        if may_be_abstract(" ".join(rest)):
            return count
    return 0
