"""Answers that no reader writes: a refusal of the gate, and what the library's records say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from rag.answering.streaming import NEAREST, timed
from rag.collection.phrasing import CollectionAnswer
from rag.events import Event, Found
from rag.prompting import REFUSAL
from rag.types import Answer, Hit, Source, Timings


def refused(reason: str, missing: tuple[str, ...], answer: Answer, began: float) -> Iterator[Event]:
    """Yield a refusal as any answer comes: its text, and the whole of it with the nearest papers."""
    text = f"{REFUSAL} {reason}"
    yield text
    answer = replace(answer, answer=text, refused=True, refusal_reason=reason, missing=missing)
    yield timed(replace(answer, sources=answer.sources[:NEAREST]), began)


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
