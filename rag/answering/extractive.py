"""The reader that needs no model: it quotes the sentences that fit the kind of question, under the titles of their papers.

It only quotes. It cannot combine two sentences, count, or recognise a false premise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.answering import compared
from rag.events import Finish
from rag.interfaces import Embedder, Vectors
from rag.questions import analysis, followup
from rag.questions.analysis import Analysis
from rag.text import names, sentences
from rag.text.statements import title_of
from rag.text.words import content_words, method_names, numbers
from rag.types import Mode, Prompt, Source

MAX_SENTENCES = 5  # of an answer that is no list; a list has one per paper
_MAX_PAPERS = 3  # quoted for a question about one subject
_MAX_SENTENCES_PER_SUBJECT = 2  # of a comparison, on what it asks
_MIN_PAPER_SCORE_SHARE = 0.78  # of the best fused score, for a further paper to be quoted
_MIN_LISTED_PAPER_SCORE_SHARE = 0.65  # the same, for a list
_MAX_WEAK_SENTENCES = 3  # sentences that are quoted whatever their score
_MIN_SENTENCE_SCORE_SHARE = 0.25  # of the best sentence of the paper, for a further sentence
_LIST_WORDS = content_words("papers works methods approaches find list show research about exist proposed please studies")
_MAX_REPEATED_COSINE = 0.9  # of two sentences of different papers; above it, they say the same
# Added to the cosine of a sentence with the question; see CONTRIBUTING.
_OVERLAP_WEIGHT = 0.7  # times the share of the question's words
_FIGURE_BONUS, _DEFINITION_BONUS, _SUBJECT_BONUS = 0.15, 0.15, 0.2
_DETAIL_BONUS = 0.1  # for each detail
_BACKGROUND_PENALTY, _LINK_PENALTY = 0.3, 2.0
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
    """Answers with quoted sentences: a table for a comparison, one of each paper for a list, else grouped by paper."""

    mode: Mode = "extractive"
    name: str | None = None
    host: str | None = None
    context_tokens: int | None = None

    def __init__(self, embedder: Embedder, most: int = MAX_SENTENCES) -> None:
        """`most` is the number of sentences in an answer that is no list, besides the first of each paper."""
        self._embedder = embedder
        self._most = most

    def stream(self, prompt: Prompt) -> Iterator[str | Finish]:
        """Yield one piece for each quoted paper, then a Finish."""
        analysed = analysis.analyse(followup.without_context(prompt.question))
        sources = _to_quote(prompt.question, analysed, prompt.sources)
        quotes = self._scored(prompt.question, analysed, sources)
        if analysed.kind == "comparison" and len(sources) > 1:
            asked = _asked(quotes) if compared.has_aspect(analysed.aspect) else {}
            yield from compared.table(sources, asked, self._embedder)
            yield Finish()
            return
        listing = analysed.kind == "list" and len(quotes) > 1
        groups = _one_per_paper(quotes) if listing else _best_per_paper(quotes, self._most)
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

    def _scored(self, question: str, analysed: Analysis, sources: Sequence[Source]) -> dict[int, list[_Quote]]:
        """Return the sentences of each source by its number, best first, with their scores."""
        spans = [(s, *span) for s in sources for span in sentences.split(s.paper.abstract)]
        texts = [s.paper.abstract[start:end] for s, start, end in spans]
        own = followup.without_context(question)
        words = content_words(own)
        vectors = self._embedder.embed([own, *texts])
        quotes: dict[int, list[_Quote]] = {s.n: [] for s in sources}
        for (source, start, end), sentence, vector in zip(spans, texts, vectors[1:], strict=True):
            left = words - content_words(source.paper.title)  # the title stands above the quotes
            overlap = len(left & content_words(sentence)) / max(len(left), 1)
            score = float(vector @ vectors[0]) + _OVERLAP_WEIGHT * overlap + _bonus(sentence, question, analysed)
            quotes[source.n].append(_Quote(source=source, start=start, end=end, score=score, vector=vector))
        return {n: sorted(of_source, key=lambda q: -q.score) for n, of_source in quotes.items() if of_source}


def _to_quote(question: str, analysed: Analysis, sources: Sequence[Source]) -> list[Source]:
    """Return the sources to quote: those that the question names, else those with a score close to the best one."""
    best = sources[0].hit.score
    if analysed.kind == "list":
        words, min_score = content_words(question) - _LIST_WORDS, _MIN_LISTED_PAPER_SCORE_SHARE * best
        listed = [s for s in sources if s.hit.score >= min_score or words <= content_words(_whole(s))]
        return listed or [sources[0]]
    if analysed.kind == "comparison":
        named = _one_per_subject(analysed.subjects, sources)
        if len(named) > 1 or not analysed.subjects:
            return named or list(sources[: compared.MAX_PAPERS])
    elif analysed.kind == "definition":
        sources = [s for s in sources if any(_has(_whole(s), subject) for subject in analysed.subjects)] or sources
        best = sources[0].hit.score
    if analysed.kind != "comparison" and _names_best(question, analysed, sources):
        return [sources[0]]
    return [s for s in sources[:_MAX_PAPERS] if s.hit.score >= _MIN_PAPER_SCORE_SHARE * best] or [sources[0]]


def _one_per_subject(subjects: Sequence[str], sources: Sequence[Source]) -> list[Source]:
    """Return a source for each subject: one with the subject in its title, else one that mentions it; each only once."""
    chosen: dict[str, Source] = {}
    for texts in ({s.n: s.paper.title for s in sources}, {s.n: _whole(s) for s in sources}):
        matches = {x: [s for s in sources if _has(texts[s.n], x)] for x in subjects}
        for subject in sorted(subjects, key=lambda x: len(matches[x])):  # the subject with the fewest sources first
            free = [s for s in matches[subject] if s not in chosen.values()]
            if subject not in chosen and free:
                chosen[subject] = free[0]
    return [chosen[subject] for subject in subjects if subject in chosen]


def _names_best(question: str, analysed: Analysis, sources: Sequence[Source]) -> bool:
    """Whether the question has a name that only the best source mentions, or that only its title has."""
    best, others = sources[0], sources[1:]
    for name in analysed.subjects or method_names(question):
        alone = _has(_whole(best), name) and not any(_has(_whole(s), name) for s in others)
        if alone or (_has(best.paper.title, name) and not any(_has(s.paper.title, name) for s in others)):
            return True
    return False


def _whole(source: Source) -> str:
    return f"{source.paper.title}\n{source.paper.abstract}"


def _has(text: str, subject: str) -> bool:
    return subject in names.KnownNames([text]) or content_words(subject) <= content_words(text)


def _bonus(sentence: str, question: str, analysed: Analysis) -> float:
    """Return what is added to the cosine of a sentence, for the kind of question. It may be negative."""
    bonus = -_BACKGROUND_PENALTY if _BACKGROUND.search(sentence) else 0.0
    if (analysed.amount or analysed.kind == "comparison") and numbers(sentence):
        bonus += _FIGURE_BONUS
    if analysed.kind in ("definition", "list", "comparison") and _DEFINES.search(sentence):
        bonus += _DEFINITION_BONUS
    if any(_has(sentence, subject) for subject in analysed.subjects):
        bonus += _SUBJECT_BONUS
    words = content_words(sentence)
    bonus += _DETAIL_BONUS * sum(not words.isdisjoint(detail.stems) for detail in analysed.details)
    if _LINK.search(sentence) and not _ASKS_LINK.search(question):
        bonus -= _LINK_PENALTY
    return bonus


def _one_per_paper(quotes: dict[int, list[_Quote]]) -> list[list[_Quote]]:
    """Return the best quote of each paper that no paper before it has; the best papers first."""
    chosen: list[list[_Quote]] = []
    for of_source in quotes.values():
        fresh = [q for q in of_source if not _repeats(q, [g[0] for g in chosen])]
        if fresh:
            chosen.append([fresh[0]])
    return chosen


def _best_per_paper(quotes: dict[int, list[_Quote]], most: int) -> list[list[_Quote]]:
    """Return the quotes by paper: the best of each, then the best of all the rest, up to the limits."""
    chosen = [[of_source[0]] for of_source in quotes.values()]
    kept = [group[0] for group in chosen]
    rest = [q for of_source in quotes.values() for q in of_source[1:]]
    for quote in sorted(rest, key=lambda q: -q.score):
        group = next(g for g in chosen if g[0].source is quote.source)
        good = len(kept) < _MAX_WEAK_SENTENCES or quote.score >= _MIN_SENTENCE_SCORE_SHARE * group[0].score
        fits = len(kept) < most and len(group) < MAX_SENTENCES - 1
        if fits and good and quote.score > 0 and not _repeats(quote, kept):
            group.append(quote)
            kept.append(quote)
    return chosen


def _asked(quotes: Mapping[int, Sequence[_Quote]]) -> dict[int, str]:
    """Return the best sentences of each source of a comparison, in their order, by the number of the source."""
    best = {n: sorted(of_source[:_MAX_SENTENCES_PER_SUBJECT], key=lambda q: q.start) for n, of_source in quotes.items()}
    return {n: " ".join(q.sentence for q in of_source) for n, of_source in best.items()}


def _repeats(quote: _Quote, kept: Sequence[_Quote]) -> bool:
    """Whether a quote of another paper says the same."""
    others = [q.vector for q in kept if q.source is not quote.source]
    return bool(others) and float(np.max(np.array(others) @ quote.vector)) > _MAX_REPEATED_COSINE
