"""Checks of whole batches: each expectation on one made to fail it, and a load that would contradict itself."""

from __future__ import annotations

import pytest

from etl import sql
from etl.cycle.load import CHECKED
from etl.errors import GateError
from etl.quality.gate import evaluate_contradictions, evaluate_numbers
from etl.quality.suites import read_suite

FINE = {
    "quarantined_share": 0.01,
    "duplicate_share": 0.01,
    "held_share": 0.2,
    "late_share": 0.0,
    "unreadable_time_share": 0.0,
    "missing_properties_share": 0.0,
    "unknown_event_share": 0.0,
    "volume_ratio": 1.0,
}
BAD = {
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
    assert {finding.severity for finding in evaluate_numbers(FINE, "batch", 5000)} == {"warning"}


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


def test_ordinary_traffic_is_at_most_flagged(db, land, cycle):
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
    assert db.execute("select count(*) as n from warehouse.events").fetchone()["n"] == 2
    assert cycle()["loaded"] == 3
    results = "select expectation from ops.expectation_result where batch_id = 2 and suite = 'warehouse' and is_success"
    assert {row["expectation"] for row in db.execute(results)} == set(CHECKED)
