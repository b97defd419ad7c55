"""A question that is not asked yet stays in its box when the reader visits another page or loads this one again."""

from __future__ import annotations

import gradio as gr

from ui.chat.components import PRIVATE

# What was typed before this script came stays too. A question about a paper takes the place of a draft.
_RESTORE = (
    """(box) => box || (new URLSearchParams(location.search).has("paper") ? "" : sessionStorage.getItem("draft") || "")"""
)
_KEEP = """(box) => { sessionStorage.setItem("draft", box || ""); }"""


def keep(page: gr.Blocks, box: gr.Textbox) -> None:
    """Keep what stands in `box` for as long as the tab is open; asking empties the box."""
    page.load(None, box, box, js=_RESTORE, **PRIVATE)
    box.change(None, box, None, js=_KEEP, **PRIVATE)
