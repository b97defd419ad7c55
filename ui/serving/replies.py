"""What each reply carries: a policy for browsers, how streams pass proxies, a browser's cookie, the first lines of a page."""

from __future__ import annotations

import secrets
from functools import cache
from http import HTTPStatus
from importlib import resources

from markupsafe import Markup
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import Message, Scope, Send

from ui.rendering import rendered
from ui.serving import forwarded

OWNER = "rag-browser"  # the cookie that names the owner of a browser's conversations
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
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{what} {where}" for what, where in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
_STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # the second one is nginx's: send each piece at once
_HEAD = b"<head>"
_TEXT = "text/plain; charset=utf-8"


class Refused(Exception):
    """A request that is not served, the sentence that is sent back, and for how many seconds nobody need ask again."""

    def __init__(self, status: HTTPStatus, reason: str, wait_s: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.wait_s = wait_s


class Reply:
    """Sends the reply to one request, with the headers that it has to have."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._cookie = _new_cookie(scope)
        self._first = _proxy_check(scope) + _first_look()
        self._page: Message | None = None  # the start of a page, until its text is there
        self.status: int | None = None  # None until the reply has begun

    @property
    def started(self) -> bool:
        return self.status is not None

    async def send(self, message: Message) -> None:
        """Pass a message of the application on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            kind = headers.get("content-type", "")
            if kind.startswith("text/event-stream"):
                headers.update(_STREAM_HEADERS)
            if kind.startswith("text/html"):
                if self._cookie:
                    headers.append("Set-Cookie", self._cookie)
                self._page = message
                return
        elif self._page is not None:
            message = await self._with_first(self._page, message)
        await self._send(message)

    async def answer(self, status: HTTPStatus, text: str, kind: str = _TEXT, wait_s: int | None = None) -> None:
        """Send a text as the whole reply. `wait_s` is for Retry-After."""
        body = text.encode()
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        if wait_s is not None:
            headers.append((b"retry-after", str(wait_s).encode()))
        await self.send({"type": "http.response.start", "status": int(status), "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def _with_first(self, start: Message, message: Message) -> Message:
        """Send the start of a page; return the first part of its text with what comes first in its head."""
        self._page = None
        before, head, after = message.get("body", b"").partition(_HEAD)
        if head:
            message = {**message, "body": before + head + self._first + after}
            headers = MutableHeaders(scope=start)
            if "content-length" in headers:
                headers["content-length"] = str(int(headers["content-length"]) + len(self._first))
        await self._send(start)
        return message


def owner(scope: Scope) -> str | None:
    """Return the value of a browser's owner cookie, None where it sent none."""
    return cookie_parser(Headers(scope=scope).get("cookie", "")).get(OWNER)


def _new_cookie(scope: Scope) -> str | None:
    """Return a new owner cookie for a browser that opens the page without one, None for all other requests."""
    if scope["method"] != "GET" or forwarded.route(scope).startswith("/gradio_api/") or owner(scope) is not None:
        return None
    path = scope.get("root_path") or "/"
    return f"{OWNER}={secrets.token_hex(16)}; Path={path}; Max-Age=31536000; HttpOnly; SameSite=Lax"


def _proxy_check(scope: Scope) -> bytes:
    """Return a script that compares the page's address with what the server was asked for, and says how a proxy is at fault."""
    asked = {"host": Headers(scope=scope).get("host", ""), "path": scope["path"]}
    return rendered("proxy_check.html", check=_own("proxy_check.js"), asked=asked).encode()


def _first_look() -> bytes:
    """Return the style sheet that holds while a page is loaded."""
    return rendered("first.html", css=_own("first.css")).encode()


@cache
def _own(name: str) -> Markup:
    return Markup(resources.files("ui").joinpath("static", name).read_text("utf-8"))  # noqa: S704 - our own
