"""The reader that needs no model: it quotes the sentences that fit the kind of question, under the titles of their papers.

It only quotes. It cannot combine two sentences, count, or recognise a false premise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.answering import compared, sentence_ranking
from rag.events import Finish
from rag.interfaces import Embedder, Vectors
from rag.questions import analysis, followup, ranker, wishes
from rag.questions.analysis import Analysis
from rag.text import names
from rag.text.statements import title_of
from rag.text.words import content_words, method_names
from rag.types import Mode, Prompt, Source

MAX_SENTENCES = 6  # of an answer that is no list; a list has one per paper
_MAX_PAPERS = 3  # quoted for a question about one subject
_MAX_SENTENCES_PER_SUBJECT = 2  # of a comparison, on what it asks
_MAX_SENTENCES_PER_WISH = 3  # of a question that asks several things
_MIN_PAPER_SCORE_SHARE = 0.78  # of the best fused score, for a further paper to be quoted
_MIN_LISTED_PAPER_SCORE_SHARE = 0.65  # the same, for a list
_MAX_WEAK_SENTENCES = 2  # sentences that are quoted whatever their probability
_MIN_SENTENCE_SCORE_SHARE = 0.4  # of the probability of the best sentence of the paper, for a further sentence
_LIST_WORDS = content_words("papers works methods approaches find list show research about exist proposed please studies")
_MAX_REPEATED_COSINE = 0.9  # of two sentences of different papers; above it, they say the same


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
        """Yield one piece for each quoted paper or line of a table, then a Finish."""
        table = list(self.side_by_side(prompt))
        yield from table or self._quoted(prompt)
        yield Finish()

    def side_by_side(self, prompt: Prompt) -> Iterator[str]:
        """Yield the table of quotes of a question that compares several of the sources, line by line; nothing for another."""
        analysed = analysis.analyse(followup.without_context(prompt.question))
        sources = compared.chosen(analysed.subjects, prompt.sources) if analysed.kind == "comparison" else []
        if len(sources) > 1:
            yield from compared.table(sources, self._on_aspect(analysed, sources), self._embedder)

    def _on_aspect(self, analysed: Analysis, sources: Sequence[Source]) -> dict[int, str]:
        """Return what each source says on what a comparison asks, as if that were asked of its subject alone."""
        if not compared.has_aspect(analysed.aspect):
            return {}
        subjects = analysed.subjects if len(analysed.subjects) == len(sources) else [s.paper.title for s in sources]
        quotes = [self._scored(f"{name}: {analysed.aspect}", [source]) for name, source in zip(subjects, sources, strict=True)]
        return {n: text for of_one in quotes for n, text in _asked(of_one).items()}

    def _quoted(self, prompt: Prompt) -> Iterator[str]:
        own = followup.without_context(prompt.question)
        analysed, asked = analysis.analyse(own), wishes.split(own)
        if len(asked) > 1:
            listing, groups = False, _by_paper([self._scored(wish, [_answering(wish, prompt.sources)]) for wish in asked])
        else:
            quotes = self._scored(prompt.question, _to_quote(prompt.question, analysed, prompt.sources))
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

    def _scored(self, question: str, sources: Sequence[Source]) -> dict[int, list[_Quote]]:
        """Return the sentences of each source by its number, those that most probably hold what is asked first."""
        ranked = sentence_ranking.rank(question, [source.paper for source in sources], self._embedder)
        return {
            source.n: sorted((_Quote(source, r.start, r.end, r.probability, r.vector) for r in found), key=lambda q: -q.score)
            for source, found in zip(sources, ranked, strict=True)
            if found
        }


def _to_quote(question: str, analysed: Analysis, sources: Sequence[Source]) -> list[Source]:
    """Return the sources to quote: those that the question names, else those with a score close to the best one."""
    best = sources[0].hit.score
    if analysed.kind == "list":
        words, min_score = content_words(question) - _LIST_WORDS, _MIN_LISTED_PAPER_SCORE_SHARE * best
        listed = [s for s in sources if s.hit.score >= min_score or words <= content_words(_whole(s))]
        return listed or [sources[0]]
    if analysed.kind == "definition":
        sources = [s for s in sources if any(_has(_whole(s), subject) for subject in analysed.subjects)] or sources
        best = sources[0].hit.score
    if analysis.form(question) == "agreement":  # both sides are wanted, whatever one of them is named after
        return [s for s in sources[:_MAX_PAPERS] if s.hit.score >= _MIN_LISTED_PAPER_SCORE_SHARE * best]
    if analysed.kind != "comparison" and _names_best(question, analysed, sources):
        return [sources[0]]
    return [s for s in sources[:_MAX_PAPERS] if s.hit.score >= _MIN_PAPER_SCORE_SHARE * best] or [sources[0]]


def _answering(wish: str, sources: Sequence[Source]) -> Source:
    """Return the source that answers `wish` best, as the ranker reads it."""
    told = [source for source in sources if source.paper.abstract.strip()]
    return max(told, key=lambda source: ranker.read_paper(wish, source.paper).answered, default=sources[0])


def _by_paper(quotes: Sequence[Mapping[int, Sequence[_Quote]]]) -> list[list[_Quote]]:
    """Return the best quotes on each of several wishes, by paper."""
    groups: dict[int, dict[int, _Quote]] = {}
    for of_wish in quotes:
        for n, of_source in of_wish.items():
            groups.setdefault(n, {}).update({q.start: q for q in of_source[:_MAX_SENTENCES_PER_WISH]})
    return [list(group.values()) for group in groups.values()]


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
        if fits and good and not _repeats(quote, kept):
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
