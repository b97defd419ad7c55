"""Checks each request before the page sees it: the server's name, the page that sent it, the size of its body.

A page of another site can make a browser send requests to a server on this machine. A name that resolves to this machine lets
that page read the answers too. So the guard serves a request only under a name that the server was started with, and questions
only to the server's own pages. Programs send neither Origin nor Sec-Fetch-Site and pass. Users and passwords are not checked
here.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.serving.listening import name_of

OWNER = "rag-browser"  # the cookie that names the owner of a browser's conversations
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
MAX_BODY_BYTES = 1_000_000  # bytes
MAX_UPLOAD_BYTES = 20_000_000
_UPLOAD = "/gradio_api/upload"
_CALLED = "/gradio_api/call/"
_LINKED = ("/", "/library")  # pages that any site may link to
_ASKED = ("/gradio_api/", "/logout", "/config")  # paths that are no picture, style or script of the page
_MAX_DISCARDED_BYTES = 64_000_000  # bytes read of a body that is too large: a sender reads the answer once it has sent the body

# A proxy path, or a file path that begins as an address does: "https:" or "//".
_FETCH = re.compile(r"proxy=|file[=/][\s/\\]*(?:[a-z][a-z0-9+.-]+:|[/\\]{2})")
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio's page holds its settings and calls our script by eval
    "script-src-attr": "'none'",  # no onerror= and the like
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "media-src": "'self' data: blob:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "manifest-src": "'self'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{what} {where}" for what, where in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


class Refused(Exception):
    """A request that is not served, and the sentence that is sent back."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def middleware(names: Iterable[str] = ()) -> Middleware:
    """Return the guard for app_kwargs={"middleware": [...]}. The server has these names besides those of loopback."""
    return Middleware(Guard, names=frozenset(name_of(name) for name in (*LOOPBACK, *names)) - {""})


class Guard:
    """An ASGI application that checks the requests to another one."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # the page has none
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send, _cookie(scope))
        body = Body(receive, MAX_UPLOAD_BYTES if scope["path"].rstrip("/") == _UPLOAD else MAX_BODY_BYTES)
        try:
            self._check(scope)
            body.check_length(Headers(scope=scope))
            if scope["path"].rstrip("/") == "/health":
                await _answer(send, HTTPStatus.OK, "application/json", json.dumps({"ok": True}))
            else:
                await body.pass_on(self._app, scope, send)
        except (TypeError, ValueError):
            if not scope["path"].startswith(_CALLED):
                raise
            reason = f"A parameter is missing, unknown or of a wrong kind; {_CALLED.removesuffix('call/')}info lists them."
            await _answer(send, HTTPStatus.BAD_REQUEST, "text/plain; charset=utf-8", reason)
        except Refused as refused:
            if refused.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                await body.discard()
            await _answer(send, refused.status, "text/plain; charset=utf-8", refused.reason)

    def _check(self, scope: Scope) -> None:
        """Raise Refused for a wrong name, a page of another site, or an address to fetch from."""
        headers = Headers(scope=scope)
        host, *others = headers.getlist("host") or [""]
        if others or name_of(host) not in self._names | _reached(scope):
            raise Refused(HTTPStatus.FORBIDDEN, "This server does not have that name. Start it with --allowed-host NAME.")
        if _is_foreign(headers, host, scope["method"], scope["path"]):
            raise Refused(HTTPStatus.FORBIDDEN, "Pages of other sites may not ask this server.")
        if _FETCH.search(_decoded(scope["path"])):
            raise Refused(HTTPStatus.FORBIDDEN, "This server fetches nothing from elsewhere.")


def _reached(scope: Scope) -> set[str]:
    """Return the local address that the request came to, where it is known. A name of another site cannot equal it."""
    server = scope.get("server")
    return {str(server[0]).lower()} if server else set()


def _is_foreign(headers: Headers, host: str, method: str, path: str) -> bool:
    """Return whether a page of another origin sent the request. Any site may link to the pages in _LINKED."""
    site = headers.get("sec-fetch-site", "")
    origin = headers.get("origin", "")
    if site in ("cross-site", "same-site"):
        linked = method == "GET" and path in _LINKED and headers.get("sec-fetch-mode") == "navigate"
        return not (linked and headers.get("sec-fetch-dest") == "document")
    if origin == "null" and site == "same-origin":
        return False  # from a page that sends no referrer, as ours do
    if not origin and (method not in ("GET", "HEAD") or path.startswith(_ASKED)):
        origin = headers.get("referer", "")
    return bool(origin) and _netloc(origin) != _netloc(f"//{host}")


def _netloc(address: str) -> str:
    """Return the host of an address, with its port unless that is 80 or 443; "" for a malformed address."""
    try:
        return urlsplit(address).netloc.lower().removesuffix(":80").removesuffix(":443")
    except ValueError:
        return ""


def _decoded(path: str) -> str:
    """Return a path in lower case, percent-decoded until nothing is left to decode."""
    while (plain := unquote(path)) != path:
        path = plain
    return path.lower()


class Body:
    """The body of one request, counted as it is read."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._read = 0
        self._ended = False

    def check_length(self, headers: Headers) -> None:
        """Raise Refused when the Content-Length is too large or no number."""
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._most:
            raise self._too_large()

    async def pass_on(self, app: ASGIApp, scope: Scope, send: Send) -> None:
        """Run the application. Raises Refused when it reads too large a body before it has answered."""
        started = False

        async def unless_too_large(message: Message) -> None:
            nonlocal started
            if started or self._read <= self._most:
                started = True
                await send(message)

        try:
            await app(scope, self.receive, unless_too_large)
        except ClientDisconnect:
            if self._read <= self._most:
                raise
        if self._read > self._most and not started:
            raise self._too_large()

    async def receive(self) -> Message:
        """Return the next message, or http.disconnect once the body is too large."""
        if self._read > self._most:
            return {"type": "http.disconnect"}
        message = await self._next()
        return message if self._read <= self._most else {"type": "http.disconnect"}

    async def discard(self) -> None:
        """Read the rest of the body, up to _MAX_DISCARDED_BYTES bytes in all."""
        while not self._ended and self._read < _MAX_DISCARDED_BYTES:
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        self._ended = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    def _too_large(self) -> Refused:
        return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"More than {self._most // 1_000_000} MB cannot be sent here.")


def _cookie(scope: Scope) -> str | None:
    """Return a new owner cookie for a browser that opens the page without one, None for all other requests."""
    if scope["method"] != "GET" or scope["path"].startswith("/gradio_api/") or OWNER in cookie_parser(_sent(scope)):
        return None
    return f"{OWNER}={secrets.token_hex(16)}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"


def _sent(scope: Scope) -> str:
    return Headers(scope=scope).get("cookie", "")


def _with_headers(send: Send, cookie: str | None) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            if cookie and headers.get("content-type", "").startswith("text/html"):
                headers.append("Set-Cookie", cookie)
        await send(message)

    return sending


async def _answer(send: Send, status: HTTPStatus, kind: str, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
