"""Old events are dropped, and who is who, properties and what later events do are as if they were still there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl import sql
from etl.cycle.run import run_cycle
from etl.operate import event_retention, maintain
from etl.quality import audit
from etl.quality.suites import read_suite
from etl.settings import Settings
from etl.sql import Db
from tests.cycle.test_cut_invariance import END, event_logs, land_rows, logs, properties_as_of
from tests.cycle.test_withdraw import as_seen, land_withdrawal
from tests.digest import digest_of_model, reset
from tests.landing import moment
from tests.rules.oracle import Model, Row

pytestmark = pytest.mark.long

SECTIONS = ("persons", "properties", "distinct ids", "merges", "events")
INVARIANTS = [each["meta"]["name"] for each in read_suite("warehouse")["expectations"]]
SETTINGS = Settings(_env_prefix="NO_SUCH_PREFIX_", event_retention_days=30, landing_retention_days=30)
DROPPED_AT = moment(86400 * 35)
LATER = timedelta(days=40)

Log = tuple[list[Row], int, int, set[int]]
"""Rows; how many come before the retention; how many before a file is undone, the last two months later; its places."""


@st.composite
def histories(draw: st.DrawFn) -> Log:
    """Some rows of today, whose events are dropped, then rows of forty days later, some of them of a withdrawn file."""
    rows = draw(event_logs(with_repeats=False))
    newest = rows[0].received_at
    for place, row in enumerate(rows):
        newest = max(newest, row.received_at)
        rows[place] = replace(row, received_at=newest)
    early = draw(st.integers(1, len(rows)))
    before = draw(st.integers(early, len(rows)))
    for place in range(early, len(rows)):
        row = rows[place]
        later = LATER if place < before else 2 * LATER
        rows[place] = replace(
            row, received_at=row.received_at + later, timestamp=row.timestamp and row.timestamp + later
        )
    places = st.sets(st.integers(early, before - 1)) if before > early else st.just(set())
    return rows, early, before, draw(places)


def drain(db: Db, now: Any) -> None:
    while run_cycle(db, SETTINGS, now=now).landed:
        pass


def play(db: Db, log: Log, share: int | None) -> None:
    """Take the log in; with a share, events are dropped between the early rows and the others."""
    rows, early, before, file = log
    reset(db)
    for day in ("2022-06-30", "2022-07-01", "2022-07-02"):
        db.execute("select ops.ensure_day_partition('landing', 'event', 'received_at', %s::date)", (day,))
    land_rows(db, rows[:early])
    drain(db, DROPPED_AT)
    if share is not None:
        maintain.drop_expired_partitions(db, SETTINGS, now=DROPPED_AT)
        event_retention.drop_expired_events(db, SETTINGS, now=DROPPED_AT, share=share)
    land_rows(db, rows[early:before])
    drain(db, moment(86400 * 45))
    if file:
        landed = early if share is not None else 0
        land_withdrawal(db, {place - landed for place in file}, moment(86400 * 50))
        drain(db, moment(86400 * 51))
    land_rows(db, rows[before:])
    drain(db, moment(END))


def read_personless(db: Db) -> list[Any]:
    return db.execute(
        "select team_id, distinct_id, person_id, first_seen_at from warehouse.person_distinct_id"
        " where is_personless order by team_id, distinct_id"
    ).fetchall()


@pytest.mark.timeout(3600)
def test_all_else_is_as_if_they_were_still_there(
    db: Db, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("WARNING", "great_expectations")
    monkeypatch.setattr(event_retention, "PAUSE_SECONDS", 0.0)
    db.execute("insert into landing.project (team_id, name) values (2, 'second')")
    dropped: list[int] = []

    @logs(40)
    @given(log=histories(), share=st.sampled_from([1, 3, 1000]))
    def check(log: Log, share: int) -> None:
        rows, early, _, file = log
        play(db, log, None)
        whole, whole_personless = properties_as_of(db), read_personless(db)
        play(db, log, share)
        dropped.append(db.execute("select coalesce(sum(events), 0) as n from ops.dropped_events").fetchone()["n"])

        expected = digest_of_model(Model().run(row for place, row in enumerate(rows) if place not in file))
        found = as_seen(db)
        for section in SECTIONS[:-1]:
            assert found[section] == expected[section], section
        assert found["events"].items() <= expected["events"].items()
        assert len(found["events"]) == len(expected["events"]) - dropped[-1]
        assert not any(str(row.uuid) == key[3] for row in rows[:early] if row.is_accepted for key in found["events"])
        assert read_personless(db) == whole_personless
        as_of = properties_as_of(db)
        assert as_of == {key: whole[key] for key in as_of}
        broken = {name: sql.run(db, f"invariants/{name}").fetchall() for name in INVARIANTS}
        assert {name: found for name, found in broken.items() if found} == {}
        assert audit.verify(db).troubles == []

    check()
    assert sum(each > 0 for each in dropped) > len(dropped) / 2
