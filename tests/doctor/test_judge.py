"""python -m rag.doctor --judge: tests the model that judges, only when asked, and the plain doctor reports what is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.endpoint_server import Endpoint, fails, says
from support.judging import judges_rightly

from rag.doctor import judge
from rag.doctor.__main__ import main
from rag.doctor.machine import Skipped
from rag.errors import RagError
from rag.settings.judge_scores import FILE, read
from rag.settings.settings import load

KEY = "sk-of-the-judge-4711"


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with Endpoint(judges_rightly) as endpoint:
        yield endpoint


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAG_HOME", str(tmp_path / "judged"))
    return tmp_path / "judged"


def test_the_judge_is_tested_in_four_requests_and_its_score_is_kept(
    home: Path, server: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--judge", "--base-url", server.url, "--model", "m"]) == 0
    out = capsys.readouterr().out
    assert "ok  judge           m: 24 of 24 false statements caught, 24 of 24 true ones passed (" in out
    assert "4 requests, 3,600 tokens read" in out
    assert "It judges the answers." in out
    assert len(server.chats) == 4
    [score] = read(home)[0]
    assert (score.model, score.host, score.capable) == ("m", "127.0.0.1", True)
    assert judge.known(load(base_url=server.url, model="m")).startswith("m: 24 of 24 false statements caught")
    assert judge.known(load(base_url=server.url)).startswith("m: 24 of 24")  # the server's only model
    assert "as RAG_VERIFY is off" in judge.known(load(base_url=server.url, model="m", verify="off"))
    assert len(server.chats) == 4


def test_a_judge_under_the_bar_fails_with_what_to_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Endpoint(says("I cannot judge this.")) as weak:
        assert main(["--judge", "--base-url", weak.url, "--model", "m", "--json"]) == 1
        [*_, check] = json.loads(capsys.readouterr().out)["checks"]
        assert check["ok"] is False
        assert "m does not judge well enough: 0 of 24 false statements caught, 0 of 24 true ones passed" in check["told"]
        assert "A judge has to catch 75% and to pass 90%" in check["told"]
        assert "judge = " in check["fix"]
        assert "answers are checked by words" in judge.known(load(base_url=weak.url, model="m"))


def test_the_profile_that_judges_is_tested_with_its_own_key_and_named(
    home: Path, server: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    (home / "rag.toml").write_text(
        '[models.own]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "small"\njudge = "big"\n'
        f'[models.big]\nbase_url = "{server.url}"\nmodel = "large"\napi_key = "{KEY}"\n'
    )
    (home / "rag.toml").chmod(0o600)
    assert main(["--judge", "--profile", "own"]) == 0
    out = capsys.readouterr().out
    assert "answers to judge: to 127.0.0.1 (this machine), with the key in RAG_API_KEY" in out
    assert "large: 24 of 24" in out
    assert KEY not in out
    assert {request.headers.get("authorization") for request in server.chats} == {f"Bearer {KEY}"}


def test_an_endpoint_that_fails_is_told_without_the_key_and_leaves_no_score(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_API_KEY", KEY)
    with Endpoint(fails(400, f"bad key {KEY}")) as server:
        assert main(["--judge", "--base-url", server.url, "--model", "m"]) == 1
    out = capsys.readouterr().out
    assert "!!  judge" in out
    assert KEY not in out
    assert not (home / FILE).exists()


def test_without_a_model_there_is_nothing_to_test(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--judge"]) == 1
    assert "No model is configured, so none can judge." in capsys.readouterr().out
    with pytest.raises(Skipped, match="no model is configured"):
        judge.known(load())


def test_what_was_not_tested_is_said_with_the_command_and_nothing_is_asked(home: Path, server: Endpoint) -> None:
    with pytest.raises(Skipped, match=r"m was not tested as a judge\. To test it, .* run: python -m rag\.doctor --judge"):
        judge.known(load(base_url=server.url, model="m"))
    assert server.chats == []
    with pytest.raises(Skipped, match="cannot be asked"):
        judge.known(load(model="no-key"))


def test_a_broken_file_of_scores_is_a_failed_check(home: Path) -> None:
    home.mkdir()
    (home / FILE).write_text("[")
    with pytest.raises(RagError, match="cannot be read") as caught:
        judge.known(load())
    assert caught.value.fix == "Delete it, then run: python -m rag.doctor --judge"
