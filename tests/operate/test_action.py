"""Actions: what readers count of them, what was decided about them, and that nothing of it depends on batches."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.errors import DefinitionError, ProjectError
from etl.files.undo import undo
from etl.operate import action, project
from etl.operate.digest import read_digest
from etl.operate.rebuild import rebuild
from etl.operate.split import split
from etl.quality.audit import verify
from etl.rules.action import read_actions
from tests.files.examples import land_one

BUTTON = 'button.btn:attr__class="btn"nth-child="1"nth-of-type="1"text="{}"'


@pytest.fixture
def add(db):
    """Add an action by its name and steps; gives what was decided."""

    def _add(name, *steps, **members):
        (outcome,) = action.add(
            db, read_actions({"name": name, "steps": list(steps), **members}), team_id=1, by="ann", why="a test"
        )
        return outcome.decision

    return _add


@pytest.fixture
def click(land):
    """Land a click on a button with a text."""

    def _click(text, distinct_id="u1", *, at=0, **columns):
        properties = {"$elements_chain": BUTTON.format(text), **columns.pop("properties", {})}
        return land("$autocapture", distinct_id, at=at, properties={"$device_id": distinct_id, **properties}, **columns)

    return _click


def counts(db, name=None):
    """Events and persons of each action, all days together."""
    rows = db.execute(
        "select action, count(*)::int as events, count(distinct person_id)::int as persons"
        " from warehouse.action_events group by action"
    )
    found = {row["action"]: (row["events"], row["persons"]) for row in rows}
    return found.get(name, (0, 0)) if name else found


def agrees(db):
    assert verify(db).troubles == []


def test_texts_that_drifted_are_one_action(db, add, click, cycle):
    click("Purchase", "a")
    click("Other", "b")
    cycle(at=1)
    assert (
        add("Bought", {"event": "$autocapture", "text": "Purchase"}, {"event": "$autocapture", "text": "Add"})
        == "added"
    )
    assert counts(db, "Bought") == (1, 1)
    click("Add", "a", at=2)
    click("Add", "c", at=2)
    click("Add to list", "d", at=2)
    cycle(at=3)
    assert counts(db, "Bought") == (3, 2)
    agrees(db)


@pytest.mark.parametrize(
    ("step", "events"),
    [
        # By what a text is compared with; events: those of the page below that are counted.
        ({"event": "$autocapture", "text": "Buy now"}, {"buy"}),
        ({"event": "$autocapture", "text": "buy now"}, set()),
        ({"event": "$autocapture", "text": "BUY", "text_matching": "contains"}, {"buy"}),
        ({"event": "$autocapture", "text": "b.y\\b", "text_matching": "regex"}, set()),
        ({"event": "$autocapture", "text": "B.y\\b", "text_matching": "regex"}, {"buy"}),
        ({"event": "$autocapture", "text": "50%", "text_matching": "contains"}, {"sale"}),
        ({"event": "$autocapture", "text": "5_%", "text_matching": "contains"}, set()),
        ({"event": "$autocapture", "text": "ÜBER", "text_matching": "contains"}, {"sale"}),
        ({"event": "$autocapture", "href": "/pay?x=1"}, {"buy"}),
        ({"event": "$autocapture", "href": "/PAY", "href_matching": "contains"}, {"buy"}),
        ({"event": "$autocapture", "href": "^/pay$", "href_matching": "regex"}, set()),
        ({"event": "$autocapture", "tag_name": "A"}, {"buy"}),
        ({"event": "$autocapture", "tag_name": "nav"}, {"buy"}),
        ({"event": "$autocapture", "tag_name": "btn"}, set()),
        ({"event": "$autocapture", "selector": "nav > a.btn-primary"}, {"buy"}),
        ({"event": "$autocapture", "selector": ".btn"}, {"sale"}),
        ({"event": "$autocapture", "selector": "a", "text": "Buy now", "url": "shop"}, {"buy"}),
        ({"event": "$autocapture", "selector": "a", "text": "50% über alles"}, set()),
        ({"selector": "a"}, {"buy"}),
        # The page, for any event.
        ({"event": "$pageview", "url": "shop.example/a"}, {"view"}),
        ({"event": "$pageview", "url": "SHOP"}, set()),
        ({"event": "$pageview", "url": "shop%b_c"}, {"view"}),
        ({"event": "$pageview", "url": "b?c"}, set()),
        ({"event": "$pageview", "url": "a/b_c\\"}, set()),
        ({"event": "$pageview", "url": "https://shop.example/a/b_c", "url_matching": "exact"}, {"view"}),
        ({"event": "$pageview", "url": "https://shop.example/a/b", "url_matching": "exact"}, set()),
        ({"event": "$pageview", "url": "/a/.*c$", "url_matching": "regex"}, {"view"}),
        ({"url": "shop.example"}, {"buy", "view"}),
        ({"event": "Order created"}, {"order"}),
        ({"event": None}, {"buy", "sale", "view", "order"}),
        ({"event": "order created"}, set()),
    ],
)
def test_what_a_step_finds(db, land, cycle, add, step, events):
    chain = 'a.btn-primary:attr__class="btn-primary"href="/pay?x=1"nth-child="1"text="Buy now";nav:nth-child="1"'
    shop = {"$device_id": "u1", "$current_url": "https://shop.example/a/b_c"}
    land("$autocapture", "u1", at=0, properties={**shop, "$elements_chain": chain, "n": "buy"})
    sale = [{"tag_name": "button", "attr__class": ["btn", "wide"], "$el_text": "50% über alles", "nth_child": 1}]
    land("$autocapture", "u1", at=0, properties={"$device_id": "u1", "$elements": sale, "n": "sale"})
    land("$pageview", "u1", at=0, properties={**shop, "n": "view"})
    if len(json.dumps(step)) % 2:  # before its events or after them: no difference
        add("A", step)
        cycle(at=1)
    else:
        cycle(at=1)
        add("A", step)
    land("Order created", "u1", at=2, properties={"n": "order"})
    cycle(at=3)
    found = db.execute("select properties ->> 'n' as n from warehouse.action_events").fetchall()
    assert sorted(row["n"] for row in found) == sorted(events)


# By PostHog's property.py: what is missing or null is no value; a negative operator holds for it.
VALUES = {
    "pro": "pro", "Pro": "Pro", "empty": "", "5": 5, "text 5": "5", "5.0": 5.0, "10": 10, "text 10": " 10 ",
    "true": True, "text true": "true", "false": False, "null": None, "list": ["pro"], "object": {"a": "pro"},
    "nan": "NaN", "1e3": "1e3",
}  # fmt: skip
EVERYTHING = {*VALUES, "missing"}


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"value": "pro"}, {"pro"}),
        ({"value": ["pro", 5]}, {"pro", "5", "text 5", "5.0"}),
        ({"value": "5"}, {"5", "text 5"}),
        ({"value": 5}, {"5", "text 5", "5.0"}),
        ({"value": True}, {"true", "text true"}),
        ({"value": "true"}, {"true", "text true"}),
        ({"value": ""}, {"empty"}),
        ({"operator": "is_not", "value": "pro"}, EVERYTHING - {"pro"}),
        ({"operator": "is_not", "value": ["pro", "Pro"]}, EVERYTHING - {"pro", "Pro"}),
        ({"operator": "is_set"}, EVERYTHING - {"missing", "null"}),
        ({"operator": "is_not_set"}, {"missing", "null"}),
        ({"operator": "icontains", "value": "PR"}, {"pro", "Pro", "list", "object"}),
        ({"operator": "icontains", "value": ["tru", "als"]}, {"true", "text true", "false"}),
        ({"operator": "icontains", "value": "%"}, set()),
        ({"operator": "icontains", "value": "_"}, set()),
        ({"operator": "not_icontains", "value": "PR"}, EVERYTHING - {"pro", "Pro", "list", "object"}),
        ({"operator": "regex", "value": "^[Pp]ro$"}, {"pro", "Pro"}),
        ({"operator": "regex", "value": "^$"}, {"empty"}),
        ({"operator": "not_regex", "value": "ro"}, EVERYTHING - {"pro", "Pro", "list", "object"}),
        ({"operator": "gt", "value": 5}, {"10", "text 10", "1e3"}),
        ({"operator": "gte", "value": "5"}, {"5", "text 5", "5.0", "10", "text 10", "1e3"}),
        ({"operator": "lt", "value": 10}, {"5", "text 5", "5.0"}),
        ({"operator": "lte", "value": 10}, {"5", "text 5", "5.0", "10", "text 10"}),
    ],
)
@pytest.mark.parametrize("kind", ["event", "person"])
def test_operators(db, land, cycle, add, kind, filter_, found):
    for name, value in [*VALUES.items(), ("missing", None)]:
        said = {} if name == "missing" else {"k": value}
        said = {"$set": said} if kind == "person" else said
        land("page", name, at=0, properties={"$device_id": name, **said})
    add("A", {"event": "page", "properties": [{"key": "k", "type": kind, **filter_}]})
    cycle(at=1)
    assert {row["distinct_id"] for row in db.execute("select distinct_id from warehouse.action_events")} == found


def test_filters_of_a_step_are_joined_by_and(db, land, cycle, add):
    for name, said in (("a", {"x": 1, "y": 1}), ("b", {"x": 1}), ("c", {"y": 1})):
        land("page", name, at=0, properties={"$device_id": name, "$set": {"plan": name}, **said})
    filters = [{"key": "x", "value": 1}, {"key": "y", "operator": "is_set"}]
    add("A", {"event": "page", "properties": filters})
    add("B", {"event": "page", "properties": [filters[0], {"key": "plan", "value": ["a", "c"], "type": "person"}]})
    cycle(at=1)
    assert counts(db) == {"A": (1, 1), "B": (1, 1)}


def test_a_hostile_number_is_none(db, land, cycle, add):
    add("A", {"properties": [{"key": "k", "operator": "gt", "value": 1}]})
    for n, value in enumerate(["9" * 100_000, "1e999", "1e-999", "0x10", "Infinity", "1_000", "٣", "1e99999"]):
        land("page", f"u{n}", at=0, properties={"$device_id": f"u{n}", "k": value})
    cycle(at=1)
    assert counts(db, "A") == (1, 1)  # 1e999


def test_an_event_that_meets_several_steps_counts_once(db, add, click, cycle):
    click("Add")
    cycle(at=1)
    add("A", {"event": "$autocapture", "text": "Add"}, {"event": "$autocapture"}, {}, {"selector": "button"})
    add("B", {"event": None, "text": "Add"}, {"event": "$autocapture", "text": "Other"})
    assert counts(db) == {"A": (1, 1), "B": (1, 1)}


def test_both_numbers_by_day_follow_merges_and_splits(db, land, click, cycle, add):
    add("Bought", {"event": "$autocapture", "text": "Add"})
    click("Add", "anon", at=0)
    land("$identify", "bob", at=1)
    click("Add", "bob", at=2)
    cycle(at=3)
    by_day = "select day::text, persons::int, events::int from warehouse.daily_action_persons"
    assert db.execute(by_day).fetchall() == [{"day": "2022-07-01", "persons": 2, "events": 2}]
    land("$identify", "bob", properties={"$anon_distinct_id": "anon"}, at=4)
    cycle(at=5)
    assert db.execute(by_day).fetchall() == [{"day": "2022-07-01", "persons": 1, "events": 2}]
    person = db.execute("select person_id from warehouse.person_distinct_ids where distinct_id = 'bob'").fetchone()
    split(db, person["person_id"], ["anon"], by="ann", why="two")
    cycle()
    assert db.execute(by_day).fetchall() == [{"day": "2022-07-01", "persons": 2, "events": 2}]
    agrees(db)


def test_a_filter_on_persons_asks_the_person_of_now(db, land, click, cycle, add):
    add("Pro", {"event": "$autocapture", "properties": [{"key": "plan", "value": "pro", "type": "person"}]})
    click("Add", "anon", at=0)
    cycle(at=1)
    assert counts(db, "Pro") == (0, 0)
    land("$identify", "bob", properties={"$anon_distinct_id": "anon", "$set": {"plan": "pro"}}, at=2)
    cycle(at=3)
    assert counts(db, "Pro") == (1, 1)


def test_a_held_event_counts_from_its_batch_on(db, land, cycle, add):
    add("A", {"selector": "button.btn"})
    land("$autocapture", "bob", at=0, properties={"$elements_chain": BUTTON.format("x")})
    cycle(at=1)
    assert counts(db, "A") == (0, 0)
    cycle(at=100)
    assert counts(db, "A") == (1, 1)


def test_an_open_batch_is_not_counted(db, click, cycle, add):
    """Another session has committed the events, and the step's own one breaks off."""
    add("A", {"selector": "button"})

    def broken(_, name, has_run):
        if name == "load/close_batch" and not has_run:
            raise KeyboardInterrupt

    click("x", at=0)
    with sql.observed(broken), pytest.raises(KeyboardInterrupt):
        cycle(at=1)
    assert counts(db, "A") == (0, 0)
    add("B", {"selector": ".btn"})
    assert counts(db) == {}
    cycle(at=1)
    assert counts(db) == {"A": (1, 1), "B": (1, 1)}
    agrees(db)


def test_changed_disabled_enabled_and_all_of_it_kept(db, click, cycle, add):
    click("Purchase", "a")
    click("Add", "b")
    cycle(at=1)
    assert add("Bought", {"event": "$autocapture", "text": "Purchase"}) == "added"
    before = action.find(db, "Bought", team_id=1)["action_id"]
    assert add("Bought", {"event": "$autocapture", "text": "Purchase", "url": None, "id": 9}) == "unchanged"
    assert add("Bought", {"event": "$autocapture", "text": "Add"}) == "changed"
    assert counts(db, "Bought") == (1, 1)
    assert db.execute("select distinct_id from warehouse.action_events").fetchall() == [{"distinct_id": "b"}]
    assert action.disable(db, "Bought", team_id=1, by="bea", why="not needed")
    assert not action.disable(db, "Bought", team_id=1, by="bea", why="again")
    assert counts(db) == {}
    click("Add", "c", at=2)
    cycle(at=3)
    assert add("Bought", {"event": "$autocapture", "text": "Add"}) == "enabled"
    assert counts(db, "Bought") == (2, 2)
    assert action.find(db, "Bought", team_id=1)["action_id"] == before
    history = action.read_history(db, "Bought", team_id=1)
    assert [(row["decision"], row["decided_by"], row["why"], row["steps"][0]["text"]) for row in history] == [
        ("added", "ann", "a test", "Purchase"),
        ("changed", "ann", "a test", "Add"),
        ("disabled", "bea", "not needed", "Add"),
        ("enabled", "ann", "a test", "Add"),
    ]
    said = [
        row["record"] for row in db.execute("select record from ops.audit_entry where kind = 'decision' order by 1")
    ]
    assert said == [
        "actions: 'Bought' added by ann: a test",
        "actions: 'Bought' changed by ann: a test",
        "actions: 'Bought' disabled by bea: not needed",
        "actions: 'Bought' enabled by ann: a test",
    ]
    agrees(db)


def test_one_that_is_deleted_in_posthog_is_left_out(db, add):
    assert add("Old", deleted=True) == "deleted in PostHog, left out"
    assert action.list_all(db) == []


def test_projects_are_apart(db, land, cycle, add):
    project.add(db, "other")
    other = 2
    land("page", "u", at=0, properties={"$device_id": "u"})
    land("page", "v", at=0, properties={"$device_id": "v"}, team_id=other)
    cycle(at=1)
    add("A", {"event": "page"})
    action.add(db, read_actions({"name": "A", "steps": [{}]}), team_id=other, by="ann", why="too")
    found = db.execute("select team_id, distinct_id from warehouse.action_events order by team_id").fetchall()
    assert [tuple(row.values()) for row in found] == [(1, "u"), (other, "v")]
    with pytest.raises(ProjectError, match="no project 77"):
        action.add(db, read_actions({"name": "A", "steps": [{}]}), team_id=77, by="ann", why="too")


def test_an_expression_that_postgresql_cannot_use_is_refused_with_its_place(db):
    for step, place in (
        ({"url": "a(", "url_matching": "regex"}, r"steps\[0\].url: no regular expression"),
        ({"event": "$autocapture", "text": "[b-a]", "text_matching": "regex"}, r"steps\[0\].text"),
        (
            {"properties": [{"key": "k", "operator": "not_regex", "value": ["a", "a{9,1}"]}]},
            r"steps\[0\].properties\[0\]",
        ),
    ):
        with pytest.raises(DefinitionError, match=place):
            action.add(db, read_actions({"name": "A", "steps": [step]}), team_id=1, by="ann", why="a test")
    assert action.list_all(db) == []


def test_all_or_none(db):
    actions = read_actions([
        {"name": "A", "steps": [{}]},
        {"name": "B", "steps": [{"url": "(", "url_matching": "regex"}]},
    ])
    with pytest.raises(DefinitionError):
        action.add(db, actions, team_id=1, by="ann", why="a test")
    assert action.list_all(db) == []


def test_hostile_text(db, land, cycle, add):
    """Whatever a visitor sends fails no batch, and is compared as it stands."""
    name = "'; drop table warehouse.action; -- \x1b[31m<b>"
    text = "%s %(x)s \\ ' \" ; : . {} \u202e"
    add(name, {"event": "$autocapture", "text": text}, {"event": "$autocapture", "url": text})
    escaped = text.replace('"', '\\"')
    chains = [
        f'a:nth-child="1"text="{escaped}"',
        'a:text="x',
        '"',
        ";" * 5000,
        'a:text="\\"',
        "x" * 300_000,
        "a:\ufffd",
    ]
    for n, chain in enumerate(chains):
        land("$autocapture", f"u{n}", at=0, properties={"$device_id": f"u{n}", "$elements_chain": chain})
    land(
        "$autocapture", "v", at=0, properties={"$device_id": "v", "$elements": [{"tag_name": 5, 'attr__a"b': {"c": 1}}]}
    )
    land("$autocapture", "w", at=0, properties={"$device_id": "w", "$current_url": {"a": 1}})
    cycle(at=1)
    assert counts(db) == {name: (1, 1)}
    agrees(db)


def test_a_chain_is_matched_once(db, click, cycle, add):
    add("A", {"selector": "button"})
    seen = []

    def watch(_, name, has_run):
        if name == "load/insert_matched_chain" and not has_run:
            seen.append(name)

    with sql.observed(watch):
        for n in range(3):
            click("Add", f"u{n}", at=n)
            click("Add", f"v{n}", at=n)
            cycle(at=n)
    assert len(seen) == 1
    assert db.execute("select count(*)::int as n from warehouse.matched_chain").fetchone() == {"n": 1}


def test_only_a_change_about_elements_reads_every_event(db, click, cycle, add):
    click("Add")
    cycle(at=0)
    read = []

    def watch(_, name, has_run):
        if name == "action/read_chains" and not has_run:
            read.append(name)

    with sql.observed(watch):
        add("A", {"event": "$autocapture"})
        assert read == []
        add("A", {"event": "$autocapture", "text": "Add"})
        assert len(read) == 1
        add("B", {"event": "$autocapture", "url": "/"})
        assert len(read) == 1
        add("A", {"event": "$autocapture"})
        assert len(read) == 2
    assert db.execute("select count(*)::int as n from warehouse.matched_chain").fetchone() == {"n": 0}


def test_without_conditions_on_elements_nothing_is_matched(db, click, cycle, add):
    add("A", {"event": "$autocapture"})
    click("Add")
    cycle(at=0)
    assert counts(db, "A") == (1, 1)
    assert db.execute("select count(*)::int as n from warehouse.matched_chain").fetchone() == {"n": 0}


def test_in_a_batch_of_several_slices(db, cycle, add, monkeypatch):
    monkeypatch.setattr("etl.cycle.load.SLICE", 20)
    add("Even", *({"event": "$autocapture", "text": str(n)} for n in range(0, 10, 2)))
    db.execute(
        "insert into landing.event (event, distinct_id, properties)"
        " select '$autocapture', 'u' || n, jsonb_build_object('$device_id', 'u' || n, '$elements_chain', chain)"
        " from generate_series(1, 200) as n cross join lateral (select 'a:text=\"' || mod(n, 10) || '\"' as chain) as c"
    )
    cycle()
    assert counts(db, "Even") == (100, 100)
    assert db.execute("select count(*)::int as n from warehouse.matched_chain").fetchone() == {"n": 10}
    agrees(db)


def test_trying_keeps_nothing(db, click, cycle, add):
    click("Add", "a", at=None)
    click("Buy", "b", at=None)
    cycle()
    add("A", {"event": "$autocapture", "text": "Add"})
    state = db.execute("select max(entry_id) as newest from ops.audit_entry").fetchone()
    (trial, other) = action.try_out(
        db,
        read_actions([{"name": "A", "steps": [{"selector": "button"}]}, {"name": "B", "steps": [{"event": "no"}]}]),
        team_id=1,
        days=2,
    )
    assert [(row["events"], row["persons"]) for row in trial.days] == [(2, 2)]
    assert other.days == []
    assert [row["name"] for row in action.list_all(db)] == ["A"]
    assert counts(db) == {"A": (1, 1)}
    assert db.execute("select max(entry_id) as newest from ops.audit_entry").fetchone() == state
    agrees(db)


@pytest.mark.parametrize(
    "statement",
    [
        "update warehouse.action set is_enabled = false",
        "update warehouse.action_step set event = 'x'",
        "update warehouse.action_filter set key = 'x'",
        "update warehouse.matched_chain set step_ids = '{}'",
        "update ops.action_decision set decided_by = 'x'",
    ],
)
def test_tampering_is_found(db, click, cycle, add, statement):
    click("Add")
    cycle(at=0)
    add("A", {"event": "$autocapture", "text": "Add", "properties": [{"key": "k", "operator": "is_not_set"}]})
    agrees(db)
    db.execute(statement)
    assert [trouble.table for trouble in verify(db).troubles] == [statement.split()[1]]


def test_a_file_that_is_undone_is_not_counted(database, db, settings, tmp_path, add):
    add("Bought", {"event": "$autocapture", "text": "Add"})
    for name, ids in (("good", "ab"), ("wrong", "bc")):
        rows = [
            {"event": "$autocapture", "distinct_id": each, "uuid": str(uuid4()), "properties": {
                "$device_id": each, "$elements_chain": BUTTON.format("Add"), "file": name}}
            for each in ids
        ]  # fmt: skip
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        land_one(database, tmp_path / f"{name}.jsonl")
        run_cycle(db, settings)
    assert counts(db, "Bought") == (4, 3)
    undo(db, str(tmp_path / "wrong.jsonl"), by="ann", why="wrong")
    run_cycle(db, settings)
    assert counts(db, "Bought") == (2, 2)
    agrees(db)


def test_a_rebuilt_warehouse_has_the_same_actions(database, db, settings, land, click, cycle, add):
    click("Add", "anon", at=0)
    cycle(at=1)
    add("Bought", {"event": "$autocapture", "text": "Purchase"}, {"selector": "button.btn", "text": "Add"})
    add("Any", {"properties": [{"key": "plan", "value": "pro", "type": "person"}]})
    add("Off", {"event": "$identify"})
    action.disable(db, "Off", team_id=1, by="ann", why="a test")
    click("Purchase", "bob", at=2)
    land("$identify", "bob", properties={"$anon_distinct_id": "anon", "$set": {"plan": "pro"}}, at=3)
    cycle(at=4)
    assert counts(db) == {"Bought": (2, 1), "Any": (3, 1)}
    result = rebuild(database, settings, is_kept=True)
    assert result.difference is None
    with sql.connect(databases.database_url(database, result.database)) as rebuilt:
        assert counts(rebuilt) == counts(db)
        agrees(rebuilt)


def test_a_digest_has_what_actions_find(database, db, settings, click, cycle, add):
    def found():
        (section,) = [each for each in read_digest(db).sections if each.name == "actions"]
        return section

    click("Add", "a")
    click("Add", "b")
    cycle()
    assert found().entries == 0
    add("Bought", {"event": "$autocapture", "text": "Add"})
    add("Clicked", {"event": "$autocapture"})
    before = found()
    assert before.entries == 4
    result = rebuild(database, settings)
    assert (result.difference, result.live) == (None, result.rebuilt)
    # What a chain meets is stored; a rebuild works it out again, and names the first event that differs.
    db.execute("update warehouse.matched_chain set step_ids = '{}'")
    assert (found().entries, found().digest == before.digest) == (2, False)
    difference = rebuild(database, settings).difference
    assert (difference.section, difference.ours, difference.theirs) == ("actions", None, "found")
    assert difference.key.startswith("1 Bought ")


def test_files_and_folders(db, tmp_path):
    (tmp_path / "b.json").write_text(json.dumps({"name": "B", "steps": [{"event": "b"}]}))
    (tmp_path / "a.json").write_text(json.dumps({"results": [{"name": "A", "steps": [{"event": "a"}]}]}))
    (tmp_path / "notes.txt").write_text("no action")
    actions = action.read_files(tmp_path)
    assert [each.name for each in actions] == ["A", "B"]
    outcomes = action.add(db, actions, team_id=1, by="ann", why="all of them")
    assert [(each.name, each.decision) for each in outcomes] == [("A", "added"), ("B", "added")]
    (tmp_path / "c.json").write_text(json.dumps({"name": "A", "steps": [{"event": "c"}]}))
    with pytest.raises(DefinitionError, match=r"c\.json and .*a\.json: both have 'A'"):
        action.read_files(tmp_path)
    (tmp_path / "c.json").write_text("{")
    with pytest.raises(DefinitionError, match=r"c\.json is no JSON"):
        action.read_files(tmp_path)
    (tmp_path / "c.json").write_text(json.dumps({"name": "C", "steps": [{"selector": "a::b"}]}))
    with pytest.raises(DefinitionError, match=r"c\.json: Action 'C', steps\[0\]\.selector"):
        action.read_files(tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(DefinitionError, match="no file"):
        action.read_files(tmp_path / "none")
