"""Maps whatever goes wrong between us and an endpoint to one sentence with its cause and one with the remedy.

The one place that knows the classes of errors of openai, httpx2, ssl and socket, and what servers write into their errors.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx2 as httpx
import openai

from rag.errors import EndpointError, PromptTooLong
from rag.redact import Redactor
from rag.wire import CONNECT_S, Elsewhere, TooMuch

ATTEMPTS = 3  # of a request that the server may yet answer
_LONGEST_WAIT = 20.0  # seconds that a server may ask us to wait
_PASSING = (500, 502, 503)
_NO_API = (404, 405, 501)  # what a server says where there is no API
_SHOW = 200  # characters of what a server said
_SHOW_MODELS = 12
_TOO_LONG = re.compile(
    r"context.{0,20}(?:length|size|window)|exceed\w*.{0,30}(?:context|maximum number of tokens)|"
    r"(?:prompt|input).{0,20}too (?:long|large)|too many tokens|maximum input",
    re.IGNORECASE | re.DOTALL,
)
_WINDOW = re.compile(r"context (?:length|size|window)\D{0,30}(\d{3,7})", re.IGNORECASE)
_CODE = re.compile(r"^Error code: \d+(?: - )?")  # which the openai package puts before what the server said
_NO_CREDIT = re.compile(r"insufficient_quota|credit|billing|exceeded your current quota", re.IGNORECASE)
_NO_MODEL = re.compile(r"model.{0,80}(?:not found|not exist|unknown|not loaded)|unknown model", re.IGNORECASE | re.DOTALL)


class Malformed(Exception):
    """What came with status 200 is not what the API promises; the text is the start of what it is."""


class Said(Exception):
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
    Said,
    Elsewhere,
    TooMuch,
    Silent,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Which endpoint was asked, for errors to name: `what` as in "the model endpoint", its address, its settings' prefix."""

    what: str
    url: str  # as it may be shown
    redactor: Redactor
    prefix: str = "RAG_"
    without: str = ", or use --no-model for an answer without one"

    @property
    def named(self) -> str:
        return f"the {self.what} endpoint {self.url}"

    def setting(self, name: str) -> str:
        return f"{self.prefix}{name}"


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


def is_too_long(error: Exception) -> bool:
    """Whether the server says that the prompt is longer than it takes."""
    if not isinstance(error, Said | openai.APIError) or isinstance(error, openai.APIConnectionError):
        return False
    status = getattr(error, "status_code", None)
    return status == 413 or (status in (None, 400, 422, 500) and bool(_TOO_LONG.search(_said(error))))


def window_told(error: BaseException | None) -> int | None:
    """Return the window, in tokens, that a server names in its complaint about a long prompt."""
    body = getattr(error, "body", None)
    told = body.get("n_ctx") if isinstance(body, dict) else None
    found = _WINDOW.search(_said(error)) if error else None
    return told if isinstance(told, int) else int(found.group(1)) if found else None


def is_elsewhere(error: Exception) -> bool:
    """Whether there is no API at the address, so that it may be at another path of the server."""
    absent = getattr(error, "status_code", None) in _NO_API
    return absent or isinstance(error, Malformed) or (isinstance(error, Said) and "endpoint" in str(error).lower())


def is_unknown_model(error: Exception) -> bool:
    """Whether the server says that it has no such model."""
    return bool(_NO_MODEL.search(_said(error)))


def refused(error: Exception, options: Sequence[str]) -> str | None:
    """Return which of the parameters `options` the server says it does not take."""
    if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError) or is_too_long(error):
        return None
    return next((name for name in options if re.search(rf"\b{name}\b", _said(error))), None)


def pause(error: Exception, attempt: int) -> float | None:
    """Return the seconds to wait before asking again after the failure of `attempt` (from 1), None when it is no use."""
    status = getattr(error, "status_code", None)
    if attempt >= ATTEMPTS or status not in (*_PASSING, 429) or is_too_long(error):
        return None
    if status == 429 and _NO_CREDIT.search(_said(error)):
        return None
    asked = _asked_to_wait(error)
    if asked is None:
        return float(2 ** (attempt - 1)) / (1 if status == 429 else 2)
    return asked if asked <= _LONGEST_WAIT else None


def explain(error: Exception, place: Place, models: Sequence[str] = (), model: str | None = None) -> EndpointError:
    """Return what to tell a person, with `error` as its cause; `models` are those of the server, where it lists them."""
    kind = PromptTooLong if is_too_long(error) else EndpointError
    told = kind(*_told(error, place, models, model))
    told.__cause__ = error
    return told


def _told(error: Exception, place: Place, models: Sequence[str], model: str | None) -> tuple[str, str]:
    if is_too_long(error):
        return (
            f"The prompt is longer than {place.named} takes: {_quoted(error, place)}.",
            f"Set {place.setting('CONTEXT_WINDOW')} to the server's window, give it a larger one, or lower --k.",
        )
    if isinstance(error, openai.APIStatusError):
        return _status(error, place, models, model)
    found = _silence(error, place) or _connection(error, place)
    if found:
        return found
    if isinstance(error, Said | openai.APIError):
        return f"An error from {place.named}: {_quoted(error, place)}.", "See the server's log."
    return (
        f"The reply of {place.named} is not that of an OpenAI-compatible API{_beginning(error, place)}.",
        f"Check {place.setting('BASE_URL')} (it usually ends in /v1).",
    )


def listed(names: Sequence[str]) -> str:
    """Return names to choose from, the first dozen of a long list."""
    more = f" and {len(names) - _SHOW_MODELS} more" if len(names) > _SHOW_MODELS else ""
    return ", ".join(names[:_SHOW_MODELS]) + more


def _silence(error: Exception, place: Place) -> tuple[str, str] | None:
    if any(isinstance(cause, TooMuch) for cause in causes(error)):
        return f"{_capital(place.named)} sends without end.", "Check that it is a model server."
    if not isinstance(error, Silent):
        return None
    if not error.connected:
        return f"No connection to {place.named} within {error.seconds:.0f} s.", f"Check the network{place.without}."
    limit = place.setting("STALL_S" if error.begun else "TIMEOUT_S")
    return f"No word from {place.named} for {error.seconds:,.3g} s.", f"Check the server, or raise {limit}."


def _connection(error: Exception, place: Place) -> tuple[str, str] | None:
    setting = place.setting("BASE_URL")
    chain = list(causes(error))
    tls = next((c for c in chain if isinstance(c, ssl.SSLError)), None)
    if elsewhere := next((c for c in chain if isinstance(c, Elsewhere)), None):
        return (
            f"{_capital(place.named)} redirects to another address, {elsewhere.url}, to which nothing was sent.",
            f"Set {setting} to it if that is where your model is.",
        )
    if isinstance(tls, ssl.SSLCertVerificationError):
        return (
            f"The certificate of {place.named} is not trusted ({tls.verify_message}).",
            f"Set SSL_CERT_FILE to a file that holds your organisation's certificate, or correct {setting}.",
        )
    if tls:
        return f"No secure connection to {place.named} ({tls.reason or tls}).", f"Write http:// in {setting} if it has no TLS."
    if any(isinstance(c, socket.gaierror) for c in chain):
        return f"The host of {place.named} cannot be found.", f"Correct {setting}, or check the network{place.without}."
    if any(isinstance(c, httpx.ProxyError) for c in chain):
        return f"The proxy refuses to connect to {place.named}.", "Correct HTTPS_PROXY, or name the host in NO_PROXY."
    if any(isinstance(c, httpx.ConnectTimeout) for c in chain):
        return f"No connection to {place.named} within {CONNECT_S:.0f} s.", f"Check {setting} and the network{place.without}."
    if any(isinstance(c, httpx.ConnectError) for c in chain):
        return f"Nothing listens at {place.named}.", f"Start the server, correct {setting}{place.without}."
    if any(isinstance(c, httpx.TimeoutException | openai.APITimeoutError) for c in chain):
        return f"No answer in time from {place.named}.", f"Check the server, or raise {place.setting('TIMEOUT_S')}."
    if any(isinstance(c, httpx.HTTPError | openai.APIConnectionError) for c in chain):
        return f"{_capital(place.named)} closed the connection without an answer.", "See the server's log: it may have crashed."
    return None


def _status(error: openai.APIStatusError, place: Place, models: Sequence[str], model: str | None) -> tuple[str, str]:
    status = error.status_code
    if status in (401, 403):
        return (
            f"The key was refused by {place.named} ({status}).",
            f"Set {place.setting('API_KEY')} to a valid key, or name its variable with {place.setting('API_KEY_ENV')}.",
        )
    if status in _NO_API:
        return _not_found(error, place, models, model)
    if status == 429:
        return _too_many(error, place)
    if status in _PASSING:
        failed = f"{_capital(place.named)} failed {ATTEMPTS} times ({status}, {_quoted(error, place)})."
        return failed, "See the server's log, or ask again later."
    if status == 504:
        return f"The gateway of {place.named} gave up waiting for the model (504).", "Ask again, or use a faster model."
    return f"An error from {place.named}: {status}, {_quoted(error, place)}.", "See the server's log."


def _not_found(error: Exception, place: Place, models: Sequence[str], model: str | None) -> tuple[str, str]:
    setting = place.setting("MODEL")
    if model and model not in models and (models or is_unknown_model(error)):
        fix = (
            f"Set {setting} to one of: {place.redactor.text(listed(models))}."
            if models
            else f"Correct {setting}, or load that model."
        )
        return f"The server at {place.url} has no model {model}.", fix
    return (
        f"There is no API{f', or no model {model},' if model else ''} at {place.url}.",
        f"Correct {place.setting('BASE_URL')} (it usually ends in /v1) or {setting}.",
    )


def _too_many(error: Exception, place: Place) -> tuple[str, str]:
    if _NO_CREDIT.search(_said(error)):
        return f"The account has no credit left at {place.named}.", "Check the account, or use another model."
    asked = _asked_to_wait(error)
    if asked is not None and asked > _LONGEST_WAIT:
        when = time.strftime("%H:%M", time.localtime(time.time() + asked + 59))
        return f"Too many requests for {place.named}: it asks to wait {asked:,.0f} s.", f"Ask again after {when}."
    return f"Too many requests for {place.named}.", "Wait a minute and ask again, or check the account's limits."


def _asked_to_wait(error: Exception) -> float | None:
    """Return the seconds of a Retry-After, which may be a date."""
    said = error.response.headers.get("Retry-After", "") if isinstance(error, openai.APIStatusError) else ""
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _said(error: BaseException) -> str:
    """Return all that the server said of an error."""
    body = getattr(error, "body", None)
    return f"{getattr(error, 'message', error)} {json.dumps(body, default=str) if body else ''}"


def _quoted(error: Exception, place: Place) -> str:
    """Return the start of what the server said, fit to be shown."""
    body = getattr(error, "body", None)
    told = (body.get("message") or body.get("detail")) if isinstance(body, dict) else body
    said = told if isinstance(told, str) and told else str(getattr(error, "message", error))
    text = " ".join("".join(c if c.isprintable() else " " for c in place.redactor.text(said)).split())
    text = "an HTML page" if text.startswith("<") and not isinstance(error, Malformed) else _CODE.sub("", text)
    return (text[:_SHOW].rstrip(" .") + "…" if len(text) > _SHOW else text.rstrip(" .")) or "no reason given"


def _beginning(error: Exception, place: Place) -> str:
    said = _quoted(error, place) if isinstance(error, Malformed) and str(error) else ""
    return f" but begins “{said[:60]}”" if said else ""


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
