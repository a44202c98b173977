"""Moving a project to another shard, with its history, while its events arrive.

Its rows are copied as they are, in one snapshot there and one transaction here: history is not worked out again, since
landing holds only the last weeks of it. Only positions are shifted, all by the same, so that they keep their order and
lie between what this landing has processed and what comes next; and the ledger gets one batch that brings it all. Then
both shards must give the same digest. Cycles of both wait meanwhile, and nothing stops landing: what lands on the old
shard during the move is landed on the new one, with its uuid, before the project is removed there.

Whatever interrupts it, to run it again goes on: until the history is committed nothing has changed, and after that
``ops.moved_project`` says how far its landing had been processed.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import msgspec

from etl import shards, sql
from etl.errors import ConfigurationError, CycleBusyError, ProjectError, TransientError
from etl.migrate import check
from etl.operate import action, cohort
from etl.operate.project import team_of
from etl.operate.project_removal import LOCK_SECONDS, refuse_open_batch, remove_rows
from etl.quality.audit_log import begin_entry, end_batch_entry, entry
from etl.rules.action import read_actions
from etl.rules.cohort import read_cohorts
from etl.rules.property_state import read_state, shifted, write_state
from etl.settings import Settings
from etl.sql import Db, Row

# Longer than capture goes on by what it has read of tokens: FRESH_SECONDS in etl/capture/projects.py.
CAPTURE_SECONDS = 10.0
WRITERS_SECONDS = 120.0
# Read at a time: each may have some megabytes.
_ROWS = 100

_line = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True)
class Moved:
    """What has moved.

    Attributes:
        counts: how many rows of which table, as history.
        landed: how many rows had landed behind that, and were landed anew.
    """

    counts: dict[str, int]
    landed: int


def move(settings: Settings, name: str, to: str, *, by: str, why: str) -> Moved:
    """Move a project to another shard, and remove it where it was.

    Args:
        settings: with both shards.
        name: of the project.
        to: the name of the shard that it goes to.
        by: who decides.
        why: the reason, which is kept.

    Raises:
        ConfigurationError: there is no such shard.
        MigrationError: a shard's schema is not this program's.
        CycleBusyError: cycles kept a lock for a minute, or a batch is open.
        ProjectError: there is no such project, it is on that shard already, or the copy is not the same.
        TransientError: transactions that may write stayed open; run it again.
        UnavailableError: a shard does not answer.
    """
    if to not in settings.shards:
        names = ", ".join(settings.shards) or "none"
        raise ConfigurationError(f"There is no shard {to!r}; those of ETL_SHARDS: {names}.")
    with ExitStack() as stack:
        target = stack.enter_context(shards.connected(settings, to))
        arrived = _find_unfinished(target, name)
        source_name = arrived["from_shard"] if arrived else shards.find(settings, name)
        if source_name == to:
            raise ProjectError(f"The project {name!r} is on the shard {to} already.")
        source = stack.enter_context(shards.connected(settings, source_name))
        for db in (source, target):
            check(db)
            sql.run(db, "open/insert_watermark")
            stack.enter_context(sql.cycle_lock(db, wait_seconds=LOCK_SECONDS))
            refuse_open_batch(db)
        if arrived is None:
            arrived = _copy(source, target, settings, {"name": name, "from_shard": source_name, "by": by, "why": why})
        landed = _follow(source, target, arrived)
        remove_rows(source, arrived["team_id"], name, by=by, why=f"moved to {to}: {why}")
        with entry(target, "decision", f"project {arrived['team_id']} moved here by {by}: {why}"):
            sql.run(target, "project_move/finish", arrived)
    return Moved(arrived["counts"], landed)


def _find_unfinished(db: Db, name: str) -> Row | None:
    """The move of a project to this shard that was interrupted after its history had come."""
    return sql.run(db, "project_move/find_unfinished", {"name": name}).fetchone()


def _copy(source: Db, target: Db, settings: Settings, asked: Row) -> Row:
    """Bring the history, whole or not at all; returns what is noted of it."""
    team_id = team_of(source, asked["name"])
    days = {"team_id": team_id, "partition_days_back": settings.partition_days_back}
    for day in sql.run(source, "project_move/read_days", days).fetchall():
        sql.run(target, "project_move/ensure_partition", day)
    with sql.snapshot(source), target.transaction():
        position = sql.one(source, "project_move/read_position", {"team_id": team_id})
        waiting = sql.one(source, "project_move/count_waiting", {"team_id": team_id})
        if waiting["replayed"]:
            raise CycleBusyError(
                f"{waiting['replayed']:,} rows of {asked['name']!r} were replayed from quarantine and no cycle has "
                "taken them yet. Run this again after the next one."
            )
        if waiting["of_files"]:
            raise CycleBusyError(
                f"Files of {asked['name']!r} were landed or undone and no cycle has taken all of it yet. "
                "Run this again after the next one."
            )
        room = sql.one(target, "project_move/reserve", position)
        batch = {
            "team_id": team_id,
            **room,
            "upper_xid": str(position["xid"] + room["xid_shift"]),
            "lower_landing_id": position["first_landing_id"] + room["landing_id_shift"],
            "upper_landing_id": room["newest_landing_id"],
            "arrival_clock": position["arrival_clock"],
            "hold_seconds": settings.hold_seconds,
        }
        begin_entry(target)
        counts = {
            row["name"]: _copy_table(source, target, row["name"], batch)
            for row in sql.run(source, "project_move/list_tables").fetchall()
        }
        for salt in sql.run(source, "rebuild/read_salts"):
            sql.run(target, "project_move/insert_salt", salt)
        sql.run(target, "project_move/insert_batch", batch)
        noted = {"source_xid": str(position["xid"]), "source_landing_id": position["landing_id"]}
        counts = {table: count for table, count in counts.items() if count}
        moved = sql.one(
            target, "project_move/insert_moved", {**batch, **asked, **noted, "counts": sql.json_text(counts)}
        )
        end_batch_entry(target, batch["batch_id"])
        _add_definitions(source, target, team_id)
        _compare(source, target, team_id)
        # At last, since nobody lands anything here from this to the commit.
        with entry(target, "maintenance", f"room made in landing for project {team_id}"):
            sql.run(target, "project_move/raise_positions", batch)
            sql.run(target, "project_move/update_watermark", batch)
    return moved


def _copy_table(source: Db, target: Db, table: str, batch: Row) -> int:
    of_table = {**batch, "table_name": table}
    rows = itertools.chain.from_iterable(sql.stream(source, "project_move/read_rows", of_table, size=_ROWS))
    count = sql.copy_in(target, "project_move/copy_row", _shifted(rows, batch))
    inserted = sql.one(target, "project_move/insert_rows", of_table)["inserted"]
    if inserted != count:
        raise ProjectError(f"{inserted:,} of {count:,} rows of {table} could be copied. Nothing has changed.")
    return count


def _shifted(rows: Iterator[tuple[str]], batch: Row) -> Iterator[tuple[str]]:
    """The rows, with the positions in states of properties shifted as those of events: PostgreSQL shifts all others."""
    for (line,) in rows:
        if '"property_state"' not in line:
            yield (line,)
            continue
        row = _line.decode(line)
        if "property_state" not in row:  # an event has a property of that name
            yield (line,)
            continue
        state = read_state(msgspec.json.decode(row["property_state"], type=str))
        state = shifted(state, xid=batch["xid_shift"], landing_id=batch["landing_id_shift"])
        row["property_state"] = msgspec.Raw(msgspec.json.encode(write_state(state)))
        yield (msgspec.json.encode(row).decode(),)


def _add_definitions(source: Db, target: Db, team_id: int) -> None:
    """Actions and cohorts, which have numbers of this database's own."""
    for row in action.list_all(source, team_id=team_id):
        if row["is_enabled"]:
            action.add(target, read_actions(row), team_id=team_id, by=row["decided_by"], why=row["why"])
    for row in cohort.list_all(source, team_id=team_id):
        if row["is_enabled"]:
            written = read_cohorts(cohort.as_written(source, row))
            cohort.add(target, written, team_id=team_id, by=row["decided_by"], why=row["why"])


def _compare(source: Db, target: Db, team_id: int) -> None:
    there, here = (
        {row["section"]: row for row in sql.run(db, "project_move/digest", {"team_id": team_id})}
        for db in (source, target)
    )
    differing = sorted(section for section in there | here if there.get(section) != here.get(section))
    if differing:
        raise ProjectError(
            f"The copy differs in {', '.join(differing)}. Nothing has changed. `etl audit verify` on the shard that "
            "has the project says whether it was changed by hand."
        )


def _follow(source: Db, target: Db, moved: Row) -> int:
    """Land here what has landed there since; from then on nothing of the project lands there. Returns how many rows."""
    ended = sql.one(source, "project_move/end_tokens", moved)
    time.sleep(CAPTURE_SECONDS)
    give_up_at = time.monotonic() + WRITERS_SECONDS
    while not sql.one(source, "project_move/are_writers_done", ended)["is_so"]:
        if time.monotonic() >= give_up_at:
            raise TransientError(
                "Transactions that began before the project's tokens ended are still open on the shard that it leaves "
                "(`etl status` names the oldest). Its history has moved, and its events land on the new shard; run "
                "this again when they have ended."
            )
        time.sleep(0.1)
    # Commits first where the rows come: if the other commit fails, they are landed twice, and count once.
    with source.transaction():
        sql.run(source, "project_move/lock_landing")
        with target.transaction():
            rows = itertools.chain.from_iterable(sql.stream(source, "project_move/read_landed", moved, size=_ROWS))
            landed = sql.copy_in(target, "project_move/copy_landed", rows)
        sql.run(source, "project_move/delete_landed", moved)
    return landed
