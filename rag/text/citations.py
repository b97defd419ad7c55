"""Finds the citation marks of an answer and its statements: the sentences between headings, lists and code.

Offsets are into the answer as written. Whether a statement is supported is checked in rag.checking.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.text import sentences
from rag.types import Paper, Source

_NUMBERS = r"\d{1,3}(?:[ \t]*(?:,|;|-|–|&|and)[ \t]*(?i:source[ \t]*|paper[ \t]*)?\d{1,3})*"
_LABEL = r"(?i:sources?|papers?|refs?\.?|nos?\.?|\^|#)?[ \t]*"
_BRACKETED = re.compile(rf"[\[【［][ \t]*{_LABEL}({_NUMBERS})[ \t]*(?:†[\w ().,:-]*)?[\]】］]")
# "(1)" is a citation only at the end of a sentence: elsewhere it numbers the items of a list.
_ROUND = re.compile(rf"(?<=[ \t])\([ \t]*{_LABEL}({_NUMBERS})[ \t]*\)(?=[.!?;](?:\s|$)|[ \t]*$)", re.MULTILINE)
_BULLET = re.compile(r"\s*(?:[-*•+]|\d{1,2}[.)])\s+")
_HEADING = re.compile(r"\s*(?:#{1,6}\s.*|\*\*(?:[^*]|\\\*)+(?<!\.)\*\*:?|__[^_]+(?<!\.)__:?|[-=*_]{3,}|[^.!?]{1,160}:)\s*")
_CODE_BLOCK = re.compile(r"^[ \t]*(```|~~~)[^`\n]*$.*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_CODE_SPAN = re.compile(r"`[^`\n]+`|\\\(.+?\\\)")  # or maths in a line
_MATHS_LINE = re.compile(r"\s*(?:\\\[.*\\\]|\$\$.+\$\$)[\s.,]*")
_MATHS_BLOCK = re.compile(r"^[ \t]*(?:\\\[[ \t]*$.*?^[ \t]*\\\]|\$\$[ \t]*$.*?^[ \t]*\$\$)", re.MULTILINE | re.DOTALL)
_TABLE_RULE = re.compile(r"\s*\|?[\s:|-]+\|[\s:|-]*")  # the line under the header of a table
# Sentences about the sources themselves. The prompt asks for them when the sources answer only a part.
_ABOUT_SOURCES = re.compile(
    r"\b(?:is|are)(?: not|n['’]t) (?:stated|given|known|specified|mentioned|reported|said|told)\b"
    r"|\b(?:abstracts?|papers?|sources?)\b[^.;]{0,40}?\b(?:(?:do|does|did|is|are)(?: not|n['’]t)|nor)\b[^.;]{0,24}?"
    r"\b(?:say|mention|tell|state|specif|provid|give|report|describ|discuss|answer|address|includ|contain|detail|given|stated|known)"
    r"|\b(?:no|none of the) (?:abstracts?|papers?|sources?|information|details?)\b",
    re.IGNORECASE,
)
_TITLE_WORD = re.compile(r"\w+")
_SPACE_BEFORE_STOP = re.compile(r"\s+(?=[.,;:!?](?:\s|$))")
_QUOTE_CHARS_BEFORE_MARK = 20  # when an abstract has these characters and the mark, the mark is part of a quotation

_Span = tuple[int, int, bool]  # start, end, whether the span may be a claim


@dataclass(frozen=True, slots=True)
class Citation:
    """A citation mark answer[start:end] and its source numbers, in order."""

    start: int
    end: int
    numbers: tuple[int, ...]


def citations(answer: str, sources: Sequence[Source] = ()) -> list[Citation]:
    """Return the citation marks of `answer`: [1], [1, 2], [1-3], 【1】, [source 1].

    An answer without such marks may cite by (1) at the end of a sentence. Marks inside code, and marks quoted from an
    abstract of `sources`, are not citations.
    """
    prose = _CODE_SPAN.sub(_blank, _MATHS_BLOCK.sub(_blank, _CODE_BLOCK.sub(_blank, answer)))
    matches = list(_BRACKETED.finditer(prose)) or list(_ROUND.finditer(prose))
    marks = [Citation(m.start(), m.end(), _expand(m.group(1))) for m in matches]
    return [m for m in marks if m.numbers and not _is_quoted(answer, m, sources)]


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def _is_quoted(answer: str, mark: Citation, sources: Sequence[Source]) -> bool:
    quote = answer[max(0, mark.start - _QUOTE_CHARS_BEFORE_MARK) : mark.end]
    return len(quote) > _QUOTE_CHARS_BEFORE_MARK and any(quote in s.paper.abstract for s in sources)


def _expand(numbers: str) -> tuple[int, ...]:
    """Return the numbers of a mark: (1, 3, 4, 5) for "1, 3-5", () for an interval such as "0, 1"."""
    result: list[int] = []
    for part in re.split(r"\s*(?:,|;|&|and)\s*", numbers):
        ends = [int(n) for n in re.findall(r"\d+", part)]
        ranged = len(ends) == 2 and ends[0] < ends[1] <= ends[0] + 20
        result += range(ends[0], ends[1] + 1) if ranged else ends
    return () if 0 in result and len(result) > 1 else tuple(dict.fromkeys(result))


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence answer[start:end], the numbers it cites, and whether it claims anything that a source could support."""

    start: int
    end: int
    is_claim: bool
    citations: tuple[int, ...] = ()


def title_of(paper: Paper) -> str:
    """Return the title of `paper` for bold Markdown, as the extractive reader writes it before a quotation."""
    return paper.title.rstrip(". ").replace("*", "\\*")


def statements(answer: str, sources: Sequence[Source] = ()) -> list[Statement]:
    """Return the sentences of `answer` in order, without bullets and without the bold title of a source before a colon.

    A mark after a full stop, or alone on a line, belongs to the sentence before it. A mark at the start of a line belongs to
    the sentence after it. These are no claims: headings, code, maths on its own line, lead-ins, titles, questions, and
    sentences about the sources.
    """
    marks = citations(answer, sources)
    masked = list(answer)
    for mark in marks:
        masked[mark.start : mark.end] = " " * (mark.end - mark.start)
    plain = "".join(masked)
    titles = {_folded(s.paper.title) for s in sources}
    spans = _spans(answer, plain, marks, [f"**{title_of(s.paper)}**:" for s in sources])
    made = [_statement(plain, start, end, is_claim, marks) for start, end, is_claim in spans]
    return [replace(s, is_claim=s.is_claim and _folded(plain[s.start : s.end]) not in titles) for s in made]


def _spans(answer: str, plain: str, marks: Sequence[Citation], lead_titles: Sequence[str]) -> list[_Span]:
    """Return the spans of the sentences of `answer`; `plain` is the answer with its marks blanked out."""
    blocks = [m.span() for m in (*_CODE_BLOCK.finditer(answer), *_MATHS_BLOCK.finditer(answer))]
    spans: list[_Span] = []
    position = 0
    for line in answer.splitlines(keepends=True):
        start, position = position, position + len(line)
        stripped = line.strip()
        if not stripped:
            continue
        text = plain[start:position].rstrip()
        if any(first <= start < last for first, last in blocks) or _is_no_prose(text):
            begin = start + line.index(stripped)
            spans.append((begin, begin + len(stripped), False))
        elif text:
            bullet = _BULLET.match(line)
            skipped = bullet.end() if bullet else 0
            title = next((t for t in lead_titles if line.startswith(t, skipped)), "")
            spans += _sentences(plain, start + skipped + len(title), position, marks)
        elif spans and spans[-1][2]:  # marks alone on a line
            spans[-1] = (spans[-1][0], start + len(line.rstrip()), True)
    return spans


def _is_no_prose(line: str) -> bool:
    return any(pattern.fullmatch(line) for pattern in (_HEADING, _MATHS_LINE, _TABLE_RULE))


def _folded(title: str) -> str:
    return " ".join(_TITLE_WORD.findall(title.lower()))


def _statement(plain: str, start: int, end: int, is_claim: bool, marks: Sequence[Citation]) -> Statement:
    cited = tuple(dict.fromkeys(n for m in marks if start <= m.start < end for n in m.numbers))
    text = plain[start:end].strip()
    claims = is_claim and (bool(cited) or not (text.endswith("?") or _ABOUT_SOURCES.search(text)))
    return Statement(start=start, end=end, is_claim=claims, citations=cited)


def without_marks(statement: str) -> str:
    """Return the text of `statement` without citation marks and the asterisks of bold text."""
    unmarked = _ROUND.sub(" ", _BRACKETED.sub(" ", statement)).replace("**", "")
    return _SPACE_BEFORE_STOP.sub("", " ".join(unmarked.split()))


def _sentences(plain: str, begin: int, end: int, marks: Sequence[Citation]) -> list[_Span]:
    spans = [(begin + a, begin + b) for a, b in sentences.split(plain[begin:end])]
    if not spans:
        return []
    starts = [start for start, _ in spans]
    starts[0] = min([starts[0], *(m.start for m in marks if begin <= m.start < starts[0])])
    return [
        (start, max([stop, *(m.end for m in marks if start <= m.start < following)]), True)
        for (_, stop), start, following in zip(spans, starts, [*starts[1:], end], strict=True)
    ]
