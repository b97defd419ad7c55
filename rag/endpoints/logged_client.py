"""The HTTP client of every request to an endpoint: it logs method, host, path, status and seconds.

Neither a header nor a query nor the user part of an address is logged, so that no key is.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import httpx2 as httpx

_log = logging.getLogger(__name__)


class LoggedClient(httpx.Client):
    """An httpx client that logs each request when its reply begins, or when it fails."""

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send `request` as httpx.Client does, with its `options`."""
        began = time.perf_counter()
        asked = f"{request.method} {request.url.host}:{_port(request.url)}{request.url.path}"
        try:
            response = super().send(request, **options)
        except Exception as error:
            _log.info("%s %s %.3f s", asked, type(error).__name__, time.perf_counter() - began)
            raise
        _log.info("%s %d %.3f s", asked, response.status_code, time.perf_counter() - began)
        return response


def _port(url: httpx.URL) -> int:
    return url.port or {"http": 80}.get(url.scheme, 443)
