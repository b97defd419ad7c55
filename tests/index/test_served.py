"""Vectors on a Chroma server: one collection a generation, found again by a build that was stopped, deleted when it is old."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2 as httpx
import pytest
from support import chroma_server
from support.factories import HashEmbedder, paper

from rag import ask, ingest, ingestion
from rag.assistant import Assistant
from rag.errors import Unreachable, UsageError
from rag.index import generations, served, vectors
from rag.index.vectors import VectorIndex
from rag.settings.settings import load
from rag.sources.reading import Reading


@pytest.fixture
def home(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the starter home, whose vectors are its own until they are built anew."""
    monkeypatch.delenv("RAG_CHROMA_URL", raising=False)
    return own_home


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with chroma_server.running(tmp_path / "chroma") as url:
        yield url


def add(home: Path, name: str, n: int = 1) -> None:
    papers = tuple(paper(f"{name} {i}", f"{name} {i} dims {i + 340} lamps by learning from footsteps.") for i in range(n))
    ingestion.store(home, [Reading(name, papers, format="JSON")], HashEmbedder(), lambda *_: None)


def live(home: Path) -> Path:
    found = generations.live(home, generations.fingerprint(HashEmbedder()))
    assert found is not None
    return home / "index" / generations.fingerprint(HashEmbedder()) / str(found.settled)


def test_each_settled_generation_has_a_collection_and_the_old_ones_go(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_CHROMA_URL", server)
    for name, n in (("first", 30), ("second", 20), ("third", 30)):
        add(tmp_path / "h", name, n)
        place = served.place_of(live(tmp_path / "h") / "chroma")
        assert place is not None
        assert place.collection.startswith(generations.fingerprint(HashEmbedder()))
        assert place.collection in chroma_server.collections(server)
    assert len(chroma_server.collections(server)) <= 2  # the live one, and the one that readers may still have open
    files = [p.name for p in (live(tmp_path / "h") / "chroma").iterdir()]
    assert files == [served.NOTE]
    assert not (live(tmp_path / "h") / "chroma" / "chroma.sqlite3").exists()


def test_a_build_that_was_stopped_goes_on_with_what_it_has_sent(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_CHROMA_URL", server)
    add(tmp_path / "h", "first", 30)
    sent: list[int] = []
    whole = VectorIndex.add

    def stopped(self: VectorIndex, chunks: list[object], of: object) -> None:
        whole(self, chunks[:10], of[:10])  # type: ignore[arg-type, index]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(VectorIndex, "add", stopped)
        with pytest.raises(KeyboardInterrupt):
            add(tmp_path / "h", "second", 30)
    before = live(tmp_path / "h")
    assert len(chroma_server.collections(server)) == 2  # half of the next one, which nobody reads

    def counted(self: VectorIndex, chunks: list[object], of: object) -> None:
        sent.append(len(chunks))
        whole(self, chunks, of)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(VectorIndex, "add", counted)
        assert live(tmp_path / "h") == before
        add(tmp_path / "h", "second", 30)
    assert sum(sent) == 50  # of sixty chunks
    assert VectorIndex(live(tmp_path / "h") / "chroma").count() == 60


def test_a_server_that_is_gone_is_one_sentence_everywhere_and_nothing_is_lost(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], one_embedder: None
) -> None:
    port = chroma_server.free_port()
    monkeypatch.setenv("RAG_CHROMA_URL", f"http://127.0.0.1:{port}")
    question = "How does GraphSAINT build its minibatches?"
    with chroma_server.running(tmp_path / "chroma", port):
        assert ingest.main(["--repair"]) == 0
        assert ask.main([question, "--no-model"]) == 0
        assistant = Assistant(load(no_model=True))
        there = capsys.readouterr().out
    told = f"The Chroma server at http://127.0.0.1:{port} cannot be asked"
    with pytest.raises(Unreachable, match=told):
        assistant.ask(question)
    for command in (lambda: ask.main([question, "--no-model"]), lambda: ingest.main(["--repair"])):
        assert command() == 1
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert told in err
        assert "RAG_CHROMA_URL" in err
    with chroma_server.running(tmp_path / "chroma", port):
        assert ask.main([question, "--no-model"]) == 0
        assert capsys.readouterr().out.strip() in there
        assert not assistant.ask(question).refused
    monkeypatch.delenv("RAG_CHROMA_URL")
    assert ask.main([question, "--no-model"]) == 1  # its generation is on that server still
    assert ingest.main(["--repair"]) == 0
    assert ask.main([question, "--no-model"]) == 0


def test_a_collection_that_is_gone_is_built_again(home: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CHROMA_URL", server)
    add(home, "own", 3)
    assert len(chroma_server.collections(server)) == 1
    vectors.forget(live(home) / "chroma", [])
    assert chroma_server.collections(server) == []
    assistant = Assistant(load(home=home, no_model=True), embedder=HashEmbedder())
    assert assistant.search("lamps")
    assert VectorIndex(live(home) / "chroma").count() > 500


@pytest.mark.fresh_check  # as what it is started with is sent, too
@pytest.mark.parametrize(
    ("url", "token", "expected"),
    [
        ("http://ada:secret@{}", None, {"authorization": f"Basic {base64.b64encode(b'ada:secret').decode()}"}),
        ("http://{}", "t0ken", {"authorization": "Bearer t0ken", "x-chroma-token": "t0ken"}),
        ("http://{}", None, {}),
    ],
)
def test_credentials_are_sent_and_never_noted(
    tmp_path: Path,
    server: str,
    url: str,
    token: str | None,
    expected: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with recorded(server) as (host, seen):
        monkeypatch.setenv("RAG_CHROMA_URL", url.format(host))
        if token:
            monkeypatch.setenv("RAG_CHROMA_TOKEN", token)
        add(tmp_path / "h", "own")
    assert seen
    for headers in seen:
        assert {name: headers[name] for name in ("authorization", "x-chroma-token") if name in headers} == expected
    note = (live(tmp_path / "h") / "chroma" / served.NOTE).read_text("utf-8")
    assert "secret" not in note
    assert "t0ken" not in note
    assert json.loads(note)["url"] == f"http://{host}"


def test_credentials_go_to_no_other_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = served.Place("http://localhost:8000", "t", "d", "c")
    monkeypatch.setenv("RAG_CHROMA_TOKEN", "t0ken")
    for url, sent in (("http://localhost:8000/", True), ("http://localhost:8001", False), ("https://localhost:8000", False)):
        monkeypatch.setenv("RAG_CHROMA_URL", url)
        assert bool(served.headers(tmp_path, place)) is sent, url


@pytest.mark.parametrize("url", ["chroma.example.org:8000", "http://", "http://host:port", "http://host/chroma", "ftp://host"])
def test_an_address_that_is_none_is_one_sentence(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CHROMA_URL", url)
    with pytest.raises(UsageError, match="RAG_CHROMA_URL is no address of a server"):
        served.wanted(tmp_path, "name", "state", b"")


@contextmanager
def recorded(server: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Provide the host of a proxy before `server`, and the headers of all that it was asked, names in small letters."""
    seen: list[dict[str, str]] = []

    class Proxy(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            kept = {"content-type": self.headers.get("content-type", "application/json")}
            told = httpx.request(self.command, f"{server}{self.path}", content=body, headers=kept, timeout=30)
            self.send_response(told.status_code)
            self.send_header("content-type", told.headers.get("content-type", "application/json"))
            self.send_header("content-length", str(len(told.content)))
            self.end_headers()
            self.wfile.write(told.content)

        do_GET = do_POST = do_PUT = do_DELETE = handle_one  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
        yield f"127.0.0.1:{proxy.server_port}", seen
        proxy.shutdown()
