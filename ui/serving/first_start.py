"""The page while a new library is read: how far that is, and a search of the papers that are there, by words.

It is served before the chat is imported, which takes longer than reading, and by Python's own HTTP server for the same reason.
The chat takes its port over. It is for a chat on this machine without passwords: hosted ones are not waited for by a person.
"""

from __future__ import annotations

import json
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from socket import AF_INET6
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from markupsafe import Markup

from rag.errors import RagError
from rag.request import MAX_QUESTION_CHARS
from rag.storage.reader import Reader
from rag.types import Filters, Paper, Progress
from ui.rendering import rendered
from ui.serving.listening import name_of
from ui.serving.replies import HEADERS

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_MAX_FOUND = 20  # papers shown
_READING = "embedding"  # the stage of ingestion in which papers are stored
_PROGRESS = "/progress"
_FILES = ("first_start.css", "first_start.js")


@dataclass(frozen=True, slots=True)
class Step:
    """How far a step in words is: `done` of `total` papers, 0 of 0 where that is not known."""

    words: str = "Getting ready"
    done: int = 0
    total: int = 0

    def sentence(self) -> str:
        """Return the step as one line."""
        return f"{self.words}: {self.done:,} of {self.total:,}" if self.total else f"{self.words}…"


class FirstStart:
    """What the page shows. Safe to share between threads."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.step = Step()

    def watching(self, other: Progress) -> Progress:
        """Return a Progress that the page shows too."""

        def progress(stage: str, done: int, total: int) -> None:
            self.step = Step("Reading the papers" if stage == _READING else "Making them ready to be asked", done, total)
            other(stage, done, total)

        return progress

    def opening(self) -> None:
        """Show that all papers are read and the chat opens."""
        self.step = Step("Opening the chat")

    def page(self, words: str) -> str:
        """Return the page, with the papers that have all the words."""
        static = resources.files("ui").joinpath("static")
        css, js = (Markup(static.joinpath(name).read_text("utf-8")) for name in _FILES)  # noqa: S704 - our own
        count, found = self._found(words)
        return rendered(
            "first_start.html", step=self.step, words=words, count=count, found=found, shown=_MAX_FOUND, css=css, js=js
        )

    def state(self) -> str:
        """Return what changes, as JSON."""
        count, _ = self._found("")
        return json.dumps({"text": self.step.sentence(), "done": self.step.done, "total": self.step.total, "papers": count})

    def _found(self, words: str) -> tuple[int, list[Paper]]:
        """Return how many papers there are, and the first of those that have all the words; none for no words."""
        try:
            library = Reader(self.home)
        except RagError:  # nothing is there yet
            return 0, []
        try:
            asked = words[:MAX_QUESTION_CHARS].split()
            ids = library.search(asked, Filters())[: _MAX_FOUND + 1] if asked else []
            return library.count(), list(library.each(ids))
        except RagError:
            return 0, []
        finally:
            library.close()


def is_needed(home: Path) -> bool:
    """Whether nothing can be asked yet: there is no library, or no index of it."""
    return not (home / "library.sqlite").exists() or not any((home / "index").glob("*/CURRENT"))


@contextmanager
def serving(home: Path, host: str, port: int, *, names: Sequence[str] = (), browser: bool = False) -> Iterator[FirstStart]:
    """Serve the page at a port until the block ends, and open it in the browser where asked to."""
    first = FirstStart(home)
    known = {name_of(name) or name for name in (*LOOPBACK, host, *names)} - {""}
    server = _Server((host.strip("[]"), port), _handler(first, known))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="first start", daemon=True).start()
    if browser:
        Thread(target=webbrowser.open, args=(f"http://{host}:{port}/",), name="browser", daemon=True).start()
    try:
        yield first
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = AF_INET6 if ":" in address[0] else self.address_family
        super().__init__(address, handler)


def _handler(first: FirstStart, names: set[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # seconds of silence

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if name_of(self.headers.get("host", "")) not in names:
                self._answer(HTTPStatus.FORBIDDEN, "text/plain", "This server does not have that name.")
            elif asked.path == _PROGRESS:
                self._answer(HTTPStatus.OK, "application/json", first.state())
            elif asked.path in ("/", "/library"):
                words = parse_qs(asked.query).get("q", [""])[0]
                self._answer(HTTPStatus.OK, "text/html", first.page(words))
            else:
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", "The papers are being read. Ask again in a moment.")

        def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
            body = text.encode("utf-8", "replace")
            self.send_response(status)
            headers = {**HEADERS, "Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body))}
            for name, value in {**headers, "Cache-Control": "no-store", "Retry-After": "1"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing."""

    return Handler
