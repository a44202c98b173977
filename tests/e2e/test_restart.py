"""PostgreSQL goes away under a running Airflow and comes back: the next runs go on, and nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from etl.local import postgres
from etl.local.logins import owner_url
from tests.e2e.conftest import STOP_SECONDS, Program, processes_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
]

BACKLOG = 60_000
LAND = """
    insert into landing.event (event, distinct_id, properties)
    select 'Invoice paid', 'user_' || number %% 500, jsonb_build_object('number', number)
    from generate_series(%s::int, %s::int) as number
"""
BEGUN = "select count(*) from ops.batch where status = 'open' and landed > 1000"
STORED = """
    select count(*), count(distinct properties ->> 'number') from warehouse.events where event = 'Invoice paid'
"""


def ask(url: str, statement: str) -> tuple[int, ...]:
    """One row, or nothing while the server is away."""
    try:
        with psycopg.connect(url, connect_timeout=5) as db:
            return db.execute(statement).fetchone() or ()
    except psycopg.OperationalError:
        return ()


def wait_until(url: str, statement: str, expected: tuple[int, ...], seconds: float) -> None:
    until = time.monotonic() + seconds
    while (found := ask(url, statement)) != expected:
        assert time.monotonic() < until, found
        time.sleep(0.05)


def test_postgres_is_restarted_under_airflow(home: Path, start: Callable[..., Program]) -> None:
    var = home / "var"
    up = start("up")
    up.wait_for(lambda text: "Landing 92 events" in text)
    url = owner_url(var)
    assert url

    with psycopg.connect(url) as db:
        db.execute(LAND, (1, BACKLOG))
    wait_until(url, BEGUN, (1,), 150)
    os.kill(int((var / "postgres/data/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    up.wait_for(lambda text: text.count("started again: PostgreSQL") == 1)
    wait_until(url, STORED, (BACKLOG, BACKLOG), 300)

    postgres.stop(var / "postgres")
    up.wait_for(lambda text: text.count("started again: PostgreSQL") == 2)
    with psycopg.connect(url) as db:
        db.execute(LAND, (BACKLOG + 1, BACKLOG + 1))
    wait_until(url, STORED, (BACKLOG + 1, BACKLOG + 1), 200)
    assert ask(url, "select count(*) from ops.batch where not is_balanced") == (0,)

    audit = start("audit verify")
    assert audit.process.wait(120) == 0, audit.text
    assert "All agree." in audit.text
    assert up.stop(signal.SIGTERM) < STOP_SECONDS
    assert processes_of(home) == []
