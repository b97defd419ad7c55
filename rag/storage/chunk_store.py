"""Chunks of the papers' abstracts, and vectors of their texts by embedder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.errors import LibraryError
from rag.storage import merge
from rag.storage.connections import Connections
from rag.types import Chunk, Paper

Vector = NDArray[np.float32]


class ChunkStore(Connections):
    """The part of the library that the indexes are built from."""

    def unchunked(self, chunker: str, paper_ids: Sequence[str] | None = None) -> list[Paper]:
        """Return the papers, among `paper_ids` or all, that have no chunks of their present text by this chunker."""
        if paper_ids is not None:
            rows = self._select_in(f"{_UNCHUNKED} AND id IN ({{}})", paper_ids, before=(chunker,))
        else:
            rows = self._db.execute(_UNCHUNKED, (chunker,))
        return [merge.load(record) for (record,) in rows]

    def put_chunks(self, chunker: str, chunks: Mapping[Paper, Sequence[Chunk]]) -> None:
        """Replace the chunks of each paper."""
        with self._transaction():
            for paper, its_chunks in chunks.items():
                self._db.execute("DELETE FROM chunks WHERE paper_id = ?", (paper.id,))
                content = chunker + content_hash(paper)
                self._db.executemany(
                    "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [(c.id, paper.id, content, c.start, c.end, c.text, text_hash(c.text)) for c in its_chunks],
                )

    def chunk_count(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM chunks").fetchone()[0])

    def chunks(self, paper_ids: Sequence[str] | None = None) -> list[Chunk]:
        """Return the chunks of some papers, or of all, in the order of their ids."""
        columns = "SELECT id, paper_id, first, last, text FROM chunks"
        if paper_ids is None:
            return [Chunk(*row) for row in self._db.execute(columns + " ORDER BY id")]
        return sorted(
            (Chunk(*r) for r in self._select_in(columns + " WHERE paper_id IN ({})", paper_ids)), key=lambda chunk: chunk.id
        )

    def unembedded(self, embedder: str, paper_ids: Sequence[str] | None = None) -> list[str]:
        """Return the distinct texts of chunks, of `paper_ids` or all, that have no vector of this embedder yet."""
        if paper_ids is not None:
            rows = self._select_in(f"{_UNEMBEDDED} AND paper_id IN ({{}})", paper_ids, before=(embedder,))
        else:
            rows = self._db.execute(_UNEMBEDDED, (embedder,))
        return list(dict.fromkeys(text for (text,) in rows))

    def put_vectors(self, embedder: str, texts: Sequence[str], vectors: Vector) -> None:
        """Store one row of `vectors` (n, dimension) for each text."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                [(text_hash(t), embedder, v.astype(np.float32).tobytes()) for t, v in zip(texts, vectors, strict=True)],
            )

    def vectors(self, embedder: str, texts: Sequence[str]) -> Vector:
        """Return the stored vectors of `texts`, shape (n, dimension). Raises LibraryError when one is missing."""
        found = self.found_vectors(embedder, texts)
        try:
            return np.stack([found[t] for t in texts]) if texts else np.zeros((0, 0), np.float32)
        except KeyError as error:
            raise LibraryError("Some abstracts have not been embedded.", "Run: python -m rag.ingest --repair") from error

    def found_vectors(self, embedder: str, texts: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors (dimension,) of those of `texts` that have one."""
        by_hash = {text_hash(t): t for t in texts}
        rows = self._select_in(_VECTORS, list(by_hash), before=(embedder,))
        return {by_hash[h]: np.frombuffer(v, np.float32) for h, v in rows}


_UNCHUNKED = """
SELECT record FROM papers
WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE paper_id = papers.id AND content = ? || papers.content)
"""
_UNEMBEDDED = """
SELECT text FROM chunks WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.hash = chunks.hash AND embedder = ?)
"""
_VECTORS = "SELECT hash, vector FROM vectors WHERE embedder = ? AND hash IN ({})"


def text_hash(text: str) -> bytes:
    """Return the 16 bytes by which a text's vectors are kept."""
    return hashlib.sha256(text.encode("utf-8")).digest()[:16]


def content_hash(paper: Paper) -> str:
    """Return by what the text of a paper is known again."""
    return text_hash(f"{paper.title}\n{paper.abstract}").hex()
