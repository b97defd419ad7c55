"""One answer of a service on the network, asked for again when a fault may pass."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from math import ceil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rag.errors import SourceError

if TYPE_CHECKING:
    import httpx2 as httpx

SILENCE_S = 30.0  # the longest time without a byte
ANSWER_S = 120.0  # the longest time that a whole answer may take
WAITS_S = (2.0, 8.0)  # before the second and the third try
MAX_WAIT_S = 60.0
MAX_BYTES = 50_000_000
_LATER = "Try again later."
_HTML = re.compile(r"\s*<(?:[^<>]{0,200}>\s*<)?(?:!doctype\s+)?html[\s>]", re.IGNORECASE)  # with or without a line before it


class ServiceError(SourceError):
    """`status` is the HTTP status, None without an answer. A fault that `passes` may be gone after `wait_s` seconds."""

    def __init__(
        self, message: str, fix: str, *, status: int | None = None, passes: bool = False, wait_s: float | None = None
    ) -> None:
        super().__init__(message, fix)
        self.status, self.passes, self.wait_s = status, passes, wait_s


def sleep(seconds: float) -> None:
    """Wait. Tests replace this function."""
    time.sleep(seconds)


def get(service: str, address: str, parameters: Mapping[str, str] | None = None) -> str:
    """Return the text that `service` gives at `address`.

    Faults that pass are tried three times in all. A service that asks to wait is given that time, up to a minute. Raises
    ServiceError, which names the service.
    """
    for usual_wait in WAITS_S:
        try:
            return _answer(service, address, parameters)
        except ServiceError as error:
            wait = usual_wait if error.wait_s is None else error.wait_s
            if not error.passes or wait > MAX_WAIT_S:
                raise
            sleep(wait)
    return _answer(service, address, parameters)


def _answer(service: str, address: str, parameters: Mapping[str, str] | None) -> str:
    import httpx2 as httpx

    headers = {"User-Agent": f"abstract-rag/{version('abstract-rag')}"}
    try:
        with httpx.stream(
            "GET", address, params=parameters, headers=headers, follow_redirects=True, timeout=SILENCE_S
        ) as response:
            _check(service, response)
            text = b"".join(_parts(service, response)).decode("utf-8-sig", "replace")
    except httpx.ConnectTimeout as error:
        raise _unreachable(service, address) from error
    except httpx.TimeoutException as error:
        raise ServiceError(f"{service} did not answer within {SILENCE_S:g} seconds.", _LATER) from error
    except httpx.TransportError as error:
        raise _unreachable(service, address) from error
    except httpx.HTTPError as error:
        raise unreadable(service) from error
    except httpx.InvalidURL as error:
        raise ServiceError(f"{service} does not take a request of this length.", "Ask for less.") from error
    if _HTML.match(text[:1000]):
        raise ServiceError(
            f"{service} answered with a web page in place of papers.",
            "Check whether the network asks for a login, or try again later.",
        )
    return text


def unreadable(service: str) -> ServiceError:
    """Return the error for an answer that is in no form that the service is known for."""
    return ServiceError(f"The answer of {service} cannot be read.", _LATER)


def _unreachable(service: str, address: str) -> ServiceError:
    host = urlsplit(address).hostname
    return ServiceError(f"{service} ({host}) cannot be reached.", "Check the network, or try again later.", passes=True)


def _check(service: str, response: httpx.Response) -> None:
    status = response.status_code
    if status < 300:
        return
    wait = _wait_s(response.headers.get("retry-after", ""))
    if status == 429:
        fix = _LATER if wait is None or wait <= MAX_WAIT_S else f"Try again in {ceil(wait / 60):,} minutes."
        raise ServiceError(f"{service} has had too many requests.", fix, status=status, passes=True, wait_s=wait)
    if status >= 500:
        raise ServiceError(f"{service} is out of order ({status}).", _LATER, status=status, passes=True, wait_s=wait)
    if status in (401, 403):
        fix = "Try again later, or download the papers there and give the file."
        raise ServiceError(f"{service} refuses to answer ({status}).", fix, status=status)
    raise ServiceError(f"{service} does not take this request ({status}).", "Check what you asked for.", status=status)


def _wait_s(asked: str) -> float | None:
    """Return the seconds that a Retry-After header asks for, in digits or as a date; None for another text."""
    if asked.strip().isdecimal():
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _parts(service: str, response: httpx.Response) -> Iterator[bytes]:
    size, end = 0, time.monotonic() + ANSWER_S
    for part in response.iter_bytes():
        size += len(part)
        if size > MAX_BYTES:
            raise ServiceError(f"The answer of {service} is larger than {MAX_BYTES / 1e6:g} MB.", "Ask for less.")
        if time.monotonic() > end:
            raise ServiceError(f"{service} took longer than {ANSWER_S:g} seconds to answer.", _LATER)
        yield part
