"""The gate: every expectation refuses what it is for and nothing else; one that cannot be evaluated stops the batch."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext

import pytest

from etl import sql
from etl.cycle.open import open_batch
from etl.cycle.stage import stage_batch
from etl.cycle.validate import read_frame
from etl.errors import GateError
from etl.quality import gate, suites
from etl.settings import Settings
from tests.cycle import crash

LONG = "x" * 201

# For each expectation a row made to fail it, and the warning that stage gives with it, if any.
CRITICAL = {
    "team_known": {"team_id": 99},
    "uuid_valid": {"uuid": "00000000-0000-4000-8000-00000000000g"},
    "event_name_present": {"event": None},
    "event_name_not_empty": {"event": ""},
    "distinct_id_present": {"distinct_id": None},
    "distinct_id_within_400": {"distinct_id": "x" * 401},
    "properties_object": {"properties": [1]},
    "properties_within_limit": {"properties": {"long": "x" * 2000}},
    "other_id_a_string": {"properties": {"$anon_distinct_id": {"id": 1}}},
    "merging_event_personful": {"properties": {"$process_person_profile": False}},
}
WARNING = {
    "event_name_within_200": ({"event": LONG, "properties": {"$device_id": "u"}}, "event_name_truncated"),
    "distinct_id_within_200": ({"distinct_id": LONG}, "distinct_id_truncated"),
    "timestamp_parseable": ({"timestamp": "yesterday"}, "ignored_invalid_timestamp"),
    "timestamp_in_range": ({"timestamp": "9999-01-01T00:00:00Z"}, "event_timestamp_in_future"),
    "sent_at_parseable": ({"sent_at": "now"}, "ignored_invalid_sent_at"),
    "clock_skew_within_a_day": ({"timestamp": "2022-01-01", "sent_at": "2022-01-02"}, None),
    "other_id_legal": ({"properties": {"$anon_distinct_id": "null"}}, "cannot_merge_with_illegal_distinct_id"),
    "person_switch_boolean": ({"properties": {"$process_person_profile": "no"}}, "invalid_process_person_profile"),
}


def written(name):
    return next(each for each in suites.read_suite("staged_event")["expectations"] if each["meta"]["name"] == name)


def failed(db):
    return [
        row["expectation"]
        for row in db.execute("select expectation from ops.expectation_result where not is_success order by 1")
    ]


def land_good(land):
    """Two rows that no expectation may touch: a plain one, and one that has every member."""
    return [
        land("$identify", "good 1"),
        land(
            "$identify",
            "y" * 200,
            uuid="01890F3A-0000-7000-8000-000000000001",
            timestamp="2022-07-01T11:59:59.5+02:00",
            sent_at="2022-07-01T12:00:00Z",
            at=0,
            ip="127.0.0.1",
            properties={"$anon_distinct_id": "good 2", "$process_person_profile": True, "long": "x" * 800},
        ),
    ]


def test_every_expectation_has_a_case():
    names = {each["meta"]["name"] for each in suites.read_suite("staged_event")["expectations"]}
    assert names == CRITICAL.keys() | WARNING.keys()


def test_good_rows_pass_them_all(db, land, cycle):
    land_good(land)
    assert cycle(max_properties_bytes=1024)["loaded"] == 2
    assert failed(db) == []
    results = db.execute("select * from ops.expectation_result where suite = 'staged_event'").fetchall()
    assert len(results) == len(CRITICAL) + len(WARNING)
    assert {(row["evaluated"], row["unexpected"], str(row["examples"])) for row in results} == {(2, 0, "[]")}
    assert db.execute("select * from ops.warning").fetchall() == []


@pytest.mark.parametrize("name", CRITICAL)
def test_a_critical_one_quarantines_the_row(db, land, cycle, name):
    good = land_good(land)
    bad = land(**{"event": "$identify", "distinct_id": "u", **CRITICAL[name]})
    result = cycle(max_properties_bytes=1024)
    assert (result["loaded"], result["quarantined"]) == (2, 1)
    assert [row["landing_id"] for row in db.execute("select landing_id from warehouse.events order by 1")] == good
    row = db.execute(
        "select q.*, to_jsonb(l) as landed from quarantine.event as q inner join landing.event as l using (landing_id)"
    ).fetchone()
    assert row["landing_id"] == bad
    assert {name: row["landed"][name] for name in ("event", "distinct_id", "uuid", "properties")} == {
        name: row[name] for name in ("event", "distinct_id", "uuid", "properties")
    }
    expectation = written(name)
    assert expectation["severity"] == "critical"
    assert row["reasons"] == [
        {
            "expectation": name,
            "column": expectation["kwargs"]["column"],
            "reason": expectation["notes"],
            "remedy": expectation["meta"]["remedy"],
        }
    ]
    # Each case fails its own expectation, and at most the warnings about the same thing.
    assert set(failed(db)) <= {name, "event_name_within_200", "distinct_id_within_200"}
    outcome = db.execute("select * from ops.expectation_result where expectation = %s", [name]).fetchone()
    assert (outcome["evaluated"], outcome["unexpected"], outcome["examples"]) == (3, 1, [bad])
    assert (outcome["severity"], outcome["type"]) == ("critical", expectation["type"])


@pytest.mark.parametrize("name", WARNING)
def test_a_warning_is_recorded_and_the_row_loaded(db, land, cycle, name):
    columns, warning_type = WARNING[name]
    land_good(land)
    warned = land(**{"event": "$identify", "distinct_id": "u", **columns})
    result = cycle(max_properties_bytes=1024)
    assert (result["loaded"], result["quarantined"]) == (3, 0)
    assert failed(db) == [name]
    outcome = db.execute("select * from ops.expectation_result where expectation = %s", [name]).fetchone()
    assert (outcome["severity"], outcome["unexpected"], outcome["examples"]) == ("warning", 1, [warned])
    warnings = db.execute("select * from ops.warning").fetchall()
    assert [(row["landing_id"], row["type"]) for row in warnings] == ([(warned, warning_type)] if warning_type else [])
    for row in warnings:
        assert row["remedy"].endswith(".")
        assert row["uuid"] is not None
        assert row["batch_id"] == 1


def test_a_row_with_many_faults_has_many_reasons(db, land, cycle):
    land(None, None, uuid="x", team_id=None, properties="7")
    assert cycle()["quarantined"] == 1
    reasons = db.execute("select reasons from quarantine.event").fetchone()["reasons"]
    assert {reason["expectation"] for reason in reasons} == {
        "team_known",
        "uuid_valid",
        "event_name_present",
        "distinct_id_present",
        "properties_object",
    }


def test_every_bad_row_is_named_and_some_are_shown(db, land, cycle):
    for _ in range(300):
        land("", "u")
    land_good(land)
    result = cycle()
    assert (result["quarantined"], result["loaded"]) == (300, 2)
    outcome = db.execute("select * from ops.expectation_result where not is_success").fetchone()
    assert (outcome["unexpected"], len(outcome["examples"])) == (300, gate.MAX_EXAMPLES)


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """Edit a copy of the suite; returns the function that does."""
    resource = sql.resource
    shutil.copytree(resource("expectations"), tmp_path / "expectations")
    monkeypatch.setattr(sql, "resource", lambda name: tmp_path / name if name == "expectations" else resource(name))

    def edit(change, *, name="staged_event", member="expectations"):
        path = tmp_path / "expectations" / f"{name}.json"
        content = json.loads(path.read_bytes())
        content[member] = change(content[member])
        path.write_text(json.dumps(content))
        suites._read_suite.cache_clear()
        suites.read_refusals.cache_clear()

    yield edit
    suites._read_suite.cache_clear()
    suites.read_refusals.cache_clear()


def broken(**changes):
    """An expectation that cannot be evaluated."""
    return {
        "type": "expect_column_values_to_not_be_null",
        "kwargs": {"column": "no_such_column"},
        "severity": "warning",
        "notes": "A mistake in the suite.",
        "meta": {"name": "mistaken", "remedy": "Correct it."},
        **changes,
    }


@pytest.mark.parametrize(
    "mistake",
    [
        broken(),
        broken(type="expect_column_values_to_match_regex", kwargs={"column": "uuid_status", "regex": "("}),
        broken(type="expect_column_values_to_be_between", kwargs={"column": "uuid_status", "min_value": 1}),
        broken(
            type="expect_column_values_to_be_between",
            kwargs={"column": "event_length", "max_value": {"$PARAMETER": "x"}},
        ),
        broken(type="expect_column_values_to_be_as_wished", kwargs={"column": "uuid_status"}),
        broken(kwargs={}),
        broken(type="expect_column_mean_to_be_between", kwargs={"column": "event_length", "min_value": 10**6}),
        broken(type="expect_column_mean_to_be_between", kwargs={"column": "event_length", "min_value": 0}),
        broken(
            type="expect_column_pair_values_a_to_be_greater_than_b",
            kwargs={"column_A": "properties_bytes", "column_B": "event_length"},
        ),
        broken(type="expect_table_row_count_to_be_between", kwargs={"min_value": 1}),
        broken(kwargs={"column": "uuid_status"}, meta={"name": "event_name_present", "remedy": "Two of a name."}),
        broken(kwargs={"column": "uuid_status"}, meta={"remedy": "It has no name."}),
        broken(kwargs={"column": "uuid_status"}, meta={"name": "", "remedy": "It has no name."}),
        broken(kwargs={"column": "uuid_status"}, meta={"name": "no remedy"}),
        broken(kwargs={"column": "uuid_status"}, meta=None),
        broken(kwargs={"column": "uuid_status"}, notes=None),
        broken(kwargs={"column": "uuid_status"}, severity="fatal"),
        broken(kwargs={"column": "uuid_status", "mostly": 0.9}),
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "uuid_status"}},
        "expect_column_values_to_not_be_null",
    ],
    ids=[
        "unknown column",
        "no regex",
        "text between numbers",
        "no parameter",
        "unknown type",
        "no column",
        "not by row",
        "not by row, and right",
        "pair",
        "table",
        "name given twice",
        "no name",
        "empty name",
        "no remedy",
        "no meta",
        "no notes",
        "unknown severity",
        "mostly",
        "as the library's own pages have it",
        "no object",
    ],
)
def test_a_suite_that_cannot_be_evaluated_lets_nothing_through(db, land, cycle, suite, mistake):
    land_good(land)
    land("", "bad")
    before = crash.contents(db)
    suite(lambda expectations: [*expectations, mistake])
    for _ in range(2):
        with pytest.raises(GateError, match=r"staged_event\.json") as caught:
            cycle()
        assert "\n" not in str(caught.value)
        after = crash.contents(db)
        assert after.pop("ops.batch") != before.get("ops.batch")
        assert after == {name: rows for name, rows in before.items() if name != "ops.batch"}
    bounds = crash.read_bounds(db, "open")
    suite(lambda expectations: expectations[:-1])
    land("$identify", "later")
    result = cycle()
    assert crash.read_bounds(db, "loaded") == bounds
    assert (result["batch_id"], result["loaded"], result["quarantined"]) == (1, 2, 1)
    assert cycle()["loaded"] == 1


def test_no_expectation_switches_another_off(db, land, cycle, suite):
    """The second of a name took the place of the first: an event without a name passed, and load died of it."""
    suite(
        lambda expectations: [
            *expectations,
            broken(kwargs={"column": "uuid_status"}, meta={"name": "event_name_present", "remedy": "."}),
        ]
    )
    land(None, "nameless")
    with pytest.raises(GateError, match=r"^expectations/staged_event\.json .* more than one event_name_present\. "):
        cycle()
    assert db.execute("select count(*) as n from quarantine.event").fetchone()["n"] == 0


@pytest.mark.parametrize(
    ("name", "member", "mistake", "trouble"),
    [
        ("batch", "expectations", {"kwargs": {"column": "no_such_share", "max_value": 1}}, "no_such_share"),
        ("batch", "expectations", {"meta": {"name": "few_held", "remedy": "."}}, "more than one few_held"),
        ("batch", "expectations", {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 1}}, "column"),
        ("warehouse", "expectations", {"type": "expect_column_to_exist"}, "only expect_table_row_count_to_equal"),
        ("warehouse", "expectations", {"meta": {"remedy": "."}}, "name"),
        ("refusal", "refusals", {"name": "event_too_old"}, "more than one event_too_old"),
        ("refusal", "refusals", {"remedy": None}, "remedy"),
    ],
)
def test_the_other_files_are_read_as_strictly(db, land, cycle, suite, name, member, mistake, trouble):
    suite(lambda written: [*written, {**written[-1], **new_name(member), **mistake}], name=name, member=member)
    land_good(land)
    with pytest.raises(GateError, match=trouble) as caught:
        cycle()
    assert str(caught.value).startswith(f"expectations/{name}.json cannot be used: ")
    assert "\n" not in str(caught.value)
    assert db.execute("select status from ops.batch").fetchone()["status"] == "open"
    assert db.execute("select count(*) as n from warehouse.events").fetchone()["n"] == 0
    suite(lambda written: written[:-1], name=name, member=member)
    assert cycle()["loaded"] == 2


def new_name(member):
    return {"name": "new"} if member == "refusals" else {"meta": {"name": "new", "remedy": "."}}


def test_a_severity_in_the_suite_decides(db, land, cycle, suite):
    """The suite is the place to say what is refused: nothing of it is repeated in code."""

    def soften(expectations):
        return [
            {**each, "severity": "critical" if each["meta"]["name"] == "timestamp_parseable" else each["severity"]}
            for each in expectations
        ]

    suite(soften)
    land("$identify", "u", timestamp="yesterday")
    assert cycle()["quarantined"] == 1


def test_an_empty_suite_lets_everything_that_can_be_loaded_through(db, land, cycle, suite):
    suite(lambda _: [])
    land_good(land)
    assert cycle()["loaded"] == 2


def test_a_configuration_worked_out_once_says_the_same(db, land, monkeypatch):
    """As often as the library would by itself: the same of good rows and of bad ones, row by row."""
    for row in [{}, *CRITICAL.values(), *(columns for columns, _ in WARNING.values())]:
        land(**({"event": "page", "distinct_id": "u"} | row))
    batch_id = open_batch(db, Settings())
    stage_batch(db, Settings(), batch_id)
    frame = read_frame(db)

    def found():
        return gate.evaluate(frame, "staged_event", "landing_id", {"max_properties_bytes": 1500})

    once = found()
    assert sum(not each.is_success for each in once) > 12
    monkeypatch.setattr(gate, "_configured_once", nullcontext)
    assert found() == once
