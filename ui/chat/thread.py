"""The conversation on the page: a component of its own, because Gradio's Chatbot cannot do what it needs.

Chatbot reads Markdown in the browser, where the marks of the check break tables, code and formulas, and draws a message anew
with each piece, which takes away what a reader had selected. Here the server sends each exchange as HTML, and static/thread.js
changes only what differs.
"""

from __future__ import annotations

import gradio as gr

from ui import theme
from ui.rendering import rendered


def build() -> gr.HTML:
    """Add the conversation to the page that is being built. Its value is the list of exchanges, as HTML.

    The buttons of an exchange trigger the events that Gradio's Chatbot has: retry, undo, edit and like.
    A suggested question triggers select.
    """
    return gr.HTML(
        [],
        html_template=str(rendered("chat/thread.html", title=theme.TITLE)),
        js_on_load=theme.script("thread.js"),
        apply_default_css=False,
        elem_id="thread",
        label="Conversation",
    )
