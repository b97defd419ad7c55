"""Which papers are put before the reader: those nearest to the question, more of them where it asks for several.

A question that asks which papers do something, or what they say about it, gets twice as many as one about one thing; for a
comparison the best papers of each thing compared come on top, so that none is crowded out by the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.interfaces import Reranker
from rag.questions import analysis, followup
from rag.retrieval.retriever import Retriever
from rag.types import Filters, Hit

SEVERAL = 2  # times as many papers for a question that asks for several
_OF_EACH = 2  # papers looked up for each thing that a question compares
_AMONG = 3  # times as many papers are shown to a reranker as are put before the reader


def papers(retriever: Retriever, asked: str, k: int, filters: Filters | None = None) -> list[Hit]:
    """Return the papers for a question, best first, from which the prompt takes as many as fit."""
    understood = analysis.analyse(followup.without_context(asked))
    hits = retriever.search(asked, k * SEVERAL if understood.kind == "list" else k, filters)
    if understood.kind != "comparison":
        return hits
    best = [hit for subject in understood.subjects for hit in retriever.search(subject, _OF_EACH, filters)]
    known = {hit.paper.id for hit in hits}
    return hits + list({hit.paper.id: hit for hit in best if hit.paper.id not in known}.values())


def reranked(rerank: Reranker, retriever: Retriever, asked: str, hits: Sequence[Hit], filters: Filters | None) -> list[Hit]:
    """Return at most as many papers as `hits`, chosen by `rerank` among them and those that come next."""
    wider = retriever.search(asked, _AMONG * len(hits), filters)
    known = {hit.paper.id for hit in wider}
    return rerank(asked, [*wider, *(hit for hit in hits if hit.paper.id not in known)])[: len(hits)]
