"""One request to an OpenAI-compatible /embeddings: sent, tried again where that helps, its reply checked, its errors explained.

Texts go as strings, never as tokens, and vectors come as numbers, not base64: that is what all servers know. Redirects are
not followed, so that neither texts nor key reach another address than the one that was set.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2 as httpx
import numpy as np
import openai
from numpy.typing import NDArray

from rag.address import normalise
from rag.errors import EmbedderError
from rag.settings import Endpoint

_OPENAI = "https://api.openai.com/v1"
_CONNECT_S = 4.0
_QUESTION_S = 30.0  # for the reply to a few texts, which a person waits for
_FEW = 2
_ATTEMPTS = 3
_LONGEST_WAIT = 30.0  # seconds that a server may ask for before the next attempt
_SHOW_MODELS = 12
_NO_API = (405, 501)
_REFUSED = (400, 413, 422)
_BUNDLED = "unset RAG_EMBED_BASE_URL and RAG_EMBED_MODEL to use the bundled embedder, which has an index of its own"
_API = "Check RAG_EMBED_BASE_URL (it usually ends in /v1)."
_TOO_MUCH = re.compile(r"too (?:large|long|many|big)|exceed|maximum|context (?:length|size|window)|batch size", re.IGNORECASE)
_NO_MODEL = re.compile(r"model\b.{0,120}\bnot (?:found|exist|available|loaded)|(?:unknown|no such) model", re.IGNORECASE)
# The account named by OPENAI_ORG_ID and OPENAI_PROJECT_ID is no business of another host.
_NO_ACCOUNT: Any = {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}

Numbers = NDArray[np.float64]


class TooMuch(EmbedderError):
    """The server refused what it was sent; fewer or shorter texts may do."""


class _Malformed(Exception):
    """A reply that is not what the API promises; its text, where there is one, says what is wrong."""


class _Said(Exception):
    """An error that came as JSON with status 200; its text is the server's."""


_FAULTS = (openai.OpenAIError, httpx.HTTPError, _Malformed, _Said)


class EmbeddingApi:
    """The embeddings of one model behind an endpoint. Nothing is sent before ask(), but to name the models there are."""

    def __init__(self, endpoint: Endpoint, timeout_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Raises EmbedderError when `endpoint` names no model: vectors are kept under the model's name."""
        base_url = normalise(endpoint.base_url.strip().rstrip("/").removesuffix("/embeddings") if endpoint.base_url else None)
        self._key = endpoint.api_key.get_secret_value() if endpoint.api_key else ""
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._client = openai.OpenAI(
            base_url=base_url or _OPENAI,
            api_key=self._key or "none",
            timeout=httpx.Timeout(timeout_s, connect=_CONNECT_S),
            max_retries=0,
            default_headers=_NO_ACCOUNT if base_url else None,
        )
        parts = urlsplit(base_url or _OPENAI)
        netloc = parts.netloc.rpartition("@")[2].lower()
        self.place = netloc + parts.path.rstrip("/").removesuffix("/v1")  # as it is part of an embedder's name
        self._where = f"the embedding server {urlunsplit((parts.scheme, netloc, parts.path, '', ''))}"
        self._format: dict[str, str] = {"encoding_format": "float"}
        if not endpoint.model:
            names = self._models()
            raise EmbedderError(
                f"No model was chosen for {self._where}.",
                f"Set RAG_EMBED_MODEL to one of: {_listed(names)}." if names else "Set RAG_EMBED_MODEL to its name.",
            )
        self.model = endpoint.model

    def ask(self, texts: Sequence[str]) -> Numbers:
        """Return the vectors of `texts` in their order, shape (n, d), finite, none of them zero.

        Raises TooMuch when fewer or shorter texts may do, and EmbedderError for everything else.
        """
        attempt = 1
        while True:
            try:
                return _vectors(self._send(texts), len(texts))
            except _FAULTS as error:
                if self._format and isinstance(error, openai.APIStatusError) and "encoding_format" in _said(error):
                    self._format = {}
                    continue
                pause = _pause(error, attempt) if attempt < _ATTEMPTS else None
                if pause is None:
                    raise self._explain(error, texts) from error
                self._sleep(pause)
                attempt += 1

    def _send(self, texts: Sequence[str]) -> httpx.Response:
        seconds = min(self._timeout_s, _QUESTION_S) if len(texts) <= _FEW else self._timeout_s
        return self._client.post(
            "/embeddings",
            cast_to=httpx.Response,
            body={"model": self.model, "input": list(texts), **self._format},
            options={"follow_redirects": False, "timeout": httpx.Timeout(seconds, connect=_CONNECT_S)},
        )

    def _models(self) -> list[str]:
        try:
            listed = self._client.get(
                "/models", cast_to=httpx.Response, options={"follow_redirects": False, "timeout": _CONNECT_S}
            ).json()["data"]
            return sorted(str(model["id"]) for model in listed)
        except (*_FAULTS, ValueError, TypeError, LookupError, RecursionError):
            return []

    def _explain(self, error: Exception, texts: Sequence[str]) -> EmbedderError:
        where = self._where
        if isinstance(error, openai.APITimeoutError) and not isinstance(error.__cause__, httpx.ConnectTimeout):
            return EmbedderError(f"No answer in time from {where}.", f"Check the server, or {_BUNDLED}.")
        if isinstance(error, openai.APIConnectionError | httpx.HTTPError):
            return EmbedderError(f"Cannot connect to {where}.", f"Start the server, correct RAG_EMBED_BASE_URL, or {_BUNDLED}.")
        if isinstance(error, openai.APIStatusError):
            return self._explain_status(error, texts)
        if isinstance(error, _Said):
            return self._explain_said(200, str(error), texts)
        if isinstance(error, _Malformed) and str(error):
            return EmbedderError(
                f"The model {self.model} of {where} gave {error}.",
                "Check that it is an embedding model, and that the server pools its vectors into one a text.",
            )
        return EmbedderError(f"The reply of {where} is not that of an OpenAI-compatible API.", _API)

    def _explain_status(self, error: openai.APIStatusError, texts: Sequence[str]) -> EmbedderError:
        where, status, said = self._where, error.status_code, _said(error)
        if 300 <= status < 400:
            to = urlsplit(error.response.headers.get("location", ""))
            address = self._redacted(urlunsplit((to.scheme, to.netloc.rpartition("@")[2], to.path, "", "")))
            return EmbedderError(
                f"A redirection from {where} to {address or 'nowhere'} was not followed.",
                "Set RAG_EMBED_BASE_URL to the server's own address.",
            )
        if status in (401, 403):
            return EmbedderError(
                f"The key was refused by {where} ({status}).",
                "Set RAG_EMBED_API_KEY to a valid key, or name its variable with RAG_EMBED_API_KEY_ENV.",
            )
        if status == 429 and _out_of_credit(error):
            return EmbedderError(f"No credit is left for {where}.", "Check the account; what is embedded is kept.")
        if status == 429:
            wait = _told_wait(error.response)
            when = f" for another {wait:.0f} s" if wait else ""
            return EmbedderError(f"Too many requests for {where}{when}.", "Run it again then; what is embedded is kept.")
        if status in _NO_API and not said:
            return EmbedderError(f"The reply of {where} is not that of an OpenAI-compatible API.", _API)
        return self._explain_said(status, said, texts)

    def _explain_said(self, status: int, said: str, texts: Sequence[str]) -> EmbedderError:
        shown = f"{status}{f', {self._redacted(said)}' if said else ''}"
        if status == 404 or _NO_MODEL.search(said):
            names = self._models()
            if names and self.model not in names:
                return EmbedderError(
                    f"There is no model {self.model} at {self._where}.", f"Set RAG_EMBED_MODEL to one of: {_listed(names)}."
                )
            return EmbedderError(
                f"There is no embeddings API with a model {self.model} at {self._where} ({shown}).",
                "Correct RAG_EMBED_BASE_URL (it usually ends in /v1) or RAG_EMBED_MODEL.",
            )
        if status in _REFUSED or _TOO_MUCH.search(said):
            return TooMuch(
                f"A text of {max(map(len, texts))} characters was refused by {self._where} ({shown}).",
                "Raise the length of text that the server takes, or choose another model."
                if status == 413 or _TOO_MUCH.search(said)
                else "Correct what it says, and see the server's log.",
            )
        return EmbedderError(f"An error from {self._where}: {shown}.", "See the server's log; what is embedded is kept.")

    def _redacted(self, said: str) -> str:
        """Return the start of what a server said, without the key that it may have echoed."""
        text = " ".join(said.split())
        return (text.replace(self._key, "***") if self._key else text)[:200].rstrip(".")


def _vectors(reply: httpx.Response, n: int) -> Numbers:
    """Return the vectors of a reply by their index. Raises _Malformed or _Said."""
    try:
        body = reply.json()
    except (ValueError, RecursionError) as error:
        raise _Malformed from error
    if isinstance(body, dict) and body.get("error") and not body.get("data"):
        raise _Said(_message(body["error"]))
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, list) or not all(isinstance(item, dict) and "embedding" in item for item in data):
        raise _Malformed
    if len(data) != n:
        raise _Malformed(f"{len(data)} vectors for {n} texts")
    places = [item.get("index", place) for place, item in enumerate(data)]
    if any(type(place) is not int for place in places) or sorted(places) != list(range(n)):
        raise _Malformed("vectors that do not say which text they are of")
    try:
        found = np.array([data[i]["embedding"] for i in np.argsort(places)], np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise _Malformed("vectors that are of several lengths or no numbers") from error
    if found.ndim != 2 or not found.shape[1]:
        raise _Malformed("something else than one vector a text")
    if not np.isfinite(found).all():
        raise _Malformed("vectors with numbers that are not finite")
    if not found.any(axis=1).all():
        raise _Malformed("a vector of nothing but zeros")
    return found


def _pause(error: Exception, attempt: int) -> float | None:
    """Return the seconds after which to try again, None where that would not help or takes too long."""
    if isinstance(error, openai.APIStatusError):
        again = error.status_code == 429 or (error.status_code >= 500 and error.status_code not in _NO_API)
        if not again or _out_of_credit(error) or (error.status_code != 429 and _TOO_MUCH.search(_said(error))):
            return None
        wait = _told_wait(error.response)
        wait = float(2 ** (attempt - 1)) if wait is None else wait
        return wait if wait <= _LONGEST_WAIT else None
    dropped = isinstance(error.__cause__, httpx.NetworkError | httpx.ProtocolError)
    return 1.0 if dropped and not isinstance(error.__cause__, httpx.ConnectError) else None


def _told_wait(reply: httpx.Response) -> float | None:
    """Return the seconds that Retry-After asks for, which may be a number or a date."""
    told = reply.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(?:\.\d*)?", told):
        return float(told)
    try:
        return max((parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


def _out_of_credit(error: openai.APIStatusError) -> bool:
    return error.status_code in (402, 429) and "insufficient_quota" in (error.code, error.type)


def _said(error: openai.APIStatusError) -> str:
    """Return the server's own words; nothing of a page."""
    said = _message(error.body if error.body is not None else error.response.text)
    return "" if said.lstrip().startswith("<") else said


def _message(value: Any) -> str:
    for name in ("error", "message", "detail"):
        if isinstance(value, dict) and value.get(name):
            value = value[name]
    return str(value or "")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOW_MODELS} more" if len(names) > _SHOW_MODELS else ""
    return ", ".join(names[:_SHOW_MODELS]) + more
