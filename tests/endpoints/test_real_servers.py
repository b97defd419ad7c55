"""What particular servers do: where Azure has its API, how Gemini and Groq limit, what a server does while it loads."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import pytest
from pydantic import SecretStr
from support.endpoint_server import Behaviour, Endpoint, Exchange, fails, hangs, redirects, says

from rag.endpoints import address
from rag.endpoints.chat import EndpointModel
from rag.errors import EndpointError
from rag.settings import settings
from rag.types import Prompt

KEY = "sk-0123456789"
PROMPT = Prompt("Why?", (), "Be brief.", "Why do lamps dim?")
GOOD = says("They dim.")


def model(url: str, name: str | None = "m", key: str | None = KEY, **more: object) -> EndpointModel:
    return EndpointModel(settings.Endpoint(url, name, SecretStr(key) if key else None), settings.load(**more))


def heard(of: EndpointModel) -> str:
    return "".join(item for item in of.stream(PROMPT) if isinstance(item, str))


def complaint(of: EndpointModel) -> EndpointError:
    with pytest.raises(EndpointError) as caught:
        heard(of)
    assert "\n" not in str(caught.value)
    return caught.value


# -- addresses and keys ------------------------------------------------------------------------------------------------------

DEPLOYMENT = "/openai/deployments/small/chat/completions"


def azure(to: Exchange) -> None:
    """Answer a deployment of Azure, which wants its version and its own header."""
    if "api-version=2024-10-21" not in to.request.path:
        fails(404, "Resource not found")(to)
    elif to.request.headers.get("api-key") != KEY or "authorization" in to.request.headers:
        fails(401, "Access denied due to invalid subscription key or wrong API endpoint.")(to)
    else:
        GOOD(to)


@pytest.mark.parametrize("name", ["small", None])
@pytest.mark.parametrize("call", ["", "/chat/completions"])
def test_a_deployment_of_azure_is_asked_with_its_version_and_its_header(name: str | None, call: str) -> None:
    path = f"{DEPLOYMENT}?api-version=2024-10-21"
    with Endpoint(paths={path: azure}) as server:
        url = f"{server.address}/openai/deployments/small{call}?api-version=2024-10-21"
        asked = model(url, name)
        assert heard(asked) == "They dim."
        assert asked.name == "small"
    assert not any("authorization" in request.headers for request in server.requests)


def test_the_query_of_an_address_is_kept_and_not_shown() -> None:
    with Endpoint(paths={"/v1/chat/completions?token=secret-9": GOOD}) as server:
        assert heard(model(f"{server.url}?token=secret-9")) == "They dim."
    with Endpoint(fails(500), paths={"/v1/chat/completions?token=secret-9": fails(400, "no")}) as server:
        error = complaint(model(f"{server.url}?token=secret-9"))
    assert "secret-9" not in str(error)


@pytest.mark.parametrize(
    ("given", "first"),
    [
        ("http://localhost:1/V1", "http://localhost:1/v1"),
        ("http://localhost:1/v1/", "http://localhost:1/v1"),
        ("https://x.openai.azure.com/openai/v1/", "https://x.openai.azure.com/openai/v1"),
        ("https://x.azure.com/openai/deployments/d?api-version=1", "https://x.azure.com/openai/deployments/d?api-version=1"),
    ],
)
def test_an_address_is_read_as_people_write_it(given: str, first: str) -> None:
    assert address.candidates(given)[0] == first


@pytest.mark.parametrize("host", ["x.openai.azure.com", "x.services.ai.azure.com"])
def test_hosts_of_azure_get_the_key_in_their_header(host: str) -> None:
    assert address.authorisation(f"https://{host}/openai/v1", KEY) == {"api-key": KEY}
    assert address.authorisation("https://azure.example.com/v1", KEY) == {"Authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize(
    "key", [f'"{KEY}"', f"'{KEY}'", f"Bearer {KEY}", f"bearer {KEY}\n", f'"Bearer {KEY}"\r\n', f"  {KEY}\n"]
)
def test_a_key_is_freed_of_what_got_round_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_API_KEY", key)
    with Endpoint(GOOD) as server:
        endpoint = settings.load(base_url=server.url, model="m").endpoint
        assert endpoint is not None
        assert heard(EndpointModel(endpoint, settings.load())) == "They dim."
    assert server.chats[0].headers["authorization"] == f"Bearer {KEY}"


# -- limits and loads --------------------------------------------------------------------------------------------------------


def gemini(code: int, message: str, **details: Any) -> Behaviour:
    error = {"code": code, "message": message, "status": "X", "details": [details] if details else []}
    return lambda to: to.reply(code, json.dumps([{"error": error}]))


QUOTA = gemini(429, "You exceeded your current quota, please check your plan and billing details.", retryDelay="0.2s")
GROQ = fails(
    429,
    "Rate limit reached on tokens per minute (TPM): Limit 6000, Used 5800, Requested 1200. Please try again in 0.1s.",
)


@pytest.mark.parametrize("limit", [QUOTA, GROQ, fails(429, "slow down", {"Retry-After": "0.1"})])
def test_a_limit_that_passes_soon_is_waited_for_as_often_as_is_asked(limit: Behaviour) -> None:
    with Endpoint(limit, limit, limit, limit, GOOD) as server:
        assert heard(model(server.url)) == "They dim."


def test_a_quota_without_an_end_is_no_credit() -> None:
    with Endpoint(gemini(429, "You exceeded your current quota, please check your plan and billing details.")) as server:
        assert "no credit left" in complaint(model(server.url)).message
    assert len(server.chats) == 1


def test_an_error_in_a_list_is_read() -> None:
    with Endpoint(gemini(400, "API key not valid. Please pass a valid API key.")) as server:
        assert "The key was refused" in complaint(model(server.url)).message
    with Endpoint(gemini(400, "The lamp is broken.")) as server:
        assert "400, The lamp is broken" in complaint(model(server.url)).message


@pytest.mark.parametrize("status", [500, 502, 503, 520, 524, 529, 599])
def test_failures_that_may_pass_are_asked_again(status: int) -> None:
    with Endpoint(fails(status), GOOD) as server:
        assert heard(model(server.url)) == "They dim."


WAITS = ["99999999999999999999", "0", "0.01", "inf", "nan", "-5", "1e400", "Fri, 31 Dec 9999 23:59:59 GMT", "soon", ""]


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("status", [429, 503])
def test_no_wait_that_a_server_asks_for_is_endless_or_an_error(status: int, wait: str) -> None:
    began = time.monotonic()
    with Endpoint(fails(status, "busy", {"Retry-After": wait})) as server:
        complaint(model(server.url))
    assert time.monotonic() - began < 15


def test_a_server_that_never_ends_loading_is_called_that() -> None:
    with Endpoint(fails(503, "Loading model")) as server:
        error = complaint(model(server.url, timeout_s=3))
    assert "still loading its model" in error.message
    assert "RAG_TIMEOUT_S" in error.fix


# -- what is wrong is called what it is --------------------------------------------------------------------------------------


def packed(data: bytes) -> Behaviour:
    def behave(to: Exchange) -> None:
        to.reply(200, data, "text/event-stream", {"Content-Encoding": "gzip"})

    return behave


def test_a_redirect_in_a_circle_is_called_one() -> None:
    with Endpoint(lambda to: redirects("/v1/chat/completions")(to)) as server:
        assert "redirects in a circle" in complaint(model(server.url)).message


def test_a_reply_that_cannot_be_unpacked_is_called_that() -> None:
    with Endpoint(packed(b"this is not gzip")) as server:
        assert "cannot be unpacked" in complaint(model(server.url)).message
    body = b'data: {"choices": [{"delta": {"content": "They dim."}, "finish_reason": "stop"}]}\n\n'
    with Endpoint(packed(gzip.compress(body))) as server:
        assert heard(model(server.url)) == "They dim."


def test_any_exception_of_the_reading_thread_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise ZeroDivisionError("a fault of a package")

    monkeypatch.setattr("rag.endpoints.chat_reply.pieces", broken)
    with Endpoint(GOOD) as server:
        assert complaint(model(server.url))


def test_a_hanging_server_is_still_given_up() -> None:
    with Endpoint(hangs) as server:
        assert "RAG_TIMEOUT_S" in complaint(model(server.url, timeout_s=1)).fix


def test_rules_that_the_system_may_not_give_go_to_the_user_from_then_on() -> None:
    refuses = fails(400, "System role not supported")

    def either(to: Exchange) -> None:
        roles = [message["role"] for message in to.request.body["messages"]]
        (refuses if "system" in roles else GOOD)(to)

    with Endpoint(either) as server:
        asked = model(server.url)
        assert heard(asked) == heard(asked) == "They dim."
    assert len(server.chats) == 3
    [message] = server.chats[-1].body["messages"]
    assert message == {"role": "user", "content": "Be brief.\n\nWhy do lamps dim?"}


def test_a_bad_request_for_another_reason_is_not_asked_again() -> None:
    with Endpoint(fails(400, "the system is overheated")) as server:
        assert "overheated" in complaint(model(server.url)).message
    assert len(server.chats) == 1
