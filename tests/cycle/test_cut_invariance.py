"""The same landing rows give the same persons, properties and answers, however they are cut into batches.

Hypothesis writes a log and a way to cut it; the pipeline's result must equal the model's, which knows no batches.
``HYPOTHESIS_PROFILE=nightly`` runs a thousand logs instead of a few dozen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl import sql
from etl.cycle.run import run_cycle
from etl.settings import Settings
from etl.sql import Db
from tests.digest import digest_of_model, digest_of_warehouse, reset
from tests.landing import moment
from tests.rules.oracle import HOLD, Model, Row

pytestmark = pytest.mark.long

IS_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
END = 10_000_000.0  # seconds after EPOCH, when every hold is over


def logs(count: int) -> Callable[..., Any]:
    """Run a test on so many logs; more at night."""
    return settings(
        max_examples=count * 40 if IS_NIGHTLY else count,
        derandomize=not IS_NIGHTLY,
        deadline=None,
        database=None,
        print_blob=IS_NIGHTLY,
        suppress_health_check=list(HealthCheck),
    )


IDS = ["u1", "u2", "u3", "u4", "d1", "d2", "D1", " null ", "NULL"]
ILLEGAL_IDS = ["anonymous", "null", "'0'"]
values = st.sampled_from([1, 2, "x", "y", None, True, {"k": [1]}])
objects = st.dictionaries(st.sampled_from(["p", "q"]), values, max_size=2)
operations = st.fixed_dictionaries(
    {},
    optional={
        "$set": st.one_of(objects, objects, st.just("not an object")),
        "$set_once": objects,
        "$unset": st.one_of(
            st.lists(st.sampled_from(["p", "q", 7]), max_size=2), st.dictionaries(st.just("p"), values)
        ),
    },
)


devices = st.fixed_dictionaries(
    {},
    optional={
        "$browser": st.sampled_from(["Chrome", "Firefox", None]),
        "$current_url": st.sampled_from(["/1", "/2", "/3"]),
        "$os": st.sampled_from(["Linux", {"name": "Linux"}]),
        "$app_version": st.sampled_from([1, 2]),
        "utm_source": st.sampled_from(["news", "ads", None]),
        "gclid": st.sampled_from(["x", None]),
        "$lib": st.sampled_from(["web", "posthog-ios"]),
        "$set": st.dictionaries(st.sampled_from(["$browser", "$geoip_latitude", "p"]), values, max_size=2),
    },
)


KINDS = [*["held"] * 3, "anonymous", "odd", *["identify"] * 2, "alias", *["dangerous"] * 2, *["split"] * 2]
ODD_EVENTS = ["personless", "personless", "personless", "identify", "switch", "telemetry", "group", "group", "bad"]


@st.composite
def payloads(draw: st.DrawFn, ids: st.SearchStrategy[str]) -> dict[str, Any]:
    """What one row says, without its arrival: name, id, properties, and its time relative to the arrival."""
    kind = draw(st.sampled_from(KINDS))
    distinct_id, properties = draw(ids), draw(st.one_of(st.just({}), operations, devices, devices))
    event: Any = "page"
    if kind == "anonymous":
        properties["$device_id"] = distinct_id
    elif kind == "identify":
        event, properties["$anon_distinct_id"] = "$identify", draw(ids)
    elif kind in {"alias", "dangerous"}:
        event = "$create_alias" if kind == "alias" else "$merge_dangerously"
        properties["alias"] = draw(ids)
    elif kind == "split":
        event, properties["$split_from"] = "$split", draw(ids)
    elif kind == "odd":
        odd = draw(st.sampled_from(ODD_EVENTS))
        if odd == "personless":
            properties["$process_person_profile"] = False
        elif odd == "identify":
            event = "$identify"
        elif odd == "switch":
            properties["$process_person_profile"] = draw(st.sampled_from([0, "false", None, True]))
        elif odd == "telemetry":
            event = "$exception"
        elif odd == "group":
            event = "$groupidentify"
        else:
            event, properties = draw(
                st.sampled_from([
                    (None, {}),
                    ("page", ["a list"]),
                    ("$identify", {"$process_person_profile": False}),
                    ("$create_alias", {"alias": ["u1"]}),
                ])
            )
    return {
        "event": event,
        "distinct_id": distinct_id,
        "properties": properties,
        "team_id": draw(st.sampled_from([1] * 16 + [2] * 3 + [99])),
        "is_operator": event == "$split" and draw(st.integers(0, 5)) > 0,
        "age": draw(st.sampled_from([0, 0, 0, 1, 30, 60, 5_000, -30, -90_000, None])),
    }


@st.composite
def event_logs(draw: st.DrawFn, *, with_repeats: bool = True) -> list[Row]:
    """Up to 24 rows in position order; arrivals mostly go forward, with some clocks that lag."""
    rows: list[Row] = []
    seconds = 0.0
    # Few ids, so that events meet; some of them placeholders.
    named = draw(st.lists(st.sampled_from(IDS), min_size=3, max_size=7, unique=True))
    ids = st.sampled_from(named * 3 + draw(st.lists(st.sampled_from(ILLEGAL_IDS), max_size=1)))
    said = draw(st.one_of(st.lists(payloads(ids), min_size=least, max_size=24) for least in (16, 8, 1)))
    for number, payload in enumerate(said, start=1):
        seconds += draw(st.sampled_from([0, 0, 0, 0, 1, 30, 30, 30, 60, 60, 60, 61]))
        lag = draw(st.sampled_from([0, 0, 0, 0, 0, 30, 60, 90]))
        uuid = str(UUID(int=number * 2_654_435_761 % 2**32 << 90, version=4))  # in no order
        repeat = draw(st.integers(0, 12)) if with_repeats else 0
        if repeat in {1, 2} and rows:  # delivered again, or another payload under a known uuid
            known = draw(st.sampled_from(rows))
            uuid = known.uuid
            if repeat == 1:
                rows.append(replace(known, received_at=moment(seconds - lag)))
                continue
        age = payload.pop("age")
        timestamp = None if age is None else moment(seconds - age)
        rows.append(Row(moment(seconds - lag), uuid=uuid, timestamp=timestamp, **payload))
    return rows


def is_telling(rows: list[Row]) -> bool:
    """A hold of another length, be it by a microsecond, would give another result."""
    expected = digest_of_model(Model().run(rows))
    others = (timedelta(0), HOLD - timedelta(microseconds=1), HOLD + timedelta(microseconds=1))
    return any(digest_of_model(Model(hold).run(rows)) != expected for hold in others)


@dataclass(frozen=True)
class Pause:
    """After so many rows have landed, cycles run."""

    landed: int
    batch_size: int
    cycles: int
    clock: float


@st.composite
def cuts(draw: st.DrawFn) -> list[Pause]:
    """When cycles run, with which batch size, how many, and where the clock stands between two arrivals (0 to 1)."""
    pauses = st.builds(
        Pause,
        landed=st.integers(1, 24),
        batch_size=st.sampled_from([1, 2, 3, 5, 1000, 1000]),
        cycles=st.integers(1, 2),
        clock=st.sampled_from([0.0, 0.5, 1.0]),
    )
    return sorted(draw(st.lists(pauses, max_size=4)), key=lambda pause: pause.landed)


def land_rows(db: Db, rows: Sequence[Row]) -> None:
    columns = "team_id, uuid, event, distinct_id, properties, timestamp, received_at, is_operator"
    with db.cursor() as cursor:
        for row in rows:
            cursor.execute(
                f"insert into landing.event ({columns}) values (%s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    row.team_id,
                    row.uuid,
                    row.event,
                    row.distinct_id,
                    None if row.properties is None else sql.json_text(row.properties),
                    row.timestamp and row.timestamp.isoformat(),
                    row.received_at,
                    row.is_operator,
                ),
            )


def play(db: Db, rows: Sequence[Row], pauses: Sequence[Pause]) -> None:
    """Land the rows and run cycles as the cut says; at the end all is read and every hold is over.

    After each cycle the warehouse must be what the model says of the rows read so far at that moment.
    """
    reset(db)
    landed = read = 0

    def cycle(batch_size: int, now: datetime) -> int:
        nonlocal read
        plain = Settings(_env_prefix="NO_SUCH_PREFIX_", batch_size=batch_size)
        batch = run_cycle(db, plain, now=now)
        read += batch.landed
        assert digest_of_warehouse(db) == digest_of_model(Model().run(rows[:read], until=batch.as_of))
        return int(batch.landed)

    for pause in pauses:
        upto = min(pause.landed, len(rows))
        land_rows(db, rows[landed:upto])
        landed = upto
        newest = max(row.received_at for row in rows[:landed])
        # Between these two the clock may stand: all rows so far have arrived, and no later one has.
        next_arrival = min((row.received_at for row in rows[landed:]), default=newest)
        now = newest + max(next_arrival - newest, timedelta()) * pause.clock
        for _ in range(pause.cycles):
            if not cycle(pause.batch_size, now):
                break
    land_rows(db, rows[landed:])
    while cycle(1000, moment(END)):
        pass
    assert read == len(rows)


def partition_of(db: Db) -> set[tuple[bool, frozenset[tuple[int, str]]]]:
    rows = db.execute(
        "select p.is_identified, array_agg(d.distinct_id) as ids, p.team_id "
        "from warehouse.person_distinct_ids as d join warehouse.persons as p using (team_id, person_id) "
        "group by p.team_id, p.person_id, p.is_identified"
    )
    return {(row["is_identified"], frozenset((row["team_id"], each) for each in row["ids"])) for row in rows}


@pytest.fixture
def two_teams(db: Db, caplog: pytest.LogCaptureFixture) -> Db:
    """A database of two projects; the gate's chatter, some lines a cycle, would bury a counterexample."""
    caplog.set_level("WARNING", "great_expectations")
    db.execute("insert into landing.project (team_id, name) values (2, 'second')")
    return db


@pytest.mark.timeout(3600)  # hypothesis may spend minutes on making a counterexample small
def test_any_cut_gives_what_the_model_gives(two_teams: Db):
    @logs(25)
    @given(rows=st.one_of(event_logs(), event_logs().filter(is_telling)), pauses=cuts())
    def check(rows: list[Row], pauses: list[Pause]) -> None:
        play(two_teams, rows, pauses)

    check()


ALL_AT_ONCE: list[Pause] = []
ONE_BY_ONE = [Pause(landed, 1000, 1, 0.0) for landed in range(1, 7)]
AS_A_BACKLOG = [Pause(7, 1, 6, 0.0)]
TWO_AND_TWO = [Pause(7, 2, 4, 0.0)]
FIRST_ALONE = [Pause(1, 1000, 1, 0.0)]


def story(at: float, event: str, distinct_id: str, uuid: int, age: float = 0, **properties: Any) -> Row:
    """A row; ``at`` and ``age`` in seconds, ``__`` in the name of a property stands for ``$``."""
    written = {name.replace("__", "$"): value for name, value in properties.items()}
    text = str(UUID(int=uuid << 90, version=4))
    return Row(moment(at), event, distinct_id, written, text, timestamp=moment(at - age))


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            [story(0, "first", "u", 2, age=1), story(0, "second", "u", 1, age=9), story(100, "page", "other", 3)],
            id="two held events of one moment: the first by position makes the person",
        ),
        pytest.param(
            [
                story(0, "first", "u", 2, age=1),
                story(0, "second", "u", 1, age=9),
                story(60, "$identify", "alice", 3, __anon_distinct_id="u"),
            ],
            id="and so it is when a merging event meets them",
        ),
        pytest.param(
            [story(0, "held", "u", 2, age=1), story(60, "page", "u", 1, age=9, __device_id="u")],
            id="a hold that ends at the moment of an arrival comes first",
        ),
        pytest.param(
            [
                story(0, "$identify", "b", 6),
                story(0, "$identify", "c", 7),
                story(0, "page", "d", 1, __process_person_profile=False),
                story(1, "$identify", "a", 2, __anon_distinct_id="d", __set={"p": 1}),
                story(2, "$merge_dangerously", "b", 3, alias="a", __set_once={"p": 2}),
                story(3, "page", "d", 4, __process_person_profile=False),
                story(4, "$merge_dangerously", "c", 5, alias="d"),
            ],
            id="personless rows follow their id through two merges",
        ),
        pytest.param(
            [
                story(100, "page", "d", 1, __device_id="d"),
                story(20, "page", "u", 2),
                story(90, "$identify", "u", 3, __anon_distinct_id="d"),
                story(170, "page", "d", 4),
            ],
            id="a row that comes late does not turn the clock back",
        ),
        pytest.param(
            [
                story(100, "page", "d", 1, __device_id="d"),
                story(20, "page", "u", 2),
                story(130, "$identify", "alice", 3, __anon_distinct_id="u"),
            ],
            id="and is held from when it comes",
        ),
        pytest.param(
            [
                story(0, "$identify", "u", 1, age=-50, __set={"p": "from a clock ahead"}),
                story(10, "$identify", "u", 2, __set={"p": "later"}),
            ],
            id="a property is never newer than its arrival",
        ),
    ],
)
def test_stories(two_teams: Db, rows: list[Row]):
    for pauses in (ALL_AT_ONCE, ONE_BY_ONE, AS_A_BACKLOG, TWO_AND_TWO, FIRST_ALONE):
        play(two_teams, rows, pauses[: len(rows)])


def test_without_a_hold_the_first_event_makes_the_person(db: Db):
    """Held for no time at all is not held: `ETL_HOLD_SECONDS=0`."""
    no_hold = Settings(_env_prefix="NO_SUCH_PREFIX_", hold_seconds=0)
    rows = [story(0, "page", "u", 1, age=1, __device_id="u"), story(0, "page", "u", 2, age=9)]
    created = []
    for size in (1, 2):
        reset(db)
        land_rows(db, rows)
        for _ in rows:
            run_cycle(db, no_hold.model_copy(update={"batch_size": size}), now=moment(0))
        created.append(digest_of_warehouse(db)["persons"])
    assert created[0] == created[1]


@pytest.mark.timeout(3600)
def test_ordinary_events_do_not_change_who_is_who(two_teams: Db):
    @logs(6)
    @given(rows=event_logs(with_repeats=False), pauses=cuts(), data=st.data())
    def check(rows: list[Row], pauses: list[Pause], data: st.DataObject) -> None:
        is_ordinary = [row.other is None or not row.is_accepted for row in rows]
        ordinary = [row for row, is_moved in zip(rows, is_ordinary, strict=True) if is_moved]
        shuffled = iter(data.draw(st.permutations(ordinary)))
        permuted = [
            replace(next(shuffled), received_at=row.received_at) if is_moved else row
            for row, is_moved in zip(rows, is_ordinary, strict=True)
        ]
        play(two_teams, permuted, pauses)
        assert partition_of(two_teams) == Model().run(rows).partition()

    check()


def properties_as_of(db: Db) -> dict[tuple[int, str, str, str], Any]:
    """What each event's person was like as of it; how a personless event is taken is judged as it is loaded."""
    answers = db.execute(
        "select team_id, distinct_id, uuid, event, "
        "warehouse.person_properties_as_of(team_id, distinct_id, uuid, event) as properties "
        "from warehouse.events where person_mode = 'full'"
    )
    return {(row["team_id"], row["distinct_id"], row["event"], str(row["uuid"])): row["properties"] for row in answers}


@pytest.mark.timeout(3600)
def test_properties_as_of_an_event_do_not_depend_on_the_cut(two_teams: Db):
    seen: list[bool] = []

    @logs(10)
    @given(rows=event_logs(), pauses=cuts())
    def check(rows: list[Row], pauses: list[Pause]) -> None:
        play(two_teams, rows, ALL_AT_ONCE)
        at_once = properties_as_of(two_teams)
        play(two_teams, rows, pauses)
        assert properties_as_of(two_teams) == at_once
        seen.append(any(at_once.values()))

    check()
    assert any(seen)
