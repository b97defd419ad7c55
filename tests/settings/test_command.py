"""python -m rag.settings: what is in force, where it is from, and that nothing of a key is ever shown."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from support.judging import SCORE

from rag.errors import UsageError
from rag.settings.__main__ import main
from rag.settings.judge_scores import FILE, keep
from rag.settings.mask import is_secret, shown_address, shown_options
from rag.settings.settings import load, profiles, resolve

ROOT = Path(__file__).resolve().parents[2]
SERVER = "http://models.example:8000/v1"
# With every kind of character that an encoding changes; nothing else in the output may hold a piece of it.
KEY = "Zq9$W/7+vX?u&Kj=3 ßYp".encode("ascii", "replace").decode()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder that RAG_HOME names (conftest sets it), made."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


Shown = tuple[int, str, str]


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> Shown:
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def rows(out: str) -> dict[str, tuple[str, str]]:
    """Return (value, origin) by name, of the table above the empty line."""
    table = [line.split(None, 2) for line in out.partition("\n\n")[0].splitlines()]
    return {name: (value, origin) for name, value, origin in table}


def test_without_any_settings_it_says_that_no_model_is_asked(show: Any) -> None:
    code, out, err = show()
    assert (code, err) == (0, "")
    assert "no model: answers are quoted" in out
    assert "embedder: the bundled MiniLM" in out
    assert "no profiles" in out
    assert rows(out)["k"] == ("6", "default")
    assert rows(out)["home"][1] == "environment RAG_HOME"


def test_each_value_has_its_origin(show: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "rag.toml").write_text(f'timeout_s = 7\n[models.own]\nbase_url = "{SERVER}"\nmodel = "m"\n')
    Path("rag.toml").write_text('profile = "own"\nk = 4\n')
    monkeypatch.setenv("RAG_VERIFY", "model")
    monkeypatch.setenv("RAG_API_KEY", "0123456789")
    _, out, _ = show()
    assert rows(out)["timeout_s"] == ("7.0", str(home / "rag.toml"))
    assert rows(out)["base_url"] == (SERVER, f"{home / 'rag.toml'} [models.own]")
    assert rows(out)["k"] == ("4", str(Path("rag.toml").absolute()))
    assert rows(out)["verify"] == ("model", "environment RAG_VERIFY")
    assert "set, 10 characters" in out
    assert "model: m at models.example, with the key of RAG_API_KEY" in out
    assert "profile own, chosen: m at models.example" in out
    _, out, _ = show("--profile", "own")
    assert rows(out)["profile"] == ("own", "flag --profile")
    assert "model: m at models.example, without a key" in out
    assert "not sent: the key of environment RAG_API_KEY" in out


def test_what_the_openai_variables_add_is_told(show: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", SERVER)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert rows(show()[1])["base_url"] == ("-", "default")
    _, out, _ = show("--model", "m")
    assert rows(out)["base_url"] == (SERVER, "OPENAI_BASE_URL")
    assert "model: m at models.example, with the key of OPENAI_API_KEY" in out
    _, out, _ = show("--base-url", SERVER, "--api-key-env", "OPENAI_API_KEY")
    assert "model: the only one at models.example, with the key of OPENAI_API_KEY" in out


def test_json_says_the_same(show: Any, home: Path) -> None:
    (home / "rag.toml").write_text(
        'model = "llamaindex:a.b:C"\nembed_model = "e"\nembed_base_url = "http://e.example"\n[models.p]\nmodel = "m"\n'
    )
    code, out, _ = show("--json")
    told = json.loads(out)
    assert code == 0
    assert told["settings"]["embed_model"] == {"value": "e", "origin": str(home / "rag.toml")}
    assert told["model"] == {"class": "a.b:C"}
    assert told["embedder"] == {"model": "e", "host": "e.example", "key": None}
    assert (told["reranker"], told["unsent"], told["problems"]) == (None, [], [])
    assert told["profiles"]["p"]["host"] == "api.openai.com"


def test_a_model_that_cannot_be_asked_is_told_beside_the_settings(show: Any) -> None:
    code, out, err = show("--model", "gpt-x")
    assert code == 2
    assert rows(out)["model"] == ("gpt-x", "flag --model")
    assert "no model" not in out
    assert "gpt-x" in err
    assert err.count("\n") == 1


def test_the_command_ends_a_broken_rag_toml_in_one_sentence(home: Path) -> None:
    (home / "rag.toml").write_text(f'api_key = "{KEY}" oops\n')
    environment = {**os.environ, "RAG_HOME": str(home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "rag.settings"],
        capture_output=True,
        text=True,
        env=environment,
        cwd=home.parent,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert str(home / "rag.toml") in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert KEY not in done.stderr


# -- secrets -------------------------------------------------------------------------------------------------------------


def forms(key: str) -> set[str]:
    """Return what `key` looks like raw and encoded; of base64 the middle, which neighbours do not change, at each offset."""
    raw = key.encode()
    coded = {base64.b64encode(b"x" * shift + raw).decode()[4:-4] for shift in range(3)}
    safe = {base64.urlsafe_b64encode(b"x" * shift + raw).decode()[4:-4] for shift in range(3)}
    return {key, quote(key), quote(key, safe=""), json.dumps(key)[1:-1], repr(key)[1:-1], key[:6], key[-6:], *coded, *safe}


def test_a_key_set_in_every_possible_way_is_never_shown(show: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    password = quote(KEY, safe="")
    address = f"http://me:{password}@models.example/v1?key={password}"
    options = {"api_key": KEY, "deep": [{"password": KEY, "api_base": address}], "headers": {"Authorization": f"Bearer {KEY}"}}
    table = f"options = {{ api_key = '{KEY}', deep = {{ access_token = '{KEY}' }} }}"
    keys = f"api_key = '{KEY}'\nbase_url = '{address}'\n"
    (home / "rag.toml").write_text(
        f"{keys}embed_api_key = '{KEY}'\nembed_base_url = '{address}'\n[models.plain]\n{keys}"
        f"[models.agent]\nmodel = 'llamaindex:a.b:C'\n{table}\n[models.misread]\nbase_url = '{SERVER}'\napi_key_env = '{KEY}'\n"
    )
    Path("rag.toml").write_text(f"[models.here]\n{keys}")
    shown, names = [repr(profiles())], sorted(profiles())
    assert names == ["agent", "here", "misread", "plain"]

    def take() -> None:
        for flags in ({}, *({"profile": name} for name in names), {"base_url": f"http://me:{KEY}@models.example"}):
            arguments = [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]
            shown.extend([*show(*arguments)[1:], *show("--json", *arguments)[1:]])
            try:
                settings, chosen = resolve(**flags)
                dumped = settings.model_dump()
                shown.extend(
                    [repr(settings), str(settings), settings.model_dump_json(), repr(dumped), str(dumped), repr(chosen)]
                )
                shown.extend(repr(part) for part in (settings.model_options, settings.embed_endpoint, settings.endpoint))
            except UsageError as error:
                shown.extend([str(error), repr(error), str(error.__context__), repr(error.__context__)])

    take()
    for name in ("RAG_API_KEY", "RAG_EMBED_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, KEY)
    take()
    for name in ("RAG_BASE_URL", "RAG_EMBED_BASE_URL", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, address)
    for name in ("RAG_MODEL_OPTIONS", "RAG_EMBED_OPTIONS", "RAG_RERANKER_OPTIONS"):
        monkeypatch.setenv(name, json.dumps(options))
    take()
    for name in ("RAG_API_KEY_ENV", "RAG_EMBED_API_KEY_ENV"):
        monkeypatch.setenv(name, KEY)
    take()
    for name in ("RAG_BASE_URL", "RAG_EMBED_BASE_URL", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, f"http//me:{KEY}@models.example:port")
    for name in ("RAG_MODEL_OPTIONS", "RAG_K"):
        monkeypatch.setenv(name, f'{{"api_key": "{KEY}"')
    take()
    text = "\n".join(shown)
    assert "models.example" in text
    assert [form for form in forms(KEY) if form in text] == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (SERVER, SERVER),
        ("http://u:p@host/v1", "http://***@host/v1"),
        ("http://u:p/q@host/v1", "http://***@host/v1"),
        ("http://u:p?q@host/v1", "http://***"),
        ("http://host/v1?key=secret", "http://host/v1?***"),
        ("http://host/v1#secret", "http://host/v1#***"),
        ("u:p@host", "***@host"),
        ("u:p://q@host", "***@host"),
        ("//u:p@host", "***@host"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert shown_address(url) == shown


def test_options_are_hidden_by_their_names_only() -> None:
    plain = {"max_tokens": 5, "tokenizer": "t", "keyword": "k"}
    options = {**plain, "API_KEY": "a", "access_token": "b", "list": [{"password": "c"}]}
    hidden = {"API_KEY": "***", "access_token": "***", "list": [{"password": "***"}]}
    assert shown_options(options) == {**plain, **hidden}


@pytest.mark.parametrize(
    "name", ["api_key", "APIKEY", "hf_token", "token", "client_secret", "passwd", "credentials", "Authorization"]
)
def test_a_name_of_a_secret_is_known_as_one(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["max_tokens", "tokenizer_name", "keyword", "model", "author"])
def test_a_name_of_no_secret_is_not_taken_for_one(name: str) -> None:
    assert not is_secret(name)


def test_options_reach_their_class_as_they_were_set(home: Path) -> None:
    (home / "rag.toml").write_text(f"model = 'llamaindex:a.b:C'\n[model_options]\napi_key = '{KEY}'\n")
    assert load().model_options["api_key"] == KEY


def test_the_judge_and_what_is_known_of_judges_is_told(show: Any, home: Path) -> None:
    (home / "rag.toml").write_text(
        f'[models.own]\nbase_url = "{SERVER}"\nmodel = "m"\njudge = "big"\n[models.big]\nmodel = "b"\n'
    )
    assert "judge:" not in show()[1]
    assert "\njudge: the model that answers, once it has shown that it can\n" in show("--base-url", SERVER)[1]
    keep(home, SCORE)
    keep(home, replace(SCORE, model="weak", passed=3))
    keep(home, replace(SCORE, model="old", trial="of last year"))
    out = show("--profile", "own")[1]
    assert "\njudge: the profile big, once it has shown that it can\n" in out
    assert "\ntested as a judge, and may judge: m-7b at localhost: 20 of 24 false statements caught" in out
    assert "\ntested as a judge, and may not judge: weak at localhost: " in out
    assert "\ntested as a judge, and may not judge: old at localhost: " in out
    assert "test it again" in next(line for line in out.splitlines() if "old at" in line)
    told = json.loads(show("--json")[1])["judges"]
    assert [(one["model"], one["may_judge"]) for one in told] == [("m-7b", True), ("weak", False), ("old", False)]


def test_a_broken_file_of_scores_is_a_warning(show: Any, home: Path) -> None:
    (home / FILE).write_text("{")
    code, _, err = show()
    assert code == 0
    assert err.startswith(f"warning: {home / FILE} is ignored")


def test_nobody_judges_where_it_is_off(show: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_VERIFY", "off")
    assert "\njudge: none\n" in show("--base-url", SERVER)[1]
