"""What a server tells of its context window, asked of a real server through the model that uses it."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import SecretStr
from support.endpoint_server import Behaviour, Endpoint, Exchange, fails, hangs, page, redirects, says, tells, trickles

from rag.endpoints.chat import EndpointModel
from rag.errors import EndpointError
from rag.events import Finish
from rag.settings import settings
from rag.types import Prompt

KEY = "sk-very-secret-0123456789"
PROMPT = Prompt("Why?", (), "Be brief.", "Why do lamps dim?")
ANSWER = 100  # tokens of the answer in most tests: few enough for any window here
EVERYWHERE = ["/v1/models", "/props", "/api/show", "/api/v0/models"]
NOWHERE: Mapping[str, Behaviour] = {}


def model(url: str | None, name: str | None = "m", key: str | None = KEY, **more: object) -> EndpointModel:
    more = {"max_answer_tokens": ANSWER, **more}
    return EndpointModel(settings.Endpoint(url, name, SecretStr(key) if key else None), settings.load(**more))


def room(of: EndpointModel) -> int:
    tokens = of.context_tokens
    assert tokens is not None
    return tokens


def window(server: Endpoint | str, setting: int | None = None, name: str | None = "m") -> int:
    """The tokens of prompt and answer together that are reckoned with."""
    return room(model(server if isinstance(server, str) else server.url, name, context_window=setting)) + ANSWER


def listed(**entry: Any) -> Mapping[str, Behaviour]:
    return {"/v1/models": tells({"object": "list", "data": [{"id": "m", "object": "model", **entry}]})}


def props(n_ctx: Any) -> Mapping[str, Behaviour]:
    return {"/props": tells({"default_generation_settings": {"id": 0, "n_ctx": n_ctx}, "total_slots": 1})}


def shown(maximum: Any = None, parameters: Any = None) -> Mapping[str, Behaviour]:
    info = {"general.architecture": "qwen3", "qwen3.block_count": 36, "qwen3.context_length": maximum}
    told = {"model_info": info if maximum is not None else {}, "modelfile": "FROM x"}
    return {"/api/show": tells(told if parameters is None else {**told, "parameters": parameters})}


def studio(**entry: Any) -> Mapping[str, Behaviour]:
    others = [{"id": "other", "loaded_context_length": 30_000, "max_context_length": 30_000}]
    return {"/api/v0/models": tells({"data": [*others, {"id": "m", "object": "model", **entry}]})}


NUM_CTX = 'stop                           "<|im_end|>"\nnum_ctx                        6144\ntemperature                    0.6'

# What a server tells, and the window without a setting, with one of 2,048, and with one of 100,000.
TOLD: dict[str, tuple[Mapping[str, Behaviour], int, int, int]] = {
    "nothing": (NOWHERE, 8_192, 2_048, 100_000),
    "vLLM": (listed(max_model_len=5_000), 5_000, 2_048, 5_000),
    "context_length": (listed(context_length=131_072), 131_072, 2_048, 100_000),
    "context_window": (listed(context_window=6_000), 6_000, 2_048, 6_000),
    "max_context_length": (listed(max_context_length=32_768), 32_768, 2_048, 32_768),
    "llama.cpp": ({**listed(meta={"n_ctx_train": 40_960}), **props(5_120)}, 5_120, 2_048, 5_120),
    "llama.cpp with more than trained for": ({**listed(meta={"n_ctx_train": 2_048}), **props(5_120)}, 5_120, 2_048, 5_120),
    "trained for much": (listed(meta={"n_ctx_train": 40_960}), 8_192, 2_048, 40_960),
    "trained for little": (listed(meta={"n_ctx_train": 4_096}), 4_096, 2_048, 4_096),
    "Ollama as it comes": (shown(40_960), 4_096, 2_048, 40_960),
    "Ollama with a small model": (shown(2_560), 2_560, 2_048, 2_560),
    "Ollama with num_ctx": (shown(40_960, NUM_CTX), 6_144, 2_048, 6_144),
    "Ollama with num_ctx alone": (shown(None, NUM_CTX), 6_144, 2_048, 6_144),
    "Ollama with more than the model can": (shown(2_560, NUM_CTX), 2_560, 2_048, 2_560),
    "Ollama with other parameters": (shown(40_960, 'stop "num_ctx 6144"\nnum_ctx_x 6144'), 4_096, 2_048, 40_960),
    "LM Studio": (studio(loaded_context_length=4_500, max_context_length=131_072), 4_500, 2_048, 4_500),
    "LM Studio before loading": (studio(max_context_length=32_768), 8_192, 2_048, 32_768),
}


@pytest.mark.parametrize(("paths", "unset", "lowered", "raised"), TOLD.values(), ids=TOLD)
def test_the_window_is_what_the_server_runs_lowered_by_the_setting(
    paths: Mapping[str, Behaviour], unset: int, lowered: int, raised: int
) -> None:
    with Endpoint(paths=paths) as server:
        assert [window(server), window(server, 2_048), window(server, 100_000)] == [unset, lowered, raised]


def test_the_environments_setting_lowers_what_the_server_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CONTEXT_WINDOW", "3000")
    with Endpoint(paths=listed(max_model_len=5_000)) as server:
        assert window(server) == 3_000


def test_nothing_more_is_asked_once_the_server_has_told() -> None:
    for paths, asked in (
        (listed(max_model_len=5_000), 1),
        (props(5_000), 2),
        (shown(5_000), 3),
        (studio(loaded_context_length=5_000), 4),
    ):
        with Endpoint(paths=paths) as server:
            window(server)
        assert server.paths == EVERYWHERE[:asked]


# -- which model, which address ------------------------------------------------------------------------------------------


def entries(**lengths: int) -> Mapping[str, Behaviour]:
    return {"/v1/models": tells({"data": [{"id": name, "context_length": n} for name, n in lengths.items()]})}


def test_the_entry_of_the_chosen_model_counts() -> None:
    with Endpoint(paths=entries(a=3_000, m=5_000, z=4_000)) as server:
        assert window(server) == 5_000
        assert window(server, name="nosuch") == 8_192


def test_the_only_entry_counts_whatever_its_name() -> None:
    with Endpoint(paths=entries(other=3_000)) as server:
        assert window(server) == 3_000


def test_a_bare_list_of_models_is_read() -> None:
    with Endpoint(paths={"/v1/models": tells([{"id": "m", "context_length": 5_000}, {"id": "n"}])}) as server:
        assert window(server) == 5_000


def test_without_a_name_the_only_model_is_asked_about_and_known_from_then_on() -> None:
    with Endpoint(says("Hi"), models=["qwen3:8b"], paths=shown(40_960)) as server:
        asked = model(server.url, None)
        assert asked.name is None
        assert room(asked) + ANSWER == 4_096
        assert asked.name == "qwen3:8b"
        list(asked.stream(PROMPT))
    assert [r.body["model"] for r in server.requests if r.path == "/api/show"] == ["qwen3:8b"]
    assert server.paths == ["/v1/models", "/props", "/api/show", "/v1/chat/completions"]


def test_without_a_name_among_several_models_none_is_asked_about() -> None:
    with Endpoint(models=["a", "b"], paths=shown(40_960)) as server:
        asked = model(server.url, None)
        room(asked)
        assert asked.name is None
    assert server.paths == ["/v1/models"]


def test_a_server_behind_a_folder_is_asked_there() -> None:
    with Endpoint(paths={f"/lab{path}": behaviour for path, behaviour in props(5_000).items()}) as server:
        assert window(f"{server.address}/lab/v1") == 5_000
    assert server.paths == ["/lab/v1/models", "/lab/props"]


def test_an_address_of_another_form_is_asked_only_for_its_models() -> None:
    with Endpoint() as server:
        window(f"{server.address}/openai/v2")
    assert server.paths == ["/openai/v2/models"]


# -- nonsense ------------------------------------------------------------------------------------------------------------

NUMBERS = [-5_000, 0, -1, 255, 10**9, 10**400, 5_000.0, 1e308, "5000", True, None, [5_000], {"n": 5_000}, float("nan")]


@pytest.mark.parametrize("value", NUMBERS, ids=lambda v: str(v)[:12])
def test_a_number_that_cannot_be_one_of_tokens_is_passed_over(value: object) -> None:
    """Each place says nonsense, and the window is that of a server that says nothing."""
    names = ("max_model_len", "context_length", "context_window", "max_context_length")
    everywhere = {
        **listed(**dict.fromkeys(names, value), meta={"n_ctx_train": value}),
        **props(value),
        **shown(value, f"num_ctx {json.dumps(value)}"),
        **studio(loaded_context_length=value, max_context_length=value),
    }
    with Endpoint(paths=everywhere) as server:
        assert window(server) == 8_192
        assert window(server, 9_000) == 9_000


def test_a_nonsense_number_does_not_hide_a_good_one() -> None:
    with Endpoint(paths=listed(max_model_len=-1, context_length="no", context_window=5_000)) as server:
        assert window(server) == 5_000


def zipped(data: bytes) -> Behaviour:
    def behave(to: Exchange) -> None:
        to.handler.send_response(200)
        to.handler.send_header("Content-Encoding", "gzip")
        to.handler.send_header("Content-Length", str(len(data)))
        to.handler.end_headers()
        to.handler.wfile.write(data)

    return behave


GOOD = {"id": "m", "max_model_len": 5_000, "default_generation_settings": {"n_ctx": 5_000}, "parameters": "num_ctx 5000"}
GOOD |= {"loaded_context_length": 5_000}
NONSENSE: dict[str, Behaviour] = {
    "a page": page(),
    "an error": fails(500),
    "a refused key": fails(401),
    "an error with a body that would be good": lambda to: to.reply(404, {**GOOD, "data": [GOOD]}),
    "an error as JSON": tells({"error": "Unexpected endpoint or method."}),
    "nothing": lambda to: to.reply(200, b""),
    "bad JSON": tells("{not json"),
    "bad bytes": lambda to: to.reply(200, b"\xff\xfe\xfa{"),
    "null": tells(None),
    "a number": tells(5),
    "a string": tells('"text"'),
    "lists": tells([[5_000]]),
    "values of other types": tells(
        {"data": "m", "default_generation_settings": 7, "model_info": [], "parameters": {"num_ctx": 5}}
    ),
    "entries of other types": tells({"data": [None, 5, {"id": 7, "max_model_len": 5_000}, {"max_model_len": 5_000}]}),
    "very deep": tells("[" * 200_000),
    "very long": tells(json.dumps({**GOOD, "data": [GOOD], "x": "y" * 5_000_000})),
    "very long when unpacked": zipped(gzip.compress(json.dumps({**GOOD, "data": [GOOD], "x": "y" * 50_000_000}).encode())),
    "badly packed": zipped(b"this is not gzip"),
}


@pytest.mark.parametrize("behaviour", NONSENSE.values(), ids=NONSENSE)
def test_a_reply_that_is_none_is_passed_over_and_the_rest_is_asked(behaviour: Behaviour) -> None:
    with Endpoint(paths=dict.fromkeys(EVERYWHERE, behaviour)) as server:
        assert window(server) == 8_192
        assert server.paths == EVERYWHERE
    with Endpoint(paths={**dict.fromkeys(EVERYWHERE, behaviour), **props(5_000)}) as server:
        assert window(server) == 5_000


def test_the_good_reply_of_these_tests_would_be_read() -> None:
    with Endpoint(paths={"/v1/models": tells({**GOOD, "data": [GOOD], "x": "y" * 1_000_000})}) as server:
        assert window(server) == 5_000


# -- when, how often, and how long ---------------------------------------------------------------------------------------


def test_a_model_that_is_only_made_asks_nothing() -> None:
    with Endpoint() as server:
        model(server.url)
    assert server.requests == []


def test_the_server_is_asked_once_however_many_ask_at_a_time() -> None:
    with Endpoint(says("Hi")) as server:
        asked = model(server.url)
        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(lambda _: asked.context_tokens, range(16)))) == 1
        list(asked.stream(PROMPT))
        list(asked.stream(PROMPT))
    assert server.paths == [*EVERYWHERE, "/v1/chat/completions", "/v1/chat/completions"]


def drops(to: Exchange) -> None:
    """Close the connection without a word."""
    to.handler.close_connection = True


@pytest.mark.parametrize("failing", range(4))
@pytest.mark.parametrize("behaviour", [drops, hangs, trickles])
def test_after_a_request_that_did_not_come_through_no_more_are_sent(failing: int, behaviour: Behaviour) -> None:
    """What was told before it holds; and a server that keeps silent, or trickles, costs two seconds."""
    paths = {**listed(meta={"n_ctx_train": 4_096}), EVERYWHERE[failing]: behaviour}
    with Endpoint(paths=paths) as server:
        asked = model(server.url)
        began = time.perf_counter()
        assert room(asked) + ANSWER == (4_096 if failing else 8_192)
        assert room(asked) + ANSWER == (4_096 if failing else 8_192)
        assert time.perf_counter() - began < 3.5
        assert server.paths == EVERYWHERE[: failing + 1]


def test_a_slow_server_has_two_seconds_for_each_request() -> None:
    def slowly(told: Behaviour) -> Behaviour:
        def behave(to: Exchange) -> None:
            to.stopped.wait(1.2)
            told(to)

        return behave

    with Endpoint(paths={"/v1/models": slowly(fails(404)), "/props": slowly(props(5_000)["/props"])}) as server:
        assert window(server) == 5_000


@pytest.fixture
def free() -> int:
    """A port that nothing listens on."""
    with socket.socket() as unused:
        unused.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    return port


def test_a_server_that_is_not_there_costs_nothing_and_is_asked_when_it_comes(free: int) -> None:
    asked = model(f"http://127.0.0.1:{free}/v1")
    began = time.perf_counter()
    assert room(asked) + ANSWER == 8_192
    assert time.perf_counter() - began < 1
    with pytest.raises(EndpointError):
        list(asked.stream(PROMPT))
    with Endpoint(port=free, paths=listed(max_model_len=5_000)) as server:
        assert room(asked) + ANSWER == 5_000
    assert server.paths == ["/v1/models"]


def test_a_server_that_takes_no_connection_is_tried_once() -> None:
    """A full backlog: connecting neither succeeds nor fails."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for taken in (first, second):
            taken.setblocking(False)
            taken.connect_ex(full.getsockname())
        began = time.perf_counter()
        assert window(f"http://127.0.0.1:{full.getsockname()[1]}/v1") == 8_192
        assert time.perf_counter() - began < 3.5


# -- the key, and who gets it --------------------------------------------------------------------------------------------


def test_the_key_goes_with_every_request_as_with_the_chat() -> None:
    with Endpoint(says("Hi")) as server:
        list(model(server.url).stream(PROMPT))
    assert server.paths == [*EVERYWHERE, "/v1/chat/completions"]
    assert {r.headers["authorization"] for r in server.requests} == {f"Bearer {KEY}"}


def test_without_a_key_none_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "RAG_API_KEY", "OPENAI_ORG_ID"):
        monkeypatch.setenv(name, KEY)
    with Endpoint() as server:
        room(model(server.url, key=None))
    assert server.paths == EVERYWHERE
    assert KEY not in json.dumps([r.headers for r in server.requests])


def test_redirects_are_not_followed() -> None:
    with Endpoint(paths=listed(max_model_len=5_000)) as other:
        away = redirects(f"{other.url}/models")
        with Endpoint(paths=dict.fromkeys(EVERYWHERE, away)) as server:
            assert window(server) == 8_192
    assert server.paths == EVERYWHERE
    assert other.requests == []


def test_openai_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy sees every request that goes out: one to another host, none to OpenAI's."""
    for name in ("no_proxy", "NO_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Endpoint() as proxy:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.address)
        for url in (None, "https://api.openai.com/v1", "http://API.OpenAI.com/v1"):
            assert room(model(url, "gpt-4o")) == 8_192 - ANSWER
            assert room(model(url, "gpt-4o", context_window=20_000)) == 20_000 - ANSWER
        assert proxy.requests == []
        room(model("http://models.example/v1"))
        assert proxy.paths[0] == "http://models.example/v1/models"


# -- the answer's share --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokens", [256, 300, 512, 700, 1_024, 1_400])
def test_in_a_small_window_the_answers_share_is_lowered(tokens: int) -> None:
    with Endpoint(says("Hi"), paths=listed(max_model_len=tokens)) as server:
        asked = model(server.url, max_answer_tokens=700)
        prompt_tokens = room(asked)
        *_, finish = asked.stream(PROMPT)
        assert isinstance(finish, Finish)
    share = server.chats[0].body["max_tokens"]
    assert prompt_tokens + share == tokens
    assert 0 < share < 700
    assert prompt_tokens >= min(800, tokens // 2)


@pytest.mark.parametrize("tokens", [1_500, 4_096, 100_000])
def test_in_a_window_that_has_room_the_answers_share_is_as_set(tokens: int) -> None:
    with Endpoint(says("Hi"), paths=listed(max_model_len=tokens)) as server:
        asked = model(server.url, max_answer_tokens=700)
        assert room(asked) == tokens - 700
        list(asked.stream(PROMPT))
    assert server.chats[0].body["max_tokens"] == 700


def test_the_share_is_lowered_for_the_first_request_whatever_it_is_for() -> None:
    """A follow-up is rewritten before the budget of the answer's prompt is asked for."""
    with Endpoint(says("Hi"), paths=listed(max_model_len=512)) as server:
        list(model(server.url, max_answer_tokens=700).stream(PROMPT))
    assert server.chats[0].body["max_tokens"] == 128


def test_a_thread_that_was_given_up_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with Endpoint(paths={"/v1/models": trickles}) as server:
        window(server)
    for thread in threading.enumerate():
        if thread.daemon and thread is not threading.current_thread():
            thread.join(0.5)
    assert "Traceback" not in capfd.readouterr().err
