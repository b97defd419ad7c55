"""The components of the chat page that its events read and change, and what several kinds of events share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ui.chat.answering import Live
from ui.chat.conversation import Conversation

PRIVATE: dict[str, Any] = {"api_visibility": "private"}  # of an event that programs cannot call
TO_THE_QUESTION = """() => document.querySelector("#question textarea").focus()"""


@dataclass(frozen=True, slots=True)
class Components:
    """The states of one page and the components that show them.

    `filters` are the arguments of filters_form.take(), `model` those of Models.assistant().
    """

    conversation: gr.State
    live: gr.State
    asked: gr.State
    rated: gr.State
    start: gr.HTML
    chat: gr.HTML
    reason: gr.Textbox
    question: gr.Textbox
    filters: list[gr.components.Component]
    model: list[gr.components.Component]
    sources: gr.HTML

    @property
    def shown(self) -> list[gr.components.Component]:
        """The components that show a conversation, in the order of shown()."""
        return [self.conversation, self.chat, self.sources]


def shown(conversation: Conversation, ratings: Mapping[str, bool | None] | None = None) -> tuple[Any, ...]:
    """Return a conversation with its exchanges and its sources. `ratings` are by the id of an answer."""
    return conversation, conversation.exchanges(ratings or {}), conversation.panel()


def refuse_while_writing(live: Live) -> None:
    """Raise gr.Error while an answer is being written, because the event would change the conversation of that answer."""
    if live.writing:
        raise gr.Error("An answer is being written: wait for it, or stop it first.", print_exception=False)
