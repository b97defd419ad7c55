"""Language models behind OpenAI-compatible endpoints, streamed.

A request runs in a thread of its own, so that a reader is told every second that the model is still silent, can stop at any
moment, and is not kept waiting by a server that never answers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import openai

from rag.endpoints import address, chat_reply, explain, faults, server
from rag.endpoints.chat_reply import Piece
from rag.endpoints.connection import OPENAI, Connection, Transport
from rag.endpoints.redact import Redactor
from rag.errors import EndpointError, PromptTooLong
from rag.events import Reply, Waiting
from rag.listener import Listener
from rag.settings.settings import Endpoint, Settings
from rag.text import tokens
from rag.types import Mode, Prompt, Usage

_MAX_CONNECT_S = 8.0  # within which a connection stands or the endpoint counts as dead
_DEAD_FOR_S = 30.0  # for which a dead endpoint is not asked again
_QUICK_REFUSAL_S = 0.5  # a server that refuses so soon may as well be asked each time
_TICK_S = 1.0


class EndpointModel:
    """A chat model behind an endpoint. Nothing is sent until its context_tokens are asked for or its stream() is read."""

    mode: Mode = "model"

    def __init__(self, endpoint: Endpoint, settings: Settings, transport: Transport | None = None) -> None:
        self._endpoint, self._transport = endpoint, transport
        self._given = endpoint.base_url
        self._addresses = address.candidates(endpoint.base_url) if endpoint.base_url else [OPENAI]
        self._model = endpoint.model
        self._key = endpoint.api_key.get_secret_value() if endpoint.api_key else ""
        self._settings = settings
        self._window: server.Window | None = None
        self._asking = Lock()
        self._refused: set[str] = set()
        self._dead: tuple[float, EndpointError] | None = None
        self.host: str | None = endpoint.host
        self._redactor = Redactor((self._key, address.password(endpoint.base_url or "")))
        self._is_openai = self.host == urlsplit(OPENAI).hostname
        self._address_noted = False  # whether a note said that the API is at another address than the given one

    @property
    def name(self) -> str | None:
        return self._model

    @property
    def context_tokens(self) -> int | None:
        """Tokens that the prompt may take. The first call asks the server."""
        whole, answer = self._shares()
        return whole - answer

    def _shares(self) -> tuple[int, int]:
        """Return the tokens of prompt and answer together, and those of the answer, which a small window makes fewer."""
        with self._asking:
            known = self._window
            if known is None and not self._is_openai and not self._known_dead():
                known = self._window = server.ask(self._addresses[0], self._model, self._key, self._transport)
                self._model = self._model or known.only_model
            whole = (known or server.Window()).within(self._settings.context_window)
        return whole, server.answer_share(whole, self._settings.max_answer_tokens)

    def listed(self, seconds: float) -> list[str] | None:
        """Return the names of the server's models, None when it does not list them in that time. No key is among them."""
        names = server.listed(self._addresses[0], self._key, seconds, self._transport)
        return None if names is None else [name for name in names if self._redactor.text(name) == name]

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
        began = time.monotonic()
        patience = 2 * max(self._settings.timeout_s, self._settings.stall_s)
        line = Connection(self._addresses[0], timeout_s=patience, transport=self._transport)
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
        writer, guard = chat_reply.Writer(self._redactor), chat_reply.LoopGuard()
        usage, reason, broken = Usage(), None, None
        try:
            for item in self._items(line, listener):
                if isinstance(item, Waiting):
                    yield item
                    continue
                reason, usage = item.reason or reason, item.usage or usage
                yield from writer.next(item)
                broken = guard.enough(item.text) or guard.enough(item.thought)
                if broken:
                    break
        except EndpointError as error:
            if not writer.has_text:
                raise
            broken = f"the reply broke off: {error.message[:1].lower()}{error.message[1:].rstrip('.')}"
        yield from writer.next(None)
        if not writer.has_text:
            raise self._silent(reason, thought=writer.has_thoughts)
        yield chat_reply.finish(broken, reason, usage, self._notes())

    def _items(self, line: Connection, listener: Listener[Piece]) -> Iterator[Piece | Waiting]:
        """Yield what arrives and a Waiting for each second without any text; raise EndpointError when patience ends."""
        since, begun = time.monotonic(), False

        def limit() -> float:
            seconds = self._settings.stall_s if begun else self._settings.timeout_s
            return seconds if line.connected else min(seconds, _MAX_CONNECT_S)

        for item in listener.items(lambda: min(_TICK_S, limit())):
            if isinstance(item, Waiting):
                silent = time.monotonic() - since
                if silent > limit():
                    raise explain.explain(faults.Silent(silent, line.connected, begun), self._place())
                yield Waiting(silent)
                continue
            if item.text or item.thought:
                since, begun = time.monotonic(), True
            yield item

    def _read(self, line: Connection, prompt: Prompt, listener: Listener[Piece]) -> None:
        """Ask and put each piece that comes; runs in a thread of its own. Raises EndpointError for what goes wrong."""
        try:
            for piece in self._pieces(line, prompt):
                listener.put(piece)
        except faults.FAULTS as error:
            raise explain.explain(error, self._place()) from error
        finally:
            with suppress(Exception):
                line.http.close()

    def _pieces(self, line: Connection, prompt: Prompt) -> Iterator[Piece]:
        """Yield what the first of the addresses sends at which there is an API, and remember it."""
        first: Exception | None = None
        for url in tuple(self._addresses):
            client = line.client(url, self._key, account=self._given is None)
            try:
                opened = self._open(line, client, prompt)
                begin = next(opened, Piece())
            except faults.FAULTS as error:
                first = first or error
                if not faults.is_elsewhere(error):
                    raise
                names = server.names(client) or ()
                if names or faults.is_unknown_model(error):
                    raise explain.explain(error, self._place(url), names, self._model) from error
                continue
            if url != self._addresses[0]:
                self._addresses, self._window = [url], None
            yield begin
            yield from opened
            return
        raise explain.explain(first or faults.Malformed(), self._place(), (), self._model)

    def _open(self, line: Connection, client: openai.OpenAI, prompt: Prompt) -> Iterator[Piece]:
        """Ask, again where a server may yet answer or takes less than it was given, and yield what it sends."""
        _, answer = self._shares()  # first: a server that tells its window also names its only model
        model = self._model = self._model or self._only_model(client)
        retries, begun = faults.Retries(self._refused), False
        while True:
            options = self._options(answer)
            try:
                for piece in _received(client, model, prompt, options):
                    begun = True
                    yield piece
                return
            except (openai.APIError, faults.ErrorInReply) as error:
                seconds = None if begun else retries.after(error, list(options))
                if seconds is None or line.wait(seconds):
                    raise

    def _options(self, answer_tokens: int) -> dict[str, Any]:
        """Return the parameters of a request, without those that the server has refused."""
        limit = "max_completion_tokens" if "max_tokens" in self._refused else "max_tokens"
        wanted = {"temperature": 0, limit: answer_tokens, "stream": True, "stream_options": {"include_usage": True}}
        if "stream" in self._refused:
            del wanted["stream_options"]
        return {name: value for name, value in wanted.items() if name not in self._refused}

    def _only_model(self, client: openai.OpenAI) -> str:
        names = server.ordered_names(client)
        if len(names) == 1:
            return names[0]
        listed = self._redactor.text(explain.listed(names))
        raise EndpointError(
            f"The server at {self.host} has {len(names)} models and none was chosen.",
            f"Set RAG_MODEL or --model to one of: {listed}." if names else "Load a model on the server.",
        )

    def _remember(self, error: EndpointError, prompt: Prompt, seconds: float) -> None:
        """Take in what an error tells of the server: that it takes less than was thought, or that nobody is there."""
        cause = error.__cause__
        if isinstance(error, PromptTooLong):
            whole, answer = self._shares()
            sent = int(tokens.margin(self._model) * tokens.count(prompt.system + prompt.user, self._model))
            named = faults.window_named(cause)
            fits = named if named and named < min(whole, sent + answer) else answer + sent * 3 // 5
            self._window = server.Window(fits, fits, self._model)
        elif cause is not None and faults.is_dead(cause):
            self._window = None  # what listens there next may be another server
            self._dead = (time.monotonic(), error) if seconds > _QUICK_REFUSAL_S else None

    def _known_dead(self) -> EndpointError | None:
        """Return the error of an endpoint that could not be reached a moment ago."""
        if self._dead is None or time.monotonic() - self._dead[0] > _DEAD_FOR_S:
            return None
        return EndpointError(self._dead[1].message, self._dead[1].fix)

    def _notes(self) -> tuple[str, ...]:
        """Return, once, that the API is at another address than the one given."""
        given, found = (self._given or "").strip().rstrip("/"), self._addresses[0]
        if self._address_noted or not given or given.removesuffix("/chat/completions") == found:
            return ()
        self._address_noted = True
        return (f"The API is at {address.shown(found)}, not at {address.shown(given)}: set RAG_BASE_URL to it.",)

    def _silent(self, reason: str | None, *, thought: bool) -> EndpointError:
        """Return the error of a reply without any text."""
        where = self._place().url
        if thought:
            remedy = "Raise RAG_MAX_ANSWER_TOKENS, or have it think less."
            return EndpointError(f"The model at {where} thought and came to no answer.", remedy)
        why = f" ({reason})" if reason and reason != "stop" else ""
        return EndpointError(
            f"The model at {where} gave an empty reply{why}.",
            "Check that the address is that of an OpenAI-compatible API (it usually ends in /v1), and the model a chat model.",
        )

    def _place(self, url: str | None = None) -> explain.Place:
        if self._transport:  # an address that was typed into a page, whose path may be a secret
            return explain.Place("model", f"at {self.host}", self._redactor, bool(self._key), typed=True)
        return explain.Place("model", address.shown(url or self._addresses[0]), self._redactor, bool(self._key))


def _received(client: openai.OpenAI, model: str, prompt: Prompt, options: dict[str, Any]) -> Iterator[Piece]:
    """Send one request and yield what comes: chunk by chunk, or at once from a server that does not stream."""
    messages: Any = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
    plain = {} if "stream" in options else {"stream": False}
    with client.chat.completions.create(
        model=model, messages=messages, extra_body=plain, **{**options, "stream": True}
    ) as stream:
        kind = stream.response.headers.get("Content-Type", "")
        if "json" in kind or "html" in kind or plain:
            yield chat_reply.whole(stream.response.read())
            return
        for chunk in stream:
            yield chat_reply.chunk(chunk)
