"""Addresses of endpoints: as people write them, as they are asked, and as they may be shown."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qsl, urlsplit, urlunsplit

_CALLS = ("/chat/completions", "/embeddings")
_DEPLOYMENT = re.compile(r"/openai/deployments/([^/]+)", re.IGNORECASE)  # of Azure, where it stands for the model


def candidates(base_url: str) -> list[str]:
    """Return the addresses at which the API may be when `base_url` was given, the likeliest first; each keeps its query."""
    parts = urlsplit(base_url.strip())
    path = parts.path.rstrip("/")
    for call in _CALLS:
        path = path.removesuffix(call).rstrip("/")
    path = re.sub(r"/v1$", "/v1", path, flags=re.IGNORECASE)
    paths = [path or "/v1", "" if path in ("", "/v1") else f"{path}/v1"]
    if deployment(base_url):
        paths = paths[:1]
    return [urlunsplit((parts.scheme, parts.netloc, p, parts.query, "")) for p in paths]


def split_query(base_url: str) -> tuple[str, dict[str, str]]:
    """Return an address without its query, and what the query says."""
    parts = urlsplit(base_url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")), dict(parse_qsl(parts.query))


def deployment(base_url: str) -> str | None:
    """Return the deployment that an address of Azure names; None where it names none."""
    found = _DEPLOYMENT.search(urlsplit(base_url).path)
    return found.group(1) if found else None


def is_azure(base_url: str) -> bool:
    """Whether an address is of Azure, which takes the key in a header of its own."""
    parts = urlsplit(base_url)
    host = (parts.hostname or "").lower()
    return host.endswith((".azure.com", ".azure-api.net", ".azure.us", ".azure.cn")) or (
        deployment(base_url) is not None or "api-version" in dict(parse_qsl(parts.query))
    )


def authorisation(base_url: str, key: str) -> dict[str, str]:
    """Return the headers that carry `key` to an address; none for no key."""
    if not key:
        return {}
    return {"api-key": key} if is_azure(base_url) else {"Authorization": f"Bearer {key}"}


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
