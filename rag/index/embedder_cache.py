"""An embedder that remembers the vectors of the last few thousand texts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np

from rag.interfaces import Embedder, Vectors

_MAX_REMEMBERED_TEXTS = 4_096  # texts: 6 MB of vectors of the bundled embedder


class CachedEmbedder:
    """`embedder`, which is asked only for texts that were not among the last few thousand. Safe to share between threads."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = embedder.name
        self.dimension = embedder.dimension
        self._embedder = embedder
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return what the embedder does."""
        with self._lock:
            vectors = {text: self._known[text] for text in texts if text in self._known}
        unknown = [text for text in dict.fromkeys(texts) if text not in vectors]
        if unknown:
            vectors |= {text: vector.copy() for text, vector in zip(unknown, self._embedder.embed(unknown), strict=True)}
        with self._lock:
            for text in texts:
                self._known[text] = vectors[text]
                self._known.move_to_end(text)
            while len(self._known) > _MAX_REMEMBERED_TEXTS:
                self._known.popitem(last=False)
        return np.array([vectors[text] for text in texts], np.float32).reshape(len(texts), self.dimension)
