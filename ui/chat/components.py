"""The components of the chat page that its events read and change, and what several kinds of events share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ui.chat.answering import Live
from ui.chat.conversation import Conversation

PRIVATE: dict[str, Any] = {"api_visibility": "private"}  # of an event that programs cannot call


@dataclass(frozen=True, slots=True)
class Components:
    """The states of one page and the components that show them.

    `filters` are the arguments of filters_form.take(), `model` those of Models.assistant().
    """

    conversation: gr.State
    live: gr.State
    asked: gr.State
    rated: gr.State
    chat: gr.Chatbot
    reason: gr.Textbox
    question: gr.Textbox
    filters: list[gr.components.Component]
    model: list[gr.components.Component]
    sources: gr.HTML

    @property
    def shown(self) -> list[gr.components.Component]:
        """The components that show a conversation, in the order of shown()."""
        return [self.conversation, self.chat, self.sources]


def shown(conversation: Conversation) -> tuple[Any, ...]:
    """Return a conversation with its messages and its sources."""
    return conversation, conversation.messages(), conversation.panel()


def refuse_while_writing(live: Live) -> None:
    """Raise gr.Error while an answer is being written, because the event would change the conversation of that answer."""
    if live.writing:
        raise gr.Error("An answer is being written: wait for it, or stop it first.", print_exception=False)


def answer_index(message_index: Any) -> int:
    """Return the position of a message's answer. Each answer has two messages, the question and the answer itself."""
    return int(message_index[0] if isinstance(message_index, list | tuple) else message_index) // 2
