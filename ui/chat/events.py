"""What happens on the page: a question is asked, asked again or taken back, a conversation kept, an answer rated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gradio as gr

from rag.errors import RagError
from rag.storage.history import History
from ui.chat import filters_form, sidebar
from ui.chat.answering import Asked, Live, Update, respond
from ui.chat.conversation import Talk
from ui.models.choices import Models
from ui.models.servers import Server
from ui.rendering import markdown_safe

_UP = {name: up for up, name in sidebar.THUMBS.items()}
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
_TAKE_ALONG = """(file) => {
  if (!file || !file.length) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([file[1]], { type: "text/plain;charset=utf-8" }));
  link.download = file[0];
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""
# A tab that is loaded again shows the conversation it showed; a new one, or a question about a paper, begins anew.
_LAST = """(_, talk, live) =>
  [new URLSearchParams(location.search).has("paper") ? null : sessionStorage.getItem("talk"), talk, live]"""
_REMEMBER = """(id) => { if (id) sessionStorage.setItem("talk", id); }"""
_LEAVE = """() => { sessionStorage.removeItem("talk"); }"""


@dataclass(frozen=True, slots=True)
class Wired:
    """The parts of the page that its events are about."""

    models: Models
    history: History
    talk: gr.State
    live: gr.State
    asked: gr.State
    chat: gr.Chatbot
    sources: gr.HTML
    box: gr.Textbox
    fields: list[gr.components.Component]
    picked: list[gr.components.Component]
    written: dict[str | None, Live] = field(default_factory=dict)  # the answers under way, by the page's session

    def asking(self, page: gr.Blocks) -> None:
        """Ask, stop, ask again, take back and change a question."""
        taken = [self.asked, self.box, self.talk]
        given = [self.box, self.talk, self.live, *self.fields]
        self._answered(self.box.submit(self._take, given, taken, **_PRIVATE))
        self._answered(self.chat.retry(self._retry, given, taken, **_PRIVATE))
        self._answered(self.chat.edit(self._edit, given, taken, **_PRIVATE))
        self.chat.undo(self._undo, [self.talk, self.live], [self.talk, self.box, self.chat, self.sources], **_PRIVATE)
        self.box.stop(_stop, self.live, None, **_PRIVATE)
        page.unload(self._left)

    def _answered(self, taken: Any) -> None:
        shown = [self.chat, self.sources, self.talk]
        given = [self.asked, self.talk, self.live, *self.picked]
        answered = taken.success(self._respond, given, shown, show_progress="hidden", **_PRIVATE)
        answered.then(_ready, [self.box, self.live], self.box, **_PRIVATE)

    def _take(self, question: str, talk: Talk, live: Live, *given: Any) -> tuple[Any, ...]:
        _idle(live)
        asked, box = filters_form.take(self.models.started, question, *given)
        live.writing, live.failed = asked is not None, False
        return asked, box, talk

    def _retry(self, event: gr.RetryData, request: gr.Request, _: str, talk: Talk, live: Live, *given: Any) -> tuple[Any, ...]:
        n = _place(event.index)
        question = talk.answers[n].question if n < len(talk.answers) else live.question  # one that has no answer
        return self._again(talk, live, n, question, given, request)

    def _edit(self, event: gr.EditData, request: gr.Request, _: str, talk: Talk, live: Live, *given: Any) -> tuple[Any, ...]:
        return self._again(talk, live, _place(event.index), str(event.value), given, request)

    def _again(self, talk: Talk, live: Live, n: int, question: str, given: Any, request: gr.Request) -> tuple[Any, ...]:
        """Ask `question` in the place of answer `n`, which is taken back with what came after it."""
        asked, box, talk = self._take(question, talk, live, *given)
        return asked, box, talk if asked is None else sidebar.cut(self.history, talk, n, sidebar.owner(request))

    def _undo(self, event: gr.UndoData, request: gr.Request, talk: Talk, live: Live) -> tuple[Any, ...]:
        _idle(live)
        n = _place(event.index)
        question = talk.answers[n].question if n < len(talk.answers) else live.question
        talk = sidebar.cut(self.history, talk, n, sidebar.owner(request))
        return (talk, question, *_shown(talk))

    def _respond(
        self, asked: Asked | None, talk: Talk, live: Live, picked: str, typed: Server | None, request: gr.Request
    ) -> Iterator[Update]:
        keep = partial(sidebar.keep, self.history, whose=sidebar.owner(request))
        try:
            assistant = self.models.assistant(picked, typed)
        except RagError as error:
            gr.Warning(markdown_safe(str(error)))
            live.question, live.failed = asked.question if asked else "", True
            asked, assistant = None, self.models.started
        self.written[request.session_hash] = live
        try:
            yield from respond(assistant, asked, talk, live, keep)
        finally:
            live.writing = False
            self.written.pop(request.session_hash, None)

    def _left(self, request: gr.Request) -> None:
        """Stop the answer of a page that was closed."""
        if live := self.written.get(request.session_hash):
            live.stopped = True

    def keeping(self, page: gr.Blocks, side: sidebar.Sidebar, anew: gr.Button) -> None:
        """List the conversations, begin a new one, and open, rename, forget and take along one."""
        shown = [self.talk, self.chat, self.sources]
        listing: dict[str, Any] = {
            "fn": self._listed,
            "inputs": [side.words, self.talk],
            "outputs": [side.listed, side.name],
            **_PRIVATE,
        }
        page.load(**listing)
        side.words.change(**listing)
        self.talk.change(**listing)
        side.listed.input(self._open, [side.listed, self.talk, self.live], shown, **_PRIVATE).failure(**listing)
        anew.click(_begin, self.live, shown, **_PRIVATE).success(None, None, None, js=_LEAVE, **_PRIVATE)
        last = gr.Textbox(visible=False)
        page.load(self._open, [last, self.talk, self.live], shown, js=_LAST, **_PRIVATE)
        side.listed.change(None, side.listed, None, js=_REMEMBER, **_PRIVATE)
        side.name.submit(self._rename, [side.name, self.talk], None, **_PRIVATE).then(**listing)
        side.remove.click(sidebar.really, self.talk, [side.question, side.really], **_PRIVATE)
        side.leave.click(lambda: gr.update(visible=False), None, side.really, **_PRIVATE)
        forgotten = side.forget.click(self._forget, [self.talk, self.live], shown, **_PRIVATE)
        forgotten.success(None, None, None, js=_LEAVE, **_PRIVATE)
        self.talk.change(lambda: gr.update(visible=False), None, side.really, **_PRIVATE)  # it was asked of another one
        for kind, button in side.files.items():
            file = gr.JSON(visible="hidden")
            button.click(partial(sidebar.written, kind), self.talk, file, **_PRIVATE).then(None, file, None, js=_TAKE_ALONG)

    def _listed(self, words: str, talk: Talk, request: gr.Request) -> tuple[Any, ...]:
        return sidebar.choices(self.history, words, talk, sidebar.owner(request))

    def _open(self, conversation: str | None, talk: Talk, live: Live, request: gr.Request) -> tuple[Any, ...]:
        _idle(live)
        talk = sidebar.opened(self.history, conversation, talk, sidebar.owner(request))
        messages, sources = _shown(talk)
        thumbs = sidebar.thumbs(self.history, talk, sidebar.owner(request))
        return talk, gr.update(value=messages, feedback_value=thumbs), sources

    def _rename(self, name: str, talk: Talk, request: gr.Request) -> None:
        if talk.id is None:
            gr.Warning("Ask something first: a conversation is kept once it has an answer.")
            return
        with sidebar.told():
            self.history.rename(talk.id, sidebar.owner(request), name)

    def _forget(self, talk: Talk, live: Live, request: gr.Request) -> tuple[Any, ...]:
        _idle(live)
        with sidebar.told():
            if talk.id is not None:
                self.history.delete(talk.id, sidebar.owner(request))
            talk = Talk()
        return (talk, *_shown(talk))

    def rating(self, rated: gr.State, why: gr.Textbox) -> None:
        """Take thumbs up and down, and then words."""
        self.chat.like(self._rate, self.talk, [rated, why], **_PRIVATE)
        why.submit(self._say_why, [rated, why], why, **_PRIVATE)

    def _rate(self, talk: Talk, event: gr.LikeData, request: gr.Request) -> tuple[Any, ...]:
        n = _place(event.index)
        if n >= len(talk.answers):
            return None, gr.skip()
        up = event.liked if isinstance(event.liked, bool) else _UP.get(event.liked)
        answer_id = talk.answers[n].id
        with sidebar.told():
            self.history.rate(answer_id, sidebar.owner(request), up)
        return (answer_id, up), gr.update(visible=up is not None, value="")

    def _say_why(self, rated: tuple[str, bool] | None, words: str, request: gr.Request) -> dict[str, Any]:
        if rated is not None:
            with sidebar.told():
                self.history.rate(rated[0], sidebar.owner(request), rated[1], words)
                gr.Info("Thank you: it is kept with the answer.")
        update: dict[str, Any] = gr.update(visible=False, value="")
        return update


def _ready(typed: str, live: Live) -> dict[str, Any]:
    return filters_form.ready(typed, live.question if live.failed else "")


def _stop(live: Live) -> None:
    live.stopped = True


def _idle(live: Live) -> None:
    """Refuse what cannot be done while an answer is being written: its conversation is what would change."""
    if live.writing:
        raise gr.Error("An answer is being written: wait for it, or stop it first.", print_exception=False)


def _begin(live: Live) -> tuple[Any, ...]:
    _idle(live)
    return (Talk(), *_shown(Talk()))


def _shown(talk: Talk) -> tuple[Any, str]:
    return talk.messages(), talk.panel()


def _place(index: Any) -> int:
    """Return which answer a message belongs to: each has two, the question and itself."""
    return int(index[0] if isinstance(index, list | tuple) else index) // 2
