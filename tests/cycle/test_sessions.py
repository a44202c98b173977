"""How many sessions share a step changes nothing; one that is lost, refused, late or left behind leaves nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

import psycopg
import pytest

from etl import sql
from etl.cycle.batch import read_batch, step_of
from etl.cycle.run import run_cycle, run_step
from etl.cycle.sessions import Work, beside, count_sessions
from etl.errors import StagingLostError, StepError
from etl.operate.maintain import check_invariants
from etl.settings import Settings
from etl.sql import Db
from tests.bench.kinds import KINDS, land_kind
from tests.conftest import fresh_database
from tests.cycle import crash
from tests.cycle.crash import SETTINGS

pytestmark = pytest.mark.long

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
def in_further_session(name: str, strike: Callable[[], None]) -> Iterator[None]:
    """Call ``strike`` once, in a further session's thread, after it ran this statement."""
    struck: list[bool] = []

    def watch(_: Db, statement: str, is_after: bool) -> None:
        is_further = threading.current_thread() is not threading.main_thread()
        if statement == name and is_after and is_further and not struck:
            struck.append(True)
            strike()

    with sql.observed(watch):
        yield


@pytest.mark.parametrize(
    ("landed", "asked", "is_trial", "count"),
    [
        (0, 3, False, 1),
        (1_999, 3, False, 1),
        (2_000, 3, False, 2),
        (200_000, 3, False, 3),
        (200_000, 1, False, 1),
        (200_000, 3, True, 1),
        (200_000, None, False, min(os.cpu_count() or 2, 8)),  # the server runs on this machine
    ],
)
def test_how_many_share_a_batch(db, cycle, settings, landed, asked, is_trial, count):
    batch = replace(read_batch(db, cycle()["batch_id"]), landed=landed, is_trial=is_trial)
    assert count_sessions(db, settings.model_copy(update={"sessions": asked}), batch) == count


def drained(url: str, sessions: int, landed_at: datetime) -> tuple[dict[str, list[str]], set[tuple[str, str]]]:
    """What is in the warehouse after two cycles, the second of which releases what the first holds; and who worked."""
    seen: set[tuple[str, str]] = set()

    def note(db: Db, name: str, _: bool) -> None:
        if name in {"stage/insert_event", "load/insert_event"}:
            seen.add((name, db.info.get_parameters()["application_name"]))

    settings = Settings(_env_prefix="NO_SUCH_PREFIX_", sessions=sessions, hold_seconds=0.2)  # type: ignore[call-arg]
    with sql.connect(url, application_name="etl") as db:
        with sql.observed(note):
            run_cycle(db, settings, now=landed_at)
            run_cycle(db, settings)
        contents = crash.contents(db)
        check_invariants(db)
        return contents, seen


def test_the_number_of_sessions_changes_nothing(server_url, database, db):
    """Every kind of events that there is, shared by one session, two, three and eight: the same in every table."""
    for kind in KINDS:
        if kind != "300 days":  # most of its time makes partitions
            land_kind(db, kind, 200)
    land_kind(db, "held", 200, first=1_000)  # of whom no other kind knows
    landed_at = db.execute("select max(received_at) as at from landing.event").fetchone()["at"]
    db.execute("insert into landing.cookieless_salt (day) values ((now() at time zone 'UTC')::date)")
    db.close()  # a database with a connection cannot be copied
    found = {}
    for sessions in (1, 2, 3, 8):
        with fresh_database(server_url, urlsplit(database).path[1:]) as url:
            found[sessions] = drained(url, sessions, landed_at)
    contents, _ = found[1]
    assert len(contents["warehouse.stored_event"]) > 3_500
    assert len(contents["buffer.released_event"]) >= 200
    for sessions, (other, workers) in found.items():
        assert {name for name in contents if contents[name] != other[name]} == set(), sessions
        written = {who for name, who in workers if name == "load/insert_event"}
        if sessions == 1:
            assert {who for _, who in workers} == {"etl"}
        else:
            further = {f"etl (session {number})" for number in range(2, sessions + 1)}
            assert further & written
            assert written <= further | {"etl"}, "no more than were asked for"


@pytest.mark.parametrize("step", ["stage", "load"])
def test_a_further_session_ended(told, db, expected, step):
    batch_id = reach(told, STEPS_BEFORE_LOAD[: ["stage", "", "", "load"].index(step) + 1])
    before = crash.contents(db)

    def end() -> None:
        db.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name like '%(session 3)'"
        )

    with in_further_session(f"{step}/insert_event", end), pytest.raises(psycopg.OperationalError):
        run_step(told, step, batch_id, SETTINGS)
    assert crash.contents(db) == before
    expected()


@pytest.mark.parametrize("most", [0, 1])
def test_no_connection_for_all_of_them(told, db, expected, monkeypatch, most):
    """Fewer sessions do the same work; one alone does all of it."""
    connect = psycopg.connect
    opened: list[str] = []

    def few(*arguments, **keywords):
        if "(session" in (name := keywords.get("application_name", "")):
            opened.append(name)
            if len(opened) > most:
                keywords["port"] = "1"
        return connect(*arguments, **keywords)

    batch_id = reach(told, STEPS_BEFORE_LOAD)
    monkeypatch.setattr(psycopg, "connect", few)
    run_step(told, "load", batch_id, SETTINGS)
    assert len(opened) == most + 1
    monkeypatch.undo()
    expected()


def test_the_own_session_fails_while_others_work(told, db, expected):
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


def test_ended_between_the_commits_of_further_sessions(told, db, expected):
    """Some of what was written ahead is committed, some is lost; the next run replaces it anyway."""
    batch_id = reach(told, STEPS_BEFORE_LOAD)

    def end() -> None:
        # The last one opened commits first.
        db.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name like '%(session 2)'"
        )

    with crash.armed(crash.Fault("load/delete_released", is_after=True), end), pytest.raises(psycopg.OperationalError):
        run_step(told, "load", batch_id, SETTINGS)
    assert db.execute("select batch_id from ops.written_ahead").fetchall() == [{"batch_id": batch_id}]
    assert db.execute("select * from warehouse.events where batch_id = %s", [batch_id]).fetchall() == []
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
        with beside(stale, batch, Work([]), 1):
            raise AssertionError("it went on")


def test_a_run_that_was_given_up_cannot_go_on(told, expected):
    """Its lock is gone and another run has the plan: its further sessions write nothing."""
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
