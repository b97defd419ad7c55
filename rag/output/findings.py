"""What the check found, as lines: the signs used, each claim in doubt with the reason, and what the abstract says instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.output.signs import MARK, NO_SIGN, SIGNS, suffix
from rag.storage import filters
from rag.text import sentences
from rag.types import Answer, Claim, Difference, Source, Verdict

BETWEEN_SIGNS = "   "  # in the legend
INDENT = "    "  # of a line on what an abstract says
_MAX_CLAIM_CHARS = 80  # of a claim quoted in a finding
_MAX_ABSTRACT_CHARS = 160  # of a sentence of an abstract quoted in a finding
_MAX_DIFFERENCES = 3  # named in a finding
_MAX_SENTENCES = 2  # of abstracts, quoted in a finding
# How the first piece of evidence is quoted where no words of an abstract stand against the claim.
_CLOSEST: dict[Verdict, str] = {
    "unsupported": "closest in [{}]",
    "partial": "closest in [{}]",
    "contradicted": "closest in [{}]",
    "miscited": "[{}] says",
}


@dataclass(frozen=True, slots=True)
class Words:
    """A part of a line; `differs` says that these words are the ones that differ between claim and abstract."""

    text: str
    differs: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """The words abstract[start:end] of source `n`, which stand against words of a claim."""

    n: int
    start: int
    end: int
    words: str


Line = tuple[Words, ...]
Number = Callable[[int], str]  # the number of a source as it is shown
_Span = tuple[int, int]


def lines(answer: Answer, number: Number = str) -> list[Line]:
    """Return a line for each finding: the legend, claims in doubt, filters and warnings; [] when there is none."""
    shown = dict.fromkeys(claim.verdict for claim in answer.claims if claim.verdict in SIGNS)
    unchecked = sum(claim.verdict == "unchecked" for claim in answer.claims)
    signs = [" ".join(SIGNS[verdict]) for verdict in shown]
    legend = BETWEEN_SIGNS.join([*signs, NO_SIGN + " or not checked" * bool(unchecked)])
    made: list[Line] = [(Words(legend),)] if shown else []
    for claim in answer.claims:
        if claim.verdict in SIGNS or (claim.verdict == "supported" and claim.problems):
            made += _finding(claim, answer.sources, number)
    notes = [not_checked(unchecked)] if unchecked else []
    if answer.invalid_citations:
        notes.append(f"{MARK} cites numbers of no source: {', '.join(map(str, answer.invalid_citations))}")
    notes += [filters.sentence(answer.filters, (s.paper for s in answer.sources))] * bool(answer.filters)
    notes += [f"{MARK} {warning}" for warning in answer.warnings]
    if not answer.complete:
        notes.append(f"{MARK} incomplete: {answer.incomplete_reason}")
    return [*made, *((Words(note),) for note in notes)]


def text(answer: Answer, number: Number = str) -> str:
    """Return the lines of lines() as text; "" when there is nothing to report."""
    return "\n".join(map(_joined, lines(answer, number)))


def late(claims: Sequence[Claim]) -> list[Line]:
    """Return lines on claims whose signs or added citations came after the text was printed; [] for none."""
    if not claims:
        return []
    marks = "a mark" if len(claims) == 1 else f"{len(claims)} marks"
    made = [f"The text lacks {marks} of the check, which ended after the text was printed:"]
    for claim in claims:
        quoted = _joined(_excerpt(claim.text, [], _MAX_CLAIM_CHARS))
        made.append(f"    “{quoted}”{suffix(claim)}")
    return [(Words(line),) for line in made]


def not_checked(count: int) -> str:
    """Return the sentence on `count` statements that were not checked."""
    return f"{count:,} statement{'s' * (count != 1)} in another language {'was' if count == 1 else 'were'} not checked"


def reason(claim: Claim, sources: Sequence[Source]) -> str:
    """Return why a claim is in doubt and who found it, in one line."""
    return _joined(_reason(claim, _abstracts(sources), str))


def finding(claim: Claim, sources: Sequence[Source]) -> list[str]:
    """Return a claim in doubt with its sign and why, and below it what the abstracts say."""
    return [_joined(line) for line in _finding(claim, sources, str)]


def evidence(claim: Claim, sources: Sequence[Source]) -> list[str]:
    """Return what the abstracts say instead of a claim in doubt, a line for each sentence."""
    return [_joined(line) for line in _evidence(claim, _abstracts(sources), str)]


def instead(difference: Difference, sources: Sequence[Source]) -> str:
    """Return what the abstract says in place of the words that differ: "“decreases” in [1]", or that it has no such words."""
    place = _place(difference, _abstracts(sources))
    return f"“{place.words}” in [{place.n}]" if place else "not in the cited abstract"


def _joined(line: Line) -> str:
    return "".join(words.text for words in line)


def _abstracts(sources: Sequence[Source]) -> dict[int, str]:
    return {source.n: source.paper.abstract for source in sources}


def _finding(claim: Claim, sources: Sequence[Source], number: Number) -> Iterator[Line]:
    abstracts = _abstracts(sources)
    sign = f"{SIGNS[claim.verdict][0]} " if claim.verdict in SIGNS else ""
    quoted = _excerpt(claim.text, [(d.start, d.end) for d in claim.differs], _MAX_CLAIM_CHARS)
    why = _reason(claim, abstracts, number)
    yield (Words(f"{sign}{claim.verdict}: “"), *quoted, Words("” ("), *why, Words(")"))
    for line in _evidence(claim, abstracts, number):
        yield (Words(INDENT), *line)


def _reason(claim: Claim, abstracts: Mapping[int, str], number: Number) -> Line:
    """Return the problems of a claim, the words that differ where no problem names them, and who found it."""
    reasons: list[Line] = [(Words(problem),) for problem in claim.problems]
    for difference in claim.differs[:_MAX_DIFFERENCES]:
        claimed, place = claim.text[difference.start : difference.end], _place(difference, abstracts)
        known = (claimed, place.words) if place else (claimed,)
        if not claimed or any(all(_names(problem, words) for words in known) for problem in claim.problems):
            continue
        reasons.append((Words('"'), Words(claimed, differs=True), *_against(place, number)))
    reasons.append((Words(f"by {claim.by}"),))
    return tuple(words for n, one in enumerate(reasons) for words in ((Words("; "),) * bool(n) + one))


def _against(place: _Place | None, number: Number) -> Line:
    if place is None:
        return (Words('" is not in the cited abstract'),)
    return (Words('" against "'), Words(place.words, differs=True), Words(f'" in [{number(place.n)}]'))


def _names(problem: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", problem) is not None


def _place(difference: Difference, abstracts: Mapping[int, str]) -> _Place | None:
    """Return what stands in an abstract in place of the words that differ; None where nothing does."""
    n, start, end = difference.n, difference.abstract_start, difference.abstract_end
    if n is None or start is None or end is None:
        return None
    words = abstracts.get(n, "")[start:end]
    return _Place(n, start, end, words) if words else None


def _evidence(claim: Claim, abstracts: Mapping[int, str], number: Number) -> Iterator[Line]:
    """Yield the sentences that stand against the claim, or else the sentence closest to the claim."""
    against: dict[tuple[int, _Span], list[_Span]] = {}
    for place in filter(None, (_place(difference, abstracts) for difference in claim.differs)):
        sentence = _sentence(claim, place, abstracts[place.n])
        against.setdefault((place.n, sentence), []).append((place.start - sentence[0], place.end - sentence[0]))
    for (n, (start, end)), marks in list(against.items())[:_MAX_SENTENCES]:
        quoted = _excerpt(abstracts[n][start:end], marks, _MAX_ABSTRACT_CHARS)
        yield (Words(f"[{number(n)}] says: “"), *quoted, Words("”"))
    if not against and claim.evidence and claim.verdict in _CLOSEST:
        first = claim.evidence[0]
        quoted = _excerpt(first.sentence, [], _MAX_ABSTRACT_CHARS)
        yield (Words(f"{_CLOSEST[claim.verdict].format(number(first.n))}: “"), *quoted, Words("”"))


def _sentence(claim: Claim, place: _Place, abstract: str) -> _Span:
    """Return the sentence of the abstract around a place."""
    spans = [*((e.start, e.end) for e in claim.evidence if e.n == place.n), *sentences.split(abstract)]
    return next(((start, end) for start, end in spans if start <= place.start < end), (0, len(abstract)))


def _excerpt(quoted: str, marks: Sequence[_Span], max_chars: int) -> Line:
    """Return a text cut to one line of `max_chars` characters around its first mark, with the marked words apart."""
    marks = sorted(mark for mark in marks if 0 <= mark[0] < mark[1] <= len(quoted))
    quoted = re.sub(r"\s", " ", quoted)
    first, last = _window(quoted, marks[0] if marks else (0, 0), max_chars)
    parts, at = [Words("…" * bool(first))], first
    for start, end in marks:
        if at <= start and end <= last:
            parts += [Words(quoted[at:start]), Words(quoted[start:end], differs=True)]
            at = end
    parts += [Words(quoted[at:last]), Words("…" * (last < len(quoted)))]
    return tuple(part for part in parts if part.text)


def _window(quoted: str, mark: _Span, max_chars: int) -> _Span:
    """Return the stretch of a text that is shown: its beginning, or, from a space on, what is around a mark further on."""
    if len(quoted) <= max_chars:
        return 0, len(quoted)
    if mark[1] < max_chars:
        return 0, max_chars - 1
    start = max(0, min(mark[0] - max_chars // 3, len(quoted) - max_chars + 1))
    start = quoted.find(" ", start, mark[0]) + 1 or start
    return start, min(len(quoted), max(start + max_chars - 2, mark[1]))
