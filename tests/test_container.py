"""The image of examples/hosting/Dockerfile, without an engine: what it installs and starts works in a fresh environment."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "examples" / "hosting" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")


def instruction(name: str) -> str:
    """Return what follows an instruction of the Dockerfile, which has it once."""
    [found] = re.findall(rf"^\s*{name} (.*)$", DOCKERFILE, re.MULTILINE)
    return str(found)


def exec_form(text: str) -> list[str]:
    command = json.loads(text[text.index("[") :])
    assert all(isinstance(word, str) for word in command)
    return list(command)


def test_the_image_runs_as_a_user_without_rights_keeps_papers_in_data_and_checks_itself() -> None:
    assert instruction("USER") == "10001"
    assert "--uid 10001" in instruction("RUN")
    assert instruction("VOLUME") == "/data"
    assert "RAG_HOME=/data" in instruction("ENV")
    assert "http://127.0.0.1:7860/health" in exec_form(instruction("HEALTHCHECK"))[-1]


@pytest.mark.long
def test_what_the_image_installs_starts_and_is_healthy(tmp_path: Path) -> None:
    uv = shutil.which("uv") or pytest.skip("uv is not installed")
    subprocess.run([uv, "build", "--wheel", "--out-dir", str(tmp_path / "dist"), str(ROOT)], check=True, capture_output=True)
    venv = tmp_path / "venv"
    subprocess.run([uv, "venv", "--python", sys.executable, str(venv)], check=True, capture_output=True)
    as_of = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["uv"]["exclude-newer"]
    installed = re.findall(r"pip install --no-cache-dir (.*?)\s*(?:&&|$)", instruction("RUN"))
    assert len(installed) == 2
    [wheel] = (tmp_path / "dist").glob("*.whl")
    for packages in installed:
        named = packages.replace("/tmp/*.whl", str(wheel)).replace('"', "").split()
        command = [uv, "pip", "install", "--python", str(venv / "bin" / "python"), "--exclude-newer", as_of, *named]
        subprocess.run(command, check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    users = tmp_path / "users"
    users.write_text("ada:one\n")
    start = [*exec_form(instruction("ENTRYPOINT")), *exec_form(instruction("CMD"))]
    start = [word.replace("7860", port).replace("/run/secrets/users", str(users)) for word in start]
    start[0] = str(venv / "bin" / start[0])
    environment = {**os.environ, "RAG_HOME": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}
    environment.pop("PYTHONPATH", None)
    server = subprocess.Popen(start, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
    try:
        healthy = exec_form(instruction("HEALTHCHECK"))
        healthy = [str(venv / "bin" / healthy[0]), *(word.replace("7860", port) for word in healthy[1:])]
        deadline = time.monotonic() + 120
        while subprocess.run(healthy, capture_output=True, check=False).returncode != 0:
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.5)
        with pytest.raises(urllib.error.HTTPError) as locked:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/config", timeout=10)
        assert locked.value.code == 401
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
