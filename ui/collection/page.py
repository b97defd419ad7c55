"""The collection page: the papers that a visitor saved as a table, with own columns, exports, and ways to ask about them."""

from __future__ import annotations

import gradio as gr

from rag.assistant import Assistant
from rag.storage.history import History
from rag.storage.saved import SavedPapers
from ui import theme
from ui.chat import picker, sidebar
from ui.chat.kept_conversations import errors_as_warnings, owner
from ui.collection import ticks
from ui.collection.events import Components, Events
from ui.collection.export import FORMATS
from ui.collection.stars import Stars, script
from ui.models.choices import Models
from ui.models.connecting import Connecting
from ui.rendering import rendered

PRIVATE = {"api_visibility": "private"}


def add(page: gr.Blocks, models: Models, saved: SavedPapers, history: History, connecting: Connecting) -> None:
    """Add the page /collection to a chat that has been built."""
    assistant = models.started
    with page.route("Collection", "/collection"):
        with theme.side():
            head = gr.HTML(_head(assistant, 0), elem_id="masthead")
            sidebar.add_links(page, history)
            model = picker.add(page, models, connecting)
        theme.page_name("Collection")
        with gr.Column(elem_id="collection"):
            components = _components(model)
        stars = Stars.add(page, assistant, saved)
        after_changes = Events(components, models, saved).connect(page)
        stars.refresh_after(after_changes)

        def count(request: gr.Request) -> str:
            with errors_as_warnings():
                return _head(assistant, len(saved.papers(owner(request), assistant.library)))
            return _head(assistant, 0)

        for event in (page.load, *after_changes):
            event(count, None, head, **PRIVATE)


def _head(assistant: Assistant, saved: int) -> str:
    return rendered("collection/head.html", title=theme.TITLE, papers=assistant.library.count(), saved=saved)


def _components(model: list[gr.components.Component]) -> Components:
    """Add what the page consists of, from top to bottom."""
    with gr.Row(elem_id="undoing", visible=False) as undoing:
        removed_note = gr.HTML(padding=False)
        undo = gr.Button("Undo", size="sm", scale=0, min_width=90)
    ticks.add()
    table = gr.HTML(elem_id="evidence", padding=False, js_on_load=script("collection.js"))
    with gr.Column(elem_id="with-papers", visible=False) as with_papers:
        with gr.Row(elem_id="own-column"):
            question = gr.Textbox(
                label="Ask each paper", placeholder="Dataset size?", submit_btn="Add column", max_lines=2, scale=1
            )
            stop = gr.Button("Stop", size="sm", scale=0, min_width=90, visible=False)
        status = gr.HTML(elem_id="asked", padding=False)
        with gr.Row(elem_id="exports"):
            gr.HTML(rendered("heading.html", text="Export"), padding=False)
            exports = {name: gr.Button(name, size="sm", scale=0, min_width=90) for name in FORMATS}
            empty = gr.Button("Empty the collection", size="sm", variant="stop", scale=0, min_width=170)
    dialog, dialog_question, confirm, cancel = _dialog()
    return Components(
        undoing=undoing,
        removed_note=removed_note,
        undo=undo,
        table=table,
        with_papers=with_papers,
        question=question,
        stop=stop,
        status=status,
        exports=exports,
        empty=empty,
        dialog=dialog,
        dialog_question=dialog_question,
        confirm=confirm,
        cancel=cancel,
        model=model,
    )


def _dialog() -> tuple[gr.Column, gr.HTML, gr.Button, gr.Button]:
    """Add the hidden question whether to empty the collection; return it with its text and its two buttons."""
    with gr.Column(visible=False, elem_id="emptying") as dialog:
        question = gr.HTML()
        with gr.Row():
            confirm = gr.Button("Remove all", size="sm", variant="stop", min_width=90)
            cancel = gr.Button("Keep them", size="sm", min_width=90)
    return dialog, question, confirm, cancel
