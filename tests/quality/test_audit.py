"""The audit: an untouched warehouse agrees with its records; each way of tampering is found and the batch is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.cycle.run import run_cycle
from etl.errors import AuditError
from etl.operate.maintain import drop_expired_partitions
from etl.quality.audit import verify
from tests.cycle import crash
from tests.cycle.crash import SETTINGS


@pytest.fixture
def story(database, db):
    """Three batches: of every kind of row, holds and releases among them."""
    crash.tell_story(database)
    run_cycle(db, SETTINGS)
    db.execute("insert into landing.event (event, distinct_id) values ('signup', 'zoe')")
    run_cycle(db, SETTINGS.model_copy(update={"hold_seconds": 0.0}))
    run_cycle(db, SETTINGS.model_copy(update={"hold_seconds": 0.0}))


def test_an_untouched_warehouse_agrees(db, story):
    shares = []
    audit = verify(db, progress=shares.append)
    assert audit.troubles == {}
    stored = db.execute("select count(*)::int as n from warehouse.events").fetchone()["n"]
    assert (audit.batches, audit.events, audit.compared, audit.dropped) == (4, stored, stored, 0)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    audit.raise_for_trouble()


def test_the_chain_follows_the_batches(db, story):
    rows = db.execute("select hash, previous_hash from ops.batch order by batch_id").fetchall()
    assert rows[0]["previous_hash"] == ""
    assert [row["previous_hash"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]
    assert {len(row["hash"]) for row in rows} == {64}


@pytest.mark.parametrize(
    ("damage", "batch_id", "trouble"),
    [
        (
            "update ops.batch set held = held - 1, loaded = loaded + 1 where batch_id = 2",
            2,
            "changed after it was loaded",
        ),
        ("update ops.batch set hash = repeat('0', 64) where batch_id = 1", 1, "changed after it was loaded"),
        ("update ops.batch set previous_hash = repeat('0', 64) where batch_id = 3", 3, "does not follow"),
        ("update ops.expectation_result set unexpected = 0 where batch_id = 2", 2, "expectations were changed"),
        ("delete from ops.expectation_result where batch_id = 2", 2, "expectations were changed"),
        ("delete from warehouse.stored_event where distinct_id = 'anon-1'", 1, "events"),
        ("update warehouse.stored_event set event = 'x' where distinct_id = 'anon-3'", 2, "were changed"),
        (
            "update warehouse.stored_event set timestamp = timestamp + interval '1 s' where distinct_id = 'anon-3'",
            2,
            "were changed",
        ),
        ("update warehouse.stored_event set properties = '{}' where distinct_id = 'anon-1'", 1, "payload of 1 events"),
        ("update landing.event set properties = '{}' where distinct_id = 'anon-3'", 2, "payload of 1 events"),
        ("delete from landing.event where distinct_id = 'anon-1'", 1, "landing holds 7 of the 8 rows"),
        ("update landing.event set landing_id = 10000 where distinct_id = 'zoe'", 3, "landing holds"),
        ("delete from quarantine.event", 2, "quarantined events are recorded"),
        ("delete from buffer.event where distinct_id = 'frank'", 2, "held events are recorded"),
        (
            "insert into warehouse.stored_event select (jsonb_populate_record(e, '{\"batch_id\": 1}')).*"
            " from warehouse.stored_event as e where distinct_id = 'zoe'",
            1,
            "events",
        ),
    ],
)
def test_tampering_is_found_and_the_first_batch_is_named(db, story, damage, batch_id, trouble):
    assert db.execute(damage).rowcount
    with pytest.raises(AuditError, match=rf"^Batch {batch_id} does not agree: .*{trouble}"):
        verify(db).raise_for_trouble()


def test_a_period_looks_at_its_batches_only(db, story):
    db.execute("delete from quarantine.event")
    assert verify(db, from_batch=3).troubles == {}
    assert verify(db, to_batch=1).troubles == {}
    assert set(verify(db, from_batch=2, to_batch=2).troubles) == {2}
    today = datetime.now(UTC).date()
    assert set(verify(db, from_day=today - timedelta(days=1), to_day=today).troubles) == {2}
    assert verify(db, from_day=today + timedelta(days=1)).batches == 0


def test_landing_that_was_dropped_after_retention_is_no_contradiction(db, story, settings):
    now = datetime.now(UTC)
    db.execute("update buffer.event set due_at = now()")
    run_cycle(db, SETTINGS)  # nothing is held any more
    later = now + timedelta(days=settings.landing_retention_days + 2)
    assert drop_expired_partitions(db, settings, now=later)
    audit = verify(db)
    assert audit.troubles == {}
    assert (audit.dropped, audit.compared) == (3, 0)


def test_the_command(database, monkeypatch, db, story):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    result = CliRunner().invoke(cli.app, ["audit", "verify"])
    assert (result.exit_code, "All agree." in result.output) == (0, True)
    assert CliRunner().invoke(cli.app, ["audit", "verify", "--from", "2", "--to", "2099-01-01"]).exit_code == 0
    db.execute("delete from quarantine.event")
    result = CliRunner().invoke(cli.app, ["audit", "verify"])
    assert isinstance(result.exception, AuditError)
