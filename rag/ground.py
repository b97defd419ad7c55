"""Ties each sentence of an answer to the sentence of a cited abstract that supports it, and checks it by code.

A claim's support is the mean of two similarities with the best sentence: the share of the claim's words that the sentence
or the paper's title has, and the cosine of the two. A number that no cited abstract has makes a claim unsupported. It does
not cover negation, direction ("higher" for "lower"), or claims that need two sentences.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag import sentences, text
from rag.embedding import Embedder, Vectors
from rag.types import Claim, Evidence, Source, Verdict

SUPPORTED, PARTIAL = 0.52, 0.40  # least support for these verdicts; see CONTRIBUTING

_NUMBERS = r"\d{1,3}(?:[ \t]*(?:,|;|-|–|&|and)[ \t]*(?i:source[ \t]*|paper[ \t]*)?\d{1,3})*"
_LABEL = r"(?i:sources?|papers?|refs?\.?|nos?\.?|\^|#)?[ \t]*"
_BRACKETED = re.compile(rf"[\[【［][ \t]*{_LABEL}({_NUMBERS})[ \t]*(?:†[\w ().,:-]*)?[\]】］]")
# "(1)" is a citation only right before the stop of a sentence or at its end: elsewhere it counts the items of a list.
_ROUND = re.compile(rf"(?<=[ \t])\([ \t]*{_LABEL}({_NUMBERS})[ \t]*\)(?=[.!?;](?:\s|$)|[ \t]*$)", re.MULTILINE)
_BULLET = re.compile(r"\s*(?:[-*•+]|\d{1,2}[.)])\s+")
_HEADING = re.compile(r"\s*(?:#{1,6}\s.*|\*\*(?:[^*]|\\\*)+(?<!\.)\*\*:?|__[^_]+(?<!\.)__:?|[-=*_]{3,}|[^.!?]{1,80}:)\s*")
_CODE_BLOCK = re.compile(r"^[ \t]*(```|~~~)[^`\n]*$.*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_CODE_SPAN = re.compile(r"`[^`\n]+`")
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

    What stands in code is none, nor what an abstract of `sources` has in the same place.
    """
    prose = _CODE_SPAN.sub(_blank, _CODE_BLOCK.sub(_blank, answer))
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


def check(answer: str, sources: Sequence[Source], embedder: Embedder) -> list[Claim]:
    """Return the claims of `answer` in order, each with its citations, evidence and verdict.

    Headings, code and lead-ins get the verdict "none". The text is not changed; answer[claim.start:claim.end] is it.
    """
    marks = citations(answer, sources)
    by_number = {s.n: s for s in sources}
    drafts = []
    for start, end, is_claim in _statements(answer, marks):
        cited = tuple(dict.fromkeys(n for m in marks if start <= m.start < end for n in m.numbers))
        drafts.append((start, end, is_claim, cited))
    needed = {n for _, _, is_claim, cited in drafts if is_claim for n in cited if n in by_number}
    finder = _Finder([by_number[n] for n in sorted(needed)], embedder)
    return [
        _judge(answer, start, end, cited, finder) if is_claim else Claim(answer[start:end], start, end, cited, "none")
        for start, end, is_claim, cited in drafts
    ]


def invalid(answer: str, sources: Sequence[Source]) -> list[int]:
    """Return the cited numbers that are no source's, in order of appearance."""
    known = {s.n for s in sources}
    return list(dict.fromkeys(n for mark in citations(answer, sources) for n in mark.numbers if n not in known))


def _statements(answer: str, marks: Sequence[Citation]) -> list[tuple[int, int, bool]]:
    """Return (start, end, is a claim) of each sentence. A mark after a full stop, or alone on a line, belongs to the
    sentence before it; one that opens a line to the sentence after it."""
    masked = list(answer)
    for mark in marks:
        masked[mark.start : mark.end] = " " * (mark.end - mark.start)
    plain = "".join(masked)
    blocks = [m.span() for m in _CODE_BLOCK.finditer(answer)]
    found: list[tuple[int, int, bool]] = []
    position = 0
    for line in answer.splitlines(keepends=True):
        start, position = position, position + len(line)
        stripped = line.strip()
        if not stripped:
            continue
        in_code = any(first <= start < last for first, last in blocks)
        if in_code or _HEADING.fullmatch(plain[start:position].rstrip()):
            begin = start + line.index(stripped)
            found.append((begin, begin + len(stripped), False))
        elif plain[start:position].strip():
            bullet = _BULLET.match(line)
            found += _sentences(plain, start + (bullet.end() if bullet else 0), position, marks)
        elif found and found[-1][2]:
            found[-1] = (found[-1][0], start + len(line.rstrip()), True)
    return found


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


class _Finder:
    """Finds the best supporting sentence of a source for a claim."""

    def __init__(self, sources: Sequence[Source], embedder: Embedder) -> None:
        self._embedder = embedder
        self._sources = {s.n: s for s in sources}
        self._spans = {s.n: sentences.split(s.paper.abstract) or [(0, 0)] for s in sources}
        self._vectors: dict[str, Vectors] = {}

    def best(self, claim: str, n: int) -> Evidence:
        """Return the sentence of source `n` with the most support for `claim`; verbatim quotes need no embedding."""
        paper = self._sources[n].paper
        spans = self._spans[n]
        texts = [paper.abstract[start:end] for start, end in spans]
        words = text.content_words(claim)
        said = [text.content_words(t) for t in texts]
        scores = [len(words & s) / max(len(words), 1) for s in said]
        if max(scores) < 1.0:
            subject = text.content_words(paper.title)  # a sentence need not name again what the paper is about
            cosines = self._embedded(texts) @ self._embedded([claim])[0]
            shares = [len(words & (s | subject)) / max(len(words), 1) for s in said]
            scores = [(share + max(0.0, float(cosine))) / 2 for share, cosine in zip(shares, cosines, strict=True)]
        top = max(range(len(texts)), key=lambda i: scores[i])
        return Evidence(n, paper.id, texts[top], *spans[top], round(scores[top], 4))

    def _embedded(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of `texts` (n, dimension); each set of texts is embedded once."""
        key = "\n".join(texts)
        if key not in self._vectors:
            self._vectors[key] = self._embedder.embed(texts)
        return self._vectors[key]

    def lacks(self, claim: str, numbers: Sequence[int]) -> list[str]:
        """Return the numbers in `claim` that none of the sources `numbers` has in its title or abstract."""
        papers = [self._sources[n].paper for n in numbers]
        known = {x for p in papers for x in text.numbers(f"{p.title} {p.abstract}")}
        return sorted(text.numbers(claim) - known)

    def __contains__(self, n: int) -> bool:
        return n in self._sources


def _judge(answer: str, start: int, end: int, cited: tuple[int, ...], finder: _Finder) -> Claim:
    said = answer[start:end]
    if not cited:
        return Claim(said, start, end, cited, "uncited", ("no citation",))
    problems = [f"[{n}] is not one of the sources" for n in cited if n not in finder]
    valid = [n for n in cited if n in finder]
    if not valid:
        return Claim(said, start, end, cited, "unsupported", tuple(problems))
    bare = _ROUND.sub(" ", _BRACKETED.sub(" ", said)).strip()
    evidence = sorted((finder.best(bare, n) for n in valid), key=lambda e: -e.score)
    absent = finder.lacks(bare, valid)
    verdict = _verdict(evidence[0].score)
    if absent:
        verdict = "unsupported"
        problems.append(f"not in the cited abstract: {', '.join(absent)}")
    elif verdict != "supported":
        problems.append("no sentence of the cited abstract says all of this")
    else:
        problems += [f"[{e.n}] does not say this" for e in evidence if e.score < PARTIAL]
    return Claim(said, start, end, cited, verdict, tuple(problems), tuple(evidence))


def _verdict(score: float) -> Verdict:
    if score >= SUPPORTED:
        return "supported"
    return "partial" if score >= PARTIAL else "unsupported"
