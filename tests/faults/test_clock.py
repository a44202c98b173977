"""The server's clock is set back or forward: nothing is lost, nothing waits for the clock to come back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import pytest

from etl import sql
from etl.cycle.batch import Batch
from etl.cycle.run import run_cycle
from etl.operate.status import read_status
from etl.settings import Settings
from etl.sql import Db
from tests.conftest import copy_database
from tests.cycle.crash import Fault, armed
from tests.faults import books
from tests.faults.clock import LIBRARY, Clock
from tests.server import Server, open_folder

HOUR, DAY = 3_600, 86_400

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(LIBRARY is None, reason="needs Debian's package faketime"),
]


@pytest.fixture(scope="module")
def clock() -> Iterator[Clock]:
    with open_folder() as folder:
        yield Clock(folder / "clock")


@pytest.fixture(scope="module")
def server(clock: Clock) -> Iterator[Server]:
    with Server.running(clock.environment) as server:
        server.make_template()
        yield server


@pytest.fixture
def clock_db(server: Server, clock: Clock, request: pytest.FixtureRequest) -> Iterator[Db]:
    """A database of that server, whose clock is right to begin with."""
    clock.move(-clock.seconds)
    with sql.connect(f"{server.url}/postgres") as admin:
        admin.execute("drop database if exists clock with (force)")
        copy_database(admin, "clock", "template_etl")  # type: ignore[arg-type]
    with sql.connect(f"{server.url}/clock") as db:
        yield db


@pytest.fixture
def settings() -> Settings:
    """So that a test need not wait a minute."""
    return Settings(_env_prefix="NO_SUCH_PREFIX_", hold_seconds=30)  # type: ignore[call-arg]


class Story:
    """Visitors and one backend's event a minute, with a cycle after each."""

    def __init__(self, db: Db, settings: Settings, clock: Clock) -> None:
        self.db = db
        self.settings = settings
        self.clock = clock
        self.sent: set[str] = set()
        self.batches: list[Batch] = []

    def minute(self, *, fault: Fault | None = None, by: int = 0) -> Batch:
        """Land, let a minute go by, run a cycle; at the fault in it the clock jumps."""
        user = f"user {len(self.batches)}"
        row = self.db.execute(
            "insert into landing.event (uuid, event, distinct_id) values (gen_random_uuid()::text, 'Paid', %s)"
            " returning uuid",
            [user],
        ).fetchone()
        assert row is not None
        self.sent |= {str(row["uuid"]), *books.land_visits(self.db, 20, visitor=f"d{len(self.batches)}-")}
        if fault is None:
            batch = run_cycle(self.db, self.settings)
        else:
            with armed(fault, lambda: self.clock.move(by)):
                batch = run_cycle(self.db, self.settings)
        self.batches.append(batch)
        self.clock.move(60)
        return batch

    def check(self) -> None:
        """Nothing waits for more than two cycles, and neither time nor place has ever gone back."""
        for name in ("as_of", "arrival_clock", "upper_landing_id"):
            values = [getattr(batch, name) for batch in self.batches]
            assert values == sorted(values)
        held, released = ([getattr(batch, name) for batch in self.batches] for name in ("held", "released"))
        for place in range(len(self.batches)):
            assert sum(released[: place + 1]) >= sum(held[: max(0, place - 1)])
        books.check(self.db, self.sent, held=sum(held) - sum(released))


@pytest.fixture
def story(clock_db: Db, settings: Settings, clock: Clock) -> Story:
    return Story(clock_db, settings, clock)


def now(db: Db) -> datetime:
    row = db.execute("select clock_timestamp() as now").fetchone()
    assert row is not None
    return row["now"]


@pytest.mark.parametrize(
    ("statement", "seconds"),
    [
        (None, -HOUR),
        ("open/read_clock", DAY),
        pytest.param(None, DAY, marks=pytest.mark.crash),
        pytest.param("open/read_clock", -HOUR, marks=pytest.mark.crash),
        *(
            pytest.param(statement, seconds, marks=pytest.mark.crash)
            for statement in ("stage/insert_event", "load/insert_event")
            for seconds in (-HOUR, DAY)
        ),
    ],
)
def test_a_clock_that_jumps(story, clock, seconds, statement):
    before = now(story.db)
    story.minute()
    if statement:
        story.minute(fault=Fault(statement), by=seconds)
    else:
        clock.move(seconds)
    for _ in range(3):
        story.minute()
    assert abs((now(story.db) - before).total_seconds() - seconds) < 600
    # Only what the clock says has arrived a day ago is not held.
    assert [batch.held for batch in story.batches].count(0) == (statement == "open/read_clock" and seconds == DAY)
    story.check()


@pytest.mark.crash
def test_a_clock_that_was_wrong_for_a_while_and_is_set_right(story, clock):
    for jump in (DAY, -DAY, -HOUR, HOUR):
        for _ in range(2):
            story.minute()
        clock.move(jump)
    for _ in range(2):
        story.minute()
    story.check()


def test_status_says_so(story, clock):
    for _ in range(2):
        story.minute()
    clock.move(-HOUR)
    story.minute()
    problems = [each for each in read_status(story.db, story.settings).problems if each.kind == "clock"]
    [problem] = problems
    assert re.match(r"The server's clock is 3,4\d\d s behind the time of the last batch", str(problem))
    clock.move(HOUR)
    story.minute()
    assert read_status(story.db, story.settings).problems == []
