"""The papers that words find, for people who look through the library. Words that no paper is about find nothing.

A search ranks the whole library, so its first papers are not yet papers on the subject. Those that count have enough of the
words, or are near enough. Thresholds were set on the questions of evals/cases and on words that mean nothing: see
docs/decisions.md.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rag.index.generations import Index
from rag.interfaces import Embedder
from rag.retrieval import gate
from rag.retrieval.retriever import Retriever
from rag.storage.library import Library
from rag.text.words import content_words
from rag.types import Filters, Paper

MIN_COSINE_OF_NEAR_PAPER = 0.36  # of its best chunk, by the bundled embedder
MIN_SHARE_OF_WORDS = 0.5  # of the search, in title and abstract
MIN_SCORE_SHARE_ON_TOPIC = 0.55  # of the best score
MAX_RANKED_PAPERS = 100


def find(words: str, filters: Filters, library: Library, index: Index, embedder: Embedder, reader: Embedder) -> list[str]:
    """Return the ids of the papers that `words` find within `filters`: the nearest, best first, then all others with all words.

    `embedder` is that of the index, `reader` the bundled one, by whose cosines a paper is near.
    """
    hits = Retriever(library, index, embedder).search(words, MAX_RANKED_PAPERS, filters)
    if reader is not embedder:
        hits = gate.on_scale(words, hits, library, reader)
    wanted = content_words(words)
    near = [
        hit.paper.id for hit in hits if hit.dense >= MIN_COSINE_OF_NEAR_PAPER or _share(wanted, hit.paper) >= MIN_SHARE_OF_WORDS
    ]
    return near + (_newest_first(_having(words, filters, library, index) - set(near), library) if wanted else [])


def on_topic(words: str, index: Index, library: Library, embedder: Embedder, reader: Embedder) -> list[str]:
    """Return the ids of the papers on the topic that `words` name: near ones, with a score not far below the best one's."""
    hits = Retriever(library, index, embedder).search(words, MAX_RANKED_PAPERS)
    if reader is not embedder:
        hits = gate.on_scale(words, hits, library, reader)
    close = [h for h in hits if h.score >= MIN_SCORE_SHARE_ON_TOPIC * hits[0].score]
    return [h.paper.id for h in close if h.dense >= MIN_COSINE_OF_NEAR_PAPER]


def _share(wanted: set[str], paper: Paper) -> float:
    have = content_words(f"{paper.title} {paper.abstract}")
    return len(wanted & have) / len(wanted) if wanted else 0.0


def _having(words: str, filters: Filters, library: Library, index: Index) -> set[str]:
    """Return the ids of the papers that have all the words and pass the filters."""
    rows = index.lexical.having(words, together=False)
    passing = np.intersect1d(rows, index.rows(library, filters)) if filters else rows
    return {index.paper_at(int(row)) for row in passing}


def _newest_first(ids: Iterable[str], library: Library) -> list[str]:
    catalogue = library.catalogue()
    listed = sorted((i for i in ids if i in catalogue), key=lambda i: (catalogue[i][0].casefold(), i))
    return sorted(listed, key=lambda i: catalogue[i][1] or "", reverse=True)
