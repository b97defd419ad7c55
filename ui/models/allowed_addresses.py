"""The addresses of endpoints that a page may name. They are on this machine or on the public network."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from rag.errors import UsageError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORTS = {"http": 80, "https": 443}
_METADATA = ("metadata", "metadata.google.internal", "metadata.goog", "instance-data")
# Characters of an address that all parsers of addresses split in the same way.
_PLAIN = re.compile(r"[!$&'()*+,./:;=?\[\]_~%a-zA-Z0-9-]+")


def checked_address(url: str) -> str:
    """Return the address of an endpoint without surrounding spaces.

    All addresses of the host are checked, now and at each connection (ui/models/pinned.py). Raises UsageError when the URL is
    not http or has no host, and when an address is private, link-local, unassigned or a cloud's metadata service.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in _PORTS or not host or not _PLAIN.fullmatch(url):
        raise UsageError(
            "This is not the address of an endpoint.", "Write it as http://HOST:PORT/v1 or https://HOST/v1, without a password."
        )
    addresses(host, port or _PORTS[parts.scheme])
    return url


def addresses(host: str, port: int) -> list[Address]:
    """Return the addresses of a host. Raises UsageError when there are none, or a page may not name one of them."""
    host = host.rstrip(".").lower()
    resolved = [] if host in _METADATA else _resolved(host, port)
    if not resolved or not all(_is_allowed(address) for address in resolved):
        raise _refused(host)
    return resolved


def _resolved(host: str, port: int) -> list[Address]:
    try:
        records = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"The host {host} was not found.", "Check the spelling and the network.") from error
    return [ipaddress.ip_address(str(where[0]).partition("%")[0]) for *_, where in records]


def _is_allowed(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return _is_allowed(inner)
    return address.is_loopback or (address.is_global and not address.is_multicast)


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address inside a mapped, 6to4, Teredo or NAT64 address, None for others."""
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _refused(host: str) -> UsageError:
    return UsageError(
        f"{host} is an address of a private network, and a page may not name one.",
        "Choose an endpoint on this machine or a public one, or start the chat with --base-url.",
    )
