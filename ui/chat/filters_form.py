"""The filters that the chips unfold, the number of papers to read, and the question that is sent with them."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.request import MAX_QUESTION_CHARS
from rag.types import Filters
from ui.chat.answering import Asked
from ui.chat.components import PRIVATE
from ui.rendering import markdown_safe

_MAX_PAPERS = 20  # to read for an answer, on the slider


def add(page: gr.Blocks, assistant: Assistant) -> list[gr.components.Component]:
    """Add the filters to the page; return their fields in the order of take()'s parameters."""

    def arrive(request: gr.Request) -> gr.Dropdown:
        asked = str(request.query_params.get("source") or "")  # the address /?source=NAME asks that source only
        return gr.Dropdown(choices=assistant.scope.sources(), value=asked or None)

    with gr.Column(elem_id="filters"):
        with gr.Row():
            since = gr.Textbox(label="From", placeholder="2024 or 2024-05", min_width=130)
            until = gr.Textbox(label="Until", placeholder="2024 or 2024-05", min_width=130)
            authors = gr.Number(0, label="Authors, at least", precision=0, min_width=130)
        with gr.Row():
            title = gr.Textbox(label="Words of the title", placeholder="graph", min_width=200)
            source = gr.Dropdown([], value=None, label="Source", allow_custom_value=True, min_width=200)
        with gr.Row(elem_classes="last-row"):
            k = gr.Slider(
                1,
                max(_MAX_PAPERS, assistant.k),
                assistant.k,
                step=1,
                label="Papers to read",
                min_width=200,
            )
            listing = gr.Checkbox(False, label="Only list the papers", min_width=140)
            gr.ClearButton([since, until, authors, title, source], value="Clear the filters", size="sm", min_width=140)
    page.load(arrive, None, source, **PRIVATE)  # the library may have grown since the page was built
    return [k, listing, since, until, source, title, authors]


def take(
    assistant: Assistant,
    question: str,
    k: int,
    listing: bool = False,
    since: str | None = None,
    until: str | None = None,
    source: str | None = None,
    title: str | None = None,
    min_authors: int | None = None,
    papers: tuple[str, ...] = (),
) -> tuple[Asked | None, dict[str, Any]]:
    """Return the question with its filters, and the emptied box, which offers to stop the answer.

    Show a warning and leave the box as it is when the question or a filter cannot be used.
    """
    question = question.strip()
    try:
        if not question:
            raise UsageError("The question is empty.", "Ask a question first.")
        if len(question) > MAX_QUESTION_CHARS:
            raise UsageError(f"The question has more than {MAX_QUESTION_CHARS} characters.", "Ask a shorter one.")
        only = assistant.scope.checked(
            Filters(since=since, until=until, source=source, title=title, min_authors=min_authors or None, papers=papers)
        )
    except UsageError as error:
        gr.Warning(markdown_safe(str(error)))
        return None, gr.skip()
    return Asked(question, only, k, listing), gr.update(value="", submit_btn=False, stop_btn="Stop")


def ready(typed: str, again: str) -> dict[str, Any]:
    """Return the box for the next question. It holds what was `typed` meanwhile, or else a question to ask `again`."""
    update: dict[str, Any] = gr.update(value=typed or again, submit_btn="Ask", stop_btn=False)
    return update
