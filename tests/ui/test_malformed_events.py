"""Events that no page sends: without values, without what was clicked, with too few inputs. None prints a traceback."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import pytest
from support.chat_page import shut

from rag.assistant import Assistant
from rag.index.minilm import MiniLM
from rag.settings.settings import load
from ui.chat.page import build, launch_options

SESSION = "malformed"


@pytest.fixture
def page(own_home: object, embedder: MiniLM) -> Iterator[gr.Blocks]:
    page = build(Assistant(load(no_model=True), embedder=embedder))
    page.launch(server_name="127.0.0.1", prevent_thread_lock=True, **launch_options())
    yield page
    shut(page)


@pytest.fixture
def http(page: gr.Blocks) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=str(page.local_url), timeout=60) as client:
        yield client


def ended(http: httpx.Client, events: int) -> list[dict[str, Any]]:
    """Return what is said at the end of each of the events that were sent."""
    said: list[dict[str, Any]] = []
    with http.stream("GET", "/gradio_api/queue/data", params={"session_hash": SESSION}) as stream:
        for line in stream.iter_lines():
            message = json.loads(line.removeprefix("data:")) if line else {}
            said += [message["output"]] if message.get("msg") == "process_completed" else []
            if len(said) == events:
                break
    return said


def test_events_of_nothing_end_without_a_traceback(
    page: gr.Blocks, http: httpx.Client, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    sent = 0
    for index, function in page.fns.items():
        if function.fn is None:
            continue
        body = {"fn_index": index, "data": [None] * len(function.inputs), "session_hash": SESSION, "event_data": {}}
        with caplog.at_level(logging.WARNING):
            sent += http.post("/gradio_api/queue/join", json=body).status_code == 200
    told = [output["error"] for output in ended(http, sent) if "error" in output]
    assert sent > 50
    assert "This cannot be done (AttributeError). Load the page again." in told
    assert not [error for error in told if error and "\n" in error]
    assert "An event of the page failed: " in caplog.text
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("data", [None, [], {}, "x", [None]])
def test_too_few_inputs_are_refused_in_a_sentence(
    page: gr.Blocks, http: httpx.Client, data: object, capfd: pytest.CaptureFixture[str]
) -> None:
    index = next(index for index, function in page.fns.items() if function.fn and len(function.inputs) > 4)
    refused = http.post("/gradio_api/queue/join", json={"fn_index": index, "data": data, "session_hash": SESSION})
    assert refused.status_code == 422
    assert refused.text.startswith('"data" has to be a list of ')
    assert "Traceback" not in "".join(capfd.readouterr())
