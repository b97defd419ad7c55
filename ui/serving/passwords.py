"""Guessing passwords is slow: after five wrong ones, each further try for the same user from the same address waits longer."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from ui.serving.replies import Refused

_FREE_TRIES = 5
_MAX_PAUSE_S = 30  # less than the time after which proxies give up
_MAX_WAITING = 4  # tries of one user from one address that wait at the same time
_FORGOTTEN_S = 900  # seconds after which wrong passwords no longer count
_MAX_KEYS = 10_000  # users and addresses that are remembered; the ones that were not tried for longest are forgotten
_IPV6_PREFIX = 64  # bits of an IPv6 address that a provider gives to one customer


@dataclass(slots=True)
class _Tries:
    wrong: int
    last_s: float
    waiting: int = 0


class Pauses:
    """Counts wrong passwords by user and address."""

    def __init__(self, sleep: Callable[[float], Any] = asyncio.sleep, clock: Callable[[], float] = time.monotonic) -> None:
        self._sleep = sleep
        self._clock = clock
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()

    @asynccontextmanager
    async def trying(self, user: str, address: str) -> AsyncIterator[Callable[[], None]]:
        """Wait before a try as long as wrong ones before it ask for; give a function to call when the password is right.

        Until then the try counts as wrong, so that many at once are not all free. Raises Refused when too many wait already.
        """
        key = (user.strip()[:100], _customer(address))
        tries = self._counted(key)
        pause_s = min(2 ** max(tries.wrong - _FREE_TRIES - 1, 0), _MAX_PAUSE_S) if tries.wrong > _FREE_TRIES else 0
        if pause_s:
            if tries.waiting >= _MAX_WAITING:
                raise Refused(HTTPStatus.TOO_MANY_REQUESTS, f"Too many wrong passwords. Try again in {pause_s} s.", pause_s)
            tries.waiting += 1
            try:
                await self._sleep(pause_s)
            finally:
                tries.waiting -= 1

        def right() -> None:
            self._tries.pop(key, None)

        yield right

    def _counted(self, key: tuple[str, str]) -> _Tries:
        now_s = self._clock()
        tries = self._tries.setdefault(key, _Tries(0, now_s))
        self._tries.move_to_end(key)
        if now_s - tries.last_s > _FORGOTTEN_S:
            tries.wrong = 0
        tries.wrong = min(tries.wrong + 1, 100)
        tries.last_s = now_s
        if len(self._tries) > _MAX_KEYS:
            self._tries.popitem(last=False)
        return tries


def _customer(address: str) -> str:
    """Return an IPv4 address, the network of an IPv6 address, and "" for anything else."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(read if read.version == 4 else ipaddress.ip_network(f"{read}/{_IPV6_PREFIX}", strict=False))
