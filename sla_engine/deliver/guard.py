"""Names resolved once, every address checked, and only a checked address connected to.

The last check is made where the socket is: whatever a name, a redirect or a literal led to.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from sla_engine.deliver.plan.addresses import Network, refusal

Found = tuple[Any, ...]
"""(family, type, protocol, canonical name, socket address), as getaddrinfo gives it."""


class AddressRefused(OSError):
    """Delivery must not connect there; the message says why and what to set."""


class Guard:
    """What one destination may connect to; `lookup` is getaddrinfo."""

    def __init__(
        self, allowed: Sequence[Network], ports: Sequence[int], *, lookup: Any = socket.getaddrinfo
    ) -> None:
        self._allowed = allowed
        self._ports = ports
        self._lookup = lookup
        # Threads of its own: a name server that hangs holds up this destination and no other.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="deliver-names")

    def check(self, address: str, port: int, *, tls: bool) -> None:
        """AddressRefused for an address that must not be connected to."""
        why = refusal(address, port, self._allowed, tls=tls, ports=self._ports)
        if why is not None:
            raise AddressRefused(why)

    async def resolve(self, host: str, port: int, *, tls: bool) -> list[Found]:
        """The addresses of a name, all of them checked; one that is not good spoils the name."""
        loop = asyncio.get_running_loop()
        found: list[Found] = await loop.run_in_executor(
            self._threads,
            lambda: list(self._lookup(host, port, type=socket.SOCK_STREAM)),
        )
        for one in found:
            self.check(one[4][0], port, tls=tls)
        return found

    def close(self) -> None:
        """End the threads; one that waits for a name server ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedResolver(AbstractResolver):
    """Names for aiohttp."""

    def __init__(self, guard: Guard, *, tls: bool) -> None:
        self._guard = guard
        self._tls = tls

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The checked addresses; aiohttp connects to these and keeps the name for TLS."""
        return [
            {
                "hostname": host,
                "host": one[4][0],
                "port": port,
                "family": one[0],
                "proto": one[2],
                "flags": socket.AI_NUMERICHOST,
            }
            for one in await self._guard.resolve(host, port, tls=self._tls)
        ]

    async def close(self) -> None:
        """Nothing is held."""


def socket_factory(guard: Guard, *, tls: bool) -> Any:
    """What makes aiohttp's sockets: the last check, also of addresses written as such."""

    def make(found: Found) -> socket.socket:
        family, kind, protocol, _, address = found
        guard.check(address[0], address[1], tls=tls)
        return socket.socket(family, kind, protocol)

    return make
