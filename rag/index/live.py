"""The index that questions are answered from: opened, noticed when another has become live, mended when it is damaged."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Lock

from rag.errors import LibraryError
from rag.index import generations
from rag.index.generations import Index
from rag.interfaces import Embedder
from rag.storage import lock
from rag.storage.library import Library

_log = logging.getLogger(__name__)


class LiveIndex:
    """The live index of a home and an embedder. Safe to share between threads."""

    def __init__(self, home: Path, library: Library, embedder: Embedder) -> None:
        self._home = home
        self._library = library
        self._embedder = embedder
        self._lock = Lock()
        self._index: Index | None = None
        self._before: Index | None = None

    def now(self) -> Index:
        """Return the live index, opened again when another generation has become live. Raises LibraryError."""
        with self._lock:
            name = generations.fingerprint(self._embedder)
            live = generations.live(self._home, name)
            if self._index is None or (live is not None and live != self._index.manifest):
                opened = generations.open_live(self._home, name, self._index)
                if opened is None and self._index is None:
                    opened = self._rebuilt(name)
                if opened is not None:
                    if self._before is not None:
                        self._before.close()
                    self._before, self._index = self._index, opened  # questions under way may still read the one before
            if self._index is None:
                raise LibraryError("The index cannot be opened.", "Run: python -m rag.ingest --repair")
            return self._index

    def _rebuilt(self, name: str) -> Index | None:
        """A damaged index is never answered from: build it again from the library."""
        _log.warning("The index is damaged: building it again from the library.")
        with lock.writer(self._home, "index repair"):
            generations.refresh(self._home, self._library, self._embedder, lambda *_: None, anew=True)
        return generations.open_live(self._home, name)
