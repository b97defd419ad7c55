"""The chat page: a conversation on the left, the sources of its answers on the right."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")  # events between two summaries: none is made
os.environ["FORWARDED_ALLOW_IPS"] = ""  # ui/serving/forwarded.py reads what proxies tell, and needs to know who sent it

import gradio as gr

from rag.assistant import Assistant
from rag.storage.history import History
from rag.storage.saved import SavedPapers
from ui import theme
from ui.chat import draft, examples, filters_form, picker, scope, selected_papers, sidebar, sources_panel, thread, years
from ui.chat.address import Address
from ui.chat.answering import Live
from ui.chat.components import PRIVATE, Components
from ui.chat.conversation import Conversation
from ui.chat.conversation_events import ConversationEvents
from ui.chat.question_events import QuestionEvents
from ui.chat.rating_events import RatingEvents
from ui.collection import page as collection_page
from ui.collection import ticks
from ui.collection.stars import Stars
from ui.library import page as library_page
from ui.models.choices import Models
from ui.models.connecting import Connecting
from ui.rendering import rendered
from ui.serving import api, guard
from ui.serving.page_events import Page

_MAX_ANSWERS_AT_ONCE = 20  # questions answered at the same time; Gradio's default is one
_UPLOADS = (3600, 86400)  # seconds: how often uploads that were never added are deleted, and from which age on
_THREADS = 120  # one for each answer under way, programs' too, and some for the events that stop them


def build(assistant: Assistant, *, connecting: Connecting | None = None) -> gr.Blocks:
    """Return the page, to be launched with launch_options(). `connecting` says who may connect a model (None: nobody)."""
    history, saved, models = History(assistant.home), SavedPapers(assistant.home), Models(assistant)
    connecting = connecting or Connecting()
    page: gr.Blocks
    with Page(title=theme.TITLE, fill_height=True, fill_width=True, analytics_enabled=False, delete_cache=_UPLOADS) as page:
        with theme.side():
            masthead = gr.HTML(_masthead(models), elem_id="masthead")
            new = gr.Button("New question", size="sm", elem_id="anew")
            side = sidebar.build()
            model = picker.add(page, models, connecting)
        page.load(partial(_masthead, models), None, masthead, **PRIVATE)  # the library may have grown
        with gr.Row(elem_id="columns"):
            start, chat, reason, question, chips, filters, sources = _columns(page, assistant)
        states = (gr.State(Conversation()), gr.State(Live()), gr.State(None), gr.State(None))
        components = Components(*states, start, chat, reason, question, filters, model, sources)
        QuestionEvents(components, models, history).connect(page)
        ConversationEvents(components, history, side, Address.build()).connect(page, new)
        RatingEvents(components, history).connect()
        scope.connect(page, assistant, chips, filters, new, components.live)
        years.connect(assistant, components.conversation, sources)
        Stars.add(page, assistant, saved)
        api.add(assistant)
    library_page.add(page, assistant, saved, history)
    collection_page.add(page, models, saved, history, connecting)
    page.queue(default_concurrency_limit=_MAX_ANSWERS_AT_ONCE)
    return page


def _columns(
    page: gr.Blocks, assistant: Assistant
) -> tuple[gr.HTML, gr.HTML, gr.Textbox, gr.Textbox, gr.HTML, list[gr.components.Component], gr.HTML]:
    """Add the conversation with the question below it, and the sources beside it; return the components."""
    with gr.Column(scale=3, min_width=320):
        start = examples.build(assistant)
        chat = thread.build()
        reason = gr.Textbox(
            label="What was good or wrong about it? (optional)", submit_btn="Send", visible=False, elem_id="why"
        )
        with gr.Column(elem_id="ask", scale=0):
            question = _question()
            chips = scope.build(assistant)
            filters = [*filters_form.add(page, assistant), selected_papers.add(page, assistant, question)]
        examples.connect(page, assistant, start)
        draft.keep(page, question)
    with gr.Column(scale=2, min_width=320):
        ticks.add()
        sources = sources_panel.build()
    return start, chat, reason, question, chips, filters, sources


def _question() -> gr.Textbox:
    return gr.Textbox(
        placeholder="Ask a question of the abstracts",
        label="Question",
        show_label=False,
        elem_id="question",
        submit_btn="Ask",
        autofocus=True,
        max_lines=6,
    )


def launch_options(names: Sequence[str] = (), proxies: Sequence[str] = (), root_path: str = "") -> dict[str, Any]:
    """Return the arguments of launch(): look, script, guard, and nothing shared. The parameters are those of the guard."""
    return {
        **theme.launch_options(),
        "app_kwargs": {"middleware": guard.middleware(names, proxies, root_path)},
        "max_threads": _THREADS,
        "enable_monitoring": False,
        "share": False,
        "ssr_mode": False,  # Node would answer before the guard does
        "mcp_server": False,
        "run_history": False,
        "show_error": True,
        "footer_links": [],
        "quiet": True,
    }


def _masthead(models: Models) -> str:
    return rendered("chat/head.html", title=theme.TITLE, papers=models.started.count())
