"""Names topics by the words that set their papers apart from those of the other topics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise, permutations

import numpy as np

from rag.text.words import WORD, content_words

_WORDS_PER_TOPIC = 3
_MAX_WORDS_ORDERED = 4
_WORDS_COMPARED = 12  # of a group
_MIN_WORD_CHARS = 3
_SMOOTHING = 0.5  # papers


def name(groups: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Return three words for each group of texts, or more where two groups would be named alike; fewer of few words.

    The score of a word is p log(p / q): p is the share of the group's texts that have it, q that of the other groups' texts.
    """
    counts = [Counter(stem for text in texts for stem in content_words(text)) for texts in groups]
    everywhere = sum(counts, Counter[str]())
    total = sum(map(len, groups))
    named: list[tuple[str, ...]] = []
    for texts, own in zip(groups, counts, strict=True):
        spelled = _spellings(texts)
        others = max(total - len(texts), 1)
        scores = {
            stem: _score(n / len(texts), (everywhere[stem] - n + _SMOOTHING) / (others + _SMOOTHING))
            for stem, n in own.items()
            if stem in spelled
        }
        ordered = sorted(scores, key=lambda stem: (-scores[stem], stem))
        telling = [stem for stem in ordered if scores[stem] > 0]
        best = _unlike(spelled[stem] for stem in telling or ordered)
        words = _WORDS_PER_TOPIC
        while set(best[:words]) in map(set, named) and words < len(best):
            words += 1
        named.append(_as_written(best[:words], texts))
    return named


def _as_written(words: list[str], texts: Sequence[str]) -> tuple[str, ...]:
    """Return the words so that those which the texts have side by side are so here: "few shot", not "shot few"."""
    if len(words) > _MAX_WORDS_ORDERED:
        return tuple(words)
    pairs = Counter(pair for text in texts for pair in pairwise(WORD.findall(text.lower())))
    return max(permutations(words), key=lambda order: sum(pairs[a.lower(), b.lower()] for a, b in pairwise(order)))


def _unlike(words: Iterable[str]) -> list[str]:
    """Return the first words, none of which begins with another: "rates" goes after "rate"."""
    kept: list[str] = []
    for word in words:
        low = word.lower()
        if not any(low.startswith(other.lower()) or other.lower().startswith(low) for other in kept):
            kept.append(word)
        if len(kept) == _WORDS_COMPARED:
            break
    return kept


def _score(share: float, elsewhere: float) -> float:
    return share * float(np.log(share / elsewhere))


def _spellings(texts: Sequence[str]) -> dict[str, str]:
    """Return for each stem the word that the texts have most often, in lower case unless it is nearly always a name."""
    words = Counter(word for text in texts for word in WORD.findall(text) if len(word) >= _MIN_WORD_CHARS)
    spelled: dict[str, str] = {}
    for word in sorted(words, key=lambda word: (-words[word], word)):
        if word.isdecimal():
            continue
        for stem in content_words(word):
            spelled.setdefault(stem, word if any(c.isupper() for c in word[1:]) else word.lower())
    return spelled
