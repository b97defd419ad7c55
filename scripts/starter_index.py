"""Write rag/data/starter_index.npz: run it when the starter corpus, the chunker or the bundled embedder changes.

Run with: uv run python scripts/starter_index.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from rag.index import starter_index
from rag.index.chunks import CHUNKER, bounds
from rag.index.minilm import MiniLM
from rag.sources import formats
from rag.types import Paper

TARGET = Path(__file__).resolve().parents[1] / "rag" / "data" / starter_index.FILE


def main() -> None:
    """Cut the starter corpus, embed every chunk and write both."""
    _, text = formats.load(formats.STARTER)
    papers = [record for record in formats.parse(text, formats.STARTER) if isinstance(record, Paper)]
    cuts = {paper.abstract: bounds(paper.abstract) for paper in papers}
    texts = sorted({f"{paper.title}\n{paper.abstract[start:end]}" for paper in papers for start, end in cuts[paper.abstract]})
    with tempfile.TemporaryDirectory() as home:
        vectors = MiniLM(Path(home)).embed(texts)
    starter_index.save(TARGET, texts, vectors, CHUNKER, cuts)
    print(f"{TARGET}: {len(texts)} vectors, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
