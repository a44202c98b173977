"""Step 5, load: apply the plan in ONE transaction, or nothing of it. The ledger is checked before it commits.

Writing the payload is most of the work, so a second session writes events ahead, slice by slice, while the first one
folds properties and writes persons; then both share the slices that remain. Readers do not see rows of the
open batch; the one transaction closes the batch, and by that shows all of them at once.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress

import psycopg.errors

from etl import db as door
from etl.db import Db, Row
from etl.errors import LedgerError
from etl.evidence import seal_batch
from etl.groups import fold_groups
from etl.judge import judge_load, refuse_blocked
from etl.person_properties import fold_person_properties
from etl.plan import collector_paused, second_session, step_of
from etl.settings import Settings

# Events a slice: few enough that neither session waits long for the other's last one.
SLICE = 25_000

Slices = deque[tuple[int, int]]


def load_batch(db: Db, settings: Settings, batch_id: int) -> None:
    """Write persons, events, buffer, quarantine, warnings, results and ledger; close the batch; move the watermark.

    Raises:
        BlockedError: the batch waits for a person's decision.
        GateError: the warehouse would contradict itself; everything was rolled back.
        LedgerError: a row is unaccounted for; everything was rolled back.
    """
    _ensure_partitions(db, settings)
    with collector_paused(), step_of(db, batch_id, "load") as batch:
        if batch is None:
            return
        refuse_blocked(batch)
        released = door.one(db, "load/digest_released")["released"]
        slices: Slices = deque((at, at + SLICE) for at in range(0, batch["landed"], SLICE))
        with second_session(db, batch, lambda second: _write_ahead(second, batch, slices)) as written_ahead:
            fold_person_properties(db)
            fold_groups(db)
            _write_persons(db, batch)
            ledger = _write_plan(db, batch)
            ledger["loaded"] += _write_events(db, batch, slices) + written_ahead.result()
            _check(batch, ledger)
        door.run(db, "load/publish_written_ahead", batch)
        judge_load(db, batch)
        door.run(db, "load/insert_expectation_result", batch)
        door.run(db, "load/close_batch", {"batch_id": batch_id, **ledger})
        seal_batch(db, batch_id, released)
        door.run(db, "load/advance_watermark", batch)


def _write_ahead(second: Db, batch: Row, slices: Slices) -> int:
    door.run(second, "load/note_written_ahead", batch)
    return _write_events(second, batch, slices)


def _write_events(db: Db, batch: Row, slices: Slices) -> int:
    """Write events and their keys, until no slice is left for this session or the other; returns how many events."""
    written = 0
    while True:
        try:
            after, upto = slices.popleft()
        except IndexError:
            return written
        slice_ = {**batch, "after_ordinal": after, "upto_ordinal": upto}
        written += door.run(db, "load/insert_event", slice_).rowcount
        door.run(db, "load/insert_event_key", slice_)


def _ensure_partitions(db: Db, settings: Settings) -> None:
    # Before the load's transaction, because attaching a partition locks readers out until it commits. Where a reader
    # is in the way the day's rows go to the default partition, and move when the day's next batch finds it free.
    with suppress(psycopg.errors.LockNotAvailable), db.transaction():
        door.run(db, "load/wait_briefly")
        door.run(db, "load/ensure_event_partitions", {"partition_days_back": settings.partition_days_back})


def _write_persons(db: Db, batch: Row) -> None:
    for name in (
        "insert_person",
        "update_person",
        "update_person_properties",
        "update_merged_into",
        "move_distinct_ids",
        "insert_distinct_id",
        "insert_personless",
        "delete_revived_override",
        "update_override",
        "insert_override",
        "insert_merge",
        "rewrite_split_event",
        "upsert_group_profile",
    ):
        door.run(db, f"load/{name}", batch)


def _write_plan(db: Db, batch: Row) -> Row:
    """Write the rest of the plan; returns its numbers, the batch's own events not among the loaded."""
    door.run(db, "load/insert_released_event", batch)
    loaded = door.run(db, "load/insert_released_stored_event", batch).rowcount
    door.run(db, "load/insert_released_event_key", batch)
    released = door.run(db, "load/delete_released", batch).rowcount
    held = door.run(db, "load/insert_held", batch).rowcount
    door.run(db, "load/analyze_buffer")
    quarantined = door.run(db, "load/insert_quarantined", batch).rowcount
    door.run(db, "load/insert_warning", batch)
    plan = door.one(db, "load/count_plan", batch)
    return {**plan, "loaded": loaded, "released": released, "held": held, "quarantined": quarantined}


def _check(batch: Row, ledger: Row) -> None:
    taken = batch["landed"] + ledger["released"]
    given = ledger["loaded"] + ledger["held"] + ledger["duplicate"] + ledger["quarantined"]
    if taken != given or ledger["staged"] != batch["landed"] or ledger["quarantined"] != ledger["quarantined_planned"]:
        raise LedgerError(
            f"The ledger of batch {batch['batch_id']} does not balance: landed {batch['landed']} (staged "
            f"{ledger['staged']}) + released {ledger['released']} is not loaded {ledger['loaded']} "
            f"+ held {ledger['held']} + duplicate {ledger['duplicate']} + quarantined {ledger['quarantined']}. "
            "Nothing was loaded; the batch stays open. Do not delete landing rows of an open batch; "
            "run `etl cycle` again, and report it if it stays."
        )
