"""The dialog that connects a model: the servers found on this machine, an address to type, and a test before one is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import gradio as gr
from markupsafe import Markup

from rag.errors import RagError, UsageError
from ui import theme
from ui.chat.components import PRIVATE
from ui.chat.kept_conversations import owner
from ui.models.choices import Models
from ui.models.connecting import Connecting, Offer, Who, found_here, tried
from ui.models.servers import Server, shown, typed
from ui.rendering import rendered

Taken = Callable[[Server, str, str], tuple[Any, ...]]  # the updates of the page's choice, as Picker.taken() makes them
Update = tuple[Any, ...]  # of the dialog, of what it offers, and of the choice


def add(models: Models, connecting: Connecting, taken: Taken, choice: Sequence[gr.components.Component]) -> list[Any]:
    """Add the button with its dialog to the page that is being built; return the events after which a model may be chosen.

    They update `choice` by `taken`. Where nobody may connect a model there are none, and the dialog says what to do.
    """
    has_model, allowed = models.started.model.mode == "model", connecting.who is not Who.NOBODY
    if has_model and not allowed:
        return []
    frame = gr.HTML(
        html_template=str(rendered("models/connect.html", has_model=has_model, allowed=allowed)),
        js_on_load=theme.script("connect.js"),
        apply_default_css=False,
        elem_id="connect",
        padding=False,
    )
    if not allowed:
        return []
    dialog, offered = ConnectDialog(models, connecting, taken, len(choice)), gr.State(())
    outputs = [frame, offered, *choice]
    quiet: dict[str, Any] = {"show_progress": "hidden", **PRIVATE}
    frame.expand(dialog.search, None, outputs, **quiet)
    events: list[Any] = [
        frame.select(dialog.use, offered, outputs, **quiet),
        frame.submit(dialog.look_at, offered, outputs, **quiet),
    ]
    frame.collapse(None, None, None, cancels=events, **PRIVATE)
    return events


@dataclass(frozen=True, slots=True)
class ConnectDialog:
    """Searches, tests and chooses. `width` is how many components `taken` updates."""

    models: Models
    connecting: Connecting
    taken: Taken
    width: int

    def search(self, request: gr.Request) -> Iterator[Update]:
        """Look for model servers on this machine; yield that it does, then what it found."""
        yield self._update(self._content([], "Looking for model servers on this machine…", busy=True))
        try:
            self.connecting.check(request)
            offers = found_here(self.models.started, self.connecting.ports)
        except RagError as error:
            yield self._update(self._content([], str(error), wrong=True))
            return
        yield self._update(self._content(offers, nothing=not offers), tuple(offers))

    def look_at(self, event: gr.EventData, offered: Sequence[Offer], request: gr.Request) -> Iterator[Update]:
        """List the models of the server at an address that was typed, to choose from. The only one is tested at once."""
        yield self._update(self._content(offered, "Asking for its models…", busy=True))
        try:
            self.connecting.check(request)
            server = _typed_server(event, self.models)
        except RagError as error:
            yield self._update(self._content(offered, str(error), wrong=True))
            return
        others = (offer for offer in offered if offer.server.address != server.address)
        offers = (*others, Offer(server, urlsplit(server.address).netloc))
        listed = list(server.listed())
        if len(listed) > 1:
            yield self._update(self._content(offers, "Choose one of its models.", typed=True), offers)
        else:
            yield from self._test(server, "".join(listed), offered, request)

    def use(self, event: gr.EventData, offered: Sequence[Offer], request: gr.Request) -> Iterator[Update]:
        """Test a model that was offered, and choose it when it answers."""
        try:
            self.connecting.check(request)
            server, key = _chosen(event, offered)
        except RagError as error:
            yield self._update(self._content(offered, str(error), wrong=True))
            return
        yield from self._test(server, key, offered, request)

    def _test(self, server: Server, key: str, offered: Sequence[Offer], request: gr.Request) -> Iterator[Update]:
        """Ask the model `key` of a server a short question; yield how long it takes, then the choice or the error."""
        seconds = 0.0
        try:
            model = (server.assistant(key) if key else server.given).model
            name = shown(model.name or "the only model")
            yield self._update(self._content(offered, f"Asking {name}…", busy=True))
            for seconds in tried(model):
                yield self._update(self._content(offered, f"Asking {name}… {seconds:.0f} s", busy=True))
        except RagError as error:
            yield self._update(self._content(offered, str(error), wrong=True))
            return
        self.models.connected.add(owner(request), server)
        told = f"{name} answered in {seconds:.1f} s."
        yield self._content(offered, told, done=True), gr.skip(), *self.taken(server, key, told)

    def _update(self, content: Markup, offered: Any = None) -> Update:
        return content, gr.skip() if offered is None else offered, *[gr.skip()] * self.width

    def _content(self, offered: Sequence[Offer], told: str = "", **state: bool) -> Markup:
        """Return what the dialog shows above its form. `state` is any of busy, wrong, nothing (was found), typed and done."""
        states = {"busy": False, "wrong": False, "nothing": False, "typed": False, "done": False} | state
        return rendered("models/offers.html", offers=offered, told=told, usual=list(self.connecting.ports.values()), **states)


def _chosen(event: gr.EventData, offered: Sequence[Offer]) -> tuple[Server, str]:
    """Return the server and the key of the model whose button was pressed. Raises UsageError for one that was not offered."""
    try:
        n, key = int(event.server), str(event.model)
    except (AttributeError, TypeError, ValueError):
        n, key = -1, ""
    if not 0 <= n < len(offered):
        raise UsageError("This server was not offered.", "Look again.")
    return offered[n].server, key


def _typed_server(event: gr.EventData, models: Models) -> Server:
    """Return the server at the address that was typed, asked for its models. Raises UsageError."""
    server = typed(str(getattr(event, "address", "")), str(getattr(event, "key", "")), models.started)
    server.look()
    return server
