"""The way to the server is cut at any byte, or stands still: nothing is lost, and what is sent again counts once."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Iterator

import msgspec
import psycopg
import pytest

from etl import sql
from etl.cycle.run import run_cycle
from etl.errors import CycleBusyError, LandingError
from etl.files import land
from tests.capture.service import serving
from tests.cycle.crash import SETTINGS, Fault, armed
from tests.faults import books
from tests.faults.proxy import COMMIT, COPY_DONE, Proxy, proxied

pytestmark = pytest.mark.long

EVENTS = 3_000
TCP_REPAIR = 19


@pytest.fixture
def wire(database: str) -> Iterator[Proxy]:
    with proxied(database) as proxy:
        yield proxy


@pytest.mark.parametrize(
    "moment",
    [
        "answer",
        "middle of the second COPY",
        pytest.param("before", marks=pytest.mark.crash),
        pytest.param("middle of the last COPY", marks=pytest.mark.crash),
    ],
)
def test_a_landing_that_is_cut_goes_on_where_it_was(database, db, wire, tmp_path, monkeypatch, moment):
    monkeypatch.setattr(land, "CHUNK_EVENTS", 1_000)
    file, sent = tmp_path / "events.jsonl", [str(uuid.uuid4()) for _ in range(EVENTS)]
    with file.open("wb") as lines:
        for event in sent:
            properties = {"$device_id": event, "text": "x" * 300}
            lines.write(
                msgspec.json.encode({"uuid": event, "event": "page", "distinct_id": event, "properties": properties})
            )
            lines.write(b"\n")
    if moment in {"before", "answer"}:
        chunks: list[int] = []

        def arm(*progress: object) -> None:
            chunks.append(1)
            if len(chunks) == 1:
                wire.cut_at(COMMIT, moment)

    else:
        wire.cut_after(600_000 if "second" in moment else 1_100_000)
        arm = land._silent
    with pytest.raises(LandingError, match=r"stopped after .* Run the same command again") as raised:
        list(land.land_files(wire.url, [file], progress=arm))
    assert "\n" not in str(raised.value)
    assert wire.cuts == 1
    [result] = land.land_files(wire.url, [file])
    assert result.total == EVENTS
    landed = [row["uuid"] for row in db.execute("select uuid from landing.event")]
    assert sorted(landed) == sorted(sent)
    assert run_cycle(db, SETTINGS).duplicate == 0
    books.check(db, sent)


@pytest.mark.parametrize("moment", ["answer", pytest.param("before", marks=pytest.mark.crash)])
@pytest.mark.parametrize("step", [pytest.param(2, marks=pytest.mark.crash, id="validate"), pytest.param(4, id="load")])
def test_a_commit_of_a_step_that_is_cut(db, wire, step, moment):
    sent = books.land_visits(db, 500)
    fault = Fault("progress/note_seconds", step, is_after=True)
    with (
        armed(fault, lambda: wire.cut_at(COMMIT, moment)),
        pytest.raises(psycopg.OperationalError) as raised,
        sql.connect(wire.url) as through,
    ):
        run_cycle(through, SETTINGS)
    assert "\n" not in str(sql.server_error(raised.value))
    assert wire.cuts == 1
    until = time.monotonic() + 20
    while True:  # as the scheduler's next run, which may come before the server knows that the one before is gone
        try:
            batch = run_cycle(db, SETTINGS)
            break
        except CycleBusyError:
            assert time.monotonic() < until
            time.sleep(0.2)
    # The answer to load's commit was lost, and not the commit.
    assert (batch.batch_id, batch.loaded) == ((2, 0) if (step, moment) == (4, "answer") else (1, 500))
    books.check(db, sent)


@pytest.mark.parametrize("moment", ["answer", "no answer for long", pytest.param("before", marks=pytest.mark.crash)])
def test_what_capture_sends_when_it_is_cut_comes_once(db, wire, settings, moment):
    sent = [str(uuid.uuid4()) for _ in range(5)]
    events = [{"event": "page", "distinct_id": each, "uuid": each, "$device_id": each} for each in sent]
    for event in events:
        event["properties"] = {"$device_id": event.pop("$device_id")}
    with serving(wire.url, settings.model_copy(update={"capture_wait_seconds": 1.5})) as capture:
        assert capture.send(events[0]) == 200
        if moment == "no answer for long":
            wire.stall()
            assert capture.send(*events) == 503
            wire.go_on()
        else:
            wire.cut_at(COPY_DONE, moment)
        answers = [capture.send(*events) for _ in range(2)]
    assert set(answers) <= {200, 503}
    assert answers[-1] == 200
    batch = run_cycle(db, SETTINGS)
    assert (batch.loaded, batch.landed) == (5, 5 + batch.duplicate)
    books.check(db, sent)


@pytest.mark.parametrize("seconds", [1.0, pytest.param(60.0, marks=pytest.mark.crash)])
@pytest.mark.parametrize("end", ["cut", pytest.param("go_on", marks=pytest.mark.crash)])
def test_a_wire_that_is_half_open(db, wire, seconds, end):
    """The run waits, others find it busy, and it ends by itself when the wire is whole again, or gone."""
    sent = books.land_visits(db, 500)
    outcome: list[BaseException | None] = []

    def run() -> None:
        try:
            with sql.connect(wire.url) as through:
                run_cycle(through, SETTINGS)
        except psycopg.OperationalError as error:
            outcome.append(error)
        else:
            outcome.append(None)

    with armed(Fault("load/insert_person"), wire.stall):
        thread = threading.Thread(target=run)
        thread.start()
        while wire._moves.is_set():
            time.sleep(0.01)
    time.sleep(seconds)
    with pytest.raises(CycleBusyError):
        run_cycle(db, SETTINGS)
    getattr(wire, end)()
    thread.join(30)
    assert (outcome[0] is None) == (end == "go_on")
    with sql.cycle_lock(db, wait_seconds=20):
        pass
    run_cycle(db, SETTINGS)
    books.check(db, sent)


# Connections without a socket: to end one would close a file that is another's by now, so none is collected.
LOST: list[object] = []


@pytest.mark.crash
def test_a_worker_whose_machine_is_gone_holds_nobody_up_for_long(database, db):
    """Its machine says nothing: the server has to ask, after half a minute."""
    gone = sql.connect(database)
    lock = sql.cycle_lock(gone)
    lock.__enter__()
    LOST.append((gone, lock))
    link = socket.socket(fileno=gone.fileno())
    try:
        link.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except PermissionError:
        pytest.skip("needs the right to administer the network")
    link.close()  # in this mode nothing is sent
    with pytest.raises(CycleBusyError), sql.cycle_lock(db):
        pass
    with sql.cycle_lock(db, wait_seconds=90):
        pass
