"""A small OpenAI-compatible server that answers as scripted, on purpose often badly, and records what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the tests."""


@dataclass(frozen=True)
class Request:
    """One request as it came; `headers` by lower-case name."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Exchange:
    """What a scripted behaviour writes to."""

    handler: BaseHTTPRequestHandler
    request: Request
    stopped: threading.Event = field(default_factory=threading.Event)

    def reply(
        self,
        status: int,
        body: bytes | str | dict[str, Any],
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send one whole response."""
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", content_type)
        self.handler.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
        self.handler.wfile.write(data)

    def start(self) -> None:
        """Open a stream of server-sent events in HTTP chunks."""
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", "text/event-stream")
        self.handler.send_header("Transfer-Encoding", "chunked")
        self.handler.end_headers()

    def raw(self, data: bytes) -> None:
        """Send bytes as one HTTP chunk."""
        self.handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.handler.wfile.flush()

    def event(self, value: Any) -> None:
        self.raw(b"data: " + (value if isinstance(value, str) else json.dumps(value)).encode() + b"\n\n")

    def end(self) -> None:
        """End the HTTP chunks properly."""
        self.handler.wfile.write(b"0\r\n\r\n")
        self.handler.wfile.flush()

    def drop(self) -> None:
        """Close the connection in the middle of the HTTP chunks."""
        self.handler.close_connection = True


Behaviour = Callable[[Exchange], None]


def delta(text: str | None, finish: str | None = None) -> dict[str, Any]:
    """A chunk of a streamed reply."""
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": text} if text is not None else {}, "finish_reason": finish}],
    }


def usage_of(prompt_tokens: Any) -> dict[str, Any]:
    """The last chunk of a streamed reply."""
    return {**delta(None), "choices": [], "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": 4, "total_tokens": 25}}


USAGE = usage_of(21)


def says(
    *pieces: str, finish: str | None = "stop", usage: bool = True, done: bool = True, prompt_tokens: Any = 21
) -> Behaviour:
    """Stream `pieces` as a good server does, but for what is switched off."""

    def behave(to: Exchange) -> None:
        to.start()
        for piece in pieces:
            to.event(delta(piece))
        if finish:
            to.event(delta(None, finish))
        if usage:
            to.event(usage_of(prompt_tokens))
        if done:
            to.event("[DONE]")
        to.end()

    return behave


def events(*values: Any) -> Behaviour:
    """Stream these values as events, whatever they are, and end."""

    def behave(to: Exchange) -> None:
        to.start()
        for value in values:
            to.event(value)
        to.end()

    return behave


def breaks_off(*pieces: str) -> Behaviour:
    """Stream `pieces`, then drop the connection."""

    def behave(to: Exchange) -> None:
        to.start()
        for piece in pieces:
            to.event(delta(piece))
        to.drop()

    return behave


def fails(status: int, message: str = "it went wrong", headers: Mapping[str, str] | None = None) -> Behaviour:
    body = {"error": {"message": message, "type": "t", "code": None}}
    return lambda to: to.reply(status, body, headers=headers)


def bytes_of(*data: bytes) -> Behaviour:
    """Stream these bytes, each as one HTTP chunk, and end."""

    def behave(to: Exchange) -> None:
        to.start()
        for piece in data:
            to.raw(piece)
        to.end()

    return behave


def embeds(made: Callable[[list[str]], Any]) -> Behaviour:
    """Answer with the rows that `made` gives for the texts, last first, as servers may."""

    def behave(to: Exchange) -> None:
        rows = enumerate(made(to.request.body["input"]))
        data = [{"object": "embedding", "index": n, "embedding": [float(x) for x in row]} for n, row in rows]
        to.reply(200, {"object": "list", "model": to.request.body["model"], "data": data[::-1]})

    return behave


def page(text: str = "<html><body>Welcome to the router</body></html>") -> Behaviour:
    """Answer 200 with HTML, as a proxy's login page does."""
    return lambda to: to.reply(200, text, "text/html")


def tells(value: Any) -> Behaviour:
    """Answer with `value` as JSON; a string goes as it is."""
    return lambda to: to.reply(200, value if isinstance(value, str) else json.dumps(value))


def redirects(url: str) -> Behaviour:
    def behave(to: Exchange) -> None:
        to.handler.send_response(307)
        to.handler.send_header("Location", url)
        to.handler.send_header("Content-Length", "0")
        to.handler.end_headers()

    return behave


def trickles(to: Exchange) -> None:
    """Send a byte now and then, each too soon for a limit on single reads."""
    to.handler.send_response(200)
    to.handler.send_header("Content-Type", "application/json")
    to.handler.end_headers()
    while not to.stopped.wait(0.2):
        to.handler.wfile.write(b" ")
        to.handler.wfile.flush()


def hangs(to: Exchange) -> None:
    """Say nothing until the server is closed."""
    to.stopped.wait(60)


class Endpoint:
    """with Endpoint(says("Hi")) as server: ... server.url, server.requests. The last behaviour goes on for ever.

    `paths` are what else there is, and come before /v1/models; what is nowhere is 404. `port` 0 is any that is free.
    """

    def __init__(
        self,
        *behaviours: Behaviour,
        models: Sequence[str] | Behaviour = ("m",),
        paths: Mapping[str, Behaviour] | None = None,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._behaviours = list(behaviours) or [says("Hello.")]
        self._models = models
        self._paths = paths or {}
        self.requests: list[Request] = []
        self.asked = threading.Event()  # set by the first chat request
        self._stopped = threading.Event()
        self._server = _Quiet(("127.0.0.1", port), self._handler())
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._server.daemon_threads = True
        self._server.block_on_close = False

    @property
    def address(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"{self.address}/v1"

    @property
    def chats(self) -> list[Request]:
        return [r for r in self.requests if r.path == "/v1/chat/completions"]

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [r.path for r in self.requests]

    def __enter__(self) -> Endpoint:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(length)) if length else {}
        headers = {name.lower(): value for name, value in handler.headers.items()}
        request = Request(handler.command, handler.path, headers, body)
        self.requests.append(request)
        to = Exchange(handler, request, self._stopped)
        if request.path in self._paths:
            self._paths[request.path](to)
        elif request.path == "/v1/models":
            self._list(to)
        elif request.path == "/v1/chat/completions":
            self.asked.set()
            behave = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
            behave(to)
        else:
            fails(404, "no such path")(to)

    def _list(self, to: Exchange) -> None:
        if callable(self._models):
            self._models(to)
            return
        data = [{"id": name, "object": "model", "created": 1, "owned_by": "x"} for name in self._models]
        to.reply(200, {"object": "list", "data": data})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                endpoint._answer(self)

            def do_POST(self) -> None:
                endpoint._answer(self)

            def do_CONNECT(self) -> None:
                endpoint._answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        return Handler
