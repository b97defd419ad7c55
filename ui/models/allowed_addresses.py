"""Which addresses somebody who uses the page may have this server ask for a model."""

from __future__ import annotations

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from rag.errors import UsageError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORTS = {"http": 80, "https": 443}
_METADATA = ("metadata", "metadata.google.internal", "metadata.goog", "instance-data")
# Letters of an address that all readers of addresses split in the same way.
_PLAIN = re.compile(r"[!$&'()*+,./:;=?\[\]_~%a-zA-Z0-9-]+")


def checked_address(url: str) -> str:
    """Return the address of an endpoint, tidied, that is on this machine or on the public network.

    All addresses that its host has now are looked at, and again at each connection (ui/models/pinned.py). Raises UsageError for
    one that is private, link-local, a cloud's metadata service or nobody's, has no host, or is not http.
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
    """Return the addresses that a host has now. Raises UsageError when one of them may not be asked, or there are none."""
    host = host.rstrip(".").lower()
    found = [] if host in _METADATA else _resolved(host, port)
    if not found or not all(_may_be_asked(address) for address in found):
        raise _refused(host)
    return found


def _resolved(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"The host {host} is not known here.", "Check how it is written, and the network.") from error
    return [ipaddress.ip_address(str(where[0]).partition("%")[0]) for *_, where in found]


def _may_be_asked(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return _may_be_asked(inner)
    return address.is_loopback or (address.is_global and not address.is_multicast)


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that stands in a mapped, 6to4, Teredo or NAT64 one."""
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _refused(host: str) -> UsageError:
    return UsageError(
        f"{host} is an address of a private network, which the page may not have asked.",
        "Choose an endpoint on this machine or a public one, or start the chat with --base-url.",
    )
