"""What each step says in the log, as an Airflow task shows it; and that a minute without work costs one task."""

from __future__ import annotations

import logging

import pytest

from etl.cycle.batch import STEPS, read_batch
from etl.cycle.run import run_step
from etl.quality import gate
from tests.cycle.test_isolate import failing_on


@pytest.fixture
def said(caplog):
    """The messages so far, as one text each."""
    caplog.set_level(logging.INFO, "etl")

    def _said():
        found = [record.getMessage() for record in caplog.records if record.name.startswith("etl")]
        caplog.clear()
        return found

    return _said


def run_steps(url, settings, *steps):
    batch_id = run_step(url, "open", settings=settings)
    for step in steps:
        run_step(url, step, batch_id, settings)
    return batch_id


def test_the_library_of_the_gate_says_nothing_of_its_own():
    gate.context()
    names = [name for name in logging.root.manager.loggerDict if name.startswith("great_expectations")]
    assert len(names) > 50
    assert [name for name in names if logging.getLogger(name).isEnabledFor(logging.INFO)] == []


def test_each_step_says_what_it_did(database, db, land, settings, said):
    land("page", "device", properties={"$device_id": "device"})
    land("$identify", "alice", properties={"$anon_distinct_id": "device"})
    land("Order created", "held")
    land("page", "device", properties={"$device_id": "device"}, uuid="01890a5d-ac96-774b-bcce-b302099a8057")
    land("page", "device", properties={"$device_id": "device"}, uuid="01890a5d-ac96-774b-bcce-b302099a8057")
    bad = land(None, "someone")
    batch_id = run_steps(database, settings, *STEPS[1:])
    text = "\n".join(said())
    for each in (
        "Batch 1: 6 rows landed, up to position (",
        "nothing is left behind it",
        "Batch 1: 6 rows staged, 0 of them set apart by then; 0 warnings.",
        "Batch 1: stage took 0.",
        "Batch 1: 1 of 6 rows are refused.",
        "Batch 1: event_name_present (critical) fails on 1 rows: The event has no name.",
        f"The first: {bad}",
        "Batch 1: 1 rows are duplicates, 0 more are refused.",
        "Batch 1: 1 events name two ids (1 attached), 0 are splits.",
        "Batch 1: committed; landed 6, loaded 3, held 1, released 0 (rescued 0), duplicates 1, quarantined 1,",
    ):
        assert each in text, (each, text)
    run_step(database, "load", batch_id, settings)
    assert "Batch 1: load was done already; nothing is changed." in said()


def test_a_trial_says_nothing_and_what_is_set_apart_is_counted(database, land, settings, said):
    rows = [land("page", name, properties={"$device_id": name}) for name in "abcdefgh"]
    with failing_on([rows[3]], "load/insert_event"):
        run_steps(database, settings, *STEPS[1:])
    staged = [line for line in said() if "rows staged" in line]
    assert staged == [f"Batch 1: 8 rows staged, {n} of them set apart by then; 0 warnings." for n in (0, 1)]


def test_a_batch_left_open_is_said_to_be(database, land, settings, said):
    land("page", "device", properties={"$device_id": "device"})
    run_steps(database, settings, "stage")
    run_steps(database, settings)
    assert any(line.startswith("Batch 1: left open by a run that began at ") for line in said())


def test_a_minute_without_work_is_finished_by_open(database, db, land, settings, said):
    batch_id = run_step(database, "open", settings=settings)
    assert read_batch(db, batch_id).status == "loaded"
    assert "Batch 1: nothing has landed and nothing is due: it is finished at once." in said()
    # Landed rows are work, held events that are not due are none, and due ones are some.
    land("Order created", "held")
    held_at = run_steps(database, settings)
    assert read_batch(db, held_at).status == "open"
    for step in STEPS[1:]:
        run_step(database, step, held_at, settings)
    assert read_batch(db, run_step(database, "open", settings=settings)).status == "loaded"
    db.execute("update buffer.event set due_at = now() - interval '1 second'")
    due = run_steps(database, settings)
    assert read_batch(db, due).status == "open"
    for step in STEPS[1:]:
        run_step(database, step, due, settings)
    assert read_batch(db, due).released == 1


def test_nothing_is_said_on_a_terminal(land, cycle, capfd):
    land(None, "someone")
    cycle()
    assert capfd.readouterr() == ("", "")
