"""The ledger: a batch that does not account for every row is rolled back whole."""

from __future__ import annotations

import psycopg
import pytest

from etl.cycle.run import run_cycle, run_step
from etl.errors import LedgerError, StepError
from tests.cycle import crash
from tests.cycle.crash import SETTINGS


def planned(url, db):
    """Bring the story's second batch as far as load."""
    crash.tell_story(url)
    batch_id = run_step(url, "open", settings=SETTINGS)
    for step in ("stage", "validate", "resolve"):
        run_step(url, step, batch_id, SETTINGS)
    return batch_id


def expect_refusal(url, db, batch_id):
    before = crash.contents(db)
    with pytest.raises(
        LedgerError, match=rf"ledger of batch {batch_id} does not balance.*Nothing was loaded"
    ) as caught:
        run_step(url, "load", batch_id, SETTINGS)
    assert "\n" not in str(caught.value)
    assert crash.contents(db) == before
    assert crash.read_bounds(db, "open")["batch_id"] == batch_id


@pytest.mark.parametrize("event", ["$pageview", "no object"])
def test_a_landing_row_deleted_after_stage(database, db, event):
    """One that would be loaded, and one that would be quarantined."""
    batch_id = planned(database, db)
    deleted = db.execute(
        "delete from landing.event where event = %s and landing_id > 8 returning to_jsonb(event.*)::text as row",
        [event],
    ).fetchall()
    expect_refusal(database, db, batch_id)
    for row in deleted:
        db.execute(
            "insert into landing.event select * from jsonb_populate_record(null::landing.event, %s)", [row["row"]]
        )
    run_step(database, "load", batch_id, SETTINGS)
    assert crash.read_bounds(db, "loaded")["batch_id"] == batch_id


def test_a_landing_row_deleted_before_stage(database, db, land):
    land("$identify", "a")
    land("$identify", "b")
    batch_id = run_step(database, "open", settings=SETTINGS)
    db.execute("delete from landing.event where distinct_id = 'b'")
    for step in ("stage", "validate", "resolve"):
        run_step(database, step, batch_id, SETTINGS)
    expect_refusal(database, db, batch_id)


def test_the_landing_row_of_a_held_event_deleted(database, db, land, cycle):
    land("signup", "alice", at=0)
    land("signup", "bob", at=0)
    cycle(at=1)
    db.execute("delete from landing.event where distinct_id = 'alice'")
    before = crash.contents(db)
    with pytest.raises(LedgerError, match="released 2 is not loaded 1"):
        cycle(at=100)
    after = crash.contents(db)
    assert after.pop("ops.batch") != before.pop("ops.batch")
    assert after == before


@pytest.mark.parametrize(
    "damage",
    [
        "delete from staging.event where distinct_id = 'frank'",
        "delete from staging.distinct_id where distinct_id = 'frank'",
        "delete from staging.excluded where kind = 'quarantined'",
        "delete from staging.excluded where kind = 'duplicate' and first_landing_id is not null",
        "insert into staging.excluded (landing_id, kind) values (-1, 'duplicate')",
        "insert into staging.distinct_id select * from staging.distinct_id where distinct_id = 'anon-3'",
    ],
)
def test_a_damaged_plan_is_not_loaded(database, db, damage):
    """A plan that lacks a row, or has one twice: by the ledger, or by a key of the warehouse."""
    batch_id = planned(database, db)
    db.execute(damage)
    before = crash.contents(db)
    with pytest.raises((LedgerError, StepError, psycopg.errors.CardinalityViolation)) as raised:
        run_step(database, "load", batch_id, SETTINGS)
    error = raised.value.__cause__ if isinstance(raised.value, StepError) else raised.value
    assert isinstance(error, LedgerError | psycopg.IntegrityError | psycopg.errors.CardinalityViolation)
    assert crash.contents(db) == before
    for step in ("stage", "validate", "resolve", "load"):
        run_step(database, step, batch_id, SETTINGS)
    assert crash.read_bounds(db, "loaded")["batch_id"] == batch_id


def test_every_batch_balances(database, db):
    crash.tell_story(database)
    run_cycle(db, SETTINGS)
    for batch in db.execute("select * from ops.batch order by batch_id").fetchall():
        given = batch["loaded"] + batch["held"] + batch["duplicate"] + batch["quarantined"]
        assert batch["landed"] + batch["released"] == given
        assert batch["is_balanced"]
        found = db.execute(
            """
            select
                (select count(*) from warehouse.stored_event as e where e.batch_id = b.batch_id) as loaded,
                (select count(*) from quarantine.event as e where e.batch_id = b.batch_id) as quarantined,
                (select count(*) from buffer.event as e where e.held_by_batch_id = b.batch_id)
                + (select count(*) from buffer.released_event as e where e.held_by_batch_id = b.batch_id) as held,
                (select count(*) from buffer.released_event as e where e.released_by_batch_id = b.batch_id) as released
            from ops.batch as b
            where b.batch_id = %s
            """,
            [batch["batch_id"]],
        ).fetchone()
        assert found == {name: batch[name] for name in found}


@pytest.mark.parametrize("change", ["loaded = loaded + 1", "released = null", "quarantined = null, held = null"])
def test_the_table_refuses_a_ledger_that_does_not_balance(db, land, cycle, change):
    land()
    cycle()
    with pytest.raises(psycopg.errors.CheckViolation, match="ledger_balances"):
        db.execute(f"update ops.batch set {change}")
    db.execute("alter table ops.batch drop constraint ledger_balances")
    db.execute(f"update ops.batch set {change}")
    assert db.execute("select is_balanced from ops.batch").fetchall() == [{"is_balanced": False}]
