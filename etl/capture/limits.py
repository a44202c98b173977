"""Who may hold how much of what all clients share: memory, threads, connections.

Small requests are always let in: there are no more of them than connections. For the rest one client gets a share, so
that it stands in nobody's way but its own. Behind a proxy that is not trusted everybody is one client.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from prometheus_client import Gauge

from etl.errors import RefusedError

SMALL_BYTES = 65_536  # of a body: so much is read, unpacked and parsed on the event loop, and counts for nothing
THREADS = 2

T = TypeVar("T")


def client_of(host: str) -> str:
    """Whose a request is: an address, or the network of an IPv6 one, because a single site has 2^64 of these."""
    if ":" not in host:
        return host
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return host
    return str(address.ipv4_mapped or ipaddress.IPv6Network((address, 64), strict=False))


class Memory:
    """Bytes that requests hold: as many as there are, and one client no more than its share."""

    def __init__(self, limit: int, share: int, gauge: Gauge, reason: str, message: str) -> None:
        """Nothing is held yet.

        Args:
            limit: bytes for all.
            share: bytes for one client.
            gauge: shows them.
            reason: why a request is refused, as a word for the counters ...
            message: ... and for the client.
        """
        self._limit = limit
        self._share = share
        self._refusal = (503, reason, message)
        self._held = 0
        self._held_by: Counter[str] = Counter()
        gauge.set_function(lambda: self._held)

    @contextmanager
    def of(self, client: str) -> Iterator[Callable[[int], None]]:
        """A function that takes memory for one request, or gives back some (a negative size); at the end, all of it.

        It raises RefusedError (503) where a request that is no longer small would take more than there is.
        """
        held = 0

        def take(size: int) -> None:
            nonlocal held
            is_full = self._held + size > self._limit or self._held_by[client] + size > self._share
            if is_full and held + size > SMALL_BYTES:
                raise RefusedError(*self._refusal)
            held += size
            self._add(client, size)

        try:
            yield take
        finally:
            self._add(client, -held)

    def _add(self, client: str, size: int) -> None:
        self._held += size
        self._held_by[client] += size
        if not self._held_by[client]:
            del self._held_by[client]


class Threads:
    """Threads for large requests, one of a client at a time: whoever sends many waits for itself."""

    def __init__(self, wait_seconds: float) -> None:
        """Nothing is started yet.

        Args:
            wait_seconds: how long a request waits for its turn before it is refused.
        """
        self._wait_seconds = wait_seconds
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="large")
        self._free = asyncio.Semaphore(THREADS)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, client: str, work: Callable[[], T]) -> T:
        """What the work returns or raises. It cannot be stopped, so it has to be bounded.

        Raises:
            RefusedError: 503, its turn did not come in time.
        """
        turn = self._turns.setdefault(client, asyncio.Lock())
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._wait_seconds):
                    await stack.enter_async_context(turn)
                    await stack.enter_async_context(self._free)
            except TimeoutError as error:
                raise RefusedError(503, "busy", "Too many large requests at once: send again.") from error
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def stop(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Waiting(Generic[T]):
    """Connections that are idle or owe the rest of a request: of each client the one that has longest comes first."""

    def __init__(self) -> None:
        self._of: dict[str, dict[T, None]] = {}

    def add(self, client: str, connection: T) -> None:
        """It waits from now on, unless it does already."""
        self._of.setdefault(client, {})[connection] = None

    def remove(self, client: str, connection: T) -> None:
        """It does not wait any more, if it did."""
        if of_one := self._of.get(client):
            of_one.pop(connection, None)
            if not of_one:
                del self._of[client]

    def longest(self) -> T | None:
        """Of the client with the most of them, the one that has waited longest."""
        if not self._of:
            return None
        of_one = max(self._of.values(), key=len)
        return next(iter(of_one))
