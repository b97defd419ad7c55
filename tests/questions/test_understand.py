"""What is asked: a follow-up is rewritten by a model where there is one, and a question of records never costs a request."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.endpoint_server import Endpoint, fails
from support.factories import QueueModel

from rag.assistant import Assistant
from rag.collection.query import Query
from rag.errors import EndpointError
from rag.index.minilm import MiniLM
from rag.questions import understand
from rag.settings.settings import load
from rag.types import Turn


def test_a_question_of_records_is_read_by_rules_or_else_by_its_meaning() -> None:
    strict, by_rules = understand.about_collection("How many papers mention LoRA?")
    assert (strict[0], by_rules) == (Query("count", mention="LoRA"), True)
    [query], by_rules = understand.about_collection("who is behind the tundra methane paper?")
    assert (query.want, query.title, by_rules) == ("authors", "tundra methane", False)
    assert understand.about_collection("How does LoRA save memory?") == ((), False)


def test_a_follow_up_is_read_by_rules_only() -> None:
    joined = "who wrote it? (about: How does LoRA save memory?)"
    assert understand.about_collection(joined) == ((), False)


def test_a_question_of_records_stands_alone_without_a_request() -> None:
    model = QueueModel()
    question = "How many papers are there?"
    assert understand.standalone(question, [Turn("user", "What is CHASE?")], model) == question
    assert model.prompts == []


def test_the_library_answers_from_its_records_and_the_model_is_not_asked(starter_home: Path, embedder: MiniLM) -> None:
    with Endpoint(fails(400)) as server:
        settings = load(home=starter_home, model="m", base_url=server.url)
        answer = Assistant(settings, embedder=embedder).ask(
            "what is the overall number of articles touching on speech since 2022?"
        )
    assert server.chats == []
    assert (answer.mode, answer.refused) == ("corpus", False)
    assert "from 2022 on that mention" in answer.answer


def test_what_no_record_tells_is_refused_and_not_answered_by_quotes(assistant: Assistant) -> None:
    answer = assistant.ask("how often was LoRA-Mini cited?")
    assert (answer.mode, answer.refused) == ("corpus", True)
    assert "cannot tell that" in str(answer.refusal_reason)


def test_an_endpoint_that_fails_is_told(starter_home: Path, embedder: MiniLM) -> None:
    with Endpoint(fails(400)) as server:
        settings = load(home=starter_home, model="m", base_url=server.url)
        with pytest.raises(EndpointError):
            Assistant(settings, embedder=embedder).ask("How does speech recognition cope with noise?")
