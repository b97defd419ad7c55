"""Connects to endpoints that a page named, and checks the addresses of the host at each connection."""

from __future__ import annotations

import httpx2 as httpx

from rag.errors import UsageError
from ui.models.allowed_addresses import addresses


class Pinned(httpx.HTTPTransport):
    """A transport that resolves each host, refuses it as checked_address() does, and connects to a resolved address.

    A host that changes its addresses after the check is checked again here. Certificates are compared with the host's name.
    No proxy is used: it would resolve the name again.
    """

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises httpx.ConnectError, caused by a UsageError for a host that a page may not name."""
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            resolved = addresses(host, port)
        except UsageError as error:
            raise httpx.ConnectError(error.message, request=request) from error
        for address in resolved[:-1]:
            try:
                return super().handle_request(_to(str(address), request))
            except httpx.ConnectError:
                continue
        return super().handle_request(_to(str(resolved[-1]), request))


def _to(address: str, request: httpx.Request) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,  # Host among them
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
