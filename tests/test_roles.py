"""What the two roles may do, and that they may do nothing else."""

from __future__ import annotations

import psycopg
import pytest


@pytest.fixture
def as_role(shared_db):
    def _as_role(role):
        shared_db.execute(f"set role {role}")
        return shared_db

    yield _as_role
    shared_db.execute("reset role")


def test_writer_lands_an_event_with_one_insert(db, cycle):
    db.execute("set role event_writer")
    db.execute(
        "insert into landing.event (event, distinct_id, properties)"
        """ values ('Order created', 'user_42', '{"subtotal": 3599, "source": "backend"}')"""
    )
    db.execute("reset role")
    assert cycle()["held"] == 1


@pytest.mark.parametrize(
    "statement",
    [
        "select * from landing.event",
        "update landing.event set event = 'x'",
        "delete from landing.event",
        "insert into landing.event (event, received_at) values ('a', '2000-01-01')",
        "insert into landing.event (event, xid) values ('a', '1')",
        "insert into landing.event (event, landing_id) values ('a', 1)",
        "select * from landing.project",
        "select * from warehouse.events",
        "select * from ops.batch",
        "create table landing.mine (a int)",
        "create table public.mine (a int)",
    ],
)
def test_writer_may_nothing_else(as_role, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_role("event_writer").execute(statement)


@pytest.mark.parametrize(
    "relation",
    [
        "warehouse.events",
        "warehouse.persons",
        "warehouse.action_events",
        "warehouse.cohort_members",
        "quarantine.event",
        "ops.batch",
        "ops.buffer_day",
        "landing.event",
    ],
)
def test_auditor_reads_results(as_role, relation):
    assert as_role("auditor").execute(f"select * from {relation}").fetchall() == []


@pytest.mark.parametrize(
    "statement",
    [
        "update landing.event set event = 'x'",
        "select * from staging.event",
        "insert into ops.warning values (1)",
        "delete from quarantine.event",
        "update warehouse.person set is_identified = true",
        "truncate ops.batch",
    ],
)
def test_auditor_may_nothing_else(as_role, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_role("auditor").execute(statement)
