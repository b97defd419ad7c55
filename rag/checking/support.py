"""Scores how well an abstract supports a claim, and finds what the abstract lacks or contradicts.

The score is the mean of two numbers: the share of the claim's words that the best two sentences and the title have, and
the cosine of the best sentence with the claim. Missing numbers and names, and contrary words, are problems whatever the
score. The thresholds come from python -m evals calibrate; see CONTRIBUTING.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.checking import contradiction
from rag.interfaces import Embedder, Vectors
from rag.text import names, quantities, sentences
from rag.text.words import content_words
from rag.types import Evidence, Paper, Source

MIN_SUPPORTED_SCORE = 0.56
MIN_PARTIAL_SCORE = 0.46
_MIN_ADDED_WORD_SHARE = 0.15  # of the claim's words, for a second sentence to be shown as evidence too


class Abstract:
    """The abstract of one source, prepared for checking: its sentences, their words and vectors, its numbers and names."""

    def __init__(self, source: Source, embedder: Embedder) -> None:
        self.n = source.n
        self.paper: Paper = source.paper
        self._embedder = embedder
        self._spans = sentences.split(self.paper.abstract) or [(0, 0)]
        self._texts = [self.paper.abstract[start:end] for start, end in self._spans]
        self._words = [content_words(t) for t in self._texts]
        self._title = content_words(self.paper.title)  # a sentence need not repeat the subject of the paper
        self._vectors: Vectors | None = None
        whole = [self.paper.title, self.paper.abstract]
        self.quantities = quantities.all_numbers(". ".join(whole))
        self.names = names.KnownNames(whole)

    def quotes(self, claim: str) -> bool:
        """Whether `claim`, without its marks, is a quotation of this abstract."""
        return len(claim) > 1 and claim in self.paper.abstract

    def evidence(self, claim: str, vector: Vectors | None) -> tuple[Evidence, ...]:
        """Return the sentence that best supports `claim`, and perhaps a second one that adds words. Both have the joint score.

        `vector` is the claim's vector, of shape (dimension,), or None for a quotation, where cosines count as 1.
        """
        words = content_words(claim)
        count = max(len(words), 1)
        shares = [len(words & have) / count for have in self._words]
        cosines = [1.0] * len(shares) if vector is None else [max(0.0, float(c)) for c in self._embedded() @ vector]
        titled = [len(words & (have | self._title)) / count for have in self._words]
        ranked = sorted(range(len(shares)), key=lambda i: -(shares[i] if vector is None else titled[i] + cosines[i]))
        first = ranked[0]
        joint = [len(words & (have | self._words[first] | self._title)) / count for have in self._words]
        second = max(range(len(joint)), key=lambda i: (joint[i], cosines[i]))
        score = (joint[second] + max(cosines)) / 2
        shown = [first] + [second] * (joint[second] - titled[first] >= _MIN_ADDED_WORD_SHARE)
        return tuple(self._evidence(i, score) for i in shown)

    def _evidence(self, i: int, score: float) -> Evidence:
        start, end = self._spans[i]
        return Evidence(n=self.n, paper_id=self.paper.id, sentence=self._texts[i], start=start, end=end, score=round(score, 4))

    def max_score(self, claim: str) -> float:
        """Return an upper bound of the score of `claim`, 0 to 1, from its words alone: nothing is embedded."""
        words = content_words(claim)
        titled = [words & (have | self._title) for have in self._words]
        share = max(len(a | b) for a in titled for b in titled) / max(len(words), 1)
        return round((share + 1) / 2, 4)

    def _embedded(self) -> Vectors:
        if self._vectors is None:
            self._vectors = self._embedder.embed(self._texts)
        return self._vectors


@dataclass(frozen=True, slots=True)
class Finding:
    """How some abstracts support a claim: `score` from 0 to 1, the evidence, best source first, and the problems."""

    score: float
    evidence: tuple[Evidence, ...]
    problems: tuple[str, ...] = ()

    @property
    def supports(self) -> bool:
        return self.score >= MIN_SUPPORTED_SCORE and not self.problems

    def sources_under(self, score: float) -> list[int]:
        """Return the numbers of the sources whose evidence has a lower score than `score`."""
        return list(dict.fromkeys(e.n for e in self.evidence if e.score < score))


def missing_terms(claim: str, abstracts: Sequence[Abstract]) -> list[str]:
    """Return the figures and names of `claim` that none of `abstracts` has."""
    figures = quantities.missing_figures(claim, [q for a in abstracts for q in a.quantities])
    return [*figures, *(name for name in names.mentioned(claim) if not any(name in a.names for a in abstracts))]


def assess(claim: str, abstracts: Sequence[Abstract], vector: Vectors) -> Finding:
    """Return how `abstracts`, one or more, support `claim`. Any of them may have its figures and names.

    `vector` is the claim's vector, of shape (dimension,).
    """
    by_source = sorted((a.evidence(claim, vector) for a in abstracts), key=lambda e: -e[0].score)
    evidence = tuple(e for of_one in by_source for e in of_one)
    score = evidence[0].score
    missing = missing_terms(claim, abstracts)
    problems = [f"not in the cited abstract: {', '.join(missing)}"] if missing else []
    contrary = contradiction.find(claim, evidence[0].sentence) if score >= MIN_PARTIAL_SCORE else None
    if contrary:
        problems.append(f"the abstract may say the contrary: {contrary}")
    return Finding(score, evidence, tuple(problems))
