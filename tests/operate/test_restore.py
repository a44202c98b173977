"""A real dump, restored into another real server, whose transaction ids start far below the watermark."""

from __future__ import annotations

import subprocess

import pytest

from etl import sql
from etl.cycle.run import run_cycle
from etl.errors import WatermarkError
from etl.local import postgres
from etl.operate.maintain import check_invariants
from etl.operate.watermark import rebase_watermark
from tests.server import open_folder, running_in


@pytest.fixture
def other_server():
    with open_folder() as folder, running_in(folder, is_durable=False) as url:
        yield url, folder / "postgres"


def insert(db, distinct_id, event="$identify"):
    db.execute("insert into landing.event (event, distinct_id) values (%s, %s)", (event, distinct_id))


def test_dump_and_restore(db, database, cycle, settings, other_server):
    url, home = other_server
    with db.transaction():
        for _ in range(2000):  # savepoints use up transaction ids, as a year of life would
            with db.transaction():
                db.execute("select pg_current_xact_id()")
    for n in range(5):
        insert(db, f"before{n}")
    insert(db, "held", event="signup")
    assert cycle()["loaded"] == 5
    insert(db, "landed_only")
    binaries = postgres.binaries(home)
    with sql.connect(f"{url}/postgres") as admin:
        for statement in (
            "create role event_writer",
            "create role event_capture",
            "create role event_lander",
            "create role auditor",
            "create database restored",
        ):
            admin.execute(statement)
    dump = subprocess.run([binaries / "pg_dump", database], check=True, capture_output=True)
    subprocess.run(
        [binaries / "psql", "-q", "-v", "ON_ERROR_STOP=1", f"{url}/restored"],
        input=dump.stdout, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    with sql.connect(f"{url}/restored") as restored:
        insert(restored, "since_restore")
        with pytest.raises(WatermarkError, match="etl watermark rebase"):
            run_cycle(restored, settings)
        rebase_watermark(restored)
        insert(restored, "after_rebase")
        batch = run_cycle(restored, settings.model_copy(update={"hold_seconds": 0.0}))
        assert (batch.landed, batch.loaded) == (3, 3)
        rows = restored.execute("select distinct_id from warehouse.events").fetchall()
        names = sorted(row["distinct_id"] for row in rows)
        assert names == sorted([*(f"before{n}" for n in range(5)), "landed_only", "since_restore", "after_rebase"])
        assert restored.execute("select distinct_id from buffer.event").fetchone()["distinct_id"] == "held"
        check_invariants(restored)
