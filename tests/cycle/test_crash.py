"""A run is killed, or its server or connection, anywhere: the next run finishes the same batch, to the same result."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial

import psycopg
import pytest

from etl import databases, sql
from etl.cycle.run import run_step
from etl.errors import StagingLostError, TransientError, UnavailableError
from etl.quality.audit import verify
from etl.sql import Db
from tests.conftest import copy_database
from tests.cycle import crash
from tests.cycle.crash import SETTINGS, Fault, Mode
from tests.server import How, Server

pytestmark = pytest.mark.long

BATCHES = 3  # the story's two, and one after it that finds nothing to do

# The boundary of each step, and statements inside of it.
SAMPLE = [
    Fault("lock/take"),
    Fault("open/insert_batch"),
    Fault("open/insert_batch", is_after=True),
    Fault("progress/clear", is_after=True),
    Fault("stage/insert_event", is_after=True),
    Fault("progress/note_seconds", 1, is_after=True),
    Fault("progress/configure", 2),
    Fault("validate/copy_excluded", is_after=True),
    Fault("progress/note_seconds", 2, is_after=True),
    Fault("resolve/exclude_duplicates"),
    Fault("resolve/apply_ties", is_after=True),
    Fault("progress/advance", 2, is_after=True),
    Fault("load/ensure_event_partitions", is_after=True),
    Fault("load/update_person", is_after=True),
    Fault("load/insert_event", is_after=True),
    Fault("load/delete_released", is_after=True),
    Fault("load/advance_watermark", is_after=True),
    Fault("progress/note_seconds", 4, is_after=True),
    Fault("lock/release"),
]
SERVER_SAMPLE = [
    Fault("open/insert_batch", is_after=True),
    Fault("stage/insert_event", is_after=True),
    Fault("validate/copy_excluded", is_after=True),
    Fault("resolve/exclude_duplicates"),
    Fault("load/insert_event", is_after=True),
    Fault("progress/note_seconds", 4, is_after=True),
]

_numbers = itertools.count(1)


class Story:
    """A database where the story has been told, to be copied for each case, and what an undisturbed run makes of it."""

    def __init__(self, server_url: str, template: str) -> None:
        self.server_url = server_url
        self.name = f"story_{next(_numbers)}"
        self.copied: str | None = None
        crash.tell_story(self._copy(self.name, template))
        self.faults: dict[Mode, list[Fault]] = {}
        for mode in ("cycle", "steps"):
            undisturbed = self.copy()
            self.faults[mode] = crash.record_faults(undisturbed, mode)
            crash.finish(undisturbed, mode, batches=BATCHES)
            with sql.connect(undisturbed) as db:
                self.expected = crash.contents(db)
                self.ledger = db.execute("select * from ops.batch where batch_id = 2").fetchone()

    def copy(self) -> str:
        """The URL of a fresh copy; the one before is dropped."""
        before, self.copied = self.copied, f"{self.name}_{next(_numbers)}"
        return self._copy(self.copied, self.name, instead_of=before)

    def _copy(self, name: str, template: str, *, instead_of: str | None = None) -> str:
        with psycopg.connect(f"{self.server_url}/postgres", autocommit=True) as admin:
            if instead_of is not None:
                admin.execute(f"drop database {instead_of} with (force)")
            copy_database(admin, name, template)
        return databases.database_url(self.server_url, name)


@pytest.fixture(scope="module")
def story(server_url: str, template: str) -> Story:
    return Story(server_url, template)


def check_recovery(url: str, story: Story, mode: Mode, strike: Callable[[], None]) -> None:
    """Strike, then run on: the batch that is open keeps its bounds, and the end is that of an undisturbed run."""
    strike()
    with sql.connect(url) as db:
        if left_open := crash.read_bounds(db, "open"):
            crash.finish(url, mode, batches=left_open["batch_id"])
            assert crash.read_bounds(db, "loaded") == left_open
        crash.finish(url, mode, batches=BATCHES)
        assert crash.contents(db) == story.expected
        assert verify(db).troubles == []


def test_the_story_has_everything_in_it(story):
    ledger = story.ledger
    assert all(ledger[name] for name in ("landed", "released", "loaded", "held", "duplicate", "quarantined", "rescued"))
    assert ledger["persons_created"]
    assert ledger["persons_merged"]
    assert all(story.expected[name] for name in ("ops.warning", "ops.expectation_result", "warehouse.person_override"))
    outcomes = {
        outcome for row in story.expected["warehouse.merge"] for outcome in ("merged", "refused") if outcome in row
    }
    assert outcomes == {"merged", "refused"}


@pytest.mark.parametrize("fault", SAMPLE, ids=str)
def test_worker_killed(story, fault):
    mode: Mode = "cycle" if SAMPLE.index(fault) % 2 else "steps"
    url = story.copy()
    check_recovery(url, story, mode, lambda: crash.run_and_kill(url, mode, fault))


@pytest.mark.crash
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", ["cycle", "steps"])
def test_worker_killed_at_every_statement(story, mode):
    for fault in story.faults[mode]:
        url = story.copy()
        check_recovery(url, story, mode, lambda url=url, fault=fault: crash.run_and_kill(url, mode, fault))


def kill_while_it_works(url: str, seconds: float) -> None:
    child = crash.start_child(url)
    time.sleep(seconds)
    child.kill()
    child.join(10)


def test_worker_killed_at_any_time(story):
    chance = random.Random(1)
    for _ in range(3):
        url = story.copy()
        check_recovery(url, story, "cycle", lambda url=url: kill_while_it_works(url, chance.uniform(0.05, 0.8)))


@pytest.mark.crash
@pytest.mark.timeout(1800)
def test_worker_killed_at_any_time_often(story):
    chance = random.Random(2)
    for _ in range(60):
        url = story.copy()
        check_recovery(url, story, "cycle", lambda url=url: kill_while_it_works(url, chance.uniform(0.02, 1.0)))


def test_killed_again_and_again(story):
    url = story.copy()
    for fault in (SAMPLE[1], SAMPLE[4], SAMPLE[4], SAMPLE[10], SAMPLE[14], SAMPLE[14], SAMPLE[17]):
        crash.run_and_kill(url, "cycle", fault)
    with sql.connect(url) as db:
        assert crash.read_bounds(db, "open")["batch_id"] == 2
        crash.finish(url, "cycle", batches=BATCHES)
        assert crash.contents(db) == story.expected
        assert verify(db).troubles == []


@pytest.mark.parametrize("fault", SERVER_SAMPLE[1:5], ids=str)
def test_connection_cut(story, fault):
    url = story.copy()

    def cut() -> None:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                "where datname = current_database() and application_name like 'etl%'"
            )

    def run() -> None:
        with crash.armed(fault, cut), pytest.raises(psycopg.OperationalError):
            crash.advance(url, "steps")

    check_recovery(url, story, "steps", run)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server.running() as server:
        yield server


@pytest.fixture(scope="module")
def durable_story(server: Server) -> Story:
    return Story(server.url, server.make_template())


def crash_server(server: Server, url: str, mode: Mode, fault: Fault, how: How = "immediate") -> None:
    """A run whose server goes down at the fault; if the last answer was on its way, the run does not even notice."""
    try:
        with crash.armed(fault, partial(server.stop, how)):
            crash.advance(url, mode)
    except (psycopg.OperationalError, UnavailableError):
        pass  # the latter where it went down between two steps
    server.start()


@pytest.mark.parametrize("how", ["immediate", pytest.param("fast", marks=pytest.mark.crash)])
@pytest.mark.parametrize("fault", SERVER_SAMPLE, ids=str)
def test_server_restarted(server, durable_story, fault, how):
    mode: Mode = "steps" if SERVER_SAMPLE.index(fault) % 2 else "cycle"
    url = durable_story.copy()
    check_recovery(url, durable_story, mode, lambda: crash_server(server, url, mode, fault, how))


@pytest.mark.crash
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mode", ["cycle", "steps"])
def test_server_crashed_at_every_statement(server, durable_story, mode):
    for fault in durable_story.faults[mode]:
        url = durable_story.copy()
        check_recovery(url, durable_story, mode, lambda url=url, fault=fault: crash_server(server, url, mode, fault))


def test_server_crashed_inside_a_statement(server, durable_story):
    """The load waits for a lock in the middle of a statement when the server goes down."""
    url = durable_story.copy()
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            crash.advance(url, "cycle")
        except psycopg.OperationalError as error:
            outcome.append(error)

    def strike() -> None:
        with psycopg.connect(url) as blocker:
            blocker.execute("lock table warehouse.merge in share mode")
            thread = threading.Thread(target=run)
            thread.start()
            wait_until_blocked(url, "etl cycle")
            server.stop("immediate")
            thread.join(30)
            blocker.close()
        server.start()

    check_recovery(url, durable_story, "cycle", strike)
    assert outcome


def test_no_connection_left(server, durable_story):
    url = durable_story.copy()
    with ExitStack() as stack:

        def take_all() -> None:
            with suppress(psycopg.OperationalError):
                while True:
                    stack.enter_context(psycopg.connect(url))

        with (
            crash.armed(Fault("progress/configure"), take_all),
        ):
            crash.advance(url, "cycle")
        stack.enter_context(psycopg.connect(url))  # the one that the run has left
        with pytest.raises(UnavailableError, match=r"has no connection left: .* nothing is lost") as raised:
            sql.connect(url)
        assert "\n" not in str(raised.value)
    check_recovery(url, durable_story, "cycle", lambda: None)


@pytest.mark.parametrize("reached", ["stage", "validate", "resolve"])
def test_staging_lost_between_tasks(server, durable_story, reached):
    """Airflow's next task finds staging empty: it says so, and the next run stages the same batch again."""
    url = durable_story.copy()
    batch_id = run_step(url, "open", settings=SETTINGS)
    steps = ["stage", "validate", "resolve", "load"]
    done = steps.index(reached) + 1
    for step in steps[:done]:
        run_step(url, step, batch_id, SETTINGS)
    server.stop("immediate")
    server.start()
    for _ in range(2):  # the task, and its retry
        with pytest.raises(StagingLostError, match=f"Batch {batch_id} .* crashed"):
            run_step(url, steps[done], batch_id, SETTINGS)
    assert issubclass(StagingLostError, TransientError)
    assert run_step(url, "open", settings=SETTINGS) == batch_id
    for step in steps:
        run_step(url, step, batch_id, SETTINGS)
    crash.finish(url, "steps", batches=BATCHES)
    with sql.connect(url) as db:
        assert crash.contents(db) == durable_story.expected


def test_load_again_after_it_succeeded_and_the_server_crashed(server, durable_story):
    """The worker never heard that its load was done, and staging is gone: the task run again does nothing."""
    url = durable_story.copy()
    crash.finish(url, "steps", batches=2)
    server.stop("immediate")
    server.start()
    assert run_step(url, "load", 2, SETTINGS) == 2
    crash.finish(url, "steps", batches=BATCHES)
    with sql.connect(url) as db:
        assert crash.contents(db) == durable_story.expected


def wait_until_blocked(url: str, application_name: str) -> int:
    """Wait until that session waits for a lock; returns its process id."""
    with sql.connect(url) as db:
        return _blocked(db, application_name)


def _blocked(db: Db, application_name: str) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        row = db.execute(
            "select pid from pg_stat_activity where datname = current_database() and application_name = %s "
            "and wait_event_type = 'Lock'",
            [application_name],
        ).fetchone()
        if row:
            return int(row["pid"])
        time.sleep(0.02)
    raise AssertionError(f"{application_name} never waited for a lock")
