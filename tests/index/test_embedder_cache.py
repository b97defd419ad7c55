from __future__ import annotations

import numpy as np
import pytest
from support.factories import HashEmbedder

from rag.index import embedder_cache
from rag.index.embedder_cache import CachedEmbedder


def test_what_was_embedded_is_not_embedded_again() -> None:
    words = HashEmbedder()
    remembering = CachedEmbedder(words)
    for texts in (["lamps", "frost"], ["frost", "whales", "frost"]):
        assert np.array_equal(remembering.embed(texts), HashEmbedder().embed(texts))
    assert remembering.embed([]).shape == (0, words.dimension)
    assert words.calls == [["lamps", "frost"], ["whales"]]


def test_the_texts_used_longest_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedder_cache, "_MAX_REMEMBERED_TEXTS", 2)
    words = HashEmbedder()
    remembering = CachedEmbedder(words)
    for text in ("lamps", "frost", "lamps", "whales", "lamps", "frost"):
        remembering.embed([text])
    assert words.calls == [["lamps"], ["frost"], ["whales"], ["frost"]]
