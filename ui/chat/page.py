"""The chat page: a conversation on the left, the sources of its answers on the right."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")  # events between two sums of them, which nobody sees

import gradio as gr

from rag.assistant import Assistant
from rag.storage.history import History
from ui import theme
from ui.chat import examples, filters_form, picker, selected_papers, sidebar
from ui.chat.answering import Live
from ui.chat.conversation import EMPTY, Talk
from ui.chat.events import Wired
from ui.library.page import add
from ui.models.choices import Models
from ui.rendering import rendered
from ui.serving import api, guard

_AT_ONCE = 20  # questions that are answered at once; Gradio's own limit is one
_UPLOADS = (3600, 86400)  # seconds: how often files that were chosen and never added are looked for, and how old they may be
_THREADS = 120  # each answer under way has one, also those for programs; what stops them must find one too
_MATHS: list[dict[str, str | bool]] = [
    {"left": "\\(", "right": "\\)", "display": False},
    {"left": "\\[", "right": "\\]", "display": True},
]


def build(assistant: Assistant, *, endpoint_change: bool = False) -> gr.Blocks:
    """Return the page. launch() it with launch_options(). With `endpoint_change` it has a field for another endpoint."""
    history = History(assistant.home)
    page: gr.Blocks
    with gr.Blocks(
        title=theme.TITLE, fill_height=True, fill_width=True, analytics_enabled=False, delete_cache=_UPLOADS
    ) as page:
        talk, live, asked, rated = gr.State(Talk()), gr.State(Live()), gr.State(None), gr.State(None)
        side = sidebar.build()
        models = Models(assistant)
        with gr.Row(elem_id="top"):
            masthead = gr.HTML(_header(models, endpoint_change), elem_id="masthead")
            picked = picker.add(page, models, change=endpoint_change)
            anew = gr.Button("New conversation", size="sm", scale=0, min_width=150, elem_id="anew")
        header = partial(_header, models, endpoint_change)
        page.load(header, None, masthead, api_visibility="private")  # the library may have grown
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=3, min_width=320):
                chat = gr.Chatbot(
                    label="Conversation",
                    show_label=False,
                    elem_id="chat",
                    height="max(340px, calc(100dvh - 236px))",  # with what asks under it, the height of the window
                    layout="panel",
                    latex_delimiters=_MATHS,
                    buttons=[],
                    editable="user",
                    feedback_options=list(sidebar.THUMBS.values()),
                    placeholder="## What do you want to know?\nAsk about a method, a figure, or which papers do what.",
                )
                why = gr.Textbox(
                    label="What was good or wrong about it? (optional)", submit_btn="Send", visible=False, elem_id="why"
                )
                box = gr.Textbox(
                    placeholder="Ask a question of the abstracts",
                    label="Question",
                    show_label=False,
                    elem_id="question",
                    submit_btn="Ask",
                    autofocus=True,
                    max_lines=6,
                )
                selected = selected_papers.add(page, assistant, box)
                fields = [*filters_form.add(page, assistant), selected]
            with gr.Column(scale=2, min_width=320):
                sources = gr.HTML(EMPTY, elem_id="sources", padding=False)
        wired = Wired(models, history, talk, live, asked, chat, sources, box, fields, picked)
        wired.asking(page)
        examples.add(page, assistant, chat, box)
        wired.keeping(page, side, anew)
        wired.rating(rated, why)
        api.add(assistant)
    add(page, assistant)
    page.queue(default_concurrency_limit=_AT_ONCE)
    return page


def launch_options(names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the arguments of launch() that make the page what it is: its look, its script, its guard, nothing shared. `names`
    are those that the server has besides the loopback ones."""
    return {
        **theme.launch_options(),
        "app_kwargs": {"middleware": [guard.middleware(names)]},
        "max_threads": _THREADS,
        "enable_monitoring": False,
        "share": False,
        "ssr_mode": False,  # Node would stand before the guard
        "mcp_server": False,
        "run_history": False,
        "show_error": True,
        "footer_links": [],
        "quiet": True,
    }


def _header(models: Models, endpoint_change: bool) -> str:
    model = models.started.model
    shown = "none" if model.mode == "extractive" else "named"
    if endpoint_change or len(models.choices()) > 1:
        shown = "chosen beside it"
    return rendered(
        "chat/head.html",
        title=theme.TITLE,
        papers=models.started.count(),
        model=shown,
        name=model.name or "the only model",
        host=model.host or "",
    )
