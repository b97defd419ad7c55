"""The events of conversations: listed, begun, opened, renamed, deleted, exported."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from rag.storage.history import History
from ui.chat import kept_conversations
from ui.chat.address import ASKED_FOR, Address, Place
from ui.chat.answering import Live
from ui.chat.components import PRIVATE, Components, refuse_while_writing, shown
from ui.chat.conversation import Conversation
from ui.chat.sidebar import Sidebar
from ui.downloads import DOWNLOAD
from ui.rendering import rendered


@dataclass(frozen=True, slots=True)
class ConversationEvents:
    """Shows, opens and changes the conversations that the history keeps for the owner of the page."""

    components: Components
    history: History
    sidebar: Sidebar
    address: Address

    def connect(self, page: gr.Blocks, new: gr.Button) -> None:
        """Attach the events to the page; `new` begins a conversation."""
        on, side = self.components, self.sidebar
        page.load(**self._listing)
        side.search.change(**self._listing)
        self.address.follow(on.conversation.change(**self._listing))
        begun = new.click(_begin, on.live, [*on.shown, self.address.place], **PRIVATE)
        self.address.follow(begun, new_step=True)
        self._connect_opening(page)
        self._connect_changing()
        for kind, button in side.exports.items():
            file = gr.JSON(visible="hidden")
            exported = button.click(partial(kept_conversations.exported, kind), on.conversation, file, **PRIVATE)
            exported.then(None, file, None, js=DOWNLOAD)

    @property
    def _listing(self) -> dict[str, Any]:
        """The arguments of an event that lists the conversations anew."""
        side = self.sidebar
        inputs, outputs = [side.search, self.components.conversation], [side.listed, side.name, self.address.place]
        return {"fn": self._list, "inputs": inputs, "outputs": outputs, **PRIVATE}

    def _connect_opening(self, page: gr.Blocks) -> None:
        on, listed, address = self.components, self.sidebar.listed, self.address
        outputs = [*on.shown, address.place]
        chosen = listed.input(self._open, [listed, on.conversation, on.live], outputs, **PRIVATE)
        address.follow(chosen, new_step=True)
        chosen.failure(**self._listing)
        asked_for = gr.Textbox(visible=False)
        inputs = [asked_for, on.conversation, on.live]
        address.follow(page.load(self._open, inputs, outputs, js=ASKED_FOR, **PRIVATE))
        address.follow(address.moves.select(self._move, [on.conversation, on.live], outputs, **PRIVATE))

    def _connect_changing(self) -> None:
        on, side = self.components, self.sidebar
        renamed = side.name.submit(self._rename, [side.name, on.conversation], None, **PRIVATE)
        self.address.follow(renamed.then(**self._listing))
        side.delete.click(_ask_to_delete, on.conversation, [side.delete_question, side.delete_dialog], **PRIVATE)
        side.cancel.click(_hide, None, side.delete_dialog, **PRIVATE)
        on.conversation.change(_hide, None, side.delete_dialog, **PRIVATE)  # the question was about the one before
        side.confirm.click(self._delete, [on.conversation, on.live], on.shown, **PRIVATE)

    def _list(self, words: str, conversation: Conversation, request: gr.Request) -> tuple[Any, ...]:
        owner = kept_conversations.owner(request)
        listed = kept_conversations.titles(self.history, words, owner)
        current = next((title for title, _, key in listed if key == conversation.id), None)
        name = "" if conversation.id is None else gr.skip() if current is None else current
        choices = [(f"{title} · {changed}", key) for title, changed, key in listed]
        shown_as = gr.update(choices=choices, value=None if current is None else conversation.id)
        return shown_as, name, self._place(conversation, owner)

    def _place(self, conversation: Conversation, owner: str) -> Place:
        return {"talk": conversation.id, "title": kept_conversations.title(self.history, conversation, owner)}

    def _open(self, key: str | None, conversation: Conversation, live: Live, request: gr.Request) -> tuple[Any, ...]:
        refuse_while_writing(live)
        owner = kept_conversations.owner(request)
        conversation = kept_conversations.opened(self.history, key, conversation, owner)
        ratings = kept_conversations.ratings(self.history, conversation, owner)
        return *shown(conversation, ratings), self._place(conversation, owner)

    def _move(self, conversation: Conversation, live: Live, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Open what Back or Forward led to: an empty conversation where the address has none that can be opened."""
        key = str(event.talk or "") or None
        return self._open(key, conversation if key == conversation.id else Conversation(), live, request)

    def _rename(self, name: str, conversation: Conversation, request: gr.Request) -> None:
        if conversation.id is None:
            gr.Warning("Ask a question first. A conversation is kept once it has an answer.")
            return
        with kept_conversations.errors_as_warnings():
            self.history.rename(conversation.id, kept_conversations.owner(request), name)

    def _delete(self, conversation: Conversation, live: Live, request: gr.Request) -> tuple[Any, ...]:
        refuse_while_writing(live)
        with kept_conversations.errors_as_warnings():
            if conversation.id is not None:
                self.history.delete(conversation.id, kept_conversations.owner(request))
            conversation = Conversation()
        return shown(conversation)


def _ask_to_delete(conversation: Conversation) -> tuple[Any, ...]:
    """Return the question whether to delete the open conversation, and that it is shown; a warning when none is kept."""
    if conversation.id is None:
        gr.Warning("There is nothing to delete yet. A conversation is kept once it has an answer.")
        return gr.skip(), gr.skip()
    return rendered("chat/delete_question.html", answers=len(conversation.answers)), gr.update(visible=True)


def _hide() -> dict[str, Any]:
    update: dict[str, Any] = gr.update(visible=False)
    return update


def _begin(live: Live) -> tuple[Any, ...]:
    refuse_while_writing(live)
    return *shown(Conversation()), None
