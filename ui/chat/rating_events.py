"""The events of a rating: a thumb up or down for an answer, then a reason in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from rag.storage.history import History
from ui.chat import kept_conversations
from ui.chat.components import PRIVATE, Components
from ui.chat.conversation import Conversation


@dataclass(frozen=True, slots=True)
class RatingEvents:
    """Stores the ratings of answers."""

    components: Components
    history: History

    def connect(self) -> None:
        """Attach the events to the page."""
        on = self.components
        on.chat.like(self._rate, on.conversation, [on.rated, on.reason], **PRIVATE)
        on.reason.submit(self._give_reason, [on.rated, on.reason], on.reason, **PRIVATE)

    def _rate(self, conversation: Conversation, event: gr.LikeData, request: gr.Request) -> tuple[Any, ...]:
        n = event.index
        if not isinstance(n, int) or not 0 <= n < len(conversation.answers):
            return None, gr.skip()
        up = event.liked if isinstance(event.liked, bool) else None
        answer_id = conversation.answers[n].id
        with kept_conversations.errors_as_warnings():
            self.history.rate(answer_id, kept_conversations.owner(request), up)
        return (answer_id, up), gr.update(visible=up is not None, value="")

    def _give_reason(self, rated: tuple[str, bool] | None, reason: str, request: gr.Request) -> dict[str, Any]:
        if rated is not None:
            answer_id, up = rated
            with kept_conversations.errors_as_warnings():
                self.history.rate(answer_id, kept_conversations.owner(request), up, reason)
                gr.Info("Thank you. Your reason is kept with the answer.")
        update: dict[str, Any] = gr.update(visible=False, value="")
        return update
