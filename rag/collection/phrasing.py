"""Writes an answer about the collection: its sentences, a line with its number for each paper named, and what was counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from rag.collection.query import Query
from rag.text import sentences
from rag.text.words import ALPHANUMERIC, STOP, WORD
from rag.types import Claim, Evidence, Paper, Verdict

_MARK = re.compile(r"\[(?=[\d, ]+\])([\d, ]+)\]")  # in a title it would be taken for a citation
_SIGN = re.compile(r"[^\w\s.,'’-]")  # of C++ or F#, which are nothing without it


@dataclass(frozen=True, slots=True)
class CollectionAnswer:
    """An answer and what it stands on: `papers` are those it names, numbered from 1, `records` the ids of all it is about.

    `reason` says why there is no answer, and is None where there is one; then `papers` are the nearest ones.
    """

    text: str
    papers: tuple[Paper, ...] = ()
    records: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """A line of an answer: a sentence, or an item of a list, about the paper numbered `n` where that is not 0."""

    text: str
    n: int = 0
    item: bool = False
    evidence: tuple[Evidence, ...] = ()


def written(
    lines: Sequence[AnswerLine], papers: Sequence[Paper], records: Sequence[str], searched: int, considered: int
) -> CollectionAnswer:
    """Return the answer of `lines`, and under them how many papers were searched and considered."""
    last = AnswerLine(f"Searched {searched:,} paper{'s' * (searched != 1)}, considered {considered:,}.")
    said, claims = "", []
    before = AnswerLine("")
    for line in (*lines, last):
        said += ("\n" if line.item and before.item else "\n\n") * bool(said) + "- " * line.item
        shown = line.text + f" [{line.n}]" * bool(line.n) + "." * bool(line.n and not line.item)
        cited = (line.n,) if line.n else ()
        verdict: Verdict = "supported" if line.evidence else "none"
        claims.append(Claim(shown, len(said), len(said) + len(shown), cited, verdict, (), line.evidence))
        said, before = said + shown, line
    return CollectionAnswer(said, tuple(papers), tuple(records), tuple(claims))


def refused(reason: str, searched: int, nearest: Sequence[Paper] = (), considered: int = 0) -> CollectionAnswer:
    """Return what is said when the records have no answer."""
    said = written([AnswerLine(reason)], nearest, (), searched, considered).text
    return CollectionAnswer(said, tuple(nearest), reason=reason)


def items(papers: Sequence[Paper], said: str) -> list[AnswerLine]:
    """Return a line for each paper, with the sentence of its abstract that has `said`."""
    return [
        AnswerLine(f"{title(p)} ({p.published or 'no date'})", n, True, _evidence(n, p, said)) for n, p in enumerate(papers, 1)
    ]


def title(paper: Paper) -> str:
    """Return a paper's title without anything that reads as a citation."""
    return _MARK.sub(r"(\1)", " ".join(paper.title.split()))


def _evidence(n: int, paper: Paper, said: str) -> tuple[Evidence, ...]:
    """Return the first sentence that has `said` as it stands, else the first that has all its words, if there is one."""
    spans = [(a, b, paper.abstract[a:b]) for a, b in sentences.split(paper.abstract)] if said else []
    having = [span for span in spans if has(span[2], said)] or [span for span in spans if has(span[2], said, apart=True)]
    return tuple(Evidence(n, paper.id, sentence, a, b, 1.0) for a, b, sentence in having[:1])


def has(told: str, said: str, *, apart: bool = False) -> bool:
    """Whether `told` has the words of `said`, singular or plural, whatever the case: together, or each somewhere."""
    if not apart:
        return _pattern(said).search(told) is not None
    words = WORD.findall(said)
    return all(_pattern(word).search(told) for word in [w for w in words if w.lower() not in STOP] or words)


@cache
def _pattern(said: str) -> re.Pattern[str]:
    whole = re.escape(said) if _SIGN.search(said) else r"[\W_]+".join(map(_forms, WORD.findall(said)))
    return re.compile(rf"(?<!{ALPHANUMERIC}){whole}(?!{ALPHANUMERIC})", re.IGNORECASE)


def _forms(word: str) -> str:
    """Return a pattern of a word's singular and plural."""
    low = word.lower()
    if low.endswith(("ies", "y")) and len(word) > 3:
        return re.escape(word[: -3 if low.endswith("ies") else -1]) + "(?:y|ies|ys)"
    if low.endswith(("sses", "ches", "shes", "xes", "zes")) or (low.endswith("ses") and len(word) > 5):
        return re.escape(word[:-2]) + "(?:es?)?"
    if low.endswith("s") and not low.endswith("ss") and len(word) > 2:
        return re.escape(word[:-1]) + "(?:s(?:es)?)?"
    return re.escape(word) + "(?:e?s)?"


def there_are(query: Query, n: int, where: str, *, apart: bool = False, dated: bool = True) -> str:
    """Return "There are 3 papers here that mention “LoRA”, dated 2024", of `n` papers."""
    verb = "are" if n > 1 else "is"
    return f"There {verb} {f'{n:,}' if n else 'no'} paper{'s' * (n > 1)} {where}{described(query, n, apart=apart, dated=dated)}"


def described(query: Query, n: int, *, apart: bool = False, dated: bool = True) -> str:
    """Return what narrows the papers of `query` down, as it is said of `n` papers; without their dates on demand."""
    said = query.mention or query.about
    verb = ("have all words of" if apart else "mention") if n > 1 else ("has all words of" if apart else "mentions")
    parts = [_dates(query)] if dated else []
    parts += [f" listed by {query.source}"] if query.source else []
    parts += [f" with “{query.in_title}” in the title"] if query.in_title else []
    return "".join([*parts, f" that {verb} “{said}”" * bool(said)])


def _dates(query: Query) -> str:
    since, until = query.since, query.until
    if since and until:
        return f" dated {since}" if since == until else f" dated from {since} to {until}"
    return f" dated {since} or later" if since else f" dated {until} or earlier" if until else ""


def definition(query: Query, *, apart: bool) -> str:
    """Return how a topic was looked for, so that a number is not misread; empty where there was none."""
    if apart:
        return " The words were looked for one by one in title and abstract, singular or plural."
    return " Looked for in title and abstract, as whole words, singular or plural." * bool(query.mention or query.about)
