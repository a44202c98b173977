"""The database stops, hangs or comes back, the server is told to stop: nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from etl import databases, sql
from etl.capture import writer
from etl.local import postgres
from etl.migrate import migrate
from etl.operate import project
from etl.rules.wire import LandingRow
from etl.settings import Settings
from tests.capture.service import TOKEN, Service, login_url, serving
from tests.server import open_folder

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A PostgreSQL that may be stopped."""
    with open_folder() as home:
        yield home / "postgres"
        postgres.stop(home / "postgres", mode="immediate")


@pytest.fixture(scope="module")
def away_database(home: Path) -> str:
    url = databases.create_database(postgres.start(home, is_durable=False), "away")
    with sql.connect(url) as db:
        migrate(db, Settings(_env_prefix="NO_SUCH_PREFIX_"))
    return url


@pytest.fixture
def patient(away_database: str, settings: Settings) -> Iterator[Service]:
    """A server that waits two seconds for its database."""
    with serving(away_database, settings.model_copy(update={"capture_wait_seconds": 2.0})) as running:
        running.begin()
        yield running


def event() -> dict[str, str]:
    return {"event": "e", "distinct_id": "d", "uuid": str(uuid.uuid4())}


def test_a_database_that_is_away_is_503_and_loses_nothing(patient: Service, away_database: str, home: Path) -> None:
    port = urlsplit(away_database).port
    assert patient.send(event()) == 200
    postgres.stop(home)
    try:
        began = time.monotonic()
        body = json.dumps({"api_key": TOKEN, "batch": [event()]}).encode()
        status, _, headers = patient.request("POST", "/batch/", body)
        assert (status, headers["Retry-After"]) == (503, "5")
        assert 1.5 < time.monotonic() - began < 5
        assert patient.request("GET", "/_ready")[0] == 503
        assert patient.request("GET", "/_health")[0] == 200
        unknown = json.dumps({"api_key": "phc_unknown", "batch": [event()]}).encode()
        assert patient.request("POST", "/batch/", unknown)[0] == 503, "a 401 would make SDKs throw the events away"
    finally:
        back = threading.Timer(0.5, postgres.start, [home], {"port": port, "is_durable": False})
        back.start()
    assert patient.send(event()) in {200, 503}
    back.join()
    assert patient.request("POST", "/batch/", body)[0] == 200
    assert len({row["uuid"] for row in patient.landed()}) in {2, 3}
    assert patient.metric("etl_capture_pending_bytes") == patient.metric("etl_capture_queued_events") == 0


def test_nobody_is_told_to_send_again_what_is_being_committed(patient: Service, away_database: str) -> None:
    """A COPY takes 1.4 s, and a request waits for 2 s; this one waits for a COPY before, and then for its own."""
    with sql.connect(away_database) as db:
        db.execute(
            """
            create function slow() returns trigger language plpgsql
            as $$ begin perform pg_sleep(1.4); return null; end $$;
            create trigger slow after insert on landing.event for each statement execute function slow();
            """
        )
    try:
        with ThreadPoolExecutor(8) as threads:
            answers = []
            for _ in range(8):
                answers.append(threads.submit(patient.send, {"event": "e", "distinct_id": "d"}))
                time.sleep(0.1)
        assert {answer.result() for answer in answers} == {200}
        assert len(patient.landed()) == 8
    finally:
        with sql.connect(away_database) as db:
            db.execute("drop trigger slow on landing.event; drop function slow")


def test_a_database_that_hangs_holds_nobody_for_ever(patient: Service, away_database: str) -> None:
    assert patient.send(event()) == 200
    with sql.connect(away_database) as db:
        rows = db.execute("select pid from pg_stat_activity where application_name = 'etl capture'").fetchall()
    sent = event()
    for row in rows:
        os.kill(row["pid"], signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(8) as threads:
            began = time.monotonic()
            answers = list(threads.map(lambda _: patient.send(sent), range(8)))
        assert time.monotonic() - began < 6
        assert set(answers) <= {200, 503}
        assert patient.send(event()) == 200, "the next one gets a connection of its own"
    finally:
        for row in rows:
            os.kill(row["pid"], signal.SIGCONT)
    assert patient.send(sent) == 200
    assert len({row["uuid"] for row in patient.landed()}) == 3


def test_no_connection_is_closed_that_a_commit_waits_on(patient: Service, away_database: str, monkeypatch) -> None:
    """Its socket would be closed while the event loop watches it, which can end the whole process."""
    committing: set[object] = set()
    dropped: list[bool] = []
    commit, drop = writer._Connection.commit, writer._Connection.drop

    async def note_commit(connection: writer._Connection, rows: list[LandingRow]) -> None:
        committing.add(connection)
        try:
            await commit(connection, rows)
        finally:
            committing.discard(connection)

    def note_drop(connection: writer._Connection) -> None:
        dropped.append(connection in committing)
        drop(connection)

    monkeypatch.setattr(writer._Connection, "commit", note_commit)
    monkeypatch.setattr(writer._Connection, "drop", note_drop)
    assert patient.send(event()) == 200
    with psycopg.connect(away_database) as blocker:
        blocker.execute("lock table landing.event in access exclusive mode")
        assert patient.send(event()) == 503
        until = time.monotonic() + 10
        while not dropped and time.monotonic() < until:
            time.sleep(0.05)
    assert dropped
    assert not any(dropped)
    assert patient.send(event()) == 200


class Program:
    """`etl capture` in a process of its own."""

    def __init__(self, database: str, port: int) -> None:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("ETL_")}
        own = {"ETL_CAPTURE_DATABASE_URL": login_url(database), "ETL_CAPTURE_PORT": str(port)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "etl.cli", "capture"],
            cwd=ROOT, env=inherited | own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.url = f"http://127.0.0.1:{port}/batch/"

    def send(self) -> str | None:
        """Send one event; returns its uuid once it is acknowledged."""
        sent = event()
        body = json.dumps({"api_key": TOKEN, "batch": [sent]}).encode()
        try:
            with urllib.request.urlopen(self.url, body, timeout=10) as answer:  # noqa: S310 - our own address
                return sent["uuid"] if answer.status == 200 else None
        except (urllib.error.URLError, ConnectionError):
            return None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_drains_what_was_begun(database: str, number: signal.Signals) -> None:
    with sql.connect(database) as db:
        project.register_token(db, 1, TOKEN)
    program = Program(database, postgres.free_port())
    acknowledged: list[str] = []
    is_over = threading.Event()

    def client() -> None:
        while not is_over.is_set():
            if sent := program.send():
                acknowledged.append(sent)

    threads = [threading.Thread(target=client) for _ in range(4)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 60
    while len(acknowledged) < 50 and time.monotonic() < until:
        time.sleep(0.05)
    began = time.monotonic()
    program.process.send_signal(number)
    output, errors = program.process.communicate(timeout=20)
    is_over.set()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 8
    assert errors == ""
    assert program.process.returncode in {0, -number}
    lines = [json.loads(line) for line in output.splitlines()]
    assert (lines[0]["event"], lines[-1]["event"]) == ("listening", "stopped")
    with sql.connect(database) as db:
        landed = {row["uuid"] for row in db.execute("select uuid from landing.event")}
    assert len(acknowledged) >= 50
    assert set(acknowledged) <= landed
    assert TOKEN not in output


def test_a_taken_port_is_one_clear_line(database: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        program = Program(database, other.getsockname()[1])
        _, errors = program.process.communicate(timeout=60)
    assert program.process.returncode == 1
    assert re.fullmatch(r"etl: Port \d+ on 127\.0\.0\.1 cannot be used: .* ETL_CAPTURE_PORT .*\n", errors)
