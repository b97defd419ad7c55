"""Processes of their own for what may crash, wait or be killed, forked from one that has imported everything.

A child tells what it does as messages, each a name and what belongs to it. The last one is "done" with what the work returned,
or "failed" with a Failure; a child that was killed has none.
"""

from __future__ import annotations

import multiprocessing.forkserver
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support import quick

from rag.errors import RagError
from rag.index import probe

_PATIENCE_S = 120
Message = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """What a child ended with: the name of the exception's type, its text, and whether a command says it in one sentence."""

    kind: str
    text: str
    explained: bool


class Tells:
    """The child's end: what it tells is sent at once. At a message named in `waits` it stops until the parent lets it go."""

    def __init__(self, pipe: Connection, waits: Collection[str] = ()) -> None:
        self._pipe = pipe
        self._waits = frozenset(waits)

    def __call__(self, name: str, what: Any = None) -> None:
        self._pipe.send((name, what))
        if name in self._waits:
            self._pipe.recv()

    def told_to_stop(self) -> bool:
        """Return whether the parent has let go of a child that never waits: it is to end."""
        return self._pipe.poll()


class Child:
    """A child that does `work(tells, *args)`. Leaving the block kills it when it has not ended."""

    def __init__(self, work: Callable[..., Any], *args: Any, waits: Collection[str] = ()) -> None:
        self._pipe, theirs = quick.FORKS.Pipe()
        self._process = quick.FORKS.Process(target=_run, args=(work, theirs, tuple(waits), args))
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()
        self._pipe.close()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def messages(self) -> Iterator[Message]:
        """Yield what the child tells as it comes, until it has ended."""
        while True:
            assert self._pipe.poll(_PATIENCE_S), "the child is silent"
            try:
                yield self._pipe.recv()
            except (EOFError, ConnectionResetError):
                return

    def heard_within(self, seconds: float, lets_go: Collection[str] = ()) -> list[Message]:
        """Return what the child tells in the next `seconds`, letting it go on where it waits at a message in `lets_go`."""
        heard: list[Message] = []
        end = time.monotonic() + seconds
        with suppress(EOFError, ConnectionResetError, BrokenPipeError):
            while self._pipe.poll(max(0.0, end - time.monotonic())):
                heard.append(self._pipe.recv())
                if heard[-1][0] in lets_go:
                    self.go_on()
        return heard

    def until(self, name: str) -> Any:
        """Return what the child tells with `name`. Fails when it ends before."""
        for told, what in self.messages():
            if told == name:
                return what
        raise AssertionError(f"the child ended with {self.ended()} before it told {name}")

    def until_end(self) -> Any:
        """Wait for the child's end; return what its work returned, or the Failure that it ended with."""
        told = dict(self.messages())
        code = self.ended()
        return Failure("exit", str(code), explained=False) if code else told.get("failed", told.get("done"))

    def go_on(self) -> None:
        """Let a child go on that waits."""
        self._pipe.send(None)

    def kill(self) -> list[Message]:
        """Kill the child with SIGKILL, and return what it had told until then and was not heard yet."""
        with suppress(ProcessLookupError):  # it may have ended at this moment
            if self._process.is_alive():
                os.kill(self.pid, signal.SIGKILL)
        self.ended()
        return list(self.messages()) if not self._pipe.closed else []

    def ended(self) -> int:
        """Wait for the child's end; return its exit code, below 0 when a signal ended it."""
        self._process.join(_PATIENCE_S)
        assert self._process.exitcode is not None, "the child does not end"
        return self._process.exitcode


def result(work: Callable[..., Any], *args: Any) -> Any:
    """Return what `work(tells, *args)` returns in a process of its own; a Failure when it raises or a signal ends it."""
    with Child(work, *args) as child:
        return child.until_end()


def _run(work: Callable[..., Any], pipe: Connection, waits: Collection[str], args: tuple[Any, ...]) -> None:
    server = multiprocessing.forkserver._forkserver  # type: ignore[attr-defined]
    server.ensure_running = lambda: None  # the one that this process comes from: it would start another one
    probe.subprocess = quick.ForkedPrograms()  # type: ignore[assignment]
    tells = Tells(pipe, waits)
    try:
        tells("done", work(tells, *args))
    except BaseException as error:  # noqa: BLE001 - Rust panics among them
        tells("failed", Failure(type(error).__name__, str(error), isinstance(error, RagError)))


def said(path: Path) -> None:
    """Send what this process prints to the file `path`, of its own and of the libraries under it."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.dup2(file, 1)
    os.dup2(file, 2)
