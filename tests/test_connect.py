"""A session is what ours need, whatever the server, the database, the login or a pooler sets by default."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from etl import sql
from etl.cycle.run import run_cycle
from etl.errors import ConfigurationError, CycleBusyError
from etl.operate import maintain
from tests.landing import land
from tests.pgbouncer import PROGRAM, pooled

needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="needs Debian's package pgbouncer")

KEEPALIVES = {"idle": 30, "interval": 10, "count": 3}
DEFAULTS = {
    "client_encoding": "LATIN1",
    "timezone": "Asia/Kathmandu",
    "datestyle": "German, DMY",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "-4",
    "standard_conforming_strings": "off",
    "search_path": "odd, pg_catalog",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "statement_timeout": "15ms",
    "idle_in_transaction_session_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_session_timeout": "1s",
}


@pytest.fixture
def odd(database: str, db: sql.Db) -> str:
    """The test's own database, whose defaults are all of them odd, and where a function hides one of PostgreSQL's."""
    for name, value in DEFAULTS.items():
        quoted = value if name == "search_path" else f"'{value}'"
        db.execute(f"alter database {db.info.dbname} set {name} = {quoted}")
    db.execute("create schema odd")
    db.execute("create function odd.lower(text) returns text language sql as $$ select 'odd' $$")
    db.execute("grant usage on schema odd to public")
    return database


def check(db: sql.Db) -> None:
    row = db.execute(
        r"""
        select
            '2026-11-26 12:00:00'::timestamptz as noon, '3/4/2026'::date::text as day, interval '90 minutes' as length,
            (0.1::double precision + 0.2)::text as number, 'a\b' as text, lower('A') as letter,
            current_setting('transaction_isolation') as isolation, '日本 €' as name, pg_sleep(0.02)
        """
    ).fetchone()
    assert row is not None
    row.pop("pg_sleep")
    assert row == {
        "noon": datetime(2026, 11, 26, 12, tzinfo=UTC),
        "day": "2026-03-04",
        "length": timedelta(minutes=90),
        "number": "0.30000000000000004",
        "text": r"a\b",
        "letter": "a",
        "isolation": "read committed",
        "name": "日本 €",
    }


def test_odd_defaults_change_nothing(odd, settings):
    with sql.connect(odd) as db:
        check(db)
        with sql.connect_beside(db) as second:
            check(second)
            assert second.execute("show lock_timeout").fetchone() == {"lock_timeout": "30s"}
        assert db.execute("show lock_timeout").fetchone() == {"lock_timeout": "0"}
        land(db, "$identify", "alice", timestamp="2026-11-24T23:30:00Z", properties={})
        land(db, "seen", "alice", timestamp="2026-11-25T00:30:00Z", properties={"$device_id": "d"})
        assert run_cycle(db, settings).loaded == 2
        maintain.ensure_partitions(db, settings)
        assert maintain.check_invariants(db)
        days = db.execute("select distinct tableoid::regclass::text as day from warehouse.stored_event order by 1")
        assert [row["day"] for row in days] == ["warehouse.stored_event_20261124", "warehouse.stored_event_20261125"]


def in_the_shell(database: str, encoding: str, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("PGCLIENTENCODING", encoding)


def of_the_database(database: str, encoding: str, patch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(database, autocommit=True, client_encoding="UTF8") as owner:
        owner.execute(f"alter database {owner.info.dbname} set client_encoding = '{encoding}'")


@pytest.mark.parametrize("somewhere", [in_the_shell, of_the_database])
@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_TW"])  # of the last one Python knows nothing
def test_text_of_any_language_comes_through_whatever_encoding_is_set(
    database, settings, monkeypatch, encoding, somewhere
):
    somewhere(database, encoding, monkeypatch)

    async def read() -> sql.Row | None:
        async with await sql.connect_async(database, application_name="test") as db:
            return await (await db.execute("select '日本' as name, current_database() as place")).fetchone()

    with sql.connect(database) as db:
        assert asyncio.run(read()) == {"name": "日本", "place": db.info.dbname}
        land(db, "$identify", "日本", properties={"$anon_distinct_id": "a€", "$set": {"city": "Łódź"}})
        assert run_cycle(db, settings).quarantined == 0
        with sql.connect_beside(db) as second:
            [person] = second.execute("select properties ->> 'city' as city from warehouse.persons").fetchall()
            ids = second.execute("select distinct_id from warehouse.person_distinct_ids").fetchall()
    assert person == {"city": "Łódź"}
    assert {row["distinct_id"] for row in ids} == {"a€", "日本"}


def test_views_may_be_read_although_the_server_forbids_them_by_default(database, db, settings):
    if (
        db.execute("select current_setting('restrict_nonsystem_relation_kind', true) as kind").fetchone()["kind"]
        is None
    ):
        pytest.skip("needs a PostgreSQL that can forbid views")
    db.execute(f"alter database {db.info.dbname} set restrict_nonsystem_relation_kind = 'view, foreign-table'")
    with sql.connect(database) as late:
        land(late, "$identify", "alice", properties={})
        assert run_cycle(late, settings).loaded == 1


def test_a_session_that_waits_for_its_client_is_not_ended(odd):
    with sql.connect(odd) as db:
        time.sleep(1.2)
        check(db)


def test_a_peer_that_has_gone_without_a_word_is_noticed_within_a_minute(database):
    """By both: a worker's lock, or a client's wait, would last for the two hours that systems have as default."""
    with sql.connect(database) as db, sql.connect_beside(db) as second:
        for each in (db, second):
            found = {name: each.execute(f"show tcp_keepalives_{name}").fetchone() for name in KEEPALIVES}
            assert {name: int(row.popitem()[1]) for name, row in found.items()} == KEEPALIVES
            link = socket.socket(fileno=os.dup(each.fileno()))
            assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            options = {"idle": socket.TCP_KEEPIDLE, "interval": socket.TCP_KEEPINTVL, "count": socket.TCP_KEEPCNT}
            assert {name: link.getsockopt(socket.IPPROTO_TCP, options[name]) for name in KEEPALIVES} == KEEPALIVES
            link.close()


def test_capture_is_as_sure_of_its_session(odd):
    async def read() -> list[sql.Row]:
        async with await sql.connect_async(odd, application_name="test") as db:
            cursor = await db.execute("select current_setting(n) as v from unnest(%s::text[]) as n", [[*DEFAULTS]])
            return await cursor.fetchall()

    found = [row["v"] for row in asyncio.run(read())]
    styles = ["UTF8", "UTC", "ISO, MDY", "postgres", "1", "on", "pg_catalog"]
    assert found == [*styles, "read committed", "off", "30s", "0", "0", "0"]


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Poolers are looked at anew."""
    sql._refuse_transaction_pooler.cache_clear()
    yield
    sql._refuse_transaction_pooler.cache_clear()


@needs_pgbouncer
def test_a_pooler_in_session_mode_is_as_good_as_none(odd, settings, unchecked):
    with pooled(odd, "session") as url:
        for number in range(3):
            with sql.connect(url, application_name="etl cycle") as db:
                check(db)
                land(db, "$identify", f"user {number}", properties={})
                # Often enough to be prepared, under names that the next session uses again.
                for _ in range(7):
                    run_cycle(db, settings)
        with sql.connect(url) as db, sql.connect(url) as other:
            assert sql.one(db, "lock/take")["is_taken"]
            with pytest.raises(CycleBusyError), sql.cycle_lock(other):
                pass
            # Its client is gone, the server process stays in the pool: the lock does not.
            db.pgconn.finish()
            with sql.cycle_lock(other, wait_seconds=5):
                pass


@needs_pgbouncer
@pytest.mark.parametrize("more", [(), ("server_round_robin=1",), ("min_pool_size=3", "server_round_robin=1")], ids=str)
@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_in_another_mode_is_refused_in_one_line(database, unchecked, mode, more):
    async def connect_async(url: str) -> None:
        await sql.connect_async(url, application_name="test")

    with pooled(database, mode, *more) as url, ExitStack() as stack:
        # Server processes that wait in the pool.
        warm = [stack.enter_context(psycopg.connect(url, autocommit=mode == "statement")) for _ in range(3)]
        for each in warm:
            each.execute("select 1")
        for each in warm:
            each.rollback()
        for attempt in (lambda: sql.connect(url), lambda: asyncio.run(connect_async(url))):
            with pytest.raises(ConfigurationError, match="A pooler in transaction mode") as raised:
                attempt()
            assert "\n" not in str(raised.value)
