"""The database is away for 20 s while SDKs send: nothing is lost, nothing comes twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import posthog
import pytest

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.local import postgres
from etl.migrate import migrate
from etl.settings import Settings
from tests.browser.conftest import node_backend
from tests.capture.service import TOKEN
from tests.server import open_folder

AWAY_SECONDS = 20


@pytest.fixture
def home() -> Iterator[Path]:
    """A PostgreSQL that may be stopped."""
    with open_folder() as home:
        yield home / "postgres"
        postgres.stop(home / "postgres", mode="immediate")


@pytest.fixture
def database(home: Path, settings: Settings) -> str:
    url = databases.create_database(postgres.start(home, is_durable=False), "away")
    with sql.connect(url) as db:
        migrate(db, settings)
    return url


def test_all_events_of_an_outage_are_there_once(visit, service, database: str, home: Path, settings: Settings) -> None:
    page = visit()
    page.expected = ("503", "ERR_", "Failed to load resource")  # the browser's own lines for what was refused
    errors: list[object] = []
    python = posthog.Posthog(
        TOKEN, host=service.url, flush_interval=0.2, on_error=lambda error, _: errors.append(error)
    )
    sent: list[str] = []

    def send(name: str) -> None:
        sent.extend(f"{name} {sender}" for sender in ("browser", "python"))
        page.evaluate("name => posthog.capture(name)", f"{name} browser")
        python.capture(f"{name} python", distinct_id="user_1")
        page.wait_for_timeout(500)

    for number in range(4):
        send(f"before {number}")
    port = int(database.rsplit(":", 1)[1].split("/", maxsplit=1)[0])
    postgres.stop(home)
    back = threading.Timer(AWAY_SECONDS, lambda: postgres.start(home, port=port, is_durable=False))
    back.start()
    node = node_backend(service, [(f"away {number} node", "user_1", {}) for number in range(5)], flushAt=1)
    sent.extend(f"away {number} node" for number in range(5))
    began = time.monotonic()
    number = 0
    while time.monotonic() - began < AWAY_SECONDS:
        send(f"away {number}")
        number += 1
    back.join()
    for number in range(4):
        send(f"after {number}")
    python.shutdown()
    output, _ = node.communicate(timeout=90)
    assert output == ""
    assert errors == []

    wanted = {f"{name}" for name in sent}
    until = time.monotonic() + 60
    while (missing := wanted - {row["event"] for row in service.landed()}) and time.monotonic() < until:
        page.wait_for_timeout(500)
    assert not missing
    with sql.connect(database) as db:
        batch = run_cycle(db, settings.model_copy(update={"hold_seconds": 0.0}))
        assert batch.quarantined == 0
        run_cycle(db, settings.model_copy(update={"hold_seconds": 0.0}))
        rows = db.execute("select event, count(*) as n from warehouse.events group by event").fetchall()
    counts = {row["event"]: row["n"] for row in rows if row["event"] in wanted}
    assert counts == dict.fromkeys(sent, 1)
