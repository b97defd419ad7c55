"""Slips of the keys, as people make them."""

from __future__ import annotations

from random import Random

_MIN_LETTERS = 4  # of a word that gets one


def mistyped(question: str, rng: Random) -> str:
    """Return `question` with letters exchanged, left out or doubled in one or two of its longer words."""
    words = question.split()
    for at in rng.sample(range(len(words)), min(rng.choice([1, 2]), len(words))):
        word = words[at]
        if len(word) >= _MIN_LETTERS:
            n = rng.randrange(1, len(word) - 1)
            before, one, rest = word[:n], word[n], word[n + 1 :]
            words[at] = before + rng.choice([f"{rest[0]}{one}{rest[1:]}", rest, f"{one}{one}{rest}"])
    return " ".join(words)
