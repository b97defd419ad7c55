"""Conversations kept on the server: listed, searched, opened, renamed, deleted, and taken away as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from rag.errors import RagError
from rag.output import render, transcript
from rag.storage.history import Gone, History
from rag.types import Answer
from ui.chat.conversation import Talk
from ui.rendering import markdown_safe, rendered
from ui.serving.guard import OWNER

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
        gr.Warning(markdown_safe(str(error)))


def keep(history: History, talk: Talk, answer: Answer, whose: str) -> Talk:
    """Store an answer, and with it the conversation where that is not there (any more); return the conversation with it."""
    with told():
        try:
            if talk.id is not None:
                history.append(talk.id, whose, answer)
                return talk.with_answer(answer)
        except Gone:  # deleted in another tab, or with its file
            talk = replace(talk, id=None)
        talk = replace(talk, id=history.new(whose))
        for it in (*talk.answers, answer):
            history.append(str(talk.id), whose, it)
    return talk.with_answer(answer)


def cut(history: History, talk: Talk, n: int, whose: str) -> Talk:
    """Take the answers from `n` on out of a conversation, in the store too."""
    if talk.id is not None:
        with told():
            history.take_back(talk.id, whose, [answer.id for answer in talk.answers[n:]])
    return talk.before(n)


@dataclass(frozen=True, slots=True)
class Sidebar:
    """What the page wires up: the list, and what renames and forgets the open conversation. `remove` asks, `forget` does it."""

    listed: gr.Radio
    words: gr.Textbox
    name: gr.Textbox
    remove: gr.Button
    really: gr.Column
    question: gr.HTML
    forget: gr.Button
    leave: gr.Button
    files: dict[str, gr.Button]


def build() -> Sidebar:
    """Add the sidebar to the page that is being built."""
    with gr.Sidebar(label="Conversations", open=False, width=300, elem_id="kept"):
        gr.HTML(rendered("heading.html", text="Conversations"), padding=False)
        words = gr.Textbox(label="Search conversations", placeholder="Search", show_label=False)
        listed = gr.Radio([], label="Kept conversations", show_label=False, elem_id="listed")
        gr.HTML(rendered("heading.html", text="This conversation"), padding=False)
        name = gr.Textbox(
            label="Name of this conversation", show_label=False, placeholder="Name", max_length=60, submit_btn="Rename"
        )
        remove = gr.Button("Delete", size="sm", variant="stop")
        with gr.Column(visible=False, elem_id="forget") as really:
            question = gr.HTML()
            with gr.Row():
                forget = gr.Button("Delete it", size="sm", variant="stop", min_width=80)
                leave = gr.Button("Keep it", size="sm", min_width=80)
        gr.HTML(rendered("heading.html", text="Take along"), padding=False)
        with gr.Row():
            files = {kind: gr.Button(text, size="sm", min_width=60) for kind, text in _KINDS.items()}
    return Sidebar(listed, words, name, remove, really, question, forget, leave, files)


THUMBS: dict[bool | None, str] = {True: "Like", False: "Dislike"}
_KINDS = {"md": "Markdown", "bib": "BibTeX", "ris": "RIS"}


def really(talk: Talk) -> tuple[Any, ...]:
    """Return the question whether to delete the open conversation, and that it is shown; a warning when none is kept."""
    if talk.id is None:
        gr.Warning("This conversation is not kept yet: there is nothing to delete.")
        return gr.skip(), gr.skip()
    return rendered("chat/delete_question.html", answers=len(talk.answers)), gr.update(visible=True)


def choices(history: History, words: str, talk: Talk, whose: str) -> tuple[Any, ...]:
    """Return the list as it is now, with the open conversation chosen, and that one's name."""
    found = []
    with told():
        found = history.conversations(whose, words)
    shown = [(f"{c.title} · {c.changed.astimezone():%d %b %H:%M}", c.id) for c in found]
    names = {c.id: c.title for c in found}
    name = names.get(talk.id, gr.skip()) if talk.id else ""
    return gr.update(choices=shown, value=talk.id if talk.id in names else None), name


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
