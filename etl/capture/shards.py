"""The warehouses that capture writes to, usually one: what each has of its own, and which one a token belongs to.

A warehouse that is slow or away keeps the requests of its own projects waiting, and nobody else's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from etl.capture.limits import Memory
from etl.capture.metrics import Metrics
from etl.capture.privacy import Rules
from etl.capture.projects import Projects
from etl.capture.writer import Writer
from etl.errors import EtlError, RefusedError
from etl.operate.project import token_hash
from etl.rules.wire import LandingRow
from etl.settings import Settings


class Shard:
    """One warehouse.

    Attributes:
        name: of several; "" where there is only this one.
        projects: those that it has.
        writer: what writes to it.
    """

    def __init__(self, name: str, url: str, settings: Settings, metrics: Metrics, *, limit: int) -> None:
        """Nothing is connected yet.

        Args:
            name: of several; "" where there is only this one.
            url: a login in the role ``event_capture``, or the owner's.
            settings: those that begin with ``capture_``.
            metrics: where commits are counted.
            limit: bytes of its requests that may wait for their commit.
        """
        self.name = name
        self.projects = Projects(url)
        self.writer = Writer(url, metrics, shard=name, wait_seconds=settings.capture_wait_seconds)
        self._waiting = Memory(
            limit, limit, metrics.waiting_bytes.labels(name),
            "shard_full", "Too many large requests wait for the database of this project: send again.",
        )  # fmt: skip

    async def store(self, client: str, rows: Sequence[LandingRow]) -> None:
        """Return when the rows are committed.

        Raises:
            RefusedError: 503, they could not be committed in time, or too much waits for this warehouse already.
        """
        with self._waiting.of(client) as take:
            take(sum(len(row.properties or "") for row in rows))
            await self.writer.store(rows)


class Shards:
    """All of them."""

    def __init__(self, settings: Settings, urls: Mapping[str, str], metrics: Metrics, *, limit: int) -> None:
        """Nothing is connected yet.

        Args:
            settings: those that begin with ``capture_``.
            urls: the address of each, by its name; the name of the only one is "".
            metrics: where commits are counted.
            limit: bytes of all requests together; each shard has a share, but one that a single request fits into.
        """
        share = max(limit // len(urls), settings.capture_max_body_bytes)
        self._all = [Shard(name, url, settings, metrics, limit=share) for name, url in urls.items()]

    async def find(self, token: str) -> tuple[Shard, Rules]:
        """The shard that the token's project is on, and the project's rules.

        Raises:
            RefusedError: 401, no project has the token; 503, that cannot be known just now.
        """
        key = token_hash(token)
        for shard in self._all:
            if rules := await shard.projects.recall(key):
                return shard, rules
        # A new one, or one that has moved or ended. Whoever answers first that has it need not wait for the others.
        for asked in asyncio.as_completed([_ask(shard, key) for shard in self._all]):
            shard, found = await asked
            if found is not None:
                return shard, found
        if not all(shard.projects.is_reachable for shard in self._all):
            raise RefusedError(503, "database_away", "The database is away: send again.")
        raise RefusedError(401, "unknown_token", "API key is not valid: no project has it")

    async def check(self) -> dict[str, EtlError]:
        """Read the projects of all now; returns what is wrong, by the name of the shard."""
        answers = await asyncio.gather(*(_trouble_of(shard) for shard in self._all))
        return {shard.name: trouble for shard, trouble in zip(self._all, answers, strict=True) if trouble is not None}

    def __len__(self) -> int:
        return len(self._all)

    def start(self) -> None:
        """Begin to write what is stored from now on."""
        for shard in self._all:
            shard.writer.start()

    async def stop(self) -> None:
        """End; what still waits is refused by then."""
        await asyncio.gather(*(shard.writer.stop() for shard in self._all))

    def hurry(self) -> None:
        """The server is stopping: requests wait no longer than a second for a database that is away."""
        for shard in self._all:
            shard.writer.hurry()


async def _ask(shard: Shard, key: bytes) -> tuple[Shard, Rules | None]:
    return shard, await shard.projects.ask(key)


async def _trouble_of(shard: Shard) -> EtlError | None:
    try:
        await shard.projects.check()
    except EtlError as error:
        return error
    return None
