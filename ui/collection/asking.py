"""Asks the question of an own column of each paper alone, and keeps each answer as soon as it is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.assistant import Assistant
from rag.storage.saved import SavedPapers
from rag.types import Filters, Paper
from ui.chat.stopping import Stoppable, Stopped


@dataclass(slots=True)
class Asking:
    """Whether a page asks a column's question, and whether it was told to stop."""

    running: bool = False
    stopped: bool = False


def fill(
    assistant: Assistant, saved: SavedPapers, owner: str, question: str, papers: Sequence[Paper], asking: Asking
) -> Iterator[int]:
    """Ask the question of each paper; yield how many were asked, from 0 on. It ends early when `asking` is stopped.

    What was answered before an error is kept. Raises RagError.
    """
    reader = _reader(assistant, asking)
    for done, paper in enumerate(papers):
        yield done
        if asking.stopped:
            return
        try:
            answer = reader.ask(question, k=1, filters=Filters(papers=(paper.id,)))
        except Stopped:
            return
        saved.keep_cell(owner, question, paper.id, answer)
    yield len(papers)


def _reader(assistant: Assistant, asking: Asking) -> Assistant:
    """Return an assistant that can be stopped; without a model, one that quotes a single sentence."""
    if assistant.model.mode == "extractive":
        return assistant.using(None, quotes=1)
    return assistant.using(Stoppable(assistant.model, lambda: asking.stopped))
