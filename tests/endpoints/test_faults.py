"""What can go wrong between us and an endpoint: one sentence of what and one of the remedy, text kept, nothing leaked."""

from __future__ import annotations

import json
import ssl
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import httpx2 as httpx
import openai
import pytest
import trustme
from pydantic import SecretStr
from support.endpoint_server import (
    Behaviour,
    Endpoint,
    Exchange,
    breaks_off,
    bytes_of,
    delta,
    events,
    fails,
    hangs,
    page,
    redirects,
    says,
    tells,
)

from rag.endpoints import faults
from rag.endpoints.chat import EndpointModel
from rag.endpoints.written import MAX_ANSWER_CHARS
from rag.errors import EndpointError, PromptTooLong
from rag.events import Finish, Reply, Thought, Waiting
from rag.settings import settings
from rag.types import Prompt, Usage

KEY = "sk-sentinel/+0123456789==&x"
PROMPT = Prompt("Why?", (), "Be brief.", "Why do lamps dim?")


def model(url: str, name: str | None = "m", key: str | None = KEY, **more: object) -> EndpointModel:
    return EndpointModel(settings.Endpoint(url, name, SecretStr(key) if key else None), settings.load(**more))


def heard(of: EndpointModel) -> list[Reply]:
    return list(of.stream(PROMPT))


def text(items: list[Reply]) -> str:
    return "".join(item for item in items if isinstance(item, str))


def finish(items: list[Reply]) -> Finish:
    assert isinstance(items[-1], Finish)
    return items[-1]


def complaint(of: EndpointModel, within_s: float = 20) -> EndpointError:
    began = time.monotonic()
    with pytest.raises(EndpointError) as caught:
        heard(of)
    assert time.monotonic() - began < within_s
    message, fix = caught.value.message, caught.value.fix
    assert message.endswith(".")
    assert fix.endswith((".", ")."))
    assert "\n" not in message + fix
    return caught.value


# -- what a server says instead of answering -----------------------------------------------------------------------------


def no_such_model(to: Exchange) -> None:
    to.reply(404, {"error": "model 'm' not found"})


NULL = {"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}
SAID = {
    "401": (fails(401), "key was refused", "RAG_API_KEY", 1),
    "403": (fails(403), "key was refused", "RAG_API_KEY", 1),
    "405": (fails(405), "There is no API", "RAG_BASE_URL", 1),
    "422": (fails(422, "temperature must be a cat"), "temperature must be a cat", "log", 2),
    "429": (fails(429), "Too many requests", "Wait", 3),
    "429 without credit": (fails(429, "You exceeded your current quota"), "no credit left", "account", 1),
    "500": (fails(500, "CUDA out of memory"), "failed 3 times (500, CUDA out of memory)", "log", 3),
    "502 with a page": (lambda to: to.reply(502, "<html>x</html>", "text/html"), "(502, an HTML page)", "log", 3),
    "503": (fails(503), "failed 3 times (503", "log", 3),
    "504": (fails(504), "gave up waiting", "faster", 1),
    "404 on the model": (fails(404, "model 'm' not found, try pulling it first"), "has no model m", "RAG_MODEL", 1),
    "404 as Ollama says it": (
        tells_404 := lambda to: to.reply(404, {"error": "model 'm' not found"}),
        "has no model m",
        "RAG_MODEL",
        1,
    ),
    "FastAPI's 400": (lambda to: to.reply(400, {"detail": "bad role"}), "400, bad role", "log", 1),
    "an error as JSON with 200": (tells({"error": {"message": "the model crashed"}}), "the model crashed", "log", 1),
    "an error as a string with 200": (tells({"error": "the model crashed"}), "the model crashed", "log", 1),
    "HTML with 200": (page("<html>Log in</html>"), "begins “<html>Log in", "RAG_BASE_URL", 1),
    "no choices": (tells({"choices": []}), "not that of an OpenAI-compatible API", "RAG_BASE_URL", 1),
    "null content": (
        tells({"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}),
        "empty reply",
        "chat model",
        1,
    ),
    "a number as content": (tells({"choices": [{"message": {"content": 5}}]}), "not that of an OpenAI", "RAG_BASE_URL", 1),
}


@pytest.mark.parametrize(("behaviour", "message", "fix", "times"), SAID.values(), ids=SAID)
def test_what_a_server_says_becomes_one_sentence_and_a_remedy(behaviour: Behaviour, message: str, fix: str, times: int) -> None:
    with Endpoint(behaviour, models=fails(404)) as server:
        error = complaint(model(server.url))
    assert message in error.message
    assert fix in error.fix
    assert len(server.chats) == times


def test_a_server_that_wants_a_key_where_none_is_set_is_told_from_one_that_refuses_it() -> None:
    with Endpoint(fails(401)) as server:
        assert "A key is wanted" in complaint(model(server.url, key=None)).message


@pytest.mark.parametrize("status", [400, 413])
def test_a_prompt_that_is_too_long_lowers_what_the_next_may_take(status: int) -> None:
    said = "This model's maximum context length is 2048 tokens, however you requested 5000 tokens"
    with Endpoint(fails(status, said)) as server:
        asked = model(server.url, context_window=8192)
        before = asked.context_tokens or 0
        assert isinstance(complaint(asked), PromptTooLong)
        assert (asked.context_tokens or 0) < before
    assert len(server.chats) == 1


def test_an_error_of_the_context_inside_a_stream_is_a_prompt_too_long() -> None:
    error = {"error": {"message": "request exceeds the available context size", "n_ctx": 2048, "code": 400}}
    with Endpoint(events(error)) as server:
        assert isinstance(complaint(model(server.url)), PromptTooLong)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_to_wait_two_seconds_is_asked_again_after_them(status: int) -> None:
    with Endpoint(fails(status, headers={"Retry-After": "2"}), says("Hi.")) as server:
        began = time.monotonic()
        items = heard(model(server.url))
        assert 2 <= time.monotonic() - began < 8
    assert text(items) == "Hi."
    assert any(isinstance(item, Waiting) for item in items)


def test_a_server_that_asks_to_wait_an_hour_is_not_waited_for() -> None:
    with Endpoint(fails(429, headers={"Retry-After": "3600"})) as server:
        error = complaint(model(server.url), within_s=5)
    assert "3,600 s" in error.message
    assert "Ask again after " in error.fix
    assert len(server.chats) == 1


def test_nothing_is_asked_again_after_the_first_token() -> None:
    failing = events(delta("Lamps "), {"error": {"message": "500 internal"}})
    with Endpoint(failing, says("never")) as server:
        items = heard(model(server.url))
    assert (text(items), finish(items).complete) == ("Lamps ", False)
    assert "500 internal" in str(finish(items).reason)
    assert len(server.chats) == 1


# -- nobody there --------------------------------------------------------------------------------------------------------


def test_a_dead_endpoint_fails_within_ten_seconds_and_then_at_once(deaf: str) -> None:
    asked = model(deaf)
    began = time.monotonic()
    _ = asked.context_tokens
    assert "No connection" in complaint(asked).message
    assert time.monotonic() - began < 10
    began = time.monotonic()
    _ = asked.context_tokens
    assert "No connection" in complaint(asked).message
    assert time.monotonic() - began < 0.1


def test_a_server_without_tls_behind_https_is_told_apart() -> None:
    with Endpoint() as server:
        error = complaint(model(server.url.replace("http:", "https:")))
    assert "No secure connection" in error.message
    assert "http://" in error.fix


def test_a_certificate_nobody_trusts_is_refused_until_its_authority_is_named(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    with Endpoint(says("Hi."), tls=context) as server:
        error = complaint(model(server.url))
        assert "not trusted" in error.message
        assert "SSL_CERT_FILE" in error.fix
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert text(heard(model(server.url))) == "Hi."
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    assert "cannot be read" in complaint(model(server.url)).message


def test_this_machine_is_not_asked_through_a_proxy_and_another_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    far = "http://models.example/v1"
    with Endpoint(paths={f"{far}/chat/completions": says("From afar.")}) as proxy, Endpoint(says("Near.")) as server:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.address)
        assert text(heard(model(server.url))) == "Near."
        assert proxy.requests == []
        assert text(heard(model(far))) == "From afar."


# -- redirects, and where the key goes -----------------------------------------------------------------------------------


def test_a_redirect_to_another_host_is_not_followed_and_named() -> None:
    with Endpoint(says("Hi.")) as other, Endpoint(redirects(f"{other.url}/chat/completions")) as server:
        error = complaint(model(server.url))
    assert other.requests == []
    assert other.url in error.message
    assert "RAG_BASE_URL" in error.fix


def test_a_redirect_on_the_same_host_is_followed() -> None:
    with Endpoint(redirects("/there"), paths={"/there": says("Hi.")}) as server:
        assert text(heard(model(server.url))) == "Hi."


FORMS = [
    KEY,
    quote(KEY, safe=""),
    b64encode(KEY.encode()).decode(),
    urlsafe_b64encode(b"x" + KEY.encode() + b"yz").decode(),
    b64encode(b":!" + KEY.encode()).decode(),
]


def is_leaked(shown: str) -> bool:
    """Whether most of the key, in any form, stands in what is shown; the ends of base64 depend on their neighbours."""
    return any(form[4:-4] in shown for form in FORMS)


def echo(form: str) -> dict[str, Behaviour]:
    said = f"bad header Authorization: Bearer {form} in your request"
    return {
        "an error": fails(400, said),
        "a refused key": fails(401, said),
        "a server error": fails(500, said),
        "a page": page(f"<html>{said}"),
        "JSON": tells({"error": said}),
        "an error in the stream": events({"error": {"message": said}}),
        "the answer": says("Lamps ", *said, "."),
        "the answer in one piece": says(said),
        "thoughts": says(f"<think>{said}</think>They dim."),
        "after text": events(delta("Lamps"), {"error": {"message": said}}),
        "a name of a model": no_such_model,
    }


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_the_key_that_a_server_repeats_is_shown(form: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for name, behaviour in echo(form).items():
        with Endpoint(behaviour, models=[form, "other"] if name == "a name of a model" else ["m"]) as server:
            try:
                shown = repr(heard(model(server.url)))
            except EndpointError as error:
                shown = f"{error!r} {error}"
        assert not is_leaked(shown), name
    assert not is_leaked(caplog.text)


# -- how replies come ----------------------------------------------------------------------------------------------------


def sse(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


LAMP = sse(delta("Lämps "))
DIM = sse(delta("dim.", "stop"))
HALF = LAMP.index("ä".encode()) + 1
COME = {
    "comments": bytes_of(b": OPENROUTER PROCESSING\n\n", LAMP, b": keep-alive\n\n", DIM),
    "CRLF": bytes_of(LAMP.replace(b"\n", b"\r\n"), DIM.replace(b"\n", b"\r\n")),
    "two events in a packet": bytes_of(LAMP + DIM),
    "a packet that ends inside a letter": bytes_of(LAMP[:HALF], LAMP[HALF:] + DIM),
    "byte by byte": bytes_of(*(bytes([b]) for b in LAMP + DIM)),
    "no [DONE]": bytes_of(LAMP, DIM),
    "parts": bytes_of(sse(delta([{"type": "text", "text": "Lämps "}])), DIM),  # type: ignore[arg-type]
    "not streamed": tells({"choices": [{"message": {"content": "Lämps dim."}, "finish_reason": "stop"}]}),
    "not streamed, in parts": tells(
        {"choices": [{"message": {"content": [{"type": "text", "text": "Lämps dim."}]}, "finish_reason": "stop"}]}
    ),
}


@pytest.mark.parametrize("behaviour", COME.values(), ids=COME)
def test_a_reply_is_read_however_it_comes(behaviour: Behaviour) -> None:
    with Endpoint(behaviour) as server:
        items = heard(model(server.url))
    assert text(items) == "Lämps dim."
    assert finish(items).complete


def test_a_server_that_cannot_stream_is_asked_for_the_whole_and_it_is_remembered() -> None:
    whole = tells({"choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}})
    with Endpoint(fails(400, "stream is not supported"), whole) as server:
        asked = model(server.url)
        items = heard(asked)
        assert text(items) == "Hi."
        assert finish(items).usage == Usage(3, None)
        heard(asked)
    assert [request.body.get("stream") for request in server.chats] == [True, False, False]


def test_a_refused_parameter_is_not_sent_again() -> None:
    with Endpoint(fails(400, "unknown field: temperature"), fails(422, "stream_options?"), says("Hi.")) as server:
        asked = model(server.url)
        heard(asked)
        heard(asked)
    assert [("temperature" in r.body, "stream_options" in r.body) for r in server.chats] == [
        (True, True),
        (False, True),
        (False, False),
        (False, False),
    ]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thoughts_are_kept_apart_from_the_answer(field: str) -> None:
    thinking = {"choices": [{"index": 0, "delta": {field: "Lamps? ", "content": None}, "finish_reason": None}]}
    with Endpoint(events(thinking, thinking, delta("They dim.", "stop"))) as server:
        items = heard(model(server.url))
    assert [item.text for item in items if isinstance(item, Thought)] == ["Lamps? ", "Lamps? "]
    assert text(items) == "They dim."


def test_a_model_that_only_thinks_says_so() -> None:
    with Endpoint(says("<think>Lamps, lamps", finish="length")) as server:
        error = complaint(model(server.url))
    assert "came to no answer" in error.message
    assert "RAG_MAX_ANSWER_TOKENS" in error.fix


# -- replies that do not end ---------------------------------------------------------------------------------------------


def test_a_reply_of_five_megabytes_is_capped() -> None:
    words = "".join(f"{n} lamps dim. " for n in range(400_000))
    with Endpoint(says(*(words[i : i + 5000] for i in range(0, 5_000_000, 5000)))) as server:
        items = heard(model(server.url))
    assert MAX_ANSWER_CHARS <= len(text(items)) < MAX_ANSWER_CHARS + 10_000
    assert "longer than" in str(finish(items).reason)


@pytest.mark.parametrize("unit", ["no ", "The lamps dim because the wire is thin [1]. ", "ha"])
def test_a_model_that_repeats_itself_is_stopped(unit: str) -> None:
    def endless(to: Exchange) -> None:
        to.start()
        while not to.stopped.is_set():
            to.event(delta(unit))

    with Endpoint(endless) as server:
        items = heard(model(server.url))
    assert finish(items) == Finish(False, "the model repeated itself", Usage())
    assert len(text(items)) < 5000


def test_a_long_answer_of_like_sentences_is_not_taken_for_a_loop() -> None:
    told = [f"- Paper {n} reaches {n}.{n % 7} points on benchmark {n * 3} [{n % 6 + 1}].\n" for n in range(40)]
    with Endpoint(says(*told)) as server:
        assert finish(heard(model(server.url))).complete


def test_a_silent_start_is_told_every_second_and_does_not_fail() -> None:
    def late(to: Exchange) -> None:
        to.start()
        to.stopped.wait(3.5)
        to.event(delta("At last.", "stop"))
        to.end()

    with Endpoint(late) as server:
        began = time.monotonic()
        stream = model(server.url).stream(PROMPT)
        first = next(stream)
        assert isinstance(first, Waiting)
        assert time.monotonic() - began < 2
        assert text(list(stream)) == "At last."


@pytest.mark.long
def test_a_first_token_after_two_minutes_is_waited_for() -> None:
    def late(to: Exchange) -> None:
        to.stopped.wait(120)
        says("At last.")(to)

    with Endpoint(late) as server:
        assert text(heard(model(server.url))) == "At last."


@pytest.mark.long
def test_a_reply_that_stalls_for_a_minute_is_cut_with_its_text_kept() -> None:
    def stalls(to: Exchange) -> None:
        to.start()
        to.event(delta("Lamps dim wh"))
        to.stopped.wait(90)

    with Endpoint(stalls) as server:
        items = heard(model(server.url))
    assert text(items) == "Lamps dim wh"
    assert "60" in str(finish(items).reason)


@pytest.mark.parametrize("begun", [False, True])
def test_whoever_stops_listening_hangs_up_at_once(begun: bool) -> None:
    gone = threading.Event()

    def stuck(to: Exchange) -> None:
        if begun:
            to.start()
            to.event(delta("Lamps "))
        to.handler.connection.settimeout(20)
        try:
            gone.set() if not to.handler.connection.recv(1) else None
        except OSError:
            gone.set()

    with Endpoint(stuck) as server:
        stream = model(server.url).stream(PROMPT)
        next(stream)
        began = time.monotonic()
        stream.close()  # type: ignore[attr-defined]
        assert gone.wait(5)
        assert time.monotonic() - began < 2


# -- where the API is ----------------------------------------------------------------------------------------------------


def test_an_api_without_v1_is_found_remembered_and_said_once() -> None:
    paths = {"/chat/completions": says("Hi."), "/models": tells({"data": [{"id": "m"}]}), "/v1/models": fails(404)}
    with Endpoint(fails(404), paths=paths) as server:
        asked = model(server.address)
        first, second = finish(heard(asked)), finish(heard(asked))
    assert server.paths.count("/v1/chat/completions") == 1
    assert first.notes == ()  # it is where the setting says
    assert second.notes == ()


def test_an_api_below_the_given_path_is_found_remembered_and_said_once() -> None:
    paths = {"/api/chat/completions": fails(404), "/api/models": fails(404), "/api/v1/chat/completions": says("Hi.")}
    with Endpoint(paths=paths) as server:
        asked = model(f"{server.address}/api")
        first, second = finish(heard(asked)), finish(heard(asked))
    assert server.paths.count("/api/chat/completions") == 1
    [note] = first.notes
    assert f"{server.address}/api/v1" in note
    assert second.notes == ()


def test_lm_studios_answer_to_a_wrong_path_leads_to_the_right_one() -> None:
    lost = tells({"error": "Unexpected endpoint or method. (POST /api/chat/completions)"})
    paths = {"/api/chat/completions": lost, "/api/models": lost, "/api/v1/chat/completions": says("Hi.")}
    with Endpoint(paths=paths) as server:
        assert text(heard(model(f"{server.address}/api"))) == "Hi."


def test_a_connection_dropped_in_mid_word_keeps_the_text() -> None:
    with Endpoint(breaks_off("Lamps dim wh")) as server:
        items = heard(model(server.url))
    assert (text(items), finish(items).complete) == ("Lamps dim wh", False)


def test_a_server_that_takes_the_question_and_hangs_up_is_told_from_one_that_is_not_there() -> None:
    with Endpoint(lambda to: to.drop()) as server:
        assert "closed the connection too soon" in complaint(model(server.url)).message


def test_a_hanging_server_is_given_up_when_its_time_is_over() -> None:
    with Endpoint(hangs) as server:
        error = complaint(model(server.url, timeout_s=2), within_s=6)
    assert "RAG_TIMEOUT_S" in error.fix


def test_a_parameter_is_left_out_once_and_then_the_attempts_are_counted() -> None:
    refusal = openai.BadRequestError(
        "encoding_format is not supported",
        response=httpx.Response(400, request=httpx.Request("POST", "http://localhost/v1/embeddings")),
        body=None,
    )
    left_out: set[str] = set()
    retries = faults.Retries(left_out, loading_s=1)
    assert retries.after(refusal, ["encoding_format"]) == 0
    assert left_out == {"encoding_format"}
    assert retries.after(refusal, ["encoding_format"]) is None
