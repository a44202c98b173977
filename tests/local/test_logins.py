"""The logins of the private server: each may do what it is for, and none gets what PostgreSQL gives to everybody."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
import pytest

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.errors import ConfigurationError
from etl.local import logins
from etl.local.logins import Logins
from etl.migrate import migrate
from etl.settings import Settings
from tests.landing import land
from tests.server import open_folder, running_in


@dataclass(frozen=True)
class Private:
    """A private server that `etl up` has prepared."""

    home: Path
    server_url: str
    logins: Logins


@pytest.fixture(scope="module")
def private() -> Iterator[Private]:
    with open_folder() as home, running_in(home, is_durable=False) as server_url:
        made = logins.prepare(server_url, home)
        with sql.connect(made.owner) as db:
            migrate(db, Settings(_env_prefix="NO_SUCH_PREFIX_"))  # type: ignore[call-arg]
        yield Private(home, server_url, made)


def test_each_connects_to_its_own_database_and_to_no_other(private: Private) -> None:
    for name, url in asdict(private.logins).items():
        with psycopg.connect(url) as db:
            assert db.info.user == name
        own = "airflow" if name == "airflow" else "warehouse"
        for other in {"airflow", "warehouse", "postgres", "template1"} - {own}:
            with pytest.raises(ConfigurationError, match=f'permission denied for database "{other}"'):
                sql.connect(url.rpartition("/")[0] + f"/{other}")


def test_none_is_a_superuser_or_makes_roles(private: Private) -> None:
    for url in asdict(private.logins).values():
        with psycopg.connect(url) as db:
            may = db.execute("select rolsuper or rolcreaterole or rolreplication from pg_roles where rolname = user")
            assert may.fetchone() == (False,)


@pytest.mark.parametrize("name", ["writer", "reader", "capture"])
@pytest.mark.parametrize(
    "statement",
    [
        "create temporary table mine (a integer)",
        "select lo_creat(-1)",
        "select lo_create(0)",
        "select lo_from_bytea(0, 'x')",
        "lock table ops.cycle_lock in share mode",
    ],
)
def test_none_fills_the_disk(private: Private, name: str, statement: str) -> None:
    with (
        psycopg.connect(asdict(private.logins)[name]) as db,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        db.execute(statement)  # type: ignore[call-overload]


def test_the_owner_does_all_of_the_work(private: Private, settings: Settings) -> None:
    with sql.connect(private.logins.owner) as db:
        assert run_cycle(db, settings).status == "loaded"
        land(db, "$identify", "u1", properties={})
        assert run_cycle(db, settings).loaded == 1
        db.execute("set role auditor")  # to ask suites of a user's own
        db.execute("reset role")
        with databases.temporary_database(private.logins.owner, "rebuilt") as url, sql.connect(url) as fresh:
            migrate(fresh, settings)
    with psycopg.connect(private.logins.reader) as db:
        assert db.execute("select distinct_id from warehouse.events").fetchall() == [("u1",)]
    with psycopg.connect(private.logins.writer) as db:
        db.execute("insert into landing.event (event, distinct_id) values ('seen', 'u1')")


def test_what_is_forgotten_ends_and_what_is_too_much_is_refused(private: Private) -> None:
    limits = "select current_setting(n) from unnest(%s::text[]) as n"
    names = ["idle_in_transaction_session_timeout", "statement_timeout", "temp_file_limit"]
    expected = {"writer": ["1min", "0", "1GB"], "capture": ["1min", "0", "1GB"], "reader": ["5min", "15min", "10GB"]}
    for name, values in expected.items():
        with psycopg.connect(asdict(private.logins)[name], autocommit=True) as db:
            assert [row[0] for row in db.execute(limits, [names])] == values
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute("set temp_file_limit = -1")


def test_one_login_leaves_connections_for_the_others(private: Private) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(psycopg.connect(private.logins.writer))
        with pytest.raises(psycopg.OperationalError, match='too many connections for role "writer"'):
            psycopg.connect(private.logins.writer)
        stack.enter_context(psycopg.connect(private.logins.capture))


def test_another_start_finds_them_again(private: Private) -> None:
    assert logins.prepare(private.server_url, private.home) == private.logins
    assert logins.owner_url(private.home) == private.logins.owner
    passwords = list(private.home.glob("*-password"))
    assert len(passwords) == 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in passwords} == {0o600}
