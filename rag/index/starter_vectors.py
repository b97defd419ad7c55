"""Vectors of the starter corpus by the bundled embedder, shipped so that the first start does not compute them.

    rag/data/starter_vectors.npz   hashes (n, 16) uint8, in order, and vectors (n, 384) float16

A vector is looked up by the hash of its chunk's text. An edited corpus, another chunker and another embedder find none, and
their chunks are embedded as ever. scripts/starter_vectors.py writes the file. Float16 moves a cosine by some 0.0001.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from rag.index.minilm import MiniLM
from rag.interfaces import Vectors
from rag.storage.library import Library, text_hash

FILE = "starter_vectors.npz"


def fill(library: Library, embedder: str, texts: Sequence[str]) -> list[str]:
    """Store the shipped vectors of those of `texts` that have one; return the other texts, in order."""
    if embedder != MiniLM.name or not texts:
        return list(texts)
    shipped = _shipped()
    known = [text for text in texts if text_hash(text) in shipped]
    if known:
        library.put_vectors(embedder, known, np.stack([shipped[text_hash(text)] for text in known]))
    return [text for text in texts if text_hash(text) not in shipped]


def save(path: Path, texts: Sequence[str], vectors: Vectors) -> None:
    """Write the vectors (n, 384) of `texts` to `path`: the same texts and vectors always give the same bytes."""
    rows = {text_hash(text): vector for text, vector in zip(texts, vectors, strict=True)}
    hashes = sorted(rows)
    stacked = np.stack([rows[h] for h in hashes]).astype(np.float16)
    np.savez(path, hashes=np.array([list(h) for h in hashes], np.uint8), vectors=stacked)


@cache
def _shipped() -> dict[bytes, Vectors]:
    """Return the shipped vectors, float32 of length 1, by the hash of their text."""
    with resources.as_file(resources.files("rag") / "data" / FILE) as path, np.load(path) as stored:
        hashes, vectors = stored["hashes"], stored["vectors"].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return {h.tobytes(): vector for h, vector in zip(hashes, vectors, strict=True)}
