"""The locks: one run at a time, and no login but the owner's can keep it from running."""

from __future__ import annotations

import threading
import time
from uuid import UUID

import psycopg
import pytest

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.errors import CycleBusyError
from etl.migrate import migrate
from etl.operate import merge
from tests.logins import login

ROLES = ["event_writer", "event_capture", "event_lander", "auditor"]
MY_KEYS = """
select (classid::bigint << 32) | objid::bigint as key from pg_locks
where locktype = 'advisory' and pid = pg_backend_pid()
"""


@pytest.mark.parametrize("role", ROLES)
def test_a_login_that_waits_for_the_key_of_a_run_stops_no_other(database, db, settings, role):
    """It sees the key of the run in pg_locks, waits for it, and gets it when the run ends."""
    with login(database, role) as url, psycopg.connect(url, autocommit=True) as stranger:
        for turn in (1, 2):
            with sql.cycle_lock(db):
                (key,) = (row["key"] for row in db.execute(MY_KEYS))
                waiting = threading.Thread(target=stranger.execute, args=("select pg_advisory_lock(%s)", [key]))
                waiting.start()
                while not db.execute("select from pg_locks where not granted").fetchall():
                    time.sleep(0.01)
            waiting.join(10)
            assert len(stranger.execute(MY_KEYS).fetchall()) == turn
            assert run_cycle(db, settings).status == "loaded"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("mode", ["row share", "share update exclusive", "exclusive"])
def test_no_login_can_lock_what_runs_lock(database, role, mode):
    with login(database, role) as url, psycopg.connect(url) as stranger:
        for table in ("ops.cycle_lock", "ops.merge_decision", "public.etl_migration"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                stranger.execute(f"lock table {table} in {mode} mode nowait")
            stranger.rollback()
        for statement in ("select from ops.cycle_lock for update", "update ops.cycle_lock set pid = 1"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                stranger.execute(statement)
            stranger.rollback()


def test_a_held_lock_holds_no_landed_row_back(database, db):
    """An idle session with neither a transaction id nor a snapshot: `pg_snapshot_xmin` passes it by."""
    with sql.cycle_lock(db), psycopg.connect(database) as other:
        held = other.execute(
            "select state, backend_xid, backend_xmin from pg_stat_activity where pid = %s", [db.info.backend_pid]
        ).fetchone()
        assert held == ("idle", None, None)
        mine, oldest = other.execute(
            "select pg_current_xact_id()::text::bigint, pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        ).fetchone()
        assert oldest >= mine


def test_the_lock_names_who_holds_it_and_ends_with_the_session(database, db):
    with sql.connect(database, application_name="etl somewhere") as other:
        with (
            sql.cycle_lock(other),
            pytest.raises(
                CycleBusyError, match=rf"\(server process {other.info.backend_pid}, role 'postgres', 'etl somewhere'\)"
            ),
            sql.cycle_lock(db),
        ):
            pass
        with sql.cycle_lock(db):
            pass
        assert sql.one(other, "lock/take")["is_taken"]
    with sql.cycle_lock(db, wait_seconds=5):
        pass


def test_many_at_once_and_one_at_a_time(database):
    holding: list[int] = []
    most: list[int] = []

    def hold(number: int) -> None:
        with sql.connect(database) as db:
            for _ in range(15):
                with sql.cycle_lock(db, wait_seconds=60):
                    holding.append(number)
                    most.append(len(holding))
                    time.sleep(0.002)
                    holding.remove(number)

    threads = [threading.Thread(target=hold, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 60


def test_two_migrators_at_once_and_a_login_that_holds_any_advisory_lock(server_url, settings):
    with databases.temporary_database(server_url, "migrated_at_once") as url, psycopg.connect(url) as stranger:
        stranger.execute("select pg_advisory_lock(7310245882), pg_advisory_lock(7310245881)")
        applied: list[list[str]] = []

        def bring_up_to_date() -> None:
            with sql.connect(url) as db:
                applied.append(migrate(db, settings))

        threads = [threading.Thread(target=bring_up_to_date) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(len(names) > 0 for names in applied) == [False, False, True]


def test_a_decision_about_a_merge_waits_for_no_login(database, db, land, cycle):
    refused = UUID(int=7, version=4)
    land("$identify", "alice", properties={"$anon_distinct_id": "d1"}, at=0)
    land("$identify", "bob", properties={"$anon_distinct_id": "d2"}, at=1)
    land("$create_alias", "bob", properties={"alias": "alice"}, at=2, uuid=str(refused))
    cycle(at=3)
    with login(database, "auditor") as url, psycopg.connect(url) as reader:
        reader.execute(
            "select count(*), pg_advisory_lock(hashtextextended('merge decision ' || %s, 0)) from ops.merge_decision",
            [str(refused)],
        )
        db.execute("set lock_timeout = '2s'")
        assert merge.reject(db, refused, by="ann").is_new
