"""Events that live on other servers; what else runs there: ``make apart``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count

import psycopg
import pytest

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.migrate import migrate
from etl.operate import maintain, person, property_index
from etl.operate.split import split
from etl.quality.audit import verify
from etl.rules.identity import person_id_of
from etl.settings import Settings
from tests.apart import DAYS_BACK, connect_events
from tests.cycle import crash
from tests.digest import Digest, digest_of_warehouse
from tests.faults import books
from tests.faults.proxy import COMMIT, Proxy
from tests.landing import land
from tests.logins import login
from tests.server import Server

pytestmark = pytest.mark.long

# More sessions than one, were the events here.
SETTINGS = crash.SETTINGS.model_copy(update={"hold_seconds": 0.0})
DAY = date(2026, 3, 2)
numbers = count(1)


class Wire(Proxy):
    """A wire between two servers. The first one crashes when the other's answer to a COMMIT is under way."""

    client: Server | None = None

    def cut(self) -> None:
        if self.client:
            self.client.stop("immediate")
            self.client = None
        super().cut()


@pytest.fixture(scope="module")
def here() -> Iterator[Server]:
    with Server.running() as server:
        yield server


@pytest.fixture(scope="module")
def there() -> Iterator[Server]:
    with Server.running() as server:
        yield server


@pytest.fixture
def others(there: Server) -> list[str]:
    """Two databases for events."""
    return [there.make_database(f"events_{next(numbers)}") for _ in range(2)]


@pytest.fixture
def wires(others: list[str]) -> Iterator[list[Wire]]:
    wires = [Wire(other) for other in others]
    yield wires
    for wire in wires:
        wire.close()


@pytest.fixture
def database(here: Server, wires: list[Wire]) -> str:
    """A warehouse that keeps its events in these two."""
    url = databases.create_database(here.url, f"warehouse_{next(numbers)}")
    connect_events(url, *(wire.url for wire in wires))
    with sql.connect(url) as db:
        migrate(db, Settings())
    return url


def count_in(url: str) -> int:
    """Events that a database has itself."""
    with psycopg.connect(url) as db:
        tables = db.execute(
            "select c.oid::regclass::text from pg_partition_tree('warehouse.stored_event') as t"
            " inner join pg_class as c on t.relid = c.oid where c.relkind = 'r'"
        ).fetchall()
        return sum(db.execute(f"select count(*) from {name}").fetchone()[0] for (name,) in tables)


def make_day(db: sql.Db, day: date) -> None:
    db.execute("select ops.ensure_day_partition('warehouse', 'stored_event', 'timestamp', %s)", [day])


def land_events(db: sql.Db, events: int, *, day: date = DAY) -> list[str]:
    """Land events of a day, and return their uuids."""
    at = datetime.combine(day, datetime.min.time(), UTC)
    sent = [f"00000000-0000-4000-8000-{next(numbers):012}" for _ in range(events)]
    for number, uuid in enumerate(sent):
        properties = {"$device_id": uuid, "number": number}
        timestamp = (at + timedelta(seconds=number)).isoformat()
        land(db, "page", f"user {number % 7}", uuid=uuid, properties=properties, timestamp=timestamp)
    return sent


def test_days_live_on_the_servers_in_turn(database, db, others):
    sent = [uuid for number in range(4) for uuid in land_events(db, 3, day=DAY + timedelta(days=number))]
    run_cycle(db, SETTINGS)
    assert count_in(database) == 0
    assert [count_in(other) for other in others] == [6, 6]
    books.check(db, sent)


def test_days_that_are_there_stay(here, others):
    """Servers that are named later get new days only."""
    url = here.make_database(f"warehouse_{next(numbers)}")
    with sql.connect(url) as db:
        first = land_events(db, 3)
        run_cycle(db, SETTINGS)
        connect_events(url, *others)
        second = [*land_events(db, 2), *land_events(db, 5, day=DAY + timedelta(days=1))]
        run_cycle(db, SETTINGS)
        books.check(db, first + second)
    assert count_in(url) == 5
    assert sum(count_in(other) for other in others) == 5


def test_events_of_the_default_partition_move(database, db, others):
    sent = land_events(db, 4)
    run_cycle(db, SETTINGS.model_copy(update={"partition_days_back": 1}))
    assert count_in(database) == 4
    make_day(db, DAY)
    assert count_in(database) == 0
    assert sum(count_in(other) for other in others) == 4
    books.check(db, sent)


def test_the_same_story_gives_the_same_tables(database, here, monkeypatch):
    """A merge of every kind, duplicates, a hold, refusals."""
    monkeypatch.setattr(crash, "SETTINGS", crash.SETTINGS.model_copy(update={"partition_days_back": DAYS_BACK}))
    plain = here.make_database(f"warehouse_{next(numbers)}")
    told: list[Digest] = []
    for url in (plain, database):
        crash.tell_story(url)
        with sql.connect(url) as db:
            run_cycle(db, crash.SETTINGS)
            told.append(digest_of_warehouse(db))
    assert count_in(database) == 0
    # The two were told at different moments.
    for part in ("properties", "merges", "events", "counts"):
        assert told[0][part] == told[1][part]


@contextmanager
def crashing(server: Server, wires: list[Wire]) -> Iterator[Callable[[], None]]:
    """The server crashes, and is started again, once the next COMMIT after the yielded call has been done elsewhere."""

    def arm() -> None:
        for wire in wires:
            wire.client = server
            wire.cut_at(COMMIT, "answer")

    with pytest.raises(psycopg.OperationalError):
        yield arm
    for wire in wires:
        wire.client = None
        wire.cut_at(b"no such text", "before")
    server.start()


def test_killed_when_the_other_server_has_committed(database, wires, here, others):
    """Nobody sees what stands there, and it is noted; the next run replaces it."""
    with sql.connect(database) as db:
        before = land_events(db, 5)
        run_cycle(db, SETTINGS)
        sent = land_events(db, 40)
    with (
        crashing(here, wires) as arm,
        crash.armed(crash.Fault("load/close_batch"), arm),
        sql.connect(database) as db,
    ):
        run_cycle(db, SETTINGS)
    assert sum(count_in(other) for other in others) == 45
    with sql.connect(database) as db:
        assert db.execute("select count(*)::int as n from warehouse.events").fetchone()["n"] == 5
        assert db.execute("select batch_id from ops.written_ahead").fetchall() == [{"batch_id": 2}]
        assert db.execute("select count(*)::int as n from warehouse.event_key").fetchone()["n"] == 5
        run_cycle(db, SETTINGS)
        assert db.execute("select * from ops.written_ahead").fetchall() == []
        books.check(db, before + sent)
    assert sum(count_in(other) for other in others) == 45


def test_killed_when_a_day_has_moved(database, wires, here, others):
    """The day is made anew, and its events are there once."""
    with sql.connect(database) as db:
        sent = land_events(db, 4)
        run_cycle(db, SETTINGS.model_copy(update={"partition_days_back": 1}))
    with crashing(here, wires) as arm, sql.connect(database) as db:
        arm()
        make_day(db, DAY)
    assert count_in(database) == 4
    assert sum(count_in(other) for other in others) == 4
    with sql.connect(database) as db:
        make_day(db, DAY)
        books.check(db, sent)
    assert count_in(database) == 0
    assert sum(count_in(other) for other in others) == 4


def test_one_session_writes_them(database, db):
    """Else the step's own session, which has read a split's events before, would not see those of the batch."""
    writers: set[int] = set()

    def note(session: sql.Db, name: str, is_done: bool) -> None:
        if name == "load/insert_event":
            writers.add(session.info.backend_pid)

    land_events(db, 9)
    with sql.observed(note):
        run_cycle(db, SETTINGS)
    assert writers == {db.info.backend_pid}


def test_a_split_and_an_erasure(database, db):
    land(db, "$identify", "alice", properties={"$anon_distinct_id": "device"})
    run_cycle(db, SETTINGS)
    split(db, person_id_of(1, "alice"), ["device"], by="ann", why="a shared tablet")
    land(db, "page", "alice", properties={"secret": "told"})
    run_cycle(db, SETTINGS)
    person.erase(db, person.Target(1, "alice"), by="ann", why="asked")
    run_cycle(db, SETTINGS)
    left = "select count(*)::int as n from warehouse.stored_event where properties ? 'secret' or distinct_id = 'alice'"
    assert db.execute(left).fetchone()["n"] == 0
    assert verify(db).troubles == []
    maintain.check_invariants(db)


def test_an_index_of_a_property_is_of_the_days_that_are_here(database, db):
    land_events(db, 2)
    run_cycle(db, SETTINGS)
    # The default partition.
    assert property_index.create(db, "number") == 1


def test_an_other_server_that_is_away(database, db, wires, there):
    """Landing goes on; the cycle ends with one line and is repeated."""
    run_cycle(db, SETTINGS)
    sent = land_events(db, 3)
    there.stop("fast")
    try:
        with pytest.raises(psycopg.OperationalError, match='could not connect to server "events_1"'):
            run_cycle(db, SETTINGS)
    finally:
        there.start()
    run_cycle(db, SETTINGS)
    books.check(db, sent)


def test_an_erasure_that_died_there_is_not_silent(database, wires, here, others):
    with sql.connect(database) as db:
        land(db, "$identify", "alice", properties={"secret": "told"})
        run_cycle(db, SETTINGS)
        assert verify(db).troubles == []
        person.erase(db, person.Target(1, "alice"), by="ann", why="asked")
    # Both servers are asked and commit, in no known order: it counts what the one that has the event has done.
    changed = [wire for wire, other in zip(wires, others, strict=True) if count_in(other)]
    assert len(changed) == 1
    with crashing(here, changed) as arm, crash.armed(crash.Fault("load/close_batch"), arm), sql.connect(database) as db:
        run_cycle(db, SETTINGS)
    with sql.connect(database) as db:
        run_cycle(db, SETTINGS)
        assert {trouble.batch_id for trouble in verify(db).troubles} == {1}


def test_an_owner_who_is_no_superuser(here, others):
    """Views read the other servers as their owner; a function does as whoever calls it."""
    name = f"warehouse_{next(numbers)}"
    with sql.connect(f"{here.url}/postgres") as db:
        db.execute("create role boss login password 'boss' createrole")
    url = databases.create_database(here.url, name, owner="boss")
    connect_events(url, *others, role="boss")
    with sql.connect(f"postgresql://boss:boss@127.0.0.1:{here.port}/{name}") as db:
        migrate(db, Settings())
        sent = land_events(db, 3)
        run_cycle(db, SETTINGS)
        books.check(db, sent)
    with login(url, "auditor") as reader, psycopg.connect(reader) as db:
        assert db.execute("select count(*) from warehouse.events").fetchone() == (3,)
        with pytest.raises(psycopg.errors.UndefinedObject, match="user mapping not found"):
            db.execute("select person_properties from warehouse.posthog_events")
    assert count_in(url) == 0
