"""A step's second session is lost, refused, late or left behind: the step fails as a whole, the next run is clean."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from etl import sql
from etl.cycle.batch import second_session, step_of
from etl.cycle.run import run_cycle, run_step
from etl.errors import StagingLostError, StepError, TransientError, UnavailableError
from etl.operate.maintain import check_invariants
from etl.sql import Db
from tests.cycle import crash
from tests.cycle.crash import SETTINGS

STEPS_BEFORE_LOAD = ("open", "stage", "validate", "resolve")


@pytest.fixture
def told(database):
    """The database with a story in it whose second batch is next."""
    crash.tell_story(database)
    return database


@pytest.fixture
def expected(told, db):
    """A function that runs on to the end, and sees that every row is accounted for once."""

    def check() -> None:
        crash.finish(told, "cycle", batches=3)
        rows = db.execute("select landing_id, count(*) as n from warehouse.stored_event group by 1 having count(*) > 1")
        assert rows.fetchall() == []
        assert db.execute("select * from ops.written_ahead").fetchall() == []
        off = "select * from ops.batch where landed + released <> loaded + held + duplicate + quarantined"
        assert db.execute(off).fetchall() == []
        loaded = db.execute("select sum(loaded) as n from ops.batch").fetchone()["n"]
        for relation in ("warehouse.stored_event", "warehouse.events", "warehouse.event_key"):
            assert db.execute(f"select count(*) as n from {relation}").fetchone()["n"] == loaded

    return check


def reach(url: str, steps: tuple[str, ...]) -> int:
    """Run steps; returns the batch's id."""
    batch_id = None
    for step in steps:
        batch_id = run_step(url, step, batch_id, SETTINGS)
    assert batch_id is not None
    return batch_id


@contextmanager
def in_second_session(name: str, strike: Callable[[], None]) -> Iterator[None]:
    """Call ``strike`` once, in the second session's thread, after it ran this statement."""
    struck: list[bool] = []

    def watch(_: Db, statement: str, is_after: bool) -> None:
        is_second = threading.current_thread() is not threading.main_thread()
        if statement == name and is_after and is_second and not struck:
            struck.append(True)
            strike()

    with sql.observed(watch):
        yield


@pytest.mark.parametrize("step", ["stage", "load"])
def test_second_session_ended(told, db, expected, step):
    batch_id = reach(told, STEPS_BEFORE_LOAD[: ["stage", "", "", "load"].index(step) + 1])
    before = crash.contents(db)

    def end() -> None:
        db.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name like '%second%'"
        )

    with in_second_session(f"{step}/insert_event", end), pytest.raises(psycopg.OperationalError):
        run_step(told, step, batch_id, SETTINGS)
    assert crash.contents(db) == before
    expected()


def test_no_second_connection(told, db, expected, monkeypatch):
    batch_id = reach(told, STEPS_BEFORE_LOAD)
    before = crash.contents(db)
    connect = psycopg.connect

    def only_one(*arguments, **keywords):
        if "second" in keywords.get("application_name", ""):
            keywords["port"] = "1"
        return connect(*arguments, **keywords)

    monkeypatch.setattr(psycopg, "connect", only_one)
    with pytest.raises(UnavailableError, match="second connection"):
        run_step(told, "load", batch_id, SETTINGS)
    assert issubclass(UnavailableError, TransientError)
    assert crash.contents(db) == before
    monkeypatch.undo()
    expected()


def test_first_session_fails_while_the_second_works(told, db, expected):
    batch_id = reach(told, STEPS_BEFORE_LOAD)
    before = crash.contents(db)

    def fail(_: Db, name: str, is_after: bool) -> None:
        if name == "load/insert_person" and not is_after:
            raise RuntimeError("a bug")

    with sql.observed(fail), pytest.raises(StepError, match="RuntimeError: a bug"):
        run_step(told, "load", batch_id, SETTINGS)
    assert crash.contents(db) == before
    expected()


def test_killed_between_the_two_commits(told, db, expected):
    """What was written ahead is committed and nobody sees it; the next run replaces it."""
    seen = "select * from warehouse.events order by uuid"
    batch_id = reach(told, STEPS_BEFORE_LOAD)
    before = db.execute(seen).fetchall()
    stored = "select count(*) as n from warehouse.stored_event"
    stored_before = db.execute(stored).fetchone()
    crash.run_and_kill(told, "steps", crash.Fault("load/publish_written_ahead"))
    assert db.execute("select batch_id from ops.written_ahead").fetchall() == [{"batch_id": batch_id}]
    assert db.execute(stored).fetchone() != stored_before
    assert db.execute(seen).fetchall() == before
    check_invariants(db)
    expected()


def test_killed_between_the_two_commits_then_rebased(told, db, expected):
    """The way out after a restore forgets the open batch, so it must not leave rows of it behind."""
    reach(told, STEPS_BEFORE_LOAD)
    crash.run_and_kill(told, "steps", crash.Fault("load/publish_written_ahead"))
    sql.run(db, "watermark/rebase")
    assert db.execute("select * from ops.written_ahead").fetchall() == []
    expected()


def go_on_after_another_claimed(stale: Db, other: Db, batch_id: int) -> None:
    """A run whose lock is gone, and which does not know it yet."""
    with step_of(stale, batch_id, "load") as batch:
        sql.run(other, "progress/claim")
        with second_session(stale, batch, lambda second: 0):
            raise AssertionError("it went on")


def test_a_run_that_was_given_up_cannot_go_on(told, expected):
    """Its lock is gone and another run has the plan: its second session writes nothing."""
    batch_id = reach(told, STEPS_BEFORE_LOAD)
    with sql.connect(told) as stale, sql.connect(told) as other, pytest.raises(StagingLostError, match="taken up"):
        go_on_after_another_claimed(stale, other, batch_id)
    expected()


def test_rows_written_ahead_are_seen_all_at_once(told, db):
    """While the batch is open a reader sees none of its rows, whatever has been committed of them."""
    counts: list[int] = []

    def look() -> None:
        with psycopg.connect(told) as reader:
            counts.append(reader.execute("select count(*) from warehouse.events where batch_id = 2").fetchone()[0])

    with crash.armed(crash.Fault("progress/note_seconds", 4), look), sql.connect(told) as session:
        run_cycle(session, SETTINGS)
    look()
    assert counts[0] == 0
    assert counts[1] > 0
