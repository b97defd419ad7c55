"""Which model answers: those of the settings' profiles, the one the chat was started with, or none; and how each is."""

from __future__ import annotations

import time
from html import escape
from threading import Lock

from rag import chosen, settings
from rag.assistant import Assistant
from rag.errors import RagError
from rag.types import ChatModel

STARTED = "as started"
QUOTES = "quotes"
_NO_MODEL = "Quotes, no model"
_SECONDS = 2.0  # for a server to list its models


class Models:
    """Assistants over one library, by the name of the model that answers. Safe to share between threads."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistants: dict[str, Assistant] = {STARTED: assistant}
        self._lock = Lock()
        self._home = assistant.home

    @property
    def started(self) -> Assistant:
        """The assistant that the chat was started with."""
        return self._assistants[STARTED]

    def choices(self) -> list[tuple[str, str]]:
        """Return what can be chosen, as it is shown and by name. A mistake in rag.toml leaves the profiles out."""
        model = self.started.model
        listed = [(_named(model), STARTED)]
        try:
            profiles = settings.profiles(self._home)
        except RagError:
            profiles = {}
        listed += [
            (f"{name}: {p.model or 'the only model'} at {p.host or 'its own host'}", name) for name, p in profiles.items()
        ]
        return listed if model.mode == "extractive" else [*listed, (_NO_MODEL, QUOTES)]

    def assistant(self, name: str) -> Assistant:
        """Return the assistant that answers with the model called `name`. Raises UsageError for one that cannot be."""
        with self._lock:
            if name not in self._assistants:
                held = None if name == QUOTES else chosen.model(settings.load(home=self._home, profile=name))
                self._assistants[name] = self.started.using(held)
            return self._assistants[name]

    def health(self, name: str) -> str:
        """Return in HTML whether the model's server is there and how soon it answers; asks it for its list of models.

        Raises UsageError as assistant() does.
        """
        model = self.assistant(name).model
        if model.mode == "extractive" or model.host is None:
            return ""
        from rag.models import EndpointModel

        began = time.monotonic()
        if not isinstance(model, EndpointModel) or model.listed(_SECONDS) is None:
            return _dot("bad", f"{model.host} does not answer: python -m rag.doctor tells why")
        return _dot("good", f"{model.host} answers in {(time.monotonic() - began) * 1000:.0f} ms")


def _named(model: ChatModel) -> str:
    return _NO_MODEL if model.mode == "extractive" else _words(model.name, model.host)


def _words(model: str | None, host: str | None) -> str:
    return f"{model or 'the only model'} at {host or 'its own host'}"


def _dot(kind: str, told: str) -> str:
    return f'<p class="health {kind}"><i aria-hidden="true"></i>{escape(told)}</p>'
