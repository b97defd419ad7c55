"""The chat page: a conversation on the left, the sources of its answers on the right."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")  # events between two sums of them, which nobody sees

import gradio as gr

from rag.assistant import Assistant
from rag.cli import NO_MODEL
from rag.history import History
from ui import about, api, guard, library_page, options, picker, sidebar
from ui.answering import Live
from ui.events import Wired
from ui.models import Models
from ui.talk import EMPTY, Talk

_AT_ONCE = 20  # questions that are answered at once; Gradio's own limit is one
_THREADS = 120  # each answer under way has one, also those for programs; what stops them must find one too
TITLE = "Ask the abstracts"
_LOOKED_AT = 500  # titles, for the example questions
_MATHS: list[dict[str, str | bool]] = [
    {"left": "\\(", "right": "\\)", "display": False},
    {"left": "\\[", "right": "\\]", "display": True},
]


def build(assistant: Assistant) -> gr.Blocks:
    """Return the page. launch() it with launch_options()."""
    history = History(assistant.home)
    page: gr.Blocks
    with gr.Blocks(title=TITLE, fill_height=True, fill_width=True, analytics_enabled=False) as page:
        talk, live, asked, rated = gr.State(Talk()), gr.State(Live()), gr.State(None), gr.State(None)
        side = sidebar.build()
        models = Models(assistant)
        with gr.Row(elem_id="top"):
            masthead = gr.HTML(_header(models), elem_id="masthead")
            picked = picker.add(page, models)
        page.load(lambda: _header(models), None, masthead, api_visibility="private")  # the library may have grown
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=3, min_width=320):
                chat = gr.Chatbot(
                    label="Conversation",
                    show_label=False,
                    elem_id="chat",
                    height="62vh",
                    layout="panel",
                    latex_delimiters=_MATHS,
                    buttons=[],
                    editable="user",
                    feedback_options=list(sidebar.THUMBS.values()),
                    placeholder="### What do you want to know?\nAsk about a method, a figure, or which papers do what.",
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
                selected = about.add(page, assistant, box)
                fields = [*options.add(page, assistant), selected]
                gr.Examples(_examples(assistant), box, label="For example")
            with gr.Column(scale=2, min_width=320):
                sources = gr.HTML(EMPTY, elem_id="sources", padding=False)
        wired = Wired(models, history, talk, live, asked, chat, sources, box, fields, picked)
        wired.asking(page)
        wired.keeping(page, side)
        wired.rating(rated, why)
        api.add(assistant)
    library_page.add(page, assistant)
    page.queue(default_concurrency_limit=_AT_ONCE)
    return page


def launch_options(names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the arguments of launch() that make the page what it is: its look, its script, its guard, nothing shared. `names`
    are those that the server has besides the loopback ones."""
    assets = resources.files(__package__)
    return {
        "css": "".join(assets.joinpath(name).read_text("utf-8") for name in ("style.css", "library.css")),
        "js": assets.joinpath("app.js").read_text("utf-8"),
        "theme": gr.themes.Base(primary_hue="indigo", neutral_hue="slate", font=["system-ui", "sans-serif"]),
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


def _header(models: Models) -> str:
    papers, model = models.started.count(), models.started.model
    if len(models.choices()) > 1:  # which are beside it
        return f"<h1>{TITLE}</h1><p>{papers:,} papers</p>"
    if model.mode == "extractive":
        mode = f'<span class="mode" title="{NO_MODEL}">Quotes from the abstracts · no model configured</span>'
    else:
        mode = f'<span class="mode">{escape(model.name or "the only model")} at {escape(model.host or "")}</span>'
    return f"<h1>{TITLE}</h1><p>{papers:,} papers · {mode}</p>"


def _examples(assistant: Assistant) -> list[list[str]]:
    """Return questions about papers of the collection whose titles name what they propose ("Name: what it is")."""
    named = [name for title in assistant.titles(_LOOKED_AT) if (name := title.partition(":")[0]) != title and " " not in name]
    step = max(1, len(named) // 3)
    return [[f"What is {name} and how well does it work?"] for name in named[::step][:3]] or [["What is new here?"]]
