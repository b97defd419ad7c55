"""The library page: papers are searched, read, added and removed; /library?paper=ID shows one of them."""

from __future__ import annotations

import gradio as gr

from rag.assistant import Assistant
from rag.storage.saved import SavedPapers
from ui.collection.stars import Stars
from ui.library import panel
from ui.library.browsing import Browsing
from ui.library.changing import Changing
from ui.library.clicks import PRIVATE, SEND_CLICKS


def add(page: gr.Blocks, assistant: Assistant, saved: SavedPapers) -> None:
    """Add the page /library to a chat that has been built."""
    with page.route("Library", "/library"):
        head = gr.HTML(_head(assistant), elem_id="masthead")
        with gr.Row(elem_id="library"):
            with gr.Column(scale=3, min_width=320):
                paper = gr.HTML(visible=False, elem_id="paper", padding=False, js_on_load=SEND_CLICKS)
                with gr.Column(elem_id="listing") as listing:
                    browsing = Browsing.build(assistant, paper, listing)
            with gr.Column(scale=2, min_width=320):
                changing = Changing.build(assistant)
        Stars.add(page, assistant, saved)
        browsing.connect(page)
        after_changes = changing.connect(page)
        for event in (page.load, *after_changes):
            event(lambda: _head(assistant), None, head, **PRIVATE)
            event(browsing.refresh, browsing.fields, browsing.refreshed, **PRIVATE)


def _head(assistant: Assistant) -> str:
    library = assistant.library
    return panel.masthead(library.count(), len(library.sources()), library.span())
