"""Step 2, stage: type and normalise the batch's rows. Narrow; the payload is not copied; nothing is refused here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

from etl import sql
from etl.cycle.batch import Batch, log, read_batch, step_of
from etl.cycle.sessions import Work, beside, count_sessions
from etl.cycle.withdraw import take_from_buffer
from etl.settings import Settings
from etl.sql import Db


def stage_batch(db: Db, settings: Settings, batch_id: int) -> None:
    """Fill ``staging.event`` with one narrow row for each landing row of the batch, in as many parts as sessions."""
    # Committed before anything is staged: all sessions need it.
    sql.run(db, "stage/insert_cookieless_salt", read_batch(db, batch_id).parameters)
    with step_of(db, batch_id, "stage") as batch:
        if batch is None:
            return
        sessions = count_sessions(db, settings, batch)
        limits = {"max_properties_bytes": settings.max_properties_bytes}
        parts = Work(partial(_insert, part={**part, **limits}) for part in _parts(db, batch, sessions))
        with beside(db, batch, parts, sessions - 1):
            staged = sum(parts.finish(db))
        set_apart = sql.run(db, "stage/insert_set_apart", batch.parameters).rowcount
        sql.run(db, "stage/analyze_event")
        warnings = sql.run(db, "stage/insert_warning").rowcount
        warnings += sql.run(db, "stage/insert_client_warning").rowcount
        take_from_buffer(db, batch)
        log(
            batch, "%d rows staged, %d of them set apart by then; %d warnings.", staged + set_apart, set_apart, warnings
        )


def _parts(db: Db, batch: Batch, sessions: int) -> Iterator[dict[str, Any]]:
    """The positions between which each part of the batch lies, and what has passed before it."""
    if not batch.landed:
        return
    size = -(-batch.landed // sessions)
    ends = sql.run(db, "stage/read_part_ends", {**batch.parameters, "size": size}).fetchall() if sessions > 1 else []
    first = {
        "xid": batch.lower_xid,
        "landing_id": batch.lower_landing_id,
        "ordinal": 0,
        "arrival_clock": batch.arrival_clock_before,
    }
    last = {"xid": batch.upper_xid, "landing_id": batch.upper_landing_id}
    for start, end in pairwise([first, *ends, last]):
        yield {
            **{f"after_{name}": value for name, value in start.items()},
            "upto_xid": end["xid"],
            "upto_landing_id": end["landing_id"],
        }


def _insert(db: Db, part: Mapping[str, Any]) -> int:
    return sql.run(db, "stage/insert_event", part).rowcount
