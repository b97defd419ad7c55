from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Generator

import pytest
from pydantic import SecretStr
from support.endpoint_server import USAGE, Behaviour, Endpoint, Exchange, breaks_off, delta, events, fails, hangs, page, says

from rag.endpoints.address import candidates
from rag.endpoints.chat import EndpointModel
from rag.errors import EndpointError
from rag.events import Finish, Thought, Waiting
from rag.settings import settings
from rag.types import Prompt, Usage

KEY = "sk-very-secret-0123456789"
PROMPT = Prompt("Why?", (), "Be brief.", "Why do lamps $dim {now}?")


def model(server: Endpoint | str, name: str | None = "m", key: str | None = KEY, **more: object) -> EndpointModel:
    url = server if isinstance(server, str) else server.url
    return EndpointModel(settings.Endpoint(url, name, SecretStr(key) if key else None), settings.load(**more))


def run(of: EndpointModel) -> tuple[str, Finish]:
    *pieces, finish = (item for item in of.stream(PROMPT) if not isinstance(item, Thought | Waiting))
    assert isinstance(finish, Finish)
    assert all(isinstance(p, str) and p for p in pieces)
    return "".join(map(str, pieces)), finish


def complaint(of: EndpointModel) -> EndpointError:
    with pytest.raises(EndpointError) as caught:
        list(of.stream(PROMPT))
    said = str(caught.value)
    assert KEY not in said
    assert "\n" not in said
    assert caught.value.message.endswith(".")
    assert caught.value.fix.endswith((".", ")."))
    return caught.value


# -- what a good server does ---------------------------------------------------------------------------------------------


def test_a_reply_is_streamed_with_its_usage() -> None:
    with Endpoint(says("Lamps ", "dim ", "[1].")) as server:
        pieces = [item for item in model(server).stream(PROMPT) if not isinstance(item, Waiting)]
    assert pieces == ["Lamps ", "dim ", "[1].", Finish(True, None, Usage(21, 4))]


def test_pieces_come_before_the_reply_is_whole() -> None:
    def slow(to: Exchange) -> None:
        to.start()
        to.event(delta("First"))
        to.stopped.wait(30)

    with Endpoint(slow) as server:
        stream = model(server).stream(PROMPT)
        began = time.perf_counter()
        assert next(stream) == "First"
        assert time.perf_counter() - began < 10


def test_a_server_that_does_not_count_leaves_usage_unknown() -> None:
    with Endpoint(says("Hi", usage=False)) as server:
        assert run(model(server)) == ("Hi", Finish(True, None, Usage(None, None)))


def test_a_reply_without_done_but_with_a_finish_reason_is_complete() -> None:
    with Endpoint(says("Hi", done=False)) as server:
        assert run(model(server))[1].complete


def test_both_messages_the_model_the_limit_and_the_key_are_sent() -> None:
    with Endpoint(says("Hi")) as server:
        run(model(server, "chosen", max_answer_tokens=123))
    [request] = server.chats
    assert request.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Why do lamps $dim {now}?"},
    ]
    assert (request.body["model"], request.body["stream"]) == ("chosen", True)
    assert 123 in (request.body.get("max_tokens"), request.body.get("max_completion_tokens"))
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_without_a_key_none_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, KEY)
    with Endpoint(says("Hi")) as server:
        run(model(server, key=None))
    assert KEY not in json.dumps([r.headers for r in server.requests])


def test_nothing_is_sent_before_the_stream_is_read() -> None:
    with Endpoint() as server:
        model(server).stream(PROMPT)
        assert server.requests == []


def test_the_context_leaves_room_for_the_answer() -> None:
    assert model("http://localhost:1/v1", context_window=4096, max_answer_tokens=500).context_tokens == 3596


# -- choosing a model ----------------------------------------------------------------------------------------------------


def test_the_only_model_of_a_server_is_chosen() -> None:
    with Endpoint(says("Hi"), models=["only-one"]) as server:
        asked = model(server, None)
        assert run(asked)[0] == "Hi"
        assert asked.name == "only-one"
        run(asked)
    assert [r.body["model"] for r in server.chats] == ["only-one"] * 2
    assert server.paths.count("/v1/models") == 1


def test_several_models_are_listed_to_choose_from() -> None:
    with Endpoint(models=["b", "a", "c"]) as server:
        error = complaint(model(server, None))
    assert "3 models" in error.message
    assert "a, b, c" in error.fix
    assert server.chats == []


def test_a_long_list_of_models_is_cut() -> None:
    with Endpoint(models=[f"model-{i:03}" for i in range(100)]) as server:
        error = complaint(model(server, None))
    assert "model-000" in error.fix
    assert "model-050" not in error.fix
    assert "88 more" in error.fix


def test_a_server_without_models_says_so() -> None:
    with Endpoint(models=[]) as server:
        assert "Load a model" in complaint(model(server, None)).fix


def test_an_unknown_model_lists_those_there_are() -> None:
    with Endpoint(fails(404, "model not found"), models=["llama", "qwen"]) as server:
        error = complaint(model(server, "gpt-9"))
    assert "gpt-9" in error.message
    assert "llama, qwen" in error.fix


def test_a_path_that_is_not_there_names_the_address() -> None:
    with Endpoint(models=["m"]) as server:
        error = complaint(model(f"{server.address}/api"))
    assert f"{server.address}/api" in error.message
    assert "/v1" in error.fix


NO_LISTS = {
    "a page": page(),
    "an error": fails(500),
    "null": lambda to: to.reply(200, '{"data": null}'),
}


@pytest.mark.parametrize("models", NO_LISTS.values(), ids=NO_LISTS)
def test_a_server_that_lists_no_models_is_asked_without_a_name(models: Behaviour) -> None:
    with Endpoint(says("They dim."), models=models) as server:
        asked = model(server, None)
        assert run(asked)[0] == "They dim."
        assert asked.name is None
    with Endpoint(fails(404, "model 'default' not found"), models=models) as server:
        assert "RAG_MODEL" in complaint(model(server, None)).fix


# -- what bad servers do -------------------------------------------------------------------------------------------------


def test_a_refused_connection_says_where_and_what_to_do() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    error = complaint(model(url))
    assert url in error.message
    assert "--no-model" in error.fix


def test_a_host_that_does_not_exist_is_a_failed_connection() -> None:
    assert "cannot be found" in complaint(model("http://nosuch.invalid/v1")).message


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_says_how_to_set_it_and_does_not_show_it(status: int) -> None:
    with Endpoint(fails(status, f"Incorrect API key provided: {KEY}")) as server:
        error = complaint(model(server))
    assert str(status) in error.message
    assert "RAG_API_KEY" in error.fix


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_server_that_repeats_the_key_does_not_make_us_show_it(status: int) -> None:
    with Endpoint(fails(status, f"bad header Authorization: Bearer {KEY} in your request")) as server:
        assert str(status) in complaint(model(server)).message


def test_a_password_in_the_address_is_not_shown() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://user:{KEY}@127.0.0.1:{unused.getsockname()[1]}/v1"
    complaint(model(url))


def test_what_the_server_says_is_passed_on() -> None:
    with Endpoint(fails(400, "this model's maximum\ncontext length is 2048 tokens")) as server:
        assert "maximum context length is 2048 tokens" in complaint(model(server)).message


def test_too_many_requests_say_to_wait() -> None:
    with Endpoint(fails(429)) as server:
        assert "Wait" in complaint(model(server)).fix


def test_a_busy_server_is_asked_once_more() -> None:
    with Endpoint(fails(503), says("Hi")) as server:
        assert run(model(server))[0] == "Hi"
    assert len(server.chats) == 2


def test_a_server_that_does_not_answer_in_time_is_given_up() -> None:
    with Endpoint(hangs) as server:
        began = time.perf_counter()
        error = complaint(model(server, timeout_s=0.3))
        assert time.perf_counter() - began < 15
    assert "No word" in error.message
    assert "RAG_TIMEOUT_S" in error.fix


EMPTY = {
    "a page": page(),
    "an error as JSON": lambda to: to.reply(200, {"error": "Unexpected endpoint or method."}),
    "nothing": lambda to: to.reply(200, b""),
    "only done": events("[DONE]"),
    "no choices": events({**delta(None), "choices": []}, "[DONE]"),
    "null choices": events({**delta(None), "choices": None}, "[DONE]"),
    "null content": events(delta(None), delta(None, "stop"), "[DONE]"),
    "empty content": says("", ""),
    "bad JSON": events("{not json"),
    "an empty object": events({}),
    "a list": events([]),
    "a number": events("5"),
    "null": events("null"),
    "a string": events('"text"'),
    "a choice that is a string": events({"choices": ["x"]}),
    "a null delta": events({"choices": [{"delta": None, "finish_reason": None}]}),
    "a delta that is a string": events({"choices": [{"delta": "x"}]}),
    "dropped at once": breaks_off(),
}


@pytest.mark.parametrize("behaviour", EMPTY.values(), ids=EMPTY)
def test_a_reply_without_any_text_is_an_error_never_an_empty_answer(behaviour: Behaviour) -> None:
    with Endpoint(behaviour) as server:
        complaint(model(server))


@pytest.mark.parametrize("code", [None, 400])
def test_an_error_inside_a_good_reply_is_passed_on(code: int | None) -> None:
    """llama.cpp does so: status 200, then an event with the error."""
    with Endpoint(events({"error": {"message": "the prompt exceeds the context size", "code": code}})) as server:
        assert "exceeds the context size" in complaint(model(server)).message


BROKEN = {
    "dropped": breaks_off("Lamps dim wh"),
    "bad JSON": events(delta("Lamps dim wh"), "{not json"),
    "error event": events(delta("Lamps dim wh"), {"error": {"message": "out of memory"}}),
    "nothing after it": says("Lamps dim wh", finish=None, usage=False, done=False),
    "odd chunk": events(delta("Lamps dim wh"), "5"),
}


@pytest.mark.parametrize("behaviour", BROKEN.values(), ids=BROKEN)
def test_text_of_a_reply_that_broke_off_is_kept_and_marked_incomplete(behaviour: Behaviour) -> None:
    with Endpoint(behaviour) as server:
        text, finish = run(model(server))
    assert text == "Lamps dim wh"
    assert not finish.complete
    assert finish.reason


def test_a_reply_cut_by_its_length_limit_is_incomplete_and_says_why() -> None:
    with Endpoint(says("Lamps dim wh", finish="length")) as server:
        text, finish = run(model(server))
    assert (text, finish.complete) == ("Lamps dim wh", False)
    assert "length" in str(finish.reason)
    assert finish.usage == Usage(21, 4)


def test_a_connection_that_stalls_mid_word_keeps_what_came() -> None:
    def stalls(to: Exchange) -> None:
        to.start()
        to.event(delta("Lamps dim wh"))
        to.stopped.wait(20)

    with Endpoint(stalls) as server:
        text, finish = run(model(server, stall_s=0.5))
    assert (text, finish.complete) == ("Lamps dim wh", False)


def test_usage_that_comes_with_text_is_kept() -> None:
    with Endpoint(events({**delta("Hi", "stop"), "usage": USAGE["usage"]}, "[DONE]")) as server:
        assert run(model(server)) == ("Hi", Finish(True, None, Usage(21, 4)))


def test_a_reader_who_stops_early_closes_the_connection() -> None:
    noticed = threading.Event()

    def endless(to: Exchange) -> None:
        to.start()
        try:
            while not to.stopped.wait(0.01):
                to.event(delta("word "))
        except OSError:
            noticed.set()

    with Endpoint(endless) as server:
        stream = model(server).stream(PROMPT)
        assert next(stream) == "word "
        assert isinstance(stream, Generator)
        stream.close()
        assert noticed.wait(10)


# -- addresses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1"),
        ("http://localhost:11434/", "http://localhost:11434/v1"),
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ("http://localhost:11434/v1/", "http://localhost:11434/v1"),
        (" http://localhost:11434/v1 ", "http://localhost:11434/v1"),
        ("http://localhost:11434/v1/chat/completions", "http://localhost:11434/v1"),
        ("https://host.example/openai/v2", "https://host.example/openai/v2"),
        ("https://host.example/v1beta/openai/", "https://host.example/v1beta/openai"),
    ],
)
def test_addresses_are_taken_as_people_write_them(given: str, expected: str) -> None:
    assert candidates(given)[0] == expected
    assert candidates(expected)[0] == expected


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
def test_a_server_is_found_under_each_way_of_writing_its_address(path: str) -> None:
    with Endpoint(says("Hi")) as server:
        assert run(model(server.address + path))[0] == "Hi"


# -- what servers refuse, and what models think --------------------------------------------------------------------------


@pytest.mark.parametrize("refused", ["temperature", "stream_options", "max_tokens"])
def test_a_parameter_that_a_server_refuses_is_left_out(refused: str) -> None:
    with Endpoint(fails(400, f"Unsupported parameter: {refused}"), says("Lamps.")) as server:
        assert run(model(server))[0] == "Lamps."
        first, second = (request.body for request in server.chats)
    assert refused in first
    assert refused not in second
    assert ("max_completion_tokens" in second) is (refused == "max_tokens")


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        (("<thi", "nk>Lamps? ", "[3]</th", "ink>\n\nThey ", "dim."), "They dim."),
        (("<", " 5 lamps dim."), "< 5 lamps dim."),
        (("They dim <think>", " late."), "They dim <think> late."),
    ],
)
def test_a_models_notes_to_itself_are_no_answer(pieces: tuple[str, ...], said: str) -> None:
    with Endpoint(says(*pieces)) as server:
        assert run(model(server))[0] == said
