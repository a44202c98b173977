"""An erasure puts random ids in the place of a person's, and changes nothing else of who is who, now or in a replay."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import sql
from etl.cycle.run import run_cycle
from etl.operate import person
from etl.operate.digest import read_digest
from etl.quality import audit
from etl.quality.suites import read_suite
from etl.settings import Settings
from etl.sql import Db
from tests.cycle.test_cut_invariance import END, IDS, event_logs, land_rows, logs
from tests.digest import Digest, digest_of_warehouse, reset
from tests.landing import moment
from tests.rules.oracle import Row

pytestmark = pytest.mark.long

SETTINGS = Settings(_env_prefix="NO_SUCH_PREFIX_")  # type: ignore[call-arg]
INVARIANTS = [each["meta"]["name"] for each in read_suite("warehouse")["expectations"]]
IDENTITY = ("persons", "distinct ids", "merges", "events")


def drain(db: Db, now: datetime) -> None:
    while run_cycle(db, SETTINGS, now=now).landed:
        pass


def erase(db: Db, distinct_id: str, now: datetime) -> dict[Any, Any]:
    """Land the erasure and carry it out; what stands where the ids and persons of project 1 stood."""
    person.erase(db, person.Target(1, distinct_id), by="ann", why="request")
    db.execute("update landing.event set received_at = %s where event = '$erase'", (now,))
    taken: dict[Any, Any] = {}

    def note(seen: Db, name: str, is_done: bool) -> None:
        if name == "erase/rewrite_plan" and is_done:
            for row in seen.execute("select * from staging.erased_id").fetchall():
                taken[row["former_distinct_id"]] = row["distinct_id"]
                taken[row["former_person_id"]] = row["person_id"]

    with sql.observed(note):
        drain(db, now)
    return taken


def renamed(digest: Digest, ids: dict[Any, Any]) -> Digest:
    def of(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(of(each) for each in value)
        return ids.get(value, value) if isinstance(value, str | UUID) else value

    return {
        section: {of(key) if key[0] == 1 else key: of(value) if key[0] == 1 else value for key, value in rows.items()}
        for section, rows in digest.items()
        if section in IDENTITY
    }


def identity(db: Db) -> Digest:
    found = {section: rows for section, rows in digest_of_warehouse(db).items() if section in IDENTITY}
    found["events"] = {key: value for key, value in found["events"].items() if key[2] != "$erase"}
    return found


def test_ids_are_others_and_all_else_is_the_same(db: Db, caplog: Any) -> None:
    caplog.set_level("WARNING", "great_expectations")
    db.execute("insert into landing.project (team_id, name) values (2, 'second')")

    @logs(20)
    @given(
        log=event_logs(),
        distinct_id=st.sampled_from(IDS),
        before=st.integers(1, 24),
        repeats=st.integers(1, 2),
        are_some_held=st.booleans(),
    )
    def check(log: list[Row], distinct_id: str, before: int, repeats: int, are_some_held: bool) -> None:
        reset(db)
        now = max(row.received_at for row in log[:before]) if are_some_held else moment(END)
        land_rows(db, log[:before])
        drain(db, now)
        for _ in range(repeats):
            former = identity(db)
            counted = db.execute("select count(distinct person_id) as n from warehouse.events").fetchone()
            ids = erase(db, distinct_id, now)
            assert identity(db) == renamed(former, ids)
            assert db.execute("select count(distinct person_id) as n from warehouse.events").fetchone() == counted
        land_rows(db, log[before:])
        drain(db, moment(END))
        broken = {name: sql.run(db, f"invariants/{name}").fetchall() for name in INVARIANTS}
        assert {name: found for name, found in broken.items() if found} == {}
        assert audit.verify(db).troubles == []
        live = read_digest(db)
        db.execute("create temp table log on commit preserve rows as select * from landing.event")
        reset(db)
        db.execute("insert into landing.event select * from log")
        db.execute("drop table log")
        drain(db, moment(END))
        assert read_digest(db) == live

    check()
