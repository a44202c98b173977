"""Group commit: while COPYs commit, the next requests gather; then all of theirs go in one transaction.

A request is answered when its rows are committed. Every row has a uuid by then, so a COPY whose outcome is not known
(the connection broke before the server said so) is simply sent again: the cycle counts a row that came twice once.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec
import psycopg
import structlog
from psycopg import errors

from etl import sql
from etl.capture.metrics import Metrics
from etl.errors import EtlError, RefusedError
from etl.rules.wire import LandingRow
from etl.sql import AsyncDb

MOST_ROWS = 5_000
MOST_CHARACTERS = 16_000_000
RETRY_SECONDS = 0.25
CONNECTIONS = 2  # while one waits for the disk, the other sends
UNSTORABLE = (psycopg.DataError, errors.ProgramLimitExceeded, errors.StatementTooComplex)

log = structlog.get_logger("etl.capture")


def named(shard: str) -> dict[str, str]:
    """What a log line says of a warehouse: nothing where there is only one."""
    return {"shard": shard} if shard else {}


@dataclass(eq=False)
class _Waiting:
    """The rows of one request, until they are committed or it gives up."""

    rows: Sequence[LandingRow]
    characters: int
    done: asyncio.Future[None]
    is_sent: bool = False
    """They are part of a COPY whose outcome is not known yet."""
    is_late: bool = False
    """Their time is over."""


class Writer:
    """The tasks that write. Memory is bounded by whoever admits requests."""

    def __init__(self, url: str, metrics: Metrics, *, wait_seconds: float, shard: str = "") -> None:
        """Nothing is connected yet.

        Args:
            url: a login that may insert into landing.
            metrics: where commits are counted.
            shard: which of several warehouses it is, for the log.
            wait_seconds: how long a request waits before it gives up, and a COPY before it is given up.
        """
        self._url = url
        self._metrics = metrics
        self._wait_seconds = wait_seconds
        self._named = named(shard)
        self._queue: deque[_Waiting] = deque()
        self._has_work = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._alone = 0  # so many of the next requests get a transaction of their own

    def start(self) -> None:
        """Begin to write what is stored from now on."""
        self._tasks = [asyncio.create_task(self._run(_Connection(self._url))) for _ in range(CONNECTIONS)]

    async def stop(self) -> None:
        """End; what still waits is refused by then."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def hurry(self) -> None:
        """The server is stopping: requests wait no longer than a second for a database that is away."""
        self._wait_seconds = min(self._wait_seconds, 1.0)
        for waiting in self._queue:
            asyncio.get_running_loop().call_later(self._wait_seconds, _give_up, waiting.done, _stopping())

    async def store(self, rows: Sequence[LandingRow]) -> None:
        """Return when the rows are committed.

        Raises:
            RefusedError: 503, they could not be committed in time. They may be yet: the client sends them again.
        """
        if not rows:
            return
        waiting = _Waiting(rows, sum(len(row.properties or "") for row in rows), asyncio.Future())
        self._queue.append(waiting)
        self._metrics.queued_events.inc(len(rows))
        self._has_work.set()
        try:
            await asyncio.wait([waiting.done], timeout=self._wait_seconds)
            waiting.is_late = True
            if waiting.is_sent:
                # Whoever sends again what is committed just now counts it twice, where it brings no uuid. A COPY is
                # given up after a while, so this ends.
                await asyncio.wait([waiting.done], timeout=2 * self._wait_seconds)
            if not waiting.done.done():
                raise _too_late()
            waiting.done.result()
        finally:
            waiting.done.cancel()
            self._metrics.queued_events.dec(len(rows))

    async def _run(self, connection: _Connection) -> None:
        try:
            while True:
                await self._has_work.wait()
                if group := self._take():
                    await self._write(group, connection)
                else:
                    self._has_work.clear()
        finally:
            connection.drop()

    async def _write(self, group: list[_Waiting], connection: _Connection) -> None:
        """Commit the rows of a group and say so to its requests, or put them back."""
        began = time.perf_counter()
        for waiting in group:
            waiting.is_sent = True
        commit = asyncio.create_task(connection.commit([row for waiting in group for row in waiting.rows]))
        try:
            # Not `timeout`: cancelling makes psycopg wait for a server that may be gone.
            done, _ = await asyncio.wait([commit], timeout=self._wait_seconds)
        finally:
            await connection.break_off(commit)
            for waiting in group:
                waiting.is_sent = False
        error = commit.exception() if done else TimeoutError("no answer from the database")
        if error is None:
            self._metrics.commit_seconds.observe(time.perf_counter() - began)
            for waiting in group:
                if not waiting.done.done():
                    waiting.done.set_result(None)
            return
        connection.drop()
        self._metrics.commit_failures.inc()
        if isinstance(error, UNSTORABLE):
            self._isolate(group, error)
            return
        if isinstance(error, psycopg.Error | EtlError | OSError | TimeoutError):
            log.warning(
                "commit failed", error=sql.one_line(error), events=sum(len(w.rows) for w in group), **self._named
            )
        else:
            log.error("commit failed", exc_info=error, **self._named)
        for waiting in group:
            if waiting.is_late:
                _give_up(waiting.done, _too_late())
        self._queue.extendleft(reversed(group))
        self._has_work.set()
        await asyncio.sleep(RETRY_SECONDS)

    def _take(self) -> list[_Waiting]:
        """The requests of the next transaction, without those that gave up."""
        group: list[_Waiting] = []
        rows = characters = 0
        most_rows = 1 if self._alone else MOST_ROWS
        self._alone = max(0, self._alone - 1)
        while self._queue and rows < most_rows and characters < MOST_CHARACTERS:
            waiting = self._queue.popleft()
            if not waiting.done.done():
                group.append(waiting)
                rows += len(waiting.rows)
                characters += waiting.characters
        return group

    def _isolate(self, group: list[_Waiting], error: BaseException) -> None:
        """Find the request whose rows the server refuses whatever is done to them, and refuse it."""
        if len(group) > 1:
            self._alone += len(group)
            self._queue.extendleft(reversed(group))
            self._has_work.set()
            return
        log.error("rows that PostgreSQL refuses", error=sql.one_line(error), **self._named)
        if not group[0].done.done():
            group[0].done.set_exception(RefusedError(400, "unstorable", "The events cannot be stored."))


class _Connection:
    """One connection, made when it is needed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._db: AsyncDb | None = None

    async def commit(self, rows: list[LandingRow]) -> None:
        """Return when the server has committed the rows."""
        if self._db is None:
            self._db = await sql.connect_async(self._url, application_name="etl capture")
        try:
            await _copy(self._db, rows)
        except UNSTORABLE:
            await _copy(self._db, await _storable(self._db, rows))

    async def break_off(self, commit: asyncio.Task[None]) -> None:
        """Return when a commit is over, whether the server answers or not.

        A socket that is closed while the event loop still watches it can end the whole process.
        """
        if commit.done():
            return
        if self._db is None:
            commit.cancel()
        else:
            with socket.socket(fileno=os.dup(self._db.pgconn.socket)) as link, suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        await asyncio.gather(commit, return_exceptions=True)

    def drop(self) -> None:
        """Let go of it, whatever state it is in; nothing waits on it."""
        if self._db is not None:
            self._db.pgconn.finish()
            self._db = None


async def _copy(db: AsyncDb, rows: Sequence[LandingRow]) -> None:
    """One statement in autocommit mode: when it returns, the server has committed."""
    async with db.cursor() as cursor, cursor.copy(sql.statement("capture/copy_event")) as copy:
        for row in rows:
            await copy.write_row((*row, True))


async def _storable(db: AsyncDb, rows: Sequence[LandingRow]) -> list[LandingRow]:
    """The rows in a form that this server can store: refused JSON becomes a text that says why, for the gate."""
    kept = list(rows)
    for place, reason in (await _unstorable(db, kept)).items():
        text = msgspec.json.encode(f"{reason}: {kept[place].properties}").decode()
        kept[place] = kept[place]._replace(properties=text)
        log.warning("properties that PostgreSQL cannot store", uuid=kept[place].uuid, error=reason)
    return kept


async def _unstorable(db: AsyncDb, rows: Sequence[LandingRow]) -> dict[int, str]:
    """The server's reason for each row whose properties it cannot store, by place."""
    cursor = await db.execute(sql.statement("land/find_unstorable"), {"texts": [row.properties for row in rows]})
    return {row["index"]: row["message"] for row in await cursor.fetchall()}


def _too_late() -> RefusedError:
    return RefusedError(503, "database_away", "The database is slow or away: send again.")


def _stopping() -> RefusedError:
    return RefusedError(503, "stopping", "The server is stopping: send again.")


def _give_up(done: asyncio.Future[None], error: RefusedError) -> None:
    if not done.done():
        done.set_exception(error)
