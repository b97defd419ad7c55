"""One request to an OpenAI-compatible /embeddings: what is sent, again where that helps, and when less may do.

Texts go as strings, never as tokens, and vectors come as numbers, not base64: that is what all servers know.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

import httpx2 as httpx
import openai

from rag.endpoints import address, explain, faults
from rag.endpoints.api import Api, NotThere
from rag.endpoints.connection import CONNECT_S, Connection
from rag.endpoints.embedding_reply import NoVectors, Numbers, vectors
from rag.errors import EmbedderError, EndpointError, InputRefused
from rag.settings.settings import Endpoint

_TIMEOUT_OF_A_QUESTION_S = 30.0  # for the reply to a few texts, which a person waits for
_MAX_TEXTS_OF_A_QUESTION = 2
_REFUSED_STATUS = (400, 422)
_FORMAT = {"encoding_format": "float"}
_OR_THE_BUNDLED = ", or unset RAG_EMBED_BASE_URL and RAG_EMBED_MODEL to use the bundled embedder, which has an index of its own"


class EmbeddingApi:
    """The embeddings of one model behind an endpoint. Nothing is sent before ask(), but to name the models there are."""

    def __init__(self, endpoint: Endpoint, timeout_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        """Raises EmbedderError when `endpoint` names no model: vectors are kept under the model's name."""
        self._api = Api(endpoint)
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._line: Connection | None = None
        parts = urlsplit(address.shown(self._api.addresses[0]))
        self.place = parts.netloc.lower() + parts.path.removesuffix("/v1")  # as it is part of an embedder's name
        if not endpoint.model:
            names = self._api.redactor.text(explain.listed(sorted(self._api.models(CONNECT_S) or ())))
            raise EmbedderError(
                f"No model was chosen for {self._place(self._api.addresses[0]).named}.",
                f"Set RAG_EMBED_MODEL to one of: {names}." if names else "Set RAG_EMBED_MODEL to its name.",
            )
        self.model = endpoint.model

    def ask(self, texts: Sequence[str]) -> Numbers:
        """Return the vectors of `texts` in their order, shape (n, d), finite, none of them zero.

        They come from the first of the addresses at which there is an API, which is remembered. Raises InputRefused when fewer
        or shorter texts may do, and EmbedderError for everything else.
        """
        line = self._opened()

        def send(client: openai.OpenAI) -> Iterator[Numbers]:
            yield vectors(self._send(client, texts).content, len(texts))

        def retries() -> faults.Retries:
            return faults.Retries(self._api.refused, loading_s=self._patience(texts), dropped=True)

        def wait(seconds: float) -> bool:
            self._sleep(seconds)
            return False

        try:
            return next(self._api.ask(line, send, lambda: list(_FORMAT), retries, wait))
        except NotThere as absent:
            raise self._explained(absent.fault, absent.url, texts, absent.models) from absent.fault
        except (*faults.FAULTS, NoVectors) as error:
            raise self._explained(error, self._api.addresses[0], texts) from error

    def _send(self, client: openai.OpenAI, texts: Sequence[str]) -> httpx.Response:
        form = {name: value for name, value in _FORMAT.items() if name not in self._api.refused}
        body = {"model": self.model, "input": list(texts), **form}
        timeout = httpx.Timeout(self._patience(texts), connect=CONNECT_S)
        return client.post("/embeddings", cast_to=httpx.Response, body=body, options={"timeout": timeout})

    def _patience(self, texts: Sequence[str]) -> float:
        return min(self._timeout_s, _TIMEOUT_OF_A_QUESTION_S) if len(texts) <= _MAX_TEXTS_OF_A_QUESTION else self._timeout_s

    def _opened(self) -> Connection:
        try:
            self._line = self._line or self._api.line(self._timeout_s)
        except EndpointError as error:
            raise EmbedderError(error.message, error.fix) from error
        return self._line

    def _place(self, url: str, texts: Sequence[str] = ()) -> explain.Place:
        place = explain.Place(
            "embedding",
            address.shown(url),
            self._api.redactor,
            bool(self._api.key),
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
