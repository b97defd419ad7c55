"""What a proxy in front of the server tells about a request: its scheme, who sent it, and the sub-path it was asked under.

These headers are believed from trusted addresses only, and taken off afterwards: Gradio would believe them from anybody.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.errors import UsageError

LOOPBACK = ("127.0.0.0/8", "::1/128")  # trusted always: a proxy on this machine
_BY_PROXY = "rag.by_proxy"  # in a scope: whether the request has headers of a proxy
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*")
_SCHEMES = ("http", "https")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def root_path(given: str) -> str:
    """Return a sub-path as /rag, or "" for none. Raises UsageError for anything else than names between slashes."""
    path = "/" + given.strip("/") if given.strip("/") else ""
    if not _PATH.fullmatch(path):
        raise UsageError(f"{given} is not a path to serve the chat under.", "Write it as /rag.")
    return path


def networks(addresses: Sequence[str]) -> tuple[Network, ...]:
    """Return addresses such as 10.0.0.7 or 10.0.0.0/8 as networks. Raises UsageError."""
    try:
        return tuple(ipaddress.ip_network(address.strip(), strict=False) for address in addresses)
    except ValueError as error:
        raise UsageError(f"A proxy has no such address: {error}.", "Write it as 10.0.0.7 or 10.0.0.0/8.") from error


class Forwarded:
    """An ASGI application around another one. It resolves what proxies tell into the scope, with the sub-path in its path."""

    def __init__(self, app: ASGIApp, proxies: Sequence[str] = (), root_path: str = "") -> None:
        self._app = app
        self._trusted = networks([*LOOPBACK, *proxies])
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = self._resolved(scope)
            if scope["path"] == scope["root_path"] and scope["method"] in ("GET", "HEAD"):
                redirect = RedirectResponse(scope["root_path"] + "/")  # the page names its files relative to its folder
                await redirect(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _resolved(self, scope: Scope) -> Scope:
        """Return the scope as the browser sees the request, without the headers of proxies."""
        told = Headers(scope=scope)
        root = self._root_path
        own = [(name, value) for name, value in scope["headers"] if not _is_of_a_proxy(name)]
        resolved: Scope = {**scope, "headers": own, _BY_PROXY: len(own) < len(scope["headers"])}
        peer = _address(scope["client"][0]) if scope.get("client") else None
        if self._trusts(peer):
            if told.get("x-forwarded-proto", "") in _SCHEMES:
                resolved["scheme"] = told["x-forwarded-proto"]
            resolved["client"] = (str(self._sender(told.getlist("x-forwarded-for")) or peer), 0)
            prefix = told.get("x-forwarded-prefix", "").rstrip("/")
            root = root or (prefix if _PATH.fullmatch(prefix) else "")
        path = scope["path"]
        is_full = path == root or path.startswith(f"{root}/")
        return {**resolved, "root_path": root, "path": path if is_full else root + path}

    def _sender(self, chains: Sequence[str]) -> Address | None:
        """Return the last address of X-Forwarded-For that is no trusted proxy's, None where there is none."""
        addresses = (_address(address) for address in reversed(",".join(chains).split(",")))
        return next((address for address in addresses if not self._trusts(address)), None)

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._trusted)


def route(scope: Scope) -> str:
    """Return the path of a request below the sub-path that the chat is served under."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


def is_of_this_machine(scope: Scope) -> bool:
    """Return whether a request came from this machine, and through no proxy that says of itself that it is one."""
    sender = _address(scope["client"][0]) if scope.get("client") else None
    return sender is not None and sender.is_loopback and not scope.get(_BY_PROXY, False)


def _address(text: str) -> Address | None:
    """Return an IP address, with or without a port; None for anything else."""
    text = text.strip()
    for address in (text, text.rpartition(":")[0].strip("[]")):
        with contextlib.suppress(ValueError):
            read = ipaddress.ip_address(address)
            return (read.ipv4_mapped or read) if isinstance(read, ipaddress.IPv6Address) else read
    return None


def _is_of_a_proxy(name: bytes) -> bool:
    return name.startswith(b"x-forwarded-") or name in (b"forwarded", b"via", b"x-real-ip", b"x-gradio-server")
