"""The models that can answer: the one the chat was started with, those of profiles, those that servers list, or none."""

from __future__ import annotations

from threading import Lock

from rag import factory
from rag.assistant import Assistant
from rag.errors import RagError
from rag.settings import settings
from ui.models.connecting import Connected
from ui.models.servers import Server, shown

STARTED = "as started"
QUOTES = "quotes"
TYPED = "another endpoint"  # the server whose address was typed into the page
_NO_MODEL = "Quotes, no model"
_LISTED = "#"  # between a server's name and the key of a model that it lists


class Models:
    """Assistants over one library, by the name of the model that answers. Safe to share between threads.

    `typed` is the endpoint that this visitor entered, if any. Other visitors never see it.
    """

    def __init__(self, assistant: Assistant) -> None:
        self._servers = {STARTED: Server(assistant)}
        self.connected = Connected()
        self._lock = Lock()
        self._home = assistant.home

    @property
    def started(self) -> Assistant:
        """The assistant that the chat was started with."""
        return self._servers[STARTED].given

    def choices(self, typed: Server | None = None) -> list[tuple[str, str]]:
        """Return (text, name) of each choice. A mistake in rag.toml leaves the profiles out."""
        model = self.started.model
        choices = [(_NO_MODEL if model.mode == "extractive" else _words(model.name, model.host), STARTED)]
        choices += self._others(STARTED, self._servers[STARTED])
        try:
            profiles = settings.profiles(self._home)
        except RagError:
            profiles = {}
        for name, profile in profiles.items():
            choices.append((f"{name}: {_words(profile.model, profile.host)}", name))
            if name in self._servers:
                choices += self._others(name, self._servers[name], f"{name}: ")
        if typed is not None:
            host = typed.given.model.host
            listed = [(_words(name, host), _name(TYPED, key)) for key, name in typed.listed().items()]
            choices += listed or [(_words(None, host), TYPED)]
        return choices if model.mode == "extractive" else [*choices, (_NO_MODEL, QUOTES)]

    def typed_name(self, key: str) -> str:
        """Return the name of the choice of a typed server's model `key`, "" for the only one of a server that lists none."""
        return _name(TYPED, key)

    def _others(self, name: str, server: Server, before: str = "") -> list[tuple[str, str]]:
        host = server.given.model.host
        return [(f"{before}{_words(m, host)}", _name(name, key)) for key, m in server.others().items()]

    def assistant(self, name: str, typed: Server | None = None) -> Assistant:
        """Return the assistant that answers with the choice `name`. Raises UsageError for a model that is not there."""
        server, key = self._found(name, typed)
        return server.assistant(key) if key else server.given

    def health(self, name: str, typed: Server | None = None) -> str:
        """Ask the server of the choice `name` for its models; return HTML that says whether and how fast it answered.

        Raises UsageError as assistant() does.
        """
        return self._found(name, typed)[0].look()

    def _found(self, name: str, typed: Server | None) -> tuple[Server, str]:
        """Return the server of a choice and the key of the listed model, "" for the configured one."""
        name = name or STARTED  # a page may send an empty name
        before, _, key = name.rpartition(_LISTED)
        with self._lock:
            if name in self._servers or not key or before not in (*self._servers, TYPED):
                return self._server(name, typed), ""
            return self._server(before, typed), key

    def _server(self, name: str, typed: Server | None) -> Server:
        if name == TYPED and typed is not None:
            return typed
        if name not in self._servers:
            self._servers[name] = Server(self._opened(name))
        return self._servers[name]

    def _opened(self, name: str) -> Assistant:
        if name == QUOTES:
            return self.started.using(None)
        chosen = settings.load(home=self._home, profile=name)
        return self.started.using(factory.model(chosen)).judged_by(factory.judge(chosen))


def _name(server: str, key: str) -> str:
    return f"{server}{_LISTED}{key}" if key else server


def _words(model: str | None, host: str | None) -> str:
    return f"{shown(model) if model else 'the only model'} at {host or 'an unknown host'}"
