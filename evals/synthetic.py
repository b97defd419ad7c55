"""A library of any size, made up but shaped like a real one, with vectors given: nothing is embedded.

Words are made of syllables and drawn by Zipf's law, the frequent ones short. Vectors are not noise, in which every neighbour
is as far as the next and any index looks bad or good for the wrong reason: chunks lie around papers, papers around topics,
topics around fields, and all around one direction, in axes of falling weight. The shares are set so that cosines are those of
the starter corpus under MiniLM: medians 0.28 for any two chunks, 0.61 for the nearest chunk of another paper, 0.77 within one.
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

NAME, DIMENSION = "synthetic", 384
SOURCES = ("made-daily", "made-arxiv", "made-zotero")
_SEED = 7
_BLOCK = 500  # papers in one transaction
_SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
_WORDS, _ZIPF = 40_000, 1.07
_COMMON = 60  # words that stand for "the" and "of", which no search looks for
WORDS = 180  # of an abstract, where nothing else is asked for
_TITLE, _SENTENCE = 10, 20  # words
_FIRST_DAY, _DAYS = date(2015, 1, 1), 3_650
_FIELDS, _PAPERS_A_TOPIC = 300, 50
_SHARES = {"all": 0.29, "field": 0.10, "topic": 0.12, "paper": 0.24, "chunk": 0.25}  # of a vector's squared length
_QUESTION_COSINE = 0.65  # with the chunk it is about


class Corpus:
    """The words and the geometry of `papers` made-up papers; the same every time."""

    def __init__(self, papers: int, words: int) -> None:
        self.papers = papers
        self._length = words
        self._rng = np.random.default_rng(_SEED)
        self._words = [_word(rank) for rank in range(_WORDS)]
        weights = 1 / (np.arange(_WORDS) + 2.7) ** _ZIPF
        self._cumulative = np.cumsum(weights) / weights.sum()
        everything, fields = self._around("all", 1), self._around("field", _FIELDS)
        topics = max(1, papers // _PAPERS_A_TOPIC)
        self._topics = everything + fields[self._rng.integers(0, _FIELDS, topics)] + self._around("topic", topics)

    def block(self, first: int, n: int) -> list[Paper]:
        """Return papers number `first` to `first` + `n`. To be called in order."""
        return [self._paper(i) for i in range(first, first + n)]

    def vectors(self, chunks: Sequence[int]) -> Vectors:
        """Return (sum of `chunks`, DIMENSION) vectors, for papers that have so many chunks each, in order."""
        papers = self._topics[self._rng.integers(0, len(self._topics), len(chunks))] + self._around("paper", len(chunks))
        return unit(np.repeat(papers, chunks, axis=0) + self._around("chunk", sum(chunks)))

    def _around(self, part: str, n: int) -> NDArray[np.float64]:
        rows: NDArray[np.float64] = noise(self._rng, n) * _SHARES[part] ** 0.5
        return rows

    def _paper(self, number: int) -> Paper:
        ranks = np.searchsorted(self._cumulative, self._rng.random(self._length + _TITLE))
        words = [self._words[min(rank, _WORDS - 1)] for rank in ranks]
        title, said = " ".join(words[:_TITLE]).capitalize(), words[_TITLE:]
        spoken = (" ".join(said[i : i + _SENTENCE]).capitalize() + "." for i in range(0, len(said), _SENTENCE))
        day = _FIRST_DAY + timedelta(days=int(self._rng.integers(0, _DAYS)))
        authors = int(self._rng.integers(1, 12))
        return Paper(f"made{number:08d}", title, " ".join(spoken), day.isoformat(), author_count=authors)


def _word(rank: int) -> str:
    """A word of one, two or three syllables, the frequent ones short; each rank its own."""
    n, length = len(_SYLLABLES), 1
    while rank >= n**length:
        rank -= n**length
        length += 1
    return "".join(_SYLLABLES[rank // n**i % n] for i in range(length))


def noise(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Return (n, DIMENSION) draws of expected length 1, whose axes fall in weight as those of real abstracts do."""
    axes = 1 / (np.arange(DIMENSION) + 5) ** 0.5
    drawn: NDArray[np.float64] = rng.standard_normal((n, DIMENSION)) * (axes / np.linalg.norm(axes))
    return drawn


def unit(rows: NDArray[np.float64]) -> Vectors:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def fill(library: Library, papers: int, progress: Progress, words: int = WORDS) -> None:
    """Put `papers` made-up papers into an empty library, cut by the product's own chunker, each chunk with its vector."""
    corpus = Corpus(papers, words)
    for first in range(0, papers, _BLOCK):
        block = corpus.block(first, min(_BLOCK, papers - first))
        stored: list[Paper] = []
        for n, source in enumerate(SOURCES):
            stored += [paper for paper, _ in library.put(source, block[n :: len(SOURCES)])]
        chunks = dict(cut(stored))
        library.put_chunks(CHUNKER, chunks)
        texts = [c.text for its in chunks.values() for c in its]
        library.put_vectors(NAME, texts, corpus.vectors([len(its) for its in chunks.values()]))
        progress("making", first + len(block), papers)


def questions(library: Library, n: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield questions of words that one paper has, each with a vector (DIMENSION,) near one of that paper's chunks."""
    rng = np.random.default_rng(_SEED)
    common = {_word(rank) for rank in range(_COMMON)}
    ids = sorted(library.matching(Filters()))
    for paper_id in rng.choice(ids, n, replace=n > len(ids)):
        chunk = library.chunks([str(paper_id)])[0]
        words = [w for w in chunk.text.lower().replace(".", "").split() if w not in common]
        text = " ".join(rng.choice(words, min(8, len(words)), replace=False))
        off = (1 / _QUESTION_COSINE**2 - 1) ** 0.5
        yield text, unit(library.vectors(NAME, [chunk.text]) + off * noise(rng, 1))[0]
