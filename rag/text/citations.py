"""Finds the citation marks of an answer in the forms that models write, such as [1], [doc 1, doc 2], 【1†L3】 and ¹.

A mark is a bracket with an optional short label, numbers of sources and an optional place in the source, or a number that
stands raised after a word. Offsets are into the answer as written. Authors and years are found in rag.text.author_year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.text import author_year
from rag.types import Source

_SEPARATOR = r"[ \t]*(?:[,;，；、][ \t]*(?:and\b|&)?|&|and\b|to\b|[-‐‑–—−])[ \t]*"
_WORDS = r"(?:[^\W\d_]{1,15}\.?[ \t])?[^\W\d_]{1,15}?"
_AFTER_LABEL = r"[.:#_ \t-]{0,3}"
_YEAR = r"(?:19|20)\d\d[a-z]?"
# Where in the source: "†L3-L5", ": its title", ", p. 3", ", Zeng et al. 2020", ", abstract", " (p. 3)".
_PLACE = (
    r"†.*|(?:[:|]|[ \t][-–—])[ \t]+[^\W\d_]{2}.*|[,;][ \t]*(?:§+|¶+|[^\W\d_]{1,12}\.?)[ \t]*\d.*"
    rf"|[,;:][ \t]*[^\W\d_].*\b{_YEAR}|[,;][ \t]*(?:abstract|title)|[ \t]+\(.*\)"
)
_INSIDE = re.compile(
    rf"[ \t]*(?:(?P<label>{_WORDS})s?{_AFTER_LABEL}|[#^№][ \t]*)?"
    rf"(?P<numbers>\d{{1,3}}(?:{_SEPARATOR}(?:(?P=label)s?{_AFTER_LABEL})?\d{{1,3}})*)[ \t]*(?:{_PLACE})?\^?[ \t]*",
    re.IGNORECASE,
)
_SQUARE = re.compile(r"\\?[\[【［〔〖]([^\[\]【】［］〔〕〖〗\n]{1,120}?)\\?[\]】］〕〗]")
_ROUND = re.compile(r"\(([^()\n]{1,60})\)")
_SENTENCE_ENDS = re.compile(r"[.!?;](?:\s|$)|[ \t]*$", re.MULTILINE)
_SOURCE_LABEL = re.compile(
    r"(?-i:S)|abstract|source|paper|document|doc|reference|ref|excerpt|passage|citation|id", re.IGNORECASE
)
# Parts of a document, which LaTeX's \autoref names, and their short forms.
_PART = re.compile(
    r"fig(?:ure)?|tab(?:le)?|eqn?|equation|(?:sub)?sec(?:tion)?|chap(?:ter)?|app(?:endix)?|alg(?:orithm)?|theorem|lemma"
    r"|part|item|line|step|footnote|page|pp?",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"[a-z][^a-zA-Z]|[A-Z][._-]")  # "x1", "i-1"; but "S1" is the first source
_LISTED = r"\d{1,3}(?:[ \t]*[,;–-][ \t]*\d{1,3})*"
_ELEMENT = re.compile(rf"<(a|cite|citation|ref|source)\b[^<>\n]*>[ \t]*(?P<numbers>{_LISTED})[ \t]*</\1>", re.IGNORECASE)
_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_LOWERED = str.maketrans(f"{_DIGITS}˒⸴⁻", "0123456789,,-")
_RAISED = re.compile(
    rf"(?P<signs>[{_DIGITS}]{{1,3}}(?:[,;˒⸴⁻–-][ ]?[{_DIGITS}]{{1,3}})*)(?![\w⁺⁻({_DIGITS}])"
    rf"|(?:<sup>|\$\^\{{?)[ \t]*(?P<digits>{_LISTED})[ \t]*(?:</sup>|\}}?\$)"
)
# What a raised mark stands after. After "m", "km" or ")" a raised number is an exponent.
_BEFORE_RAISED = re.compile(rf"(?:^|\s|(?<!\d)[.!?,;:。！？\"”’»]|[^\W\d_]{{4}}\)|\b{_YEAR}\)|[^\W\d_]{{4}}|[\]】])[*_]*$")
_SHORT_WORD = re.compile(r"[^\W\d_]{2}[*_]*$")
_EXPONENTS = range(2, 10)
_MAX_WORD, _MAX_TAG = 40, 300  # characters read before a mark
_TARGET = re.compile(r"\((?:[^\s()]|\([^\s()]*\))*(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'))?\)")  # of a Markdown link
_OPENING_TAG = re.compile(r"<[a-z]+(?:\s[^<>\n]*)?>$", re.IGNORECASE)
_CLOSING_TAG = re.compile(r"</[a-z]+>", re.IGNORECASE)
_ADDRESS = re.compile(rf"(?<=\]){_TARGET.pattern}|<?\bhttps?://[^\s<>()\[\]]*[^\s<>()\[\].,;:!?]>?")
CODE_BLOCK = re.compile(
    r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[^`\n]*$.*?(?:^[ \t]*(?P<closing>(?P=fence)[`~]*)[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
# Code and maths in a line. "$^1$$^2$" are raised marks, and \[1\] may be a mark.
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)|\\\(.+?\\\)|\$\$(?!\^)[^$\n]+\$\$|\\\[(?P<square>[^\n]+?)\\\]")
MATHS_BLOCK = re.compile(r"^[ \t]*(?:\\\[[ \t]*$.*?^[ \t]*\\\]|\$\$[ \t]*$.*?^[ \t]*\$\$)", re.MULTILINE | re.DOTALL)
SPACE_BEFORE_STOP = re.compile(r"\s+(?=[.,;:!?](?:\s|$))")
MARK_OPENINGS = ("[", "【", "［", "〔", "〖", "(", "\\", "<", "$", "^", *_DIGITS)
_OPEN_BRACKET = re.compile(r"[\[【［〔〖(][^\]】］〕〗)\n]{0,120}\Z")
_QUOTE_CHARS_BEFORE_MARK = 20  # when an abstract has these characters and the mark, the mark is part of a quotation
_MAX_LISTED = 99  # a higher number in a list is no source
_FAR_BEYOND = 5  # a list is no mark when most of its numbers exceed the number of sources by more


@dataclass(frozen=True, slots=True)
class Citation:
    """A citation mark answer[start:end] and its source numbers, in order. It is empty after an author and a year."""

    start: int
    end: int
    numbers: tuple[int, ...]


def citations(answer: str, sources: Sequence[Source] = ()) -> list[Citation]:
    """Return the citation marks of `answer`, each with the link target, brackets and elements directly around it.

    Where there are no such marks, (1) at the end of a sentence is one, and else an author and a year that agree with exactly
    one of `sources`, as an empty mark before their closing bracket. Marks inside code or maths, parts of a document such as
    [Table 1], intervals, shapes, exponents, and marks quoted from a text of `sources` are no citations.
    """
    read, texts = prose(answer), _texts(sources)
    found = [*_bracketed(read, texts), *_elements(read), *_raised(read, sources)]
    found = [mark for mark in found if _cites(mark.numbers, len(sources))] or list(_round(read))
    if not found:
        return [Citation(at, at, (n,)) for at, n in author_year.resolved(read, sources)]
    marks: list[Citation] = []
    for mark in sorted(found, key=lambda mark: (mark.start, -mark.end)):
        if not marks or mark.start >= marks[-1].end:
            marks.append(mark)
    return [mark for mark in marks if not _is_quoted(answer, mark, texts)]


def prose(answer: str) -> str:
    """Return `answer` with blanks in place of its code and maths. Offsets and lines stay the same."""
    return _CODE_SPAN.sub(_blank_span, MATHS_BLOCK.sub(_blank, CODE_BLOCK.sub(_blank, answer)))


def without_open_mark(answer: str) -> str:
    """Return a growing `answer` without the bracket at its end that is still open, and may become a mark."""
    bracket = _OPEN_BRACKET.search(answer)
    return answer[: bracket.start()] if bracket else answer


def asides(answer: str, marks: Sequence[Citation], sources: Sequence[Source] = ()) -> list[tuple[int, int]]:
    """Return the spans of addresses, authors and years of `answer`, which claim nothing, but none that a source has."""
    texts = _texts(sources)
    spans = [*(m.span() for m in _ADDRESS.finditer(answer)), *author_year.spans(without(answer, marks), sources)]
    return [(start, end) for start, end in spans if not any(answer[start:end] in text for text in texts)]


def blanked_out(answer: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return `answer` with blanks in place of `spans`. Offsets stay the same."""
    characters = list(answer)
    for start, end in spans:
        characters[start:end] = " " * (end - start)
    return "".join(characters)


def without(answer: str, marks: Iterable[Citation]) -> str:
    """Return `answer` with blanks in place of `marks`. Offsets stay the same."""
    return blanked_out(answer, ((mark.start, mark.end) for mark in marks))


def without_marks(statement: str) -> str:
    """Return the text of `statement` without citation marks and the asterisks of bold text."""
    plain = without(statement, citations(statement))
    return SPACE_BEFORE_STOP.sub("", " ".join(plain.replace("**", "").split()))


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def _blank_span(match: re.Match[str]) -> str:
    return match.group() if match["square"] and _INSIDE.fullmatch(match["square"]) else _blank(match)


def _texts(sources: Sequence[Source]) -> list[str]:
    return [text for s in sources for text in (s.paper.title, s.paper.abstract)]


def _bracketed(prose: str, texts: Sequence[str]) -> Iterator[Citation]:
    """Yield [1], [doc 1] and the like, and (source 1), whose label must be a word for a source."""
    for bracket in (*_SQUARE.finditer(prose), *_ROUND.finditer(prose)):
        inside = _INSIDE.fullmatch(bracket.group(1))
        if inside is None:
            continue
        label = inside["label"] or ""
        if bracket.re is _ROUND and not _SOURCE_LABEL.fullmatch(label):
            continue
        if not label or _names_source(label, inside.group().strip(), texts):
            yield Citation(*_widened(prose, *bracket.span()), _numbers(inside["numbers"]))


def _names_source(label: str, inside: str, texts: Sequence[str]) -> bool:
    """Whether a label can name a source: it is no part of a document, no variable ("x1"), and no name in `texts` ("GPT-4")."""
    if any(_PART.fullmatch(word.rstrip(".")) for word in label.split()) or _VARIABLE.match(inside):
        return False
    is_name = len(label) > 1 and not re.search(r"[:\s]", inside)
    return not any(f"[{inside}]" in text or (is_name and inside in text) for text in texts)


def _elements(prose: str) -> Iterator[Citation]:
    for element in _ELEMENT.finditer(prose):
        yield Citation(*_widened(prose, *element.span()), _numbers(element["numbers"]))


def _raised(prose: str, sources: Sequence[Source]) -> Iterator[Citation]:
    """Yield raised numbers after a word or a sentence, but no exponents, and none that a source has after that word.

    Digits side by side that are no source together, as ¹², are sources each.
    """
    texts = _texts(sources)
    for sign in _RAISED.finditer(prose):
        numbers = _numbers(sign["digits"] or sign["signs"].translate(_LOWERED))
        if len(numbers) == 1 and len(sources) < numbers[0] and all(1 <= int(d) <= len(sources) for d in str(numbers[0])):
            numbers = tuple(dict.fromkeys(int(d) for d in str(numbers[0])))
        before = prose[max(0, sign.start() - _MAX_WORD) : sign.start()]
        may_be_exponent = len(numbers) == 1 and numbers[0] in _EXPONENTS
        if not _BEFORE_RAISED.search(before) and (may_be_exponent or not _SHORT_WORD.search(before)):
            continue
        word = re.split(r"[\s*]", before.rstrip("*_"))[-1] + before[len(before.rstrip("*_")) :]
        if not (word and any(word + sign.group() in text for text in texts)):
            yield Citation(*_widened(prose, *sign.span()), numbers)


def _round(prose: str) -> Iterator[Citation]:
    """Yield (1) and (1, 2) at the end of a sentence. Elsewhere they number the items of a list."""
    for bracket in _ROUND.finditer(prose):
        inside = _INSIDE.fullmatch(bracket.group(1))
        spaced = prose[: bracket.start()].endswith((" ", "\t"))
        if inside and not inside["label"] and spaced and _SENTENCE_ENDS.match(prose, bracket.end()):
            numbers = _numbers(inside["numbers"])
            if _cites(numbers, 0):
                yield Citation(*bracket.span(), numbers)


def _widened(prose: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of a mark with its link target, and with brackets, signs and elements that enclose nothing else."""
    while True:
        target = _TARGET.match(prose, end)
        end = target.end() if target else end
        opening, closing = _OPENING_TAG.search(prose[max(0, start - _MAX_TAG) : start]), _CLOSING_TAG.match(prose, end)
        if start and prose[start - 1] + prose[end : end + 1] in ("()", "[]", "^^"):
            start, end = start - 1, end + 1
        elif opening and closing:
            start, end = start - len(opening.group()), closing.end()
        else:
            return start, end


def _is_quoted(answer: str, mark: Citation, texts: Sequence[str]) -> bool:
    quote = answer[max(0, mark.start - _QUOTE_CHARS_BEFORE_MARK) : mark.end]
    return mark.start >= _QUOTE_CHARS_BEFORE_MARK and any(quote in text for text in texts)


def _numbers(written: str) -> tuple[int, ...]:
    """Return the numbers of a mark: (1, 3, 4, 5) for "1, 3-5"."""
    result: list[int] = []
    for part in re.split(r"[,;，；、&]|and", written, flags=re.IGNORECASE):
        ends = [int(n) for n in re.findall(r"\d+", part)]
        ranged = len(ends) == 2 and ends[0] < ends[1] <= ends[0] + 20
        result += range(ends[0], ends[1] + 1) if ranged else ends
    return tuple(dict.fromkeys(result))


def _cites(numbers: tuple[int, ...], sources: int) -> bool:
    """Whether `numbers` are those of a mark: not of an interval, such as 0 and 1, nor of a shape, such as 3 and 224."""
    if len(numbers) < 2:
        return bool(numbers)
    far = sum(n > sources + _FAR_BEYOND for n in numbers) if sources else 0
    return 0 not in numbers and max(numbers) <= _MAX_LISTED and far <= len(numbers) / 2
