"""How the ingestion is doing: the last batches, what waits, what is held, and what is wrong. Read-only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from etl import sql
from etl.names import ALERT, INGEST, MAINTAIN, of_shard
from etl.quality.incidents import kinds, list_incidents, sentence
from etl.settings import Settings
from etl.sql import Db, Row

# A transaction in flight for less than this is ordinary traffic, not something that holds the watermark back.
HOLDER_SECONDS = 10.0
# A clock that is behind by less is nothing to speak of.
BEHIND_SECONDS = 60.0
# So many queries over all days may be open at once, before they and the cycle run out of locks.
FULL_READERS = 10
# Maintenance runs every hour, and alerts are looked for every minute.
MAINTAINED_SECONDS = 3 * 3600.0
WATCHED_SECONDS = 600.0
# A share of fewer rows says nothing.
ENOUGH_ROWS = 100


@dataclass(frozen=True)
class Problem:
    """Something that is wrong.

    Attributes:
        kind: ledger, audit, invariant, withheld, failing, set_apart, late, clock, holder, ended, maintain, watch,
            locks, quarantine, merges or incident.
        subject: the batch, where it is one batch's matter, else empty; with ``kind`` it tells problems apart.
        message: what is wrong and what to do.
    """

    kind: str
    subject: str
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Status:
    """What ``etl status`` shows.

    Attributes:
        batches: the last batches, newest first: ledger, bounds in time, seconds.
        backlog: rows in landing after the watermark (counted up to a million).
        waiting: of these, rows that wait for an older transaction to end.
        lag_seconds: age of the oldest row of the backlog; 0 without backlog.
        held: events in the buffer.
        oldest_held_seconds: age of the oldest of them by the clock, or None.
        holder: the transaction that holds the watermark back (pid, role, age_seconds ...), or None.
        problems: what is wrong and what to do. Empty: all is well.
    """

    batches: list[Row]
    backlog: int
    waiting: int
    lag_seconds: float
    held: int
    oldest_held_seconds: float | None
    holder: Row | None
    problems: list[Problem]

    @property
    def is_fine(self) -> bool:
        """No problem was found."""
        return not self.problems


def read_status(db: Db, settings: Settings, *, last: int = 10) -> Status:
    """Look at the database once."""
    batches = sql.run(db, "status/read_batches", {"at_most": last}).fetchall()
    backlog = sql.one(db, "status/read_backlog")
    buffer = sql.one(db, "status/read_buffer")
    clock = backlog["clock"]
    holder = sql.run(db, "status/read_holder").fetchone()
    if holder is not None and not (backlog["waiting"] and (holder["age_seconds"] or 0) >= HOLDER_SECONDS):
        holder = None
    status = Status(
        batches=batches,
        backlog=backlog["backlog"],
        waiting=backlog["waiting"],
        lag_seconds=_age(clock, backlog["oldest_arrival"]) or 0.0,
        held=buffer["held"],
        oldest_held_seconds=_age(clock, buffer["oldest_arrival"]),
        holder=holder,
        problems=[],
    )
    status.problems.extend(_problems(db, settings, status, clock))
    return status


def _problems(db: Db, settings: Settings, status: Status, clock: datetime) -> list[Problem]:
    found = [
        Problem(
            "ledger",
            f"batch {row['batch_id']}",
            f"The ledger of batch {row['batch_id']} does not balance: rows are unaccounted for. "
            "Do not trust numbers that include it.",
        )
        for row in sql.run(db, "status/read_unbalanced")
    ]
    found += [
        Problem(
            "audit",
            "",
            f"The audit of {row['verified_at']:%Y-%m-%d %H:%M} UTC found {row['troubles']:,} things that do not agree, "
            f"the first: {row['first']}. Do not trust numbers that include it; `etl audit verify` says all.",
        )
        for row in sql.run(db, "status/read_audit")
    ]
    found += [
        Problem(
            "invariant",
            row["expectation"],
            f"{row['reason']} ({row['unexpected']:,} rows, as of {row['checked_at']:%Y-%m-%d %H:%M} UTC) "
            f"{row['remedy']}",
        )
        for row in sql.run(db, "status/read_invariants")
    ]
    found += [
        Problem(
            "withheld",
            f"batch {row['batch_id']} project {row['team_id']}",
            f"{row['withheld']:,} of {row['written']:,} rows of the project {row['project']!r} in batch "
            f"{row['batch_id']} are withheld in quarantine, because the others fail the gate; other projects were "
            f"loaded. `etl quarantine list --batch {row['batch_id']} --team {row['team_id']}` says why, and how to "
            "land them again.",
        )
        for row in sql.run(db, "status/read_withheld")
    ]
    found += [
        Problem(
            "failing",
            f"batch {row['batch_id']}",
            f"Batch {row['batch_id']} has failed {row['failures']} times in the step {row['step']}, the last time at "
            f"{row['last_at']:%H:%M:%S} UTC: {row['error']}. No later batch overtakes it. If rows of it are to blame: "
            f"`etl batch quarantine {row['batch_id']} --landing-id ID --why TEXT`.",
        )
        for row in sql.run(db, "status/read_failing")
    ]
    found += [
        Problem(
            "set_apart",
            f"batch {row['batch_id']}",
            f"{row['rows']:,} rows of batch {row['batch_id']} were set apart, because the step {row['step']} failed on "
            f"them: {row['error']}. The rest is loaded. `etl quarantine list --reason not_processable` shows them.",
        )
        for row in sql.run(db, "status/read_set_apart")
    ]
    ingest = of_shard(INGEST, settings.shard)
    loaded = [batch for batch in status.batches if batch["status"] == "loaded"]
    if not status.batches:
        found.append(
            Problem(
                "late",
                "",
                f"No batch has run yet: is the DAG `{ingest}` un-paused, or `etl cycle` scheduled?",
            )
        )
    elif not loaded or (_age(clock, loaded[0]["loaded_at"]) or 0) > settings.late_after_seconds:
        since = f"{_age(clock, loaded[0]['loaded_at']):,.0f} s ago" if loaded else "never"
        found.append(
            Problem(
                "late",
                "",
                f"The newest batch is late: the last one was loaded {since}, expected within "
                f"{settings.late_after_seconds:,.0f} s. Look at the DAG `{ingest}` in Airflow, or run `etl cycle`.",
            )
        )
    if ahead := _ahead(status, clock):
        found.append(
            Problem(
                "clock",
                "",
                f"The server's clock is {ahead:,.0f} s behind the time of the last batch: it was set back, or was "
                "wrong then. Nothing is lost, and nothing is held for longer than else. See that the server keeps the "
                "time (NTP); this goes away when the clock has caught up.",
            )
        )
    if status.holder:
        found.append(
            Problem(
                "holder",
                "",
                f"{status.waiting:,} landed rows wait for a transaction that is still open: server process "
                f"{status.holder['pid']}, role {status.holder['role']!r}, {status.holder['application_name']!r}, "
                f"{status.holder['state']} for {status.holder['age_seconds']:,.0f} s. "
                f"Let it commit, or end it: select pg_terminate_backend({status.holder['pid']}).",
            )
        )
    return found + _jobs(db, settings) + _locks(db) + _refused(db, settings) + _merged(db, settings) + _incidents(db)


def _ahead(status: Status, clock: datetime) -> float:
    """Seconds by which the time of the newest batch is ahead of the clock; 0 where it may be chance."""
    ahead = (status.batches[0]["as_of"] - clock).total_seconds() if status.batches else 0.0
    return ahead if ahead > BEHIND_SECONDS else 0.0


def _jobs(db: Db, settings: Settings) -> list[Problem]:
    found = []
    for row in sql.run(db, "status/read_jobs"):
        # Without Airflow nobody may want alerts; who had them once is told when they stop.
        if row["job"] == "watch" and row["has_run"] and row["age_seconds"] > WATCHED_SECONDS:
            found.append(
                Problem(
                    "watch",
                    "",
                    f"Nobody has looked for problems since {row['ran_at']:%Y-%m-%d %H:%M} UTC, so no alert is sent. "
                    f"Un-pause the DAG `{of_shard(ALERT, settings.shard)}`, or schedule `etl alert`.",
                )
            )
        if row["job"] == "maintain" and (row["age_seconds"] or 0) > MAINTAINED_SECONDS:
            since = f"since {row['ran_at']:%Y-%m-%d %H:%M} UTC" if row["has_run"] else "yet"
            found.append(
                Problem(
                    "maintain",
                    "",
                    f"Maintenance has not run {since}; it should every hour. No partition is made ahead or dropped, "
                    "and the warehouse is not checked. "
                    f"Un-pause the DAG `{of_shard(MAINTAIN, settings.shard)}`, or schedule `etl maintain`.",
                )
            )
    return found


def _locks(db: Db) -> list[Problem]:
    room = sql.one(db, "status/read_lock_room")
    if room["locks"] * FULL_READERS <= room["room"]:
        return []
    needed = -(-room["locks"] * FULL_READERS // room["sessions"])
    return [
        Problem(
            "locks",
            "",
            f"A query over all days takes {room['locks']:,} locks, and the server is sure to have room for "
            f"{room['room']:,}: when it has none left, readers and cycles fail with `out of shared memory`. "
            f"Set max_locks_per_transaction to {needed} or more and restart the server.",
        )
    ]


def _refused(db: Db, settings: Settings) -> list[Problem]:
    hour = sql.one(db, "status/read_quarantined")
    share = hour["quarantined"] / max(1, hour["landed"])
    if hour["landed"] < ENOUGH_ROWS or share <= settings.alert_quarantined_share:
        return []
    return [
        Problem(
            "quarantine",
            "",
            f"{share:.1%} of the {hour['landed']:,} rows of the last hour are in quarantine, more than "
            f"{settings.alert_quarantined_share:.1%}. `etl quarantine list` says why; land them again with "
            "`etl quarantine replay` after the cause is fixed.",
        )
    ]


def _merged(db: Db, settings: Settings) -> list[Problem]:
    at_most = settings.alert_dangerous_merges
    return [
        Problem(
            "merges",
            f"project {row['team_id']}",
            f"{row['persons']:,} persons of the project {row['project']!r} were merged away by $merge_dangerously in "
            f"the last hour, more than {at_most:,}: identified users may count as one. `warehouse.merges` lists them, "
            "`etl split` takes a wrong one back.",
        )
        for row in sql.run(db, "status/read_dangerous_merges", {"at_most": at_most})
    ]


def _incidents(db: Db) -> list[Problem]:
    """Those that nobody knows of yet, and that change what is counted."""
    return [
        Problem(
            "incident",
            f"{row['kind']} project {row['team_id']} {row['subject']}".strip(),
            f"{sentence(row)}, since {row['since_at']:%Y-%m-%d %H:%M} UTC. {kinds()[row['kind']].remedy} "
            f"`etl incident acknowledge {row['incident_id']} --why TEXT` if somebody is at it.",
        )
        for row in list_incidents(db)
        if row["state"] == "open" and kinds()[row["kind"]].severity != "info"
    ]


def _age(clock: datetime, moment: datetime | None) -> float | None:
    return None if moment is None else max(0.0, round((clock - moment).total_seconds(), 3))
