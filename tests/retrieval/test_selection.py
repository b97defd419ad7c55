"""How many papers a question gets: more for a list, and more still where the model has room for them."""

from __future__ import annotations

import pytest

from rag.assistant import Assistant
from rag.retrieval import selection

LIST = "Which papers are about continual learning?"
ONE = "How does GraphSAINT sample?"


@pytest.mark.parametrize(
    ("question", "room", "papers"),
    [(LIST, 0, 8), (LIST, 8_000, 8), (LIST, 32_000, 16), (LIST, None, 16), (ONE, 0, 4), (ONE, None, 4)],
)
def test_a_list_gets_more_papers_and_more_still_where_there_is_room(
    question: str, room: int | None, papers: int, assistant: Assistant
) -> None:
    retriever = assistant._retriever(assistant._index.now())
    assert len(selection.papers(retriever, question, 4, None, room)) == papers
