"""The reader that needs no model: quotes the sentences that answer the kind of question asked, each under its paper's title.

It says nothing of its own. It cannot combine two sentences, count, or tell that a premise is false.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rag.interfaces import Embedder, Vectors
from rag.questions import analysis, followup
from rag.questions.analysis import Analysis
from rag.text import names, sentences
from rag.text.citations import title_of
from rag.text.words import content_words, method_names, numbers
from rag.types import Finish, Mode, Prompt, Source

_SENTENCES = 5  # in all, but one a paper for a list
_PAPERS = 3  # read closely for a question about one thing
_EACH = 3  # sentences of each thing compared
_NEAR, _NEAR_LISTED = 0.78, 0.65  # a further paper is quoted when its fused score is this share of the best one's
_FEW = 3  # sentences that are quoted however far behind the best one
_OF_BEST = 0.25  # a further one is, when its score is this share of the best one's
_LISTING = content_words("papers works methods approaches find list show research about exist proposed please studies")
_SAME = 0.9  # cosine of two sentences that say the same
# What a sentence's own words are worth beside its cosine with the question; see CONTRIBUTING.
_OVERLAP, _FIGURE, _DEFINING, _NAMING, _DETAIL, _ASIDE, _ADDRESS = 0.7, 0.15, 0.15, 0.2, 0.1, 0.3, 2.0
_LINK = re.compile(r"https?://|\b(?:code|website)s?:", re.IGNORECASE)
_ASKS_LINK = re.compile(r"\b(?:code|github|repositor|link|url|website|available)", re.IGNORECASE)
_DEFINES = re.compile(
    r"\b(?:propos|introduc|present|call|nam|term|dubb|defin|refer|is an?\b|are\b|stands? for|means?\b|i\.e\.)", re.IGNORECASE
)
_BACKGROUND = re.compile(
    r"^(?:however|earlier|although|despite|while|existing|(?:in )?recent(?:ly)?|previous|prior|traditional(?:ly)?|current|many|"
    r"most|typically)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Quote:
    source: Source
    start: int
    end: int
    score: float
    vector: Vectors

    @property
    def sentence(self) -> str:
        return self.source.paper.abstract[self.start : self.end]


class ExtractiveReader:
    """Answers with verbatim sentences, each cited: grouped by paper under its title, or a line a paper for a list."""

    mode: Mode = "extractive"
    name: str | None = None
    host: str | None = None
    context_tokens: int | None = None

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def stream(self, prompt: Prompt) -> Iterator[str | Finish]:
        """Yield one piece for each quoted paper, then a Finish."""
        asked = analysis.analyse(followup.without_context(prompt.question))
        quotes = self._scored(prompt.question, asked, _about(prompt.question, asked, prompt.sources))
        listing = asked.kind == "list" and len(quotes) > 1
        groups = _listed(quotes) if listing else _chosen(quotes, asked)
        first = True
        for group in groups:
            title = f"**{title_of(group[0].source.paper)}**"
            lines = [f"- {q.sentence} [{q.source.n}]" for q in sorted(group, key=lambda q: q.start)]
            if listing:
                piece = f"- {title}: {lines[0].removeprefix('- ')}"
                yield piece if first else f"\n{piece}"
            else:
                yield ("" if first else "\n\n") + "\n".join([title, *lines])
            first = False
        yield Finish()

    def _scored(self, said: str, asked: Analysis, sources: Sequence[Source]) -> dict[int, list[_Quote]]:
        """Return the sentences of each source, best first, scored for this question."""
        spans = [(s, *span) for s in sources for span in sentences.split(s.paper.abstract)]
        texts = [s.paper.abstract[start:end] for s, start, end in spans]
        own = followup.without_context(said)
        wanted = content_words(own)
        vectors = self._embedder.embed([own, *texts])
        quotes: dict[int, list[_Quote]] = {s.n: [] for s in sources}
        for (source, start, end), sentence, vector in zip(spans, texts, vectors[1:], strict=True):
            told = wanted - content_words(source.paper.title)  # the title is shown, and was matched already
            overlap = len(told & content_words(sentence)) / max(len(told), 1)
            score = float(vector @ vectors[0]) + _OVERLAP * overlap + _fitness(sentence, said, asked)
            quotes[source.n].append(_Quote(source, start, end, score, vector))
        return {n: sorted(found, key=lambda q: -q.score) for n, found in quotes.items() if found}


def _about(said: str, asked: Analysis, sources: Sequence[Source]) -> list[Source]:
    """Return the sources to quote: those that what is asked about is the name of, else those that come near the best."""
    best = sources[0].hit.score
    if asked.kind == "list":
        wanted = content_words(said) - _LISTING
        listed = [s for s in sources if s.hit.score >= _NEAR_LISTED * best or wanted <= content_words(_whole(s))]
        return listed or [sources[0]]
    if asked.kind == "comparison":
        compared = _one_each(asked.subjects, sources)
        if len(compared) > 1:
            return compared
    elif asked.kind == "definition":
        telling = [s for s in sources if any(_has(_whole(s), subject) for subject in asked.subjects)]
        sources = telling or sources
        best = sources[0].hit.score
    if asked.kind != "comparison" and _is_named(said, asked, sources):
        return [sources[0]]
    return [s for s in sources[:_PAPERS] if s.hit.score >= _NEAR * best] or [sources[0]]


def _one_each(subjects: Sequence[str], sources: Sequence[Source]) -> list[Source]:
    """Return a source for each subject: one that has it in its title, else one that mentions it, each only once."""
    found: dict[str, Source] = {}
    for told in ({s.n: s.paper.title for s in sources}, {s.n: _whole(s) for s in sources}):
        having = {x: [s for s in sources if _has(told[s.n], x)] for x in subjects}
        for subject in sorted(subjects, key=lambda x: len(having[x])):  # the one with the least choice first
            free = [s for s in having[subject] if s not in found.values()]
            if subject not in found and free:
                found[subject] = free[0]
    return [found[subject] for subject in subjects if subject in found]


def _is_named(said: str, asked: Analysis, sources: Sequence[Source]) -> bool:
    """Whether the question names the best source's subject: by a name that no other source has, or not in its title."""
    best, others = sources[0], sources[1:]
    for name in asked.subjects or method_names(said):
        alone = _has(_whole(best), name) and not any(_has(_whole(s), name) for s in others)
        if alone or (_has(best.paper.title, name) and not any(_has(s.paper.title, name) for s in others)):
            return True
    return False


def _whole(source: Source) -> str:
    return f"{source.paper.title}\n{source.paper.abstract}"


def _has(told: str, subject: str) -> bool:
    return subject in names.KnownNames([told]) or content_words(subject) <= content_words(told)


def _fitness(sentence: str, said: str, asked: Analysis) -> float:
    """Return what a sentence is worth beyond its nearness, for the kind of question."""
    worth = -_ASIDE if _BACKGROUND.search(sentence) else 0.0
    if (asked.amount or asked.kind == "comparison") and numbers(sentence):
        worth += _FIGURE
    if asked.kind in ("definition", "list", "comparison") and _DEFINES.search(sentence):
        worth += _DEFINING
    if any(_has(sentence, subject) for subject in asked.subjects):
        worth += _NAMING
    words = content_words(sentence)
    worth += _DETAIL * sum(not words.isdisjoint(detail.stems) for detail in asked.details)
    if _LINK.search(sentence) and not _ASKS_LINK.search(said):
        worth -= _ADDRESS
    return worth


def _listed(quotes: dict[int, list[_Quote]]) -> list[list[_Quote]]:
    """Return one quote a paper, the best papers first."""
    chosen: list[list[_Quote]] = []
    for found in quotes.values():
        fresh = [q for q in found if not _repeats(q, [g[0] for g in chosen])]
        if fresh:
            chosen.append([fresh[0]])
    return chosen


def _chosen(quotes: dict[int, list[_Quote]], asked: Analysis) -> list[list[_Quote]]:
    """Return the quotes by paper: one each, and what is left of the sentences by their worth."""
    chosen = [[found[0]] for found in quotes.values()]
    kept = [group[0] for group in chosen]
    rest = [q for found in quotes.values() for q in found[1:]]
    most = _EACH if asked.kind == "comparison" else _SENTENCES - 1
    for quote in sorted(rest, key=lambda q: -q.score):
        group = next(g for g in chosen if g[0].source is quote.source)
        worth = len(group) < most and quote.score > 0 and (len(kept) < _FEW or quote.score >= _OF_BEST * group[0].score)
        if len(kept) < _SENTENCES and worth and not _repeats(quote, kept):
            group.append(quote)
            kept.append(quote)
    return chosen


def _repeats(quote: _Quote, kept: Sequence[_Quote]) -> bool:
    """Whether another paper's quote says the same already."""
    others = [q.vector for q in kept if q.source is not quote.source]
    return bool(others) and float(np.max(np.array(others) @ quote.vector)) > _SAME
