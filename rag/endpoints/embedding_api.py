"""One request to an OpenAI-compatible /embeddings: what is sent, again where that helps, and when less may do.

Texts go as strings, never as tokens, and vectors come as numbers, not base64: that is what all servers know.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

import httpx2 as httpx
import openai

from rag.endpoints import address, explain, faults, server
from rag.endpoints.connection import CONNECT_S, OPENAI, Connection
from rag.endpoints.embedding_reply import NoVectors, Numbers, vectors
from rag.endpoints.redact import Redactor
from rag.errors import EmbedderError, EndpointError, InputRefused
from rag.settings.settings import Endpoint

_TIMEOUT_OF_A_QUESTION_S = 30.0  # for the reply to a few texts, which a person waits for
_MAX_TEXTS_OF_A_QUESTION = 2
_REFUSED_STATUS = (400, 422)
_FORMAT = {"encoding_format": "float"}
_FAULTS = (*faults.FAULTS, NoVectors)
_OR_THE_BUNDLED = ", or unset RAG_EMBED_BASE_URL and RAG_EMBED_MODEL to use the bundled embedder, which has an index of its own"


class EmbeddingApi:
    """The embeddings of one model behind an endpoint. Nothing is sent before ask(), but to name the models there are."""

    def __init__(self, endpoint: Endpoint, timeout_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Raises EmbedderError when `endpoint` names no model: vectors are kept under the model's name."""
        self._addresses = address.candidates(endpoint.base_url) if endpoint.base_url else [OPENAI]
        self._account = not endpoint.base_url
        self._key = endpoint.api_key.get_secret_value() if endpoint.api_key else ""
        self._redactor = Redactor((self._key, address.password(endpoint.base_url or "")))
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._line: Connection | None = None
        self._refused: set[str] = set()
        parts = urlsplit(address.shown(self._addresses[0]))
        self.place = parts.netloc.lower() + parts.path.removesuffix("/v1")  # as it is part of an embedder's name
        if not endpoint.model:
            url = self._addresses[0]
            names = self._redactor.text(explain.listed(self._models(url) or ()))
            raise EmbedderError(
                f"No model was chosen for {self._place(url).named}.",
                f"Set RAG_EMBED_MODEL to one of: {names}." if names else "Set RAG_EMBED_MODEL to its name.",
            )
        self.model = endpoint.model

    def ask(self, texts: Sequence[str]) -> Numbers:
        """Return the vectors of `texts` in their order, shape (n, d), finite, none of them zero.

        They come from the first of the addresses at which there is an API, which is remembered. Raises InputRefused when fewer
        or shorter texts may do, and EmbedderError for everything else.
        """
        first: Exception | None = None
        for url in tuple(self._addresses):
            try:
                found = self._tried(url, texts)
            except _FAULTS as error:
                first = first or error
                elsewhere, unknown = faults.is_elsewhere(error), faults.is_unknown_model(error)
                names = self._models(url) if elsewhere or unknown else None
                if names or unknown or not elsewhere:
                    raise self._explained(error, url, texts, names or ()) from error
            else:
                self._addresses = [url]
                return found
        raise self._explained(first or faults.Malformed(), self._addresses[0], texts) from first

    def _tried(self, url: str, texts: Sequence[str]) -> Numbers:
        """Ask at one address, again where the server may yet answer."""
        client, retries = self._client(url), faults.Retries(self._refused, _pause)
        while True:
            try:
                return vectors(self._send(client, texts).content, len(texts))
            except _FAULTS as error:
                seconds = retries.after(error, list(_FORMAT))
                if seconds is None:
                    raise
                if seconds:
                    self._sleep(seconds)

    def _send(self, client: openai.OpenAI, texts: Sequence[str]) -> httpx.Response:
        form = {name: value for name, value in _FORMAT.items() if name not in self._refused}
        body = {"model": self.model, "input": list(texts), **form}
        timeout = httpx.Timeout(self._patience(texts), connect=CONNECT_S)
        return client.post("/embeddings", cast_to=httpx.Response, body=body, options={"timeout": timeout})

    def _patience(self, texts: Sequence[str]) -> float:
        return min(self._timeout_s, _TIMEOUT_OF_A_QUESTION_S) if len(texts) <= _MAX_TEXTS_OF_A_QUESTION else self._timeout_s

    def _client(self, url: str) -> openai.OpenAI:
        try:
            self._line = self._line or Connection(url, timeout_s=self._timeout_s)
        except EndpointError as error:
            raise EmbedderError(error.message, error.fix) from error
        return self._line.client(url, self._key, account=self._account)

    def _models(self, url: str) -> list[str] | None:
        return server.names(self._client(url).with_options(timeout=CONNECT_S))

    def _place(self, url: str, texts: Sequence[str] = ()) -> explain.Place:
        place = explain.Place(
            "embedding",
            address.shown(url),
            self._redactor,
            bool(self._key),
            "RAG_EMBED_",
            _OR_THE_BUNDLED,
            again="run it again",
        )
        return place if self._patience(texts) == self._timeout_s else replace(place, slow=_OR_THE_BUNDLED)

    def _explained(self, error: Exception, url: str, texts: Sequence[str], models: Sequence[str] = ()) -> EmbedderError:
        place, status, long = self._place(url, texts), getattr(error, "status_code", None), faults.is_too_long(error)
        if isinstance(error, NoVectors):
            return EmbedderError(
                f"The model {self.model} of {place.named} gave {error}.",
                "Check that it is an embedding model, and that the server pools its vectors into one a text.",
            )
        reason = f"{status or 200}, {explain.quoted(error, place)}"
        if status in faults.NO_API and self.model in models:
            return EmbedderError(
                f"The server at {place.url} gives no embeddings of its model {self.model} ({reason}).",
                "Start the server for embeddings, or set RAG_EMBED_MODEL to an embedding model.",
            )
        if long or (status in _REFUSED_STATUS and not faults.is_unknown_model(error)):
            return InputRefused(
                f"A text of {max(map(len, texts))} characters was refused by {place.named} ({reason}).",
                "Raise the length of text that the server takes, or choose another model."
                if long
                else "Correct what it says, and see the server's log.",
            )
        explained = explain.explain(error, place, models, self.model)
        return EmbedderError(explained.message, explained.fix)


def _pause(error: Exception, attempt: int) -> float | None:
    """Return the seconds after which to try again, None where that is no use. Unlike a chat's, a lost request is repeated."""
    if faults.is_dropped(error):
        return 1.0 if attempt < faults.MAX_ATTEMPTS else None
    return faults.pause(error, attempt)
