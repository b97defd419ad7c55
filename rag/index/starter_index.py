"""What the first start would otherwise compute: the cuts of the starter corpus's abstracts, and vectors of its chunks.

    rag/data/starter_index.npz   hashes (n, 16) uint8, in order, and vectors (n, 384) float16: by the hash of a chunk's text
                                 abstracts (m, 16) uint8, in order, counts (m,) and bounds (sum, 2) int32: the chunks of an
                                 abstract by its hash, as offsets; chunker: the name of the cutting

An edited corpus, another chunker and another embedder find nothing here, and are cut and embedded as ever.
scripts/starter_index.py writes the file. Float16 moves a cosine by some 0.0001.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.index.minilm import MiniLM
from rag.interfaces import Vectors
from rag.storage.chunk_store import text_hash
from rag.storage.library import Library

FILE = "starter_index.npz"
Bounds = tuple[tuple[int, int], ...]  # start and end of each chunk of an abstract, in characters


def fill(library: Library, embedder: str, texts: Sequence[str]) -> list[str]:
    """Store the shipped vectors of those of `texts` that have one; return the other texts, in order."""
    if embedder != MiniLM.name or not texts:
        return list(texts)
    shipped = _vectors()
    known = [text for text in texts if text_hash(text) in shipped]
    if known:
        library.put_vectors(embedder, known, np.stack([shipped[text_hash(text)] for text in known]))
    return [text for text in texts if text_hash(text) not in shipped]


def bounds(chunker: str, abstract: str) -> Bounds | None:
    """Return where `chunker` cuts `abstract`, None for an abstract that is not of the starter corpus."""
    return _bounds(chunker).get(text_hash(abstract))


def save(path: Path, texts: Sequence[str], vectors: Vectors, chunker: str, cuts: Mapping[str, Bounds]) -> None:
    """Write the vectors (n, 384) of `texts` and the `cuts` of abstracts to `path`.

    The same values always give the same bytes.
    """
    rows = {text_hash(text): vector for text, vector in zip(texts, vectors, strict=True)}
    of_abstracts = {text_hash(abstract): found for abstract, found in cuts.items()}
    abstracts = sorted(of_abstracts)
    np.savez(
        path,
        hashes=_rows(sorted(rows)),
        vectors=np.stack([rows[h] for h in sorted(rows)]).astype(np.float16),
        chunker=np.array(chunker),
        abstracts=_rows(abstracts),
        counts=np.array([len(of_abstracts[h]) for h in abstracts], np.int32),
        bounds=np.array([pair for h in abstracts for pair in of_abstracts[h]], np.int32),
    )


def _rows(hashes: Sequence[bytes]) -> NDArray[np.uint8]:
    return np.array([list(h) for h in hashes], np.uint8)


@cache
def _vectors() -> dict[bytes, Vectors]:
    """Return the shipped vectors, float32 of length 1, by the hash of their text."""
    with resources.as_file(resources.files("rag") / "data" / FILE) as path, np.load(path) as stored:
        hashes, vectors = stored["hashes"], stored["vectors"].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return {h.tobytes(): vector for h, vector in zip(hashes, vectors, strict=True)}


@cache
def _bounds(chunker: str) -> dict[bytes, Bounds]:
    with resources.as_file(resources.files("rag") / "data" / FILE) as path, np.load(path) as stored:
        if str(stored["chunker"]) != chunker:
            return {}
        abstracts, counts, pairs = stored["abstracts"], stored["counts"], stored["bounds"].tolist()
    ends = np.cumsum(counts)
    return {
        h.tobytes(): tuple((start, end) for start, end in pairs[last - count : last])
        for h, count, last in zip(abstracts, counts, ends, strict=True)
    }
