"""Twice, or at once: a step run again, two runs, runs beside writers and readers. Nothing is lost or doubled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest

from etl import sql
from etl.cycle.batch import STEPS
from etl.cycle.run import run_cycle, run_step
from etl.errors import CycleBusyError, EtlError, StagingLostError, TransientError
from tests.cycle import crash
from tests.cycle.crash import SETTINGS
from tests.cycle.test_crash import wait_until_blocked

pytestmark = pytest.mark.long

ACCOUNTED = """
select landing_id from warehouse.stored_event
union all select landing_id from buffer.event
union all select landing_id from quarantine.event
order by 1
"""


@pytest.fixture
def told(database):
    """The database with a story in it, see ``tests.crash.tell_story``."""
    crash.tell_story(database)
    return database


def test_each_step_run_twice(told, db, server_url):
    batch_id = None
    for step in STEPS:
        batch_id = run_step(told, step, batch_id, SETTINGS)
        before = crash.contents(db)
        assert run_step(told, step, batch_id, SETTINGS) == batch_id == 2
        assert crash.contents(db) == before
    assert run_step(told, "load", batch_id, SETTINGS) == 2
    assert crash.contents(db) == before
    assert db.execute("select status from ops.batch where batch_id = 2").fetchone()["status"] == "loaded"


def test_a_load_of_long_ago_run_again(told, db):
    crash.finish(told, "steps", batches=4)
    before = crash.contents(db)
    for step in STEPS[1:]:
        run_step(told, step, 1, SETTINGS)
        run_step(told, step, 3, SETTINGS)
    assert crash.contents(db) == before


def test_an_earlier_step_run_again_begins_anew(told, db):
    batch_id = run_step(told, "open", settings=SETTINGS)
    for step in ("stage", "validate", "resolve", "stage"):
        run_step(told, step, batch_id, SETTINGS)
    for step in ("load", "resolve"):
        with pytest.raises(StagingLostError, match=f"not ready for the step {step}"):
            run_step(told, step, batch_id, SETTINGS)
    for step in ("validate", "validate", "resolve", "validate", "load"):
        run_step(told, step, batch_id, SETTINGS)
    row = db.execute("select status, landed, released, loaded from ops.batch where batch_id = 2").fetchone()
    assert row["status"] == "loaded"


def test_a_step_of_no_batch(told):
    for step, batch_id in (("load", 99), ("stage", None), ("nonsense", 2)):
        with pytest.raises(EtlError, match="There is no"):
            run_step(told, step, batch_id, SETTINGS)


def test_the_second_of_two_cycles_names_the_first(told, db, monkeypatch):
    monkeypatch.setattr("etl.cycle.run.LOCK_SECONDS", 0.3)
    with psycopg.connect(told) as blocker:
        blocker.execute("lock table warehouse.merge in share mode")
        winner = crash.start_child(told)
        pid = wait_until_blocked(told, "etl cycle")
        before = crash.contents_now(told)
        for step, batch_id in (("open", None), ("load", 2)):
            with pytest.raises(CycleBusyError, match=rf"server process {pid}, role 'postgres', 'etl cycle'"):
                run_step(told, step, batch_id, SETTINGS)
        with pytest.raises(CycleBusyError, match=rf"server process {pid}, role 'postgres', 'etl cycle'"):
            run_cycle(db, SETTINGS)
        assert crash.contents_now(told) == before
    winner.join(30)
    assert winner.exitcode == 0
    assert crash.count_loaded(db) == 2


def test_a_task_waits_for_a_step_that_is_about_to_end(told, db):
    with psycopg.connect(told) as blocker:
        blocker.execute("lock table warehouse.merge in share mode")
        other = crash.start_child(told)
        wait_until_blocked(told, "etl cycle")
        released = threading.Timer(1, blocker.rollback)
        released.start()
        assert run_step(told, "open", settings=SETTINGS) == 3
        released.join()
    other.join(30)
    assert other.exitcode == 0


def test_a_killed_worker_whose_statement_still_runs(told, db):
    """The server finishes the statement before it sees that its client is gone; until then the next run is refused."""
    with psycopg.connect(told) as blocker:
        blocker.execute("lock table warehouse.merge in share mode")
        worker = crash.start_child(told)
        wait_until_blocked(told, "etl cycle")
        worker.kill()
        worker.join(10)
        bounds = crash.read_bounds(db, "open")
    crash.finish(told, "steps", batches=2)
    assert crash.read_bounds(db, "loaded") == bounds


def test_many_writers_and_many_cycles(database, db):
    """Two processes and a thread run cycles while others write, roll back and write again: each event once."""
    stop_at = time.monotonic() + 4
    failures: list[BaseException] = []

    def guarded(work: Callable[[int], None], number: int) -> threading.Thread:
        def target() -> None:
            try:
                work(number)
            except BaseException as error:  # shown by the test
                failures.append(error)

        thread = threading.Thread(target=target)
        thread.start()
        return thread

    def write(number: int) -> None:
        with psycopg.connect(database) as writer:
            turn = 0
            # At least so many turns, however late a busy machine lets them begin.
            while turn < 40 or time.monotonic() < stop_at:
                turn += 1
                for _ in range(3):
                    writer.execute(
                        "insert into landing.event (event, distinct_id, uuid, properties) values (%s, %s, %s, '{}')",
                        ["$identify" if turn % 2 else "seen", f"user {number} {turn % 7}", str(uuid4())],
                    )
                time.sleep(0.005)
                if turn % 5:
                    writer.commit()
                else:
                    writer.rollback()

    processes = [crash.start_call(run_for_a_while, database, 4.0, size) for size in (7, 1000)]
    threads = [guarded(write, number) for number in range(4)]
    for thread in threads:
        thread.join()
    for process in processes:
        process.join(60)
    assert failures == []
    assert [process.exitcode for process in processes] == [0, 0]
    while run_cycle(db, SETTINGS).landed:
        pass
    landed = [row["landing_id"] for row in db.execute("select landing_id from landing.event order by 1")]
    assert len(landed) > 100
    assert [row["landing_id"] for row in db.execute(ACCOUNTED)] == landed
    assert db.execute("select sum(landed) as n from ops.batch").fetchone()["n"] == len(landed)


def run_for_a_while(url: str, seconds: float, batch_size: int) -> None:
    """Cycles one after the other, in a process of its own; another one that is running is no failure."""
    stop_at = time.monotonic() + seconds
    with sql.connect(url) as db:
        while time.monotonic() < stop_at:
            try:
                run_cycle(db, SETTINGS.model_copy(update={"batch_size": batch_size}))
            except TransientError:
                time.sleep(0.01)


@pytest.mark.parametrize("relation", ["warehouse.events", "ops.batch"])
def test_a_reader_that_stays_does_not_stop_the_load(database, db, land, relation):
    """An analyst's transaction is left open, and the next event is of a day that has no partition yet."""
    with psycopg.connect(database) as reader:
        reader.execute(f"select count(*) from {relation}")
        land("$identify", "u", timestamp="2026-10-01T00:00:00Z")
        db.execute("set statement_timeout = '5s'")
        assert run_cycle(db, SETTINGS).loaded == 1


def test_a_backup_does_not_stop_the_cycle(database, db, land):
    """pg_dump reads every table, in one transaction that may last for hours."""
    with psycopg.connect(database) as backup:
        for row in db.execute(
            "select c.oid::regclass::text as name from pg_class as c inner join pg_namespace as n "
            "on c.relnamespace = n.oid where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)'"
        ):
            backup.execute(f"lock table {row['name']} in access share mode")
        land("$identify", "u", properties={})
        db.execute("set statement_timeout = '5s'")
        assert run_cycle(db, SETTINGS).loaded == 1
