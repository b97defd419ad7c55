"""Who may connect a model from the page, which servers are on this machine, whether a model answers, and which was connected.

A key that was typed is held in memory, under the owner of the browser that sent it, until the chat ends. It is never written.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import gradio as gr

from rag.assistant import Assistant
from rag.doctor import hosts
from rag.doctor.model import COUNTING_REQUEST
from rag.errors import EndpointError, UsageError
from rag.events import Waiting, text_after
from rag.interfaces import ChatModel
from ui.models.servers import Server, shown, typed
from ui.serving.forwarded import is_of_this_machine

_MAX_KEPT = 1000  # servers that browsers have named; the ones that were not used for longest are forgotten
_MAX_CHARS = 2300  # of a choice that a browser kept: the longest address, and the name of a model


class Who(Enum):
    """Who may connect a model: nobody, who uses the chat on its own machine, or everybody."""

    NOBODY = "nobody"
    THIS_MACHINE = "this machine"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Connecting:
    """Who may look for model servers and name one, and the `ports` of this machine that are looked at: see hosts.PORTS."""

    who: Who = Who.NOBODY
    ports: Mapping[int, str] = field(default_factory=lambda: hosts.PORTS)

    def allows(self, request: gr.Request) -> bool:
        """Return whether who sent `request` may."""
        if self.who is Who.THIS_MACHINE:
            return request.request is not None and is_of_this_machine(request.request.scope)
        return self.who is Who.EVERYBODY

    def check(self, request: gr.Request) -> None:
        """Raise UsageError when who sent `request` may not."""
        if not self.allows(request):
            raise UsageError(
                "A model cannot be connected from here.", "Ask whoever runs the chat to start it with --allow-endpoint-change."
            )


@dataclass(frozen=True, slots=True)
class Kept:
    """The choice that a browser keeps: the name of one of Models.choices(), and the address that was named, "" for none.

    `keyed` says that the address was used with a key, which the browser does not keep.
    """

    name: str
    address: str = ""
    keyed: bool = False

    @classmethod
    def read(cls, value: Any) -> Kept | None:
        """Return what a browser sent, None for nothing and for anything else than a choice."""
        sent = value if isinstance(value, dict) else {}
        name, address, keyed = sent.get("name"), sent.get("address", ""), sent.get("keyed", False)
        if not isinstance(name, str) or not isinstance(address, str) or len(name) + len(address) > _MAX_CHARS:
            return None
        return cls(name, address, keyed is True) if name else None

    def as_json(self) -> dict[str, str | bool]:
        """Return what the browser is to keep."""
        return {"name": self.name, "address": self.address, "keyed": self.keyed}


class Connected:
    """The servers that browsers have named, by owner and address, with their keys. In memory only; safe to share."""

    def __init__(self) -> None:
        self._servers: OrderedDict[tuple[str, str], Server] = OrderedDict()
        self._lock = Lock()

    def add(self, owner: str, server: Server) -> None:
        """Remember the server that `owner` has named."""
        with self._lock:
            self._servers[owner, server.address] = server
            self._servers.move_to_end((owner, server.address))
            if len(self._servers) > _MAX_KEPT:
                self._servers.popitem(last=False)

    def again(self, owner: str, kept: Kept, started: Assistant) -> Server:
        """Return the server at a kept address. It has its key only where `owner` named it since the chat began.

        Raises UsageError when a page may not name the address, or when the key is gone.
        """
        with self._lock:
            server = self._servers.get((owner, kept.address))
            if server is not None:
                self._servers.move_to_end((owner, kept.address))
                return server
        server = typed(kept.address, "", started)
        if kept.keyed:
            raise UsageError(f"The key for {server.given.model.host} is no longer known.", "Connect the model again.")
        return server


@dataclass(frozen=True, slots=True)
class Offer:
    """A server that can be connected: where it is, and the name of the servers that usually are there, "" for none."""

    server: Server
    where: str
    usual: str = ""


def found_here(started: Assistant, ports: Mapping[int, str]) -> list[Offer]:
    """Return the model servers that listen on `ports` of this machine, with their models. Takes about a second."""
    offers = []
    for one in hosts.found(ports):
        server = typed(one.url, "", started)
        server.take(one.models)
        offers.append(Offer(server, urlsplit(one.url).netloc, one.usual))
    return offers


def tried(model: ChatModel) -> Iterator[float]:
    """Put a short question to a model; yield the seconds so far while it is silent, and last those until it had answered.

    Raises EndpointError when no answer comes.
    """
    began, text = time.monotonic(), ""
    for item in model.stream(COUNTING_REQUEST):
        text = text_after(text, item)
        if isinstance(item, Waiting):
            yield time.monotonic() - began
    if not text.strip():
        raise EndpointError(f"{shown(model.name or 'The model')} gave no answer.", "Choose another model.")
    yield time.monotonic() - began
