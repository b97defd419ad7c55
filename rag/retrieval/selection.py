"""Selects the papers for the prompt: the best ones for the question, and more when it asks for several.

A question that asks for a list of papers gets twice as many, or four times as many where the model has room for them. A
comparison gets all selected papers, and the best papers of each subject, so that no subject crowds out the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.interfaces import Reranker
from rag.questions import analysis, followup
from rag.retrieval.retriever import Retriever
from rag.types import Filters, Hit

LIST_FACTOR = 2  # papers for a question that asks for a list, per paper for another question
WIDE_LIST_FACTOR = 4  # the same for a model with room for them
_WIDE_CONTEXT_TOKENS = 32_000
_PAPERS_PER_SUBJECT = 2  # of a comparison
_RERANKED_FACTOR = 3  # papers that a reranker chooses from, per paper in the prompt


def papers(
    retriever: Retriever, question: str, k: int, filters: Filters | None = None, context_tokens: int | None = 0
) -> list[Hit]:
    """Return the papers for `question` that pass `filters`, best first. The prompt takes as many as fit.

    A list gets more of them where a model's `context_tokens` are many; None means no limit.
    """
    analysed = analysis.analyse(followup.without_context(question))
    if analysed.kind != "comparison":
        wide = context_tokens is None or context_tokens >= _WIDE_CONTEXT_TOKENS
        factor = WIDE_LIST_FACTOR if wide else LIST_FACTOR
        return retriever.search(question, k * factor if analysed.kind == "list" else k, filters)
    hits = retriever.search(question, max(k, len(filters.papers) if filters else 0), filters)
    best = [hit for subject in analysed.subjects for hit in retriever.search(subject, _PAPERS_PER_SUBJECT, filters)]
    ids = {hit.paper.id for hit in hits}
    return hits + list({hit.paper.id: hit for hit in best if hit.paper.id not in ids}.values())


def reranked(rerank: Reranker, retriever: Retriever, question: str, hits: Sequence[Hit], filters: Filters | None) -> list[Hit]:
    """Return at most len(hits) papers, chosen by `rerank` from `hits` and the papers ranked after them."""
    wider = retriever.search(question, _RERANKED_FACTOR * len(hits), filters)
    ids = {hit.paper.id for hit in wider}
    return rerank(question, [*wider, *(hit for hit in hits if hit.paper.id not in ids)])[: len(hits)]
