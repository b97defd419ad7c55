"""The sidebar: the list of kept conversations, and what changes or exports the open one. Other pages have the list as links."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from rag.storage.history import History
from ui.chat import kept_conversations
from ui.chat.components import PRIVATE
from ui.rendering import rendered

_EXPORTS = {"md": "Export Markdown", "bib": "BibTeX", "ris": "RIS"}


@dataclass(frozen=True, slots=True)
class Sidebar:
    """The components of the sidebar. `delete` opens `delete_dialog`, in which `confirm` deletes and `cancel` does not."""

    search: gr.Textbox
    listed: gr.Radio
    name: gr.Textbox
    delete: gr.Button
    delete_dialog: gr.Column
    delete_question: gr.HTML
    confirm: gr.Button
    cancel: gr.Button
    exports: dict[str, gr.Button]


def build() -> Sidebar:
    """Add the list of conversations to the page that is being built."""
    with gr.Column(elem_id="conversations"):
        _heading("Conversations")
        search = gr.Textbox(label="Search conversations", placeholder="Search", show_label=False)
        listed = gr.Radio([], label="Kept conversations", show_label=False, elem_id="listed")
        with gr.Accordion("This conversation", open=False, elem_id="this"):
            name = gr.Textbox(
                label="Name of this conversation", show_label=False, placeholder="Name", max_length=60, submit_btn="Rename"
            )
            with gr.Row():
                exports = {kind: gr.Button(text, size="sm", min_width=60) for kind, text in _EXPORTS.items()}
            delete = gr.Button("Delete", size="sm", variant="stop")
            with gr.Column(visible=False, elem_id="forget") as dialog:
                question = gr.HTML()
                with gr.Row():
                    confirm = gr.Button("Delete it", size="sm", variant="stop", min_width=80)
                    cancel = gr.Button("Keep it", size="sm", min_width=80)
    return Sidebar(search, listed, name, delete, dialog, question, confirm, cancel, exports)


def add_links(page: gr.Blocks, history: History) -> None:
    """Add the kept conversations of a page's owner as links to the chat, to another page that is being built."""

    def listed(request: gr.Request) -> str:
        kept = kept_conversations.titles(history, "", kept_conversations.owner(request))
        return rendered("chat/conversation_links.html", kept=kept)

    page.load(listed, None, gr.HTML(elem_id="talks", padding=False), show_progress="hidden", **PRIVATE)


def _heading(text: str) -> None:
    gr.HTML(rendered("heading.html", text=text), padding=False)
