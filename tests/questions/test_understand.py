"""What is asked, with a model's help: only where rules are unsure, and never taken at its word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.endpoint_server import Endpoint, fails, says
from support.factories import QueueModel

from evals import case_files
from rag.assistant import Assistant
from rag.collection.query import Query
from rag.errors import EndpointError
from rag.index.minilm import MiniLM
from rag.questions import understand
from rag.settings.settings import load
from rag.types import Turn

ASKED = "Roughly what is the overall number of articles touching on speech since 2022?"


def told(**fields: object) -> str:
    return json.dumps({"want": "count", **fields})


@pytest.mark.parametrize(
    ("question", "reply", "query"),
    [
        (ASKED, told(about="speech", since="2022"), Query("count", about="speech", since="2022")),
        (ASKED, f"```json\n{told(about='speech', since='2022')}\n```", Query("count", about="speech", since="2022")),
        (
            "I wonder what the number of articles after 2022 is that mention ImageNet.",
            told(mention="ImageNet", since="2023"),
            Query("count", mention="ImageNet", since="2023"),
        ),
        (
            "I want the 4 latest things published, papers on agents",
            told(want="newest", about="agents", most=4),
            Query("newest", about="agents", most=4),
        ),
    ],
)
def test_a_reading_that_has_all_of_the_question_is_taken(question: str, reply: str, query: Query) -> None:
    assert understand.about_collection(question, QueueModel(reply)) == query


@pytest.mark.parametrize(
    "reply",
    [
        "NONE",
        "",
        "There are 12 papers.",
        "[]",
        "{",
        told(),  # leaves out the topic
        told(about="speech"),  # leaves out the year
        told(about="speech", since="2010"),  # another year
        told(about="speech", since="2022-13"),
        told(about="speech", since="in 2022"),
        told(about="speech recognition", since="2022"),  # adds a word
        told(about="speech", since="2022", months=3),  # adds a narrowing
        told(about="speech", since="2022", limit=3),  # no such field
        told(about="speech", since=2022),
        told(about="speech", since="2022", source="arXiv"),
        told(want="list", about="speech", since="2022"),  # not what is asked for
        told(want="newest", about="speech", since="2022"),
        told(want="authors", title="speech", since="2022"),
        told(want="delete", about="speech", since="2022"),
        told(about="speech", since="2022", most=-1),
    ],
)
def test_a_reading_in_doubt_is_dropped(reply: str) -> None:
    assert understand.about_collection(ASKED, QueueModel(reply)) is None


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("How many papers on speech beat Whisper?", told(about="speech")),
        ("How many papers did the reviewers of the benchmark read?", told()),
        ("How many papers have fewer than 3 figures?", told()),
    ],
)
def test_a_reading_that_leaves_out_what_papers_do_is_dropped(question: str, reply: str) -> None:
    assert understand.about_collection(question, QueueModel(reply)) is None


def test_a_clear_question_and_an_ordinary_one_cost_no_request() -> None:
    model = QueueModel()
    assert understand.about_collection("How many papers mention LoRA?", model) == Query("count", mention="LoRA")
    assert (
        understand.standalone("How many papers are there?", [Turn("user", "What is CHASE?")], model)
        == "How many papers are there?"
    )
    for case in case_files.load():
        assert understand.about_collection(case.question, model) is None
    assert model.prompts == []


def test_a_negated_question_is_not_asked_of_the_model() -> None:
    model = QueueModel()
    assert understand.about_collection("What is the overall number of papers that do not mention LoRA?", model) is None
    assert model.prompts == []


def test_a_model_behind_an_endpoint_reads_the_question_and_the_library_answers(starter_home: Path, embedder: MiniLM) -> None:
    with Endpoint(says(told(about="speech", since="2022"))) as server:
        settings = load(home=starter_home, model="m", base_url=server.url)
        answer = Assistant(settings, embedder=embedder).ask(ASKED)
    [request] = server.chats
    assert ASKED in request.body["messages"][-1]["content"]
    assert (answer.mode, answer.refused) == ("corpus", False)
    assert "from 2022 on that mention" in answer.answer


def test_where_the_model_is_in_doubt_it_is_asked_the_question_itself(starter_home: Path, embedder: MiniLM) -> None:
    with Endpoint(says("NONE"), says("Speech is long [1].")) as server:
        settings = load(home=starter_home, model="m", base_url=server.url)
        answer = Assistant(settings, embedder=embedder).ask(ASKED, force=True)
    assert len(server.chats) == 2
    assert (answer.mode, answer.answer, answer.records) == ("model", "Speech is long [1].", ())


def test_an_endpoint_that_fails_is_told(starter_home: Path, embedder: MiniLM) -> None:
    with Endpoint(fails(400)) as server:
        settings = load(home=starter_home, model="m", base_url=server.url)
        with pytest.raises(EndpointError):
            Assistant(settings, embedder=embedder).ask(ASKED)
