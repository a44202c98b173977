"""`etl up`: what a person sees, and that nothing is left when it stops, however it stops."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from etl import databases
from etl.local import postgres
from etl.local.airflow import processes_with
from tests.e2e.conftest import ROOT, STOP_SECONDS, Program, processes_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
]

SERVICES_RUN = "Logs are in"


def has_loaded(text: str) -> bool:
    """Whether a cycle with events in it was shown: time, batch, landed ..."""
    return bool(re.search(r"^\d\d:\d\d:\d\d +\d+ +[1-9]\d* +[1-9]", text, re.MULTILINE))


def test_it_runs_the_sample_and_stops_without_a_trace(home: Path, start: Callable[..., Program]) -> None:
    up = start("up")
    text = up.wait_for(has_loaded)
    assert "Landing 92 events" in text
    assert "duplicates  quarantined" in text

    ui = re.search(r"(http://127\.0\.0\.1:\d+) +user admin, password \S+", text)
    assert ui
    with urllib.request.urlopen(ui[1], timeout=10) as page:  # noqa: S310 - our own address
        assert page.status == 200
    pasted = next(line for line in text.splitlines() if "python" in line and "psycopg.connect" in line)
    subprocess.run(["bash", "-c", pasted], cwd=ROOT, check=True, timeout=60)
    reader = re.search(r'psql "(postgresql://reader:[^"]+)"', text)
    assert reader
    with psycopg.connect(reader[1]) as db:
        assert db.execute("select count(distinct person_id) from warehouse.events").fetchone() != (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("update landing.event set event = event")
    hidden = [*(home / "var").rglob("*password*"), home / "var/airflow/env.sh"]
    assert not [path for path in hidden if path.stat().st_mode & 0o077]

    command = re.search(r"on the command line: (.+)", text)
    assert command
    listed = subprocess.run(
        ["bash", "-c", command[1]], cwd=ROOT, check=True, timeout=120, text=True, stdout=subprocess.PIPE
    )
    assert "events_ingest" in listed.stdout

    postmaster = home / "var" / "postgres" / "data" / "postmaster.pid"
    os.kill(int(postmaster.read_text().split()[0]), signal.SIGKILL)
    up.wait_for(lambda text: "started again: PostgreSQL" in text)
    with psycopg.connect(reader[1]) as db:
        assert db.execute("select count(*) from warehouse.events").fetchone() != (0,)

    assert up.stop(signal.SIGTERM) < STOP_SECONDS
    assert up.process.returncode == 0
    assert processes_of(home) == []

    killed = start("up")
    assert "Landing" not in killed.wait_for(lambda text: SERVICES_RUN in text)
    # Frozen, one of its children cannot end before the next run finds it.
    children = set(processes_with(home / "var" / "children.lock")) - {killed.process.pid}
    os.kill(min(children), signal.SIGSTOP)
    killed.stop(signal.SIGKILL)
    again = start("up")
    text = again.wait_for(lambda text: SERVICES_RUN in text)
    assert "what a killed run had left behind has ended" in text
    assert "schema files" not in text
    second = start("up")
    assert second.process.wait(60) == 1
    assert "It runs already on" in second.text
    assert again.stop(signal.SIGINT) < STOP_SECONDS
    assert processes_of(home) == []


@pytest.mark.parametrize("seen", ["PostgreSQL", "Airflow database", "Airflow UI"])
def test_it_can_be_stopped_while_it_starts(home: Path, start: Callable[..., Program], seen: str) -> None:
    up = start("up")
    up.wait_for(lambda text: seen in text)
    assert up.stop(signal.SIGINT) < STOP_SECONDS
    assert "Traceback" not in up.text
    assert processes_of(home) == []


def test_it_uses_a_server_that_is_there_and_starts_none(
    home: Path, start: Callable[..., Program], server_url: str
) -> None:
    url = databases.create_database(server_url, "given")
    up = start("up", ETL_DATABASE_URL=url)
    up.wait_for(lambda text: SERVICES_RUN in text)
    assert not (home / "var" / "postgres").exists()
    assert up.stop(signal.SIGTERM) < STOP_SECONDS
    assert processes_of(home) == []
    with psycopg.connect(f"{server_url}/postgres", autocommit=True) as admin:
        names = {row[0] for row in admin.execute("select datname from pg_database")}
        assert {"given", "airflow"} <= names
        for name in ("given", "airflow"):
            admin.execute(f"drop database {name} with (force)")


@pytest.mark.parametrize("setting", ["ETL_POSTGRES_PORT", "ETL_AIRFLOW_PORT", "ETL_CAPTURE_PORT"])
def test_a_taken_port_is_one_clear_line(home: Path, start: Callable[..., Program], setting: str) -> None:
    with socket.socket() as other:
        other.bind((postgres.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        up = start("up", **{setting: str(port)})
        assert up.process.wait(60) == 1
    complaint = up.text.splitlines()[-1]
    assert complaint.startswith(f"etl: Port {port} on 127.0.0.1 is in use")
    assert setting in complaint
    assert "Traceback" not in up.text
    assert processes_of(home) == []


def test_a_folder_that_cannot_be_written_is_one_clear_line(home: Path, start: Callable[..., Program]) -> None:
    file = home / "file"
    file.touch()
    up = start("up", ETL_HOME=str(file / "var"))
    assert up.process.wait(60) == 1
    assert re.fullmatch(rf"etl: Cannot write to {file}/var: .* Set ETL_HOME to .*", up.text.splitlines()[-1])
    assert "Traceback" not in up.text
