"""The body of a request: counted as it is read, and JSON where the page's own requests have JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope

from ui.serving.replies import Refused, Reply

MAX_BODY_BYTES = 1_000_000  # bytes
MAX_UPLOAD_BYTES = 20_000_000
UPLOAD = "/gradio_api/upload"
FETCHES_NOTHING = "This server fetches nothing from elsewhere."
_MAX_DISCARDED_BYTES = 64_000_000  # bytes read of a body that is too large: a sender reads the answer once it has sent the body
_MAX_DEPTH = 60  # lists and objects inside each other
# How an address begins: "https:" or "//". A drive's letter is none.
ADDRESS = re.compile(r"[\s/\\]*(?:[a-z][a-z0-9+.-]+:|[/\\]{2})", re.IGNORECASE)

Json = dict[str, Any]


class Body:
    """The body of one request, counted as it is read."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._read = 0
        self._ended = False
        self._kept: bytes | None = None  # what was read before the application asked for it

    def check_length(self, headers: Headers) -> None:
        """Raise Refused when the Content-Length is too large or no number."""
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._most:
            raise self._too_large()

    async def read(self) -> bytes:
        """Return the whole body, which the application can read once more. Raises Refused when it is too large."""
        parts: list[bytes] = []
        while not self._ended:
            parts.append((await self._next()).get("body", b""))
            if self._read > self._most:
                raise self._too_large()
        self._kept = b"".join(parts)
        return self._kept

    async def pass_on(self, app: ASGIApp, scope: Scope, reply: Reply) -> None:
        """Run the application. Raises Refused when it reads too large a body before it has answered."""

        async def unless_too_large(message: Message) -> None:
            if reply.started or self._read <= self._most:
                await reply.send(message)

        try:
            await app(scope, self.receive, unless_too_large)
        except ClientDisconnect:
            if self._read <= self._most:
                raise
        if self._read > self._most and not reply.started:
            raise self._too_large()

    async def receive(self) -> Message:
        """Return the next message, or http.disconnect once the body is too large."""
        if self._kept is not None:
            message: Message = {"type": "http.request", "body": self._kept, "more_body": False}
            self._kept = None
            return message
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


def parsed(body: bytes) -> Json:
    """Return the JSON object that a body is. Raises Refused for anything else, and for a file that would have to be fetched."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is not JSON in UTF-8.") from error
    if not isinstance(value, dict):
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "The body is not a JSON object.")
    for found in _objects(value):
        path = found.get("path")
        if isinstance(path, str) and ADDRESS.match(path):
            raise Refused(HTTPStatus.FORBIDDEN, FETCHES_NOTHING)
    return value


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _objects(value: Any) -> Iterator[Json]:
    """Yield the objects in a JSON value. Raises Refused when it is nested more than _MAX_DEPTH deep."""
    left = [(value, 0)]
    while left:
        value, depth = left.pop()
        if depth > _MAX_DEPTH:
            raise Refused(HTTPStatus.BAD_REQUEST, f"The body is nested more than {_MAX_DEPTH} deep.")
        if isinstance(value, dict):
            yield value
            left += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list):
            left += [(inner, depth + 1) for inner in value]
