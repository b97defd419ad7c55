"""Tells a person what went wrong with an endpoint: one sentence with the cause, one with the remedy, no secret in either."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx2 as httpx
import openai

from rag.endpoints import faults
from rag.endpoints.connection import CONNECT_S, Elsewhere, ReplyTooLong
from rag.endpoints.redact import Redactor
from rag.errors import EndpointError, PromptTooLong, UsageError

_TYPED = "Check its address and key, or choose another model."
_MAX_QUOTED_CHARS = 200  # characters of what a server said
_MAX_MODELS_SHOWN = 12
_CODE = re.compile(r"^Error code: \d+(?: - )?")  # which the openai package puts before what the server said


@dataclass(frozen=True, slots=True)
class Place:
    """Which endpoint was asked, for errors to name: `what` as in "the model endpoint", its address, its settings' prefix.

    Then come what remedies say of it: how to do `without` it, what to do when it is `slow`, and what it is to ask `again`.
    """

    what: str
    url: str  # as it may be shown
    redactor: Redactor
    keyed: bool = True  # whether a key was sent
    prefix: str = "RAG_"
    without: str = ", or use --no-model for an answer without one"
    slow: str = ", or raise RAG_TIMEOUT_S"
    again: str = "ask again"
    typed: bool = False  # by somebody who uses the page, and can change no setting

    @property
    def named(self) -> str:
        return f"the {self.what} endpoint {'at ' if self.typed else ''}{self.url}"

    def setting(self, name: str) -> str:
        return f"{self.prefix}{name}"


def explain(error: Exception, place: Place, models: Sequence[str] = (), model: str | None = None) -> EndpointError:
    """Return what to tell a person, with `error` as its cause; `models` are those of the server, where it lists them."""
    kind = PromptTooLong if faults.is_too_long(error) else EndpointError
    message, fix = _sentences(error, place, models, model)
    explained = kind(message, _TYPED if place.typed else fix)
    explained.__cause__ = error
    return explained


def _sentences(error: Exception, place: Place, models: Sequence[str], model: str | None) -> tuple[str, str]:
    if faults.is_too_long(error):
        return (
            f"The prompt is longer than {place.named} takes: {quoted(error, place)}.",
            "Set RAG_CONTEXT_WINDOW to the server's window, give it a larger one, or lower --k.",
        )
    if unwanted := next((cause for cause in faults.causes(error) if isinstance(cause, UsageError)), None):
        return unwanted.message, unwanted.fix
    if isinstance(error, openai.APIStatusError):
        return _status(error, place, models, model)
    found = _silence(error, place) or _connection(error, place)
    if found:
        return found
    if isinstance(error, faults.ErrorInReply | openai.APIError):
        return f"An error from {place.named}: {quoted(error, place)}.", "See the server's log."
    return (
        f"The reply of {place.named} is not that of an OpenAI-compatible API{_beginning(error, place)}.",
        f"Check {place.setting('BASE_URL')} (it usually ends in /v1).",
    )


def listed(names: Sequence[str]) -> str:
    """Return names to choose from, the first dozen of a long list."""
    more = f" and {len(names) - _MAX_MODELS_SHOWN} more" if len(names) > _MAX_MODELS_SHOWN else ""
    return ", ".join(names[:_MAX_MODELS_SHOWN]) + more


def _silence(error: Exception, place: Place) -> tuple[str, str] | None:
    if any(isinstance(cause, ReplyTooLong) for cause in faults.causes(error)):
        return f"{_capital(place.named)} sends without end.", "Check that it is a model server."
    if any(isinstance(cause, httpx.TooManyRedirects) for cause in faults.causes(error)):
        return f"{_capital(place.named)} redirects in a circle.", f"Check {place.setting('BASE_URL')}, or the proxy before it."
    if any(isinstance(cause, httpx.DecodingError) for cause in faults.causes(error)):
        return (
            f"{_capital(place.named)} sends a reply that cannot be unpacked.",
            "Check the compression (gzip) of the server, or of the proxy before it.",
        )
    if not isinstance(error, faults.Silent):
        return None
    if not error.connected:
        return f"No connection to {place.named} within {error.seconds:.0f} s.", f"Check the network{place.without}."
    remedy = ", or raise RAG_STALL_S" if error.begun else place.slow
    return f"No word from {place.named} for {error.seconds:,.3g} s.", f"Check the server{remedy}."


def _connection(error: Exception, place: Place) -> tuple[str, str] | None:
    setting = place.setting("BASE_URL")
    chain = list(faults.causes(error))
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
        return f"No answer in time from {place.named}.", f"Check the server{place.slow}."
    if any(isinstance(c, httpx.HTTPError | openai.APIConnectionError) for c in chain):
        return f"{_capital(place.named)} closed the connection too soon.", "See the server's log: it may have crashed."
    return None


def _status(error: openai.APIStatusError, place: Place, models: Sequence[str], model: str | None) -> tuple[str, str]:
    status = error.status_code
    if faults.is_bad_key(error):
        return (
            f"{'The key was refused' if place.keyed else 'A key is wanted'} by {place.named} ({status}).",
            f"Set {place.setting('API_KEY')} to a valid key, or name its variable with {place.setting('API_KEY_ENV')}.",
        )
    if faults.is_filtered(error):
        return (
            f"The content filter of {place.named} refused the question or its abstracts.",
            "Ask in other words, or use another model.",
        )
    if status in faults.NO_API or (model and faults.is_unknown_model(error)):
        return _not_found(error, place, models, model)
    if status == 429:
        return _too_many(error, place)
    if faults.is_loading(error):
        return f"{_capital(place.named)} is still loading its model.", f"Wait until it has, and {place.again}{place.slow}."
    if faults.is_passing(error):
        failed = f"{_capital(place.named)} failed {faults.MAX_ATTEMPTS} times ({status}, {quoted(error, place)})."
        return failed, f"See the server's log, or {place.again} later."
    if status == 504:
        remedy = f"{_capital(place.again)}, or use a faster model."
        return f"The gateway of {place.named} gave up waiting for the model (504).", remedy
    return f"An error from {place.named}: {status}, {quoted(error, place)}.", "See the server's log."


def _not_found(error: Exception, place: Place, models: Sequence[str], model: str | None) -> tuple[str, str]:
    setting = place.setting("MODEL")
    if model and model not in models and (models or faults.is_unknown_model(error)):
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
    if faults.is_without_credit(error):
        return f"The account has no credit left at {place.named}.", "Check the account, or use another model."
    asked = faults.asked_to_wait(error)
    if asked is not None and asked > faults.MAX_WAIT_S:
        when = time.strftime("%H:%M", time.localtime(time.time() + asked + 59))
        return f"Too many requests for {place.named}: it asks to wait {asked:,.0f} s.", f"{_capital(place.again)} after {when}."
    return f"Too many requests for {place.named}.", f"Wait a minute and {place.again}, or check the account's limits."


def quoted(error: Exception, place: Place) -> str:
    """Return the start of what the server said, fit to be shown."""
    body = faults.body_of(error)
    message = body.get("message") or body.get("detail") or getattr(error, "body", None)
    if not isinstance(message, str) or not message:
        message = str(getattr(error, "message", error))
    text = " ".join("".join(c if c.isprintable() else " " for c in place.redactor.text(message)).split())
    text = "an HTML page" if text.startswith("<") and not isinstance(error, faults.Malformed) else _CODE.sub("", text)
    return (
        text[:_MAX_QUOTED_CHARS].rstrip(" .") + "…" if len(text) > _MAX_QUOTED_CHARS else text.rstrip(" .")
    ) or "no reason given"


def _beginning(error: Exception, place: Place) -> str:
    text = quoted(error, place) if isinstance(error, faults.Malformed) and str(error) else ""
    return f" but begins “{text[:60]}”" if text else ""


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
