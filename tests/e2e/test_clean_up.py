"""Old runs and their logs are removed from a running Airflow, as dags/README.md advises, and by `etl up`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from etl.local.airflow import CLEAN, Airflow
from etl.names import ALERT, INGEST
from etl.settings import Settings
from tests.e2e.conftest import ROOT, Program

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

OLD = datetime.now(UTC) - timedelta(days=8)
RECENT = OLD + timedelta(hours=1)
# What Airflow keeps of each run, with the column that says how old it is.
TABLES = {"dag_run": "start_date", "task_instance": "start_date", "xcom": "timestamp", "log": "dttm"}


def wait_for(is_there: Callable[[], object]) -> None:
    until = time.monotonic() + 200
    while not is_there():
        assert time.monotonic() < until
        time.sleep(0.5)


def make_old(db: psycopg.Connection, logs: Path) -> set[Path]:
    """All that has ended so far ended eight days ago; gives the folders of its logs."""
    for table, column in TABLES.items():
        ended = "state in ('success', 'skipped')" if column == "start_date" else "true"
        # Each at a time of its own: Airflow keeps the last run of a DAG, by its time.
        db.execute(
            f"update {table} set {column} = {column} - interval '8 days' where {column} > %s and {ended}", (RECENT,)
        )
    db.execute("update asset_event set timestamp = %s", (OLD,))
    folders = {*logs.glob("dag_id=*/run_id=*"), *logs.glob("dag_processor/*-*-*")}
    for folder in folders:
        os.utime(folder, (OLD.timestamp(), OLD.timestamp()))
    return folders


def old_rows(db: psycopg.Connection, table: str) -> list[str]:
    """The DAG of each old row."""
    query = f"select coalesce(dag_id, '') from {table} where {TABLES[table]} < %s order by 1"
    return [dag_id for (dag_id,) in db.execute(query, (RECENT,))]  # type: ignore[call-overload]


def old_asset_events(db: psycopg.Connection) -> int:
    return db.execute("select from asset_event where timestamp < %s", (RECENT,)).rowcount


def runs(db: psycopg.Connection, dag_id: str) -> int:
    query = "select from dag_run where dag_id = %s and state = 'success' and start_date > %s"
    return db.execute(query, (dag_id, RECENT)).rowcount


def check_clean(db: psycopg.Connection) -> None:
    """Of each DAG at most its last run stays, from which Airflow goes on, and nothing of that run."""
    last = old_rows(db, "dag_run")
    assert len(last) == len(set(last))
    assert old_rows(db, "task_instance") == old_rows(db, "xcom") == []


def advised() -> str:
    text = (ROOT / "dags" / "README.md").read_text()
    [commands] = [block for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "db clean" in block]
    return commands


def test_old_runs_are_removed_and_the_dags_go_on(home: Path, start: Callable[..., Program]) -> None:
    up = start("up")
    up.wait_for(lambda text: "Logs are in" in text)
    folder = home / "var" / "airflow"
    logs = folder / "logs"
    own = dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", (folder / "env.sh").read_text(), re.MULTILINE))
    metadata_url = own["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg", "")
    with psycopg.connect(metadata_url, autocommit=True) as db:
        wait_for(lambda: db.execute("select from asset_event").rowcount and runs(db, INGEST) > 1)
        make_old(db, logs)
        db.execute("insert into log (dttm, dag_id, event) values (%s, 'of_others', 'x')", (OLD,))
        assert {table for table in TABLES if old_rows(db, table).count(INGEST) > 1} == set(TABLES)
        script = f". {folder / 'env.sh'}; PATH={Path(sys.executable).parent}:$PATH\n{advised()}"
        done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=200, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        check_clean(db)
        assert [dag_id for dag_id in old_rows(db, "log") if dag_id] == ["of_others"]
        assert old_asset_events(db) == 0
        assert not [each for each in logs.glob("dag_id=*/run_id=*") if each.stat().st_mtime < RECENT.timestamp()]

        wait_for(lambda: db.execute("select from asset_event").rowcount and runs(db, INGEST) and runs(db, ALERT))
        old_logs = make_old(db, logs)
        assert {each.parent.name for each in old_logs} >= {f"dag_id={INGEST}", "dag_processor"}
        wait_for(lambda: runs(db, INGEST) and runs(db, ALERT))
        before = runs(db, INGEST)
        ports = {name: int(own[f"ETL_{name.upper()}"]) for name in ("postgres_port", "airflow_port", "capture_port")}
        settings = Settings(home=home / "var", **ports)  # type: ignore[arg-type]
        with (home / "marker").open("w") as marker:
            airflow = Airflow(settings, warehouse_url=own["ETL_DATABASE_URL"], metadata_url=metadata_url, marker=marker)
            airflow.clean_up()
            assert airflow._children[CLEAN].wait(120) == 0
        assert airflow.clean_up_error() is None
        check_clean(db)
        assert old_rows(db, "log") == []
        assert old_asset_events(db) == 0
        assert not [each for each in old_logs if each.exists() and each.stat().st_mtime < RECENT.timestamp()]
        assert [*logs.glob("dag_id=*/run_id=*")]
        assert runs(db, INGEST) >= before > 0
        wait_for(lambda: runs(db, INGEST) > before)
    assert "failed" not in up.text


def test_a_clean_up_that_fails_is_told(tmp_path: Path) -> None:
    """Where the database does not answer: one line, once."""
    url = "postgresql://nobody:x@127.0.0.1:1/airflow"
    with (tmp_path / "marker").open("w") as marker:
        airflow = Airflow(Settings(home=tmp_path), warehouse_url=url, metadata_url=url, marker=marker)
        assert airflow.clean_up_error() is None
        airflow.clean_up()
        assert airflow._children[CLEAN].wait(120) != 0
        error = airflow.clean_up_error()
    assert error is not None
    assert str(tmp_path / "log" / "db-clean.log") in error
    assert "\n" not in error
    assert airflow.clean_up_error() is None
    print(error)
