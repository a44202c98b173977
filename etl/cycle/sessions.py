"""Sessions of the database that share a step's work: one session uses one core of the server.

Each has a transaction of its own, which commits just before the step's; the step's own one closes what they did.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from typing import Generic, TypeVar

from etl import sql
from etl.cycle.batch import Batch, log
from etl.errors import StagingLostError, UnavailableError
from etl.settings import Settings
from etl.sql import Db

Result = TypeVar("Result")

# Where nobody says how many cores the server has: PostgreSQL does not.
UNKNOWN_CORES = 2
# Without being asked, no more: connections are dear too.
MOST_BY_ITSELF = 8


def count_sessions(db: Db, settings: Settings, batch: Batch) -> int:
    """How many sessions share the work of a batch; 1: the step's own one does all of it.

    A trial is rolled back, so it has no other session: that would not see what was done so far.
    """
    if batch.is_trial:
        return 1
    most = settings.sessions or min(_cores(db), MOST_BY_ITSELF)
    return max(1, min(most, batch.landed // settings.rows_per_session))


def _cores(db: Db) -> int:
    is_here = db.info.host.startswith("/") or db.info.hostaddr in {"127.0.0.1", "::1"}
    return (os.cpu_count() if is_here else None) or UNKNOWN_CORES


class Work(Generic[Result]):
    """Tasks that sessions take one by one until none is left, so that none waits long for another's last one."""

    def __init__(self, tasks: Iterable[Callable[[Db], Result]]) -> None:
        """Each task gets the connection of the session that takes it."""
        self._tasks = deque(tasks)
        self._results: list[Result] = []
        self.futures: list[Future[None]] = []

    def take(self, db: Db) -> None:
        """Do tasks in a session until none is left to take."""
        while True:
            try:
                task = self._tasks.popleft()
            except IndexError:
                return
            self._results.append(task(db))

    def finish(self, db: Db) -> list[Result]:
        """Do what nobody has taken, wait for the rest, and return what the tasks returned, in no order."""
        self.take(db)
        for future in self.futures:
            future.result()
        return self._results

    def stop(self) -> None:
        """Nobody takes another task."""
        self._tasks.clear()


@contextmanager
def beside(db: Db, batch: Batch, work: Work[Result], sessions: int) -> Iterator[None]:
    """Let further sessions do the work while the block goes on with the step's own one.

    Their transactions commit when the block is left, if all have succeeded; the step's own one commits later. A run
    that dies in between leaves their work behind, so it must not matter unless the step commits. Where the server has
    no room for as many, there are fewer.

    Args:
        db: the step's connection, in its transaction.
        batch: what ``step_of`` yields.
        work: what they share.
        sessions: how many further ones; 0: none.

    Raises:
        StagingLostError: another run has claimed the plan since.
    """
    with ExitStack() as stack:
        others = _open(stack, db, batch, sessions)
        if not others:
            yield
            return
        threads = stack.enter_context(ThreadPoolExecutor(len(others)))
        work.futures = [threads.submit(work.take, other) for other in others]
        try:
            yield
            wait(work.futures, return_when=FIRST_EXCEPTION)
            for future in work.futures:
                future.result()
        except BaseException:
            work.stop()
            while wait(work.futures, timeout=0.2).not_done:
                for other in others:
                    other.cancel_safe()
            raise


def _open(stack: ExitStack, db: Db, batch: Batch, sessions: int) -> list[Db]:
    """Connections in a transaction each, of a run that has the plan."""
    others: list[Db] = []
    for number in range(2, sessions + 2):
        try:
            other = stack.enter_context(sql.connect_beside(db, number))
        except UnavailableError as error:
            log(batch, "it goes on with %d sessions instead of %d: %s", len(others) + 1, sessions + 1, error)
            break
        stack.enter_context(other.transaction())
        sql.run(other, "progress/configure")
        # The lock keeps the next run from claiming the plan before this transaction has ended, so that nothing of a run
        # that was given up can appear later.
        if sql.run(other, "progress/hold_claim", {"claim": batch.claim}).fetchone() is None:
            raise StagingLostError(
                f"Another run has taken up batch {batch.batch_id}; this one changed nothing and ends."
            )
        others.append(other)
    return others
