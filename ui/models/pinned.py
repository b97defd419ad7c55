"""Connects to addresses that a page named: each host is looked at when it is connected to, and connected to as looked at."""

from __future__ import annotations

import httpx2 as httpx

from rag.errors import UsageError
from ui.models.allowed_addresses import addresses


class Pinned(httpx.HTTPTransport):
    """A transport that resolves a host itself, refuses it as checked_address() does, and asks one of the addresses it found.

    So a host that changes its addresses after it was checked gains nothing. Certificates are still held against the host's
    name. No proxy is used: it would resolve the name again.
    """

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.ConnectError, with the UsageError as its cause where the host may not be asked."""
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            found = addresses(host, port)
        except UsageError as error:
            raise httpx.ConnectError(error.message, request=request) from error
        for address in found[:-1]:
            try:
                return super().handle_request(_to(str(address), request))
            except httpx.ConnectError:
                continue
        return super().handle_request(_to(str(found[-1]), request))


def _to(address: str, request: httpx.Request) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,  # Host among them
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
