"""The chat's endpoints for programs, asked of a real server on this machine by Gradio's own client and over plain HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from support.endpoint_server import Endpoint, Exchange, says

from rag.assistant import Assistant
from rag.index.minilm import MiniLM
from rag.output import render
from rag.settings.settings import load
from rag.types import Filters
from ui.chat.page import build, launch_options

QUESTION = "How does GraphSAINT build its minibatches?"


@pytest.fixture(scope="module")
def url(assistant: Assistant) -> Iterator[str]:
    page = build(assistant)
    _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, **launch_options())
    yield url
    page.close()


@pytest.fixture(scope="module")
def client(url: str) -> Client:
    return Client(url, verbose=False)


def posted(url: str, name: str, **parameters: object) -> tuple[str, Any]:
    """What curl gets: (event, data) of a call by names."""
    call = f"{url}gradio_api/call/v2/{name}"
    event_id = httpx.post(call, json=parameters, timeout=60).json()["event_id"]
    lines = httpx.get(f"{call}/{event_id}", timeout=60).text.splitlines()
    at = max(n for n, line in enumerate(lines) if line.startswith("event: "))
    return lines[at].removeprefix("event: "), json.loads(lines[at + 1].removeprefix("data: "))


def test_ask_gives_the_contract_of_an_answer(client: Client, assistant: Assistant) -> None:
    told = client.predict(QUESTION, api_name="/ask")
    wanted = json.loads(render.to_json(assistant.ask(QUESTION)))
    assert told.keys() == wanted.keys()
    changing = ("id", "timings")
    assert {k: v for k, v in told.items() if k not in changing} == {k: v for k, v in wanted.items() if k not in changing}


@pytest.mark.parametrize("parameters", [{"question": "graph", "yeer": 2024}, {"year": 2024}])
def test_a_wrong_or_missing_parameter_is_told_in_a_sentence(
    url: str, parameters: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    told = httpx.post(f"{url}gradio_api/call/v2/search", json=parameters, timeout=60)
    assert told.status_code == 400
    assert told.text == "A parameter is missing, unknown or of a wrong kind; /gradio_api/info lists them."
    assert httpx.get(f"{url}gradio_api/info", timeout=60).json()["named_endpoints"].keys() == {"/ask", "/search", "/verify"}
    assert "Traceback" not in capfd.readouterr().err


def test_ask_takes_filters_and_k_by_name(client: Client) -> None:
    told = client.predict(QUESTION, k=2, since="2024", min_authors=3, api_name="/ask")
    assert len(told["sources"]) == 2
    assert all(source["published"] >= "2024" for source in told["sources"])
    assert (told["filters"]["since"], told["filters"]["min_authors"]) == ("2024", 3)
    assert told["warnings"][0] == "500 papers have no date and were left out."


def test_search_lists_papers_with_what_the_filters_left_out(client: Client, assistant: Assistant) -> None:
    told = client.predict("graphs", k=3, year=2024, api_name="/search")
    hits = assistant.search("graphs", 3, Filters(year=2024))
    assert told["hits"] == [render.hit_to_dict(n, hit) for n, hit in enumerate(hits, 1)]
    assert told["warnings"] == ["500 papers have no date and were left out."]
    empty = client.predict("graphs", title="zebra", api_name="/search")
    assert (empty["hits"], empty["warnings"]) == ([], ["No paper of the 574 has “zebra” in the title."])


def test_selected_papers_are_a_filter_like_the_others(client: Client) -> None:
    selected = [hit["paper_id"] for hit in client.predict("graphs", k=3, api_name="/search")["hits"]]
    told = client.predict(QUESTION, papers=selected[1:], api_name="/search")
    assert {hit["paper_id"] for hit in told["hits"]} == set(selected[1:])
    assert client.predict(QUESTION, papers=selected, api_name="/ask")["filters"]["papers"] == selected


def test_plain_http_gets_the_same_by_the_names_of_the_parameters(url: str) -> None:
    event, [told] = posted(url, "search", question="graphs", k=2, title="graph")
    assert (event, len(told["hits"])) == ("complete", 2)
    assert all("graph" in hit["title"].lower() for hit in told["hits"])


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"question": " "}, "The question is empty."),
        ({"question": 5}, "The value of question is 5."),
        ({"question": QUESTION, "since": "soon"}, "“soon” is not a date."),
        ({"question": QUESTION, "since": "2025", "until": "2024"}, "The papers cannot be both from 2025 on and up to 2024."),
        ({"question": QUESTION, "source": "nosuch"}, "No source has “nosuch” in its name; there is only starter."),
        ({"question": QUESTION, "year": "2024"}, 'The value of year is "2024".'),
        ({"question": QUESTION, "papers": ["nosuch"]}, "The library has no paper with the id “nosuch”."),
        ({"question": QUESTION, "papers": "nosuch"}, 'The value of papers is "nosuch". Give a list of texts.'),
        ({"question": QUESTION, "k": 0}, "The value of k is 0."),
    ],
)
def test_a_wrong_call_gets_one_sentence(url: str, parameters: dict[str, object], told: str) -> None:
    for name in ("ask", "search"):
        event, data = posted(url, name, **parameters)
        assert event == "error"
        assert data["error"].startswith(told)
        assert "Traceback" not in data["error"]


def test_the_client_raises_the_sentence(client: Client) -> None:
    with pytest.raises(AppError, match="“soon” is not a date"):
        client.predict(QUESTION, until="soon", api_name="/ask")


def test_verify_holds_statements_against_given_sources(url: str) -> None:
    lamps = {"title": "LanternNet", "abstract": "LanternNet dims 340 lamps by learning from footsteps."}
    text = "LanternNet dims 340 lamps [1]. LanternNet dims 510 lamps [1]."
    event, [told] = posted(url, "verify", text=text, sources=[lamps])
    assert event == "complete"
    assert [claim["verdict"] for claim in told["claims"]] == ["supported", "contradicted"]
    assert told["claims"][0]["evidence"][0]["sentence"] == lamps["abstract"]
    assert [source["title"] for source in told["sources"]] == ["LanternNet"]


def test_verify_finds_the_papers_of_statements_without_sources(client: Client) -> None:
    text = "GraphSAINT samples the training graph to make minibatches. Whales sing at night in the sea."
    told = client.predict(text, api_name="/verify")
    assert [claim["verdict"] for claim in told["claims"]] == ["supported", "uncited"]
    assert [text[claim["start"] : claim["end"]] for claim in told["claims"]] == [claim["text"] for claim in told["claims"]]
    [n] = told["claims"][0]["added"]
    assert next(s for s in told["sources"] if s["n"] == n)["title"].startswith("GraphSAINT")
    dated = client.predict(text, since="2024", api_name="/verify")
    assert "supported" not in {claim["verdict"] for claim in dated["claims"]}  # that paper has no date


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"text": " "}, "The text is empty."),
        ({"text": "x" * 20_001}, "The text has 20001 characters, more than 20000."),
        (
            {"text": "x", "sources": [{"title": "x"}]},
            'The value of sources is [{"title": "x"}]. Give a list of at most 50 objects',
        ),
        ({"text": "x", "sources": [{"abstract": "x"}] * 51}, "The value of sources is"),
        ({"text": "x", "source": "nosuch"}, "No source has “nosuch” in its name"),
    ],
)
def test_a_wrong_call_of_verify_gets_one_sentence(url: str, parameters: dict[str, object], told: str) -> None:
    event, data = posted(url, "verify", **parameters)
    assert event == "error"
    assert data["error"].startswith(told)


def test_only_the_three_endpoints_are_public(client: Client) -> None:
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/ask", "/search", "/verify"}


def test_questions_are_answered_beside_each_other(starter_home: Path, embedder: MiniLM) -> None:
    """A model that takes a second keeps nobody waiting for another's answer."""

    def slow(to: Exchange) -> None:
        to.stopped.wait(1)
        says("GraphSAINT samples the training graph itself [1].")(to)

    with Endpoint(slow) as server:
        page = build(Assistant(load(home=starter_home, base_url=server.url, model="m"), embedder=embedder))
        _, url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, **launch_options())
        chats = [Client(url, verbose=False) for _ in range(6)]
        began = time.monotonic()
        chats[0].predict(QUESTION, api_name="/ask")
        alone = time.monotonic() - began
        began = time.monotonic()
        answers = [job.result() for job in [chat.submit(QUESTION, api_name="/ask") for chat in chats]]
        together = time.monotonic() - began
        page.close()
    assert all(answer["complete"] and answer["mode"] == "model" for answer in answers)
    assert together < 6 * alone / 2
