"""The events of a question: asked, suggested, stopped, asked again, taken back, changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gradio as gr

from rag.errors import RagError
from rag.storage.history import History
from ui.chat import filters_form, kept_conversations
from ui.chat.answering import Asked, Live, Update, respond
from ui.chat.components import PRIVATE, TO_THE_QUESTION, Components, refuse_while_writing, shown
from ui.chat.conversation import Conversation
from ui.models.choices import Models
from ui.models.servers import Server
from ui.rendering import markdown_safe

Taken = tuple[Asked | None, Any, Conversation]  # a question, what becomes of its box, and the conversation it continues


@dataclass(frozen=True, slots=True)
class QuestionEvents:
    """Answers questions. `under_way` are the answers that are being written, by the session of their page."""

    components: Components
    models: Models
    history: History
    under_way: dict[str | None, Live] = field(default_factory=dict)

    def connect(self, page: gr.Blocks) -> None:
        """Attach the events to the page."""
        on = self.components
        inputs = [on.question, on.conversation, on.live, *on.filters]
        outputs = [on.asked, on.question, on.conversation]
        self._answer(on.question.submit(self._take, inputs, outputs, **PRIVATE))
        self._answer(on.chat.retry(self._retry, inputs, outputs, **PRIVATE))
        self._answer(on.chat.edit(self._edit, inputs, outputs, **PRIVATE))
        for suggesting in (on.start, on.chat):
            self._answer(suggesting.select(self._ask_suggested, inputs, outputs, **PRIVATE))
        undone = on.chat.undo(self._undo, [on.conversation, on.live], [on.question, *on.shown], **PRIVATE)
        undone.success(None, None, None, js=TO_THE_QUESTION, **PRIVATE)
        on.question.stop(_stop, on.live, None, **PRIVATE)
        page.unload(self._stop_closed_page)

    def _answer(self, taken: Any) -> None:
        """Answer the question that the event `taken` leaves in `asked`."""
        on = self.components
        inputs, outputs = [on.asked, on.conversation, on.live, *on.model], [on.chat, on.sources, on.conversation]
        # An answer is complete a moment before its event ends: "multiple" lets a question asked in between be answered.
        quiet: dict[str, Any] = {**PRIVATE, "show_progress": "hidden", "trigger_mode": "multiple"}
        answered = taken.success(self._respond, inputs, outputs, **quiet)
        answered.then(_ready, [on.question, on.live], on.question, **quiet)

    def _take(self, question: str, conversation: Conversation, live: Live, *filters: Any) -> Taken:
        refuse_while_writing(live)
        asked, box = filters_form.take(self.models.started, question, *filters)
        live.writing, live.failed = asked, False
        return asked, box, conversation

    def _ask_suggested(self, event: gr.SelectData, _: str, conversation: Conversation, live: Live, *filters: Any) -> Taken:
        return self._take(str(event.value), conversation, live, *filters)

    def _retry(
        self, event: gr.RetryData, request: gr.Request, _: str, conversation: Conversation, live: Live, *filters: Any
    ) -> Taken:
        n = _position(event)
        return self._ask_again(request, conversation, n, _question(conversation, n, live), live, filters)

    def _edit(
        self, event: gr.EditData, request: gr.Request, _: str, conversation: Conversation, live: Live, *filters: Any
    ) -> Taken:
        return self._ask_again(request, conversation, _position(event), str(event.value), live, filters)

    def _ask_again(
        self, request: gr.Request, conversation: Conversation, n: int, question: str, live: Live, filters: Any
    ) -> Taken:
        """Ask `question` in place of answer `n`. Take back that answer and all later ones."""
        asked, box, _ = self._take(question, conversation, live, *filters)
        if asked is not None:
            owner = kept_conversations.owner(request)
            conversation = kept_conversations.take_back(self.history, conversation, n, owner)
        return asked, box, conversation

    def _undo(self, event: gr.UndoData, request: gr.Request, conversation: Conversation, live: Live) -> tuple[Any, ...]:
        refuse_while_writing(live)
        n = _position(event)
        question = _question(conversation, n, live)
        owner = kept_conversations.owner(request)
        return question, *shown(kept_conversations.take_back(self.history, conversation, n, owner))

    def _respond(
        self,
        asked: Asked | None,
        conversation: Conversation,
        live: Live,
        model: str,
        typed: Server | None,
        request: gr.Request,
    ) -> Iterator[Update]:
        keep = partial(kept_conversations.keep, self.history, owner=kept_conversations.owner(request))
        try:
            assistant = self.models.assistant(model, typed)
        except RagError as error:
            gr.Warning(markdown_safe(str(error)))
            live.question, live.failed = asked.question if asked else "", True
            live.end(asked)
            asked, assistant = None, self.models.started
        self.under_way[request.session_hash] = live
        try:
            yield from respond(assistant, asked, conversation, live, keep)
        finally:
            live.end(asked)
            if live.writing is None:
                self.under_way.pop(request.session_hash, None)

    def _stop_closed_page(self, request: gr.Request) -> None:
        if live := self.under_way.get(request.session_hash):
            live.stopped = True


def _position(event: gr.RetryData | gr.EditData | gr.UndoData) -> int:
    """Return the position of the exchange whose button was pressed."""
    n = event.index
    if not isinstance(n, int) or n < 0:
        raise gr.Error("This question is not in the conversation. Load the page again.", print_exception=False)
    return n


def _question(conversation: Conversation, n: int, live: Live) -> str:
    """Return the question of answer `n`, or the last question asked, where that has no answer."""
    return conversation.answers[n].question if n < len(conversation.answers) else live.question


def _ready(typed: str, live: Live) -> Any:
    if live.writing is not None:  # the next answer already
        return gr.skip()
    return filters_form.ready(typed, live.question if live.failed else "")


def _stop(live: Live) -> None:
    live.stopped = True
