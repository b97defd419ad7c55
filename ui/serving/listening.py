"""Where the chat listens and who may use it: a host, a free port, users with passwords."""

from __future__ import annotations

import base64
import errno
import ipaddress
import re
import secrets
import socket
from pathlib import Path

from rag.errors import UsageError

FIRST_PORT = 7860
_PORTS_TRIED = 100
_LOOPBACK = "127.0.0.1"  # where Gradio checks that a port is free
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\s:@/\[\]]+))(?::\d+)?")

Credentials = list[tuple[str, str]]


def credentials(given: str | None, file: str | None) -> Credentials:
    """Return (user, password) pairs: `given` as USER:PASSWORD, and one for each line of a file. Raises UsageError."""
    lines = [("--auth", given)] if given is not None else []
    if file is not None:
        try:
            read = Path(file).expanduser().read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"The file {file} cannot be read.", "Name a text file with lines USER:PASSWORD.") from error
        lines += [(f"Line {n} of {file}", line) for n, line in enumerate(read.splitlines(), 1) if line.strip()]
        if not lines:
            raise UsageError(f"The file {file} is empty.", "Write a line USER:PASSWORD into it.")
    return [_pair(where, line) for where, line in lines]


def _pair(where: str, line: str) -> tuple[str, str]:
    user, _, password = line.strip().partition(":")
    if not user.strip() or not password:
        raise UsageError(f"{where} is not a user and a password.", "Write it as USER:PASSWORD.")
    return user.strip(), password


def is_known(authorization: str, allowed: Credentials) -> bool:
    """Return whether a Basic Authorization header names an allowed user with the right password."""
    pair = _decoded(authorization)
    return pair is not None and any(secrets.compare_digest(pair, ":".join(one).encode()) for one in allowed)


def user_of(authorization: str) -> str | None:
    """Return the user that a Basic Authorization header names, None for any other header."""
    pair = _decoded(authorization)
    return None if pair is None else pair.decode("utf-8", "replace").partition(":")[0]


def _decoded(authorization: str) -> bytes | None:
    """Return USER:PASSWORD from a Basic Authorization header, None for any other header."""
    kind, _, encoded = authorization.partition(" ")
    try:
        return base64.b64decode(encoded.strip(), validate=True) if kind.lower() == "basic" else None
    except ValueError:
        return None


def checked_host(host: str, allowed: Credentials) -> str:
    """Return the host to listen on, an IPv6 address in brackets.

    Raises UsageError for a host that other machines can reach while nobody needs a password.
    """
    host = host.strip().removeprefix("[").removesuffix("]")
    if not _is_loopback(host) and not allowed:
        raise UsageError(
            f"On {host} everybody who can reach this machine could use the chat.",
            "Set a password with --auth USER:PASSWORD or --auth-file FILE, or leave out --host.",
        )
    return f"[{host}]" if ":" in host else host


def name_of(host: str) -> str:
    """Return the host of a Host header in lower case, without port, brackets and final dot; "" when malformed."""
    named = _HOST.fullmatch(host.strip().lower())
    return (named[1] or named[2]).removesuffix(".") if named else ""


def free_port(host: str, wanted: int | None = None) -> int:
    """Return the first free port from `wanted` on. Raises UsageError when none is free, or the host is not this machine."""
    first = wanted or FIRST_PORT
    last = min(first + _PORTS_TRIED - 1, 65535)
    for port in range(first, last + 1):
        if _is_free(host.strip("[]"), port):
            return port
    raise UsageError(f"Every port from {first} to {last} is in use.", "Choose another with --port.")


def _is_free(host: str, port: int) -> bool:
    try:
        for at in {host, _LOOPBACK}:
            family, kind, protocol, _, address = socket.getaddrinfo(at, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                probe.listen(1)
    except PermissionError as error:
        raise UsageError(f"Port {port} is reserved for the system.", "Choose a port from 1024 on with --port.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return False
        raise UsageError(f"{host} is not an address of this machine.", "Choose another one, or leave out --host.") from error
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
