"""A person that asked for it is nobody afterwards, everywhere; all that was counted stays as it was."""

from __future__ import annotations

import pytest

from etl import sql
from etl.operate import person
from etl.operate.digest import read_digest
from etl.operate.rebuild import rebuild
from etl.quality.audit import verify
from etl.quality.suites import read_suite
from tests.landing import moment

INVARIANTS = [each["meta"]["name"] for each in read_suite("warehouse")["expectations"]]


def dump(db):
    """Every row of every table, as text, with the name of its table; partitions too."""
    tables = db.execute(
        "select c.oid::regclass::text as name from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
        " where c.relkind = 'r' and n.nspname not like 'pg_%%' and n.nspname <> 'information_schema' order by 1"
    ).fetchall()
    return [
        (row["name"], each["line"])
        for row in tables
        for each in db.execute(f"select t::text as line from {row['name']} as t").fetchall()
    ]


def found(db, *texts):
    return [(name, line) for name, line in dump(db) for text in texts if text in line]


def broken(db):
    rows = {name: sql.run(db, f"invariants/{name}").fetchall() for name in INVARIANTS}
    return {name: offenders for name, offenders in rows.items() if offenders}


def erase(db, distinct_id, *, at):
    """Ask for it at a time of the story; the next cycle carries it out."""
    uuid = person.erase(db, person.find(db, distinct_id=distinct_id), by="ann", why="request 17")
    db.execute("update landing.event set received_at = %s where uuid = %s", (moment(at), str(uuid)))
    return uuid


UUID = "00000000-0000-4000-8000-{:012d}".format


@pytest.fixture
def known(db, land, cycle):
    """Alice with two devices, a merge, held and refused rows, a duplicate; bob, who was refused a merge with her."""
    secret = {"$set": {"email": "secret@example.com"}, "card": "secret-4711"}
    land(
        "page", "device-alice", properties={"$device_id": "device-alice", "$browser": "secret-fox"}, at=0, uuid=UUID(1)
    )
    land("$identify", "alice", properties={"$anon_distinct_id": "device-alice", **secret}, at=1, uuid=UUID(2))
    land("page", "alice", properties=secret, at=2, uuid=UUID(3), ip="192.0.2.77", sent_at="2022-07-01T12:00:00Z")
    land("page", "alice", properties=secret, at=2, uuid=UUID(3))
    land("page", "alice2", properties={"$set": {"a": 1}, "$device_id": "alice2"}, at=3, uuid=UUID(4))
    land("$identify", "bob", properties={"$device_id": "bob", "kept": "of bob"}, at=4, uuid=UUID(5))
    cycle(at=5)
    land("$identify", "bob", properties={"$anon_distinct_id": "alice", "kept": "too"}, at=6, uuid=UUID(6))
    land("page", "alice", properties=secret, at=7, uuid="secret-uuid")
    land("page", "alice", properties={**secret, "n": 1}, at=7, timestamp="secret-time", uuid=UUID(7))
    land(
        "$groupidentify",
        "alice",
        at=8,
        uuid=UUID(8),
        properties={"$group_type": "firm", "$group_key": "acme", "$group_set": {"owner": "secret"}},
    )
    land("page", "later-on", properties=secret, at=9, uuid=UUID(9))
    cycle(at=10)


def test_nothing_is_left(db, known, cycle, database, settings):
    before = read_digest(db)
    counted = db.execute("select count(*) as n, count(distinct person_id) as p from warehouse.events").fetchone()
    assert {name for name, _ in found(db, "secret")} >= {"quarantine.event", "warehouse.person", "ops.warning"}
    uuid = erase(db, "alice", at=11)
    erase(db, "later-on", at=11)
    assert cycle(at=11)["landed"] == 1
    assert cycle(at=12)["landed"] == 1
    left = found(db, "secret", "device-alice", "later-on", "192.0.2.77")
    assert left == []
    assert [line for _, line in found(db, "alice") if "alice2" not in line] == []
    assert broken(db) == {}
    assert verify(db).troubles == []
    after = read_digest(db)
    assert [(a.name, a.entries) for a in before.sections if a.name not in ("events", "groups")] == [
        (a.name, a.entries) for a in after.sections if a.name not in ("events", "groups")
    ]
    now = db.execute(
        "select count(*) as n, count(distinct person_id) as p from warehouse.events where event <> '$erase'"
    ).fetchone()
    assert now == counted
    result = rebuild(database, settings)
    assert (result.difference, result.missing) == (None, 0)
    certificate = person.read_certificate(db, uuid)
    assert certificate.counts == {
        "persons": 1,
        "distinct_ids": 2,
        "landing_rows": 7,
        "events": 5,
        "held_events": 0,
        "quarantined_rows": 1,
        "merges": 1,
        "warnings": 1,
        "groups": 1,
    }
