"""The chat page: a conversation on the left, the sources of its answers on the right."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr

from rag.assistant import Assistant
from rag.cli import LONGEST_QUESTION, NO_MODEL
from rag.errors import RagError, UsageError
from rag.reading import Found
from rag.types import Answer, Claim, Filters, Thought, Turn, Waiting
from ui import about, api, guard, library_page, panel

TITLE = "Ask the abstracts"
_LOOKED_AT = 500  # titles, for the example questions
_MOST = 20  # papers that the slider goes to
_KEPT = 10  # answers of a conversation whose sources stay at hand
EMPTY_PANEL = '<p class="empty">The papers behind an answer appear here, with the sentences it stands on marked.</p>'
_MATHS: list[dict[str, str | bool]] = [
    {"left": "\\(", "right": "\\)", "display": False},
    {"left": "\\[", "right": "\\]", "display": True},
]

Messages = list[dict[str, Any]]
State = dict[str, Any]  # "turns": what was asked and answered, as text; "sections": the sources' HTML, one an answer
Update = tuple[Messages, str, State]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was sent, with the filters and the number of papers that were set then."""

    question: str
    filters: Filters
    k: int


@dataclass(slots=True)
class Live:
    """The answer that is being written. Stop sets `stopped`, and whoever writes the answer ends it: nobody else may."""

    found: Found | None = None
    text: str = ""
    thoughts: str = ""
    claims: list[Claim] = field(default_factory=list)
    stopped: bool = False


_NOTHING: State = {"turns": [], "sections": []}


def build(assistant: Assistant, allow_endpoint_change: bool = False) -> gr.Blocks:
    """Return the page. launch() it with launch_options(). `allow_endpoint_change` is whether it may offer other endpoints."""
    page: gr.Blocks
    with gr.Blocks(title=TITLE, fill_height=True, fill_width=True, analytics_enabled=False) as page:
        state = gr.State(_NOTHING)
        masthead = gr.HTML(_header(assistant), elem_id="masthead")
        page.load(lambda: _header(assistant), None, masthead, api_visibility="private")  # the library may have grown
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=3, min_width=320):
                chat = gr.Chatbot(
                    label="Conversation",
                    show_label=False,
                    elem_id="chat",
                    height="62vh",
                    layout="panel",
                    latex_delimiters=_MATHS,
                    buttons=["copy"],
                    placeholder="### What do you want to know?\nAsk about a method, a figure, or which papers do what.",
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
                fields = [*_filters(page, assistant), selected]
                gr.Examples(_examples(assistant), box, label="For example")
            with gr.Column(scale=2, min_width=320):
                sources = gr.HTML(EMPTY_PANEL, elem_id="sources", padding=False)

        def take(question: str, *given: Any) -> tuple[Asked | None, dict[str, Any]]:
            return _take(assistant, question, *given)

        def respond(asked: Asked | None, messages: Messages, kept: State, live: Live) -> Iterator[Update]:
            yield from _respond(assistant, asked, messages, kept, live)

        asked = gr.State(None)
        live = gr.State(Live())
        private: dict[str, Any] = {"api_visibility": "private"}
        taken = box.submit(take, [box, *fields], [asked, box], **private)
        answered = taken.then(respond, [asked, chat, state, live], [chat, sources, state], **private)
        answered.then(_ready, None, box, **private)
        chat.clear(lambda: (EMPTY_PANEL, _NOTHING), None, [sources, state], **private)
        box.stop(_stop, live, None, **private)
        api.add(assistant)
    library_page.add(page, assistant)
    return page


def _filters(page: gr.Blocks, assistant: Assistant) -> list[gr.components.Component]:
    """Add the folded filters to the page; return their fields in the order in which _take() has them."""

    def listed() -> gr.Dropdown:
        return gr.Dropdown(choices=assistant.scope.sources())

    with gr.Accordion("Filters", open=False, elem_id="filters"):
        with gr.Row():
            since = gr.Textbox(label="From", placeholder="2024 or 2024-05", min_width=130)
            until = gr.Textbox(label="Until", placeholder="2024 or 2024-05", min_width=130)
            authors = gr.Number(0, label="Authors, at least", precision=0, min_width=130)
        with gr.Row():
            title = gr.Textbox(label="Words of the title", placeholder="graph", min_width=200)
            source = gr.Dropdown([], value=None, label="Source", allow_custom_value=True, min_width=200)
        with gr.Row(elem_classes="last-row"):
            k = gr.Slider(1, max(_MOST, assistant.k), assistant.k, step=1, label="Papers to read for an answer", min_width=200)
            gr.ClearButton([since, until, authors, title, source], value="Clear the filters", size="sm", min_width=140)
    page.load(listed, None, source, api_visibility="private")  # the library may have grown since the page was built
    return [k, since, until, source, title, authors]


def _take(
    assistant: Assistant,
    question: str,
    k: int,
    since: str | None = None,
    until: str | None = None,
    source: str | None = None,
    title: str | None = None,
    min_authors: int | None = None,
    papers: tuple[str, ...] = (),
) -> tuple[Asked | None, dict[str, Any]]:
    """Take the question out of the box, which offers to stop while the answer comes; warn, and leave it, when it cannot be
    asked as it is."""
    question = question.strip()
    try:
        if not question or len(question) > LONGEST_QUESTION:
            raise UsageError("", "Ask a question first." if not question else f"Ask in at most {LONGEST_QUESTION} characters.")
        only = assistant.scope.checked(Filters(None, since, until, source, title, min_authors or None, papers))
    except UsageError as error:
        gr.Warning(panel.draft(str(error)))
        return None, gr.skip()
    return Asked(question, only, k), gr.update(value="", submit_btn=False, stop_btn="Stop")


def _ready() -> dict[str, Any]:
    update: dict[str, Any] = gr.update(submit_btn="Ask", stop_btn=False)
    return update


def launch_options(names: Sequence[str] = ()) -> dict[str, Any]:
    """Return the arguments of launch() that make the page what it is: its look, its script, its guard, nothing shared. `names`
    are those that the server has besides the loopback ones."""
    assets = resources.files(__package__)
    return {
        "css": "".join(assets.joinpath(name).read_text("utf-8") for name in ("style.css", "library.css")),
        "js": assets.joinpath("app.js").read_text("utf-8"),
        "theme": gr.themes.Base(primary_hue="indigo", neutral_hue="slate", font=["system-ui", "sans-serif"]),
        "app_kwargs": {"middleware": [guard.middleware(names)]},
        "share": False,
        "ssr_mode": False,  # Node would stand before the guard
        "mcp_server": False,
        "run_history": False,
        "show_error": True,
        "footer_links": [],
        "quiet": True,
    }


def _stop(live: Live) -> None:
    live.stopped = True


def _respond(assistant: Assistant, asked: Asked | None, messages: Messages, kept: State, live: Live) -> Iterator[Update]:
    """Answer one question: yield the conversation, the sources and the state as they grow; None is no question."""
    if asked is None:
        yield messages, _panel(kept), kept
        return
    question = asked.question
    messages = [*messages, {"role": "user", "content": panel.draft(question)}, {"role": "assistant", "content": "Searching…"}]
    yield messages, _panel(kept), kept
    live.found, live.text, live.thoughts, live.claims, live.stopped = None, "", "", [], False
    stream = assistant.stream(question, kept["turns"], asked.k, asked.filters)
    try:
        for event in stream:
            if live.stopped and not isinstance(event, Answer):
                stream.close()
                event = _cut(assistant, question, live)
            if isinstance(event, Found):
                live.found = event
                found = panel.sources("now", event.sources, title="Found", scope=panel.restriction(event))
                shown = {**kept, "sections": [*kept["sections"], found]}
                yield _said(messages, _growing(assistant, live)), _panel(shown), kept
            elif isinstance(event, Answer):
                kept = _keep(kept, event)
                yield _said(messages, panel.message(event)), _panel(kept), kept
                return
            else:
                _take_in(live, event)
                waited = event.seconds if isinstance(event, Waiting) else 0.0
                yield _said(messages, _growing(assistant, live, waited)), gr.skip(), kept
    except RagError as error:
        yield _said(messages, f"{panel.draft(live.text)}\n\n{panel.draft(str(error))}".strip()), _panel(kept), kept


def _take_in(live: Live, event: str | Claim | Thought | Waiting) -> None:
    if isinstance(event, Claim):
        live.claims.append(event)
    elif isinstance(event, Thought):
        live.thoughts += event.text
    elif isinstance(event, str):
        live.text += event


def _growing(assistant: Assistant, live: Live, waited: float = 0.0) -> str:
    """Return what there is of an answer, or what is being done for it."""
    thoughts = panel.thoughts(live.thoughts)
    if live.found is None or live.text:
        return thoughts + (panel.linked("now", live.text, live.claims, live.found.sources) if live.found else "Searching…")
    count = len(live.found.sources)
    doing = f"{count} paper{'s' * (count != 1)} found. {_doing(assistant)}"
    return thoughts + (f"{doing} {waited:.0f} s" if waited >= 1 else doing)


def _cut(assistant: Assistant, question: str, live: Live) -> Answer:
    """Return what there is of an answer that was stopped, checked and marked as incomplete."""
    found = live.found or Found(question, ())
    return assistant.cut(question, found, live.text, "stopped")


def _doing(assistant: Assistant) -> str:
    return f"Asking {panel.draft(assistant.model.name or 'the model')}…" if assistant.model.mode == "model" else "Reading…"


def _said(messages: Messages, content: str) -> Messages:
    return [*messages[:-1], {"role": "assistant", "content": content}]


def _keep(kept: State, answer: Answer) -> State:
    turns = [Turn("user", answer.standalone_question), Turn("assistant", answer.answer)]
    title = "Nearest papers" if answer.refused else "Sources"
    section = panel.sources(answer.id, answer.sources, answer.claims, title, panel.restriction(answer))
    return {"turns": kept["turns"] + turns, "sections": [*kept["sections"], section][-_KEPT:]}


def _panel(kept: State) -> str:
    """Return the sources of all answers; the last one shows, the others appear when one of their citations is followed."""
    sections: list[str] = kept["sections"] or [EMPTY_PANEL]
    *earlier, last = sections
    return "".join(s.replace("<section ", "<section hidden ", 1) for s in earlier) + last


def _header(assistant: Assistant) -> str:
    papers = assistant.count()
    model = assistant.model
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
