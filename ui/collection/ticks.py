"""The ticks of all pages, which choose papers to ask or to compare, and the bar that says what can be done with them.

A template only has a paper's tick (templates/collection/star.html). The tab remembers what is ticked, from one page to another.
"""

from __future__ import annotations

import gradio as gr

from rag.answering.compared import MAX_PAPERS
from ui.collection.stars import script
from ui.rendering import rendered


def add() -> None:
    """Add the bar to the page that is being built. It is shown while something is ticked."""
    bar = rendered("collection/ticked.html", most=MAX_PAPERS)
    gr.HTML(bar, elem_id="ticks", padding=False, apply_default_css=False, js_on_load=script("ticks.js"))
