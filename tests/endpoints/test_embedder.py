"""Embeddings by an endpoint: what is sent, how a reply is read, what bad servers do, and indexes of its own."""

from __future__ import annotations

import json
import socket
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from pydantic import SecretStr
from support.endpoint_server import Behaviour, Endpoint, Exchange, embeds, fails, page, redirects, tells
from support.factories import HashEmbedder

from rag import factory, ingestion
from rag.assistant import Assistant
from rag.endpoints.embedder import EndpointEmbedder
from rag.errors import EmbedderError
from rag.index import generations
from rag.index.minilm import MiniLM
from rag.settings import settings
from rag.sources import formats
from rag.storage.library import Library
from rag.types import Paper

KEY = "sk-very-secret-0123456789"
SECRET = "sk-sentinel/+0123456789==&x"  # which is written in other ways in addresses and in base64
PATH = "/v1/embeddings"
TEXTS = ["Lamps dim.", "Orchards freeze.", "Drones fly."]
GOOD = embeds(HashEmbedder().embed)


def serves(behave: Behaviour, *then: Behaviour, models: Any = ("m",)) -> Endpoint:
    """A server whose embeddings behave as scripted, the last behaviour for good."""
    script = [behave, *then]
    return Endpoint(paths={PATH: lambda to: (script.pop(0) if len(script) > 1 else script[0])(to)}, models=models)


def remote(
    server: Endpoint | str, home: Path, name: str | None = "m", key: str | None = KEY, timeout_s: float = 20.0, **more: Any
) -> EndpointEmbedder:
    """The embedder of a server; it does not wait between attempts."""
    more = {"sleep": lambda _: None, **more}
    url = server if isinstance(server, str) else server.url
    return EndpointEmbedder(settings.Endpoint(url, name, SecretStr(key) if key else None), home, timeout_s, **more)


def asked(server: Endpoint) -> list[list[str]]:
    return [request.body["input"] for request in server.requests if request.path == PATH]


def complaint(server: Endpoint | str, home: Path, **more: Any) -> EmbedderError:
    with pytest.raises(EmbedderError) as caught:
        remote(server, home, **more).embed(TEXTS)
    said = str(caught.value)
    assert KEY not in said
    assert "\n" not in said
    assert caught.value.message.endswith(".")
    assert caught.value.fix.endswith(".")
    return caught.value


def unused() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


# -- what is sent, and what comes back -------------------------------------------------------------------------------------


def test_vectors_come_in_the_order_of_the_texts_with_length_one(tmp_path: Path) -> None:
    with serves(embeds(lambda texts: 7.5 * HashEmbedder().embed(texts))) as server:
        vectors = remote(server, tmp_path).embed(TEXTS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, HashEmbedder().embed(TEXTS), atol=1e-5)


def test_texts_go_as_strings_and_numbers_are_asked_for(tmp_path: Path) -> None:
    with serves(GOOD) as server:
        remote(server, tmp_path).embed(TEXTS)
    body = server.requests[-1].body
    assert body == {"model": "m", "input": TEXTS, "encoding_format": "float"}
    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"


def test_no_texts_give_no_rows(tmp_path: Path) -> None:
    with serves(GOOD) as server:
        assert remote(server, tmp_path).embed([]).shape == (0, 64)


def test_a_huge_number_does_not_overflow(tmp_path: Path) -> None:
    with serves(embeds(lambda texts: [[1e300, 1e300]] * len(texts))) as server:
        np.testing.assert_allclose(remote(server, tmp_path).embed(TEXTS), 0.5**0.5, atol=1e-6)


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/", "/v1/embeddings"])
def test_an_address_may_lack_its_path_or_have_too_much(suffix: str, tmp_path: Path) -> None:
    with serves(GOOD) as server:
        asks = remote(server.address + suffix, tmp_path)
        assert asks.embed(TEXTS).shape == (3, 64)
        assert asks.name.startswith(f"m@{server.address.removeprefix('http://')}#")


@pytest.mark.parametrize(("given", "found"), [("", "/embeddings"), ("/api", "/api/v1/embeddings")])
def test_an_api_at_another_path_is_found_and_remembered(given: str, found: str, tmp_path: Path) -> None:
    lost = tells({"error": "Unexpected endpoint or method."}) if given else fails(404)
    wrong = {f"{given or '/v1'}/{name}": lost for name in ("embeddings", "models")}
    with Endpoint(paths={**wrong, found: GOOD}) as server:
        asks = remote(server.address + given, tmp_path)
        assert asks.embed(TEXTS).shape == (3, 64)
        assert asks.name.startswith(f"m@{server.address.removeprefix('http://')}{given}#")
        assert server.paths.count(found) == 2  # the word, then the texts
        assert len(server.paths) == 4


def test_a_server_that_knows_no_encoding_format_is_asked_without(tmp_path: Path) -> None:
    def strict(to: Exchange) -> None:
        (fails(400, "unknown parameter encoding_format") if "encoding_format" in to.request.body else GOOD)(to)

    with serves(strict) as server:
        assert remote(server, tmp_path).embed(TEXTS).shape == (3, 64)
        assert len(asked(server)) == 3  # refused, and then the word and the texts


def test_without_a_key_none_of_the_environment_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, KEY)
    with serves(GOOD) as server:
        remote(server, tmp_path, key=None).embed(TEXTS)
    assert KEY not in json.dumps([r.headers for r in server.requests])


# -- batches and long texts ------------------------------------------------------------------------------------------------


def takes(most: int, longest: int = 10_000, status: int = 413, message: str = "too large") -> Behaviour:
    def behave(to: Exchange) -> None:
        texts = to.request.body["input"]
        fits = len(texts) <= most and all(len(text) <= longest for text in texts)
        (GOOD if fits else fails(status, message))(to)

    return behave


@pytest.mark.parametrize("status", [400, 413, 422])
def test_batches_shrink_to_what_the_server_takes_and_stay_there(status: int, tmp_path: Path) -> None:
    texts = [f"text {n}" for n in range(100)]
    with serves(takes(20, status=status)) as server:
        vectors = remote(server, tmp_path).embed(texts)
    np.testing.assert_allclose(vectors, HashEmbedder().embed(texts), atol=1e-5)
    assert [len(a) for a in asked(server)] == [1, 64, 32, 16, 16, 16, 16, 16, 16, 4]


def test_a_server_that_fails_at_a_large_batch_gets_a_smaller_one(tmp_path: Path) -> None:
    refuses = takes(2, status=500, message="input is too large to process. increase the physical batch size")
    with serves(refuses) as server:
        assert remote(server, tmp_path).embed(TEXTS).shape == (3, 64)
    assert [len(a) for a in asked(server)] == [1, 3, 1, 1, 1]


def test_a_text_that_is_too_long_is_cut_and_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    long = ["lamp " * 40, "frost " * 100, "drone"]
    with serves(takes(64, longest=100, status=400, message="maximum context length exceeded")) as server:
        vectors = remote(server, tmp_path, tell=told.append).embed([*TEXTS, *long, *TEXTS])
        assert vectors.shape == (9, 64)
    np.testing.assert_allclose(vectors[3], HashEmbedder().embed([long[0][:100]])[0], atol=1e-5)
    np.testing.assert_allclose(vectors[[0, 6]], HashEmbedder().embed([TEXTS[0]] * 2), atol=1e-5)
    assert len(told) == 1
    assert max(len(text) for text in asked(server)[-1]) <= 100


def test_a_long_text_does_not_make_later_batches_small(tmp_path: Path) -> None:
    with serves(takes(64, longest=100)) as server:
        asks = remote(server, tmp_path, tell=lambda _: None)
        asks.embed(["short", "lamp " * 40, "short"])
        assert asks.at_once == 64
        asks.embed(["lamp " * 40])
        assert asks.at_once == 64
        asks.embed([*["short"] * 50, "lamp " * 40, *["short"] * 50])
        assert asks.at_once == 64


def test_a_long_text_among_many_leaves_batches_as_the_server_takes_them(tmp_path: Path) -> None:
    texts = [f"text {n}" for n in range(150)]
    texts[10] = texts[100] = texts[101] = "lamp " * 40
    with serves(takes(20, longest=100)) as server:
        asks = remote(server, tmp_path, tell=lambda _: None)
        assert asks.embed(texts).shape == (150, 64)
        assert asks.at_once == 16


def test_a_text_that_is_refused_at_an_eighth_is_an_error_that_says_how_long_it_is(tmp_path: Path) -> None:
    with serves(GOOD, fails(413, "limit is 5 tokens")) as server:
        error = complaint(server, tmp_path)
    assert "10 characters" in error.message
    assert "limit is 5 tokens" in error.message
    assert [len(a[0]) for a in asked(server)[-4:]] == [10, 5, 3, 2]


# -- waiting ---------------------------------------------------------------------------------------------------------------


def busy(status: int, wait: str | None = None) -> Behaviour:
    return lambda to: to.reply(status, {"error": {"message": "busy"}}, headers={"Retry-After": wait} if wait else None)


@pytest.mark.parametrize(("status", "expected"), [(429, [1.0, 2.0]), (500, [0.5, 1.0]), (502, [0.5, 1.0]), (503, [0.5, 1.0])])
def test_a_busy_server_is_asked_three_times(status: int, expected: list[float], tmp_path: Path) -> None:
    waits: list[float] = []
    with serves(busy(status), busy(status), GOOD) as server:
        assert remote(server, tmp_path, sleep=waits.append).embed(TEXTS).shape == (3, 64)
    assert waits == expected
    with serves(busy(status)) as server:
        complaint(server, tmp_path / "other")
        assert len(asked(server)) == 3


def test_a_server_says_how_long_to_wait(tmp_path: Path) -> None:
    waits: list[float] = []
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    with serves(busy(429, "7"), busy(503, soon), GOOD) as server:
        remote(server, tmp_path, sleep=waits.append).embed(TEXTS)
    assert waits[0] == 7.0
    assert 10 < waits[1] <= 20


def test_a_long_wait_is_told_and_not_waited_for(tmp_path: Path) -> None:
    with serves(busy(429, "90")) as server:
        error = complaint(server, tmp_path)
        assert len(asked(server)) == 1
    assert "90 s" in error.message
    assert error.fix.startswith("Run it again after")


def test_an_account_without_credit_is_not_asked_again(tmp_path: Path) -> None:
    broke = {
        "error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}
    }
    with serves(lambda to: to.reply(429, broke)) as server:
        assert "credit" in complaint(server, tmp_path).message
        assert len(asked(server)) == 1


def test_a_dropped_connection_is_tried_again(tmp_path: Path) -> None:
    with serves(Exchange.drop, GOOD) as server:
        assert remote(server, tmp_path).embed(TEXTS).shape == (3, 64)
    with serves(Exchange.drop) as server:
        assert "closed the connection" in complaint(server, tmp_path / "other").message
        assert len(asked(server)) == 3


# -- errors ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (unused(), "Nothing listens at"),
        ("http://nosuch.invalid/v1", "cannot be found"),
        (f"http://user:{KEY}@127.0.0.1:9/v1", "Nothing listens at"),
    ],
    ids=["nobody listens", "no such host", "password in the address"],  # the port of the first changes
)
def test_a_server_that_is_not_there_is_named_with_what_to_do(url: str, message: str, tmp_path: Path) -> None:
    began = time.perf_counter()
    error = complaint(url, tmp_path)
    assert time.perf_counter() - began < 10
    assert message in error.message
    assert "the embedding endpoint" in error.message
    assert "RAG_EMBED_BASE_URL" in error.fix
    assert "bundled" in error.fix


def test_a_server_that_hangs_is_given_up(tmp_path: Path) -> None:
    with serves(lambda to: to.stopped.wait(20) and None) as server:
        error = complaint(server, tmp_path, timeout_s=0.3)
        assert "in time" in error.message
        assert "RAG_TIMEOUT_S" in error.fix


def test_a_server_that_takes_no_connection_is_given_up_within_ten_seconds(deaf: str, tmp_path: Path) -> None:
    began = time.perf_counter()
    assert "No connection" in complaint(deaf, tmp_path).message
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_says_how_to_set_it(status: int, tmp_path: Path) -> None:
    with serves(fails(status, f"Incorrect API key provided: {KEY}")) as server:
        assert "RAG_EMBED_API_KEY" in complaint(server, tmp_path).fix


@pytest.mark.parametrize("status", [400, 404, 409, 413, 500])
def test_a_server_that_repeats_the_key_does_not_make_us_show_it(status: int, tmp_path: Path) -> None:
    with serves(fails(status, f"bad header Authorization: Bearer {KEY} in your request")) as server:
        assert str(status) in complaint(server, tmp_path).message


@pytest.mark.parametrize("status", [400, 404])
def test_an_unknown_model_lists_those_there_are(status: int, tmp_path: Path) -> None:
    with serves(fails(status, 'model "m" not found'), models=["nomic", "bge"]) as server:
        error = complaint(server, tmp_path)
    assert "no model m" in error.message
    assert "bge, nomic" in error.fix


def test_a_model_that_was_not_chosen_is_asked_for_with_those_there_are(tmp_path: Path) -> None:
    with serves(GOOD, models=["nomic", "bge"]) as server:
        error = complaint(server, tmp_path, name=None)
    assert "bge, nomic" in error.fix
    assert asked(server) == []


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_model_that_is_there_and_does_not_embed_is_told_from_one_that_is_not(status: int, tmp_path: Path) -> None:
    with serves(fails(status, "start it with --embeddings")) as server:
        error = complaint(server, tmp_path)
    assert f"no embeddings of its model m ({status}, start it with --embeddings)" in error.message
    assert "RAG_EMBED_MODEL" in error.fix


def test_a_path_that_is_not_there_names_the_address(tmp_path: Path) -> None:
    with serves(GOOD) as server:
        error = complaint(f"{server.address}/api", tmp_path)
    assert f"{server.address}/api" in error.message
    assert "/v1" in error.fix


def test_a_redirection_is_not_followed_and_says_where_to(tmp_path: Path) -> None:
    with serves(GOOD) as other:
        away = other.url + "/embeddings"
        with serves(lambda to: to.reply(307, "", headers={"Location": away})) as server:
            assert away in complaint(server, tmp_path).message
        assert other.requests == []


def test_a_redirection_on_the_same_host_is_followed(tmp_path: Path) -> None:
    with Endpoint(paths={PATH: redirects("/there"), "/there": GOOD}) as server:
        assert remote(server, tmp_path).embed(TEXTS).shape == (3, 64)


@pytest.mark.parametrize("form", [quote(SECRET, safe=""), b64encode(SECRET.encode()).decode()])
def test_no_form_of_the_key_that_a_server_repeats_is_shown(form: str, tmp_path: Path) -> None:
    bad = [fails(400, form), fails(409, form), fails(501, form), page(f"<p>{form}"), tells({"error": form})]
    for n, behave in enumerate(bad):
        with serves(behave) as server:
            assert form[4:-4] not in str(complaint(server, tmp_path / str(n), key=SECRET)), n
    with serves(fails(404), models=[form, "x"]) as server:
        assert form[4:-4] not in str(complaint(server, tmp_path, key=SECRET))
        assert form[4:-4] not in str(complaint(server, tmp_path, key=SECRET, name=None))


def test_this_machine_is_not_asked_through_a_proxy_and_another_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    far = "http://models.example/v1"
    with Endpoint(paths={f"{far}/embeddings": GOOD}) as proxy, serves(GOOD) as server:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.address)
        remote(server, tmp_path).embed(TEXTS)
        assert proxy.requests == []
        assert remote(far, tmp_path).embed(TEXTS).shape == (3, 64)


def test_certificates_that_cannot_be_read_are_an_embedders_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    assert "cannot be read" in complaint(unused(), tmp_path).message


def rows(*found: Any, **more: Any) -> Behaviour:
    return tells({"data": [{"index": n, "embedding": row, **more} for n, row in enumerate(found)]})


BAD = {
    "a page": (page(), "not that of an OpenAI-compatible API"),
    "a page with 502": (lambda to: to.reply(502, "<html>Bad gateway</html>", "text/html"), "(502, an HTML page)."),
    "no such method": (lambda to: to.reply(405, "<html>no</html>", "text/html"), "(405, an HTML page)."),
    "nothing": (tells(""), "not that of"),
    "an error as JSON": (tells({"error": "Unexpected endpoint or method."}), "Unexpected endpoint"),
    "an error object as JSON": (tells({"error": {"code": 500, "message": "no pooling"}}), "no pooling"),
    "no embeddings served": (fails(501, "This server does not support embeddings"), "does not support embeddings"),
    "a list": (tells([]), "not that of"),
    "no data": (tells({"data": None}), "not that of"),
    "strings as data": (tells({"data": ["x"]}), "not that of"),
    "none": (rows(), "0 vectors for 1 texts"),
    "two": (rows([1.0], [1.0]), "2 vectors for 1 texts"),
    "another index": (rows([1.0, 2.0], index=5), "which text"),
    "an index that is a string": (rows([1.0, 2.0], index="0"), "which text"),
    "words": (rows(["a", "b"]), "no numbers"),
    "null": (rows([None, 1.0]), "not finite"),
    "not a number": (tells('{"data": [{"index": 0, "embedding": [NaN, 1.0]}]}'), "not finite"),
    "a huge integer": (rows([10**400, 1]), "no numbers"),
    "zeros": (rows([0.0, 0.0]), "zeros"),
    "an empty vector": (rows([]), "one vector a text"),
    "a vector a token": (rows([[1.0, 2.0], [3.0, 4.0]]), "one vector a text"),
    "base64": (rows("AACAPwAAAEA="), "no numbers"),
    "deep": (tells("[" * 100_000), "not that of"),
}


@pytest.mark.parametrize(("behave", "said"), BAD.values(), ids=BAD)
def test_a_reply_that_is_none_is_explained(behave: Behaviour, said: str, tmp_path: Path) -> None:
    with serves(behave) as server:
        assert said in complaint(server, tmp_path).message


def test_vectors_of_several_lengths_are_refused(tmp_path: Path) -> None:
    with serves(GOOD, rows([1.0], [1.0, 2.0], [1.0])) as server:
        assert "several lengths" in complaint(server, tmp_path).message


# -- what is remembered ----------------------------------------------------------------------------------------------------


def test_name_and_dimension_are_remembered_without_a_request(tmp_path: Path) -> None:
    with serves(GOOD) as server:
        first = remote(server, tmp_path)
        known = (first.name, first.dimension)
        assert len(asked(server)) == 1
        again = remote(server, tmp_path)
        assert (again.name, again.dimension) == known
        assert len(asked(server)) == 1
        again.embed(TEXTS)
    assert known[1] == 64
    assert len(asked(server)) == 2


def test_the_same_model_gets_the_same_name_where_nothing_is_remembered(tmp_path: Path) -> None:
    with serves(GOOD, embeds(lambda texts: HashEmbedder().embed(texts) + np.float32(1e-5))) as server:
        assert remote(server, tmp_path / "a").name == remote(server, tmp_path / "b").name


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"tag": "x"}', '{"tag": 5, "vector": [1]}', '{"tag": "x", "vector": []}'])
def test_a_damaged_memory_is_learned_again(damage: str, tmp_path: Path) -> None:
    with serves(GOOD) as server:
        name = remote(server, tmp_path).name
        [file] = (tmp_path / "models").iterdir()
        file.write_text(damage)
        assert remote(server, tmp_path).name == name


def test_models_and_servers_have_names_of_their_own(tmp_path: Path) -> None:
    with serves(GOOD) as one, serves(GOOD) as other:
        names = {remote(server, tmp_path, name=name).name for server in (one, other) for name in ("a/b", "a_b", "x" * 900)}
        paths = {path.name for path in (tmp_path / "models").iterdir()}
    assert len(names) == len(paths) == 6
    assert max(map(len, paths | names)) < 100


def other(texts: list[str]) -> Any:
    """The same words in other directions."""
    return HashEmbedder().embed([f"other{text}" for text in texts])


def shorter(texts: list[str]) -> Any:
    return HashEmbedder().embed(texts)[:, :32]


@pytest.mark.parametrize("make", [other, shorter], ids=["same length", "shorter"])
def test_another_model_under_the_same_name_is_found_out(make: Callable[[list[str]], Any], tmp_path: Path) -> None:
    with serves(GOOD, embeds(make)) as server:
        name = remote(server, tmp_path).name
        error = complaint(server, tmp_path)
        assert "Another model" in error.message
        [file] = (tmp_path / "models").iterdir()
        assert str(file) in error.fix
        file.unlink()
        assert remote(server, tmp_path).name != name


def test_a_model_that_changes_its_dimension_in_mid_way_is_found_out(tmp_path: Path) -> None:
    with serves(GOOD, GOOD, embeds(shorter)) as server:
        asks = remote(server, tmp_path)
        asks.embed(TEXTS)
        with pytest.raises(EmbedderError, match="32 numbers in place of 64"):
            asks.embed(TEXTS)


# -- with a library --------------------------------------------------------------------------------------------------------


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def corpus(home: Path, n: int) -> Path:
    """JSON Lines of the first `n` papers of the starter corpus."""
    name, text = formats.load(formats.STARTER)
    papers = [r for r in formats.parse(text, name) if isinstance(r, Paper)][:n]
    file = home / f"{n}.jsonl"
    file.write_text("".join(json.dumps({"title": p.title, "abstract": p.abstract}) + "\n" for p in papers), "utf-8")
    return file


def of(server: Endpoint, home: Path, **more: Any) -> settings.Settings:
    return settings.load(home=home, embed_base_url=server.url, embed_model="m", no_model=True, **more)


def test_a_run_that_failed_is_taken_up_where_it_ended(tmp_path: Path) -> None:
    file = corpus(tmp_path, 60)
    home = tmp_path / "home"
    with serves(GOOD, GOOD, GOOD, fails(409), GOOD) as server:
        with pytest.raises(EmbedderError):
            ingestion.ingest(home, [str(file)], factory.embedder(of(server, home)), silent)
        paid = {text for texts in asked(server)[:3] for text in texts}
        before = len(asked(server))
        ingestion.ingest(home, [str(file)], factory.embedder(of(server, home)), silent)
        later = [text for texts in asked(server)[before:] for text in texts]
    assert len(paid) > 100
    assert paid.isdisjoint(set(later) - {"word"})
    assert paid | set(later) >= {chunk.text for chunk in Library(home).chunks()}


def test_each_embedder_has_an_index_of_its_own_and_switching_back_costs_nothing(
    tmp_path: Path, model_home: Path, embedder: MiniLM
) -> None:
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    (home / "models" / "minilm-1.onnx").hardlink_to(model_home / "models" / "minilm-1.onnx")
    ingestion.ingest(home, [str(corpus(tmp_path, 12))], embedder, silent)
    bundled = Assistant(settings.load(home=home, no_model=True)).ask("Which papers train graph networks?").index
    with serves(GOOD) as server:
        there = Assistant(of(server, home))
        assert there.ask("Which papers train graph networks?").index.fingerprint == generations.fingerprint(there.embedder)
        assert asked(server)[-1] == ["Which papers train graph networks?"]
        used = len(asked(server))
        again = Assistant(settings.load(home=home, no_model=True)).ask("Which papers train graph networks?").index
        assert again == bundled
        assert len(asked(server)) == used
        back = Assistant(of(server, home))
        assert len(asked(server)) == used  # to open the index takes no request
        assert back.ask("Which papers sample graphs?").index.generation == 1
        assert asked(server)[used:] == [["word", "Which papers sample graphs?"]]
    assert again.fingerprint != generations.fingerprint(back.embedder)
    began = time.perf_counter()
    with pytest.raises(EmbedderError, match=r"Nothing listens.*Start the server.*bundled embedder"):
        Assistant(of(server, home)).ask("Which papers train graph networks?")
    assert time.perf_counter() - began < 10


def test_real_vectors_by_an_endpoint_give_the_papers_and_the_answer_of_the_bundled_embedder(
    tmp_path: Path, model_home: Path, embedder: MiniLM
) -> None:
    """The server's vectors are those of MiniLM: search, refusals, quotes and checks must come out as without it."""
    home, own = tmp_path / "there", tmp_path / "here"
    for folder in (home, own):
        (folder / "models").mkdir(parents=True)
        (folder / "models" / "minilm-1.onnx").hardlink_to(model_home / "models" / "minilm-1.onnx")
    file = str(corpus(tmp_path, 25))
    ingestion.ingest(own, [file], embedder, silent)
    direct = Assistant(settings.load(home=own, no_model=True), embedder=embedder)
    questions = ["How does GraphSAINT build its minibatches?", "Who won the football cup in 1966?", "How are graphs sampled?"]
    questions += direct.titles(3)
    with serves(embeds(embedder.embed)) as server:
        ingestion.ingest(home, [file], factory.embedder(of(server, home)), silent)
        by_endpoint = Assistant(of(server, home))
        for question in questions:
            found, expected = by_endpoint.ask(question), direct.ask(question)
            assert [s.paper.id for s in found.sources] == [s.paper.id for s in expected.sources]
            assert (found.refused, found.answer) == (expected.refused, expected.answer)
            assert [c.verdict for c in found.claims] == [c.verdict for c in expected.claims]


def test_another_scale_of_cosines_neither_refuses_nor_lets_pass(tmp_path: Path, model_home: Path, embedder: MiniLM) -> None:
    """Some models give 0.8 for any two texts: what is near is told by the bundled embedder's cosines."""
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    (home / "models" / "minilm-1.onnx").hardlink_to(model_home / "models" / "minilm-1.onnx")

    def crowded(texts: list[str]) -> Any:
        return np.hstack([embedder.embed(texts), np.full((len(texts), 1), 2.0)])  # cosines of 0.8 and more

    with serves(embeds(crowded)) as server:
        ingestion.ingest(home, [str(corpus(tmp_path, 30))], factory.embedder(of(server, home)), silent)
        by_endpoint = Assistant(of(server, home))
        assert min(hit.dense for hit in by_endpoint.search("bread baking")) > 0.7
        assert by_endpoint.ask("How do I bake sourdough bread at home?").refused
        assert not by_endpoint.ask(f"What is proposed in {by_endpoint.titles(1)[0]}?").refused
