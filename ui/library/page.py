"""The library page: papers are searched, read, added and removed. Its address says what it shows: see ui.library.address."""

from __future__ import annotations

import gradio as gr

from rag.assistant import Assistant
from rag.storage.history import History
from rag.storage.saved import SavedPapers
from ui import theme
from ui.chat import sidebar
from ui.collection import ticks
from ui.collection.stars import Stars
from ui.library import panel
from ui.library.browsing import Browsing
from ui.library.changing import Changing
from ui.library.clicks import QUIET


def add(page: gr.Blocks, assistant: Assistant, saved: SavedPapers, history: History) -> None:
    """Add the page /library to a chat that has been built."""
    with page.route("Library", "/library"):
        with theme.side():
            head = gr.HTML(_head(assistant), elem_id="masthead")
            sidebar.add_links(page, history)
        theme.page_name("Library")
        with gr.Row(elem_id="library"):
            with gr.Column(scale=3, min_width=320):
                ticks.add()
                browsing = Browsing.build(assistant)
            with gr.Column(scale=2, min_width=320):
                changing = Changing.build(assistant, browsing.years)
        Stars.add(page, assistant, saved)
        browsing.connect(page)
        after_changes = changing.connect(page)
        for event in (page.load, *after_changes):
            event(lambda: _head(assistant), None, head, **QUIET)
        for event in after_changes:
            browsing.refresh(event)


def _head(assistant: Assistant) -> str:
    library = assistant.library
    return panel.masthead(library.count(), len(library.sources()), library.span())
