"""Synthetic libraries of any size with stored vectors, so that nothing is embedded.

Words are made of syllables and drawn by Zipf's law; frequent words are short. The vectors are no plain noise, in which all
neighbours are equally far. Chunks lie around papers, papers around topics, topics around fields, and all of them around one
direction, in axes of decreasing weight. The shares give the cosines of the starter corpus under MiniLM: medians of 0.28 for
any two chunks, 0.61 for the nearest chunk of another paper, and 0.77 within a paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from rag.index.chunks import CHUNKER, cut
from rag.interfaces import Vectors
from rag.storage.library import Library
from rag.types import Filters, Paper, Progress

EMBEDDER_NAME, DIMENSION = "synthetic", 384
SOURCES = ("made-daily", "made-arxiv", "made-zotero")
_SEED = 7
_PAPERS_PER_TRANSACTION = 500
_SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
_VOCABULARY_WORDS, _ZIPF_EXPONENT = 40_000, 1.07
_STOP_WORDS = 60  # the most frequent words, as "the" and "of"; questions do not use them
WORDS_PER_ABSTRACT = 180
_WORDS_PER_TITLE, _WORDS_PER_SENTENCE = 10, 20
_FIRST_DAY, _DAYS = date(2015, 1, 1), 3_650
_FIELDS, _PAPERS_PER_TOPIC = 300, 50
_SHARES = {"all": 0.29, "field": 0.10, "topic": 0.12, "paper": 0.24, "chunk": 0.25}  # of the squared length of a vector
_QUESTION_COSINE = 0.65  # of a question with its chunk


class Corpus:
    """The words and vectors of `papers` synthetic papers; the same every time."""

    def __init__(self, papers: int, words: int) -> None:
        self.papers = papers
        self._length = words
        self._rng = np.random.default_rng(_SEED)
        self._words = [_word(rank) for rank in range(_VOCABULARY_WORDS)]
        weights = 1 / (np.arange(_VOCABULARY_WORDS) + 2.7) ** _ZIPF_EXPONENT
        self._cumulative = np.cumsum(weights) / weights.sum()
        everything, fields = self._around("all", 1), self._around("field", _FIELDS)
        topics = max(1, papers // _PAPERS_PER_TOPIC)
        self._topics = everything + fields[self._rng.integers(0, _FIELDS, topics)] + self._around("topic", topics)

    def block(self, first: int, n: int) -> list[Paper]:
        """Return `n` papers from number `first` on. Blocks must be requested in order."""
        return [self._paper(i) for i in range(first, first + n)]

    def vectors(self, chunks: Sequence[int]) -> Vectors:
        """Return an array of shape (sum of `chunks`, DIMENSION), where `chunks` has the number of chunks of each paper."""
        papers = self._topics[self._rng.integers(0, len(self._topics), len(chunks))] + self._around("paper", len(chunks))
        return unit(np.repeat(papers, chunks, axis=0) + self._around("chunk", sum(chunks)))

    def _around(self, part: str, n: int) -> NDArray[np.float64]:
        rows: NDArray[np.float64] = noise(self._rng, n) * _SHARES[part] ** 0.5
        return rows

    def _paper(self, number: int) -> Paper:
        ranks = np.searchsorted(self._cumulative, self._rng.random(self._length + _WORDS_PER_TITLE))
        words = [self._words[min(rank, _VOCABULARY_WORDS - 1)] for rank in ranks]
        title, rest = " ".join(words[:_WORDS_PER_TITLE]).capitalize(), words[_WORDS_PER_TITLE:]
        starts = range(0, len(rest), _WORDS_PER_SENTENCE)
        sentences = (" ".join(rest[i : i + _WORDS_PER_SENTENCE]).capitalize() + "." for i in starts)
        day = _FIRST_DAY + timedelta(days=int(self._rng.integers(0, _DAYS)))
        authors = int(self._rng.integers(1, 12))
        return Paper(
            id=f"made{number:08d}",
            title=title,
            abstract=" ".join(sentences),
            published=day.isoformat(),
            author_count=authors,
        )


def _word(rank: int) -> str:
    """Return the word of a frequency rank: one, two or three syllables, fewer for frequent words. No two are the same."""
    n, length = len(_SYLLABLES), 1
    while rank >= n**length:
        rank -= n**length
        length += 1
    return "".join(_SYLLABLES[rank // n**i % n] for i in range(length))


def noise(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Return an array of shape (n, DIMENSION) of random rows of expected length 1, with axes of decreasing weight."""
    axes = 1 / (np.arange(DIMENSION) + 5) ** 0.5
    drawn: NDArray[np.float64] = rng.standard_normal((n, DIMENSION)) * (axes / np.linalg.norm(axes))
    return drawn


def unit(rows: NDArray[np.float64]) -> Vectors:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def fill(library: Library, papers: int, progress: Progress, words: int = WORDS_PER_ABSTRACT) -> None:
    """Put `papers` synthetic papers into an empty library, with their chunks from the product's chunker and their vectors."""
    corpus = Corpus(papers, words)
    for first in range(0, papers, _PAPERS_PER_TRANSACTION):
        block = corpus.block(first, min(_PAPERS_PER_TRANSACTION, papers - first))
        stored: list[Paper] = []
        for n, source in enumerate(SOURCES):
            stored += [paper for paper, _ in library.put(source, block[n :: len(SOURCES)])]
        chunks = dict(cut(stored))
        library.put_chunks(CHUNKER, chunks)
        texts = [c.text for of_paper in chunks.values() for c in of_paper]
        library.put_vectors(EMBEDDER_NAME, texts, corpus.vectors([len(of_paper) for of_paper in chunks.values()]))
        progress("making", first + len(block), papers)


def questions(library: Library, n: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield questions made of words of one paper, each with a vector of shape (DIMENSION,) close to a chunk of that paper."""
    rng = np.random.default_rng(_SEED)
    stop_words = {_word(rank) for rank in range(_STOP_WORDS)}
    ids = sorted(library.matching(Filters()))
    for paper_id in rng.choice(ids, n, replace=n > len(ids)):
        chunk = library.chunks([str(paper_id)])[0]
        words = [w for w in chunk.text.lower().replace(".", "").split() if w not in stop_words]
        text = " ".join(rng.choice(words, min(8, len(words)), replace=False))
        off = (1 / _QUESTION_COSINE**2 - 1) ** 0.5
        yield text, unit(library.vectors(EMBEDDER_NAME, [chunk.text]) + off * noise(rng, 1))[0]
