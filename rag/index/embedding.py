"""Cuts and embeds what is new in the library. Chunks and vectors are kept there, so that nothing is embedded twice."""

from __future__ import annotations

from collections.abc import Sequence

from rag.index import starter_index
from rag.index.chunks import CHUNKER, cut
from rag.interfaces import Embedder
from rag.storage.library import Library
from rag.types import Progress

_TEXTS_EMBEDDED_AT_ONCE = 256
_PAPERS_CUT_AT_ONCE = 64


def embed(library: Library, embedder: Embedder, progress: Progress, paper_ids: Sequence[str] | None = None) -> None:
    """Cut and embed what is new among `paper_ids`, or in the whole library.

    A paper's new chunks replace the old ones only a moment before they have vectors.
    """
    papers = library.unchunked(CHUNKER, paper_ids)
    for first in range(0, len(papers), _PAPERS_CUT_AT_ONCE):
        some = papers[first : first + _PAPERS_CUT_AT_ONCE]
        library.put_chunks(CHUNKER, dict(cut(some)))
        _embed_chunks(library, embedder, [paper.id for paper in some])
        progress("embedding", min(first + _PAPERS_CUT_AT_ONCE, len(papers)), len(papers))
    _embed_chunks(library, embedder, paper_ids, progress)  # of another embedder, or of a run that was ended


def _embed_chunks(
    library: Library,
    embedder: Embedder,
    paper_ids: Sequence[str] | None,
    progress: Progress = lambda stage, done, total: None,
) -> None:
    """Embed the chunks that have no vector, storing each batch as it comes, so that a run that fails is taken up there."""
    texts = starter_index.fill(library, embedder.name, library.unembedded(embedder.name, paper_ids))
    done = 0
    while done < len(texts):
        some = texts[done : done + getattr(embedder, "at_once", _TEXTS_EMBEDDED_AT_ONCE)]  # what an endpoint gives in one reply
        library.put_vectors(embedder.name, some, embedder.embed(some))
        done += len(some)
        progress("embedding", done, len(texts))
