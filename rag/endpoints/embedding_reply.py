"""Reads what an embeddings endpoint sends: one good vector a text, or what is wrong with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag.endpoints import chat_reply

Numbers = NDArray[np.float64]


class NoVectors(Exception):
    """A reply of the right shape that does not hold one good vector a text; the text says what it holds."""


def vectors(body: bytes, n: int) -> Numbers:
    """Return the `n` vectors of a reply in the order of their texts, shape (n, d), finite, none of them zero.

    Raises NoVectors, and Malformed or ErrorInReply as chat_reply.opened() does.
    """
    text = body.decode("utf-8", "replace")
    value = chat_reply.opened(text)
    data = value.get("data") if isinstance(value, dict) else None
    if not isinstance(data, list) or not all(isinstance(item, dict) and "embedding" in item for item in data):
        raise chat_reply.malformed(text)
    if len(data) != n:
        raise NoVectors(f"{len(data)} vectors for {n} texts")
    places = [item.get("index", place) for place, item in enumerate(data)]
    if any(type(place) is not int for place in places) or sorted(places) != list(range(n)):
        raise NoVectors("vectors that do not say which text they are of")
    try:
        found = np.array([data[i]["embedding"] for i in np.argsort(places)], np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise NoVectors("vectors that are of several lengths or no numbers") from error
    if found.ndim != 2 or not found.shape[1]:
        raise NoVectors("something else than one vector a text")
    if not np.isfinite(found).all():
        raise NoVectors("vectors with numbers that are not finite")
    if not found.any(axis=1).all():
        raise NoVectors("a vector of nothing but zeros")
    return found
