"""Step 2, stage: type and normalise the batch's rows. Narrow; the payload is not copied; nothing is refused here."""

from __future__ import annotations

from typing import Any

from etl import sql
from etl.cycle.batch import log, read_batch, second_session, step_of
from etl.cycle.withdraw import take_from_buffer
from etl.settings import Settings
from etl.sql import Db


def stage_batch(db: Db, settings: Settings, batch_id: int) -> None:
    """Fill ``staging.event`` with one narrow row for each landing row of the batch, in two sessions, a half each.

    A small batch has no second half.
    """
    # Committed before anything is staged: both sessions need it.
    sql.run(db, "stage/insert_cookieless_salt", read_batch(db, batch_id).parameters)
    with step_of(db, batch_id, "stage") as batch:
        if batch is None:
            return
        limits = {"max_properties_bytes": settings.max_properties_bytes}
        first = {
            "after_xid": batch.lower_xid,
            "after_landing_id": batch.lower_landing_id,
            "after_ordinal": 0,
            "after_arrival_clock": batch.arrival_clock_before,
            "upto_xid": batch.middle_xid,
            "upto_landing_id": batch.middle_landing_id,
            **limits,
        }
        last = {
            "after_xid": batch.middle_xid,
            "after_landing_id": batch.middle_landing_id,
            "after_ordinal": batch.middle_ordinal,
            "after_arrival_clock": batch.middle_arrival_clock,
            "upto_xid": batch.upper_xid,
            "upto_landing_id": batch.upper_landing_id,
            **limits,
        }
        with second_session(db, batch, lambda second: _insert(second, last)) as half:
            staged = _insert(db, first)
        set_apart = sql.run(db, "stage/insert_set_apart", batch.parameters).rowcount
        sql.run(db, "stage/analyze_event")
        warnings = sql.run(db, "stage/insert_warning").rowcount
        warnings += sql.run(db, "stage/insert_client_warning").rowcount
        take_from_buffer(db, batch)
        staged += half.result()
        log(
            batch, "%d rows staged, %d of them set apart by then; %d warnings.", staged + set_apart, set_apart, warnings
        )


def _insert(db: Db, half: dict[str, Any]) -> int:
    is_empty = (half["after_xid"], half["after_landing_id"]) == (half["upto_xid"], half["upto_landing_id"])
    return 0 if is_empty else sql.run(db, "stage/insert_event", half).rowcount
