"""Language models behind OpenAI-compatible endpoints, streamed. The one place that maps the vendor's errors to ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2 as httpx
import openai

from rag.errors import EndpointError
from rag.settings import Endpoint, Settings
from rag.types import Finish, Mode, Prompt, Usage

_CONNECT_S = 5.0
_SHOW_MODELS = 12


class EndpointModel:
    """A chat model behind an endpoint. Nothing is sent until stream() is called."""

    mode: Mode = "model"

    def __init__(self, endpoint: Endpoint, settings: Settings) -> None:
        self._base_url = normalise(endpoint.base_url)
        self._model = endpoint.model
        self._max_tokens = settings.max_answer_tokens
        self.host: str | None = endpoint.host
        self.context_tokens: int | None = settings.context_window - settings.max_answer_tokens
        self._client = openai.OpenAI(
            base_url=self._base_url or "https://api.openai.com/v1",
            api_key=endpoint.api_key.get_secret_value() if endpoint.api_key else "none",
            timeout=httpx.Timeout(settings.timeout_s, connect=_CONNECT_S),
            max_retries=1,
        )

    @property
    def name(self) -> str | None:
        return self._model

    def stream(self, prompt: Prompt) -> Iterator[str | Finish]:
        """Yield the reply's text as it comes and a Finish; a reply that breaks off ends with Finish(complete=False).

        Raises EndpointError when the endpoint gives no text at all.
        """
        started = False
        reason: str | None = None
        usage = Usage()
        try:
            for chunk in self._chunks(prompt):
                if chunk.usage:
                    usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
                for choice in chunk.choices or []:
                    reason = choice.finish_reason or reason
                    if choice.delta and choice.delta.content:
                        started = True
                        yield choice.delta.content
        except (openai.OpenAIError, httpx.HTTPError, json.JSONDecodeError) as error:
            if not started:
                raise self._explain(error) from error
            yield Finish(False, f"the connection broke off ({type(error).__name__})", usage)
            return
        if not started:
            raise EndpointError(
                f"The model at {self.host} gave an empty reply.",
                "Check that the address is that of an OpenAI-compatible API (it usually ends in /v1).",
            )
        if reason == "length":
            yield Finish(False, "the reply reached its length limit", usage)
        else:
            yield Finish(reason is not None, None if reason else "the reply ended without a finish reason", usage)

    def _chunks(self, prompt: Prompt) -> Iterator[Any]:
        self._model = self._model or self._only_model()
        messages: Any = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
        with self._client.chat.completions.create(
            model=self._model,
            messages=messages,
            temperature=0,
            max_tokens=self._max_tokens,
            stream=True,
            stream_options={"include_usage": True},
        ) as stream:
            yield from stream

    def _only_model(self) -> str:
        names = self._models()
        if len(names) == 1:
            return names[0]
        raise EndpointError(
            f"The server at {self.host} has {len(names)} models and none was chosen.",
            f"Set RAG_MODEL or --model to one of: {_listed(names)}." if names else "Load a model on the server.",
        )

    def _models(self) -> list[str]:
        return sorted(model.id for model in self._client.models.list())

    def _explain(self, error: Exception) -> EndpointError:
        where = f"the model endpoint {self._base_url or 'of OpenAI'}"
        if isinstance(error, openai.APITimeoutError | httpx.TimeoutException):
            return EndpointError(f"No answer in time from {where}.", "Check the server, or raise RAG_TIMEOUT_S.")
        if isinstance(error, openai.APIConnectionError | httpx.HTTPError):
            return EndpointError(
                f"Cannot connect to {where}.",
                "Start the model server, correct RAG_BASE_URL, or use --no-model for an answer without one.",
            )
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return EndpointError(
                f"The key was refused by {where} ({error.status_code}).",
                "Set RAG_API_KEY to a valid key, or name its variable with --api-key-env.",
            )
        if isinstance(error, openai.NotFoundError):
            return self._explain_not_found()
        if isinstance(error, openai.RateLimitError):
            return EndpointError(f"Too many requests for {where}, or no credit left.", "Wait, or check the account.")
        if isinstance(error, openai.APIStatusError):
            said = " ".join(str(error.message).split())[:200]
            return EndpointError(f"An error from {where}: {error.status_code}, {said}.", "See the server's log.")
        return EndpointError(
            f"The reply of {where} is not that of an OpenAI-compatible API.",
            "Check RAG_BASE_URL (it usually ends in /v1).",
        )

    def _explain_not_found(self) -> EndpointError:
        try:
            names = self._models()
        except (openai.OpenAIError, httpx.HTTPError, json.JSONDecodeError):
            names = []
        if names and self._model not in names:
            return EndpointError(
                f"The server at {self.host} has no model {self._model}.", f"Set RAG_MODEL to one of: {_listed(names)}."
            )
        return EndpointError(
            f"There is no chat API, or no model {self._model}, at {self._base_url}.",
            "Correct RAG_BASE_URL (it usually ends in /v1) or RAG_MODEL.",
        )


def normalise(base_url: str | None) -> str | None:
    """Return `base_url` as the client wants it: without a trailing slash or /chat/completions, and with a path (/v1)."""
    if base_url is None:
        return None
    parts = urlsplit(base_url.strip())
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return urlunsplit((parts.scheme, parts.netloc, path or "/v1", "", ""))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOW_MODELS} more" if len(names) > _SHOW_MODELS else ""
    return ", ".join(names[:_SHOW_MODELS]) + more
