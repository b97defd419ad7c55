"""What is logged: each stage and each request with its time, no key, and nothing that was not asked for."""

from __future__ import annotations

import argparse
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from reference import COMMANDS, commands, parser
from support.endpoint_server import Endpoint, says

import rag
from rag import ask
from rag.assistant import Assistant
from rag.stages import stage

GRAPH = "How does GraphSAINT build its minibatches?"
REPLY = "GraphSAINT samples the training graph itself [1]."
KEY = "sk-sentinel-0123456789"
LINE = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ INFO (\S+) (.+)$", re.MULTILINE)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch, starter_home: Path) -> Iterator[Endpoint]:
    """A model endpoint with a password in its address, and a key for it."""
    with Endpoint(says(REPLY), says(REPLY)) as server:
        monkeypatch.setenv("RAG_HOME", str(starter_home))
        monkeypatch.setenv("RAG_BASE_URL", server.url.replace("http://", "http://ada:lovelace@"))
        monkeypatch.setenv("RAG_MODEL", "m")
        monkeypatch.setenv("RAG_API_KEY", KEY)
        yield server


def test_verbose_logs_stages_and_requests_without_any_key(endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask.main([GRAPH]) == 0
    plain = capsys.readouterr()
    assert not LINE.search(plain.err)
    assert ask.main([GRAPH, "--verbose"]) == 0
    verbose = capsys.readouterr()
    logged = LINE.findall(verbose.err)
    messages = [message for _, message in logged]
    for name in ("open the library", "understand the question", "retrieve", "write the prompt", "answer and check"):
        assert any(re.fullmatch(rf"{name}: \d+\.\d{{3}} s", message) for message in messages), name
    port = endpoint.url.rsplit(":", 1)[1].partition("/")[0]
    [request] = [message for message in messages if "/chat/" in message]
    assert re.fullmatch(rf"POST 127\.0\.0\.1:{port}/v1/chat/completions 200 \d+\.\d{{3}} s", request)
    assert all(name.startswith("rag.") for name, _ in logged)
    assert KEY not in verbose.err
    assert "lovelace" not in verbose.err
    numbers = re.compile(r"[\d.,]+ (?:s|tokens)\b")  # seconds, and tokens as estimated
    assert numbers.sub("", verbose.out) == numbers.sub("", plain.out)


def test_a_request_that_fails_is_logged_with_its_error(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint() as closed:
        monkeypatch.setenv("RAG_BASE_URL", closed.url)
    monkeypatch.setenv("RAG_LOG", "info")
    assert ask.main([GRAPH]) == 1
    err = capsys.readouterr().err
    assert re.search(r"POST 127\.0\.0\.1:\d+/v1/chat/completions ConnectError", err)
    assert re.search(r"answer and check: [\d.]+ s, then EndpointError", err)


def test_an_unknown_level_is_refused_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_LOG", "loud")
    assert ask.main([GRAPH]) == 2
    assert capsys.readouterr().err == "error: RAG_LOG is loud. Give debug, info, warning or error.\n"


def test_the_log_ends_with_the_command(endpoint: Endpoint) -> None:
    def states() -> list[tuple[list[logging.Handler], int]]:
        loggers = map(logging.getLogger, ("rag", "ui", "evals"))
        return [(list(logger.handlers), logger.level) for logger in loggers]

    before = states()
    ask.main([GRAPH, "--verbose"])
    assert states() == before


def test_the_library_logs_what_a_program_asks_for_and_prints_nothing(
    assistant: Assistant, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, logger=rag.__name__):
        assistant.ask(GRAPH)
    assert "retrieve" in caplog.text
    assert capfd.readouterr() == ("", "")


def test_a_stage_is_logged_when_its_generator_is_left(caplog: pytest.LogCaptureFixture) -> None:
    def pieces() -> Iterator[int]:
        with stage(logging.getLogger("rag.test"), "count"):
            yield 1
            yield 2

    with caplog.at_level(logging.INFO, logger="rag"):
        some = pieces()
        next(some)
        some.close()
    assert re.fullmatch(r"count: \d+\.\d{3} s", caplog.records[-1].message)


def verbose(of: argparse.ArgumentParser) -> bool:
    return any("--verbose" in action.option_strings for action in of._actions)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_the_option(command: str) -> None:
    whole = parser(command)
    assert all(map(verbose, commands(whole).values() or [whole]))
