"""Finds the statements of an answer: its sentences, and the clauses of a sentence that carry marks of their own.

A statement also has the citations that it inherits, from the head of a list or a table or from a heading, and the context
in which it is read. Offsets are into the answer as written. Whether a statement is supported is checked in rag.checking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from rag.text import remarks, sentences, tables
from rag.text.citations import CODE_BLOCK, MATHS_BLOCK, SPACE_BEFORE_STOP, Citation, asides, blanked_out, citations
from rag.text.words import content_words
from rag.types import Paper, Source

_BULLET = re.compile(r"\s*(?:[-*•+]|\d{1,2}[.)])\s+")
_LEAD_IN = re.compile(r"[^.!?]{1,160}:\s*")
_TITLED = re.compile(r"\s*(?:#{1,6}\s.*|\*\*(?:[^*]|\\\*)+(?<!\.)\*\*:?|__[^_]+(?<!\.)__:?|[-=*_]{3,})\s*")
_MATHS_LINE = re.compile(r"\s*(?:\\\[.*\\\]|\$\$.+\$\$)[\s.,]*")
_YES_NO = re.compile(r"\s*(?:yes|no|not exactly|partly|in part)\s*(?:[,.:;!—–-]+\s*|$)", re.IGNORECASE)
_POINTERS = content_words("see cf")  # a sentence of only these points to a source: "See [1]."
_TITLE_WORD = re.compile(r"\w+")
_STRONG_BOUNDARY = re.compile(r";|[,—–]?\s+(?=(?:while|whereas|but|although|though|yet|and|or)\b)")
_BOUNDARY = re.compile(r"\s*(?:[,;:—–]|(?=\b(?:while|whereas|but|although|though|yet|and|or)\b))\s*")
# Between a remark about the sources and what is stated beside it.
_CONTRAST = re.compile(r"[;:]\s|\s[—–-]\s|[,—–]?\s+(?=(?:but|although|though|yet|however|while|whereas)\b)")
_CONCESSION = re.compile(r"\W*(?:although|though|while|whereas)\b[^,]*(?P<boundary>,\s)", re.IGNORECASE)
_BETWEEN_MARKS = re.compile(r"(?:\s|,|;|and|&)*")
_MIN_CLAUSE_WORDS = 3  # content words of a clause that is a statement of its own


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence or clause answer[start:end], the numbers it cites, and whether it claims what a source could support.

    `inherited` says that the citations stand in the head of its list, its table or its section. `context` is the sentence
    before it, or that head, without marks. `sentence` is the offset at which its whole sentence starts. `plain` is its text
    with blanks for what claims nothing: marks, addresses, authors and years.
    """

    start: int
    end: int
    is_claim: bool
    citations: tuple[int, ...] = ()
    inherited: bool = False
    context: str = ""
    sentence: int = 0
    plain: str = ""


def title_of(paper: Paper) -> str:
    """Return the title of `paper` for bold Markdown, as the extractive reader writes it before a quotation."""
    return paper.title.rstrip(". ").replace("*", "\\*")


def statements(answer: str, sources: Sequence[Source] = ()) -> list[Statement]:
    """Return the statements of `answer` in order, without bullets and without the bold title of a source before a colon.

    A mark after a full stop, or alone on a line, belongs to the sentence before it. A mark at the start of a line belongs to
    the sentence after it. These are no claims: headings, code, maths on its own line, lead-ins, titles, questions, a bare yes
    or no, announcements, and sentences about the sources.
    """
    return _Reader(answer, sources).statements()


def judged_text(plain: str) -> str:
    """Return what the `plain` text of a statement claims: without bars of a table, and a yes or no before it."""
    cells = [" ".join(cell.split()) for cell in blanked(plain).split("|")]
    return ", ".join(SPACE_BEFORE_STOP.sub("", cell) for cell in cells if cell.strip(" -"))


def blanked(plain: str) -> str:
    """Return the `plain` text of a statement with blanks for bold signs and a yes or no before it. Offsets stay the same."""
    text = plain.replace("**", "  ")
    answered = _YES_NO.match(text)
    return " " * answered.end() + text[answered.end() :] if answered else text


@dataclass(slots=True)
class _Head:
    """What stands over the lines to come: its text, its citations, and for how long it holds; of a table also its columns'."""

    text: str = ""
    citations: tuple[int, ...] = ()
    over: str = ""  # "list", "table" or "section"
    columns: tuple[_Head, ...] = ()


@dataclass(slots=True)
class _Reader:
    answer: str
    sources: Sequence[Source]
    marks: list[Citation] = field(default_factory=list)
    attached: list[tuple[int, int]] = field(default_factory=list)  # marks, and what claims nothing and stands in brackets
    plain: str = ""  # the answer with blanks for what is attached
    claiming: str = ""  # with blanks for addresses, authors and years outside brackets too
    read: list[Statement] = field(default_factory=list)
    head: _Head = field(default_factory=_Head)
    section: _Head = field(default_factory=_Head)

    def statements(self) -> list[Statement]:
        self.marks = citations(self.answer, self.sources)
        aside = asides(self.answer, self.marks, self.sources)
        self.attached = [(m.start, m.end) for m in self.marks] + [span for span in aside if self.answer[span[0]] in "([<"]
        self.plain = blanked_out(self.answer, self.attached)
        self.claiming = blanked_out(self.plain, aside)
        blocks = [m.span() for m in (*CODE_BLOCK.finditer(self.answer), *MATHS_BLOCK.finditer(self.answer))]
        lines = list(self._lines())
        for n, (start, end) in enumerate(lines):
            in_block = any(first <= start < last for first, last in blocks)
            following = self.plain[slice(*lines[n + 1])] if n + 1 < len(lines) else ""
            self._line(start, end, in_block, following)
        return self.read

    def _lines(self) -> Iterator[tuple[int, int]]:
        position = 0
        for line in self.answer.splitlines(keepends=True):
            start, position = position, position + len(line)
            if line.strip():
                yield start, position

    def _line(self, start: int, end: int, in_block: bool, following: str) -> None:
        line, text = self.answer[start:end], self.plain[start:end].rstrip()
        bullet = _BULLET.match(line)
        skipped = bullet.end() if bullet else 0
        row = tables.ROW.fullmatch(text)
        if in_block or _MATHS_LINE.fullmatch(text) or (text and tables.RULE.fullmatch(text)):
            self._no_claim(start, line)
        elif text and _TITLED.fullmatch(text):
            self.section = self.head = _Head(text.strip("#*_: "), self._cited(start, end), "section")
            self._no_claim(start, line)
        elif text and _LEAD_IN.fullmatch(text):
            self.head = _Head(text.strip(), self._cited(start, end) or self._inherited(in_list=bool(bullet)), "list")
            self._no_claim(start, line)
        elif row and tables.RULE.fullmatch(following.rstrip()):
            columns = tuple(self._table_head(*cell) for cell in tables.cells(self.answer, start, end))
            self.head = replace(self._table_head(start, end), columns=columns)
            self._no_claim(start, line)
        elif row or (text.startswith("|") and self.head.over == "table"):
            self._row(start, end)
        elif text:
            if self.head.over == "table" or (self.head.over == "list" and not bullet and not line[0].isspace()):
                self.head = self.section
            title = next((t for t in map(_lead_title, self.sources) if line.startswith(t, skipped)), "")
            for span in self._sentences(start + skipped + len(title), end):
                self._sentence(*span)
        elif self.read and self.read[-1].is_claim:  # marks alone on a line
            last = self.read.pop()
            self._add(last.start, start + len(line.rstrip()), last.sentence)

    def _row(self, start: int, end: int) -> None:
        """Read a row of a table. Its cells are statements of their own where they, or their columns, cite differently."""
        table, cells = self.head, tables.cells(self.answer, start, end)
        columns = table.columns if len(cells) == len(table.columns) else (_Head(),) * len(cells)
        if len({self._cited(*cell) or column.citations for cell, column in zip(cells, columns, strict=True)} - {()}) < 2:
            line = self.answer[start:end]
            self._add(start + line.index(line.strip()), start + len(line.rstrip()), start)
            return
        label = judged_text(self.claiming[slice(*cells[0])])
        for n, ((first, last), column) in enumerate(zip(cells, columns, strict=True)):
            self.head = replace(column, text=", ".join(filter(None, (column.text, label if n else ""))))
            if self._cited(first, last) or (n and not remarks.is_empty_cell(self.claiming[first:last])):
                for span in self._sentences(first, last):
                    self._sentence(*span)
            elif self.answer[first:last].strip():
                self._no_claim(first, self.answer[first:last])
        self.head = table

    def _table_head(self, start: int, end: int) -> _Head:
        return _Head(judged_text(self.claiming[start:end]), self._cited(start, end), "table")

    def _no_claim(self, start: int, line: str) -> None:
        begin = start + line.index(line.strip())
        self.read.append(Statement(begin, begin + len(line.strip()), is_claim=False, sentence=begin))

    def _sentences(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Return the spans of the sentences of plain[begin:end], each with what is attached to it."""
        spans = self._split(begin, end)
        if not spans:
            return []
        starts = [start for start, _ in spans]
        starts[0] = min([starts[0], *(a for a, _ in self.attached if begin <= a < starts[0])])
        return [
            (start, max([stop, *(b for a, b in self.attached if start <= a < following)]))
            for (_, stop), start, following in zip(spans, starts, [*starts[1:], end], strict=True)
        ]

    def _split(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Return the spans of the sentences of plain[begin:end]. Signs of bold text that touch it are in its span."""
        unbold = self.plain[begin:end].replace("**", "  ")  # "**No.** It hums." is two sentences
        spans: list[tuple[int, int]] = []
        for a, b in sentences.split(unbold):
            start, stop = begin + a, begin + b
            if self.plain.endswith("**", spans[-1][1] if spans else begin, start):
                start -= 2
            spans.append((start, stop + 2 * self.plain.startswith("**", stop, end)))
        return spans

    def _sentence(self, start: int, end: int) -> None:
        for first, last in self._clauses(start, end):
            self._add(first, last, start)

    def _clauses(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the clauses of a sentence: cut between its marks, where a clause ends and each side claims something."""
        cuts = [c for a, b in pairwise(self._runs(start, end)) if (c := self._cut(a[1], b[0])) is not None]
        clauses, first = [], start
        for cut, resumed in cuts:
            if _is_clause(self.claiming[first:cut]) and _is_clause(self.claiming[resumed:end]):
                clauses.append((first, cut))
                first = resumed
        return [part for clause in [*clauses, (first, end)] for part in self._beside_remark(*clause)]

    def _beside_remark(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the spans of a remark about the sources and of what is stated after it, or before it with a mark."""
        conceded = _CONCESSION.match(self.plain, start, end)
        spans = [conceded.span("boundary")] if conceded else [m.span() for m in _CONTRAST.finditer(self.plain, start, end)]
        for cut, resumed in spans:
            sides = self.claiming[start:cut], self.claiming[resumed:end]
            remark_first = remarks.is_about_sources(sides[0])
            stated = sides[remark_first]
            if not remark_first and not (self._cited(start, cut) and remarks.is_about_sources(sides[1])):
                continue
            if _is_clause(stated) and not (remarks.is_about_sources(stated) or remarks.explains_refusal(stated)):
                return [(start, cut), (resumed, end)]
        return [(start, end)]

    def _runs(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the spans of marks that stand together, as [1][2] or [1] and [2]."""
        runs: list[tuple[int, int]] = []
        for mark in (m for m in self.marks if start <= m.start < end):
            if runs and _BETWEEN_MARKS.fullmatch(self.answer, runs[-1][1], mark.start):
                runs[-1] = (runs[-1][0], mark.end)
            else:
                runs.append((mark.start, mark.end))
        return runs

    def _cut(self, after: int, before: int) -> tuple[int, int] | None:
        """Return where a clause ends and the next begins between two marks; None when both stand in one clause."""
        at_mark = _BOUNDARY.match(self.plain, after, before)
        if at_mark and at_mark.end() > after:
            return after, at_mark.end()
        if at_mark:
            return None
        inner = _STRONG_BOUNDARY.search(self.plain, after, before)
        return (inner.start(), inner.end()) if inner else None

    def _cited(self, start: int, end: int) -> tuple[int, ...]:
        return tuple(dict.fromkeys(n for m in self.marks if start <= m.start < end for n in m.numbers))

    def _inherited(self, *, in_list: bool) -> tuple[int, ...]:
        return self.head.citations if self.head.over != "list" or in_list else self.section.citations

    def _add(self, start: int, end: int, sentence: int) -> None:
        own = self._cited(start, end)
        self.read.append(
            Statement(
                start,
                end,
                is_claim=self._claims(self.claiming[start:end], cites=bool(own)),
                citations=own or self.head.citations,
                inherited=not own and bool(self.head.citations),
                context=self._context(),
                sentence=sentence,
                plain=self.claiming[start:end],
            )
        )

    def _context(self) -> str:
        if self.head.over in ("list", "table"):
            return self.head.text
        last = self.read[-1] if self.read else None
        return judged_text(last.plain) if last and last.is_claim else self.head.text

    def _claims(self, plain: str, *, cites: bool) -> bool:
        text = plain.strip()
        if _folded(text) in {_folded(s.paper.title) for s in self.sources} or remarks.is_about_sources(text):
            return False
        words = content_words(judged_text(text)) - _POINTERS
        if cites or not words:
            return bool(words)
        return not (text.endswith("?") or remarks.is_about_sources_uncited(text) or remarks.is_announcement(text, words))


def _lead_title(source: Source) -> str:
    return f"**{title_of(source.paper)}**:"


def _is_clause(text: str) -> bool:
    return len(content_words(text)) >= _MIN_CLAUSE_WORDS


def _folded(title: str) -> str:
    return " ".join(_TITLE_WORD.findall(title.lower()))
