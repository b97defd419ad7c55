"""Cuts abstracts into chunks short enough for the embedder, along sentences.

LlamaIndex's SentenceSplitter does the cutting, with this project's sentences and tiktoken's lengths; it is imported only
when something is cut, because that import costs more than a whole question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from hashlib import sha256

from rag.index import starter_index
from rag.text import sentences
from rag.text.tokens import count
from rag.types import Chunk, Paper

CHUNK_TOKENS = 96  # of the abstract; with a title of usual length about 128 of MiniLM's word pieces
CHUNKER = f"sentences-{CHUNK_TOKENS}-1"  # names the settings; the last number changes when the cutting does


def cut(papers: Iterable[Paper]) -> Iterator[tuple[Paper, list[Chunk]]]:
    """Yield each paper with its chunks: the whole abstract, in order, without overlap, each with the title in front."""
    for paper in papers:
        chunks: list[Chunk] = []
        for start, end in starter_index.bounds(CHUNKER, paper.abstract) or bounds(paper.abstract):
            text = f"{paper.title}\n{paper.abstract[start:end]}"
            digest = sha256(text.encode()).hexdigest()[:12]  # other text is another chunk, so an index can compare ids
            chunks.append(Chunk(f"{paper.id}#{len(chunks):03d}-{digest}", paper.id, start, end, text))
        yield paper, chunks


def bounds(abstract: str) -> starter_index.Bounds:
    """Return the start and the end of each chunk of `abstract`."""
    found, end = [], 0
    for piece in _splitter()(abstract) or [""]:
        start = abstract.index(piece, end)
        end = start + len(piece)
        found.append((start, end))
    return tuple(found)


@cache
def _splitter() -> Callable[[str], list[str]]:
    from llama_index.core.node_parser import SentenceSplitter

    splitter = SentenceSplitter(
        chunk_size=CHUNK_TOKENS,
        chunk_overlap=0,
        tokenizer=lambda text: range(count(text)),
        chunking_tokenizer_fn=sentences.pieces,
    )
    return splitter.split_text
