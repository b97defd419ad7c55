"""Chunks cover the abstract along sentences and fit the embedder."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from rag import weights
from rag.index.chunks import cut
from rag.sources import formats
from rag.text import sentences
from rag.types import Chunk, Paper

WORD_PIECES = 128  # what the embedder was trained on
SHARE = 0.99  # of the starter corpus' chunks that must fit; 0.994 when this was written


@cache
def starter() -> list[tuple[Paper, list[Chunk]]]:
    records = formats.parse(formats.load(formats.STARTER)[1], formats.STARTER)
    return list(cut(r for r in records if isinstance(r, Paper)))


def assert_covers(paper: Paper, chunks: list[Chunk]) -> None:
    """Each chunk is what its offsets say; in order, without overlap, nothing but white space is left out."""
    assert chunks
    assert all(c.text == f"{paper.title}\n{paper.abstract[c.start : c.end]}" for c in chunks)
    assert all(c.paper_id == paper.id and c.id.startswith(f"{paper.id}#") for c in chunks)
    edges = [0, *(edge for c in chunks for edge in (c.start, c.end)), len(paper.abstract)]
    assert edges == sorted(edges)
    assert not "".join(paper.abstract[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)).strip()


def test_the_chunks_of_every_starter_paper_cover_its_abstract() -> None:
    assert len(starter()) == 574
    for paper, chunks in starter():
        assert_covers(paper, chunks)


def test_chunks_of_the_starter_corpus_are_cut_between_sentences() -> None:
    """Only a sentence longer than a chunk may be cut inside."""
    inside = cuts = 0
    for paper, chunks in starter():
        starts = {start for start, _ in sentences.split(paper.abstract)}
        cuts += len(chunks) - 1
        inside += sum(later.start not in starts for _, later in pairwise(chunks))
    assert cuts > 500
    assert inside / cuts < 0.05


def test_nearly_all_chunks_of_the_starter_corpus_fit_the_embedder() -> None:
    tokenizer = Tokenizer.from_file(str(weights.folder() / weights.TOKENIZER))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    lengths = [len(e.ids) for e in tokenizer.encode_batch([c.text for _, chunks in starter() for c in chunks])]
    share = sum(n <= WORD_PIECES for n in lengths) / len(lengths)
    assert share >= SHARE, f"{share:.4f} of {len(lengths)} chunks have at most {WORD_PIECES} word pieces"
    assert max(lengths) <= 256, "a longer chunk is cut off by the embedder"
    assert sum(lengths) / len(lengths) > 60, "chunks this short say too little"


def test_chunk_ids_are_distinct_stable_and_change_with_the_text() -> None:
    ids = [c.id for _, chunks in starter() for c in chunks]
    assert len(set(ids)) == len(ids)
    paper, chunks = starter()[0]
    assert [c.id for c in next(cut([paper]))[1]] == [c.id for c in chunks]
    retitled = Paper(paper.id, paper.title + "!", paper.abstract)
    assert not {c.id for c in next(cut([retitled]))[1]} & {c.id for c in chunks}


ABSTRACTS = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300),
    st.lists(
        st.sampled_from(["We show that ", "Smith et al. ", "it works. ", "The ", "3.5 ", "\n", "  ", "é", "你好。"]),
        max_size=120,
    ).map("".join),
)


@settings(max_examples=60, deadline=None)
@given(ABSTRACTS)
@example("")
@example(" ")
@example("word " * 400)
@example("x" * 3000)
@example("你好世界" * 200)
@example("One sentence. " * 80)
@example("<|endoftext|> and [SEP] are text. " * 30)
def test_the_chunks_of_any_abstract_cover_it(abstract: str) -> None:
    paper = Paper("id", "Title", abstract)
    [(same, chunks)] = cut([paper])
    assert same == paper
    assert_covers(paper, chunks)


@pytest.mark.parametrize("words", [10, 60])
def test_a_short_abstract_is_one_chunk(words: int) -> None:
    paper = Paper("id", "Title", "word " * words + "end.")
    [(_, chunks)] = cut([paper])
    assert [(c.start, c.end) for c in chunks] == [(0, len(paper.abstract))]
