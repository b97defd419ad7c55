"""Addresses of endpoints: as people write them, as they are asked, and as they may be shown."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit, urlunsplit

_CALLS = ("/chat/completions", "/embeddings")


def candidates(base_url: str) -> list[str]:
    """Return the addresses at which the API may be when `base_url` was given, the likeliest first."""
    parts = urlsplit(base_url.strip())
    path = parts.path.rstrip("/")
    for call in _CALLS:
        path = path.removesuffix(call).rstrip("/")
    paths = [path or "/v1", "" if path in ("", "/v1") else f"{path}/v1"]
    return [urlunsplit((parts.scheme, parts.netloc, p, "", "")) for p in paths]


def shown(base_url: str) -> str:
    """Return an address without the user name and password that it may carry."""
    parts = urlsplit(base_url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def password(base_url: str) -> str | None:
    """Return the password that an address carries."""
    return urlsplit(base_url).password


def is_loopback(base_url: str) -> bool:
    """Whether an address is of this machine."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
