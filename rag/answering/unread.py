"""Answers that no reader writes: a refusal of the gate, and what the library's records say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from rag.answering.streaming import NEAREST, timed
from rag.collection import phrasing
from rag.collection.phrasing import CollectionAnswer
from rag.events import Event, Found
from rag.prompting import REFUSAL
from rag.types import Answer, Hit, Source, Timings

_MIN_COSINE_OF_NEAR = 0.3  # far-off questions stay below


def refused(reason: str, missing: tuple[str, ...], answer: Answer, began: float) -> Iterator[Event]:
    """Yield a refusal as any answer comes: its text, with what to ask instead, and the whole of it with the nearest papers."""
    text = " ".join(part for part in (REFUSAL, reason, _instead(answer)) if part)
    yield text
    answer = replace(answer, answer=text, refused=True, refusal_reason=reason, missing=missing)
    yield timed(replace(answer, sources=answer.sources[:NEAREST]), began)


def _instead(answer: Answer) -> str:
    """Return a sentence with a question about the nearest paper that its abstract answers; "" when no paper is near."""
    best = answer.sources[0] if answer.sources else None
    if best is None or best.hit.dense < _MIN_COSINE_OF_NEAR or not best.paper.abstract:
        return ""
    return f"The nearest paper answers, for example: What does “{phrasing.title(best.paper)}” propose?"


def from_records(known: CollectionAnswer, answer: Answer, began: float) -> Iterator[Event]:
    """Yield what the records say as any answer comes: the papers it names, its text, and the whole of it."""
    answer = replace(
        answer,
        answer=known.text,
        refused=known.reason is not None,
        refusal_reason=known.reason,
        claims=known.claims,
        sources=tuple(
            Source(n, Hit(paper=p, score=0.0, dense=0.0, lexical=0.0), known.reason is None)
            for n, p in enumerate(known.papers, 1)
        ),
        records=known.records,
        mode="corpus",
        model=None,
        base_url_host=None,
        timings=Timings(retrieve_s=time.perf_counter() - began),
    )
    yield Found(answer.standalone_question, answer.sources, answer.filters)
    yield answer.answer
    yield timed(timed(answer, began, first=True), began)
