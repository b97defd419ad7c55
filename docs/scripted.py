"""A local model server with one scripted reply: what README's printed answer and docs/images/chat.png are made with.

with serving(REPLY) as url: ...     an OpenAI-compatible endpoint at `url` that gives REPLY to whatever it is asked
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

QUESTION = "How does GraphSAINT build its minibatches?"
# The last figure is wrong: the abstract gives 0.995. The check has to mark that sentence, and no other.
REPLY = (
    "GraphSAINT samples the training graph itself and builds a complete GCN on the subgraph at each iteration [1]. "
    "A normalization technique removes bias [1]. "
    "It reaches an F1 score of 0.985 on PPI [1]."
)
MODEL = "scripted-model"
_PIECE = 16  # characters of the reply in one event


@contextmanager
def serving(reply: str) -> Iterator[str]:
    """Serve `reply` on a free loopback port; give the base URL."""

    class Handler(_Handler):
        text = reply

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    text = ""

    def do_GET(self) -> None:
        """List the one model."""
        listed = {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 1, "owned_by": "docs"}]}
        self._send("application/json", json.dumps(listed))

    def do_POST(self) -> None:
        """Stream the reply, whatever the question."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = [self.text[at : at + _PIECE] for at in range(0, len(self.text), _PIECE)]
        events = [_chunk({"content": piece}, None) for piece in pieces] + [_chunk({}, "stop")]
        self._send("text/event-stream", "".join(f"data: {event}\n\n" for event in (*events, "[DONE]")))

    def _send(self, content_type: str, body: str) -> None:
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


def _chunk(delta: dict[str, str], finish: str | None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": [choice]}
    return json.dumps(chunk)
