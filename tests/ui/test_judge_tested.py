"""The chosen model is tested as a judge from the page, with one click and the result below it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from support.chat_page import serve
from support.endpoint_server import Endpoint, Exchange, fails
from support.homes import copy_home
from support.judging import judges_rightly

from rag.assistant import Assistant
from rag.index.minilm import MiniLM
from rag.settings.judge_scores import read
from rag.settings.settings import load
from ui.models import judging
from ui.models.choices import QUOTES, STARTED, Models
from ui.models.judging import Judging
from ui.models.servers import typed


@pytest.fixture
def home(starter_home: Path, tmp_path: Path) -> Path:
    copy_home(starter_home, tmp_path / "judged")
    return tmp_path / "judged"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the page tells in a corner."""
    messages: list[str] = []
    monkeypatch.setattr(judging.gr, "Warning", messages.append)
    return messages


@pytest.fixture
def models(home: Path, embedder: MiniLM) -> Callable[[Endpoint], Models]:
    return lambda server: Models(Assistant(load(home=home, base_url=server.url, model="m"), embedder=embedder))


def lines(updates: Iterator[Any]) -> list[str]:
    return [line for *_, line in updates]


def test_a_click_tests_the_model_and_the_result_stays(home: Path, tab: Page, models: Callable[[Endpoint], Models]) -> None:
    with Endpoint(judges_rightly) as server:
        for url in serve(models(server).started):
            tab.goto(url)
            tab.get_by_role("button", name="As a judge of answers").click()
            tab.get_by_role("button", name="Test as judge").click()
            line = tab.locator("#picker .judge")
            expect(line).to_contain_text("m judges well enough: 24 of 24 false statements caught, 24 of 24 true ones passed")
            assert len(server.chats) == 4
            tab.reload()
            tab.get_by_role("button", name="As a judge of answers").click()
            expect(line).to_contain_text("24 of 24 false statements caught")
            assert len(server.chats) == 4
    assert [score.model for score in read(home)[0]] == ["m"]


def test_the_line_says_what_is_under_way_and_what_failed(
    models: Callable[[Endpoint], Models], told: list[str], home: Path
) -> None:
    with Endpoint(fails(400, "out of memory")) as server:
        shown = lines(Judging(models(server)).tested(STARTED, None))
    assert shown[0] == '<p class="judge" role="status">Testing m…</p>'
    assert "m was not tested" in shown[1]
    [warning] = told
    assert "out of memory" in warning
    assert read(home)[0] == []


def test_one_judge_is_tested_at_a_time(models: Callable[[Endpoint], Models], told: list[str]) -> None:
    go_on = threading.Event()

    def waits(to: Exchange) -> None:
        go_on.wait(30)
        judges_rightly(to)

    with Endpoint(waits) as server:
        tests = Judging(models(server))
        first = tests.tested(STARTED, None)
        assert "Testing m" in next(first)[-1]
        assert "m was not tested" in lines(tests.tested(STARTED, None))[-1]
        assert told == ["A judge is being tested already. Wait until that is done."]
        go_on.set()
        assert "24 of 24" in lines(first)[-1]
        assert "24 of 24" in lines(tests.tested(STARTED, None))[-1]
        assert len(server.chats) == 8


def test_the_judge_of_a_profile_is_the_one_that_is_tested(home: Path, models: Callable[[Endpoint], Models]) -> None:
    with Endpoint(judges_rightly) as server:
        (home / "rag.toml").write_text(
            '[models.own]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "small"\njudge = "big"\n'
            f'[models.big]\nbase_url = "{server.url}"\nmodel = "large"\n'
        )
        tests = Judging(models(server))
        assert "24 of 24" in lines(tests.tested("own", None))[-1]
        assert [score.model for score in read(home)[0]] == ["large"]
        assert "24 of 24" in tests.known("big", None)[-1]
        assert "m was not tested" in tests.known(STARTED, None)[-1]


def test_there_is_no_button_for_quotes_and_for_an_endpoint_that_a_visitor_typed_in(
    models: Callable[[Endpoint], Models], home: Path
) -> None:
    with Endpoint(judges_rightly) as server:
        chosen = models(server)
        own = typed(server.url, "", chosen.started)
        own.look()
        for name, visitor in ((QUOTES, None), (chosen.typed_name(next(iter(own.listed()))), own)):
            update, _, line = Judging(chosen).known(name, visitor)
            assert (update["visible"], line) == (False, "")
            assert lines(Judging(chosen).tested(name, visitor)) == [""]
        assert server.chats == []
