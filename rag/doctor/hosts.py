"""Reports to which hosts questions are sent and with which key, and which unused model servers run on this machine."""

from __future__ import annotations

import os
import shlex
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from urllib.parse import urlsplit

from rag.doctor.machine import Check, attempt
from rag.endpoints import address, server
from rag.endpoints.connection import OPENAI
from rag.settings.settings import Endpoint, Settings, of_judge

PORTS = {11434: "Ollama", 1234: "LM Studio", 8000: "vLLM", 8080: "llama.cpp"}  # where model servers usually listen
_TIMEOUT_S = 0.5  # to connect to a port, and again for the list of its models
_SLACK_S = 0.5  # for a busy machine to do both
_MAX_MODELS_SHOWN = 4
_OPENAI_VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL")


def sent(settings: Settings) -> Iterator[Check]:
    """Yield what is sent to which host with which key, and which variables of OpenAI are set but not used."""
    used: set[str] = set()
    yield attempt("sent to", lambda: _destination("questions and abstracts", settings, settings.endpoint, used))
    if settings.embed_model or settings.embed_base_url:
        yield attempt("sent to", lambda: _destination("embedded texts", settings, settings.embed_endpoint, used))
    if (judging := of_judge(settings)) is not None:
        yield attempt("sent to", lambda: _destination("answers to judge", judging, judging.endpoint, used))
    if settings.chroma_url:
        yield Check(name="sent to", ok=True, message=_of_vectors(settings, settings.chroma_url))
    elif settings.store:
        message = f"texts and vectors of abstracts, vectors of questions: to the host that {settings.store} chooses"
        yield Check(name="sent to", ok=True, message=message)
    for name in _OPENAI_VARIABLES:
        if os.environ.get(name) and name not in used:
            yield Check(name=name, ok=True, message="set but not used")


def _destination(what: str, settings: Settings, endpoint: Endpoint | None, used: set[str]) -> str:
    """Return where `what` is sent. Add the variables that are used for it to `used`."""
    if endpoint is None:
        name = settings.embed_class if what == "embedded texts" else settings.model_class
        return f"{what}: to the host that {name} chooses" if name else f"{what}: to no host"
    key = key_variable(settings, endpoint)
    used |= {key} if key else set()
    used |= {"OPENAI_BASE_URL"} if endpoint.base_url not in (None, settings.base_url, settings.embed_base_url) else set()
    here = " (this machine)" if address.is_loopback(endpoint.base_url or OPENAI) else ""
    return f"{what}: to {endpoint.host}{here}, with {f'the key in {key}' if key else 'no key'}"


def _of_vectors(settings: Settings, url: str) -> str:
    parts = urlsplit(url)
    here = " (this machine)" if address.is_loopback(url) else ""
    key = "user and password" if parts.username else "no key"
    key = "the token in RAG_CHROMA_TOKEN" if settings.chroma_token else key
    return f"texts and vectors of abstracts, vectors of questions: to the Chroma server {parts.hostname}{here}, with {key}"


def key_variable(settings: Settings, endpoint: Endpoint) -> str | None:
    """Return the variable or setting with the key of `endpoint`, the model's or the embedder's; None without a key."""
    if endpoint.api_key is None:
        return None
    if endpoint == settings.endpoint:
        return settings.api_key_env or ("RAG_API_KEY" if settings.api_key else "OPENAI_API_KEY")
    return settings.embed_api_key_env or ("RAG_EMBED_API_KEY" if settings.embed_api_key else "OPENAI_API_KEY")


@dataclass(frozen=True, slots=True)
class Found:
    """A model server on this machine: its address, the name of the servers that usually have its port, and its models."""

    url: str
    usual: str
    models: tuple[str, ...]


def found(ports: Mapping[int, str], used: str | None = None) -> list[Found]:
    """Return the model servers that listen on `ports` of this machine. All are asked for their models at once, for about 1 s.

    `ports` maps each port to the usual name of its server. The server at the address `used` is left out.
    """
    models: dict[int, tuple[str, ...]] = {}
    unused = [port for port in ports if not _is_at(used, port)]
    threads = [Thread(target=_list_models, args=(port, models), daemon=True) for port in unused]
    until = time.monotonic() + 2 * _TIMEOUT_S + _SLACK_S
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
    return [Found(_url(port), ports[port], models[port]) for port in unused if port in models]


def servers(ports: Mapping[int, str], used: str | None = None) -> list[Check]:
    """Return a check for each of found(), with the command to use it."""
    return [_server_check(server) for server in found(ports, used)]


def _is_at(url: str | None, port: int) -> bool:
    return url is not None and address.is_loopback(url) and urlsplit(url).port == port


def _list_models(port: int, models: dict[int, tuple[str, ...]]) -> None:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), _TIMEOUT_S).close()
        names = server.listed(_url(port), seconds=_TIMEOUT_S)
        if names is not None:
            models[port] = tuple(names)


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1"


def _server_check(found: Found) -> Check:
    url, usual, names = found.url, found.usual, found.models
    if not names:
        message = f"a model server at {url}, where {usual} usually is, with no model"
        return Check(name="found", ok=True, message=message, fix="Load a model there.")
    chat = next((name for name in names if "embed" not in name.lower()), names[0])
    more = f" and {len(names) - _MAX_MODELS_SHOWN} more" if len(names) > _MAX_MODELS_SHOWN else ""
    return Check(
        name="found",
        ok=True,
        message=f"a model server at {url}, where {usual} usually is, with {', '.join(names[:_MAX_MODELS_SHOWN])}{more}",
        fix=f'To use it: RAG_BASE_URL={url} RAG_MODEL={shlex.quote(chat)} python -m rag.ask "…"',
    )
