"""The choice of the model that answers, which the browser keeps, and the health of its server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from rag.errors import RagError
from ui.chat import connect_dialog
from ui.chat.components import PRIVATE
from ui.chat.kept_conversations import owner
from ui.models import judging
from ui.models.choices import STARTED, Models
from ui.models.connecting import Connecting, Kept
from ui.models.servers import Server, health
from ui.rendering import markdown_safe, rendered

_MIN_CHOICES_TO_SEARCH = 12  # choices, from which on typing narrows the list
_LOST = "The model that you chose is not there now. Start its server and load this page again, or choose another."

_READ = """() => {
  try { return JSON.parse(localStorage.getItem("model")); } catch { return null; }
}"""
_KEEP = """(kept) => {
  try { if (kept) localStorage.setItem("model", JSON.stringify(kept)); } catch { /* a browser that keeps nothing */ }
}"""


def add(page: gr.Blocks, models: Models, connecting: Connecting) -> list[gr.components.Component]:
    """Add the choice to the page; return the components with the arguments of Models.assistant().

    The choice is hidden when there is only one model. `connecting` says who may connect another.
    """
    who = gr.HTML(_who(models), elem_id="who")
    own, kept = gr.State(None), gr.JSON(visible="hidden")
    with gr.Column(scale=0, min_width=320, elem_id="picker"):
        several = len(models.choices()) > 1
        picked = gr.Dropdown(models.choices(), value=STARTED, label="Answers by", filterable=False, visible=several)
        line = gr.HTML(padding=False)
        judging.add(page, models, picked, own)
        picker = Picker(models, connecting, own, kept, who, picked, line)
        picker.connect(page)
    return [picked, own]


@dataclass(frozen=True, slots=True)
class Picker:
    """The choice on one page. `own` is the server that was named there, `kept` what the browser keeps, `line` the health."""

    models: Models
    connecting: Connecting
    own: gr.State
    kept: gr.JSON
    who: gr.HTML
    picked: gr.Dropdown
    line: gr.HTML

    def connect(self, page: gr.Blocks) -> None:
        """Attach the events to the page, and add the dialog that connects a model."""
        choice: list[Any] = [self.own, self.kept, self.picked, self.who, self.line]
        arrived = page.load(self._arrive, self.kept, choice, js=_READ, **PRIVATE)
        arrived.then(self._look, [self.kept, self.picked, self.own, self.line], [self.picked, self.line], **PRIVATE)
        changed = [self.picked.input(self._pick, [self.picked, self.own], [self.kept, self.picked, self.line], **PRIVATE)]
        changed += connect_dialog.add(self.models, self.connecting, self.taken, choice)
        for change in changed:
            change.then(None, self.kept, None, js=_KEEP, **PRIVATE)

    def taken(self, server: Server, key: str, told: str) -> tuple[Any, ...]:
        """Return the updates that choose the model `key` of a server that was named, after a test that `told` this."""
        name = self.models.typed_name(key)
        return server, _kept(name, server), self._listing(server, value=name), _who(self.models, server), health("good", told)

    def _arrive(self, sent: Any, request: gr.Request) -> tuple[Any, ...]:
        """Choose what the browser kept, as far as that can be done without asking a server."""
        kept, own, told = Kept.read(sent), None, ""
        if kept and kept.address:
            if not self.connecting.allows(request):
                kept = None
            else:
                try:
                    own = self.models.connected.again(owner(request), kept, self.models.started)
                except RagError as error:
                    kept, told = None, health("bad", str(error))
        name = kept.name if kept and self._offers(kept.name, own) else STARTED
        return own, kept and kept.as_json(), self._listing(own, value=name), _who(self.models, own), told

    def _look(self, sent: Any, name: str, own: Server | None, told: str) -> tuple[Any, Any]:
        """Ask the server of the choice for its models. A kept choice that it does not list falls back to the chat's own."""
        kept = Kept.read(sent)
        wanted = kept.name if kept else name
        try:
            line = self.models.health(wanted, own)
        except RagError:  # a profile that is no longer there
            line = ""
        there = self._offers(wanted, own)
        line = told or (line if there else health("bad", _LOST))
        return self._listing(own, value=wanted if there else STARTED), line

    def _pick(self, name: str, own: Server | None) -> tuple[Any, Any, Any]:
        try:
            return _kept(name, own), self._listing(own), self.models.health(name, own)
        except RagError as error:
            gr.Warning(markdown_safe(str(error)))
            return gr.skip(), gr.skip(), ""

    def _offers(self, name: str, own: Server | None) -> bool:
        return any(name == other for _, other in self.models.choices(own))

    def _listing(self, own: Server | None, **more: Any) -> Any:
        choices = self.models.choices(own)  # rag.toml may have changed since the page was built
        return gr.update(choices=choices, filterable=len(choices) >= _MIN_CHOICES_TO_SEARCH, visible=len(choices) > 1, **more)


def _kept(name: str, own: Server | None) -> dict[str, str | bool]:
    return Kept(name, own.address if own else "", own.keyed if own else False).as_json()


def _who(models: Models, own: Server | None = None) -> Markup:
    """Return who answers, as HTML; nothing where that is chosen on the page."""
    model = models.started.model
    shown = "none" if model.mode == "extractive" else "named"
    if len(models.choices(own)) > 1:
        shown = "chosen"
    return rendered("chat/who.html", model=shown, name=model.name or "the only model", host=model.host or "")
