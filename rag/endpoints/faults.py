"""What can go wrong between us and an endpoint, and what it means: the classes of errors, and what servers write into them."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from email.utils import parsedate_to_datetime

import httpx2 as httpx
import openai

from rag.endpoints.connection import Elsewhere, ReplyTooLong

MAX_ATTEMPTS = 3  # of a request that the server may yet answer
MAX_WAIT_S = 20.0  # seconds that a server may ask us to wait
PASSING = (500, 502, 503)
NO_API = (404, 405, 501)  # what a server says where there is no API
_TOO_LONG = re.compile(
    r"context.{0,20}(?:length|size|window)|exceed\w*.{0,30}(?:context|maximum number of tokens)|"
    r"(?:prompt|input).{0,20}too (?:long|large)|too many tokens|maximum input",
    re.IGNORECASE | re.DOTALL,
)
_WINDOW = re.compile(r"context (?:length|size|window)\D{0,30}(\d{3,7})", re.IGNORECASE)
NO_CREDIT = re.compile(r"insufficient_quota|credit|billing|exceeded your current quota", re.IGNORECASE)
_NO_MODEL = re.compile(r"model.{0,80}(?:not found|not exist|unknown|not loaded)|unknown model", re.IGNORECASE | re.DOTALL)


class Malformed(Exception):
    """What came with status 200 is not what the API promises; the text is the start of what it is."""


class ErrorInReply(Exception):
    """The server reports an error inside a reply of status 200; the text is the error's."""


class Silent(Exception):
    """Nothing came for `seconds`: no connection, no beginning of a reply, or nothing more of it."""

    def __init__(self, seconds: float, connected: bool, begun: bool) -> None:
        super().__init__()
        self.seconds, self.connected, self.begun = seconds, connected, begun


FAULTS = (
    openai.OpenAIError,
    httpx.HTTPError,
    httpx.InvalidURL,
    json.JSONDecodeError,
    Malformed,
    ErrorInReply,
    Elsewhere,
    ReplyTooLong,
    Silent,
)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def is_dead(error: BaseException) -> bool:
    """Whether nobody can be reached there, so that asking again at once is no use."""
    if isinstance(error, Silent):
        return not error.connected
    kinds = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, ssl.SSLError, socket.gaierror)
    return any(isinstance(cause, kinds) for cause in causes(error))


def is_dropped(error: BaseException) -> bool:
    """Whether somebody was reached and the connection broke then."""
    broken = any(isinstance(cause, httpx.NetworkError | httpx.ProtocolError) for cause in causes(error))
    return broken and not is_dead(error)


def is_too_long(error: Exception) -> bool:
    """Whether the server says that the prompt is longer than it takes."""
    if not isinstance(error, ErrorInReply | openai.APIError) or isinstance(error, openai.APIConnectionError):
        return False
    status = getattr(error, "status_code", None)
    return status == 413 or (status in (None, 400, 422, 500) and bool(_TOO_LONG.search(text_of(error))))


def window_named(error: BaseException | None) -> int | None:
    """Return the window, in tokens, that a server names in its complaint about a long prompt."""
    body = getattr(error, "body", None)
    tokens = body.get("n_ctx") if isinstance(body, dict) else None
    found = _WINDOW.search(text_of(error)) if error else None
    return tokens if isinstance(tokens, int) else int(found.group(1)) if found else None


def is_elsewhere(error: Exception) -> bool:
    """Whether there is no API at the address, so that it may be at another path of the server."""
    absent = getattr(error, "status_code", None) in NO_API
    return absent or isinstance(error, Malformed) or (isinstance(error, ErrorInReply) and "endpoint" in str(error).lower())


def is_unknown_model(error: Exception) -> bool:
    """Whether the server says that it has no such model."""
    return bool(_NO_MODEL.search(text_of(error)))


def refused(error: Exception, options: Sequence[str]) -> str | None:
    """Return which of the parameters `options` the server says it does not take."""
    if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError) or is_too_long(error):
        return None
    return next((name for name in options if re.search(rf"\b{name}\b", text_of(error))), None)


def pause(error: Exception, attempt: int) -> float | None:
    """Return the seconds to wait before asking again after the failure of `attempt` (from 1), None when it is no use."""
    status = getattr(error, "status_code", None)
    if attempt >= MAX_ATTEMPTS or status not in (*PASSING, 429) or is_too_long(error):
        return None
    if status == 429 and NO_CREDIT.search(text_of(error)):
        return None
    asked = asked_to_wait(error)
    if asked is None:
        return float(2 ** (attempt - 1)) / (1 if status == 429 else 2)
    return asked if asked <= MAX_WAIT_S else None


class Retries:
    """Says how to send one request again: after which pause, or without a parameter that the server does not take."""

    def __init__(self, refused: set[str], pause: Callable[[Exception, int], float | None] = pause) -> None:
        """`refused` holds the parameters left out so far, and gets those that the server refuses. `pause` is as pause()."""
        self._refused = refused
        self._pause = pause
        self._attempt = 1

    def after(self, error: Exception, parameters: Sequence[str]) -> float | None:
        """Return the seconds to wait before the next attempt, None when there is to be none."""
        unwanted = refused(error, [name for name in parameters if name not in self._refused])
        if unwanted:
            self._refused.add(unwanted)
            self._attempt = 1
            return 0.0
        seconds = self._pause(error, self._attempt)
        self._attempt += 1
        return seconds


def asked_to_wait(error: Exception) -> float | None:
    """Return the seconds of a Retry-After, which may be a date."""
    header = error.response.headers.get("Retry-After", "") if isinstance(error, openai.APIStatusError) else ""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def text_of(error: BaseException) -> str:
    """Return all that the server said of an error."""
    body = getattr(error, "body", None)
    return f"{getattr(error, 'message', error)} {json.dumps(body, default=str) if body else ''}"
