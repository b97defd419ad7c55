"""Conversations kept on the server: listed, searched, opened, renamed, deleted, and taken away as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from rag import render, transcript
from rag.errors import RagError
from rag.history import History
from rag.types import Answer
from ui import panel
from ui.guard import OWNER
from ui.talk import Talk

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
_WRITE: dict[str, Callable[..., str]] = {"md": transcript.markdown, "bib": render.bibtex, "ris": render.ris}


def owner(request: gr.Request) -> str:
    """Return whose conversations a page may see: the name it was opened with a password under, or else its browser's own."""
    if request.username:
        return f"user:{request.username}"
    return f"browser:{request.cookies.get(OWNER) or request.session_hash}"


@contextmanager
def told() -> Iterator[None]:
    """Show a mistake of keeping as a warning: an answer is worth more than its place in a list."""
    try:
        yield
    except RagError as error:
        gr.Warning(panel.draft(str(error)))


def keep(history: History, talk: Talk, answer: Answer, whose: str) -> Talk:
    """Store an answer, which begins the conversation where there is none; return the conversation with it."""
    with told():
        talk = replace(talk, id=talk.id or history.new(whose))
        history.append(str(talk.id), whose, answer)
    return talk.with_answer(answer)


def cut(history: History, talk: Talk, n: int, whose: str) -> Talk:
    """Take the answers from `n` on out of a conversation, in the store too."""
    if talk.id is not None:
        with told():
            history.truncate(talk.id, whose, n)
    return talk.before(n)


@dataclass(frozen=True, slots=True)
class Sidebar:
    """What the page wires up: the list, and what opens and forgets conversations."""

    listed: gr.Radio
    words: gr.Textbox
    anew: gr.Button
    name: gr.Textbox
    remove: gr.Button
    files: dict[str, gr.Button]


def build() -> Sidebar:
    """Add the sidebar to the page that is being built."""
    with gr.Sidebar(label="Conversations", open=False, width=300, elem_id="kept"):
        gr.HTML("<h2>Conversations</h2>", padding=False)
        anew = gr.Button("New conversation", size="sm")
        words = gr.Textbox(label="Search conversations", placeholder="Search", show_label=False)
        listed = gr.Radio([], label="Kept conversations", show_label=False, elem_id="listed")
        with gr.Group(elem_id="open-one"):
            name = gr.Textbox(label="Name of this conversation", max_length=60, submit_btn="Rename")
            remove = gr.Button("Delete this conversation", size="sm", variant="stop")
        gr.HTML("<h2>Take along</h2>", padding=False)
        with gr.Row():
            files = {kind: gr.Button(text, size="sm", min_width=80) for kind, text in _KINDS.items()}
    return Sidebar(listed, words, anew, name, remove, files)


THUMBS: dict[bool | None, str] = {True: "Like", False: "Dislike"}
_KINDS = {"md": "Markdown", "bib": "BibTeX", "ris": "RIS"}


def choices(history: History, words: str, talk: Talk, whose: str) -> dict[str, Any]:
    """Return the list as it is now, with the open conversation chosen."""
    found = []
    with told():
        found = history.conversations(whose, words)
    shown = [(f"{c.title} · {c.changed.astimezone():%d %b %H:%M}", c.id) for c in found]
    update: dict[str, Any] = gr.update(choices=shown, value=talk.id if talk.id in [c.id for c in found] else None)
    return update


def opened(history: History, conversation: str | None, talk: Talk, whose: str) -> Talk:
    """Return a kept conversation; the one that is open when it cannot be had."""
    if not conversation or conversation == talk.id:
        return talk
    with told():
        return Talk(conversation, tuple(history.read(conversation, whose)))
    return talk


def thumbs(history: History, talk: Talk, whose: str) -> list[str | None]:
    """Return the thumb of each answer, as the chat has it; None where there is none."""
    rated: dict[str, tuple[bool | None, str]] = {}
    if talk.id is not None:
        with told():
            rated = history.ratings(talk.id, whose)
    return [THUMBS.get(rated.get(answer.id, (None, ""))[0]) for answer in talk.answers]


def written(kind: str, talk: Talk) -> list[str]:
    """Return name and content of a file with the conversation, for the page's script to hand over; nothing when empty."""
    if not talk.answers:
        gr.Warning("There is nothing to take along yet.")
        return []
    content = _WRITE[kind](talk.answers) if kind == "md" else _WRITE[kind](*talk.answers)
    return [f"conversation.{kind}", content]
