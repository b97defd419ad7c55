"""Writes an answer about the collection: its sentences, a numbered line for each paper, and how many papers were counted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from rag.collection.query import Query
from rag.request import phrases
from rag.text import sentences
from rag.text.words import ALPHANUMERIC, STOP, WORD
from rag.types import Claim, Evidence, Filters, Paper, Verdict

Way = Literal["phrase", "words", "meaning"]  # in which the papers on a topic were found

_MARK = re.compile(r"\[(?=[\d, ]+\])([\d, ]+)\]")  # in a title, this would be read as a citation
_UNUSUAL_SIGN = re.compile(r"[^\w\s.,'’-]")  # as in C++ and F#, which are other words without their signs


@dataclass(frozen=True, slots=True)
class CollectionAnswer:
    """An answer about the collection.

    `papers` are the papers it names, numbered from 1. `records` are the ids of all papers it counts. `reason` says why the
    records have no answer; then `papers` are the most similar ones. `reason` is None when there is an answer.
    """

    text: str
    papers: tuple[Paper, ...] = ()
    records: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """A sentence of an answer, or a list item. `n` is the number of the paper that the line is about, 0 for none."""

    text: str
    n: int = 0
    item: bool = False
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What is said to one thing wanted: its lines, the papers that they number from 1, and the ids of all papers counted."""

    lines: tuple[AnswerLine, ...]
    papers: tuple[Paper, ...] = ()
    records: tuple[str, ...] = ()


def compose(parts: Sequence[Part], searched: int, considered: int) -> CollectionAnswer:
    """Return the answer of `parts`, in which a paper has one number and no line stands twice.

    A last line says how many papers were searched and considered.
    """
    papers: dict[str, Paper] = {}
    lines: dict[AnswerLine, None] = {}
    for part in parts:
        papers |= {paper.id: paper for paper in part.papers if paper.id not in papers}
        numbers = {n: list(papers).index(paper.id) + 1 for n, paper in enumerate(part.papers, 1)}
        lines |= dict.fromkeys(_numbered(line, numbers) for line in part.lines)
    records = dict.fromkeys(i for part in parts for i in part.records)
    last = AnswerLine(f"Searched {searched:,} paper{'s' * (searched != 1)}, considered {considered:,}.")
    text, claims = "", []
    before = AnswerLine("")
    for line in (*lines, last):
        text += ("\n" if line.item and before.item else "\n\n") * bool(text) + "- " * line.item
        sentence = line.text + f" [{line.n}]" * bool(line.n) + "." * bool(line.n and not line.item)
        verdict: Verdict = "supported" if line.evidence else "none"
        claims.append(
            Claim(
                text=sentence,
                start=len(text),
                end=len(text) + len(sentence),
                citations=(line.n,) if line.n else (),
                verdict=verdict,
                evidence=line.evidence,
            )
        )
        text, before = text + sentence, line
    return CollectionAnswer(text=text, papers=tuple(papers.values()), records=tuple(records), claims=tuple(claims))


def _numbered(line: AnswerLine, numbers: Mapping[int, int]) -> AnswerLine:
    """Return `line` with its paper under the number that it has in the whole answer."""
    n = numbers.get(line.n, 0)
    return replace(line, n=n, evidence=tuple(replace(found, n=n) for found in line.evidence))


def refusal(reason: str, searched: int, nearest: Sequence[Paper] = (), considered: int = 0) -> CollectionAnswer:
    """Return the refusal that gives `reason`, with the papers that come nearest."""
    text = compose([Part((AnswerLine(reason),), tuple(nearest))], searched, considered).text
    return CollectionAnswer(text=text, papers=tuple(nearest), reason=reason)


def items(
    papers: Sequence[Paper], topic: str, *, authors: bool = False, organisations: bool = False, first: int = 1
) -> list[AnswerLine]:
    """Return a list item for each paper, with the sentence of its abstract that mentions `topic` as evidence.

    With `authors` and `organisations` an item names those too. The papers are numbered from `first`.
    """
    return [
        AnswerLine(_item(p, authors=authors, organisation=organisations), n=n, item=True, evidence=_evidence(n, p, topic))
        for n, p in enumerate(papers, first)
    ]


def _item(paper: Paper, *, authors: bool, organisation: bool) -> str:
    count = f" by {paper.author_count} authors" if paper.author_count else ""
    named = f" by {', '.join(paper.authors)}" if paper.authors else f"{count}, whom the records do not name" if count else ""
    by = (named or ", whose authors the records do not name") if authors else ""
    by += f", from {paper.organisation or 'no organisation in the records'}" * organisation
    return f"{title(paper)}{by} ({paper.published or 'no date'})"


def title(paper: Paper) -> str:
    """Return the title of `paper`, with (1) in place of [1], which would be read as a citation."""
    return _MARK.sub(r"(\1)", " ".join(paper.title.split()))


def _evidence(n: int, paper: Paper, topic: str) -> tuple[Evidence, ...]:
    """Return the first sentence that has `topic` as a phrase, else the first one that has all its words, else nothing."""
    spans = [(a, b, paper.abstract[a:b]) for a, b in sentences.split(paper.abstract)] if topic else []
    matches = [span for span in spans if mentions(span[2], topic)]
    matches = matches or [span for span in spans if mentions(span[2], topic, word_by_word=True)]
    return tuple(
        Evidence(n=n, paper_id=paper.id, sentence=sentence, start=a, end=b, score=1.0) for a, b, sentence in matches[:1]
    )


def mentions(text: str, topic: str, *, word_by_word: bool = False) -> bool:
    """Whether `text` has `topic` as a phrase, or, `word_by_word`, each of its words anywhere.

    Case does not matter. Singular and plural are the same word.
    """
    if not word_by_word:
        return _pattern(topic).search(text) is not None
    words = WORD.findall(topic)
    return all(_pattern(word).search(text) for word in [w for w in words if w.lower() not in STOP] or words)


@cache
def _pattern(phrase: str) -> re.Pattern[str]:
    whole = re.escape(phrase) if _UNUSUAL_SIGN.search(phrase) else r"[\W_]+".join(map(_forms, WORD.findall(phrase)))
    return re.compile(rf"(?<!{ALPHANUMERIC}){whole}(?!{ALPHANUMERIC})", re.IGNORECASE)


def _forms(word: str) -> str:
    """Return a pattern that matches the singular and the plural of `word`."""
    low = word.lower()
    if low.endswith(("ies", "y")) and len(word) > 3:
        return re.escape(word[: -3 if low.endswith("ies") else -1]) + "(?:y|ies|ys)"
    if low.endswith(("sses", "ches", "shes", "xes", "zes")) or (low.endswith("ses") and len(word) > 5):
        return re.escape(word[:-2]) + "(?:es?)?"
    if low.endswith("s") and not low.endswith("ss") and len(word) > 2:
        return re.escape(word[:-1]) + "(?:s(?:es)?)?"
    return re.escape(word) + "(?:e?s)?"


def there_are(query: Query, n: int, where: str, *, how: Way = "phrase") -> str:
    """Return "There are 3 papers here from 2024 that mention “LoRA”", for the `n` papers that `query` selects."""
    verb = "are" if n > 1 else "is"
    which = restriction(query, n, how=how)
    return f"There {verb} {f'{n:,}' if n else 'no'} paper{'s' * (n > 1)} {where}{which}"


def restriction(query: Query, n: int, *, how: Way = "phrase", dated: bool = True) -> str:
    """Return how `query` narrows the papers down, as it stands after "paper" (`n` is 1) or "papers"; "" when it does not.

    `dated` is False where the dates of `query` do not apply.
    """
    shown = narrowed(query if dated else replace(query, since=None, until=None))
    topic = query.mention or query.about
    verb = {
        "phrase": "mention" if n > 1 else "mentions",
        "words": "have all words of" if n > 1 else "has all words of",
        "meaning": "come near to" if n > 1 else "comes near to",
    }[how]
    narrowing = [*phrases(replace(shown, title=query.in_title or None))]
    narrowing += [f"and by {query.co_author}"] * bool(query.co_author)
    narrowing += [f"with no {query.lacking} in the records"] * bool(query.lacking)
    return "".join(f" {phrase}" for phrase in narrowing) + f" that {verb} “{topic}”" * bool(topic)


def narrowed(query: Query) -> Filters:
    """Return what `query` restricts the papers to by their records: dates, source, authors and organisation."""
    return Filters(
        since=query.since,
        until=query.until,
        source=query.source or None,
        author=query.author or None,
        organisation=query.organisation or None,
        max_authors=query.max_authors or None,
    )


def search_note(query: Query, *, how: Way) -> str:
    """Return a sentence, after a space, on how papers were searched for the topic; "" when `query` has no topic."""
    if not (query.mention or query.about):
        return ""
    if how == "meaning":
        return " None of these papers has these very words: the papers nearest in meaning were taken."
    what = "each word by itself" if how == "words" else "whole words"
    return f" Titles and abstracts were searched for {what}, singular or plural."
