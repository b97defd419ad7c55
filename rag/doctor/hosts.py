"""Tells to which hosts questions go and with which key, and which model servers run on this machine without being used."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from threading import Thread
from urllib.parse import urlsplit

from rag.doctor.machine import Check, attempt
from rag.endpoints import address, server
from rag.endpoints.connection import OPENAI
from rag.settings.settings import Endpoint, Settings

PORTS = {11434: "Ollama", 1234: "LM Studio", 8000: "vLLM", 8080: "llama.cpp"}  # where model servers usually listen
_SECONDS = 0.5  # to connect to a port, and again for its list of models
_SHOWN = 4  # models of a server that are named
_OPENAI = ("OPENAI_API_KEY", "OPENAI_BASE_URL")


def sent(settings: Settings) -> Iterator[Check]:
    """Tell who is sent what with which key, and which of openai's variables are set in vain."""
    used: set[str] = set()
    yield attempt("sent to", lambda: _goes("questions and abstracts", settings, settings.endpoint, used))
    if settings.embed_model or settings.embed_base_url:
        yield attempt("sent to", lambda: _goes("what is embedded", settings, settings.embed_endpoint, used))
    for name in _OPENAI:
        if os.environ.get(name) and name not in used:
            yield Check(name, True, "set but not used")


def _goes(what: str, settings: Settings, endpoint: Endpoint | None, used: set[str]) -> str:
    """Return where `what` goes; add to `used` the names of openai's variables that this takes."""
    if endpoint is None:
        name = settings.model_class if what == "questions and abstracts" else settings.embed_class
        return f"{what}: to {name}, wherever that sends them" if name else f"{what}: to no host"
    key = key_variable(settings, endpoint)
    used |= {key} if key else set()
    used |= {"OPENAI_BASE_URL"} if endpoint.base_url not in (None, settings.base_url, settings.embed_base_url) else set()
    here = " (this machine)" if address.is_loopback(endpoint.base_url or OPENAI) else ""
    return f"{what}: to {endpoint.host}{here}, with {f'the key in {key}' if key else 'no key'}"


def key_variable(settings: Settings, endpoint: Endpoint) -> str | None:
    """Return the name under which the key of `endpoint`, the model's or the embedder's, is set."""
    if endpoint.api_key is None:
        return None
    if endpoint == settings.endpoint:
        return settings.api_key_env or ("RAG_API_KEY" if settings.api_key else "OPENAI_API_KEY")
    return settings.embed_api_key_env or ("RAG_EMBED_API_KEY" if settings.embed_api_key else "OPENAI_API_KEY")


def servers(ports: Mapping[int, str], but: str | None = None) -> list[Check]:
    """Return a check for each model server that listens on one of `ports` of this machine, with the command that uses it.

    They are asked for their models, at once, and nothing else; one at the address `but` is in use, and left out.
    """
    found: dict[int, list[str]] = {}
    asked = [port for port in ports if not _is_at(but, port)]
    threads = [Thread(target=_look, args=(port, found), daemon=True) for port in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * _SECONDS + 1)
    return [_found(port, ports[port], found[port]) for port in asked if port in found]


def _is_at(url: str | None, port: int) -> bool:
    return url is not None and address.is_loopback(url) and urlsplit(url).port == port


def _look(port: int, found: dict[int, list[str]]) -> None:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), _SECONDS).close()
        names = server.listed(_url(port), seconds=_SECONDS)
        if names is not None:
            found[port] = names


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1"


def _found(port: int, usual: str, names: list[str]) -> Check:
    url = _url(port)
    if not names:
        return Check("found", True, f"a model server at {url}, where {usual} usually is, with no model", "Load one there.")
    chat = next((name for name in names if "embed" not in name.lower()), names[0])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Check(
        "found",
        True,
        f"a model server at {url}, where {usual} usually is, with {', '.join(names[:_SHOWN])}{more}",
        f'To use it: RAG_BASE_URL={url} RAG_MODEL={shlex.quote(chat)} python -m rag.ask "…"',
    )
