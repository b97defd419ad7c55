"""Reads a claim beside the sentences of its abstracts, with a small trained model: what words alone cannot tell.

The model is a cross-encoder: four layers of all-MiniLM-L6-v2, trained further on pairs of a true and a false sentence about one
abstract that differ by one change of meaning, and quantised to 8 bits. It reads claim and sentences together, each word piece
with a flag that says whether the other side has it. docs/checker.md is its model card; evals/training makes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from rag import weights
from rag.checking.abstract import Abstract
from rag.interfaces import Vectors
from rag.text.words import content_words

MAX_PIECES = 128  # of claim and sentences together
MAX_CLAIM_PIECES = 56
MAX_WORDS = 60  # of the sentences, for a third one to be read
CLASSES = ("supported", "contradicted", "not_said")
# Flags of a word piece of the claim: it stands nowhere, elsewhere in the abstracts, or in the sentences that are read. Then
# those of a piece of the sentences: the claim lacks it, or has it.
NOWHERE, ELSEWHERE, SHARED, UNCLAIMED, CLAIMED = range(5)
_START, _SEPARATOR = 101, 102  # [CLS] and [SEP]
_CACHED_PAPERS = 256  # several claims are held against one
_MOST = 5.0  # log-odds: more says nothing more


def log_odds(claim: str, vector: Vectors, abstracts: Sequence[Abstract]) -> float:
    """Return the log-odds that `abstracts` say `claim`, -5 to 5, by the sentences nearest to it. Takes about 10 ms.

    `vector` is the claim's, of shape (dimension,), with the sentence before it where that helps to find the evidence. The model
    is opened with the first claim, in 0.2 s. Threads may share it. Raises EmbedderError when it cannot be opened.
    """
    sentences = nearest(claim, vector, abstracts)
    if not any(sentences):
        return -_MOST
    ids, flags = pieces(claim, sentences, (f"{a.paper.title} {a.paper.abstract}" for a in abstracts))
    return log_odds_of(ids, flags)


def log_odds_of(ids: Sequence[int], flags: Sequence[int]) -> float:
    """Return the log-odds for word pieces and flags as pieces() returns them, -5 to 5."""
    session = weights.bundled("checker")
    words, positions = weights.tables()
    embedded = words[list(ids)] + positions[: len(ids)]
    [[supported, *others]] = session.run(None, {"embedded": embedded[None], "flags": np.array([flags], np.int32)})[0]
    return float(np.clip(supported - np.logaddexp(*others), -_MOST, _MOST))


def nearest(claim: str, vector: Vectors, abstracts: Sequence[Abstract]) -> list[str]:
    """Return the two sentences of `abstracts` that share most with `claim`, and a third when all are short, in their order."""
    texts = [text for a in abstracts for text in a.texts]
    have = [words for a in abstracts for words in a.all_words]
    cosines = np.concatenate([a.vectors for a in abstracts]) @ vector
    words = content_words(claim)
    count = max(len(words), 1)
    alone = [len(words & h) / count + c for h, c in zip(have, cosines, strict=True)]
    first = max(range(len(texts)), key=lambda i: alone[i])
    joint = [len(words & (h | have[first])) / count + c / 2 for h, c in zip(have, cosines, strict=True)]
    chosen = {first, max((i for i in range(len(texts)) if i != first), key=lambda i: joint[i], default=first)}
    third = max((i for i in range(len(texts)) if i not in chosen), key=lambda i: alone[i], default=None)
    if third is not None and sum(len(texts[i].split()) for i in (*chosen, third)) <= MAX_WORDS:
        chosen.add(third)
    return [texts[i] for i in sorted(chosen)]


def pieces(claim: str, sentences: Iterable[str], papers: Iterable[str]) -> tuple[list[int], list[int]]:
    """Return the word pieces of `claim` and `sentences` as the model reads them, and the flag of each.

    `papers` are titles and abstracts in full, for the pieces that stand elsewhere.
    """
    claimed = _ids(claim)[:MAX_CLAIM_PIECES]
    read = _ids(" ".join(sentences))[: MAX_PIECES - 3 - len(claimed)]
    elsewhere = frozenset().union(*(_vocabulary(paper) for paper in papers))
    shared = set(read)
    wanted = set(claimed)
    of_claim = [SHARED if i in shared else ELSEWHERE if i in elsewhere else NOWHERE for i in claimed]
    of_read = [CLAIMED if i in wanted else UNCLAIMED for i in read]
    return (
        [_START, *claimed, _SEPARATOR, *read, _SEPARATOR],
        [SHARED, *of_claim, SHARED, *of_read, UNCLAIMED],
    )


def _ids(text: str) -> list[int]:
    ids: list[int] = weights.tokenizer().encode(text, add_special_tokens=False).ids
    return ids


@lru_cache(maxsize=_CACHED_PAPERS)
def _vocabulary(paper: str) -> frozenset[int]:
    return frozenset(_ids(paper))
