"""Finds the citation marks of an answer, such as [1], [2, 3] and 【1】. Offsets are into the answer as written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.types import Source

_NUMBERS = r"\d{1,3}(?:[ \t]*(?:,|;|-|–|&|and)[ \t]*(?i:source[ \t]*|paper[ \t]*)?\d{1,3})*"
_LABEL = r"(?i:sources?|papers?|refs?\.?|nos?\.?|\^|#)?[ \t]*"
_BRACKETED = re.compile(rf"[\[【［][ \t]*{_LABEL}({_NUMBERS})[ \t]*(?:†[\w ().,:-]*)?[\]】］]")
# "(1)" is a citation only at the end of a sentence: elsewhere it numbers the items of a list.
_ROUND = re.compile(rf"(?<=[ \t])\([ \t]*{_LABEL}({_NUMBERS})[ \t]*\)(?=[.!?;](?:\s|$)|[ \t]*$)", re.MULTILINE)
MARK = re.compile(f"{_BRACKETED.pattern}|{_ROUND.pattern}", re.MULTILINE)
CODE_BLOCK = re.compile(r"^[ \t]*(```|~~~)[^`\n]*$.*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_CODE_SPAN = re.compile(r"`[^`\n]+`|\\\(.+?\\\)")  # or maths in a line
MATHS_BLOCK = re.compile(r"^[ \t]*(?:\\\[[ \t]*$.*?^[ \t]*\\\]|\$\$[ \t]*$.*?^[ \t]*\$\$)", re.MULTILINE | re.DOTALL)
SPACE_BEFORE_STOP = re.compile(r"\s+(?=[.,;:!?](?:\s|$))")
_QUOTE_CHARS_BEFORE_MARK = 20  # when an abstract has these characters and the mark, the mark is part of a quotation


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
    prose = _CODE_SPAN.sub(_blank, MATHS_BLOCK.sub(_blank, CODE_BLOCK.sub(_blank, answer)))
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


def without_marks(statement: str) -> str:
    """Return the text of `statement` without citation marks and the asterisks of bold text."""
    return SPACE_BEFORE_STOP.sub("", " ".join(MARK.sub(" ", statement).replace("**", "").split()))
