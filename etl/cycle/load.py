"""Step 5, load: apply the plan in ONE transaction, or nothing of it. The ledger is checked before it commits.

Writing the payload is most of the work, so further sessions write events ahead, slice by slice, while this one
folds properties and writes persons; what is left by then it writes too. Readers do not see rows of the open batch; the
one transaction closes the batch, and by that shows all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial, reduce
from operator import xor
from typing import Any, NamedTuple

import psycopg.errors

from etl import sql
from etl.cycle.actions import match_new_chains
from etl.cycle.batch import Batch, collector_paused, log, read_batch, step_of
from etl.cycle.erase import erase
from etl.cycle.fold import fold_groups, fold_person_properties
from etl.cycle.sessions import Work, beside, count_sessions
from etl.cycle.withdraw import withdraw
from etl.errors import GateError, LedgerError
from etl.quality.audit_log import begin_entry, record_batch
from etl.quality.gate import evaluate_contradictions, record
from etl.settings import Settings
from etl.sql import Db, Row

# Events a slice at most: few enough that no session waits long for another's last one.
SLICE = 25_000

# What of the suite `warehouse` is checked for the ids of a batch: see load/list_contradictions.sql.
CHECKED = (
    "distinct_id_points_at_living_person",
    "event_agrees_with_distinct_id",
    "override_is_one_hop",
    "person_ids_are_unique",
)


class Written(NamedTuple):
    """How many events were written, and the bit_xor of their ``ops.stored_event_hash``."""

    events: int
    digest: int


def load_batch(db: Db, settings: Settings, batch_id: int) -> None:
    """Write persons, events, buffer, quarantine, warnings, results and ledger; close the batch; move the watermark.

    Raises:
        GateError: the warehouse would contradict itself; everything was rolled back.
        LedgerError: a row is unaccounted for; everything was rolled back.
    """
    _ensure_partitions(db, settings)
    with collector_paused(), step_of(db, batch_id, "load") as batch:
        if batch is None:
            return
        released = sql.one(db, "load/digest_released")["released"]
        begin_entry(db)
        sessions = _count_sessions(db, settings, batch)
        events = Work(_writes(batch, sessions))
        with beside(db, batch, events, sessions - 1):
            fold_person_properties(db)
            fold_groups(db)
            _write_persons(db, batch)
            ledger = _write_plan(db, batch)
            written = events.finish(db)
            ledger["loaded"] = sum(each.events for each in written)
            ledger["digest"] = reduce(xor, (each.digest for each in written))
            ledger["released"] += sql.run(db, "load/delete_released", batch.parameters).rowcount
            _check(batch, ledger)
        sql.run(db, "load/publish_written_ahead", batch.parameters)
        match_new_chains(db)
        withdraw(db, batch)
        is_erasure = erase(db, batch)
        _check_warehouse(db, batch)
        sql.run(db, "load/insert_expectation_result", batch.parameters)
        sql.run(db, "load/insert_batch_project")
        sql.run(db, "load/close_batch", {"batch_id": batch_id, **ledger})
        record_batch(db, batch_id, released=released, events=ledger["digest"])
        sql.run(db, "load/advance_watermark", batch.parameters)
        if is_erasure:
            # Nothing may be left of it in the plan either.
            sql.run(db, "progress/clear")
    log(batch, "committed; %s", read_batch(db, batch_id).ledger)


def _count_sessions(db: Db, settings: Settings, batch: Batch) -> int:
    # Of another server a transaction sees what it saw at first, so it must have written all events itself.
    if sql.one(db, "load/are_events_elsewhere")["are_elsewhere"]:
        return 1
    return count_sessions(db, settings, batch)


def _writes(batch: Batch, sessions: int) -> Iterator[Callable[[Db], Written]]:
    """The batch's events in slices, and those that the buffer releases; each is written whole by one session."""
    size = min(SLICE, -(-batch.landed // sessions)) or SLICE
    for at in range(0, batch.landed, size):
        slice_ = {**batch.parameters, "after_ordinal": at, "upto_ordinal": at + size}
        yield partial(_write, events="load/insert_event", keys="load/insert_event_key", parameters=slice_)
    yield partial(
        _write,
        events="load/insert_released_stored_event",
        keys="load/insert_released_event_key",
        parameters=batch.parameters,
    )


def _write(db: Db, events: str, keys: str, parameters: Mapping[str, Any]) -> Written:
    written = sql.one(db, events, parameters)
    sql.run(db, keys, parameters)
    return Written(**written)


def _ensure_partitions(db: Db, settings: Settings) -> None:
    # Before the load's transaction, because attaching a partition locks readers out until it commits. Where a reader
    # is in the way the day's rows go to the default partition, and move when the day's next batch finds it free.
    with suppress(psycopg.errors.LockNotAvailable), db.transaction():
        sql.run(db, "load/wait_briefly")
        sql.run(db, "load/ensure_event_partitions", {"partition_days_back": settings.partition_days_back})


def _write_persons(db: Db, batch: Batch) -> None:
    for name in (
        "insert_person",
        "update_person",
        "update_person_properties",
        "update_merged_into",
        "move_distinct_ids",
        "insert_distinct_id",
        "insert_personless",
        "update_first_seen",
        "delete_revived_override",
        "update_override",
        "insert_override",
        "insert_merge",
        "upsert_group_profile",
    ):
        sql.run(db, f"load/{name}", batch.parameters)
    # Asked first, because it would lock and plan to read every day there is.
    if sql.tuples(db, "load/read_refolded_persons"):
        sql.run(db, "load/rewrite_split_event")


def _write_plan(db: Db, batch: Batch) -> Row:
    """Write the rest of the plan, all but the events and what they take from the buffer; returns its numbers."""
    sql.run(db, "load/insert_released_event", batch.parameters)
    set_apart = sql.run(db, "load/insert_released_set_apart", batch.parameters).rowcount
    held = sql.run(db, "load/insert_held", batch.parameters).rowcount
    sql.run(db, "load/analyze_buffer")
    quarantined = sql.run(db, "load/insert_quarantined", batch.parameters).rowcount
    sql.run(db, "load/insert_warning", batch.parameters)
    plan = sql.one(db, "load/count_plan", batch.parameters)
    plan["quarantined_planned"] += set_apart
    return {
        **plan,
        "released": set_apart,
        "held": held,
        "quarantined": quarantined,
    }


def _check(batch: Batch, ledger: Row) -> None:
    # What the table refuses in any case (is_balanced), said before it is written and with every number.
    taken = batch.landed + ledger["released"]
    given = ledger["loaded"] + ledger["held"] + ledger["duplicate"] + ledger["quarantined"]
    if taken != given or ledger["staged"] != batch.landed or ledger["quarantined"] != ledger["quarantined_planned"]:
        raise LedgerError(
            f"The ledger of batch {batch.batch_id} does not balance: landed {batch.landed} (staged "
            f"{ledger['staged']}) + released {ledger['released']} is not loaded {ledger['loaded']} "
            f"+ held {ledger['held']} + duplicate {ledger['duplicate']} + quarantined {ledger['quarantined']}. "
            "Nothing was loaded; the batch stays open. Do not delete landing rows of an open batch; "
            "run `etl cycle` again, and report it if it stays."
        )


def _check_warehouse(db: Db, batch: Batch) -> None:
    """Evaluate the suite ``warehouse`` over what load has just written for this batch, before it commits."""
    if not batch.landed:
        return
    contradictions: dict[str, list[Row]] = {name: [] for name in CHECKED}
    for row in sql.run(db, "load/list_contradictions"):
        contradictions[row["expectation"]].append(row["contradiction"])
    findings = evaluate_contradictions(contradictions, "warehouse", batch.landed)
    record(db, batch.batch_id, findings)
    if critical := [finding for finding in findings if finding.is_critical]:
        found = " ".join(
            f"{finding.reason} ({finding.name}: {finding.unexpected:,} rows, the first: {finding.first_example})"
            for finding in critical
        )
        raise GateError(
            f"Batch {batch.batch_id} would make the warehouse contradict itself: {found} "
            "Its load was rolled back whole; it stays open. Run `etl maintain`, which checks the whole warehouse, "
            "and find out what changes its tables besides the cycle."
        )
