"""Isolation: when a step fails on what a batch holds, find the rows it fails on, so that one row never stops the rest.

The rows at fault are found by trials: the steps run on a part of the batch, in a transaction that is rolled back. Then
the rows are set apart (``ops.set_apart``): from there on the batch's steps account for them, send them to quarantine
with the error, and read nothing of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import psycopg
from psycopg import errors

from etl import sql
from etl.cycle.batch import Batch, read_batch
from etl.errors import EtlError
from etl.quality.audit_log import entry
from etl.quality.suites import read_refusals
from etl.settings import Settings
from etl.sql import Db

# How long one search may take, in seconds; what it has not told apart by then is set apart together.
SEARCH_SECONDS = 300.0
SHOWN_CHARACTERS = 500

Step = Callable[[Db, Settings, int], None]
# A half-open range of places, from and to.
Range = tuple[int, int]

# Errors that a server also raises for what passes by itself, or for what no row is to blame.
_NOT_OF_DATA = (psycopg.OperationalError, psycopg.ProgrammingError, psycopg.InterfaceError, psycopg.NotSupportedError)
_OF_DATA = (errors.ProgramLimitExceeded, errors.StatementTooComplex, errors.OutOfMemory)


def is_of_data(error: BaseException) -> bool:
    """Whether rows may be to blame for an error: not a lost connection, a lock, a broken statement, or one of ours."""
    if isinstance(error, _OF_DATA):
        return True
    return isinstance(error, Exception) and not isinstance(error, (EtlError, OSError, *_NOT_OF_DATA))


def describe(error: BaseException) -> str:
    """An error and its kind in one line, not too long."""
    return f"{type(error).__name__}: {sql.one_line(error)}"[:SHOWN_CHARACTERS]


class Trial(Protocol):
    """Whether the steps fail on a part of what there is."""

    def __call__(self, start: int, end: int, skipped: Sequence[Range]) -> bool:
        """Whether they fail on the places from ``start`` up to ``end``, without those skipped."""


def find_culprits(count: int, fails: Trial, may_go_on: Callable[[], bool] = lambda: True) -> list[Range]:
    """Places to blame, as ranges: single ones, or longer where time ran out. What is left may still fail: search again.

    Halves are tried alone first. Where both pass and only the whole fails, as when many rows make one value too large,
    the last row of the shortest beginning that fails is taken, so that the earlier ones stay.

    Args:
        count: how many places there are; they are known to fail together.
        fails: the trial.
        may_go_on: False: no more trials; every range that is known to fail is given back whole.
    """
    found: list[Range] = []

    def search(start: int, end: int) -> None:
        while end - start > 1 and may_go_on():
            middle = (start + end) // 2
            parts = [part for part in ((start, middle), (middle, end)) if fails(*part, found)]
            for part in parts:
                search(*part)
            if parts or not fails(start, end, found):
                return
            found.append(last_of_shortest(start, end))
        found.append((start, end))

    def last_of_shortest(start: int, end: int) -> Range:
        passing, failing = start, end
        while failing - passing > 1 and may_go_on():
            middle = (passing + failing) // 2
            if fails(start, middle, found):
                failing = middle
            else:
                passing = middle
        return passing, failing

    search(0, count)
    return _disjoint(found)


def _disjoint(ranges: Sequence[Range]) -> list[Range]:
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def set_apart(
    batch_id: int, landing_ids: Sequence[int], step: str, error: str, cause: str, *, decided_by: str | None = None
) -> Mapping[str, Any]:
    """The parameters of ``isolate/insert_rows`` and ``isolate/move_held``: which rows, and why they are set apart."""
    reason = read_refusals()["not_processable"]
    return {
        "batch_id": batch_id,
        "landing_ids": list(landing_ids),
        "step": step,
        "error": error,
        "reason": sql.json_text({**reason, "reason": f"{reason['reason']} {cause}"}),
        "among": len(landing_ids),
        "decided_by": decided_by,
    }


def isolate(db: Db, settings: Settings, batch_id: int, steps: Mapping[str, Step], error: BaseException) -> int:
    """Find the rows of an open batch on which its steps fail, and set them apart; committed.

    Args:
        db: the connection that holds the cycle lock, in no transaction.
        settings: of the steps.
        batch_id: the batch.
        steps: the steps to try, by name, in order; the last one has failed.
        error: what it raised.

    Returns:
        How many rows were set apart; 0: no row is to blame, and nothing was changed.
    """
    watch = sql.Stopwatch()
    until = time.monotonic() + SEARCH_SECONDS
    search = _Search(db, settings, read_batch(db, batch_id), steps)
    if search.fails_without_rows():
        return 0
    if search.fails_on_held():
        items, fails, statement = search.held, search.fails_on_held_part, "isolate/move_held"
    else:
        items, fails, statement = search.rows, search.fails_on_rows, "isolate/insert_rows"
    culprits = find_culprits(len(items), fails, lambda: time.monotonic() < until) if items else []
    if not culprits:
        return 0
    failed = list(steps)[-1]
    with entry(db, "maintenance", f"rows of batch {batch_id} set apart: the step {failed} fails on them"):
        for start, end in culprits:
            rows = "it" if end - start == 1 else f"one of {end - start} rows, this one among them"
            cause = f"The step {failed} fails on {rows}: {describe(error)}"
            landing_ids = [landing_id for _, landing_id, _ in items[start:end]]
            sql.run(db, statement, set_apart(batch_id, landing_ids, failed, describe(error), cause))
        # The plan was made with these rows, and is of no use any more.
        sql.run(db, "progress/clear")
        seconds = {"batch_id": batch_id, "step": "isolate", "seconds": watch.seconds}
        sql.run(db, "progress/note_seconds", seconds)
    return sum(end - start for start, end in culprits)


class _Search:
    """The trials on one batch: each runs the steps in a transaction that is rolled back."""

    def __init__(self, db: Db, settings: Settings, batch: Batch, steps: Mapping[str, Step]) -> None:
        """Read the positions of its rows and of the held events that it releases."""
        self._db = db
        self._settings = settings
        self._batch = batch
        self._steps = steps
        self.rows = sql.tuples(db, "isolate/read_rows", batch.parameters)
        self.held = sql.tuples(db, "isolate/read_held", batch.parameters)

    def fails_without_rows(self) -> bool:
        """Whether the steps fail with nothing to do: then no row is to blame."""
        return self._fails(0, 0, [], [])

    def fails_on_held(self) -> bool:
        """Whether they fail on the held events that are due, without a row of the batch."""
        return bool(self.held) and self._fails(0, 0, [], self.held)

    def fails_on_held_part(self, start: int, end: int, skipped: Sequence[Range]) -> bool:
        """Whether they fail on some of the held events that are due."""
        chosen = set(range(start, end)).difference(*(range(*each) for each in skipped))
        return self._fails(0, 0, [], [self.held[place] for place in sorted(chosen)])

    def fails_on_rows(self, start: int, end: int, skipped: Sequence[Range]) -> bool:
        """Whether they fail on some of the batch's rows, with all held events that are due."""
        return self._fails(start, end, skipped, self.held)

    def _fails(self, start: int, end: int, skipped: Sequence[Range], held: Sequence[tuple[Any, ...]]) -> bool:
        try:
            with self._db.transaction(force_rollback=True):
                self._narrow(start, end, skipped, held)
                for step in self._steps.values():
                    step(self._db, self._settings, self._batch.batch_id)
        except Exception as error:
            if not is_of_data(error):
                raise
            return True
        return False

    def _narrow(self, start: int, end: int, skipped: Sequence[Range], held: Sequence[tuple[Any, ...]]) -> None:
        batch_id = self._batch.batch_id
        first = (self._batch.lower_xid, self._batch.lower_landing_id)
        lower = self.rows[start - 1][:2] if start else first
        upper = self.rows[end - 1][:2] if end > start else lower
        inside = [place for each in skipped for place in range(*each) if start <= place < end]
        if inside:
            landing_ids = [self.rows[place][1] for place in inside]
            sql.run(self._db, "isolate/insert_rows", set_apart(batch_id, landing_ids, "", "", ""))
        bounds = {
            "lower_xid": lower[0],
            "lower_landing_id": lower[1],
            "upper_xid": upper[0],
            "upper_landing_id": upper[1],
        }
        landed = sql.one(self._db, "isolate/count_rows", bounds)["landed"]
        sql.run(self._db, "isolate/narrow_batch", {**bounds, "batch_id": batch_id, "landed": landed})
        if len(held) < len(self.held):
            landing_ids = [landing_id for _, landing_id, _ in held]
            sql.run(self._db, "isolate/delete_other_held", {"as_of": self._batch.as_of, "landing_ids": landing_ids})
