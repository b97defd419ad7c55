"""How probably each sentence of an abstract holds what a question asks: a logistic regression on a few features."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.answering import evidence_table
from rag.answering.evidence_table import Numbers
from rag.interfaces import Embedder, Vectors
from rag.questions import analysis, followup, ranker
from rag.questions.asking import asking
from rag.text import sentences
from rag.text.words import content_words
from rag.types import Paper

# Of a sentence: its cosine with the question, the shares of the question's words that it has (those of the title left out, and
# all of them), the probability that it only tells the problem, whether it defines where a definition is asked for, its length,
# and the log-odds of the ranker that it answers. evals/sentence_ranking.py has fitted the weights on the dev halves of the
# bundled cases.
FEATURES = ("cosine", "words beside the title", "words", "problem", "defines", "length", "reading")
WEIGHTS, BIAS = (1.33, 1.89, 1.7, -2.12, 0.84, 1.25, 0.2), -0.42
_READING_RANGE = (-8.0, 5.0)  # beyond it, it says nothing more
_LONG_CHARS = 300  # the unit of length
_LINK_PENALTY = 5.0  # in log-odds, for a link that is not asked for
_LINK = re.compile(r"https?://|\b(?:code|website)s?:", re.IGNORECASE)
_ASKS_LINK = re.compile(r"\b(?:code|github|repositor|link|url|website|available)", re.IGNORECASE)
_DEFINES = re.compile(
    r"\b(?:propos|introduc|present|call|nam|term|dubb|defin|refer|is an?\b|are\b|stands? for|means?\b|i\.e\.)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """The sentence abstract[start:end] of a paper, with its `probability`, its FEATURES and its `vector` (dimension,)."""

    start: int
    end: int
    probability: float
    features: Numbers
    vector: Vectors


def rank(question: str, papers: Sequence[Paper], embedder: Embedder) -> list[list[Ranked]]:
    """Return the sentences of each paper, in the order of the paper. Raises EmbedderError."""
    own = asking(followup.asks(question))
    spans = [sentences.split(paper.abstract) for paper in papers]
    texts = [[paper.abstract[slice(*span)] for span in found] for paper, found in zip(papers, spans, strict=True)]
    asked, *vectors = embedder.embed([own, *(text for said in texts for text in said)])
    described = evidence_table.describe([paper.title for paper in papers], texts, embedder)
    defining = analysis.analyse(own).kind == "definition"
    ranked, after = [], 0
    for paper, found, said, row in zip(papers, spans, texts, described, strict=True):
        own_vectors = vectors[after : after + len(said)]
        after += len(said)
        problem = evidence_table.probabilities(row)["Problem"]
        cosines = [float(vector @ asked) for vector in own_vectors]
        readings = np.clip(ranker.read_paper(own, paper).sentences, *_READING_RANGE) if said else np.zeros(0)
        features = _features(own, paper.title, said, cosines, problem, readings, defining=defining)
        penalties = [_LINK_PENALTY * (bool(_LINK.search(text)) and not _ASKS_LINK.search(own)) for text in said]
        odds = features @ np.array(WEIGHTS) + BIAS - np.array(penalties)
        numbers = zip(found, 1 / (1 + np.exp(-odds)), features, own_vectors, strict=True)
        ranked.append([Ranked(*span, float(probable), of, vector) for span, probable, of, vector in numbers])
    return ranked


def _features(
    question: str,
    title: str,
    texts: Sequence[str],
    cosines: Sequence[float],
    problem: Numbers,
    readings: Numbers,
    *,
    defining: bool,
) -> Numbers:
    """Return FEATURES of each sentence, of shape (sentences, features)."""
    words = content_words(question)
    left = words - content_words(title)  # the title stands above the quotes
    rows = []
    for text, cosine, tells_problem, reading in zip(texts, cosines, problem, readings, strict=True):
        said = content_words(text)
        shares = (len(some & said) / max(len(some), 1) for some in (left, words))
        defines = defining and bool(_DEFINES.search(text))
        rows.append((cosine, *shares, tells_problem, defines, len(text) / _LONG_CHARS, reading))
    return np.array(rows, np.float64).reshape(len(texts), len(FEATURES))
