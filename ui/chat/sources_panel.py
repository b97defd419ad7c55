"""The papers behind the answers, beside the conversation."""

from __future__ import annotations

import gradio as gr

from ui import theme
from ui.chat.conversation import NO_SOURCES
from ui.rendering import rendered


def build() -> gr.HTML:
    """Add the sources to the page that is being built. Its value is HTML: a section for each of the last answers."""
    return gr.HTML(
        NO_SOURCES,
        html_template=str(rendered("chat/panel.html")),
        js_on_load=theme.script("sources.js"),
        apply_default_css=False,
        elem_id="sources",
    )
