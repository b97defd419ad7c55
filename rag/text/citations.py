"""Reads an answer: its citation marks, and the statements between its headings, lists and code, with their places.

Offsets are into the answer as it was written. Nothing is judged here.
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
# "(1)" is a citation only right before the stop of a sentence or at its end: elsewhere it counts the items of a list.
_ROUND = re.compile(rf"(?<=[ \t])\([ \t]*{_LABEL}({_NUMBERS})[ \t]*\)(?=[.!?;](?:\s|$)|[ \t]*$)", re.MULTILINE)
_BULLET = re.compile(r"\s*(?:[-*•+]|\d{1,2}[.)])\s+")
_HEADING = re.compile(r"\s*(?:#{1,6}\s.*|\*\*(?:[^*]|\\\*)+(?<!\.)\*\*:?|__[^_]+(?<!\.)__:?|[-=*_]{3,}|[^.!?]{1,160}:)\s*")
_CODE_BLOCK = re.compile(r"^[ \t]*(```|~~~)[^`\n]*$.*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_CODE_SPAN = re.compile(r"`[^`\n]+`|\\\(.+?\\\)")  # or maths in a line
_MATHS = re.compile(r"\s*(?:\\\[.*\\\]|\$\$.+\$\$)[\s.,]*")
_MATHS_BLOCK = re.compile(r"^[ \t]*(?:\\\[[ \t]*$.*?^[ \t]*\\\]|\$\$[ \t]*$.*?^[ \t]*\$\$)", re.MULTILINE | re.DOTALL)
_RULE = re.compile(r"\s*\|?[\s:|-]+\|[\s:|-]*")  # the line under the heads of a table
# What a model says of the sources themselves, as it was told to when they answer only a part.
_ABOUT_SOURCES = re.compile(
    r"\b(?:is|are)(?: not|n['’]t) (?:stated|given|known|specified|mentioned|reported|said|told)\b"
    r"|\b(?:abstracts?|papers?|sources?)\b[^.;]{0,40}?\b(?:(?:do|does|did|is|are)(?: not|n['’]t)|nor)\b[^.;]{0,24}?"
    r"\b(?:say|mention|tell|state|specif|provid|give|report|describ|discuss|answer|address|includ|contain|detail|given|stated|known)"
    r"|\b(?:no|none of the) (?:abstracts?|papers?|sources?|information|details?)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_GAP = re.compile(r"\s+(?=[.,;:!?](?:\s|$))")
_QUOTED = 20  # characters before a mark that, found with it in an abstract, make it part of a quotation


@dataclass(frozen=True, slots=True)
class Citation:
    """A mark answer[start:end] and the numbers it gives, in order."""

    start: int
    end: int
    numbers: tuple[int, ...]


def citations(answer: str, sources: Sequence[Source] = ()) -> list[Citation]:
    """Return the citation marks of `answer`: [1], [1, 2], [1-3], 【1】, [source 1]; and (1) at the end of a sentence, if
    there are no others.

    Marks inside code, and marks quoted from an abstract of `sources`, are not citations.
    """
    prose = _CODE_SPAN.sub(_blank, _MATHS_BLOCK.sub(_blank, _CODE_BLOCK.sub(_blank, answer)))
    found = list(_BRACKETED.finditer(prose)) or list(_ROUND.finditer(prose))
    marks = [Citation(m.start(), m.end(), _expand(m.group(1))) for m in found]
    return [m for m in marks if m.numbers and not _is_quoted(answer[max(0, m.start - _QUOTED) : m.end], sources)]


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def _is_quoted(mark_in_context: str, sources: Sequence[Source]) -> bool:
    return len(mark_in_context) > _QUOTED and any(mark_in_context in s.paper.abstract for s in sources)


def _expand(numbers: str) -> tuple[int, ...]:
    """ "1, 3-5" -> (1, 3, 4, 5). An interval like "0, 1" is no citation and gives ()."""
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
    """Return a paper's title as it stands in bold before what is quoted of it."""
    return paper.title.rstrip(". ").replace("*", "\\*")


def statements(answer: str, sources: Sequence[Source] = ()) -> list[Statement]:
    """Return the sentences of `answer` in order, without their bullets and a source's title in bold before a colon.

    A mark after a full stop, or alone on a line, belongs to the sentence before it; one that opens a line to the sentence
    after it. Headings, code, maths on a line of its own, lead-ins, titles, questions and what is said of the
    sources claim nothing.
    """
    marks = citations(answer, sources)
    masked = list(answer)
    for mark in marks:
        masked[mark.start : mark.end] = " " * (mark.end - mark.start)
    plain = "".join(masked)
    titles = [f"**{title_of(s.paper)}**:" for s in sources]
    blocks = [m.span() for m in (*_CODE_BLOCK.finditer(answer), *_MATHS_BLOCK.finditer(answer))]
    found: list[tuple[int, int, bool]] = []
    position = 0
    for line in answer.splitlines(keepends=True):
        start, position = position, position + len(line)
        stripped = line.strip()
        if not stripped:
            continue
        bare = plain[start:position].rstrip()
        if (
            any(first <= start < last for first, last in blocks)
            or _HEADING.fullmatch(bare)
            or _MATHS.fullmatch(bare)
            or _RULE.fullmatch(bare)
        ):
            begin = start + line.index(stripped)
            found.append((begin, begin + len(stripped), False))
        elif bare:
            lead = _BULLET.match(line)
            skipped = lead.end() if lead else 0
            titled = next((t for t in titles if line.startswith(t, skipped)), "")
            found += _sentences(plain, start + skipped + len(titled), position, marks)
        elif found and found[-1][2]:
            found[-1] = (found[-1][0], start + len(line.rstrip()), True)
    named = {_folded(s.paper.title) for s in sources}
    made = [_statement(plain, start, end, is_claim, marks) for start, end, is_claim in found]
    return [replace(s, is_claim=s.is_claim and _folded(plain[s.start : s.end]) not in named) for s in made]


def _folded(title: str) -> str:
    return " ".join(_WORD.findall(title.lower()))


def _statement(plain: str, start: int, end: int, is_claim: bool, marks: Sequence[Citation]) -> Statement:
    cited = tuple(dict.fromkeys(n for m in marks if start <= m.start < end for n in m.numbers))
    said = plain[start:end].strip()
    claims = is_claim and (bool(cited) or not (said.endswith("?") or _ABOUT_SOURCES.search(said)))
    return Statement(start, end, claims, cited)


def bare(statement: str) -> str:
    """Return the words of a statement, without its citation marks and the signs of bold text."""
    unmarked = _ROUND.sub(" ", _BRACKETED.sub(" ", statement)).replace("**", "")
    return _GAP.sub("", " ".join(unmarked.split()))


def _sentences(plain: str, begin: int, end: int, marks: Sequence[Citation]) -> list[tuple[int, int, bool]]:
    spans = [(begin + a, begin + b) for a, b in sentences.split(plain[begin:end])]
    if not spans:
        return []
    starts = [start for start, _ in spans]
    starts[0] = min([starts[0], *(m.start for m in marks if begin <= m.start < starts[0])])
    return [
        (start, max([stop, *(m.end for m in marks if start <= m.start < following)]), True)
        for (_, stop), start, following in zip(spans, starts, [*starts[1:], end], strict=True)
    ]
