"""A real Chroma server on this machine, as `chroma run` starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx

_START_S = 60


@contextmanager
def running(folder: Path, port: int = 0) -> Iterator[str]:
    """Provide the address of a server that keeps its collections in `folder`."""
    port = port or free_port()
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder), "--host", "127.0.0.1"]
    environment = {**os.environ, "ANONYMIZED_TELEMETRY": "False"}
    with (folder.parent / f"{folder.name}.log").open("w") as log:
        child = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log, env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url)
            yield url
        finally:
            child.kill()
            child.wait()


def collections(url: str) -> list[str]:
    """Return the names of all collections of a server."""
    listed = httpx.get(f"{url}/api/v2/tenants/default_tenant/databases/default_database/collections", timeout=30).json()
    return sorted(one["name"] for one in listed)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait(url: str) -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            if httpx.get(f"{url}/api/v2/heartbeat", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < until, f"no Chroma server at {url}"
        time.sleep(0.1)
