"""Cohorts: who belongs to them as time passes, persons merge and actions change; and what was decided about them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.errors import DefinitionError, ProjectError
from etl.operate import action, cohort, person, project
from etl.operate.rebuild import rebuild
from etl.operate.split import split
from etl.quality.audit import verify
from etl.rules.action import read_actions
from etl.rules.cohort import read_cohorts

ORDERED = {"key": "order", "type": "behavioral", "value": "performed_event", "event_type": "events",
           "time_value": 7, "time_interval": "day"}  # fmt: skip
OFTEN = {**ORDERED, "value": "performed_event_multiple", "operator": "gte", "operator_value": 2}
PRO = {"key": "plan", "type": "person", "value": "pro"}


@pytest.fixture
def add(db):
    """Add a cohort of one group of conditions, or a list; gives what was decided."""

    def _add(name, *conditions, kind="AND", **members):
        if conditions:
            members["filters"] = {"properties": {"type": kind, "values": list(conditions)}}
        (outcome,) = cohort.add(db, read_cohorts({"name": name, **members}), team_id=1, by="ann", why="a test")
        return outcome.decision

    return _add


@pytest.fixture
def act(land):
    """Land an event that happened so many days ago."""

    def _act(event, distinct_id, *, ago=0.0, **columns):
        properties = {"$device_id": distinct_id, **columns.pop("properties", {})}
        happened = datetime.now(UTC) - timedelta(days=ago)
        return land(event, distinct_id, timestamp=happened.isoformat(), properties=properties, **columns)

    return _act


def members(db, name):
    """The distinct ids of the persons of a cohort, those of one person together."""
    rows = db.execute(
        "select string_agg(d.distinct_id, ' ' order by d.distinct_id) as ids from warehouse.cohort_members as m"
        " inner join warehouse.person_distinct_ids as d using (team_id, person_id) where m.cohort = %s"
        " group by m.person_id",
        (name,),
    )
    return {row["ids"] for row in rows}


def agrees(db):
    assert verify(db).troubles == []


def test_what_persons_are(db, act, cycle, add):
    for name, said in (("a", {"plan": "pro"}), ("b", {"plan": "free"}), ("c", {}), ("d", {"plan": "PRO"})):
        act("page", name, properties={"$set": said})
    cycle()
    assert add("Pro", PRO) == "added"
    add("Not pro", {**PRO, "negation": True})
    add("Any case", {**PRO, "operator": "icontains", "value": "Pro"})
    add("Odd", {**PRO, "operator": "icontains", "value": "%"})
    add("None", {"key": "plan", "type": "person", "operator": "is_not_set"})
    assert members(db, "Pro") == {"a"}
    assert members(db, "Not pro") == {"b", "c", "d"}
    assert members(db, "Any case") == {"a", "d"}
    assert members(db, "Odd") == set()
    assert members(db, "None") == {"c"}
    act("page", "c", properties={"$set": {"plan": "pro"}})
    cycle()
    assert members(db, "Pro") == {"a", "c"}
    agrees(db)


@pytest.mark.parametrize(
    ("operator", "found"),
    [("gte", {"b", "c"}), ("gt", {"c"}), ("lte", {"a", "b"}), ("lt", {"a"}), ("exact", {"b"}), ("eq", {"b"})],
)
def test_how_often(db, act, cycle, add, operator, found):
    """Who has never ordered is in none of them, as in PostHog: "at most twice" is said of somebody who orders."""
    act("page", "never")
    for name, times in (("a", 1), ("b", 2), ("c", 3)):
        for _ in range(times):
            act("order", name)
    cycle()
    add("C", {**OFTEN, "operator": operator})
    assert members(db, "C") == found


def test_within_how_long(db, act, cycle, add):
    act("order", "new", ago=6.99)
    act("order", "old", ago=7.01)
    act("order", "twice", ago=1)
    act("order", "twice", ago=8)
    act("order", "to come", ago=-0.5)
    cycle()
    add("Week", ORDERED)
    add("Often", OFTEN)
    add("Month", {**OFTEN, "time_value": 1, "time_interval": "month"})
    add("Lost", {**ORDERED, "time_value": 30}, {**ORDERED, "negation": True})
    assert members(db, "Week") == {"new", "twice"}
    assert members(db, "Often") == set()
    assert members(db, "Month") == {"twice"}
    assert members(db, "Lost") == {"old"}


def test_a_merge_makes_two_times_of_one_person(db, land, act, cycle, add):
    act("order", "anon")
    act("$identify", "bob")
    act("order", "bob")
    cycle()
    add("Often", OFTEN)
    add("All", OFTEN, ORDERED, kind="OR")
    assert members(db, "Often") == set()
    act("$identify", "bob", properties={"$anon_distinct_id": "anon"})
    cycle()
    assert members(db, "Often") == {"anon bob"}
    person_id = db.execute("select person_id from warehouse.person_distinct_ids where distinct_id = 'bob'").fetchone()
    split(db, person_id["person_id"], ["anon"], by="ann", why="two")
    cycle()
    assert members(db, "Often") == set()
    assert members(db, "All") == {"anon", "bob"}
    agrees(db)


def test_groups_of_conditions(db, act, cycle, add):
    for name, plan, orders in (("a", "pro", 0), ("b", "pro", 1), ("c", "free", 1), ("d", "free", 2), ("e", "team", 2)):
        act("page", name, properties={"$set": {"plan": plan}})
        for _ in range(orders):
            act("order", name)
    cycle()
    team = {**PRO, "value": "team"}
    add("And of ors", {"type": "OR", "values": [PRO, team]}, {"type": "OR", "values": [ORDERED, OFTEN]})
    add("Or of ands", {"type": "AND", "values": [PRO, ORDERED]}, {"type": "AND", "values": [OFTEN]}, kind="OR")
    add("Neither", {**PRO, "negation": True}, {**OFTEN, "negation": True})
    add("Contradiction", PRO, {**PRO, "negation": True})
    assert members(db, "And of ors") == {"b", "e"}
    assert members(db, "Or of ands") == {"b", "d", "e"}
    assert members(db, "Neither") == {"c"}
    assert members(db, "Contradiction") == set()


def test_a_list_of_distinct_ids(db, act, cycle, add):
    act("page", "a")
    act("$identify", "b")
    cycle()
    assert add("Testers", is_static=True, distinct_ids=["a", "later", "b"]) == "added"
    assert members(db, "Testers") == {"a", "b"}
    act("$identify", "b", properties={"$anon_distinct_id": "a"})
    act("page", "later")
    cycle()
    assert members(db, "Testers") == {"a b", "later"}
    found = db.execute("select count(*) as n from warehouse.cohort_members").fetchone()
    assert found == {"n": 2}  # once a person
    assert add("Testers", distinct_ids=["b", "later", "a"]) == "unchanged"
    assert add("Testers", distinct_ids=["b", "later", "x"]) == "changed"
    assert add("Testers", ORDERED) == "changed"
    assert db.execute("select count(*) as n from warehouse.cohort_distinct_id").fetchone() == {"n": 0}
    agrees(db)


def test_an_action_that_changes_changes_the_cohort(db, act, cycle, add):
    def define(*events):
        steps = [{"event": event} for event in events]
        action.add(db, read_actions({"name": "Bought", "steps": steps}), team_id=1, by="ann", why="a test")

    bought = {**OFTEN, "key": "Bought", "event_type": "actions"}
    with pytest.raises(DefinitionError, match="'C': there is no enabled action 'Bought' in project 1"):
        add("C", bought)
    define("order")
    act("order", "a")
    act("paid", "a")
    act("order", "b")
    cycle()
    add("C", bought)
    assert members(db, "C") == set()
    define("order", "paid")
    assert members(db, "C") == {"a"}
    with pytest.raises(DefinitionError, match="Cohorts ask for action 'Bought': C"):
        action.disable(db, "Bought", team_id=1, by="ann", why="no more")
    cohort.disable(db, "C", team_id=1, by="ann", why="no more")
    assert action.disable(db, "Bought", team_id=1, by="ann", why="no more")
    with pytest.raises(DefinitionError, match="no enabled action 'Bought'"):
        add("C", bought)
    agrees(db)


def test_changed_disabled_enabled_and_all_of_it_kept(db, act, cycle, add):
    act("page", "a", properties={"$set": {"plan": "pro"}})
    cycle()
    assert add("C", PRO) == "added"
    number = cohort.find(db, "C", team_id=1)["cohort_id"]
    assert add("C", PRO, id=7, count=12) == "unchanged"
    assert add("C", {**PRO, "value": "free"}) == "changed"
    assert members(db, "C") == set()
    assert cohort.disable(db, "C", team_id=1, by="bea", why="not needed")
    assert not cohort.disable(db, "C", team_id=1, by="bea", why="again")
    assert add("C", {**PRO, "value": "free"}) == "enabled"
    assert add("C", PRO) == "changed"
    assert (members(db, "C"), cohort.count(db, number)) == ({"a"}, 1)
    assert add("C", deleted=True) == "deleted in PostHog, left out"
    history = cohort.read_history(db, "C", team_id=1)
    assert [(row["decision"], row["decided_by"]) for row in history] == [
        ("added", "ann"), ("changed", "ann"), ("disabled", "bea"), ("enabled", "ann"), ("changed", "ann"),
    ]  # fmt: skip
    said = db.execute("select record from ops.audit_entry where kind = 'decision' order by entry_id").fetchall()
    assert said[2] == {"record": "cohorts: 'C' disabled by bea: not needed"}
    with pytest.raises(DefinitionError, match="no cohort 'D' in project 1"):
        cohort.find(db, "D", team_id=1)
    agrees(db)


def test_one_that_is_refused_adds_none(db):
    fine = {"name": "A", "filters": {"properties": {"type": "AND", "values": [PRO]}}}
    odd = {"name": "B", "filters": {"properties": {"type": "AND", "values": [
        {**PRO, "operator": "regex", "value": "a("}]}}}  # fmt: skip
    with pytest.raises(DefinitionError, match="Cohort 'B', property 'plan': no regular expression"):
        cohort.add(db, read_cohorts([fine, odd]), team_id=1, by="ann", why="x")
    with pytest.raises(ProjectError, match="no project 77"):
        cohort.add(db, read_cohorts(fine), team_id=77, by="ann", why="x")
    assert cohort.list_all(db) == []


def test_projects_are_apart(db, act, cycle, add):
    project.add(db, "other")
    for team in (1, 2):
        act("order", f"u{team}", team_id=team, properties={"$set": {"plan": "pro"}})
    cycle()
    add("C", PRO, ORDERED)
    add("L", distinct_ids=["u1", "u2"])
    cohort.add(db, read_cohorts({"name": "L", "distinct_ids": ["u1"]}), team_id=2, by="ann", why="x")
    found = db.execute(
        "select team_id, cohort, count(*)::int as n from warehouse.cohort_members group by 1, 2 order by 2"
    )
    assert [tuple(row.values()) for row in found] == [(1, "C", 1), (1, "L", 1)]


def test_an_auditor_reads_members(db, act, cycle, add):
    act("order", "a", properties={"$set": {"plan": "pro"}})
    cycle()
    add("C", PRO, ORDERED)
    add("L", distinct_ids=["a"])
    db.execute("set role auditor")
    assert (members(db, "C"), members(db, "L")) == ({"a"}, {"a"})


def test_who_asks_for_one_cohort_works_out_one(db, act, cycle, add):
    act("order", "a")
    cycle()
    add("A", ORDERED)
    add("B", PRO)
    rows = db.execute("explain analyze select * from warehouse.cohort_members where cohort = 'A'").fetchall()
    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    assert "Function Scan on cohort_persons" in plan
    assert "loops=1" in plan.split("Function Scan on cohort_persons")[1].splitlines()[0]


@pytest.mark.parametrize(
    "statement",
    [
        "update warehouse.cohort set is_enabled = false",
        "update warehouse.cohort_condition set times = 9 where times > 1",
        "update warehouse.cohort_alternative set excluded = needed",
        "delete from warehouse.cohort_distinct_id",
        "update ops.cohort_decision set why = 'x'",
    ],
)
def test_tampering_is_found(db, cycle, add, statement):
    cycle(at=0)
    add("C", OFTEN)
    add("L", distinct_ids=["a"])
    agrees(db)
    db.execute(statement)
    words = statement.removeprefix("delete from ").removeprefix("update ")
    assert [trouble.table for trouble in verify(db).troubles] == [words.split()[0]]


def test_an_erased_person_is_in_no_list_by_its_id(db, act, cycle, add):
    act("page", "secret-device")
    act("$identify", "secret", properties={"$anon_distinct_id": "secret-device"})
    cycle()
    add("L", distinct_ids=["secret", "secret-device", "other"])
    assert len(members(db, "L")) == 1
    person.erase(db, person.find(db, distinct_id="secret"), by="ann", why="request 17")
    cycle()
    rows = db.execute("select distinct_id from warehouse.cohort_distinct_id order by 1").fetchall()
    assert [row["distinct_id"][:8] for row in rows] == ["$erased-", "$erased-", "other"]
    kept = db.execute("select count(*) as n from ops.cohort_decision where definition::text like '%secret%'").fetchone()
    assert kept == {"n": 0}
    agrees(db)


def test_a_rebuilt_warehouse_has_the_same_cohorts(database, db, settings, act, add):
    act("order", "a", properties={"$set": {"plan": "pro"}})
    run_cycle(db, settings)
    add("C", PRO, ORDERED)
    add("L", distinct_ids=["a"])
    add("Off", PRO)
    cohort.disable(db, "Off", team_id=1, by="ann", why="x")
    result = rebuild(database, settings, is_kept=True)
    assert result.difference is None
    with sql.connect(databases.database_url(database, result.database)) as rebuilt:
        assert [members(rebuilt, name) for name in ("C", "L", "Off")] == [{"a"}, {"a"}, set()]
        agrees(rebuilt)


def test_files_and_folders(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"results": [{"name": "A", "distinct_ids": ["x"]}]}))
    (tmp_path / "b.json").write_text("[" * 100_000)
    with pytest.raises(DefinitionError, match=r"b\.json is no JSON"):
        cohort.read_files(tmp_path)
    assert [each.name for each in cohort.read_files(tmp_path / "a.json")] == ["A"]
