"""Connections to endpoints: the openai client set up so that a key stays with its host and a reader can hang up.

Redirects are followed on the same host only. Proxies and certificates of the environment (HTTPS_PROXY, NO_PROXY,
SSL_CERT_FILE) hold, but this machine is never asked through a proxy.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from threading import Event
from typing import Any

import httpx2 as httpx
import openai

from rag.endpoints import address
from rag.endpoints.logged_client import LoggedClient
from rag.errors import EndpointError

CONNECT_S = 5.0
OPENAI = "https://api.openai.com/v1"
_MAX_REPLY_BYTES = 64_000_000  # of one reply; a reply of 100,000 tokens has a third of it
# The account named by OPENAI_ORG_ID and OPENAI_PROJECT_ID is no business of another host.
_NO_ACCOUNT: Any = {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
Transport = Callable[[], httpx.BaseTransport]  # makes what connects, where that is not left to httpx
_CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete", "proxy.start_tls.complete")


class Elsewhere(Exception):
    """The server redirects to another host or from https to http, where the key has no business."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class ReplyTooLong(Exception):
    """The server sends more than any reply can be."""


class Connection:
    """A connection to one endpoint. `connected` is whether there was one; hang_up() ends it from any thread."""

    def __init__(self, base_url: str, *, timeout_s: float, transport: Transport | None = None) -> None:
        """Raises EndpointError when the certificates that the environment names cannot be read. A `transport` uses no proxy."""
        self._base_url = base_url
        self._over = Event()
        self._stream: Any = None
        try:
            self.http = LoggedClient(
                timeout=httpx.Timeout(timeout_s, connect=CONNECT_S),
                follow_redirects=True,
                trust_env=not address.is_loopback(base_url),
                verify=_certificates(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
                transport=transport() if transport else None,
                headers={"User-Agent": f"abstract-rag/{version('abstract-rag')}"},
                event_hooks={"request": [self._watch], "response": [self._check]},
            )
        except OSError as error:
            raise EndpointError(
                f"The certificates named by SSL_CERT_FILE or SSL_CERT_DIR cannot be read ({error.strerror or error}).",
                "Correct the variable or unset it.",
            ) from error

    @property
    def connected(self) -> bool:
        return self._stream is not None

    def client(self, base_url: str, key: str, *, account: bool) -> openai.OpenAI:
        """Return a client of the API at `base_url` that uses this line; with `account` the environment's is named."""
        path, query = address.split_query(base_url)
        headers: Any = {"User-Agent": self.http.headers["User-Agent"], **({} if account else _NO_ACCOUNT)}
        return openai.OpenAI(
            base_url=path,
            api_key=key or "none",
            max_retries=0,
            http_client=self.http,
            default_headers=headers,
            default_query=query,
        )

    def wait(self, seconds: float) -> bool:
        """Wait, or less when the line is hung up; return whether it is."""
        return self._over.wait(seconds)

    def hang_up(self) -> None:
        """End the connection; a thread that reads from it gets an error at once."""
        self._over.set()
        end = self._stream.get_extra_info("socket") if self._stream is not None else None
        if end is not None:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # closing alone would not wake the thread that reads

    def _watch(self, request: httpx.Request) -> None:
        if address.is_azure(str(request.url)) and "Authorization" in request.headers:
            key = request.headers.pop("Authorization").removeprefix("Bearer ")
            request.headers.update(address.authorisation(str(request.url), key))
        request.extensions = {**request.extensions, "trace": self._traced}

    def _traced(self, event: str, info: dict[str, Any]) -> None:
        if event in _CONNECTED:
            self._stream = info["return_value"]
            if self._over.is_set():
                raise httpx.ReadError("hung up")

    def _check(self, response: httpx.Response) -> None:
        if response.has_redirect_location:
            here, there = response.url, response.url.join(response.headers["Location"])
            upgraded = here.host == there.host and (here.scheme, there.scheme) == ("http", "https")
            if not upgraded and (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
                raise Elsewhere(address.shown(str(there)))
        response.stream = _Counted(response.stream)


@lru_cache(maxsize=4)
def _certificates(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Return what the environment's two variables make trusted; reading it takes longer than all else of a request."""
    return httpx.create_ssl_context()


class _Counted(httpx.SyncByteStream):
    """A response's bytes, up to what a reply can be."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        left = _MAX_REPLY_BYTES
        for data in self._stream:
            left -= len(data)
            if left < 0:
                raise ReplyTooLong
            yield data

    def close(self) -> None:
        self._stream.close()
