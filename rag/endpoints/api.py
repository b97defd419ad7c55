"""The API of one endpoint: where it is, with which key, and how a request is sent again where that may help.

Chat and embeddings are asked through it alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import openai

from rag.endpoints import address, faults, server
from rag.endpoints.connection import CONNECT_S, OPENAI, Connection, Transport
from rag.endpoints.redact import Redactor
from rag.settings.settings import Endpoint

T = TypeVar("T")


class NotThere(Exception):
    """There is no API at `url`, or no such model, as `fault` says; `models` are those that the server lists."""

    def __init__(self, url: str, models: list[str], fault: Exception) -> None:
        super().__init__(url)
        self.url, self.models, self.fault = url, models, fault


class Api:
    """Where an endpoint's API is, as far as is known, and what it was found not to take. Safe to share between threads."""

    def __init__(self, endpoint: Endpoint, transport: Transport | None = None) -> None:
        self.given = endpoint.base_url
        self.addresses = address.candidates(endpoint.base_url) if endpoint.base_url else [OPENAI]
        self.key = endpoint.api_key.get_secret_value() if endpoint.api_key else ""
        self.redactor = Redactor((self.key, address.password(endpoint.base_url or "")))
        self.refused: set[str] = set()
        """Parameters that the server does not take."""
        self._transport = transport

    def line(self, timeout_s: float) -> Connection:
        """Return a new connection. Raises EndpointError when the environment's certificates cannot be read."""
        return Connection(self.addresses[0], timeout_s=timeout_s, transport=self._transport)

    def models(self, seconds: float, url: str | None = None) -> list[str] | None:
        """Return the names of the server's models, None when it does not list them in that time."""
        return server.listed(url or self.addresses[0], self.key, seconds, self._transport)

    def window(self, model: str | None) -> server.Window:
        """Return what the server tells about `model`; None is its only one."""
        return server.ask(self.addresses[0], model, self.key, self._transport)

    def ask(
        self,
        line: Connection,
        send: Callable[[openai.OpenAI], Iterator[T]],
        parameters: Callable[[], list[str]],
        retries: Callable[[], faults.Retries],
        wait: Callable[[float], bool],
    ) -> Iterator[T]:
        """Yield what `send` yields, sent to the first of the addresses at which there is an API, which is remembered.

        It is sent again where the server may yet answer, or takes less than `parameters` says is sent, as long as nothing has
        come. `wait` waits for so many seconds, and returns whether to give up. Raises one of faults.FAULTS, or NotThere.
        """
        first: Exception | None = None
        for url in tuple(self.addresses):
            client = line.client(url, self.key, account=self.given is None)
            answered = _repeated(partial(send, client), parameters, retries(), wait)
            try:
                item = next(answered)
            except StopIteration:
                return
            except faults.FAULTS as error:
                first = first or error
                unknown = faults.is_unknown_model(error)
                if not (unknown or faults.is_elsewhere(error)):
                    raise
                names = self.models(CONNECT_S, url)
                if names or unknown:
                    raise NotThere(url, sorted(names or []), error) from error
                continue
            if url != self.addresses[0]:
                self.addresses = [url]
            yield item
            yield from answered
            return
        raise first or faults.Malformed()


def _repeated(
    send: Callable[[], Iterator[T]],
    parameters: Callable[[], list[str]],
    retries: faults.Retries,
    wait: Callable[[float], bool],
) -> Iterator[T]:
    """Yield what `send` yields, which is called again as long as nothing came and `retries` says so."""
    begun = False
    while True:
        try:
            for item in send():
                begun = True
                yield item
            return
        except faults.FAULTS as error:
            seconds = None if begun else retries.after(error, parameters())
            if seconds is None or (seconds and wait(seconds)):
                raise
