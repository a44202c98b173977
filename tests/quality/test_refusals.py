"""Refusals: every name that the code can give a refused row is explained, in quarantine and on the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etl import sql
from etl.cycle.open import open_batch
from etl.operate.batch import quarantine
from etl.quality.suites import read_refusals
from etl.report import html
from tests.cycle.crash import SETTINGS

COOKIELESS = {"$cookieless_mode": True, "$raw_user_agent": "Firefox", "$ip": "192.0.2.1", "$host": "example.com"}


def cookieless(event="page", *, without=None, **columns):
    """A cookieless event without one of its properties."""
    properties = {name: value for name, value in COOKIELESS.items() if name != without}
    return {"event": event, "distinct_id": "$posthog_cookieless", "properties": properties, **columns}


# For each rule that stage applies: what the project says, and an event that the rule refuses.
STATELESS = "cookieless_mode = 'stateless'"
CASES = {
    "number_out_of_range": (None, {"properties": '{"a": 1e309}'}),
    "event_too_old": ("drop_events_older_than_seconds = 60", {"timestamp": "2022-07-01", "at": 0}),
    "group_type_too_long": (
        None,
        {"event": "$groupidentify", "properties": {"$group_type": "t" * 401, "$group_key": "k"}},
    ),
    "group_key_too_long": (
        None,
        {"event": "$groupidentify", "properties": {"$group_type": "t", "$group_key": "k" * 401}},
    ),
    "client_ingestion_warning": (None, {"event": "$$client_ingestion_warning"}),
    "erased": (None, {"event": "$erased", "is_operator": True}),
    "cookieless_team_disabled": (None, cookieless()),
    "cookieless_unsupported_event": (STATELESS, cookieless("$create_alias")),
    "cookieless_stateless_no_identify": (STATELESS, cookieless("$identify")),
    "cookieless_timestamp_out_of_range": (STATELESS, cookieless(timestamp="2022-06-01", at=0)),
    "cookieless_missing_ua": (STATELESS, cookieless(without="$raw_user_agent")),
    "cookieless_missing_ip": (STATELESS, cookieless(without="$ip")),
    "cookieless_missing_host": (STATELESS, cookieless(without="$host")),
}


def names_in_code():
    """The values of the column `refusal` in SQL and of the functions it calls, and the names that Python asks for."""
    names = set()
    for path in sql.resource("sql").glob("functions/*_refusal.sql"):
        names |= set(re.findall(r"\bthen '(\w+)'", path.read_text()))
    for path in sql.resource("sql").rglob("*.sql"):
        for body in re.findall(r"\bcase\b((?:(?!\bcase\b).)*?)\bend as refusal\b", path.read_text(), re.DOTALL):
            names |= set(re.findall(r"\bthen '(\w+)'", body))
    for path in Path(sql.__file__).parent.rglob("*.py"):
        names |= set(re.findall(r"""read_refusals\(\)\["(\w+)"\]""", path.read_text()))
    return names


def reasons(db):
    return [row["reasons"] for row in db.execute("select reasons from quarantine.event order by landing_id")]


def test_every_refusal_that_the_code_can_give_is_explained_and_no_other():
    names = names_in_code()
    assert names >= CASES.keys()
    assert read_refusals().keys() == names
    assert names - CASES.keys() == {
        "merge_move_limit_exceeded",
        "batch_quarantined",
        "not_processable",
        "file_withdrawn",
    }


def test_no_reason_is_written_in_sql():
    for path in sql.resource("sql").rglob("*.sql"):
        found = re.findall(r"'expectation',\s*'|'remedy',\s*'", path.read_text())
        assert found == [], path


@pytest.mark.parametrize("name", read_refusals())
def test_the_page_explains_it(name):
    refusal = read_refusals()[name]
    assert html.why(name) == refusal["reason"]
    assert html.why(name) != html.label(name)
    assert html.why(name).endswith(".")


def test_the_page_explains_the_tracking_plan():
    assert html.why("plan:Order <b>") == "It does not fit its schema in the tracking plan: Order <b>."


@pytest.mark.parametrize("name", CASES)
def test_a_refused_row_has_the_reason_and_the_remedy(db, land, cycle, name):
    project, columns = CASES[name]
    if project:
        db.execute(f"update landing.project set {project}")
    land(**columns)
    assert cycle()["quarantined"] == 1
    assert reasons(db) == [[read_refusals()[name]]]


def test_a_rule_without_an_entry_refuses_anyway(db, land, cycle, monkeypatch):
    monkeypatch.setattr("etl.cycle.resolve.read_refusals", lambda: {"merge_move_limit_exceeded": {}})
    land(**CASES["client_ingestion_warning"][1])
    assert cycle()["quarantined"] == 1
    assert reasons(db) == [[{"expectation": "client_ingestion_warning"}]]


def test_a_merge_of_too_many_ids_has_the_numbers(db, land, cycle):
    db.execute("update landing.project set merge_move_limit = 1")
    land("$pageview", "a1", properties={"$device_id": "a1"})
    land("$create_alias", "a1", properties={"alias": "a2"})
    land("$identify", "b")
    cycle()
    land("$merge_dangerously", "b", properties={"alias": "a1"})
    assert cycle()["quarantined"] == 1
    [[reason]] = reasons(db)
    written = read_refusals()["merge_move_limit_exceeded"]
    assert reason == {**written, "reason": "it would move 2 distinct ids; the project allows 1 at once"}


def test_a_quarantined_batch_says_who_and_why(db, land, cycle):
    land(None, "u")
    land("page", "u")
    with sql.cycle_lock(db):
        open_batch(db, SETTINGS)
    quarantine(db, 1, why="the writer is broken", who="ann")
    assert cycle()["quarantined"] == 2
    own, [last] = sorted(reasons(db), key=len, reverse=True)
    assert [len(own), own[-1]] == [2, last]
    assert last["reason"] == "An operator quarantined the whole batch. ann: the writer is broken"
    assert last["remedy"].endswith("etl quarantine replay --batch 1 --why TEXT")
