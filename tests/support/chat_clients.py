"""People at the chat, without a browser: the requests that the page sends, over HTTP, and the chat as its own command.

with Chat(home, model_url) as chat: done(...)      chat.url, chat.pid
async with Visitor(chat.url) as visitor: await visitor.ask("...")
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx2 as httpx
from support.endpoint_server import Behaviour, Exchange, delta, usage_of

_ROOT = Path(__file__).resolve().parents[2]
_STARTS_S = 120.0
_CONFIG = "window.gradio_config = "


def takes(seconds: float, pieces: Sequence[str]) -> Behaviour:
    """Answer with `pieces`, spread over `seconds`."""

    def behave(to: Exchange) -> None:
        to.start()
        for piece in pieces:
            time.sleep(seconds / len(pieces))
            to.event(delta(piece))
        to.event(delta(None, "stop"))
        to.event(usage_of(21))
        to.event("[DONE]")
        to.end()

    return behave


class Chat:
    """`python -m ui` in a process of its own, which answers by the model at `model_url`; `started_s` is how long it took to
    tell its address."""

    def __init__(self, home: Path, model_url: str) -> None:
        self._home = home
        self._model_url = model_url
        self.url = ""
        self.started_s = 0.0
        self.told: list[str] = []

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Chat:
        options = ["--no-browser", "--port", str(_free_port()), "--base-url", self._model_url, "--model", "m"]
        command = [sys.executable, "-m", "ui", *options]
        environment = {**os.environ, "RAG_HOME": str(self._home), "PYTHONPATH": str(_ROOT)}
        began = time.perf_counter()
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
        timer = threading.Timer(_STARTS_S, self._process.kill)
        timer.start()
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.told.append(line.rstrip())
            if line.startswith("Open http"):
                self.url = line.split()[1].rstrip("/")
                break
        self.started_s = time.perf_counter() - began
        timer.cancel()
        assert self.url, "\n".join(self.told)
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self) -> None:
        assert self._process.stdout is not None
        self.told += [line.rstrip() for line in self._process.stdout]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def memory(self) -> int:
        """Return the bytes that the process holds (RSS)."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self) -> float:
        """Return the processor time that the process has used, in all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass(frozen=True)
class Told:
    """What an asked question came to: the last exchange and the sources as HTML, and how long what took, in seconds."""

    said: str
    sources: str
    seconds: float
    updates: int
    received: int  # bytes


class Visitor:
    """One browser tab: its own session, its heartbeat, its events in the order in which the page sends them."""

    def __init__(self, url: str) -> None:
        self.session = uuid.uuid4().hex[:11]
        self._http = httpx.AsyncClient(base_url=url, timeout=120.0, trust_env=False)
        self._alive: asyncio.Task[None] | None = None
        self._events: dict[int, dict[str, Any]] = {}
        self._values: dict[int, Any] = {}
        self._asks = 0

    async def __aenter__(self) -> Visitor:
        page = (await self._http.get("/")).raise_for_status().text
        config, _ = json.JSONDecoder().raw_decode(page, page.index(_CONFIG) + len(_CONFIG))
        self._events = {event["id"]: event for event in config["dependencies"]}
        parts = config["components"]
        self._values = {part["id"]: part["props"].get("value") for part in parts if part["type"] != "state"}
        self._values |= {part["id"]: "" for part in parts if part["type"] == "textbox"}
        self._box = next(part["id"] for part in parts if part["props"].get("elem_id") == "question")
        self._alive = asyncio.create_task(self._beat())
        self._asks = next(i for i, e in self._events.items() if [self._box, "submit"] in e["targets"])
        for number in [i for i, e in self._events.items() if any(what == "load" for _, what in e["targets"])]:
            await self._run(number)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alive is not None:
            self._alive.cancel()
            await asyncio.gather(self._alive, return_exceptions=True)
        await self._http.aclose()

    async def _beat(self) -> None:
        async with self._http.stream("GET", f"/gradio_api/heartbeat/{self.session}") as stream:
            async for _ in stream.aiter_bytes():
                pass

    def _after(self, number: int) -> list[int]:
        return [i for i, event in self._events.items() if event.get("trigger_after") == number]

    async def ask(self, question: str) -> Told:
        """Put a question as the page does, and wait for the whole answer. Raises AssertionError when an event fails."""
        began = time.perf_counter()
        self._values[self._box] = question
        await self._run(self._asks)
        (answers,) = self._after(self._asks)
        data, updates, received = await self._run(answers)
        seconds = time.perf_counter() - began
        for number in self._after(answers):
            await self._run(number)
        for number in self.follow_ups(answers):
            await self._run(number)
        return Told(data[0][-1], data[1], seconds, updates, received)

    def follow_ups(self, number: int) -> list[int]:
        """Return the events that the page sends because the conversation, which it does not see, has changed."""
        state = self._events[number]["outputs"][-1]
        return [i for i, event in self._events.items() if [state, "change"] in event["targets"]]

    async def _run(self, number: int) -> tuple[list[Any], int, int]:
        """Send one event and hear it out: what it gave, in how many updates and bytes."""
        event = self._events[number]
        if not event["backend_fn"]:  # the page's script does it
            return [], 0, 0
        body = {
            "data": [self._values.get(part) for part in event["inputs"]],
            "event_data": None,
            "fn_index": number,
            "trigger_id": event["targets"][0][0] if event["targets"] else None,
            "session_hash": self.session,
        }
        joined = await self._http.post("/gradio_api/queue/join", json=body)
        assert joined.status_code == 200, f"event {number}: {joined.status_code} {joined.text[:300]}"
        updates = received = 0
        data: list[Any] = []
        async with self._http.stream("GET", "/gradio_api/queue/data", params={"session_hash": self.session}) as stream:
            async for line in stream.aiter_lines():
                received += len(line)
                if not line.startswith("data: "):
                    continue
                message = json.loads(line[6:])
                if message["msg"] == "process_generating":
                    updates += 1
                if message["msg"] in ("process_generating", "process_completed", "unexpected_error"):
                    assert message.get("success", True), f"event {number}: {line[:300]}"
                if message["msg"] == "process_completed":
                    data = message["output"].get("data", [])
                if message["msg"] == "close_stream":
                    break
        return data, updates, received


@dataclass
class Pulse:
    """with Pulse(url) as pulse: ... asks /health every 50 ms; pulse.seconds are how long each answer took."""

    url: str
    seconds: list[float] = field(default_factory=list)

    def __enter__(self) -> Pulse:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _poll(self) -> None:
        line = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        while not self._over.wait(0.05):
            began = time.perf_counter()
            line.request("GET", "/health")
            assert json.load(line.getresponse()) == {"ok": True}
            self.seconds.append(time.perf_counter() - began)
        line.close()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
