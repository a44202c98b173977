"""Somebody replicates the warehouse (Debezium, Airbyte, a second server): the cycle and maintenance go on."""

from __future__ import annotations

import pytest

from etl.operate import maintain
from etl.operate.split import split
from etl.rules.identity import person_id_of


@pytest.fixture(
    params=[
        "for all tables",
        "for tables in schema landing, warehouse, ops, buffer, quarantine",
        "for table warehouse.stored_event",
        "for table warehouse.stored_event with (publish_via_partition_root)",
    ]
)
def published(db, land, cycle, request):
    """Some events are there before the publication, in a day's partition and in the default one."""
    land("$identify", "bob", properties={"$anon_distinct_id": "b"}, timestamp="2026-11-01T10:00:00Z", at=0)
    land("seen", "bob", timestamp="1999-01-01T10:00:00Z", at=1)
    cycle(at=2)
    db.execute(f"create publication to_lake {request.param}")


def test_merges_splits_and_new_days(db, land, cycle, settings, published):
    land("$identify", "alice", properties={"$anon_distinct_id": "a"}, timestamp="2026-10-07T10:00:00Z", at=10)
    land("held", "carol", timestamp="2026-10-08T10:00:00Z", at=11)
    cycle(at=12)
    land("$merge_dangerously", "alice", properties={"alias": "bob"}, timestamp="2026-10-09T10:00:00Z", at=13)
    cycle(at=14)
    assert maintain.squash(db) == 1
    split(db, person_id_of(1, "alice"), ["bob"], by="ann")
    assert cycle(at=100)["released"] == 1
    events = db.execute("select event, person_id from warehouse.events where distinct_id = 'bob'").fetchall()
    owners = {row["event"]: row["person_id"] for row in events}
    assert owners == {"$identify": person_id_of(1, "bob"), "seen": person_id_of(1, "bob"), "$split": None}
    maintain.ensure_partitions(db, settings.model_copy(update={"partition_days_ahead": 9}))
    assert maintain.drop_expired_partitions(db, settings) == []
    assert maintain.check_invariants(db)


def test_every_permanent_table_says_which_row_was_changed(db, cycle):
    """By its primary key, or by the whole row; of the days' partitions, too."""
    cycle()
    rows = db.execute(
        """
        select c.oid::regclass::text as name from pg_class as c
        where
            c.relkind = 'r' and c.relpersistence = 'p' and c.relreplident <> 'f'
            and c.relnamespace::regnamespace::text in ('landing', 'ops', 'buffer', 'quarantine', 'warehouse', 'public')
            and not exists (select from pg_index as i where i.indrelid = c.oid and i.indisprimary)
        """
    ).fetchall()
    assert rows == []
    days = db.execute("select count(*) as n from pg_class where relname ~ '^stored_event_[0-9]{8}$'").fetchone()
    assert days["n"] > 5
