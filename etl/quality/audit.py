"""The audit: do the log, the ledger, landing and the warehouse still agree? By anybody who may read.

What it compares is recorded with every batch, by :mod:`etl.quality.audit_log`. Its hashes have no secret: whoever may
write every table, and knows how, can forge the whole log. That is found with a hash of it that was kept elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from etl import sql
from etl.errors import AuditError
from etl.sql import Db, Row

BATCHES_AT_ONCE = 100

# By the names of ops.batch_row: where its rows are, and which number of the ledger counts them.
_ROWS = {
    "refused": ("quarantine.event", "quarantined"),
    "releases": ("buffer.released_event", "released"),
    "merges": ("warehouse.merge", None),
    "warnings": ("ops.warning", None),
    "projects": ("ops.batch_project", None),
    "withdrawals": ("ops.withdrawal", None),
}


@dataclass(frozen=True)
class Trouble:
    """Something that does not agree.

    Attributes:
        table: where.
        what: what is wrong, with the first row where it is known.
        batch_id: of which batch; None: of a table as a whole, or of the log.
    """

    table: str
    what: str
    batch_id: int | None = None

    def __str__(self) -> str:
        return f"{self.table}: {self.what}"


@dataclass
class Audit:
    """What ``etl audit verify`` found.

    Attributes:
        is_period: it was asked for a part of the batches.
        batches: how many were checked.
        events: events of theirs in the warehouse, each hashed anew and compared with its person.
        amended: batches of which something was erased or dropped after retention since they were recorded: what is left
            was checked (``ops.amendment``).
        dropped: batches whose landing rows are gone after retention, so that only their events could be checked.
        entry_id: the newest entry of the audit log.
        hash: its hash: keep it elsewhere, and hand it to a later run.
        troubles: what does not agree.
        seconds: how long it took.
    """

    is_period: bool = False
    batches: int = 0
    first_batch_id: int | None = None
    last_batch_id: int | None = None
    events: int = 0
    amended: int = 0
    dropped: int = 0
    entry_id: int | None = None
    hash: str | None = None
    troubles: list[Trouble] = field(default_factory=list)
    seconds: float = 0.0

    def raise_for_trouble(self) -> None:
        """Name the first batch or table that does not agree.

        Raises:
            AuditError: there is one.
        """
        if not self.troubles:
            return
        of_batches = [trouble for trouble in self.troubles if trouble.batch_id is not None]
        of_tables = "; ".join(str(trouble) for trouble in self.troubles if trouble.batch_id is None)
        found = f"The warehouse does not agree with its audit log: {of_tables}. " if of_tables else ""
        if of_batches:
            numbers = {trouble.batch_id for trouble in of_batches}
            first = min(of_batches, key=lambda trouble: trouble.batch_id or 0).batch_id
            its = "; ".join(str(trouble) for trouble in of_batches if trouble.batch_id == first)
            found = f"Batch {first} does not agree: {its}. {len(numbers):,} batches in all. {found}"
        raise AuditError(
            f"{found}Do not trust numbers that include it: compare with a backup, and find out who wrote to these "
            "tables besides the product."
        )

    def note(self, batch_id: int | None, table: str, what: str) -> None:
        """Remember what does not agree."""
        self.troubles.append(Trouble(table, what, batch_id))


def verify(
    db: Db,
    *,
    from_batch: int = 0,
    to_batch: int | None = None,
    from_day: date | None = None,
    to_day: date | None = None,
    expected: str | None = None,
    is_since_last: bool = False,
    progress: Callable[[float], None] = lambda share: None,
) -> Audit:
    """Check log, ledgers, events, landing and every audited table, in one snapshot.

    Args:
        db: a connection in autocommit mode.
        from_batch: first batch of the period; default: the first there is.
        to_batch: last batch of the period.
        from_day: first day of loading (UTC).
        to_day: last day of loading.
        expected: a hash of the log that was kept elsewhere.
        is_since_last: of the batches only those that the last run without trouble has not seen; log and tables whole.
        progress: called with the share that is done.
    """
    began = time.perf_counter()
    with sql.snapshot(db):  # so that batches loaded meanwhile are no contradiction
        audit = Audit(is_period=bool(from_batch or to_batch is not None or from_day or to_day))
        if is_since_last:
            from_batch = max(from_batch, _next_batch(db, audit))
        period = sql.one(
            db,
            "audit/read_period",
            {"from_batch": from_batch, "to_batch": to_batch, "from_day": from_day, "to_day": to_day},
        )
        audit.batches = period["batches"]
        if audit.batches:
            audit.first_batch_id, audit.last_batch_id = period["oldest_batch_id"], period["newest_batch_id"]
        works = list(_works(db, audit, period, expected))
        for done, work in enumerate(works, start=1):
            work()
            progress(done / len(works))
    audit.seconds = round(time.perf_counter() - began, 3)
    return audit


def note_run(db: Db, audit: Audit) -> bool:
    """Keep the result, for the page, alerts and the next run; False: this login may not."""
    if not sql.one(db, "audit/may_note")["is_allowed"]:
        return False
    troubles = [asdict(trouble) for trouble in audit.troubles]
    sql.run(db, "audit/insert_run", {**vars(audit), "troubles": sql.json_text(troubles)})
    return True


def _next_batch(db: Db, audit: Audit) -> int:
    last = sql.run(db, "audit/read_last_run").fetchone()
    if last is None:
        return 0
    if not last["is_kept"]:
        audit.note(None, "ops.audit_entry", f"entry {last['entry_id']} has another hash than when it was last checked")
        return 0
    return int(last["last_batch_id"] or 0) + 1


def _works(db: Db, audit: Audit, period: Row, expected: str | None) -> Iterator[Callable[[], None]]:
    ranges = sql.run(db, "audit/list_ranges").fetchall()
    stored: dict[int, Row] = {}
    newest = sql.one(db, "audit/read_newest", {"expected": expected})
    audit.entry_id, audit.hash = newest["entry_id"], newest["hash"]
    if not newest["is_expected"]:
        audit.note(None, "ops.audit_entry", f"the log does not contain the hash {expected} that was kept elsewhere")
    yield lambda: _check_log(db, audit)
    yield lambda: _check_state(db, audit, newest["state"] or {})
    for each in ranges:
        yield lambda each=each: _read_events(db, audit, stored, {**period, **each})  # type: ignore[misc]
        yield lambda each=each: _check_persons(db, audit, {**period, **each})  # type: ignore[misc]
    yield lambda: _check_keys(db, audit, period)
    yield lambda: _check_records(db, audit, period, stored)
    if audit.batches:
        for start in range(audit.first_batch_id or 0, (audit.last_batch_id or 0) + 1, BATCHES_AT_ONCE):
            yield lambda start=start: _check_landing(db, audit, start)  # type: ignore[misc]


def _check_log(db: Db, audit: Audit) -> None:
    for row in sql.run(db, "audit/read_entries"):
        of = row["batch_id"]
        if not row["is_right"]:
            audit.note(of, "ops.audit_entry", f"entry {row['entry_id']} was changed after it was recorded (hash)")
        if not row["is_linked"]:
            audit.note(of, "ops.audit_entry", f"entry {row['entry_id']} does not follow the one before it")
    if moved := sql.run(db, "audit/read_watermark").fetchone():
        if moved["is_elsewhere"]:
            at = "it is gone" if moved["xid"] is None else f"it stands at ({moved['xid']}, {moved['landing_id']})"
            audit.note(None, "ops.watermark", f"{at}, and the newest batch ends elsewhere")
        else:
            audit.note(
                None,
                "ops.watermark",
                f"it adds {moved['xid_offset']} to transaction ids, and landing adds {moved['landing_offset']}",
            )


def _check_state(db: Db, audit: Audit, recorded: Row) -> None:
    for row in sql.run(db, "audit/digest_state"):
        if row["digest"] != recorded.get(row["name"], 0):
            audit.note(
                None, row["name"], "its rows are not those that the product wrote (`etl rebuild` names the first)"
            )


def _read_events(db: Db, audit: Audit, stored: dict[int, Row], parameters: Row) -> None:
    for row in sql.run(db, "audit/digest_range", parameters):
        before = stored.setdefault(row["batch_id"], {"loaded": 0, "keys_digest": 0, "digest": 0})
        before["loaded"] += row["loaded"]
        before["keys_digest"] ^= row["keys_digest"]
        before["digest"] ^= row["digest"]
        audit.events += row["loaded"]
        if row["changed"]:
            what = f"{row['changed']:,} events were changed after they were loaded, the first: uuid {row['example']}"
            audit.note(row["batch_id"], "warehouse.stored_event", what)


def _check_persons(db: Db, audit: Audit, parameters: Row) -> None:
    for row in sql.run(db, "audit/compare_persons", parameters):
        what = (
            f"{row['differing']:,} events have another person than their distinct id, the first: uuid {row['example']}"
        )
        audit.note(row["batch_id"], "warehouse.stored_event", what)


def _check_keys(db: Db, audit: Audit, period: Row) -> None:
    for row in sql.run(db, "audit/compare_keys", period):
        what = (
            f"{row['forgotten']:,} events could be loaded again: it has no such key, the first: uuid {row['example']}"
        )
        audit.note(row["batch_id"], "warehouse.event_key", what)


def _check_records(db: Db, audit: Audit, period: Row, stored: dict[int, Row]) -> None:
    rows = {(row["name"], row["batch_id"]): row for row in sql.run(db, "audit/digest_rows", period)}
    held = {row["batch_id"]: row["found"] for row in sql.run(db, "audit/count_held", period)}
    for row in sql.run(db, "audit/read_records", period):
        number = row["batch_id"]
        audit.amended += row["is_amended"]
        if not row["is_there"]:
            audit.note(number, "ops.batch", "it is in the audit log, and its record is gone")
            continue
        for is_right, table, what in (
            (row["is_recorded"], "ops.batch", "its record is not the one in the audit log"),
            (row["is_balanced"], "ops.batch", "its ledger does not balance"),
            (row["is_digest_balanced"], "ops.batch", "its digests do not balance"),
            (row["are_results_right"], "ops.expectation_result", "its results were changed"),
        ):
            if not is_right:
                audit.note(number, table, what)
        _check_events(audit, number, row, stored.pop(number, {"loaded": 0, "keys_digest": 0, "digest": 0}))
        for name in _ROWS:
            _check_rows(audit, row, name, rows.pop((name, number), {"found": 0, "digest": 0}))
        if (found := held.pop(number, 0)) != row["held"]:
            audit.note(number, "buffer.event", f"{found:,} of {row['held']:,} held events are recorded")
    strays = [("warehouse.stored_event", number, events["loaded"]) for number, events in stored.items()]
    strays += [(_ROWS[name][0], number, row["found"]) for (name, number), row in rows.items()]
    strays += [("buffer.event", number, found) for number, found in held.items()]
    for table, number, found in strays:
        audit.note(number, table, f"{found:,} rows name it, and it is no loaded batch")


def _check_events(audit: Audit, number: int, row: Row, events: Row) -> None:
    table = "warehouse.stored_event"
    if events["loaded"] != row["loaded"]:
        audit.note(number, table, f"it holds {events['loaded']:,} of its {row['loaded']:,} events")
    elif events["keys_digest"] != row["digests"].get("loaded", 0):
        audit.note(number, table, "ids, names or times of its events were changed")
    elif events["digest"] != row["digests"].get("events", 0):
        audit.note(number, table, "it holds other events than were loaded")


def _check_rows(audit: Audit, record: Row, name: str, found: Row) -> None:
    table, count = _ROWS[name]
    if count is not None and found["found"] != record[count]:
        what = f"{found['found']:,} of {record[count]:,} {count} events are recorded"
    elif found["digest"] != record["digests"].get(name, 0):
        what = f"its {name} are not those that the batch has recorded ({found['found']:,} rows)"
    else:
        return
    audit.note(record["batch_id"], table, what)


def _check_landing(db: Db, audit: Audit, start: int) -> None:
    last = min(start + BATCHES_AT_ONCE - 1, audit.last_batch_id or 0)
    for row in sql.run(db, "audit/compare_landing", {"first_batch_id": start, "last_batch_id": last}).fetchall():
        if row["is_dropped"]:
            audit.dropped += 1
        elif row["found"] != row["landed"]:
            audit.note(
                row["batch_id"], "landing.event", f"it holds {row['found']:,} of the {row['landed']:,} rows it took"
            )
        else:
            first: Any = sql.run(db, "audit/find_landing_row", {"batch_id": row["batch_id"]}).fetchone()
            example = f", the first: uuid {first['uuid']}, landing id {first['landing_id']}" if first else ""
            audit.note(row["batch_id"], "landing.event", f"it holds other rows than the batch took{example}")
