"""Checks of whole batches: each expectation on one made to fail it, and a person's decision on a blocked batch."""

from __future__ import annotations

import psycopg
import pytest
from typer.testing import CliRunner

from etl import cli, sql
from etl.cycle.load import CHECKED
from etl.cycle.run import run_step
from etl.errors import BlockedError, EtlError, GateError, StagingLostError
from etl.operate.batch import decide
from etl.operate.maintain import check_invariants
from etl.quality.gate import evaluate_contradictions, evaluate_numbers, read_suite
from tests.cycle.crash import SETTINGS

FINE = {
    "quarantined_share": 0.01,
    "duplicate_share": 0.01,
    "held_share": 0.2,
    "late_share": 0.0,
    "unreadable_time_share": 0.0,
    "missing_properties_share": 0.0,
    "missing_distinct_id_share": 0.0,
    "unknown_event_share": 0.0,
    "volume_ratio": 1.0,
}
BAD = {
    "most_rows_are_good": {"quarantined_share": 0.51},
    "events_belong_to_somebody": {"missing_distinct_id_share": 0.26},
    "few_rows_quarantined": {"quarantined_share": 0.06},
    "few_duplicates": {"duplicate_share": 0.31},
    "few_held": {"held_share": 0.51},
    "events_are_recent": {"late_share": 0.51},
    "times_are_readable": {"unreadable_time_share": 0.06},
    "events_have_properties": {"missing_properties_share": 0.51},
    "event_names_are_known": {"unknown_event_share": 0.31},
    "volume_not_far_above_usual": {"volume_ratio": 21.0},
    "volume_not_far_below_usual": {"volume_ratio": 0.04},
}
SOUND = {name: [] for name in CHECKED}


def failed(numbers, suite, size):
    return {finding.name for finding in evaluate_numbers(numbers, suite, size) if not finding.is_success}


def test_every_expectation_has_a_case():
    assert {each["meta"]["name"] for each in read_suite("batch")["expectations"]} == BAD.keys()
    assert {each["meta"]["name"] for each in read_suite("warehouse")["expectations"]} >= SOUND.keys()


@pytest.mark.parametrize("name", BAD)
def test_each_fails_on_what_is_made_to_fail_it(name):
    assert failed(FINE, "batch", 5000) == set()
    found = failed(FINE | BAD[name], "batch", 5000)
    assert name in found
    assert found - {name} <= {"few_rows_quarantined"}
    is_critical = {finding.severity for finding in evaluate_numbers(FINE, "batch", 5000) if finding.name == name}
    assert is_critical == ({"critical"} if name in {"most_rows_are_good", "events_belong_to_somebody"} else {"warning"})


def test_small_batches_are_not_checked_by_shares():
    worst = dict.fromkeys(FINE, 1.0)
    assert failed(worst, "batch", 99) == set()
    findings = {finding.name: finding for finding in evaluate_numbers(worst, "batch", 99)}
    assert (findings["few_held"].evaluated, findings["few_held"].observed) == (0, 1.0)


@pytest.mark.parametrize("name", SOUND)
def test_each_contradiction_of_the_warehouse_is_found(name):
    findings = evaluate_contradictions(SOUND, "warehouse", 7)
    assert [(finding.name, finding.is_success, finding.evaluated) for finding in findings] == [
        (each, True, 7) for each in SOUND
    ]
    rows = [{"team_id": 1, "distinct_id": f"u{number}"} for number in range(30)]
    [broken] = [each for each in evaluate_contradictions(SOUND | {name: rows}, "warehouse", 7) if not each.is_success]
    assert (broken.name, broken.is_critical, broken.unexpected, broken.examples) == (name, True, 30, rows[:20])
    assert broken.first_example == "team_id=1, distinct_id=u0"


def flood(db, *, good, bad):
    """Land so many good and bad rows, bad ones having no name."""
    db.execute(
        "insert into landing.event (event, distinct_id, properties)"
        " select case when n > %s then 'page' end, 'user-' || n, jsonb_build_object('$device_id', 'user-' || n)"
        " from generate_series(1, %s) as n",
        [bad, good + bad],
    )


def test_ordinary_traffic_is_never_blocked(db, land, cycle):
    """A first batch, an idle minute, a flood of repetitions, and an import of old events."""
    flood(db, good=900, bad=99)
    assert cycle()["loaded"] == 900
    assert cycle()["landed"] == 0
    for _ in range(2):
        db.execute(
            "insert into landing.event (event, distinct_id, uuid, timestamp)"
            " select 'old', 'u' || n, ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0')), '2019-01-01'"
            " from generate_series(1, 1500) as n"
        )
        cycle()
    states = db.execute("select state from ops.batch_state order by batch_id").fetchall()
    assert [row["state"] for row in states] == ["flagged", "fine", "flagged", "flagged"]


@pytest.fixture
def blocked(db, land, cycle):
    """A batch that is blocked, and one row that waits behind it; returns the numbers of its rows."""
    land("$identify", "first")
    cycle()
    flood(db, good=400, bad=800)
    with pytest.raises(BlockedError, match=r"Batch 2 is blocked.*etl batch release 2 --why") as caught:
        cycle()
    assert "\n" not in str(caught.value)
    land("$identify", "later")
    return 400, 800


def state(db):
    return db.execute(
        "select (select count(*) from warehouse.events)::int as events,"
        " (select count(*) from quarantine.event)::int as bad,"
        " (select max(batch_id) from ops.batch)::int as batches,"
        " (select state from ops.batch_state order by batch_id desc limit 1) as state"
    ).fetchone()


def test_a_blocked_batch_stays_invisible_and_nothing_overtakes_it(database, db, blocked, cycle):
    for _ in range(2):
        with pytest.raises(BlockedError):
            cycle()
    with pytest.raises(BlockedError):
        run_step(database, "load", 2, SETTINGS)
    assert state(db) == {"events": 1, "bad": 0, "batches": 2, "state": "blocked"}
    reasons = db.execute("select blocked_reasons from ops.batch where batch_id = 2").fetchone()["blocked_reasons"]
    assert [(reason["expectation"], round(reason["observed"], 2)) for reason in reasons] == [
        ("most_rows_are_good", 0.67)
    ]


def test_a_released_batch_is_loaded_with_who_and_why(database, db, blocked, cycle):
    decide(db, 2, "released", why="an import by hand", who="ann")
    with pytest.raises(StagingLostError):  # a task that is tried again does not load the plan from before the decision
        run_step(database, "load", 2, SETTINGS)
    result = cycle()
    assert (result["batch_id"], result["loaded"], result["quarantined"]) == (2, 400, 800)
    assert (result["decision"], result["decided_by"], result["decided_why"]) == ("released", "ann", "an import by hand")
    assert state(db)["state"] == "released"
    assert cycle()["loaded"] == 1
    assert len(db.execute("select from ops.expectation_result where batch_id = 2 and not is_success").fetchall()) >= 2


def test_a_quarantined_batch_goes_there_whole(db, blocked, cycle):
    decide(db, 2, "quarantined", why="the writer is broken", who="ann")
    result = cycle()
    assert (result["loaded"], result["held"], result["quarantined"]) == (0, 0, 1200)
    assert state(db) == {"events": 1, "bad": 1200, "batches": 2, "state": "quarantined"}
    counts = db.execute(
        "select jsonb_array_length(reasons) as n, count(*)::int as rows from quarantine.event group by 1 order by 1"
    ).fetchall()
    assert [(row["n"], row["rows"]) for row in counts] == [(1, 400), (2, 800)]
    assert cycle()["loaded"] == 1
    assert "quarantine_is_accounted_for" in check_invariants(db)


def test_only_a_blocked_batch_can_be_decided_on_and_only_once(db, blocked, cycle):
    for batch_id in (1, 3):
        with pytest.raises(EtlError, match=f"batch {batch_id}|Batch {batch_id}"):
            decide(db, batch_id, "released", why="no reason")
    with pytest.raises(EtlError, match="Say why"):
        decide(db, 2, "released", why=" ")
    decide(db, 2, "released", why="fine")
    with pytest.raises(EtlError, match="does not wait for a decision: it is open, released"):
        decide(db, 2, "quarantined", why="not fine")


def test_the_commands(database, monkeypatch, db, blocked):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.setenv("COLUMNS", "200")

    def etl(*arguments):
        result = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
        assert result.exit_code == 0
        return result.output

    assert "blocked" in etl("batch", "list", "--noteworthy")
    status = CliRunner().invoke(cli.app, ["status"])
    assert (status.exit_code, "Batch 2 is blocked" in status.output) == (1, True)
    assert "Most of the batch fails the gate" in etl("batch", "show", "2")
    assert "is released" in etl("batch", "release", "2", "--why", "checked by hand")
    assert "landed 1,200, loaded 400" in etl("cycle")
    assert "checked by hand" in etl("batch", "show", "2")


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        (
            "update warehouse.person set merged_into = person_id where distinct_id = 'u'",
            "distinct_id_points_at_living_person",
        ),
        (
            "update warehouse.person_distinct_id set person_id = gen_random_uuid() where distinct_id = 'u'",
            "event_agrees_with_distinct_id",
        ),
        ("delete from warehouse.person_distinct_id where distinct_id = 'u'", "event_agrees_with_distinct_id"),
        ("update warehouse.person_override set person_id = old_person_id", "override_is_one_hop"),
        (
            'insert into warehouse.person select (jsonb_populate_record(p, \'{"distinct_id": "copy"}\')).*'
            " from warehouse.person as p where distinct_id = 'v'",
            "person_ids_are_unique",
        ),
    ],
)
def test_a_load_that_would_contradict_itself_is_rolled_back(db, land, cycle, damage, name):
    """What a person does to the tables by hand while a batch is loaded."""
    land("$identify", "u")
    land("$pageview", "anon", properties={"$device_id": "anon"})
    cycle()
    land("page", "u")
    land("$identify", "v", properties={"$anon_distinct_id": "w"})
    land("$identify", "u", properties={"$anon_distinct_id": "anon"})

    def do_damage(connection, name, is_after):
        if name == "load/insert_warning" and not is_after:
            connection.execute(damage)

    found = rf"Batch 2 would make the warehouse contradict itself: .*\({name}: \d rows, the first: team_id=1, "
    with sql.observed(do_damage), pytest.raises(GateError, match=found):
        cycle()
    assert state(db)["events"] == 2
    assert cycle()["loaded"] == 3
    results = "select expectation from ops.expectation_result where batch_id = 2 and suite = 'warehouse' and is_success"
    assert {row["expectation"] for row in db.execute(results)} == set(CHECKED)


def test_a_record_needs_its_explanation(db, blocked):
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute("update ops.batch set decision = 'released' where batch_id = 2")
