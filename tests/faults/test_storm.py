"""Everything that ever stopped ingestion, at once and again and again, with honest events all around it."""

from __future__ import annotations

import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from etl import sql
from etl.cycle.run import run_cycle
from tests.capture.service import serving
from tests.cycle.crash import SETTINGS
from tests.cycle.test_isolate import BadRowError, failing_on, quarantined
from tests.faults import books, hostile

pytestmark = pytest.mark.long

COLUMNS = "event, distinct_id, properties, uuid, timestamp, sent_at"
# So few that no project is withheld for them.
SHARE = 0.1


def land_storm(db: sql.Db, count: int) -> tuple[set[str], dict[int, str | None]]:
    """Land honest and hostile rows, shuffled; returns the uuids of the honest ones, and why each other is refused."""
    chance = random.Random(count)
    honest = [
        (event, distinct_id, f'{{"$device_id": "{device}", "$set": {{"n": {number}}}}}', str(uuid.uuid4()), None, None)
        for number in range(round(count * (1 - SHARE)))
        for device in [f"d{number % 700}"]
        for event, distinct_id in [("$identify", f"user {number % 700}") if number % 9 == 0 else ("$pageview", device)]
    ]
    light = [*hostile.REFUSED, *hostile.taken()]
    storm = [light[number % len(light)] for number in range(round(count * SHARE))] + hostile.HEAVY
    rows = [(None, row) for row in honest] + [(each, tuple(each)[1:]) for each in storm]
    chance.shuffle(rows)
    with db.cursor() as cursor, cursor.copy(f"copy landing.event ({COLUMNS}) from stdin") as copy:  # type: ignore[call-overload]
        for _, row in rows:
            copy.write_row(row)
    landed = db.execute("select landing_id from landing.event order by landing_id").fetchall()
    refusals = {
        found["landing_id"]: each.refusal for found, (each, _) in zip(landed, rows, strict=True) if each is not None
    }
    return {row[3] for row in honest}, refusals


@pytest.mark.parametrize("count", [4_000, pytest.param(200_000, marks=[pytest.mark.crash, pytest.mark.timeout(1800)])])
def test_a_storm_by_sql(db, count):
    sent, refusals = land_storm(db, count)
    began = time.monotonic()
    while run_cycle(db, SETTINGS).landed:
        pass
    print(f"{count:,} rows in {time.monotonic() - began:.1f} s")
    check_storm(db, sent, refusals)


def check_storm(db, sent, refusals):
    rows = db.execute("select landing_id, reasons from quarantine.event").fetchall()
    found = {row["landing_id"]: {each["expectation"] for each in row["reasons"]} for row in rows}
    expected = {landing_id: refusal for landing_id, refusal in refusals.items() if refusal}
    said = {
        landing_id: expected[landing_id] if expected.get(landing_id) in reasons else reasons
        for landing_id, reasons in found.items()
    }
    assert said == expected
    held = db.execute("select count(*) as n from buffer.event").fetchone()["n"]
    books.check(db, sent, held=held)


@pytest.mark.parametrize("times", [1, pytest.param(50, marks=[pytest.mark.crash, pytest.mark.timeout(1800)])])
def test_a_storm_through_capture(database, db, settings, times):
    requests = hostile.requests() * times
    random.Random(times).shuffle(requests)
    honest = [{**hostile.some_request(place), "uuid": str(uuid.uuid4())} for place in range(200 * times)]
    with serving(database, settings) as capture, ThreadPoolExecutor(8) as threads:

        def send_honestly(event):
            while capture.send(event) != 200:  # as SDKs do
                time.sleep(0.1)

        answers = [threads.submit(capture.post, body, "/e/") for body, _ in requests]
        began = time.monotonic()
        for done in [threads.submit(send_honestly, event) for event in honest]:
            done.result(120)
        print(f"{len(honest):,} honest events beside {len(requests):,} requests in {time.monotonic() - began:.1f} s")
        for (body, expected), answer in zip(requests, answers, strict=True):
            assert answer.result(120) in {expected, 503}, body[:200]
    while run_cycle(db, SETTINGS).landed:
        pass
    assert "not_processable" not in str(db.execute("select reasons from quarantine.event").fetchall())
    held = db.execute("select count(*) as n from buffer.event").fetchone()["n"]
    books.check(db, {event["uuid"] for event in honest}, held=held)


@pytest.mark.crash
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "statement", ["stage/insert_event", "validate/copy_gate_columns", "resolve/measure_batch", "load/insert_event"]
)
def test_one_row_of_200_000_that_a_statement_fails_on(db, statement):
    sent = sorted(books.land_visits(db, 200_000))
    rows = db.execute("select landing_id, uuid from landing.event order by landing_id").fetchall()
    bad = rows[123_456]
    began = time.monotonic()
    with failing_on([bad["landing_id"]], statement, error=BadRowError):
        batch = run_cycle(db, SETTINGS)
    print(f"{statement}: {time.monotonic() - began:.1f} s, {batch.step_seconds['isolate']:.1f} s of these to find it")
    assert (batch.loaded, batch.quarantined) == (199_999, 1)
    assert quarantined(db).keys() == {bad["landing_id"]}
    books.check(db, set(sent) - {str(bad["uuid"])})
