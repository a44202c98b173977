"""Writers that commit late, out of order, or not at all: every committed row is processed once, in its place."""

from __future__ import annotations

import random
import time

import psycopg
import pytest

from etl.cycle.run import run_cycle
from tests.cycle.test_concurrency import ACCOUNTED

pytestmark = pytest.mark.long

INSERT = "insert into landing.event (event, distinct_id, properties) values (%s, %s, %s::jsonb) returning landing_id"


def write(writer, event="$identify", distinct_id="u", properties="{}"):
    return writer.execute(INSERT, [event, distinct_id, properties]).fetchone()[0]


def loaded(db):
    return [row["landing_id"] for row in db.execute(ACCOUNTED)]


def test_a_row_that_commits_after_a_batch_is_in_the_next(database, db, cycle):
    with psycopg.connect(database) as early, psycopg.connect(database) as late:
        first = write(late)
        second = write(early)
        early.commit()
        # The early one has the higher position, so it waits for what may still come before it.
        assert cycle()["landed"] == 0
        late.commit()
        assert cycle()["landed"] == 2
    assert loaded(db) == [first, second]


def test_a_row_below_the_newest_id_is_not_passed_over(database, db, cycle):
    """The late one took its landing_id before the other, and its transaction id after it."""
    with psycopg.connect(database) as early, psycopg.connect(database) as late:
        low = late.execute("select nextval('landing.event_landing_id')").fetchone()[0]
        late.commit()
        high = write(early)
        early.commit()
        assert cycle()["landed"] == 1
        late.execute("insert into landing.event (landing_id, event, distinct_id) values (%s, '$identify', 'v')", [low])
        late.commit()
        assert cycle()["landed"] == 1
    assert loaded(db) == [low, high]


def test_a_writer_left_open_holds_back_what_is_behind_it_only(database, db, land, cycle):
    before = land("$identify", "a")
    with psycopg.connect(database) as slow:
        write(slow, distinct_id="b")
        behind = land("$identify", "c")
        for _ in range(2):
            cycle()
            assert loaded(db) == [before]
        slow.rollback()
    cycle()
    assert loaded(db) == [before, behind]


def test_a_reader_left_open_holds_nothing_back(database, db, land, cycle):
    with psycopg.connect(database) as reader:
        reader.execute("select count(*) from landing.event")
        land("$identify", "a")
        assert cycle()["landed"] == 1


def test_savepoints_and_their_rollback(database, db, cycle):
    with psycopg.connect(database) as writer:
        kept = [write(writer)]
        with writer.transaction():
            kept.append(write(writer))
        with writer.transaction(force_rollback=True):
            write(writer)
        kept.append(write(writer))
        writer.commit()
        assert cycle(batch_size=2)["landed"] == 2
        assert cycle(batch_size=2)["landed"] == 1
    assert loaded(db) == kept


@pytest.mark.parametrize("seed", range(3))
def test_random_writers_and_random_cuts(database, db, settings, seed):
    chance = random.Random(seed)
    writers = [psycopg.connect(database) for _ in range(6)]
    pending: list[list[int]] = [[] for _ in writers]
    committed: list[int] = []
    try:
        for _ in range(150):
            number = chance.randrange(len(writers))
            action = chance.random()
            if action < 0.55:
                event = chance.choice(["$identify", "seen", ""])
                pending[number].append(write(writers[number], event, f"user {chance.randrange(5)}"))
            elif action < 0.8:
                writers[number].commit()
                committed += pending[number]
                pending[number] = []
            elif action < 0.9:
                writers[number].rollback()
                pending[number] = []
            else:
                run_cycle(db, settings.model_copy(update={"batch_size": chance.choice([1, 2, 5, 100])}))
    finally:
        for writer in writers:
            writer.close()
    while run_cycle(db, settings).landed:
        pass
    assert loaded(db) == sorted(committed)
    assert db.execute("select sum(landed) as n from ops.batch").fetchone()["n"] == len(committed)


HOLD = 2  # seconds: a busy machine must manage a cycle and an insert within it


def hold_one(land, cycle):
    """Land an event that is held for ``HOLD``, and let that time begin to run."""
    cycle()  # the first one of a process imports for seconds
    land("signup", "alice")
    assert cycle(hold_seconds=HOLD)["held"] == 1


def rescue(writer):
    """An event that brings the held one's person, written in time."""
    return write(writer, distinct_id="alice", properties='{"$anon_distinct_id": "browser"}')


def test_no_hold_runs_out_past_a_writer_in_flight(database, db, land, cycle):
    hold_one(land, cycle)
    with psycopg.connect(database) as writer:
        rescue(writer)
        started = writer.execute("select now()").fetchone()[0]
        time.sleep(HOLD + 0.2)
        waiting = cycle(hold_seconds=HOLD)
        assert (waiting["landed"], waiting["released"]) == (0, 0)
        assert waiting["as_of"] <= started
        writer.commit()
    after = cycle(hold_seconds=HOLD)
    assert (after["released"], after["rescued"]) == (1, 1)


def test_no_hold_runs_out_past_a_row_that_waits(database, server_url, db, land, cycle):
    """The row is committed, but it stands behind a transaction of another database on the same server."""
    hold_one(land, cycle)
    with psycopg.connect(f"{server_url}/postgres") as elsewhere:
        elsewhere.execute("select pg_current_xact_id()")
        with psycopg.connect(database, autocommit=True) as writer:
            rescue(writer)
        time.sleep(HOLD + 0.2)
        waiting = cycle(hold_seconds=HOLD)
        assert (waiting["landed"], waiting["released"]) == (0, 0)
    after = cycle(hold_seconds=HOLD)
    assert (after["released"], after["rescued"]) == (1, 1)


def test_a_transaction_that_has_not_written_does_not_stop_the_clock(database, db, land, cycle):
    hold_one(land, cycle)
    with psycopg.connect(database) as reader:
        reader.execute("select count(*) from warehouse.events")
        time.sleep(HOLD + 0.2)
        assert cycle(hold_seconds=HOLD)["released"] == 1
