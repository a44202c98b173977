"""What would the numbers be with other rules? Landing replayed twice, by today's rules and by others, and compared.

Both replays go into databases of their own next to the live one, which is only read. The log is split into batches as
it was: which persons are made, and merged away again, depends on what an event could wait for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from etl import databases, sql
from etl.cycle.batch import Batch
from etl.migrate import migrate
from etl.operate.rebuild import replay
from etl.quality.suites import replaced_by
from etl.settings import Settings
from etl.sql import Db, Row

MOST_DIFFERENCES = 10


@dataclass(frozen=True)
class Rules:
    """What is to be otherwise; what is None or empty stays as it is.

    Attributes:
        hold_seconds: how long an unmatched event is held; 0: not at all.
        blocked_ids: distinct ids that may join nobody, as placeholders may not.
        plan_dir: the folder of another tracking plan.
        expectations_dir: a folder with other suites for the gate: ``staged_event.json`` and ``project.json``, or one.
        has_guard: whether an ``$identify`` or ``$create_alias`` that would merge an identified person away is refused.
    """

    hold_seconds: float | None = None
    blocked_ids: tuple[str, ...] = ()
    plan_dir: Path | None = None
    expectations_dir: Path | None = None
    has_guard: bool = True


@dataclass(frozen=True)
class Day:
    """The numbers of one day (UTC).

    Attributes:
        unique_users: persons with an event that happened that day, as they are now.
        persons_at_load: the same, had nobody written merges into the rows since they were loaded.
        new_persons: persons made by an event of that day, those that were merged away later too.
        refused: rows in quarantine that arrived that day.
        held: events that were held that day.
    """

    unique_users: int = 0
    persons_at_load: int = 0
    new_persons: int = 0
    refused: int = 0
    held: int = 0


@dataclass(frozen=True)
class Difference:
    """Distinct ids that are one person by the one rules and none or several by the others.

    Attributes:
        team_id: the project.
        distinct_ids: the first five.
        distinct_id_count: how many there are.
        persons_as_is: how many persons they are by today's rules.
        persons_what_if: how many they would be.
    """

    team_id: int
    distinct_ids: list[str]
    distinct_id_count: int
    persons_as_is: int
    persons_what_if: int


@dataclass(frozen=True)
class WhatIf:
    """The two replays side by side.

    Attributes:
        days: each day's numbers by today's rules and by the others.
        differences: the first ten persons that differ.
        difference_count: how many differ.
        landed: rows that the live database has processed.
        missing: of these, rows that landing no longer has: neither replay knows them.
        seconds: of both replays.
    """

    days: dict[date, tuple[Day, Day]]
    differences: list[Difference]
    difference_count: int
    landed: int
    missing: int
    seconds: float


Which = Literal["as_is", "what_if"]


def what_if(
    url: str,
    settings: Settings,
    rules: Rules,
    *,
    report: Callable[[Which, Batch, int], None] = lambda which, batch, landed: None,
) -> WhatIf:
    """Replay landing by today's rules and by others.

    Args:
        url: the live database, which is only read.
        settings: of the cycles; the length of the hold is taken from the ledger, or from ``rules``.
        rules: the other rules.
        report: called with each batch of either replay, and with how many rows are to be replayed in each.

    Raises:
        ConfigurationError: the role may not create a database.
        GateError: a suite of ``rules`` cannot be used.
        TransientError: a transaction older than the last batch kept the replay's clock back.
    """
    watch = sql.Stopwatch()
    with ExitStack() as stack:
        live = stack.enter_context(sql.connect(url, application_name="etl what-if"))
        stack.enter_context(sql.snapshot(live))
        batches = sql.run(live, "what_if/read_batches").fetchall()
        landed = sum(batch["landed"] for batch in batches)

        def replayed(which: Which, rules: Rules) -> tuple[Db, int]:
            name = f"{live.info.dbname}_{which}_{os.getpid()}"
            db = stack.enter_context(sql.connect(stack.enter_context(databases.temporary_database(url, name))))
            migrate(db, settings)
            if rules.blocked_ids:
                sql.run(db, "what_if/rename_illegal_ids")
                ids = {"ids": list(rules.blocked_ids)}
                db.execute(sql.one(db, "what_if/block_ids_statement", ids)["statement"])
            if not rules.has_guard:
                sql.run(db, "what_if/lift_guard")
            suites = replaced_by(rules.expectations_dir) if rules.expectations_dir else nullcontext()
            hold = {} if rules.hold_seconds is None else {"hold_seconds": rules.hold_seconds}
            plan = {} if rules.plan_dir is None else {"plan_dir": rules.plan_dir}
            parts = [{**batch, **hold} for batch in batches]
            with suites:
                copied = replay(
                    live, db, settings.model_copy(update=plan), parts, lambda batch: report(which, batch, landed)
                )
            return db, copied

        # First: what is wrong with the other rules is said at once.
        other, copied = replayed("what_if", rules)
        as_is, _ = replayed("as_is", Rules())
        ours, theirs = _read_days(as_is), _read_days(other)
        days = {day: (ours.get(day, Day()), theirs.get(day, Day())) for day in sorted(ours.keys() | theirs.keys())}
        found = _read_differences(as_is, other)
    return WhatIf(
        days=days,
        differences=[Difference(**{key: row[key] for key in Difference.__annotations__}) for row in found],
        difference_count=found[0]["difference_count"] if found else 0,
        landed=landed,
        missing=landed - copied,
        seconds=watch.seconds,
    )


def _read_days(db: Db) -> dict[date, Day]:
    return {row.pop("day"): Day(**row) for row in sql.run(db, "what_if/read_days").fetchall()}


def _read_differences(as_is: Db, other: Db) -> list[Row]:
    sql.copy_across(as_is, "what_if/copy_ids_out", other, "what_if/copy_ids_in")
    return sql.run(other, "what_if/read_differences", {"most": MOST_DIFFERENCES}).fetchall()
