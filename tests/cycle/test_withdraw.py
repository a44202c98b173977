"""A file that is taken out again: the warehouse is as if its rows had never been landed, whatever they did."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import sql
from etl.cycle.run import run_cycle
from etl.quality import audit
from etl.quality.suites import read_suite
from etl.settings import Settings
from etl.sql import Db
from tests.cycle.test_cut_invariance import END, Pause, cuts, event_logs, land_rows, logs
from tests.digest import digest_of_model, digest_of_warehouse, reset
from tests.landing import land, moment
from tests.rules.oracle import Model, Row

pytestmark = pytest.mark.long

SECTIONS = ("persons", "properties", "distinct ids", "merges", "events")
INVARIANTS = [each["meta"]["name"] for each in read_suite("warehouse")["expectations"]]


@st.composite
def withdrawals(draw: st.DrawFn) -> tuple[list[Row], set[int], int]:
    """A log without lagging clocks, the places of the file's rows in it, and how many rows stand before the undo."""
    rows = draw(event_logs(with_repeats=False))
    newest = rows[0].received_at
    for place, row in enumerate(rows):
        newest = max(newest, row.received_at)
        rows[place] = replace(row, received_at=newest)
    before = draw(st.integers(1, len(rows)))
    # Everything that was held is over by the undo.
    later = timedelta(minutes=2)
    for place in range(before, len(rows)):
        row = rows[place]
        rows[place] = replace(
            row, received_at=row.received_at + later, timestamp=row.timestamp and row.timestamp + later
        )
    file = draw(st.sets(st.integers(0, before - 1), min_size=1))
    return rows, file, before


def land_withdrawal(db: Db, file: set[int], at: datetime) -> None:
    positions = db.execute(
        "select xid::text as xid, landing_id as id from landing.event as l order by l.xid, l.landing_id"
    ).fetchall()
    ranges = [[positions[place]["xid"], positions[place]["id"], positions[place]["id"]] for place in file]
    land(
        db,
        "$withdraw_file",
        "file",
        properties={"name": "file", "ranges": ranges, "$decided_by": "me", "$why": "wrong"},
        received_at=at,
        is_operator=True,
    )


def play(db: Db, rows: list[Row], file: set[int], before: int, pauses: list[Pause]) -> None:
    reset(db)
    landed = 0

    def land_up_to(place: int) -> None:
        nonlocal landed
        for stop in (min(place, before), place):
            if stop > landed:
                land_rows(db, rows[landed:stop])
            landed = max(landed, stop)
            if (
                landed == before
                and not db.execute("select from landing.event where event = '$withdraw_file'").fetchone()
            ):
                land_withdrawal(db, file, rows[before - 1].received_at + timedelta(minutes=2))

    for pause in pauses:
        land_up_to(min(max(pause.landed, landed), len(rows)))
        newest = db.execute("select max(received_at) as at from landing.event").fetchone()["at"]
        for _ in range(pause.cycles):
            run_cycle(db, Settings(_env_prefix="NO_SUCH_PREFIX_", batch_size=pause.batch_size), now=newest)
    land_up_to(len(rows))
    while run_cycle(db, Settings(_env_prefix="NO_SUCH_PREFIX_"), now=moment(END)).landed:
        pass


def as_seen(db: Db) -> dict[str, Any]:
    found = {section: digest_of_warehouse(db)[section] for section in SECTIONS}
    found["events"] = {key: person for key, person in found["events"].items() if key[2] != "$withdraw_file"}
    return found


@pytest.fixture
def two_teams(db: Db, caplog: pytest.LogCaptureFixture) -> Db:
    caplog.set_level("WARNING", "great_expectations")
    db.execute("insert into landing.project (team_id, name) values (2, 'second')")
    return db


@pytest.mark.timeout(3600)
def test_the_warehouse_is_as_if_the_file_had_never_been_landed(two_teams: Db) -> None:
    @logs(15)
    @given(log=withdrawals(), pauses=cuts())
    def check(log: tuple[list[Row], set[int], int], pauses: list[Pause]) -> None:
        rows, file, before = log
        play(two_teams, rows, file, before, pauses)
        expected = digest_of_model(Model().run(row for place, row in enumerate(rows) if place not in file))
        assert as_seen(two_teams) == {section: expected[section] for section in SECTIONS}
        assert two_teams.execute("select count(*) as n from quarantine.event where resolution is null").fetchone() == {
            "n": expected["counts"]["quarantined"]
        }
        broken = {name: sql.run(two_teams, f"invariants/{name}").fetchall() for name in INVARIANTS}
        assert {name: found for name, found in broken.items() if found} == {}
        assert audit.verify(two_teams).troubles == []

    check()
