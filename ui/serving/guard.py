"""Checks each request before the page sees it: the server's name, the page that sent it, its body, whose session it names.

A page of another site can make a browser send requests to a server on this machine. A name that resolves to this machine lets
that page read the answers too. So the guard serves a request only under a name that the server was started with, and questions
only to the server's own pages. Programs send neither Origin nor Sec-Fetch-Site and pass. Users and passwords are not checked
here; how often they are tried is.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from gradio.routes import App
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.serving import bodies, calls, replies
from ui.serving.bodies import MAX_BODY_BYTES, MAX_UPLOAD_BYTES, UPLOAD, Body
from ui.serving.forwarded import Forwarded, route
from ui.serving.listening import name_of
from ui.serving.passwords import Pauses
from ui.serving.replies import Refused, Reply
from ui.serving.sessions import Sessions

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_CALLED = "/gradio_api/call/"
_LINKED = ("/", "/library", "/collection")  # pages that any site may link to
_ASKED = ("/gradio_api/", "/logout", "/config")  # paths that are no picture, style or script of the page
_SESSION = re.compile(r"/gradio_api/(?:heartbeat|stream)/([^/]+)")  # a path that names a session

# A proxy path, or a file path that begins as an address does: "https:" or "//".
_FETCH = re.compile(rf"proxy=|file[=/]{bodies.ADDRESS.pattern}")
_log = logging.getLogger(__name__)


def middleware(names: Iterable[str] = (), proxies: Sequence[str] = (), root_path: str = "") -> list[Middleware]:
    """Return what launch(app_kwargs={"middleware": ...}) needs.

    The server has these names besides those of loopback. `proxies` are addresses of trusted proxies besides those on this
    machine, `root_path` the sub-path that the chat is served under.
    """
    known = frozenset(name_of(name) for name in (*LOOPBACK, *names)) - {""}
    return [Middleware(Forwarded, proxies=proxies, root_path=root_path), Middleware(Guard, names=known)]


class Guard:
    """An ASGI application that checks the requests to another one."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names
        self._sessions = Sessions()
        self._pauses = Pauses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # the page has none
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reply = Reply(scope, send)
        body = Body(receive, MAX_UPLOAD_BYTES if route(scope).rstrip("/") == UPLOAD else MAX_BODY_BYTES)
        try:
            self._check(scope)
            body.check_length(Headers(scope=scope))
            await self._serve(scope, body, reply)
        except Refused as refused:
            if refused.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                await body.discard()
            await reply.answer(refused.status, refused.reason, wait_s=refused.wait_s)
        except Exception as error:  # noqa: BLE001 - whatever a request makes Gradio raise is answered
            await _refuse_what_failed(scope, reply, error)

    async def _serve(self, scope: Scope, body: Body, reply: Reply) -> None:
        """Answer a request that passed the check of its headers. Raises Refused for a wrong body or another's session."""
        path = route(scope).rstrip("/")
        if path == "/health":
            await reply.answer(HTTPStatus.OK, json.dumps({"ok": True}), "application/json")
        elif path == "/login" and scope["method"] == "POST":
            async with self._pauses.trying(await _user(scope, body), _client(scope)) as right:
                await body.pass_on(self._app, scope, reply)
                if reply.status == HTTPStatus.OK:
                    right()
        else:
            sent = await _content(scope, body)
            for session in _sessions(scope, sent):
                self._sessions.check(session, replies.owner(scope) or _client(scope))
            if isinstance(scope.get("app"), App):
                calls.check(scope["app"].get_blocks(), path, sent)
            await body.pass_on(self._app, scope, reply)

    def _check(self, scope: Scope) -> None:
        """Raise Refused for a wrong name, a page of another site, or an address to fetch from."""
        headers = Headers(scope=scope)
        host, *others = headers.getlist("host") or [""]
        if others or name_of(host) not in self._names | _reached(scope):
            raise Refused(HTTPStatus.FORBIDDEN, "This server does not have that name. Start it with --allowed-host NAME.")
        if _is_foreign(headers, host, scope["method"], route(scope)):
            raise Refused(HTTPStatus.FORBIDDEN, "Pages of other sites may not ask this server.")
        if _FETCH.search(_decoded(route(scope))):
            raise Refused(HTTPStatus.FORBIDDEN, bodies.FETCHES_NOTHING)


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


async def _refuse_what_failed(scope: Scope, reply: Reply, error: Exception) -> None:
    """Answer a request that Gradio's routes did not expect. A stream that has begun has told of its fault, and ends."""
    _log.warning("The request for %r failed: %r. --verbose shows more.", route(scope), error)
    _log.debug("the request failed", exc_info=error)
    if reply.started:
        await reply.send({"type": "http.response.body", "body": b""})
    elif route(scope).startswith(_CALLED):
        reason = "A parameter is missing, unknown or of a wrong kind; /gradio_api/info lists them."
        await reply.answer(HTTPStatus.BAD_REQUEST, reason)
    else:
        await reply.answer(HTTPStatus.BAD_REQUEST, f"This request cannot be served ({type(error).__name__}).")


async def _user(scope: Scope, body: Body) -> str:
    """Return the user that a login form names. Raises Refused for a form that cannot be read."""
    sent = await body.read()

    async def replay() -> dict[str, Any]:
        return {"type": "http.request", "body": sent, "more_body": False}

    try:
        async with Request(scope, replay).form() as form:
            user = form.get("username")
    except HTTPException as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "The form cannot be read.") from error
    return user if isinstance(user, str) else ""


async def _content(scope: Scope, body: Body) -> bodies.Json:
    """Return the JSON object that a request of the page or of a program sends, {} for one without a body.

    Raises Refused for another kind of body; only uploads have one.
    """
    path = route(scope).rstrip("/")
    if scope["method"] in ("GET", "HEAD") or path == UPLOAD or not path.startswith("/gradio_api/"):
        return {}
    sent = await body.read()
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    if sent and kind != "application/json":
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON, with Content-Type: application/json.")
    return bodies.parsed(sent) if sent else {}


def _sessions(scope: Scope, sent: bodies.Json) -> set[str]:
    """Return the sessions that a request names: in its query, in its path, in its body."""
    named = set(parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", []))
    in_path = _SESSION.match(route(scope))
    if in_path:
        named.add(in_path[1])
    in_body = sent.get("session_hash")
    return named | ({in_body} if isinstance(in_body, str) else set())


def _client(scope: Scope) -> str:
    """Return the address of who sent a request."""
    return str(scope["client"][0]) if scope.get("client") else ""
