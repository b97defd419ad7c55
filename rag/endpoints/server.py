"""Asks a model server how many tokens it takes, because many cut a prompt that is too long without a word.

Servers tell it in different places. Some tell only what the model was trained for, and run it with less:

    /v1/models      max_model_len (vLLM, SGLang), context_length, context_window, max_context_length: what is in force;
                    meta.n_ctx (llama.cpp): what is in force; meta.n_ctx_train: only what the model was trained for
    /props          default_generation_settings.n_ctx (llama.cpp): what is in force
    /api/show       num_ctx among the parameters (Ollama): what is in force; *.context_length: what the model was trained for
    /api/v0/models  loaded_context_length (LM Studio): what is in force; max_context_length: what the model was trained for

What cannot be a number of tokens is passed over. Nothing that a server says here can make an answer fail.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx

from rag.endpoints import address
from rag.endpoints.logged_client import LoggedClient
from rag.events import Waiting
from rag.listener import Listener

_USUAL_WINDOW_TOKENS = 8192  # tokens taken to be there when neither the server nor the settings say
_OLLAMA_WINDOW_TOKENS = 4096  # what Ollama runs any model with unless told
_MIN_WINDOW_TOKENS, _MAX_WINDOW_TOKENS = 256, 2**24  # tokens; nobody runs a model with fewer, and none can hold more
_SHORT_PROMPT_TOKENS = 800  # that a prompt with one abstract may take
_REQUEST_S = 2.0
_MAX_LISTING_BYTES = 4_000_000  # of a reply; the longest list of models known, OpenRouter's, has a tenth of it
_Transport = Callable[[], httpx.BaseTransport] | None  # makes what connects, where that is not left to httpx
_IN_FORCE = ("max_model_len", "context_length", "context_window", "max_context_length")


@dataclass(frozen=True, slots=True)
class Window:
    """What a server tells: the `tokens` of prompt and answer together, what no setting can raise them above, its only model."""

    tokens: int | None = None
    most: int | None = None
    only_model: str | None = None

    def within(self, setting: int | None) -> int:
        """Return the tokens to reckon with, when the settings say `setting` (None: nothing)."""
        wanted = setting or self.tokens or _USUAL_WINDOW_TOKENS
        return min(wanted, self.most or wanted)


def answer_share(tokens: int, wanted: int) -> int:
    """Return how many of a window's `tokens` the answer gets: `wanted`, or what a short prompt leaves of a small window."""
    return min(wanted, max(tokens - _SHORT_PROMPT_TOKENS, tokens // 4))


def ask(base_url: str, model: str | None, key: str, transport: _Transport = None) -> Window:
    """Return what the server at `base_url` (one of address.candidates) tells about `model`; None is its only one.

    Sends at most four requests of at most two seconds, none after one that did not come through. `key` goes to the host of
    `base_url` alone: redirects are not followed.
    """
    client = _client(base_url, key, _REQUEST_S, transport)
    window = Window()
    try:
        for window in _windows(client, address.split_query(base_url)[0], model):
            if window.tokens:
                break
    except TimeoutError:
        return window  # and the client is left open: the thread that was given up may still be using it
    except (httpx.HTTPError, httpx.InvalidURL):
        pass
    client.close()
    return window


def listed(base_url: str, key: str = "", seconds: float = _REQUEST_S, transport: _Transport = None) -> list[str] | None:
    """Return the names of the models that the server at `base_url` lists, None when it gives no such list in time."""
    client = _client(base_url, key, seconds, transport)
    try:
        reply = _reply(client, "GET", f"{address.split_query(base_url)[0]}/models", seconds=seconds)
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
        return None  # the client is left open, as in ask()
    client.close()
    return [str(entry["id"]) for entry in _entries(reply)] if isinstance(_at(reply, "data"), list) else None


def _client(base_url: str, key: str, seconds: float, transport: _Transport) -> httpx.Client:
    return LoggedClient(
        headers=address.authorisation(base_url, key),
        params=address.split_query(base_url)[1],
        timeout=seconds,
        follow_redirects=False,
        trust_env=not address.is_loopback(base_url),  # this machine is not asked through a proxy
        transport=transport() if transport else None,
    )


def _windows(client: httpx.Client, base_url: str, model: str | None) -> Iterator[Window]:
    """Yield what is known after each reply."""
    entries = _entries(_reply(client, "GET", f"{base_url}/models"))
    only = str(entries[0]["id"]) if model is None and len(entries) == 1 else None
    model = model or only
    entry = _entry(entries, model)
    tokens = next((n for name in _IN_FORCE if (n := _tokens(_at(entry, name)))), None) or _tokens(_at(entry, "meta", "n_ctx"))
    most = tokens or _tokens(_at(entry, "meta", "n_ctx_train"))
    yield Window(tokens, most, only)
    root = base_url.removesuffix("/v1")
    if root == base_url or model is None:  # an address of another form belongs to none of the servers below
        return
    tokens = _tokens(_at(_reply(client, "GET", f"{root}/props"), "default_generation_settings", "n_ctx"))
    yield Window(tokens, tokens or most, only)
    tokens, limit = _ollama(_reply(client, "POST", f"{root}/api/show", {"model": model}))
    most = limit or most
    yield Window(tokens, most, only)
    entry = _entry(_entries(_reply(client, "GET", f"{root}/api/v0/models")), model)
    tokens = _tokens(_at(entry, "loaded_context_length"))
    yield Window(tokens, tokens or _tokens(_at(entry, "max_context_length")) or most, only)


def _ollama(shown: Any) -> tuple[int | None, int | None]:
    """Return what Ollama runs a model with, and what a setting cannot raise it above; it never exceeds the model's maximum."""
    info, parameters = _at(shown, "model_info"), _at(shown, "parameters")
    found = re.findall(r"^num_ctx\s+(\d{1,9})\s*$", parameters, re.MULTILINE) if isinstance(parameters, str) else []
    chosen = _tokens(int(found[-1])) if found else None
    lengths = [v for k, v in info.items() if k.endswith(".context_length")] if isinstance(info, dict) else []
    most = next(filter(None, map(_tokens, lengths)), None)
    if chosen:
        chosen = min(chosen, most or chosen)
        return chosen, chosen
    return (min(most, _OLLAMA_WINDOW_TOKENS), most) if most else (None, None)


def _entries(reply: Any) -> list[dict[str, Any]]:
    """Return the models of a list; some servers send it bare."""
    listed = reply if isinstance(reply, list) else _at(reply, "data")
    return [e for e in listed if isinstance(e, dict) and isinstance(e.get("id"), str)] if isinstance(listed, list) else []


def _entry(entries: list[dict[str, Any]], model: str | None) -> dict[str, Any] | None:
    """Return the entry of `model`, or the only one: a server that has one model often takes any name for it."""
    named = next((e for e in entries if e["id"] == model), None)
    return named or (entries[0] if len(entries) == 1 else None)


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _tokens(value: Any) -> int | None:
    """Return `value` if it can be a number of tokens; True is an int to Python, and none."""
    return value if type(value) is int and _MIN_WINDOW_TOKENS <= value <= _MAX_WINDOW_TOKENS else None


def _reply(client: httpx.Client, method: str, url: str, body: Any = None, seconds: float = _REQUEST_S) -> Any:
    """Return the JSON that the server replies with, None for anything else; give up after `seconds`.

    The client's own limit is for each read, which a server that trickles never reaches, so another thread reads.
    """

    def work(listener: Listener[Any]) -> None:
        try:
            listener.put(_read(client, method, url, body, seconds))
        except (ValueError, RecursionError, httpx.DecodingError):
            listener.put(None)

    reply = next(Listener(work).items(lambda: seconds))
    if isinstance(reply, Waiting):
        raise TimeoutError
    return reply


def _read(client: httpx.Client, method: str, url: str, body: Any, seconds: float) -> Any:
    until = time.monotonic() + seconds
    data = b""
    with client.stream(method, url, json=body) as reply:
        if reply.status_code != 200:
            return None
        for piece in reply.iter_bytes():
            data += piece
            if len(data) > _MAX_LISTING_BYTES or time.monotonic() > until:
                return None
    return json.loads(data)
