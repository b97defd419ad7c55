"""A LlamaIndex embedding model as an Embedder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding

from rag.errors import EmbedderError
from rag.interfaces import Embedder, Vectors
from rag.settings import classes

_SETTING = "embed_model"
# Options that say how vectors are had, not what they are: with others, the same vectors.
_BESIDES = ("base", "url", "host", "timeout", "retries", "batch_size", "workers", "device", "cache")


def embedder(name: str, options: Mapping[str, Any]) -> Embedder:
    """Return the embedding model `name`, made with `options`. Raises UsageError; embeds nothing yet."""
    model: BaseEmbedding = classes.make(name, options, BaseEmbedding, _SETTING)
    return LlamaIndexEmbedder(model, name, options)


class LlamaIndexEmbedder:
    """Embeds with a LlamaIndex class. Questions are embedded as texts are, because the check compares sentences both ways:
    an instruction that a model wants before questions alone (get_query_embedding) is not given."""

    def __init__(self, model: BaseEmbedding, name: str, options: Mapping[str, Any]) -> None:
        self._model = model
        self._options = options
        module, attribute = classes.split(name, _SETTING)
        named = {k: v for k, v in classes.harmless(options).items() if not any(part in k for part in _BESIDES)}
        digest = sha256(json.dumps(named, sort_keys=True, default=str).encode()).hexdigest()[:8]
        self.name = f"{module}.{attribute}-{model.model_name}" + (f"-{digest}" if named else "")

    @cached_property
    def dimension(self) -> int:
        """Numbers in a vector, found by embedding one word. Raises EmbedderError."""
        return int(self._vectors(["word"]).shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), float32, rows of length 1. Raises EmbedderError."""
        expected = self.dimension
        vectors = self._vectors(list(texts)) if texts else np.zeros((0, expected), np.float32)
        if vectors.shape[1] != expected:
            raise self._wrong(f"vectors of {vectors.shape[1]} numbers after vectors of {expected}")
        return vectors

    def _vectors(self, texts: list[str]) -> Vectors:
        try:
            rows = self._model.get_text_embedding_batch(texts)
        except Exception as error:
            reason = classes.error_text(error, self._options)
            raise EmbedderError(
                f"The LlamaIndex embedder {self.name} failed ({reason}).", f"Check its server and the options of {_SETTING}."
            ) from error
        if len(rows) != len(texts):
            raise self._wrong(f"{len(rows)} vectors for {len(texts)} texts")
        if len({len(row) for row in rows}) != 1 or not len(rows[0]):
            raise self._wrong("vectors of different lengths")
        vectors = np.asarray(rows, np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and lengths.all()):
            raise self._wrong("vectors that point nowhere")
        return np.asarray(vectors / lengths, np.float32)

    def _wrong(self, what: str) -> EmbedderError:
        return EmbedderError(f"The LlamaIndex embedder {self.name} gave {what}.", f"Name another class in {_SETTING}.")
