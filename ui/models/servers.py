"""The models of one server: the one that was set, and those that it lists, by keys that stand for names nobody has to trust."""

from __future__ import annotations

import time
from hashlib import sha256
from threading import Lock

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.settings import settings
from ui.models.allowed_addresses import checked_address
from ui.rendering import rendered

_SECONDS = 2.0  # for a server to list its models
_MOST = 1000  # models of a server that can be chosen
_LONGEST = 256  # characters of a name
_SHOWN = 60
_LONGEST_TYPED = 2000
_NO_CHAT = "embed"  # in the name of a model that only embeds


class Server:
    """A model of a server as it was set, and the others there. Safe to share between threads."""

    def __init__(self, assistant: Assistant, silent: str = "does not answer: python -m rag.doctor tells why") -> None:
        """`silent` is what to tell of a server that gives no list of its models."""
        self.given = assistant
        self._silent = silent
        self._names: dict[str, str] = {}
        self._opened: dict[str, Assistant] = {}
        self._lock = Lock()

    def look(self) -> str:
        """Ask the server for its models; return in HTML whether it answers and how soon, nothing where there is no server."""
        model = self.given.model
        if model.mode == "extractive" or model.host is None:
            return ""
        from rag.endpoints.chat import EndpointModel

        began = time.monotonic()
        names = model.listed(_SECONDS) if isinstance(model, EndpointModel) else None
        if names is None:
            return _health("bad", f"{model.host} {self._silent}")
        with self._lock:
            self._names = {_key(name): name for name in _usable(names)}
            self._opened = {key: assistant for key, assistant in self._opened.items() if key in self._names}
        return _health("good", f"{model.host} answers in {(time.monotonic() - began) * 1000:.0f} ms")

    def listed(self) -> dict[str, str]:
        """Return the names that the server listed last, as they may be shown, by key; empty before look()."""
        with self._lock:
            return {key: shown(name) for key, name in self._names.items()}

    def others(self) -> dict[str, str]:
        """Return those of listed() that are not the model that was set; none where the server has only one."""
        listed = self.listed()
        mine = _key(self.given.model.name or "")
        return {key: name for key, name in listed.items() if key != mine} if len(listed) > 1 else {}

    def assistant(self, key: str) -> Assistant:
        """Return the assistant that answers with the model of that key. Raises UsageError for one that was not listed."""
        from rag.endpoints.chat import EndpointModel

        model = self.given.model
        with self._lock:
            if key not in self._names or not isinstance(model, EndpointModel):
                raise UsageError("The server does not list that model.", "Choose one of those that are there.")
            if key not in self._opened:
                self._opened[key] = self.given.using(model.named(self._names[key]))
            return self._opened[key]


def typed(address: str, key: str, started: Assistant) -> Server:
    """Return the server at an address that was typed into the page; nothing but that key is sent to it.

    Raises UsageError for an address that the page may not have asked, and for a key that is none.
    """
    if len(address) > _LONGEST_TYPED or len(key) > _LONGEST_TYPED:
        raise UsageError("The address or the key is too long.", f"Neither has more than {_LONGEST_TYPED} characters.")
    from rag.endpoints.chat import EndpointModel
    from ui.models.pinned import Pinned

    own = settings.checked_key(key) if key.strip() else None
    endpoint = settings.Endpoint(checked_address(address), None, own)
    patience = settings.load(home=started.home, no_model=True).model_copy(update={"context_window": None})
    silent = "gives no list of models: check the address and the key"
    return Server(started.using(EndpointModel(endpoint, patience, Pinned)), silent)


def shown(name: str) -> str:
    """Return a model's name as long as it may be shown."""
    return name if len(name) <= _SHOWN else f"{name[: _SHOWN - 1]}…"


def _usable(names: list[str]) -> list[str]:
    chat = (n for n in names if _NO_CHAT not in n.lower() and n.isprintable() and n.strip() and len(n) <= _LONGEST)
    return sorted(set(chat), key=str.lower)[:_MOST]


def _key(name: str) -> str:
    return sha256(name.encode("utf-8", "replace")).hexdigest()[:16]


def _health(kind: str, text: str) -> str:
    return rendered("models/health.html", kind=kind, text=text)
