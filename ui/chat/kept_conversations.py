"""Conversations in the history: kept, listed, opened, cut, rated, exported.

An answer is worth more than a place in the history, so an error of the history is a warning on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import gradio as gr

from rag.errors import Gone, RagError
from rag.output import render, transcript
from rag.storage.history import History
from rag.types import Answer
from ui.chat.conversation import Conversation
from ui.rendering import markdown_safe
from ui.serving.replies import OWNER

_FORMATS: dict[str, Callable[..., str]] = {
    "md": lambda *answers: transcript.markdown(answers),
    "bib": render.bibtex,
    "ris": render.ris,
}


def owner(request: gr.Request) -> str:
    """Return whose conversations a page may see: those of the user who logged in, or else those of the browser."""
    if request.username:
        return f"user:{request.username}"
    return f"browser:{request.cookies.get(OWNER) or request.session_hash}"


@contextmanager
def errors_as_warnings() -> Iterator[None]:
    """Show a RagError as a warning on the page."""
    try:
        yield
    except RagError as error:
        gr.Warning(markdown_safe(str(error)))


def keep(history: History, conversation: Conversation, answer: Answer, owner: str) -> Conversation:
    """Store an answer; return the conversation with it.

    A conversation that the history does not have is stored with all its answers.
    """
    with errors_as_warnings():
        try:
            if conversation.id is not None:
                history.append(conversation.id, owner, answer)
                return conversation.with_answer(answer)
        except Gone:  # deleted in another tab, or with its file
            conversation = replace(conversation, id=None)
        key = history.new(owner)
        conversation = replace(conversation, id=key)
        for one in (*conversation.answers, answer):
            history.append(key, owner, one)
    return conversation.with_answer(answer)


def take_back(history: History, conversation: Conversation, n: int, owner: str) -> Conversation:
    """Remove the answers from `n` on, in the history too; return what is left of the conversation."""
    if conversation.id is not None:
        with errors_as_warnings():
            history.take_back(conversation.id, owner, [answer.id for answer in conversation.answers[n:]])
    return conversation.before(n)


def titles(history: History, words: str, owner: str) -> list[tuple[str, str, str]]:
    """Return (title, time of the last change, id) of each conversation that has these words, of all for ""."""
    with errors_as_warnings():
        kept = history.conversations(owner, words)
        return [(c.title, f"{c.changed.astimezone():%d %b %H:%M}", c.id) for c in kept]
    return []


def title(history: History, conversation: Conversation, owner: str) -> str:
    """Return the name of a conversation, "" for one that is not kept."""
    if conversation.id is None:
        return ""
    return next((name for name, _, key in titles(history, "", owner) if key == conversation.id), "")


def opened(history: History, key: str | None, current: Conversation, owner: str) -> Conversation:
    """Return the kept conversation with the id `key`, or the current one when it cannot be read."""
    if not key or key == current.id:
        return current
    with errors_as_warnings():
        try:
            return Conversation(key, tuple(history.read(key, owner)))
        except Gone:
            gr.Warning(
                "This conversation was deleted, or it belongs to somebody else. Ask a new question, or open another one."
            )
    return current


def ratings(history: History, conversation: Conversation, owner: str) -> dict[str, bool | None]:
    """Return whether each rated answer was found good, by its id."""
    if conversation.id is not None:
        with errors_as_warnings():
            return {answer: up for answer, (up, _) in history.ratings(conversation.id, owner).items()}
    return {}


def exported(kind: str, conversation: Conversation) -> list[str]:
    """Return name and content of a file with the conversation, which the page's script saves; [] for an empty one."""
    if not conversation.answers:
        gr.Warning("There is nothing to export yet. Ask a question first.")
        return []
    return [f"conversation.{kind}", _FORMATS[kind](*conversation.answers)]
