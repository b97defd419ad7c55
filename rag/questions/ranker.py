"""Reads a question beside a whole abstract, with a small trained model: which sentences answer it, and whether any does.

The model is a cross-encoder of the size of the checker's: layers of all-MiniLM-L6-v2, trained further on questions about
abstracts, those with an answer and those without, and quantised to 8 bits. docs/ranker.md is its model card; evals/training
makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag import weights
from rag.text import sentences
from rag.text.words import WORD
from rag.types import Paper

MAX_PIECES = 512  # of word pieces that are read at once; a longer abstract is read in parts
MAX_QUESTION_PIECES, MAX_TITLE_PIECES, MAX_SENTENCE_PIECES = 64, 48, 160
# Flags of a word piece: of the question, of the title, of the abstract; each with whether the other side has it too.
QUESTION, TITLE, SENTENCE = 0, 2, 4
FLAGS = 6
_KEPT = 256  # readings: the gate's are the reader's
_START, _SEPARATOR = 101, 102  # [CLS] and [SEP]


@dataclass(frozen=True, slots=True)
class Reading:
    """Log-odds that each sentence holds a part of the answer, of shape (sentences,), and that the abstract answers."""

    sentences: NDArray[np.float64]
    answered: float


@dataclass(frozen=True, slots=True)
class Part:
    """Word pieces, the flag of each, and the number of the sentence that each belongs to, or -1. `count` sentences."""

    ids: list[int]
    flags: list[int]
    owners: list[int]
    count: int


def read(question: str, title: str, texts: Sequence[str]) -> Reading:
    """Return how `question` reads beside an abstract of one or more sentences, its `texts`. Takes about 20 ms.

    The model is opened with the first question, in 0.2 s. Threads may share it. Raises EmbedderError when it cannot be opened.
    """
    session = weights.bundled("ranker")
    words, positions = weights.tables()
    odds: list[NDArray[np.float64]] = []
    answered = []
    for part in parts(question, title, texts):
        means = np.array([[owner == n for owner in part.owners] for n in range(part.count)], np.float32)
        given = {
            "embedded": (words[part.ids] + positions[: len(part.ids)])[None],
            "flags": np.array([part.flags], np.int32),
            "means": means / means.sum(1, keepdims=True),
        }
        of_sentences, [of_abstract] = session.run(None, given)
        odds.append(of_sentences.astype(np.float64))
        answered.append(float(of_abstract))
    return Reading(np.concatenate(odds), max(answered))


@lru_cache(maxsize=_KEPT)
def read_paper(question: str, paper: Paper) -> Reading:
    """Return how `question` reads beside the sentences of `paper`, which must have an abstract.

    The authors whom the question names are read with the title: else their names look like something that is not there.
    """
    asked = set(WORD.findall(question.lower()))
    named = [surname for author in paper.authors for surname in author.split()[-1:] if surname.lower() in asked]
    title = f"{paper.title} ({', '.join(named)})" if named else paper.title
    return read(question, title, [paper.abstract[start:end] for start, end in sentences.split(paper.abstract)])


def parts(question: str, title: str, texts: Sequence[str]) -> list[Part]:
    """Return what the model reads: one part, or more when the abstract is longer than MAX_PIECES."""
    asked = _ids(question)[:MAX_QUESTION_PIECES]
    named = _ids(title)[:MAX_TITLE_PIECES]
    read = [(_ids(text) or [_SEPARATOR])[:MAX_SENTENCE_PIECES] for text in texts]
    room = MAX_PIECES - len(asked) - len(named) - 3
    groups: list[list[list[int]]] = [[]]
    for text in read:
        if groups[-1] and sum(len(t) + 1 for t in groups[-1]) + len(text) + 1 > room:
            groups.append([])
        groups[-1].append(text)
    given = set(named).union(*read)
    return [_part(asked, named, group, given) for group in groups]


def _part(asked: list[int], named: list[int], texts: Sequence[list[int]], given: set[int]) -> Part:
    """Return the part that has `texts`, of the word pieces of a question, a title and sentences; `given` are all of a paper."""
    wanted = set(asked)
    ids = [_START, *asked, _SEPARATOR, *named, _SEPARATOR]
    flags = [QUESTION + (i in given) for i in (_START, *asked, _SEPARATOR)]
    flags += [TITLE + (i in wanted) for i in (*named, _SEPARATOR)]
    owners = [-1] * len(ids)
    for n, text in enumerate(texts):
        ids += [*text, _SEPARATOR]
        flags += [SENTENCE + (i in wanted) for i in (*text, _SEPARATOR)]
        owners += [n] * (len(text) + 1)
    return Part(ids, flags, owners, len(texts))


def _ids(text: str) -> list[int]:
    ids: list[int] = weights.tokenizer().encode(text, add_special_tokens=False).ids
    return ids
