"""A row on which a step fails goes to quarantine, and the rest of its batch is loaded."""

from __future__ import annotations

import json
from contextlib import contextmanager

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import errors

from etl import sql
from etl.cycle import isolate, run
from etl.cycle.isolate import find_culprits, is_of_data
from etl.errors import EtlError, StepError, UnavailableError
from etl.operate.batch import quarantine
from etl.operate.maintain import check_invariants
from etl.operate.status import read_status
from etl.quality.audit import verify
from tests.cycle import crash

pytestmark = pytest.mark.long

IN_BATCH = """
select exists (
    select from ops.batch as b
    inner join landing.event as l
        on (l.xid, l.landing_id) > (b.lower_xid, b.lower_landing_id)
        and (l.xid, l.landing_id) <= (b.upper_xid, b.upper_landing_id)
    where
        b.batch_id = (select max(m.batch_id) from ops.batch as m) and l.landing_id = any(%s)
        and not exists (select from ops.set_apart as a where a.landing_id = l.landing_id)
) as is_there
"""
IN_BUFFER = "select exists (select from buffer.event where landing_id = any(%s)) as is_there"


class BadRowError(ValueError):
    """What a row of a kind that nobody has thought of yet would raise."""


@contextmanager
def failing_on(landing_ids, statement, *, where=IN_BATCH, error=BadRowError):
    """Make a statement fail whenever one of these rows is among what it works on."""

    def fail(db, name, is_after):
        if name == statement and not is_after and db.execute(where, [list(landing_ids)]).fetchone()["is_there"]:
            raise error("a value nobody has thought of")

    with sql.observed(fail):
        yield


def quarantined(db):
    rows = db.execute("select landing_id, reasons from quarantine.event order by landing_id").fetchall()
    return {row["landing_id"]: row["reasons"][0] for row in rows}


def check_books(db):
    check_invariants(db)
    verify(db).raise_for_trouble()


# Pure: which places are to blame.


places = st.integers(1, 200).flatmap(
    lambda count: st.tuples(st.just(count), st.sets(st.integers(0, count - 1), min_size=1))
)


@settings(max_examples=300, deadline=None)
@given(places)
def test_all_places_that_fail_alone_are_found(found):
    count, bad = found

    def fails(start, end, skipped):
        chosen = set(range(start, end)).difference(*(range(*each) for each in skipped))
        return bool(chosen & bad)

    assert find_culprits(count, fails) == [(place, place + 1) for place in sorted(bad)]


@settings(max_examples=300, deadline=None)
@given(places, st.integers(1, 5))
def test_what_fails_only_together_keeps_as_much_as_passes(found, limit):
    """As when a person's events together make one value too large. Each search is over what the one before has left."""
    count, heavy = found
    left = list(range(count))

    def fails(start, end, skipped):
        chosen = set(range(start, end)).difference(*(range(*each) for each in skipped))
        return len({left[place] for place in chosen} & heavy) > limit

    while fails(0, len(left), []):
        blamed = {left[place] for each in find_culprits(len(left), fails) for place in range(*each)}
        assert blamed
        assert blamed <= heavy
        left = [place for place in left if place not in blamed]
    assert len(heavy.intersection(left)) == min(limit, len(heavy))


def test_it_takes_few_trials():
    trials = []

    def fails(start, end, skipped):
        trials.append(end - start)
        return start <= 77_777 < end and (77_777, 77_778) not in skipped

    assert find_culprits(200_000, fails) == [(77_777, 77_778)]
    assert len(trials) <= 40
    assert sum(trials) <= 3 * 200_000


def test_out_of_time_ranges_are_given_back_whole():
    rounds = iter([True] * 3 + [False] * 1000)
    found = find_culprits(1000, lambda start, end, skipped: start <= 500 < end, lambda: next(rounds))
    assert len(found) == 1
    start, end = found[0]
    assert start <= 500 < end
    assert end - start < 1000


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.ProgramLimitExceeded("too large"), True),
        (errors.NumericValueOutOfRange("too large"), True),
        (errors.UniqueViolation("twice"), True),
        (errors.InternalError_("invalid memory alloc request size"), True),
        (errors.OutOfMemory("out of memory"), True),
        (RecursionError("too deep"), True),
        (MemoryError(), True),
        (ValueError("odd"), True),
        (errors.DeadlockDetected("deadlock"), False),
        (errors.QueryCanceled("timeout"), False),
        (errors.AdminShutdown("going down"), False),
        (errors.DiskFull("no space"), False),
        (errors.UndefinedColumn("a bug"), False),
        (psycopg.OperationalError("connection lost"), False),
        (UnavailableError("away"), False),
        (ConnectionResetError("reset"), False),
    ],
)
def test_only_errors_that_rows_can_cause_are_searched_for(error, expected):
    assert is_of_data(error) is expected


# A whole cycle.


@pytest.mark.parametrize(
    "statement",
    [
        "stage/insert_event",
        "stage/insert_warning",
        "validate/copy_gate_columns",
        "resolve/exclude_duplicates",
        "resolve/read_merging_events",
        "resolve/measure_batch",
        "load/insert_property_events",
        "load/read_property_changes",
        "load/insert_event",
        "load/insert_person",
        "load/digest_batch",
    ],
)
def test_one_row_that_a_statement_fails_on(database, db, statement):
    crash.tell_story(database)
    (bad,) = (row["landing_id"] for row in db.execute("select max(landing_id) - 5 as landing_id from landing.event"))
    with failing_on([bad], statement):
        batch = run.run_cycle(db, crash.SETTINGS)
    assert quarantined(db)[bad]["expectation"] == "not_processable"
    assert "a value nobody has thought of" in quarantined(db)[bad]["reason"]
    assert statement.split("/")[0] in quarantined(db)[bad]["reason"]
    assert batch.step_seconds["isolate"] > 0
    check_books(db)


@pytest.mark.crash
def test_one_row_that_any_statement_fails_on(server_url, template):
    """Every statement of a cycle, each on a database of its own."""
    from tests.conftest import fresh_database

    with fresh_database(server_url, template) as url:
        crash.tell_story(url)
        names = {fault.name for fault in crash.record_faults(url, "cycle")}
    names = {name for name in names if name.split("/")[0] in {"stage", "validate", "resolve", "load"}}
    assert len(names) > 60
    for name in sorted(names):
        with fresh_database(server_url, template) as url, sql.connect(url) as db:
            crash.tell_story(url)
            bad = db.execute("select max(landing_id) - 5 as landing_id from landing.event").fetchone()["landing_id"]
            with failing_on([bad], name):
                run.run_cycle(db, crash.SETTINGS)
            assert quarantined(db)[bad]["expectation"] == "not_processable", name
            check_books(db)


def test_the_only_row(db, land, cycle):
    bad = land("page", "u", properties={"$device_id": "u"})
    with failing_on([bad], "load/insert_event"):
        batch = cycle()
    assert (batch["landed"], batch["loaded"], batch["quarantined"]) == (1, 0, 1)
    check_books(db)


def test_several_rows_among_thousands(db, cycle):
    db.execute(
        "insert into landing.event (event, distinct_id, properties) select 'page', 'd' || i % 500, "
        "jsonb_build_object('$device_id', 'd' || i % 500) from generate_series(1, 12000) as i"
    )
    rows = db.execute("select landing_id from landing.event order by landing_id").fetchall()
    bad = {rows[place]["landing_id"] for place in (0, 5_999, 6_000, 11_999)}
    with failing_on(bad, "load/insert_event"):
        batch = cycle()
    assert (batch["landed"], batch["loaded"], batch["quarantined"]) == (12_000, 11_996, 4)
    assert quarantined(db).keys() == bad
    check_books(db)


def test_a_held_event_that_cannot_be_released(db, land, cycle):
    """The batch that holds it is fine; the one that would release it fails, with no row of its own to blame."""
    good = land("Order created", "dora", at=0)
    bad = land("Order created", "carl", at=0)
    assert cycle(at=1)["held"] == 2
    land("page", "u", at=70, properties={"$device_id": "u"})
    with failing_on([bad], "load/insert_released_stored_event", where=IN_BUFFER):
        batch = cycle(at=71)
    assert (batch["landed"], batch["released"], batch["loaded"], batch["quarantined"]) == (1, 2, 2, 1)
    assert quarantined(db).keys() == {bad}
    loaded = db.execute("select landing_id from warehouse.events where distinct_id in ('carl', 'dora')").fetchall()
    assert [row["landing_id"] for row in loaded] == [good]
    check_books(db)


def test_where_no_row_is_to_blame_nothing_is_set_apart(db, land, cycle, settings):
    land("page", "u", properties={"$device_id": "u"})

    def fail(_, name, is_after):
        if name == "load/close_batch" and not is_after:
            raise BadRowError("whatever the batch holds")

    for failures in (1, 2):
        with sql.observed(fail), pytest.raises(StepError, match="load of batch 1 failed: BadRowError: whatever"):
            cycle()
        problems = [problem for problem in read_status(db, settings).problems if problem.kind == "failing"]
        assert len(problems) == (failures > 1)
    assert "failed 2 times in the step load" in problems[0].message
    assert "BadRowError: whatever the batch holds" in problems[0].message
    assert db.execute("select * from ops.set_apart").fetchall() == []
    assert cycle()["loaded"] == 1
    assert "failing" not in {problem.kind for problem in read_status(db, settings).problems}


def test_a_broken_statement_blames_no_row(db, land, cycle):
    land("page", "u", properties={"$device_id": "u"})
    with (
        failing_on(
            [1], "load/insert_event", where="select true or %s is null as is_there", error=errors.UndefinedColumn
        ),
        pytest.raises(errors.UndefinedColumn),
    ):
        cycle()
    assert db.execute("select * from ops.set_apart").fetchall() == []


def test_a_trial_leaves_nothing_behind(database, db):
    crash.tell_story(database)
    run.run_cycle(db, crash.SETTINGS)
    crash._insert(db, ("page", "x", 90, {"$device_id": "x"}), ("page", "y", 91, {"$device_id": "y"}), timestamp="now")
    batch_id = run.open_batch(db, crash.SETTINGS)
    before = crash.contents(db)
    search = isolate._Search(db, crash.SETTINGS, run.read_batch(db, batch_id), run._STEP)
    assert not search.fails_on_rows(0, 2, [])
    assert not search.fails_on_rows(1, 2, [])
    assert crash.contents(db) == before


def test_it_is_told_and_stays_so_until_somebody_acts(db, land, cycle, settings):
    bad = land("page", "u", properties={"$device_id": "u"})
    land("page", "v", properties={"$device_id": "v"})
    with failing_on([bad], "load/insert_event"):
        cycle()
    (problem,) = [problem for problem in read_status(db, settings).problems if problem.kind == "set_apart"]
    assert "1 rows of batch 1 were set apart" in problem.message
    assert "a value nobody has thought of" in problem.message


def test_a_step_as_a_task(database, db):
    """The task that fails goes on by itself, and the tasks after it find their work done."""
    crash.tell_story(database)
    bad = db.execute("select max(landing_id) - 5 as landing_id from landing.event").fetchone()["landing_id"]
    batch_id = None
    with failing_on([bad], "load/insert_event"):
        for step in run.STEPS:
            batch_id = run.run_step(database, step, batch_id, crash.SETTINGS)
    assert quarantined(db)[bad]["expectation"] == "not_processable"
    check_books(db)


# By a person.


def test_an_operator_sets_rows_of_an_open_batch_apart(db, land, cycle):
    good, bad = (land("page", name, properties={"$device_id": name}) for name in ("u", "v"))

    def fail(_, name, is_after):
        if name == "load/close_batch" and not is_after:
            raise UnavailableError("away")

    with sql.observed(fail), pytest.raises(UnavailableError):
        cycle()
    assert quarantine(db, 1, why="it is broken", who="olga", landing_ids=[bad]) == 1
    with pytest.raises(EtlError, match="Only 0 of these 1 rows"):
        quarantine(db, 1, why="again", landing_ids=[good + 1000])
    batch = cycle()
    assert (batch["loaded"], batch["quarantined"]) == (1, 1)
    assert "olga decided so: it is broken" in quarantined(db)[bad]["reason"]
    with pytest.raises(EtlError, match="is loaded"):
        quarantine(db, 1, why="too late", landing_ids=[good])
    check_books(db)


def test_an_operator_quarantines_an_open_batch_whole(db, land, cycle):
    land("page", "u", properties={"$device_id": "u"})

    def fail(_, name, is_after):
        if name == "load/close_batch" and not is_after:
            raise UnavailableError("away")

    with sql.observed(fail), pytest.raises(UnavailableError):
        cycle()
    with pytest.raises(EtlError, match="Say why"):
        quarantine(db, 1, why=" ")
    quarantine(db, 1, why="it is broken", who="olga")
    with pytest.raises(EtlError, match="cannot be quarantined: it is open, quarantined"):
        quarantine(db, 1, why="once more")
    batch = cycle()
    assert (batch["loaded"], batch["quarantined"], batch["decision"]) == (0, 1, "quarantined")
    assert json.dumps(quarantined(db)).count("it is broken") == 1
    check_books(db)
