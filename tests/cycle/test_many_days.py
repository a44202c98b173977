"""A year of day partitions: the locks that the cycle and readers take, and the warning before there is no more room."""

from __future__ import annotations

from contextlib import ExitStack

import psycopg
import pytest

from etl import databases, sql
from etl.local import postgres
from etl.migrate import migrate
from etl.operate import maintain
from etl.operate.status import read_status
from etl.sql import Db
from tests.server import open_folder, running_in

pytestmark = pytest.mark.long

FULL = "select count(distinct person_id) from warehouse.events where event = 'Order created'"


def make_days(db: Db, count: int) -> None:
    db.execute(
        "select ops.ensure_day_partition('warehouse', 'stored_event', 'timestamp', current_date - 1 - n) "
        "from generate_series(1, %s) as n",
        [count],
    )


def locks(problems):
    return [str(problem) for problem in problems if problem.kind == "locks"]


def test_readers_of_400_days_do_not_stop_the_cycle(database, db, land, cycle, settings):
    make_days(db, 390)
    assert locks(read_status(db, settings).problems) == []
    with ExitStack() as stack:
        for _ in range(20):
            reader = stack.enter_context(psycopg.connect(database))
            reader.execute(FULL)
        held = reader.execute("select count(*) from pg_locks where pid = pg_backend_pid()").fetchone()
        assert held[0] > 1600
        land("$identify", "alice", properties={"$anon_distinct_id": "a"})
        assert cycle()["loaded"] == 1


def test_a_batch_locks_the_days_that_it_writes(database, db, land, cycle):
    """Only a duplicate, a split and a squash look at all of them."""
    make_days(db, 90)
    most: dict[str, int] = {}

    def count(session: Db, name: str, is_after: bool) -> None:
        if is_after and not session.closed:
            with psycopg.connect(database) as other:
                found = other.execute("select count(*) from pg_locks where pid = %s", [session.info.backend_pid])
                most[name] = found.fetchone()[0]

    land("$identify", "bob", properties={"$set": {"plan": "free"}}, at=0)
    land("seen", "carol", properties={"$groups": {"company": "c"}}, at=1)
    cycle(at=2)
    land("$identify", "alice", properties={"$anon_distinct_id": "a", "$set": {"plan": "pro"}}, at=3)
    land("$merge_dangerously", "alice", properties={"alias": "bob"}, at=4)
    land("$groupidentify", "alice", properties={"$group_type": "company", "$group_key": "c"}, at=5)
    with sql.observed(count):
        assert cycle(at=100)["released"] == 1
    # All of the days would be 4 * 99 and more.
    assert max(most.values()) < 200, most
    assert maintain.squash(db) == 1
    most.clear()
    with sql.observed(count):
        assert maintain.squash(db) == 0
    assert most["maintain/choose_overrides"] < 200
    assert "maintain/squash_events" not in most


@pytest.fixture
def small(monkeypatch):
    """A database on a server with room for 20 * 64 locks."""
    text = postgres.CONFIGURATION.replace("max_connections = 100", "max_connections = 20")
    text = text.replace("max_locks_per_transaction = 512", "max_locks_per_transaction = 64")
    monkeypatch.setattr(postgres, "CONFIGURATION", text)
    with open_folder() as folder, running_in(folder, is_durable=False) as server:
        yield databases.create_database(server, "small")


def test_status_warns_before_there_is_no_more_room(small, settings):
    with sql.connect(small) as db:
        migrate(db, settings)
        # Nine days, the default partition and the parent, each with three indexes: 44 locks, of 128 for each of ten.
        assert locks(read_status(db, settings).problems) == []
        make_days(db, 21)
        assert locks(read_status(db, settings).problems) == []
        make_days(db, 22)
        assert locks(read_status(db, settings).problems) == [
            "A query over all days takes 132 locks, and the server is sure to have room for 1,280: when it has none "
            "left, readers and cycles fail with `out of shared memory`. "
            "Set max_locks_per_transaction to 66 or more and restart the server."
        ]
