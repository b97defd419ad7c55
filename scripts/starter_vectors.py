"""Write rag/data/starter_vectors.npz: run it when the starter corpus, the chunker or the bundled embedder changes.

Run with: uv run python scripts/starter_vectors.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from rag.index import starter_vectors
from rag.index.chunks import cut
from rag.index.minilm import MiniLM
from rag.sources import formats
from rag.types import Paper

TARGET = Path(__file__).resolve().parents[1] / "rag" / "data" / starter_vectors.FILE


def main() -> None:
    """Cut the starter corpus, embed every chunk and write the vectors."""
    _, text = formats.load(formats.STARTER)
    papers = [record for record in formats.parse(text, formats.STARTER) if isinstance(record, Paper)]
    texts = sorted({chunk.text for _, chunks in cut(papers) for chunk in chunks})
    with tempfile.TemporaryDirectory() as home:
        vectors = MiniLM(Path(home)).embed(texts)
    starter_vectors.save(TARGET, texts, vectors)
    print(f"{TARGET}: {len(texts)} vectors, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
