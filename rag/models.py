"""Language models behind OpenAI-compatible endpoints, streamed. The one place that maps the vendor's errors to ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Lock
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2 as httpx
import openai

from rag import window
from rag.errors import EndpointError
from rag.settings import Endpoint, Settings
from rag.types import Finish, Mode, Prompt, Usage

_CONNECT_S = 5.0
_PROMPT = 800  # tokens that a prompt with one abstract may take; the answer gets what they leave, or a quarter of the window
_OPENAI = "api.openai.com"  # tells no window
_SHOW_MODELS = 12
_NO_API = (405, 501)  # what a plain web server says to a POST
# The account named by OPENAI_ORG_ID and OPENAI_PROJECT_ID is no business of another host.
_NO_ACCOUNT: Any = {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}

_Piece = tuple[str, str | None, Usage | None]  # text, finish reason, usage


class _Malformed(Exception):
    """Valid JSON that is not what the API promises."""


_FAULTS = (openai.OpenAIError, httpx.HTTPError, json.JSONDecodeError, _Malformed)


class EndpointModel:
    """A chat model behind an endpoint. Nothing is sent until its context_tokens are asked for or its stream() is read."""

    mode: Mode = "model"

    def __init__(self, endpoint: Endpoint, settings: Settings) -> None:
        self._base_url = normalise(endpoint.base_url)
        self._model = endpoint.model
        self._key = endpoint.api_key.get_secret_value() if endpoint.api_key else ""
        self._max_tokens = settings.max_answer_tokens
        self._setting = settings.context_window
        self._window: window.Window | None = None
        self._asking = Lock()
        self.host: str | None = endpoint.host
        self._client = openai.OpenAI(
            base_url=self._base_url or f"https://{_OPENAI}/v1",
            api_key=self._key or "none",
            timeout=httpx.Timeout(settings.timeout_s, connect=_CONNECT_S),
            max_retries=1,
            default_headers=_NO_ACCOUNT if endpoint.base_url else None,
        )

    @property
    def name(self) -> str | None:
        return self._model

    @property
    def context_tokens(self) -> int | None:
        """Tokens that the prompt may take. The first call asks the server."""
        tokens, answer = self._shares()
        return tokens - answer

    def _shares(self) -> tuple[int, int]:
        """Return the tokens of prompt and answer together, and those of the answer, which a small window makes fewer."""
        with self._asking:
            if self._window is None:
                asked = self._base_url is not None and self.host != _OPENAI
                self._window = window.ask(str(self._base_url), self._model, self._key) if asked else window.Window()
                self._model = self._model or self._window.only_model
            tokens = self._window.within(self._setting)
        return tokens, min(self._max_tokens, max(tokens - _PROMPT, tokens // 4))

    def stream(self, prompt: Prompt) -> Iterator[str | Finish]:
        """Yield the reply's text as it comes and a Finish; a reply that breaks off ends with Finish(complete=False).

        Raises EndpointError when the endpoint gives no text at all.
        """
        started = False
        reason: str | None = None
        usage = Usage()
        try:
            for text, ended, counted in _without_thoughts(self._pieces(prompt)):
                reason, usage = ended or reason, counted or usage
                if text:
                    started = True
                    yield text
        except _FAULTS as error:
            if not started:
                if isinstance(error, openai.APIConnectionError):
                    self._window = None  # what listens there next may be another server
                raise self._explain(error) from error
            yield Finish(False, f"the reply broke off ({type(error).__name__})", usage)
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

    def _pieces(self, prompt: Prompt) -> Iterator[_Piece]:
        _, answer = self._shares()  # first: a server that tells its window also names its only model
        self._model = self._model or self._only_model()
        with self._create(prompt, answer) as stream:
            for chunk in stream:
                yield _read(chunk)

    def _create(self, prompt: Prompt, answer_tokens: int) -> Any:
        """Send the request, again without each parameter that the server says it does not take."""
        options: dict[str, Any] = {
            "temperature": 0,
            "max_tokens": answer_tokens,
            "stream_options": {"include_usage": True},
        }
        messages: Any = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
        while True:
            try:
                return self._client.chat.completions.create(model=self._model or "", messages=messages, stream=True, **options)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                refused = next((name for name in options if name in str(error)), None)
                if refused is None:
                    raise
                value = options.pop(refused)
                if refused == "max_tokens":
                    options["max_completion_tokens"] = value

    def _only_model(self) -> str:
        names = self._models()
        if len(names) == 1:
            return names[0]
        raise EndpointError(
            f"The server at {self.host} has {len(names)} models and none was chosen.",
            f"Set RAG_MODEL or --model to one of: {_listed(names)}." if names else "Load a model on the server.",
        )

    def _models(self) -> list[str]:
        try:
            return sorted(str(model.id) for model in self._client.models.list())
        except (AttributeError, TypeError) as error:
            raise _Malformed from error

    def _explain(self, error: Exception) -> EndpointError:
        where = f"the model endpoint {_shown(self._base_url) or 'of OpenAI'}"
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
        if isinstance(error, openai.APIError) and getattr(error, "status_code", 0) not in _NO_API:
            status = f"{error.status_code}, " if isinstance(error, openai.APIStatusError) else ""
            return EndpointError(f"An error from {where}: {status}{self._redacted(error.message)}.", "See the server's log.")
        return EndpointError(
            f"The reply of {where} is not that of an OpenAI-compatible API.",
            "Check RAG_BASE_URL (it usually ends in /v1).",
        )

    def _explain_not_found(self) -> EndpointError:
        try:
            names = self._models()
        except _FAULTS:
            names = []
        if names and self._model not in names:
            return EndpointError(
                f"The server at {self.host} has no model {self._model}.", f"Set RAG_MODEL to one of: {_listed(names)}."
            )
        return EndpointError(
            f"There is no chat API{f', or no model {self._model},' if self._model else ''} at {_shown(self._base_url)}.",
            "Correct RAG_BASE_URL (it usually ends in /v1) or RAG_MODEL.",
        )

    def _redacted(self, said: object) -> str:
        """Return the start of what a server said, without the key that it may have echoed."""
        text = " ".join(str(said).split())
        return (text.replace(self._key, "***") if self._key else text)[:200].rstrip(".")


def _read(chunk: Any) -> _Piece:
    """Return a chunk's text, finish reason and usage. Raises _Malformed when it is JSON of another shape."""
    try:
        usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens) if chunk.usage else None
        choices = chunk.choices or []
        text = "".join(choice.delta.content or "" for choice in choices if choice.delta)
        reason = next((choice.finish_reason for choice in choices if choice.finish_reason), None)
    except (AttributeError, TypeError) as error:
        raise _Malformed from error
    return text, reason, usage


def _without_thoughts(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """Leave out a <think> block that opens a reply: a model's notes to itself are no answer."""
    held: str | None = ""  # the reply's start while it may be or is such a block, then None
    for text, reason, usage in pieces:
        if held is not None:
            held += text
            text, opening = "", held.lstrip()
            if opening.startswith("<think>"):
                if "</think>" in opening:
                    text, held = opening.partition("</think>")[2].lstrip(), None
            elif reason or not "<think>".startswith(opening):
                text, held = held, None
        yield text, reason, usage


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


def _shown(base_url: str | None) -> str | None:
    """Return an address without the user name and password that it may carry."""
    if base_url is None:
        return None
    parts = urlsplit(base_url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
