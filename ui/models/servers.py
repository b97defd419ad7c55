"""The models of one server: the configured one and those that the server lists.

The page names a listed model by a key, a hash of its name: names come from the server and are not trusted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256
from threading import Lock

from rag.assistant import Assistant
from rag.errors import UsageError
from rag.settings import settings
from ui.models.allowed_addresses import checked_address
from ui.rendering import rendered

_LISTING_SECONDS = 2.0  # for a server to list its models
_MAX_MODELS = 1000  # of a server that can be chosen
_MAX_NAME = 256  # characters of a model's name
_MAX_SHOWN_NAME = 60  # characters of a model's name
_MAX_TYPED = 2000  # characters of an address or a key
_NO_CHAT = "embed"  # in the name of a model that only embeds


class Server:
    """The configured model of a server, and the others that the server lists. Safe to share between threads."""

    def __init__(
        self,
        assistant: Assistant,
        silent: str = "does not answer. Run python -m rag.doctor to see why.",
        *,
        address: str = "",
        keyed: bool = False,
    ) -> None:
        """`silent` is what the page says about a server that gives no list of models, after the name of its host.

        `address` is what a visitor named, "" for a server of the settings; `keyed` says that a key was typed for it.
        """
        self.given = assistant
        self.address, self.keyed = address, keyed
        self._silent = silent
        self._names: dict[str, str] = {}
        self._opened: dict[str, Assistant] = {}
        self._lock = Lock()

    def look(self) -> str:
        """Ask the server for its models; return HTML that says whether and how fast it answered, "" without a server."""
        model = self.given.model
        if model.mode == "extractive" or model.host is None:
            return ""
        from rag.endpoints.chat import EndpointModel

        began = time.monotonic()
        names = model.listed(_LISTING_SECONDS) if isinstance(model, EndpointModel) else None
        if names is None:
            return health("bad", f"{model.host} {self._silent}")
        self.take(names)
        return health("good", f"{model.host} answers in {(time.monotonic() - began) * 1000:.0f} ms")

    def take(self, names: Sequence[str]) -> None:
        """Take what the server has listed as its models."""
        with self._lock:
            self._names = {_key(name): name for name in _usable(names)}
            self._opened = {key: assistant for key, assistant in self._opened.items() if key in self._names}

    def listed(self) -> dict[str, str]:
        """Return the names that the server listed last, shortened to be shown, by key; {} before look()."""
        with self._lock:
            return {key: shown(name) for key, name in self._names.items()}

    def others(self) -> dict[str, str]:
        """Return the models of listed() besides the configured one; {} when the server lists one model only."""
        listed = self.listed()
        configured = _key(self.given.model.name or "")
        return {key: name for key, name in listed.items() if key != configured} if len(listed) > 1 else {}

    def assistant(self, key: str) -> Assistant:
        """Return the assistant that answers with the model `key`. Raises UsageError for a model that was not listed."""
        from rag.endpoints.chat import EndpointModel

        model = self.given.model
        with self._lock:
            if key not in self._names or not isinstance(model, EndpointModel):
                raise UsageError("The server does not list that model.", "Choose a model from the list.")
            if key not in self._opened:
                self._opened[key] = self.given.using(model.named(self._names[key]))
            return self._opened[key]


def typed(address: str, key: str, started: Assistant) -> Server:
    """Return the server at an address that was typed into the page. No key but the typed one is sent to it.

    Raises UsageError for an address that a page may not name, and for a malformed key.
    """
    if len(address) > _MAX_TYPED or len(key) > _MAX_TYPED:
        raise UsageError("The address or the key is too long.", f"Use at most {_MAX_TYPED} characters for each.")
    from rag.endpoints.chat import EndpointModel
    from ui.models.pinned import Pinned

    own = settings.checked_key(key) if key.strip() else None
    endpoint = settings.Endpoint(checked_address(address), None, own)
    patience = settings.load(home=started.home, no_model=True).model_copy(update={"context_window": None})
    silent = "gives no list of models. Check the address and the key."
    return Server(
        started.using(EndpointModel(endpoint, patience, Pinned)), silent, address=address.strip(), keyed=own is not None
    )


def shown(name: str) -> str:
    """Return a model's name, shortened to be shown."""
    return name if len(name) <= _MAX_SHOWN_NAME else f"{name[: _MAX_SHOWN_NAME - 1]}…"


def _usable(names: Sequence[str]) -> list[str]:
    chat = (n for n in names if _NO_CHAT not in n.lower() and n.isprintable() and n.strip() and len(n) <= _MAX_NAME)
    return sorted(set(chat), key=str.lower)[:_MAX_MODELS]


def _key(name: str) -> str:
    return sha256(name.encode("utf-8", "replace")).hexdigest()[:16]


def health(kind: str, text: str) -> str:
    """Return the line below the choice of the model, as HTML. `kind` is "good" or "bad"."""
    return rendered("models/health.html", kind=kind, text=text)
