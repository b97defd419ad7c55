"""The doctor: what is well is said to be, what is not comes with what to do, and no check ends the others."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support import factories
from support.endpoint_server import Behaviour, Endpoint, Exchange, delta, fails, hangs, page, says, tells, trickles, usage_of

from evals import scorecard
from evals.case_files import Case
from evals.metrics import is_grounded
from rag import ingestion
from rag.doctor import __main__, hosts, machine, score
from rag.doctor.machine import Check
from rag.doctor.model import Trial, long_prompt
from rag.endpoints import server as window
from rag.errors import LibraryError
from rag.events import Finish
from rag.index import generations
from rag.index.minilm import MiniLM
from rag.settings import settings
from rag.storage.library import Library
from rag.text import tokens

KEY = "sk-sentinel/+0123456789==&x"
STAGES = ["reachable", "path", "key", "model", "answer"]


@pytest.fixture
def home(embedder: MiniLM, model_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of one test, which has the embedder's graph and no library."""
    mine = tmp_path / "home"
    (mine / "models").mkdir(parents=True)
    for file in (model_home / "models").iterdir():
        (mine / "models" / file.name).hardlink_to(file)
    monkeypatch.setenv("RAG_HOME", str(mine))
    return mine


def examined(quick: bool = True, ports: dict[int, str] | None = None, **flags: object) -> dict[str, Check]:
    made_by = __main__.Examination(flags, quick=quick, ports=ports or {}, max_cases=2)
    return {check.name: check for check in made_by.checks()}


def tried(url: str, quick: bool = True, key: str | None = None, name: str | None = "m", **more: object) -> dict[str, Check]:
    from pydantic import SecretStr

    from rag.endpoints.chat import EndpointModel

    endpoint = settings.Endpoint(url, name, SecretStr(key) if key else None)
    held = settings.load(**more)
    return {c.name: c for c in Trial(EndpointModel(endpoint, held), endpoint, held).checks(quick=quick)}


def reads(most: int | None = None, text: str = "It samples subgraphs [1].") -> Behaviour:
    """Answer `text` in two pieces; count what was sent, or `most` of it."""

    def behave(to: Exchange) -> None:
        sent = sum(tokens.count(message["content"]) for message in to.request.body["messages"])
        to.start()
        for piece in (text[:4], text[4:]):
            to.event(delta(piece))
        to.event(delta(None, "stop"))
        to.event(usage_of(min(sent, most or sent)))
        to.event("[DONE]")
        to.end()

    return behave


def dead_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


# -- nothing configured --------------------------------------------------------------------------------------------------


def test_where_nothing_is_configured_all_is_well(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.report(__main__.Examination({}, quick=True, ports={}), as_json=False) == 0
    out = capsys.readouterr().out
    assert "no library yet: the first question reads the starter corpus" in out
    assert "questions and abstracts: to no host" in out
    assert "no model configured: answers are quoted" in out
    assert "RAG_BASE_URL=" in out
    assert not (home / "library.sqlite").exists()


def test_json_holds_every_check(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.report(__main__.Examination({}, quick=True, ports={}), as_json=True) == 0
    whole = json.loads(capsys.readouterr().out)
    assert all(check.keys() == {"name", "ok", "told", "fix"} for check in whole["checks"])
    assert {"python", "packages", "tokens", "home", "embedder", "library", "index", "model"} <= {
        c["name"] for c in whole["checks"]
    }
    assert (whole["ok"], whole["score"]) == (True, None)


def test_a_wrong_setting_is_one_failed_check(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_K", "many")
    found = examined()
    assert found["python"].ok
    assert found["settings"].ok is False
    assert "RAG_K" in found["settings"].fix
    assert found["the rest"].ok is None


def test_a_key_whose_variable_is_not_set_does_not_end_the_checks(home: Path) -> None:
    found = examined(base_url="http://localhost:1/v1", api_key_env="NOBODY_SET_THIS")
    assert found["sent to"].ok is False
    assert "NOBODY_SET_THIS" in found["sent to"].message
    assert "model" not in found


def test_a_variable_of_openai_that_is_not_used_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert examined()["OPENAI_API_KEY"] == Check("OPENAI_API_KEY", True, "set but not used")
    [goes] = hosts.sent(settings.load(model="gpt-5"))
    assert goes.message == "questions and abstracts: to api.openai.com, with the key in OPENAI_API_KEY"


@pytest.mark.parametrize(
    ("url", "token", "told"),
    [
        ("http://ada:pw@localhost:8000", None, "localhost (this machine), with user and password"),
        ("https://chroma.example.org", "secret", "chroma.example.org, with the token in RAG_CHROMA_TOKEN"),
        ("https://chroma.example.org", None, "chroma.example.org, with no key"),
    ],
)
def test_what_a_vector_server_is_sent_is_told(url: str, token: str | None, told: str) -> None:
    *_, goes = hosts.sent(settings.load(chroma_url=url, chroma_token=token))
    assert goes.message == f"texts and vectors of abstracts, vectors of questions: to the Chroma server {told}"


def test_a_vector_store_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    *_, goes = hosts.sent(settings.load(store="llamaindex:support.stores:LocalQdrant"))
    assert goes.message.endswith("to the host that llamaindex:support.stores:LocalQdrant chooses")


def test_a_package_that_is_too_old_or_missing_is_named() -> None:
    assert machine._package_problem("chromadb", lambda have: False) is not None
    assert machine._package_problem("no-such-package", lambda have: True) == "no-such-package is missing"


def test_a_package_whose_files_are_gone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = tmp_path / "lamp_kit-2.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: lamp-kit\nVersion: 2.0\n")
    (about / "RECORD").write_text("lamps/__init__.py,,\nlamp_kit-2.0.dist-info/METADATA,,\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert machine._package_problem("lamp-kit", lambda have: True) == "the files of lamp-kit 2.0 are missing"
    (tmp_path / "lamps").mkdir()
    (tmp_path / "lamps" / "__init__.py").touch()
    assert machine._package_problem("lamp-kit", lambda have: True) is None


def test_a_home_that_is_a_file_is_told_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    found = examined()
    assert found["home"].ok is False
    assert "RAG_HOME" in found["home"].fix
    assert found["embedder"].ok is False
    assert found["model"].ok


def test_what_should_not_happen_is_a_failed_check_and_not_a_traceback() -> None:
    def wrong() -> Iterator[Check]:
        yield Check("first", True, "")
        raise KeyError("oh")

    first, last = machine.guarded("second", wrong())
    assert (first.ok, last.ok) == (True, False)
    assert "KeyError" in last.message


# -- library and index ---------------------------------------------------------------------------------------------------


def test_library_and_index_are_followed_from_whole_to_stale_to_damaged(home: Path, embedder: MiniLM, tmp_path: Path) -> None:
    papers = tmp_path / "p.jsonl"
    papers.write_text("\n".join(json.dumps({"title": f"Lamp {n}", "abstract": factories.LANTERN}) for n in range(3)))
    ingestion.ingest(home, [str(papers)], embedder, lambda *_: None)
    found = examined()
    assert found["library"].message == "3 papers of p.jsonl; the file is intact"
    assert "3 papers" in found["index"].message

    library = Library(home)
    library.put("other", [factories.paper()])
    library.close()
    found = examined()
    assert found["index"].ok is False
    assert found["index"].fix == "Run: python -m rag.ingest --repair"

    manifest = generations.live(home, generations.fingerprint(embedder))
    assert manifest is not None
    (home / "index" / generations.fingerprint(embedder) / str(manifest.generation) / "manifest.json").write_text("{")
    assert "no complete index" in examined()["index"].message

    (home / "library.sqlite").write_bytes(b"this is no database" * 300)
    found = examined()
    assert found["library"].ok is False
    assert found["index"].ok is None


def test_damage_inside_the_file_of_the_library_is_found(tmp_path: Path) -> None:
    library = Library(tmp_path, create=True)
    library.put("many", [factories.paper(f"Lamp {n}") for n in range(300)])
    assert library.damage() is None
    library._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    library.close()
    file = tmp_path / "library.sqlite"
    data = bytearray(file.read_bytes())
    data[40_960:81_920] = bytes(40_960)
    file.write_bytes(data)
    try:
        assert Library(tmp_path).damage()
    except LibraryError:
        pytest.fail("the damage is not where opening finds it")


# -- a model -------------------------------------------------------------------------------------------------------------


def test_a_good_server_passes_every_check(home: Path) -> None:
    with Endpoint(reads()) as server:
        found = tried(server.url, quick=False, key=KEY)
    assert [name for name, check in found.items() if check.ok is not True] == []
    assert [*found][:5] == STAGES
    assert found["citations"].message == "3 of 3 replies cite a source in every sentence"
    assert "7,492 tokens for the prompt" in found["window"].message
    assert "neither" in found["long prompt"].message
    assert "tokens a second" in found["speed"].message


def test_the_short_form_asks_no_long_prompt(home: Path) -> None:
    with Endpoint(reads()) as server:
        found = examined(base_url=server.url, model="m")
    assert len(server.chats) == 4
    assert found["sent to"].message == "questions and abstracts: to 127.0.0.1 (this machine), with no key"
    assert not {"long prompt", "speed", "grounding"} & found.keys()


def test_a_port_where_nobody_listens_fails_the_first_check_and_leaves_the_others(home: Path) -> None:
    found = examined(base_url=f"http://127.0.0.1:{dead_port()}/v1", model="m", quick=False)
    assert found["reachable"].ok is False
    assert "Nothing listens" in found["reachable"].message
    assert "RAG_BASE_URL" in found["reachable"].fix
    assert {found[name].ok for name in (*STAGES[1:], "streaming", "citations", "window", "long prompt", "grounding")} == {None}


def test_a_port_where_nobody_listens_is_known_as_that_without_the_name_of_a_model_too(home: Path) -> None:
    found = tried(f"http://127.0.0.1:{dead_port()}/v1", name=None)
    assert "Nothing listens" in found["reachable"].message


def test_a_server_that_wants_a_key_for_all_fails_the_key(home: Path) -> None:
    with Endpoint(fails(401), models=fails(401)) as server:
        found = tried(server.url, name=None)
    assert found["key"].ok is False


def test_an_api_at_another_path_than_the_given_one_is_told(home: Path) -> None:
    with Endpoint(reads()) as server:
        found = tried(server.address)
    told, fix = f"The API is at {server.url}, not at {server.address}", "Set RAG_BASE_URL to it."
    assert found["path"] == Check("path", True, told, fix)


FAILS: dict[str, tuple[Behaviour, Behaviour | tuple[str, ...], str, str]] = {
    "401": (fails(401, f"bad key {KEY}"), fails(401), "key", "RAG_API_KEY"),
    "no API": (fails(404), fails(404), "path", "RAG_BASE_URL"),
    "a page": (page(), page(), "path", "RAG_BASE_URL"),
    "no such model": (fails(404, "model 'm' not found"), ("a", "b"), "model", "RAG_MODEL"),
    "a crash": (fails(400, f"out of memory {KEY}"), ("m",), "answer", "log"),
    "no word": (says(), ("m",), "answer", "chat model"),
}


@pytest.mark.parametrize(("behaviour", "models", "stage", "fix"), FAILS.values(), ids=FAILS)
def test_what_the_first_question_meets_fails_the_check_it_belongs_to(
    behaviour: Behaviour, models: Behaviour | tuple[str, ...], stage: str, fix: str, home: Path
) -> None:
    with Endpoint(behaviour, models=models) as server:
        found = tried(server.url, key=KEY)
    n = STAGES.index(stage)
    assert [found[name].ok for name in STAGES] == [True] * n + [False] + [None] * (4 - n)
    assert fix in found[stage].fix


def test_a_server_of_many_models_asks_for_a_choice(home: Path) -> None:
    with Endpoint(reads(), models=("a", "b")) as server:
        found = tried(server.url, name=None)
    assert found["key"].ok
    assert "a, b" in found["model"].fix


def test_a_reply_in_one_piece_is_no_stream(home: Path) -> None:
    whole = tells({"choices": [{"message": {"content": "It samples [1]."}, "finish_reason": "stop"}]})
    with Endpoint(whole) as server:
        found = tried(server.url)
    assert found["answer"].ok
    assert found["streaming"].ok is False


@pytest.mark.parametrize("text", ["It samples subgraphs.", "It samples subgraphs [9].", "The abstracts do not say."])
def test_replies_without_valid_citations_fail(text: str, home: Path) -> None:
    with Endpoint(reads(text=text)) as server:
        found = tried(server.url)
    assert found["citations"].ok is False
    assert "Only 0 of 3" in found["citations"].message


def test_a_window_smaller_than_believed_is_found_by_the_long_prompt(home: Path) -> None:
    with Endpoint(reads(most=4096)) as server:
        found = tried(server.url, quick=False)
    assert found["window"].ok
    assert found["long prompt"].ok is False
    assert found["long prompt"].message.startswith("The server read only 4,096 of about")
    assert found["long prompt"].fix.startswith("Set RAG_CONTEXT_WINDOW=4096, or give the server a larger window")


def test_a_window_too_small_for_three_abstracts_is_found_at_once(home: Path) -> None:
    with Endpoint(reads(most=300)) as server:
        found = tried(server.url)
    assert found["window"].ok is False
    assert "num_ctx" in found["window"].fix


def test_a_server_that_refuses_the_long_prompt_tells_its_window(home: Path) -> None:
    refusal = fails(400, "This model's maximum context length is 2048 tokens, however you requested 7000 tokens")
    with Endpoint(reads(), reads(), reads(), reads(), refusal) as server:
        found = tried(server.url, quick=False)
    assert found["long prompt"].fix.startswith("Set RAG_CONTEXT_WINDOW=2048")


def test_a_setting_above_what_the_server_takes_is_told(home: Path) -> None:
    listed = tells({"data": [{"id": "m", "max_model_len": 2048}]})
    with Endpoint(reads(), models=listed) as server:
        found = tried(server.url, context_window=32_000)
    assert found["window"].fix.startswith("Set RAG_CONTEXT_WINDOW=2048")


def test_the_long_prompt_holds_both_words_and_keeps_to_its_length() -> None:
    asked = long_prompt(("amber-1", "cobalt-2"), 5000, "m")
    from rag import prompting

    assert 4400 < prompting.tokens(asked, "m") <= 5000
    assert asked.user.index("amber-1") < 100
    assert asked.user.rindex("cobalt-2") > len(asked.user) - 100


def test_no_form_of_a_key_is_ever_printed(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY + "openai")
    for behaviour in (fails(401, f"bad key {KEY}"), reads(text=f"{KEY} [1]."), fails(400, b64encode(KEY.encode()).decode())):
        with Endpoint(behaviour, models=(f"m-{KEY}", f"\x1b[31m{KEY}")) as server:
            url = server.url.replace("127.0.0.1", f"user:{KEY.replace('/', '%2F')}@127.0.0.1")
            for as_json in (False, True):
                asked = __main__.Examination({"base_url": url, "api_key_env": "MY_KEY", "model": "m"}, quick=True, ports={})
                __main__.report(asked, as_json=as_json)
    told = "".join(capsys.readouterr())
    assert "reachable" in told
    assert "sentinel" not in told
    assert b64encode(KEY.encode()).decode()[:-3] not in told
    assert "\x1b" not in told


# -- servers that run here -----------------------------------------------------------------------------------------------


def test_a_server_on_a_usual_port_is_suggested_with_its_command_and_not_used(home: Path) -> None:
    with Endpoint(reads(), models=("nomic-embed-text", "qwen3:8b")) as server:
        port = int(server.address.rpartition(":")[2])
        found = examined(ports={port: "Ollama", dead_port(): "vLLM"})
    assert found["found"].message.endswith("where Ollama usually is, with nomic-embed-text, qwen3:8b")
    assert found["found"].fix == f'To use it: RAG_BASE_URL={server.url} RAG_MODEL=qwen3:8b python -m rag.ask "…"'
    assert (found["model"].ok, found["model"].fix) == (True, "")
    assert server.chats == []


@pytest.mark.parametrize(
    "other", [page(), hangs, trickles, fails(404), tells([])], ids="page hangs trickles fails tells".split()
)
def test_what_is_no_model_server_is_not_suggested(other: Behaviour) -> None:
    with Endpoint(models=other) as server:
        assert hosts.servers({int(server.address.rpartition(":")[2]): "vLLM"}) == []


def test_the_server_in_use_is_not_suggested() -> None:
    with Endpoint() as server:
        assert hosts.servers({int(server.address.rpartition(":")[2]): "vLLM"}, used=server.url) == []


def test_a_list_of_models_is_read_with_the_key() -> None:
    with Endpoint(models=("a", "b")) as server:
        assert window.listed(server.url, KEY) == ["a", "b"]
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


# -- the score card ------------------------------------------------------------------------------------------------------


def test_the_score_card_is_twenty_cases_always_the_same() -> None:
    asked = scorecard.chosen()
    assert len(asked) == 20 == len({case.id for case in asked})
    assert asked == scorecard.chosen()
    assert sum(not case.answerable for case in asked) == 4


def test_the_score_card_uses_the_starter_library_that_is_there(starter_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_HOME", str(starter_home))
    asked = __main__.Examination({}, quick=False, ports={}, max_cases=2)
    found = {check.name: check for check in asked.checks()}
    assert found["grounding"].message == "2 of 2 bundled cases, by extractive"
    assert asked.score is not None
    assert asked.score.missed == ()


def test_without_the_bundled_questions_grounding_is_left_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "GROUP", "abstract_rag.nothing")
    found = {check.name: check for check in __main__.Examination({}, quick=False, ports={}).checks()}
    assert found["grounding"] == Check("grounding", None, "not measured: the bundled questions are not installed")


def test_a_question_that_fails_is_missed_and_after_three_no_more_are_asked(starter_home: Path) -> None:
    with Endpoint(fails(400, "broken")) as server:
        held = settings.load(home=starter_home, base_url=server.url, model="m")
        with scorecard.on_starter(held, lambda *_: None, reuse=True) as assistant:
            found = scorecard.score(assistant, scorecard.chosen()[:5], lambda *_: None)
    assert found.grounded == 0
    assert "broken" in (found.problem or "")
    assert len(server.chats) == 3


def test_an_answer_is_grounded_when_all_of_it_is_right() -> None:
    case = Case("c", "single", "test", "How many lamps?", (), ("LanternNet",), (("340",),))
    right = factories.answer()
    assert is_grounded(case, right)
    assert not is_grounded(case, factories.answer("LanternNet dims lamps [1]."))
    assert not is_grounded(case, replace(right, claims=(replace(right.claims[0], verdict="partial"),)))
    assert not is_grounded(case, replace(right, complete=False))
    refused = replace(right, refused=True, claims=())
    assert not is_grounded(case, refused)
    assert is_grounded(replace(case, kind="absent_method"), refused)
    assert not is_grounded(replace(case, kind="absent_method"), right)


def test_a_model_without_a_window_or_an_address_is_tried_too(home: Path) -> None:
    model = factories.QueueModel(*[["It ", "samples [1].", Finish()]] * 4)
    found = {c.name: c for c in Trial(model, None, settings.load()).checks(quick=True)}
    assert [name for name, check in found.items() if check.ok is not True] == []
    assert found["window"].message == "a prompt may be of any length"
