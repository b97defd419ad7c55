"""Opens the chat in the browser: python -m ui."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rag.assistant import Assistant
from rag.cli import NO_MODEL, fail_in_one_sentence, progress_bars, say
from rag.errors import UsageError
from rag.settings import load


def _port(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise argparse.ArgumentTypeError(f"{value} is not a port from 1 to 65535")
    return int(value)


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line; a test holds README against it."""
    parser = argparse.ArgumentParser(prog="python -m ui", description=__doc__)
    parser.add_argument("--port", type=_port, help="the port to listen on; without it the first free one from 7860 on")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--profile", metavar="NAME", help="the model of this table [models.NAME] in rag.toml")
    parser.add_argument("--model", help="the model's name at the endpoint")
    parser.add_argument("--base-url", metavar="URL", help="the address of an OpenAI-compatible endpoint")
    parser.add_argument("--no-model", action="store_true", help="quote the abstracts, whatever model is configured")
    return parser


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Serve the chat on this machine until Ctrl-C. Raises UsageError when the port is taken."""
    args = arguments().parse_args(argv)
    settings = load(profile=args.profile, model=args.model, base_url=args.base_url, no_model=args.no_model or None)
    with progress_bars() as progress:
        assistant = Assistant(settings, progress=progress, tell=say)
    from ui import app

    page = app.build(assistant)
    try:
        _, url, _ = page.launch(
            server_name="127.0.0.1",
            server_port=args.port,
            inbrowser=not args.no_browser,
            prevent_thread_lock=True,
            **app.launch_options(),
        )
    except OSError as error:
        taken = f"Port {args.port}" if args.port else "Every port from 7860 to 7959"
        raise UsageError(f"{taken} is in use.", "Choose another with --port, or leave --port out.") from error
    if assistant.model.mode == "extractive":
        say(NO_MODEL)
    print(f"Open {url} in a browser. Ctrl-C stops it.", flush=True)
    page.block_thread()
    return 0


if __name__ == "__main__":
    sys.exit(main())
