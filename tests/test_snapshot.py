"""A snapshot reads one moment, changes nothing, and leaves the connection as it was."""

from __future__ import annotations

from contextlib import nullcontext

import psycopg
import pytest
from psycopg import IsolationLevel

from etl import sql


def projects(db):
    return db.execute("select count(*)::int as n from landing.project").fetchone()["n"]


def test_what_others_commit_meanwhile_is_not_seen(database, db):
    with sql.connect(database) as other, sql.snapshot(db):
        before = projects(db)
        other.execute("insert into landing.project (team_id, name) values (2, 'second')")
        assert projects(other) == before + 1
        assert projects(db) == before
    assert projects(db) == before + 1


def test_nothing_can_be_changed_in_it(db):
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), sql.snapshot(db):
        db.execute("delete from landing.project")
    assert projects(db) == 1


def fail(_db):
    raise KeyError


def fail_on_the_server(db):
    db.execute("select 1 / 0")


@pytest.mark.parametrize("before", [(None, None), (IsolationLevel.SERIALIZABLE, False)])
@pytest.mark.parametrize("work", [projects, fail, fail_on_the_server])
def test_the_connection_is_as_it_was_whatever_happens_inside(db, before, work):
    db.isolation_level, db.read_only = before
    raises = nullcontext() if work is projects else pytest.raises((KeyError, psycopg.errors.DivisionByZero))
    with raises, sql.snapshot(db):
        assert db.isolation_level is IsolationLevel.REPEATABLE_READ
        work(db)
    assert (db.isolation_level, db.read_only) == before
    assert db.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
    db.execute("insert into landing.project (team_id, name) values (2, 'second')")


def lose(db, other):
    with sql.snapshot(db):
        other.execute("select pg_terminate_backend(%s)", (db.info.backend_pid,))
        db.execute("select 1")


def test_a_connection_lost_inside_is_what_the_caller_is_told(database, db):
    with sql.connect(database) as other, pytest.raises(psycopg.errors.AdminShutdown):
        lose(db, other)
