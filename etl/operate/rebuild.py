"""The whole landing log once more, into a fresh database next to the live one, and whether the result is the same.

The live database is only read, in one snapshot; at the end the result is noted there, where the login may. Arrivals are
replayed as they happened: rows keep their positions and times, and the clock of the replay stands where the live one
stood, so the same events stay held. Batches are cut differently, which must make no difference. What was refused is
refused again, since that followed from what was known, and from what people decided, at the time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

from etl import databases, sql
from etl.cycle.batch import Batch
from etl.cycle.run import run_cycle
from etl.errors import TransientError
from etl.migrate import migrate
from etl.operate import action, cohort
from etl.operate.digest import Difference, Digest, first_difference, read_digest
from etl.rules.action import read_actions
from etl.rules.cohort import read_cohorts
from etl.settings import Settings
from etl.sql import Db, Row


@dataclass(frozen=True)
class Rebuild:
    """The two results side by side.

    Attributes:
        live: the digest of the live database.
        rebuilt: the digest of the replay.
        difference: the first entry they do not share, or None.
        landed: rows that the live database has processed.
        missing: of these, rows that landing no longer has, because its old partitions were dropped.
        left_out: numbers of projects that came from another shard, which are not compared.
        oldest_arrival: how far back landing reaches.
        seconds: of the replay.
        database: the name of the fresh database.
    """

    live: Digest
    rebuilt: Digest
    difference: Difference | None
    landed: int
    missing: int
    left_out: list[int]
    oldest_arrival: datetime | None
    seconds: float
    database: str


def rebuild(
    url: str,
    settings: Settings,
    *,
    is_kept: bool = False,
    report: Callable[[Batch, int], None] = lambda batch, landed: None,
) -> Rebuild:
    """Replay landing into a fresh database of the same server and compare the digests.

    Args:
        url: the live database, which is only read.
        settings: of the cycles; the length of the hold is taken from the ledger instead.
        is_kept: leave the fresh database there.
        report: called with each batch, and with how many rows are to be replayed in all.

    Raises:
        ConfigurationError: the role may not create a database.
        TransientError: a transaction older than the last batch kept the replay's clock back.
    """
    watch = sql.Stopwatch()
    with sql.connect(url, application_name="etl rebuild") as live, sql.snapshot(live):
        segments = sql.run(live, "rebuild/read_segments").fetchall()
        moved = sql.one(live, "rebuild/read_left_out")
        left_out = moved["left_out"]
        segments = [{**segment, "left_out": left_out, "are_refused_again": True} for segment in segments]
        landed = sum(segment["landed"] for segment in segments) - moved["rows"]
        digest = _read_digest(live, left_out)
        name = f"{live.info.dbname}_rebuild_{os.getpid()}"
        place = (
            nullcontext(databases.create_database(url, name)) if is_kept else databases.temporary_database(url, name)
        )
        with place as fresh_url, sql.connect(fresh_url) as fresh:
            migrate(fresh, settings)
            copied = replay(live, fresh, settings, segments, lambda batch: report(batch, landed))
            rebuilt = _read_digest(fresh, left_out)
            with fresh.transaction():
                difference = _compare(live, fresh, digest, rebuilt, left_out)
        oldest = sql.one(live, "rebuild/read_oldest")["oldest_arrival"]
    found = Rebuild(digest, rebuilt, difference, landed, landed - copied, left_out, oldest, watch.seconds, name)
    with sql.connect(url, application_name="etl rebuild") as live:
        sql.run(live, "rebuild/insert_run", {**vars(found), "difference": str(difference) if difference else None})
    return found


def replay(live: Db, fresh: Db, settings: Settings, parts: Iterable[Row], report: Callable[[Batch], None]) -> int:
    """Run the cycles of parts of the live log in a fresh database; returns how many rows these had.

    Args:
        live: the live database, only read.
        fresh: a migrated database without rows.
        settings: of the cycles.
        parts: bounds, clock at the end and length of the hold of each, as ``sql/rebuild/read_segments.sql`` has them.
        report: called with each batch.

    Raises:
        TransientError: a transaction older than the last batch kept the replay's clock back.
    """
    _copy_context(live, fresh)
    return sum(_replay_part(live, fresh, settings, part, report) for part in parts)


def _copy_context(live: Db, fresh: Db) -> None:
    with fresh.transaction():
        sql.run(fresh, "rebuild/delete_projects")
        for row in sql.run(live, "rebuild/read_projects"):
            sql.run(fresh, "rebuild/insert_project", row)
        for row in sql.run(live, "rebuild/read_salts"):
            sql.run(fresh, "rebuild/insert_salt", row)
        sql.run(fresh, "rebuild/prepare_watermark", sql.one(live, "rebuild/read_xid_offset"))
    for row in action.list_all(live):
        if row["is_enabled"]:
            action.add(fresh, read_actions(row), team_id=row["team_id"], by=row["decided_by"], why=row["why"])
    for row in cohort.list_all(live):
        if row["is_enabled"]:
            written = read_cohorts(cohort.as_written(live, row))
            cohort.add(fresh, written, team_id=row["team_id"], by=row["decided_by"], why=row["why"])


def _replay_part(live: Db, fresh: Db, settings: Settings, part: Row, report: Callable[[Batch], None]) -> int:
    sql.copy_across(
        live, "rebuild/copy_out", fresh, "rebuild/copy_in", {"left_out": [], "are_refused_again": False, **part}
    )
    copied = 0
    held = settings.model_copy(update={"hold_seconds": part["hold_seconds"]})
    is_caught_up = False
    while not is_caught_up:
        batch = run_cycle(fresh, held, now=part["as_of"])
        report(batch)
        copied += batch.landed
        is_caught_up = batch.is_caught_up
    if batch.as_of != part["as_of"]:
        raise TransientError(
            f"The replay's clock stands at {batch.as_of}, the live one stood at {part['as_of']}: a transaction "
            "older than that is open on this server (`etl status`), or the role may not see others' (grant pg_monitor)."
            " Nothing was compared; run again when it has ended."
        )
    return copied


def _read_digest(db: Db, left_out: list[int]) -> Digest:
    """Of all but the quarantine, which the replay is given."""
    found = read_digest(db, left_out=left_out)
    return Digest([section for section in found.sections if section.name != "quarantined events"])


def _compare(live: Db, fresh: Db, ours: Digest, theirs: Digest, left_out: list[int]) -> Difference | None:
    for mine, other in zip(ours.sections, theirs.sections, strict=True):
        if mine != other:
            return first_difference(live, fresh, mine.name, left_out=left_out)
    return None
