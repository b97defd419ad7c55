"""What can go wrong between us and an endpoint, and what it means: the classes of errors, and what servers write into them."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2 as httpx
import openai

from rag.endpoints.connection import Elsewhere, ReplyTooLong

MAX_ATTEMPTS = 3  # of a request that the server may yet answer
_MAX_ATTEMPTS_TOLD = 10  # where the server says each time when to ask again
MAX_WAIT_S = 20.0  # seconds that a server may ask us to wait
_MAX_TOLD_WAIT_S = 7 * 24 * 3600.0  # more than this is no time that a server means
_LOADING_PAUSE_S = 1.0  # between two questions to a server that loads its model
SYSTEM = "system"  # stands among the parameters of a request for the message of this role
NO_API = (404, 405, 501)  # what a server says where there is no API
_GATEWAY_TIMEOUT = 504  # the model may still be at work on the request, so that another one only adds to it
_TOO_LONG = re.compile(
    r"context.{0,20}(?:length|size|window)|exceed\w*.{0,30}(?:context|maximum number of tokens)|"
    r"(?:prompt|input).{0,20}too (?:long|large)|too many tokens|maximum input",
    re.IGNORECASE | re.DOTALL,
)
_WINDOW = re.compile(r"context (?:length|size|window)\D{0,30}(\d{3,7})", re.IGNORECASE)
_LOADING = re.compile(r"\bloading\b", re.IGNORECASE)
_ROLES = re.compile(
    r"\b(?:system|developer)\W{1,3}(?:role|instruction|message|prompt)s?\b|\broles? must alternate", re.IGNORECASE
)
_WAIT_TOLD = re.compile(
    r"(?:retryDelay\W+|(?:retry|try again) (?:in|after) )(?:(\d+)m(?!s))?\s*(\d+(?:\.\d+)?)\s*(ms|s)", re.IGNORECASE
)
_BAD_KEY = re.compile(
    r"\b(?:api[ _-]?key|access token|credentials?)\b.{0,40}\b(?:not valid|invalid|incorrect|missing|required|expired)\b"
    r"|\b(?:invalid|incorrect|missing|expired)\b.{0,20}\b(?:api[ _-]?key|access token|credentials?)\b",
    re.IGNORECASE | re.DOTALL,
)
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
    tokens = body_of(error).get("n_ctx") if error else None
    found = _WINDOW.search(text_of(error)) if error else None
    return tokens if isinstance(tokens, int) else int(found.group(1)) if found else None


def is_elsewhere(error: Exception) -> bool:
    """Whether there is no API at the address, so that it may be at another path of the server."""
    absent = getattr(error, "status_code", None) in NO_API
    return absent or isinstance(error, Malformed) or (isinstance(error, ErrorInReply) and "endpoint" in str(error).lower())


def is_unknown_model(error: Exception) -> bool:
    """Whether the server says that it has no such model."""
    return bool(_NO_MODEL.search(text_of(error)))


def is_passing(error: Exception) -> bool:
    """Whether the server failed in a way that may pass: 500, 502, 503, and those of other gateways, as 529 and 524."""
    status = getattr(error, "status_code", None) or 0
    return status >= 500 and status not in (*NO_API, _GATEWAY_TIMEOUT)


def is_loading(error: Exception) -> bool:
    """Whether the server says that it is still loading the model."""
    return getattr(error, "status_code", None) == 503 and bool(_LOADING.search(text_of(error)))


def is_bad_key(error: Exception) -> bool:
    """Whether the server refuses the key, or wants one; some say so with status 400."""
    status = getattr(error, "status_code", None)
    return status in (401, 403) or (status == 400 and bool(_BAD_KEY.search(text_of(error))))


def is_filtered(error: Exception) -> bool:
    """Whether a content filter refused the prompt, as Azure says it."""
    return body_of(error).get("code") == "content_filter"


def is_without_credit(error: Exception) -> bool:
    """Whether the account has nothing left; a limit that the server wants to be waited for is another matter."""
    return bool(NO_CREDIT.search(text_of(error))) and asked_to_wait(error) is None


def refused(error: Exception, options: Sequence[str]) -> str | None:
    """Return which of the parameters `options` the server says it does not take; SYSTEM is a message that it does not take."""
    status = getattr(error, "status_code", None)
    if status not in (400, 422, 500) or is_too_long(error):
        return None
    text = text_of(error)
    if SYSTEM in options and _ROLES.search(text):
        return SYSTEM
    named = (name for name in options if name != SYSTEM and re.search(rf"\b{name}\b", text))
    return next(named, None) if status != 500 else None


class Retries:
    """Says how to send one request again: after which pause, or without a parameter that the server does not take."""

    def __init__(self, refused: set[str], *, loading_s: float, dropped: bool = False) -> None:
        """`refused` holds the parameters left out so far, and gets those that the server refuses.

        A server that loads its model is asked for `loading_s` seconds. With `dropped`, a request is repeated whose connection
        broke.
        """
        self._refused = refused
        self._loading_until = time.monotonic() + loading_s
        self._dropped = dropped
        self._attempt = 1
        self._waited = 0.0

    def after(self, error: Exception, parameters: Sequence[str]) -> float | None:
        """Return the seconds to wait before the next attempt, None when there is to be none."""
        unwanted = refused(error, [name for name in parameters if name not in self._refused])
        if unwanted:
            self._refused.add(unwanted)
            self._attempt = 1
            return 0.0
        seconds = self._pause(error)
        self._attempt += 1
        self._waited += seconds or 0.0
        return seconds

    def _pause(self, error: Exception) -> float | None:
        limited = getattr(error, "status_code", None) == 429
        if is_loading(error):
            return _LOADING_PAUSE_S if time.monotonic() + _LOADING_PAUSE_S < self._loading_until else None
        if is_too_long(error) or (limited and is_without_credit(error)):
            return None
        asked = asked_to_wait(error) if limited or is_passing(error) else None
        if asked:
            waited = 0.0 if self._attempt < MAX_ATTEMPTS else self._waited if limited else MAX_WAIT_S
            return asked if self._attempt < _MAX_ATTEMPTS_TOLD and asked + waited <= MAX_WAIT_S else None
        if self._attempt >= MAX_ATTEMPTS:
            return None
        if limited or (self._dropped and is_dropped(error)):
            return float(2 ** (self._attempt - 1))
        return 2 ** (self._attempt - 1) / 2 if is_passing(error) else None


def asked_to_wait(error: Exception) -> float | None:
    """Return the seconds that the server wants to be waited: in Retry-After, which may be a date, or in its words."""
    header = error.response.headers.get("Retry-After", "") if isinstance(error, openai.APIStatusError) else ""
    seconds = _seconds(header)
    if seconds is None and (told := _WAIT_TOLD.search(text_of(error))):
        minutes, number, unit = told.groups()
        seconds = float(number) / (1000 if unit.lower() == "ms" else 1) + 60 * float(minutes or 0)
    return None if seconds is None else min(max(seconds, 0.0), _MAX_TOLD_WAIT_S)


def _seconds(header: str) -> float | None:
    try:
        return float(header) if float(header) == float(header) else None
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(header).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None


def text_of(error: BaseException) -> str:
    """Return all that the server said of an error."""
    body = getattr(error, "body", None)
    return f"{getattr(error, 'message', error)} {json.dumps(body, default=str) if body else ''}"


def body_of(error: BaseException) -> dict[str, Any]:
    """Return the error that a server sent as JSON; some send it in a list."""
    body = getattr(error, "body", None)
    if isinstance(body, list) and len(body) == 1:
        [body] = body
    if isinstance(body, dict):
        inner = body.get("error")
        return inner if isinstance(inner, dict) else body
    return {}
