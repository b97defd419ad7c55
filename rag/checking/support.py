"""How well an abstract supports a claim, sentence by sentence, and what in the claim it has not or says otherwise.

The score is the mean of two similarities: the share of the claim's words that the best two sentences and the title have,
and the best sentence's cosine with the claim. Numbers, names and contrary words are looked at apart: no similarity makes
up for them. Thresholds and figures: python -m evals calibrate, and CONTRIBUTING.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.checking import contradiction
from rag.interfaces import Embedder, Vectors
from rag.text import names, quantities, sentences
from rag.text.words import content_words
from rag.types import Evidence, Paper, Source

SUPPORTED, PARTIAL = 0.56, 0.46  # least score for these verdicts
_ADDS = 0.15  # share of the claim's words that a second sentence must add to be shown as evidence too


class Abstract:
    """One source, read once: its sentences, their words and vectors, and the numbers and names it has."""

    def __init__(self, source: Source, embedder: Embedder) -> None:
        self.n = source.n
        self.paper: Paper = source.paper
        self._embedder = embedder
        self._spans = sentences.split(self.paper.abstract) or [(0, 0)]
        self._texts = [self.paper.abstract[start:end] for start, end in self._spans]
        self._words = [content_words(t) for t in self._texts]
        self._title = content_words(self.paper.title)  # a sentence need not name again what the paper is about
        self._vectors: Vectors | None = None
        whole = [self.paper.title, self.paper.abstract]
        self.quantities = quantities.all_numbers(". ".join(whole))
        self.names = names.KnownNames(whole)

    def quotes(self, claim: str) -> bool:
        """Whether `claim` is, but for its marks, text of this abstract."""
        return len(claim) > 1 and claim in self.paper.abstract

    def evidence(self, claim: str, vector: Vectors | None) -> tuple[Evidence, ...]:
        """Return the sentence that best supports `claim`, with the score of the whole; then a second that adds to it.

        `vector` is the claim's, of shape (dimension,); None for a verbatim quotation, which needs none.
        """
        words = content_words(claim)
        count = max(len(words), 1)
        shares = [len(words & said) / count for said in self._words]
        cosines = [1.0] * len(shares) if vector is None else [max(0.0, float(c)) for c in self._embedded() @ vector]
        titled = [len(words & (said | self._title)) / count for said in self._words]
        ranked = sorted(range(len(shares)), key=lambda i: -(shares[i] if vector is None else titled[i] + cosines[i]))
        first = ranked[0]
        joint = [len(words & (said | self._words[first] | self._title)) / count for said in self._words]
        second = max(range(len(joint)), key=lambda i: (joint[i], cosines[i]))
        score = (joint[second] + max(cosines)) / 2
        shown = [first] + [second] * (joint[second] - titled[first] >= _ADDS)
        return tuple(Evidence(self.n, self.paper.id, self._texts[i], *self._spans[i], round(score, 4)) for i in shown)

    def reach(self, claim: str) -> float:
        """Return what the score of `claim` cannot exceed, whatever the vectors: that of its words, with a cosine of 1."""
        words = content_words(claim)
        titled = [words & (said | self._title) for said in self._words]
        share = max(len(a | b) for a in titled for b in titled) / max(len(words), 1)
        return round((share + 1) / 2, 4)

    def _embedded(self) -> Vectors:
        if self._vectors is None:
            self._vectors = self._embedder.embed(self._texts)
        return self._vectors


@dataclass(frozen=True, slots=True)
class Finding:
    """What some abstracts make of a claim: `score` 0 to 1, the evidence, best source first, and what speaks against it."""

    score: float
    evidence: tuple[Evidence, ...]
    problems: tuple[str, ...] = ()

    @property
    def supports(self) -> bool:
        return self.score >= SUPPORTED and not self.problems

    def sources_under(self, score: float) -> list[int]:
        """Return the numbers of the sources that are evidence with less than `score`."""
        return list(dict.fromkeys(e.n for e in self.evidence if e.score < score))


def absent(claim: str, abstracts: Sequence[Abstract]) -> list[str]:
    """Return the numbers and names of `claim` that none of `abstracts` has."""
    figures = quantities.missing_figures(claim, [q for a in abstracts for q in a.quantities])
    return [*figures, *(name for name in names.mentioned(claim) if not any(name in a.names for a in abstracts))]


def find(claim: str, abstracts: Sequence[Abstract], vector: Vectors) -> Finding:
    """Return what `abstracts`, one or more, say to `claim`, which may take its numbers and names from any of them."""
    found = sorted((a.evidence(claim, vector) for a in abstracts), key=lambda e: -e[0].score)
    evidence = tuple(e for some in found for e in some)
    score = evidence[0].score
    unknown = absent(claim, abstracts)
    problems = [f"not in the cited abstract: {', '.join(unknown)}"] if unknown else []
    contrary = contradiction.contrary(claim, evidence[0].sentence) if score >= PARTIAL else None
    if contrary:
        problems.append(f"the abstract may say the contrary: {contrary}")
    return Finding(score, evidence, tuple(problems))
