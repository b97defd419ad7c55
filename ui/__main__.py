"""Opens the chat in the browser: python -m ui."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import UsageError
from rag.settings.settings import Settings, exposed_keys, load
from rag.terminal import NO_MODEL, add_verbose, fail_in_one_sentence, progress_bars, say
from ui.serving import first_start, forwarded, listening
from ui.serving.first_start import FirstStart

if TYPE_CHECKING:  # both are imported once the page of a first start is there
    import gradio as gr

    from rag.assistant import Assistant
    from ui.models.connecting import Connecting

_TURN_S = 0.001  # that a thread may run while others wait; one of them serves all requests


def _port(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise argparse.ArgumentTypeError(f"{value} is not a port from 1 to 65535")
    return int(value)


def _name(value: str) -> str:
    if not listening.name_of(value):
        raise argparse.ArgumentTypeError(f"{value} is not the name of a host")
    return value


def _path(value: str) -> str:
    try:
        return forwarded.root_path(value)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _proxy(value: str) -> str:
    try:
        forwarded.networks([value])
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return value


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line. The reference pages are made from it."""
    parser = argparse.ArgumentParser(prog="python -m ui", description=__doc__)
    parser.add_argument("--port", type=_port, help="the port to listen on, or the next free one (7860)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on; one that others reach needs --auth")
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="asks for this user and password")
    parser.add_argument("--auth-file", metavar="FILE", help="the same from a file with one USER:PASSWORD a line")
    parser.add_argument(
        "--allowed-host", metavar="NAME", action="append", type=_name, default=[], help="a further name of this server"
    )
    parser.add_argument(
        "--root-path",
        metavar="PATH",
        type=_path,
        default="",
        help="the sub-path under which a proxy offers the chat, as /rag",
    )
    parser.add_argument(
        "--trusted-proxy",
        metavar="ADDRESS",
        action="append",
        type=_proxy,
        default=[],
        help="believes the X-Forwarded headers of a proxy at this address or network; one on this machine is always believed",
    )
    parser.add_argument("--mcp", action="store_true", help="also serves ask and search as tools to clients of MCP")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--profile", metavar="NAME", help="the model of this table [models.NAME] in rag.toml")
    parser.add_argument("--model", help="the model's name at the endpoint")
    parser.add_argument("--base-url", metavar="URL", help="the address of an OpenAI-compatible endpoint")
    parser.add_argument("--no-model", action="store_true", help="quote the abstracts, whatever model is configured")
    parser.add_argument(
        "--allow-endpoint-change",
        action="store_true",
        help="lets whoever uses the page connect a model, not only who sits at this machine",
    )
    add_verbose(parser)
    return parser


@fail_in_one_sentence
def main(argv: Sequence[str] | None = None) -> int:
    """Serve the chat until Ctrl-C.

    Raises UsageError when the chat cannot listen there, or everybody could use it without a password.
    """
    args = arguments().parse_args(argv)
    auth = listening.credentials(args.auth, args.auth_file)
    host = listening.checked_host(args.host, auth)
    port = listening.free_port(host, args.port)
    settings = load(profile=args.profile, model=args.model, base_url=args.base_url, no_model=args.no_model or None)
    for error in exposed_keys(settings.home):
        say(f"warning: {error}")
    sys.setswitchinterval(_TURN_S)
    with _first_start(settings.home, host, port, args, auth) as shown:
        assistant, page = _opened(settings, args, shown)
    from ui.chat.page import launch_options

    options = launch_options([host, *args.allowed_host], args.trusted_proxy, args.root_path)
    if args.mcp:
        from ui.serving import mcp

        options["app_kwargs"] |= mcp.served(assistant, auth)
    try:
        _, url, _ = page.launch(
            server_name=host,
            server_port=port,
            auth=auth or None,
            inbrowser=not (args.no_browser or shown),
            prevent_thread_lock=True,
            **options,
        )
    except OSError as error:
        raise UsageError(f"Another program has just taken port {port}.", "Start the chat again.") from error
    _announce(args, assistant, url, port)
    page.block_thread()
    return 0


def _first_start(
    home: Path, host: str, port: int, args: argparse.Namespace, auth: listening.Credentials
) -> AbstractContextManager[FirstStart | None]:
    """Return the page of a first start, served within the block, or nothing where the chat is waited for."""
    if auth or args.root_path or not first_start.is_needed(home):
        return nullcontext()
    return first_start.serving(home, host, port, names=args.allowed_host, browser=not args.no_browser)


def _opened(settings: Settings, args: argparse.Namespace, shown: FirstStart | None) -> tuple[Assistant, gr.Blocks]:
    """Return the assistant and the page of its chat. How far the reading is goes to the terminal, and to the page `shown`."""
    from rag.assistant import Assistant

    with progress_bars() as progress:
        assistant = Assistant(settings, progress=shown.watching(progress) if shown else progress, tell=say)
    if shown:
        shown.opening()
    with _without("mcp"):  # Gradio imports it for a server of its own, which takes 0.7 s and is not used
        from ui.chat.page import build

    return assistant, build(assistant, connecting=_connecting(args))


def _connecting(args: argparse.Namespace) -> Connecting:
    """Return who may connect a model: who sits at this machine, unless an option says that others use the chat."""
    from ui.models.connecting import Connecting, Who

    if args.allow_endpoint_change:
        return Connecting(Who.EVERYBODY)
    shared = args.auth or args.auth_file or args.allowed_host or args.trusted_proxy or args.root_path
    return Connecting(Who.NOBODY if shared else Who.THIS_MACHINE)


def _announce(args: argparse.Namespace, assistant: Assistant, url: str, port: int) -> None:
    """Print where the chat is, and what differs from what was asked for."""
    wanted = args.port or listening.FIRST_PORT
    if port != wanted:
        say(f"Port {wanted} is in use, so this is port {port}.")
    if assistant.model.mode == "extractive":
        say(NO_MODEL)
    if args.mcp:
        from ui.serving import mcp

        print(f"MCP clients find ask and search at {url.rstrip('/')}{mcp.PATH}.")
    print(f"Open {url} in a browser. Ctrl-C stops it.", flush=True)


@contextmanager
def _without(package: str) -> Iterator[None]:
    """Make imports of a package fail meanwhile, as if it were not installed. One that is loaded already stays."""
    sys.modules.setdefault(package, None)  # type: ignore[arg-type]
    try:
        yield
    finally:
        if sys.modules[package] is None:
            del sys.modules[package]


if __name__ == "__main__":
    sys.exit(main())
