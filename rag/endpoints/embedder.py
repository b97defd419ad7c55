"""An embedder behind an OpenAI-compatible endpoint, for indexes of its own.

Its name is made of the model, the address, and what the model made of one word, which is remembered in the home folder: so
an index is opened without a request, and a server that has come to run another model under the same name is found out before
its vectors meet those of the other. Texts are sent as they are, without the prefixes by which some models tell questions apart.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock

import numpy as np

from rag.endpoints.embedding_api import EmbeddingApi
from rag.endpoints.embedding_reply import Numbers
from rag.errors import EmbedderError, InputRefused
from rag.interfaces import Vectors
from rag.settings.settings import Endpoint
from rag.storage import private
from rag.terminal import say

_TEXTS_PER_REQUEST = 64  # texts in a request, as long as the server takes them
_PARTS = (2, 4, 8)  # of a text that is too long, how much is left at each attempt: a half, a quarter, an eighth
_PROBE_WORD = "word"  # that tells one model from another
_MIN_COSINE_OF_SAME_MODEL = 0.98  # cosine of its vectors when the model is the same, give or take rounding
_COMPONENTS_IN_NAME = 8  # components by which its vector is named
_MAX_NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class _Known:
    """What is remembered of a model: a `tag` that stands for it, and the vector (d,) of _PROBE_WORD."""

    tag: str
    vector: Vectors


class EndpointEmbedder:
    """Texts to unit vectors by a server. Safe to share between threads. Nothing is sent before something is asked of it."""

    def __init__(
        self,
        endpoint: Endpoint,
        home: Path,
        timeout_s: float,
        *,
        tell: Callable[[str], None] = say,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises EmbedderError when `endpoint` names no model. `tell` is told once when texts must be cut."""
        self._api = EmbeddingApi(endpoint, timeout_s, sleep)
        label = f"{self._api.model}@{self._api.place}"
        digest = sha256(label.encode()).hexdigest()[:8]
        self._label = label if len(label) <= _MAX_NAME_CHARS else f"{label[: _MAX_NAME_CHARS - 9]}-{digest}"
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "_" for c in self._label)
        self._file = home / "models" / f"{safe}-{digest}.json"
        self._tell = tell
        self._warned = False
        self._known: _Known | None = None
        self._learning = Lock()
        self._checked = False

        self.at_once = _TEXTS_PER_REQUEST
        """Texts that go into the next request: whoever stores vectors in such portions loses none that came."""

    @property
    def name(self) -> str:
        """The model, its address, and a tag of what it is. The first time ever asks the server. Raises EmbedderError."""
        return f"{self._label}#{self._remembered().tag}"

    @property
    def dimension(self) -> int:
        """Numbers in a vector. The first time ever asks the server. Raises EmbedderError."""
        return len(self._remembered().vector)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), float32, rows of length 1.

        A text that the server finds too long is cut at its end, to an eighth at most. Raises EmbedderError.
        """
        known = self._remembered()
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        try:
            if self._checked:
                return self._rows(texts, known)
            rows = self._rows([_PROBE_WORD, *texts], known)
        except EmbedderError:
            self._checked = False  # what answers there next may be another server
            raise
        if float(rows[0] @ known.vector) < _MIN_COSINE_OF_SAME_MODEL:
            raise self._changed("other vectors")
        self._checked = True
        return rows[1:]

    def _rows(self, texts: Sequence[str], known: _Known) -> Vectors:
        rows: list[Vectors] = []
        done, refused, before = 0, 0, self.at_once  # `before`: texts in a request when those up to `refused` were too much
        while done < len(texts):
            some = texts[done : done + self.at_once]
            try:
                found = self._api.ask(some)
            except InputRefused as refusal:
                if len(some) > 1:
                    if done >= refused:
                        refused, before = done + len(some), self.at_once
                    self.at_once = len(some) // 2
                    continue
                found = self._shortened(some[0], refusal)
                if done < refused:  # it was this text, not the number of them
                    refused, self.at_once = done, before
            if found.shape[1] != len(known.vector):
                raise self._changed(f"vectors of {found.shape[1]} numbers in place of {len(known.vector)}")
            rows.append(_unit(found))
            done += len(some)
        return np.concatenate(rows)

    def _shortened(self, text: str, refusal: InputRefused) -> Numbers:
        for part in _PARTS:
            try:
                found = self._api.ask([text[: -(-len(text) // part)]])
            except InputRefused:
                continue
            if not self._warned:
                self._warned = True
                self._tell(f"The embedding model {self._label} does not take long texts whole: their ends are left out.")
            return found
        raise refusal

    def _remembered(self) -> _Known:
        with self._learning:
            if self._known is None:
                self._known = _load(self._file) or self._learned()
            return self._known

    def _learned(self) -> _Known:
        """Ask the server for the vector of one word, and remember it."""
        [vector] = _unit(self._api.ask([_PROBE_WORD]))
        strongest = sorted(np.argsort(-np.abs(vector))[:_COMPONENTS_IN_NAME].tolist())  # the same for vectors a rounding apart
        known = _Known(sha256(f"{len(vector)} {strongest}".encode()).hexdigest()[:6], vector)
        private.make_folder(self._file.parent)
        unfinished = self._file.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps({"embedder": self._label, "tag": known.tag, "vector": vector.tolist()}), "utf-8")
        unfinished.replace(self._file)
        self._checked = True
        return known

    def _changed(self, gives: str) -> EmbedderError:
        return EmbedderError(
            f"Another model than the index was built with answers as {self._label}: it gives {gives}.",
            f"Serve the former model again, or remove {self._file} to have the abstracts embedded by the new one.",
        )


def _load(file: Path) -> _Known | None:
    """Return what is remembered, None when nothing is or it cannot be read: it can be learned again."""
    try:
        stored = json.loads(file.read_text("utf-8"))
        vector = np.array(stored["vector"], np.float32)
        whole = vector.ndim == 1 and len(vector) > 0 and isinstance(stored["tag"], str)
        return _Known(stored["tag"], vector) if whole else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _unit(found: Numbers) -> Vectors:
    """Return rows of length 1; the largest number is taken out first, as its square may be none that a float can hold."""
    found = found / np.abs(found).max(axis=1, keepdims=True)
    unit: Vectors = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
    return unit
