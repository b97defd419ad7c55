"""Selects the papers for the prompt: the best ones for the question, and more when it asks for several.

A question that asks for a list of papers gets twice as many, or four times as many where the model has room for them. A
comparison gets all selected papers, and the best papers of each subject, so that no subject crowds out the other. So does a
question with several wishes, which other papers may answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.interfaces import Reranker
from rag.questions import analysis, followup, wishes
from rag.retrieval.retriever import Retriever
from rag.types import Filters, Hit

LIST_FACTOR = 2  # papers for a question that asks for a list, per paper for another question
WIDE_LIST_FACTOR = 4  # the same for a model with room for them
_WIDE_CONTEXT_TOKENS = 32_000
_PAPERS_PER_PART = 2  # for each subject of a comparison, and each of several wishes
_RERANKED_FACTOR = 3  # papers that a reranker chooses from, per paper in the prompt


def papers(
    retriever: Retriever, question: str, k: int, filters: Filters | None = None, context_tokens: int | None = 0
) -> list[Hit]:
    """Return the papers for `question` that pass `filters`, best first. The prompt takes as many as fit.

    A list gets more of them where a model's `context_tokens` are many; None means no limit.
    """
    own = followup.without_context(question)
    analysed, asked = analysis.analyse(own), wishes.split(own)
    if analysed.kind == "comparison":
        hits = retriever.search(question, max(k, len(filters.papers) if filters else 0), filters)
        return _with_best(retriever, hits, analysed.subjects, filters)
    wide = context_tokens is None or context_tokens >= _WIDE_CONTEXT_TOKENS
    factor = WIDE_LIST_FACTOR if wide else LIST_FACTOR
    hits = retriever.search(question, k * factor if analysed.kind == "list" else k, filters)
    return _with_best(retriever, hits, asked, filters) if len(asked) > 1 else hits


def _with_best(retriever: Retriever, hits: list[Hit], parts: Sequence[str], filters: Filters | None) -> list[Hit]:
    """Return `hits` with the best papers for each of the `parts` of the question behind them."""
    best = [hit for part in parts for hit in retriever.search(part, _PAPERS_PER_PART, filters)]
    ids = {hit.paper.id for hit in hits}
    return hits + list({hit.paper.id: hit for hit in best if hit.paper.id not in ids}.values())


def reranked(rerank: Reranker, retriever: Retriever, question: str, hits: Sequence[Hit], filters: Filters | None) -> list[Hit]:
    """Return at most len(hits) papers, chosen by `rerank` from `hits` and the papers ranked after them."""
    wider = retriever.search(question, _RERANKED_FACTOR * len(hits), filters)
    ids = {hit.paper.id for hit in wider}
    return rerank(question, [*wider, *(hit for hit in hits if hit.paper.id not in ids)])[: len(hits)]
