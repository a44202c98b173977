"""Maintenance keeps readers' answers as they are, and drops only what is done with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from etl.operate import maintain, quarantine
from etl.quality.audit import verify
from tests.landing import moment


def read_view(db):
    return db.execute("select uuid, distinct_id, person_id from warehouse.events order by landing_id").fetchall()


def test_squash_changes_rows_and_no_answer(db, merged):
    before = read_view(db)
    assert len({row["person_id"] for row in before}) == 1
    stored = "select count(distinct person_id) as n from warehouse.stored_event"
    assert db.execute(stored).fetchone()["n"] == 2
    assert maintain.squash(db) == 1
    assert db.execute(stored).fetchone()["n"] == 1
    assert read_view(db) == before
    assert db.execute("select count(*) as n from warehouse.person_override").fetchone()["n"] == 0
    assert maintain.squash(db) == 0
    maintain.check_invariants(db)


def test_a_merge_after_the_squash_needs_its_own_override(db, land, cycle, merged):
    maintain.squash(db)
    land("$create_alias", "carol", properties={"alias": "dave"}, at=10)
    land("$merge_dangerously", "carol", properties={"alias": "bob"}, at=11)
    cycle(at=12)
    assert len({row["person_id"] for row in read_view(db)}) == 1
    maintain.check_invariants(db)


def test_partitions_are_made_ahead_and_late_rows_move_in(db, settings, land):
    far = datetime.now(UTC) + timedelta(days=20)
    db.execute("insert into landing.event (event, distinct_id, received_at) values ('a', 'u', %s)", (far,))
    assert db.execute("select count(*) as n from landing.event_default").fetchone()["n"] == 1
    assert maintain.ensure_partitions(db, settings.model_copy(update={"partition_days_ahead": 21})) == 28
    assert db.execute("select count(*) as n from landing.event_default").fetchone()["n"] == 0
    assert db.execute("select count(*) as n from landing.event").fetchone()["n"] == 1


def test_expired_landing_partitions_go_only_when_every_row_is_processed(db, settings, land, cycle):
    for day in ("2022-07-01", "2022-07-02"):
        db.execute("select ops.ensure_day_partition('landing', 'event', 'received_at', %s::date)", (day,))
    land("$identify", "done", at=0)
    cycle(at=1)
    land("signup", "held", at=86400)
    cycle(at=86401)
    later = moment(86400 * 60)
    assert maintain.drop_expired_partitions(db, settings, now=moment(86400 * 20)) == []
    assert maintain.drop_expired_partitions(db, settings, now=later) == ["event_20220701"]
    assert cycle(at=86400 * 59)["released"] == 1
    assert maintain.drop_expired_partitions(db, settings, now=later) == ["event_20220702"]


@pytest.fixture
def refused(db, land, cycle):
    """Two days with refused rows and warnings."""
    for day in ("2022-07-01", "2022-07-02"):
        db.execute("select ops.ensure_day_partition('landing', 'event', 'received_at', %s::date)", (day,))
    for number in range(3):
        land("$identify", "u", uuid=f"wrong {number}", at=number)
    land("$identify", "u", timestamp="never", at=4)
    cycle(at=5)
    land("$identify", "u", uuid="wrong too", at=86400)
    land("$identify", "u", timestamp="never", at=86400)
    cycle(at=86401)


def test_refused_rows_go_after_landing_and_the_audit_agrees(db, settings, refused):
    later = moment(86400 * 40)
    kept = "select array_agg(uuid order by uuid) as uuids from quarantine.event"
    assert maintain.drop_expired_rows(db, settings, now=later) == (0, 0)
    chosen = settings.model_copy(update={"quarantine_retention_days": 10})
    # Landing still has them.
    assert maintain.drop_expired_rows(db, chosen, now=later) == (0, 0)
    assert maintain.drop_expired_partitions(db, settings, now=moment(86400 * 31)) == ["event_20220701"]
    assert maintain.drop_expired_rows(db, chosen, now=moment(86400 * 9)) == (0, 0)
    assert maintain.drop_expired_rows(db, chosen, now=later) == (3, 0)
    assert db.execute(kept).fetchone() == {"uuids": ["wrong too"]}
    maintain.check_invariants(db)
    audit = verify(db)
    assert (audit.troubles, audit.amended) == ([], 1)
    # Nothing hides behind it.
    db.execute("delete from quarantine.event")
    assert "quarantine.event" in {trouble.table for trouble in verify(db).troubles}


def test_whoever_drops_refused_rows_by_hand_is_found(db, refused):
    db.execute("delete from quarantine.event where batch_id = 1")
    db.execute("insert into ops.amendment (batch_id, cause, quarantined, digests) values (1, 'retention', 3, '{}')")
    assert {trouble.table for trouble in verify(db).troubles} == {"quarantine.event", "ops.amendment"}


def test_warnings_go_by_when_their_batch_was_loaded(db, settings, refused):
    chosen = settings.model_copy(update={"warning_retention_days": 10})
    assert maintain.drop_expired_rows(db, chosen) == (0, 0)
    assert maintain.drop_expired_rows(db, chosen, now=datetime.now(UTC) + timedelta(days=11)) == (0, 2)
    assert db.execute("select from ops.warning").fetchall() == []
    audit = verify(db)
    assert (audit.troubles, audit.amended) == ([], 2)


def ensure_day(db, day):
    db.execute("select ops.ensure_day_partition('landing', 'event', 'received_at', %s::date)", (day,))


def test_what_was_replayed_goes_with_the_day_of_its_first_arrival(db, settings, land, cycle):
    ensure_day(db, "2022-07-01")
    land("$identify", "u", team_id=7, at=0)
    cycle(at=1)
    land("$identify", "other", at=86400 * 35)
    cycle(at=86400 * 35)
    db.execute("insert into landing.project (team_id, name) values (7, 'seventh')")
    assert quarantine.replay(db, quarantine.Selection(), why="registered") == 1
    assert cycle(at=86400 * 35 + 1)["loaded"] == 1
    assert verify(db).troubles == []
    assert maintain.drop_expired_partitions(db, settings, now=moment(86400 * 36)) == ["event_20220701"]
    audit = verify(db)
    assert (audit.troubles, audit.dropped) == ([], 2)
    maintain.check_invariants(db)


def test_rows_of_kept_days_are_missed(db, settings, land, cycle):
    """Also those of the first batch after a pause, when all before was dropped."""
    ensure_day(db, "2022-07-01")
    land("$identify", "old", at=0)
    cycle(at=1)
    assert maintain.drop_expired_partitions(db, settings, now=moment(86400 * 40)) == ["event_20220701"]
    land("$identify", "new", at=86400 * 40)
    land("$identify", "newer", at=86400 * 40)
    cycle(at=86400 * 40 + 1)
    audit = verify(db)
    assert (audit.troubles, audit.dropped) == ([], 1)
    db.execute("delete from landing.event where distinct_id = 'new'")
    assert {(trouble.table, trouble.batch_id) for trouble in verify(db).troubles} == {("landing.event", 2)}
