"""A model of Hugging Face is fetched once, with its checksum, from a server that answers as Hugging Face documents it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from rag import model_file
from rag.errors import RagError, UsageError

MODEL = b"GGUF" + bytes(range(256)) * 40
FILES = {
    "/lamps/small/resolve/main/q4/small.gguf": (MODEL, hashlib.sha256(MODEL).hexdigest()),
    "/lamps/small/resolve/main/broken.gguf": (MODEL, hashlib.sha256(b"another file").hexdigest()),
    "/lamps/small/resolve/main/text.gguf": (b"no model", hashlib.sha256(b"no model").hexdigest()),
}


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        body, digest = FILES.get(self.path, (b"", ""))
        gated = self.path.startswith("/lamps/gated/")
        self.send_response(200 if digest else 403 if gated else 404)
        if not digest:
            self.send_header("X-Error-Code", "GatedRepo" if gated else "EntryNotFound")
        self.send_header("X-Repo-Commit", "a" * 40)
        self.send_header("ETag", f'"{digest}"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was asked of a server that stands for Hugging Face."""
    Hub.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    yield Hub.asked
    server.shutdown()
    server.server_close()


def test_a_model_is_fetched_once_and_then_found_without_a_network(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = model_file.find("hf:lamps/small/q4/small.gguf")
    assert path.read_bytes() == MODEL
    assert path.stem == "small"
    assert "Fetching q4/small.gguf of lamps/small" in capsys.readouterr().err
    assert any(line.startswith("GET") for line in asked)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    assert model_file.find("hf:lamps/small/q4/small.gguf") == path
    assert "Fetching" not in capsys.readouterr().err


def test_a_file_that_is_not_the_published_one_is_removed(asked: list[str]) -> None:
    with pytest.raises(RagError, match="was damaged and has been removed"):
        model_file.find("hf:lamps/small/broken.gguf")
    asked.clear()
    with pytest.raises(RagError, match="was damaged"):
        model_file.find("hf:lamps/small/broken.gguf")
    assert any(line.startswith("GET") for line in asked)  # it was fetched again


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hf:lamps/small/none.gguf", "no file none.gguf in lamps/small"),
        ("hf:lamps/gated/small.gguf", "only to those who asked"),
        ("hf:lamps/small/text.gguf", "is not a GGUF file"),
        ("hf:small.gguf", "names no file of Hugging Face"),
        ("hf:lamps/small/model.safetensors", "names no file of Hugging Face"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(asked: list[str], name: str, message: str) -> None:
    with pytest.raises(RagError, match=message) as caught:
        model_file.find(name)
    assert caught.value.fix


def test_without_a_network_it_says_so(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(RagError, match=r"cannot be fetched from http://127\.0\.0\.1:1") as caught:
        model_file.find("hf:lamps/small/q4/small.gguf")
    assert "--model" in caught.value.fix
    assert not isinstance(caught.value, UsageError)
