"""Every shape of reply is read alike: by the client, on the command line, in rewritten questions, and by the doctor."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from support.endpoint_server import Behaviour, Endpoint, delta, events, fails, says
from support.reply_shapes import BROKEN, HARMONY, NONE, READ, SAID, TOLD, of, streamed, whole, with_room, written

from rag.ask import main
from rag.doctor.model import Trial
from rag.endpoints.chat import EndpointModel
from rag.errors import EndpointError
from rag.events import Finish, Thought, Waiting, Withdrawn
from rag.questions import understand
from rag.settings import settings
from rag.types import Prompt, Turn

PROMPT = Prompt("Why?", (), "Be brief.", "Why do lamps dim?")
Asked = Callable[[Behaviour], tuple[int, Any, str]]
GRAPH = "How does GraphSAINT get around neighbor explosion when training GCNs on big graphs?"


def model(url: str, **more: object) -> EndpointModel:
    return EndpointModel(settings.Endpoint(url, "m", SecretStr("sk-0123456789")), settings.load(**more))


def heard(of: EndpointModel) -> tuple[str, str, Finish]:
    """The answer, the thoughts and the end of a reply."""
    text = thoughts = ""
    for item in of.stream(PROMPT):
        if isinstance(item, str):
            text += item
        elif isinstance(item, Thought):
            thoughts += item.text
        elif isinstance(item, Withdrawn):
            text, thoughts = "", thoughts + text
        elif isinstance(item, Finish):
            return text.strip(), thoughts.strip(), item
    raise AssertionError("a stream ends with a Finish")


@pytest.mark.parametrize("behaviour", READ.values(), ids=READ)
def test_the_answer_is_read_and_nothing_else(behaviour: Behaviour) -> None:
    with Endpoint(behaviour) as server:
        text, thoughts, finish = heard(model(server.url))
    assert text == TOLD
    assert finish.complete
    assert "<" not in thoughts
    assert TOLD not in thoughts


@pytest.mark.parametrize(("behaviour", "message"), NONE.values(), ids=NONE)
def test_a_reply_without_an_answer_is_one_sentence(behaviour: Behaviour, message: str) -> None:
    with Endpoint(behaviour, models=fails(404)) as server, pytest.raises(EndpointError) as caught:
        heard(model(server.url))
    assert message in caught.value.message
    assert caught.value.fix
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("behaviour", "why"), BROKEN.values(), ids=BROKEN)
def test_what_came_of_a_broken_reply_is_kept(behaviour: Behaviour, why: str) -> None:
    with Endpoint(behaviour) as server:
        text, _, finish = heard(model(server.url))
    assert text == "GraphSAINT samples"
    assert not finish.complete
    assert why in str(finish.reason)


@pytest.fixture
def ask(starter_home: Path, one_embedder: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """ask(behaviour) asks a question on the command line of a server: (exit code, JSON or None, standard error)."""
    monkeypatch.setenv("RAG_HOME", str(starter_home))

    def asked(behaviour: Behaviour):  # type: ignore[no-untyped-def]
        with Endpoint(behaviour, models=fails(404)) as server:
            code = main([GRAPH, "--base-url", server.url, "--model", "m", "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out.strip() else None, err

    return asked


@pytest.mark.parametrize("behaviour", READ.values(), ids=READ)
def test_the_command_line_gives_the_answer_and_its_claims(ask: Asked, behaviour: Behaviour) -> None:
    code, answer, _ = ask(behaviour)
    assert (code, answer["answer"]) == (0, TOLD)
    assert [claim["verdict"] for claim in answer["claims"]] == ["supported"]


@pytest.mark.parametrize(("behaviour", "message"), NONE.values(), ids=NONE)
def test_the_command_line_says_why_there_is_no_answer(ask: Asked, behaviour: Behaviour, message: str) -> None:
    code, answer, err = ask(behaviour)
    assert (code, answer) == (1, None)
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize("behaviour", READ.values(), ids=READ)
def test_the_doctor_is_answered(behaviour: Behaviour) -> None:
    with Endpoint(behaviour) as server:
        endpoint = settings.Endpoint(server.url, "m", None)
        held = settings.load()
        checks = {c.name: c for c in Trial(EndpointModel(endpoint, held), endpoint, held).checks(quick=True)}
    assert checks["answer"].ok
    assert TOLD[:40] in checks["answer"].message


@pytest.mark.parametrize(("behaviour", "message"), NONE.values(), ids=NONE)
def test_the_doctor_says_what_is_wrong(behaviour: Behaviour, message: str) -> None:
    with Endpoint(behaviour, models=fails(404)) as server:
        endpoint = settings.Endpoint(server.url, "m", None)
        held = settings.load()
        checks = list(Trial(EndpointModel(endpoint, held), endpoint, held).checks(quick=True))
    [failed] = [check for check in checks if check.ok is False]
    assert message in failed.message


@pytest.mark.parametrize("shape", ["think", "a lone closing tag", "harmony", "answer", "a fence of Markdown", "reasoning"])
def test_a_follow_up_is_searched_without_the_models_thoughts(shape: str) -> None:
    question = "How does GraphSAINT sample graphs?"
    replies = {
        "think": written(f"<think>{SAID}</think>{question}"),
        "a lone closing tag": written(f"{SAID}\n</think>\n{question}"),
        "harmony": written(HARMONY.format(SAID, question)),
        "answer": written(f"<answer>{question}</answer>"),
        "a fence of Markdown": written(f"```markdown\n{question}\n```"),
        "reasoning": streamed(of(reasoning=SAID), delta(question)),
    }
    with Endpoint(replies[shape]) as server:
        history = [Turn("user", "What is GraphSAINT?"), Turn("assistant", "A way to sample graphs [1].")]
        assert understand.standalone("How does it do that?", history, model(server.url)) == question


# -- thinking --------------------------------------------------------------------------------------------------------------


def test_a_server_whose_prompt_opens_the_thoughts_is_known_after_one_reply() -> None:
    with Endpoint(READ["a lone closing tag"]) as server:
        asked = model(server.url)
        assert any(isinstance(item, Withdrawn) for item in list(asked.stream(PROMPT)))
        again = list(asked.stream(PROMPT))
    assert not any(isinstance(item, Withdrawn) for item in again)
    assert "".join(item for item in again if isinstance(item, str)).strip() == TOLD
    assert any(isinstance(item, Thought) for item in again)


def test_a_model_that_stops_closing_its_thoughts_is_heard_all_the_same() -> None:
    with Endpoint(READ["a lone closing tag"], written(TOLD)) as server:
        asked = model(server.url)
        heard(asked)
        assert heard(asked)[0] == TOLD
        assert heard(asked)[:2] == (TOLD, "")


def test_thinking_has_room_of_its_own_from_then_on_and_the_answer_has_not() -> None:
    thinks = with_room(1500, {"reasoning": SAID})
    long = says(*(f"Fact {n} of GraphSAINT is told in the abstract [1]. " for n in range(400)))
    with Endpoint(thinks, thinks, long) as server:
        asked = model(server.url, max_answer_tokens=300)
        assert heard(asked)[0] == TOLD
        text, _, finish = heard(asked)
    assert [chat.body["max_tokens"] for chat in server.chats] == [300, 2400, 2400]
    assert not finish.complete
    assert "length limit" in str(finish.reason)
    assert len(text) < 300 * 8


def test_thinking_gets_no_more_than_the_window_has() -> None:
    with Endpoint(with_room(10**9, {"reasoning": SAID})) as server, pytest.raises(EndpointError, match="RAG_CONTEXT_WINDOW"):
        heard(model(server.url, max_answer_tokens=300, context_window=1024))
    assert server.chats[0].body["max_tokens"] == 256
    assert max(chat.body["max_tokens"] for chat in server.chats) < 1024


def test_text_that_came_is_not_asked_for_again() -> None:
    with Endpoint(streamed(of(reasoning=SAID), delta("GraphSAINT samples"), finish="length")) as server:
        text, _, finish = heard(model(server.url))
    assert (text, finish.complete, len(server.chats)) == ("GraphSAINT samples", False, 1)


def test_an_answer_in_the_field_of_thoughts_is_one_and_is_told_of_once() -> None:
    with Endpoint(streamed(of(reasoning=TOLD))) as server:
        asked = model(server.url)
        text, _, finish = heard(asked)
        again = heard(asked)
    assert (text, finish.complete) == (TOLD, True)
    assert "field of the thoughts" in finish.notes[0]
    assert (again[0], again[2].notes) == (TOLD, ())


def test_the_effort_of_thinking_is_passed_on_where_the_server_takes_it() -> None:
    with Endpoint(written(TOLD)) as server:
        heard(model(server.url, reasoning_effort="low"))
        heard(model(server.url))
    assert [chat.body.get("reasoning_effort") for chat in server.chats] == ["low", None]
    with Endpoint(fails(400, "Unrecognized request argument supplied: reasoning_effort"), written(TOLD)) as server:
        assert heard(model(server.url, reasoning_effort="low"))[0] == TOLD
    assert [chat.body.get("reasoning_effort") for chat in server.chats] == ["low", None]


# -- refusals and halves ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behaviour",
    [streamed(of(refusal="I cannot help "), of(refusal="with that.")), whole(content=None, refusal="I cannot help with that.")],
)
def test_a_refusal_of_the_model_is_a_refusal(behaviour: Behaviour, ask: Asked) -> None:
    code, answer, _ = ask(behaviour)
    assert code == 3
    assert (answer["answer"], answer["refused"]) == ("I cannot help with that.", True)
    assert answer["refusal_reason"] == "The model refused to answer."


def test_halves_of_characters_are_put_together_or_replaced() -> None:
    halves = [json.dumps(delta("Lamp")).replace("Lamp", half) for half in ("\\ud83d", "\\ude00 dims \\ud83d.")]
    with Endpoint(events(*halves, delta(None, "stop"), "[DONE]")) as server:
        assert heard(model(server.url))[0] == "\U0001f600 dims \ufffd."


def test_bytes_that_are_no_utf_8_cost_a_character_only() -> None:
    def behave(to) -> None:  # type: ignore[no-untyped-def]
        to.start()
        to.raw(b'data: {"choices": [{"delta": {"content": "Lamps \xff\xfe dim."}, "finish_reason": "stop"}]}\n\n')
        to.end()

    with Endpoint(behave) as server:
        assert heard(model(server.url))[0] == "Lamps \ufffd\ufffd dim."


def test_waiting_is_told_while_a_server_loads_its_model() -> None:
    loading = fails(503, "Loading model")
    with Endpoint(loading, loading, loading, loading, written(TOLD)) as server:
        items = list(model(server.url).stream(PROMPT))
    assert "".join(item for item in items if isinstance(item, str)).strip() == TOLD
    assert sum(isinstance(item, Waiting) for item in items) >= 3
