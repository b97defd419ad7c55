"""Language models behind OpenAI-compatible endpoints, streamed.

A request runs in a thread of its own, so that a reader is told every second that the model is still silent, can stop at any
moment, and is not kept waiting by a server that never answers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import openai

from rag.endpoints import address, chat_reply, explain, faults, written
from rag.endpoints.api import Api, NotThere
from rag.endpoints.budget import Budget
from rag.endpoints.chat_reply import Piece
from rag.endpoints.connection import OPENAI, Connection, Transport
from rag.endpoints.server import Window
from rag.errors import EndpointError, PromptTooLong
from rag.events import Reply, Waiting
from rag.listener import Listener, Silence
from rag.settings.settings import Endpoint, Settings
from rag.text import tokens
from rag.types import Mode, Prompt

_log = logging.getLogger(__name__)

_MAX_CONNECT_S = 8.0  # within which a connection stands or the endpoint counts as dead
_DEAD_FOR_S = 30.0  # for which a dead endpoint is not asked again
_QUICK_REFUSAL_S = 0.5  # a server that refuses so soon may as well be asked each time
_LISTING_S = 5.0  # for a server to list its models, where one has to be chosen
_NO_NAME = "default"  # what is asked for where nobody names a model: a server that has one only may not need its name
_IN_THOUGHTS = "The server sends the answer in the field of the thoughts: turn off its parser of reasoning for this model."


class _OutOfRoom(EndpointError):
    """The model thought until it had no more tokens, and came to no answer."""


class EndpointModel:
    """A chat model behind an endpoint. Nothing is sent until its context_tokens are asked for or its stream() is read."""

    mode: Mode = "model"

    def __init__(self, endpoint: Endpoint, settings: Settings, transport: Transport | None = None) -> None:
        self._endpoint, self._settings, self._transport = endpoint, settings, transport
        self._api = Api(endpoint, transport)
        self._model = endpoint.model or address.deployment(endpoint.base_url or "")
        self._budget = Budget(settings)
        self._asking = Lock()
        self._dead: tuple[float, EndpointError] | None = None
        self.host: str | None = endpoint.host
        self._is_openai = self.host == urlsplit(OPENAI).hostname
        self._opened = False  # whether the server's prompt opens the thoughts, so that replies only close them
        self._notes: list[str] = []  # for whoever set the endpoint up
        self._told: set[str] = set()

    @property
    def name(self) -> str | None:
        return self._model

    @property
    def context_tokens(self) -> int | None:
        """Tokens that the prompt may take. The first call asks the server."""
        budget = self._known_budget()
        return budget.whole - budget.answer

    def _known_budget(self) -> Budget:
        """Return the budget once the server was asked for its window."""
        with self._asking:
            if self._budget.window is None and not self._is_openai and not self._known_dead():
                self._budget.window = self._api.window(self._model)
                self._model = self._model or self._budget.window.only_model
        return self._budget

    def listed(self, seconds: float) -> list[str] | None:
        """Return the names of the server's models, None when it does not list them in that time. No key is among them."""
        names = self._api.models(seconds)
        return None if names is None else [name for name in names if self._api.redactor.text(name) == name]

    def named(self, name: str) -> EndpointModel:
        """Return the model called `name` of the same server, which is asked in the same way and with the same key."""
        return EndpointModel(replace(self._endpoint, model=name), self._settings, self._transport)

    def stream(self, prompt: Prompt) -> Iterator[Reply]:
        """Yield the reply's text and thoughts as they come, a Waiting for each silent second, and a Finish.

        A reply that breaks off ends with Finish(complete=False). Raises EndpointError when the endpoint gives no text at
        all, PromptTooLong when the prompt is longer than it takes; context_tokens is then less than it was.
        """
        if dead := self._known_dead():
            raise dead
        try:
            yield from self._attempt(prompt)
        except _OutOfRoom:
            if not self._budget.grow(self._tokens(prompt)):
                raise
            yield from self._attempt(prompt)

    def _attempt(self, prompt: Prompt) -> Iterator[Reply]:
        began = time.monotonic()
        line = self._api.line(2 * max(self._settings.timeout_s, self._settings.stall_s))
        listener: Listener[Piece] = Listener(lambda listener: self._read(line, prompt, listener))
        try:
            yield from self._replies(line, listener)
        except EndpointError as error:
            self._remember(error, prompt, time.monotonic() - began)
            raise
        finally:
            line.hang_up()

    def _replies(self, line: Connection, listener: Listener[Piece]) -> Iterator[Reply]:
        """Yield what the listener reads, as stream() does."""
        writer = written.Writer(self._api.redactor, opened=self._opened)
        guard, broken = written.Guard(self._budget.answer if self._budget.thinks else None), None
        try:
            for item in self._items(line, listener):
                if isinstance(item, Waiting):
                    yield item
                    continue
                yield from writer.next(item)
                broken = guard.enough(item, writer.text)
                if broken:
                    break
        except EndpointError as error:
            if not writer.text:
                raise
            broken = f"the reply broke off: {error.message[:1].lower()}{error.message[1:].rstrip('.')}"
        yield from writer.end()
        self._opened = writer.closes_thoughts
        if not writer.text.strip() and not broken:
            yield from self._in_its_place(writer)
        elif not writer.text.strip():
            raise self._silent(writer, broken)
        yield written.finish(broken, writer, self._new_notes())

    def _in_its_place(self, writer: written.Writer) -> Iterator[str]:
        """Yield what a reply without text has in its place. Raises EndpointError where there is nothing."""
        if writer.refusal:
            yield writer.refusal
        elif writer.field and not writer.called and written.is_complete(writer.reason):
            self._notes.append(_IN_THOUGHTS)
            yield writer.field
        else:
            raise self._silent(writer)

    def _items(self, line: Connection, listener: Listener[Piece]) -> Iterator[Piece | Waiting]:
        """Yield what arrives and a Waiting for each second without any text; raise EndpointError when patience ends."""

        def limit_s(begun: bool) -> float:
            seconds = self._settings.stall_s if begun else self._settings.timeout_s
            return seconds if line.connected else min(seconds, _MAX_CONNECT_S)

        try:
            yield from listener.patiently(limit_s, lambda piece: bool(piece.text or piece.thought))
        except Silence as silence:
            raise explain.explain(faults.Silent(silence.seconds, line.connected, silence.begun), self._place()) from None

    def _read(self, line: Connection, prompt: Prompt, listener: Listener[Piece]) -> None:
        """Ask and put each piece that comes; runs in a thread of its own. Raises EndpointError for what goes wrong."""
        try:
            for piece in self._pieces(line, prompt):
                listener.put(piece)
        except NotThere as absent:
            raise explain.explain(absent.fault, self._place(absent.url), absent.models, self._model) from absent.fault
        except EndpointError:
            raise
        except Exception as error:  # whatever a server makes the packages below raise
            if not isinstance(error, faults.FAULTS):
                _log.warning("reading a reply failed", exc_info=True)
            raise explain.explain(error, self._place()) from error
        finally:
            with suppress(Exception):
                line.http.close()

    def _pieces(self, line: Connection, prompt: Prompt) -> Iterator[Piece]:
        """Yield what the API sends in reply to `prompt`."""
        before = self._api.addresses

        def send(client: openai.OpenAI) -> Iterator[Piece]:
            budget = self._known_budget()  # first: a server that tells its window also names its only model
            self._model = self._model or self._only_model()
            limit = budget.reply(self._tokens(prompt))
            return _received(client, self._model or _NO_NAME, self._messages(prompt), self._options(limit))

        def parameters() -> list[str]:
            return [faults.SYSTEM, *self._options(0)]

        def retries() -> faults.Retries:
            return faults.Retries(self._api.refused, loading_s=self._settings.timeout_s)

        for piece in self._api.ask(line, send, parameters, retries, line.wait):
            if self._api.addresses is not before:
                before, self._budget.window = self._api.addresses, None  # of what was asked at another address
            yield piece

    def _messages(self, prompt: Prompt) -> list[dict[str, str]]:
        """Return the prompt as messages; the rules go to the user where the server takes none from the system."""
        if faults.SYSTEM in self._api.refused:
            return [{"role": "user", "content": f"{prompt.system}\n\n{prompt.user}".strip()}]
        return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]

    def _options(self, reply_tokens: int) -> dict[str, Any]:
        """Return the parameters of a request, without those that the server has refused."""
        refused = self._api.refused
        limit = "max_completion_tokens" if "max_tokens" in refused else "max_tokens"
        wanted = {"temperature": 0, limit: reply_tokens, "stream": True, "stream_options": {"include_usage": True}}
        if self._settings.reasoning_effort:
            wanted["reasoning_effort"] = self._settings.reasoning_effort
        if "stream" in refused:
            del wanted["stream_options"]
        return {name: value for name, value in wanted.items() if name not in refused}

    def _tokens(self, prompt: Prompt) -> int:
        return int(tokens.margin(self._model) * tokens.count(prompt.system + prompt.user, self._model))

    def _only_model(self) -> str | None:
        """Return the name of the server's only model, None when it lists none. Raises EndpointError when there are several."""
        names = self._api.models(_LISTING_S)
        if names is None:
            return None
        if len(names) == 1:
            return names[0]
        listed = self._api.redactor.text(explain.listed(sorted(names)))
        raise EndpointError(
            f"The server at {self.host} has {len(names)} models and none was chosen.",
            f"Set RAG_MODEL or --model to one of: {listed}." if names else "Load a model on the server.",
        )

    def _remember(self, error: EndpointError, prompt: Prompt, seconds: float) -> None:
        """Take in what an error tells of the server: that it takes less than was thought, or that nobody is there."""
        cause = error.__cause__
        if isinstance(error, PromptTooLong):
            whole, answer, sent = self._budget.whole, self._budget.answer, self._tokens(prompt)
            named = faults.window_named(cause)
            fits = named if named and named < min(whole, sent + answer) else answer + sent * 3 // 5
            self._budget.window = Window(fits, fits, self._model)
        elif cause is not None and faults.is_dead(cause):
            self._budget.window = None  # what listens there next may be another server
            self._dead = (time.monotonic(), error) if seconds > _QUICK_REFUSAL_S else None

    def _known_dead(self) -> EndpointError | None:
        """Return the error of an endpoint that could not be reached a moment ago."""
        if self._dead is None or time.monotonic() - self._dead[0] > _DEAD_FOR_S:
            return None
        return EndpointError(self._dead[1].message, self._dead[1].fix)

    def _new_notes(self) -> tuple[str, ...]:
        """Return what is to be told to whoever set the endpoint up, each once."""
        given, found = (self._api.given or "").strip().rstrip("/"), address.split_query(self._api.addresses[0])[0]
        if given and address.split_query(given)[0].removesuffix("/chat/completions") != found:
            self._notes.append(f"The API is at {address.shown(found)}, not at {address.shown(given)}: set RAG_BASE_URL to it.")
        new = tuple(dict.fromkeys(note for note in self._notes if note not in self._told))
        self._told.update(new)
        return new

    def _silent(self, writer: written.Writer, broken: str | None = None) -> EndpointError:
        """Return the error of a reply without any text."""
        where = self._place().url
        if writer.called:
            return EndpointError(
                f"The model at {where} called a tool and gave no answer.", "Turn tools off at the server, or use another model."
            )
        if written.is_out_of_room(writer.reason):
            return _OutOfRoom(
                f"The model at {where} thought until it had no more tokens, and came to no answer.",
                "Raise RAG_MAX_ANSWER_TOKENS or RAG_CONTEXT_WINDOW, or lower RAG_REASONING_EFFORT.",
            )
        why = broken or (writer.reason if writer.reason and not written.is_complete(writer.reason) else None)
        because = f" ({why})" if why else ""
        if writer.has_thoughts:
            remedy = "Ask again, lower RAG_REASONING_EFFORT, or use another model."
            return EndpointError(f"The model at {where} thought and came to no answer{because}.", remedy)
        return EndpointError(
            f"The model at {where} gave an empty reply{because}.",
            "Check that the address is that of an OpenAI-compatible API (it usually ends in /v1), and the model a chat model.",
        )

    def _place(self, url: str | None = None) -> explain.Place:
        keyed, redactor = bool(self._api.key), self._api.redactor
        if self._transport:  # an address that was typed into a page, whose path may be a secret
            return explain.Place("model", self.host or "", redactor, keyed, typed=True)
        return explain.Place("model", address.shown(url or self._api.addresses[0]), redactor, keyed)


def _received(client: openai.OpenAI, model: str, messages: Any, options: dict[str, Any]) -> Iterator[Piece]:
    """Send one request and yield what comes: event by event, or at once from a server that does not stream."""
    plain = {} if "stream" in options else {"stream": False}
    stream: Any = client.chat.completions.create(
        model=model, messages=messages, extra_body=plain, **{**options, "stream": True}
    )
    with stream:
        yield from chat_reply.pieces(stream.response.iter_bytes())
