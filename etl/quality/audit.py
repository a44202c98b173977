"""The audit: each batch's record is closed with its load, and can be checked again at any time by anybody who may read.

The digests are bit_xor of 64-bit hashes: they find what was changed by accident or by hand, and are no proof against
one who forges them together with the whole chain of sha256 that follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from etl import sql
from etl.errors import AuditError
from etl.sql import Db, Row

BATCHES_AT_ONCE = 500


def record_batch(db: Db, batch_id: int, released: int) -> None:
    """Digest what the batch brought, and chain its record to the batch before; within load's transaction."""
    sql.run(db, "load/digest_batch", {"batch_id": batch_id, "released": released})
    sql.run(db, "load/chain_batch", {"batch_id": batch_id})


@dataclass
class Audit:
    """What ``etl audit verify`` found.

    Attributes:
        batches: how many were checked.
        compared: events whose payload was compared with landing.
        dropped: batches whose landing rows are gone after retention, so that only their record could be checked.
        troubles: what does not agree, by batch.
    """

    batches: int = 0
    first_batch_id: int | None = None
    last_batch_id: int | None = None
    events: int = 0
    compared: int = 0
    dropped: int = 0
    troubles: dict[int, list[str]] = field(default_factory=dict)

    def raise_for_trouble(self) -> None:
        """Name the first batch that does not agree.

        Raises:
            AuditError: there is one.
        """
        if self.troubles:
            first = min(self.troubles)
            raise AuditError(
                f"Batch {first} does not agree: {'; '.join(self.troubles[first])}. "
                f"{len(self.troubles):,} of {self.batches:,} batches in all. Do not trust numbers that include it: "
                "compare with a backup, and find out who wrote to these tables besides the cycle."
            )

    def note(self, batch_id: int, trouble: str) -> None:
        """Remember what is wrong with a batch."""
        self.troubles.setdefault(batch_id, []).append(trouble)


def verify(
    db: Db,
    *,
    from_batch: int = 0,
    to_batch: int | None = None,
    from_day: date | None = None,
    to_day: date | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Audit:
    """Check records, chain, ledgers, and that landing and warehouse still agree, in one snapshot.

    Args:
        db: a connection in autocommit mode.
        from_batch: first batch of the period; default: the first there is.
        to_batch: last batch of the period.
        from_day: first day of loading (UTC).
        to_day: last day of loading.
        progress: called with the share that is done.
    """
    with sql.snapshot(db):  # so that batches loaded meanwhile are no contradiction
        period = sql.one(
            db,
            "audit/count_batches",
            {"from_batch": from_batch, "to_batch": to_batch, "from_day": from_day, "to_day": to_day},
        )
        audit = Audit(period["batches"], period["first_batch_id"], period["last_batch_id"])
        if not audit.batches:
            return audit
        partitions = [row["partition_oid"] for row in sql.run(db, "audit/list_partitions")]
        starts = range(period["first_batch_id"], period["last_batch_id"] + 1, BATCHES_AT_ONCE)
        works: list[Callable[[], None]] = [lambda: _check_records(db, audit, period, partitions)]
        works += [lambda start=start: _check_landing(db, audit, start) for start in starts]  # type: ignore[misc]
        works += [lambda oid=oid: _check_payloads(db, audit, period, oid) for oid in partitions]  # type: ignore[misc]
        for done, work in enumerate(works, start=1):
            work()
            progress(done / len(works))
    return audit


def _check_records(db: Db, audit: Audit, period: Row, partitions: list[int]) -> None:
    stored: dict[int, tuple[int, int]] = {}
    for oid in partitions:
        for row in sql.run(db, "audit/digest_partition", {**period, "partition_oid": oid}):
            count, digest = stored.get(row["batch_id"], (0, 0))
            stored[row["batch_id"]] = (count + row["loaded"], digest ^ row["digest"])
    sides = {row["batch_id"]: row for row in sql.run(db, "audit/read_side_counts", period)}
    for row in sql.run(db, "audit/read_records", period):
        number = row["batch_id"]
        count, digest = stored.pop(number, (0, 0))
        audit.events += count
        for is_right, trouble in (
            (row["is_linked"], "it does not follow the batch before it (the hash there is another one)"),
            (row["is_hash_right"], "its record was changed after it was loaded (hash)"),
            (row["is_balanced"], "its ledger does not balance"),
            (row["is_digest_balanced"], "its digests do not balance"),
            (row["are_results_right"], "results of its expectations were changed"),
            (count == row["loaded"], f"the warehouse holds {count:,} of its {row['loaded']:,} events"),
            (
                count != row["loaded"] or digest == row["loaded_digest"],
                "ids, names or times of its events in the warehouse were changed",
            ),
        ):
            if not is_right:
                audit.note(number, trouble)
        for name in ("held", "released", "quarantined"):
            if sides[number][name] != row[name]:
                audit.note(number, f"{sides[number][name]:,} of {row[name]:,} {name} events are recorded")
    for number, (count, _) in stored.items():
        audit.note(number, f"{count:,} events name it, and it is no loaded batch")


def _check_landing(db: Db, audit: Audit, start: int) -> None:
    last = min(start + BATCHES_AT_ONCE - 1, audit.last_batch_id or 0)
    for row in sql.run(db, "audit/compare_landing", {"first_batch_id": start, "last_batch_id": last}):
        if row["is_dropped"]:
            audit.dropped += 1
        elif row["found"] == row["landed"]:
            audit.note(row["batch_id"], "landing holds other rows than it took")
        else:
            audit.note(row["batch_id"], f"landing holds {row['found']:,} of the {row['landed']:,} rows it took")


def _check_payloads(db: Db, audit: Audit, period: Row, partition_oid: int) -> None:
    for row in sql.run(db, "audit/compare_payloads", {**period, "partition_oid": partition_oid}):
        audit.compared += row["compared"]
        if row["changed"]:
            audit.note(
                row["batch_id"],
                f"the payload of {row['changed']:,} events differs from landing (uuid {row['example']})",
            )
