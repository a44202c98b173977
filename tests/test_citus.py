"""Statements are such that Citus could run them with the events on other servers, but for what is named here."""

from __future__ import annotations

import pytest

from tests.citus import ROOT, RULES, broken_rules

pytestmark = pytest.mark.long

# The rule, why a statement may break it, and which do.
KNOWN = {
    "join": {
        "the rows of one batch are sent along": (
            "report/insert_batch",
            "report/insert_lag",
            "resolve/exclude_duplicates",
        ),
        "some ids are sent along; as a list it takes half as long again on one server": ("maintain/squash_events",),
        "rare, and by ids": (
            "audit/find_landing_row",
            "erase/collect_erasure",
            "erase/collect_groups",
            "erase/collect_loaded",
            "erase/collect_naming",
            "erase/rewrite_dropped_event_keys",
            "erase/rewrite_event_keys",
            "erase/rewrite_events",
            "explain/read_dropped",
            "explain/read_hold",
            "functions/warehouse.events_of_person",
            "withdraw/collect_events",
            "withdraw/collect_groups",
            "withdraw/delete_event_keys",
            "withdraw/delete_events",
            "withdraw/insert_active_ids",
            "withdraw/insert_personless",
            "withdraw/insert_withdrawal",
            "withdraw/read_births",
            "withdraw/read_group_operations",
            "withdraw/stamp_events",
            "withdraw/update_first_seen",
        ),
        "retention, a share of the events at a time": (
            "event_retention/delete_events",
            "event_retention/read_group_operations",
            "event_retention/read_operations",
            "event_retention/upsert_births",
            "event_retention/upsert_ids",
            "views/ops.birth",
        ),
        "overrides, ids or steps of actions are sent along whole": (
            "audit/compare_persons",
            "daily/count_users",
            "daily/read_clicks",
            "invariants/event_agrees_with_distinct_id",
            "views/warehouse.action_events",
            "views/warehouse.events",
            "views/warehouse.posthog_events",
        ),
        "the demo, on a server of its own": ("local/read_story",),
    },
    "look-up": {
        "refused: the person of an event that carries none": (
            "views/warehouse.events",
            "views/warehouse.posthog_events",
        ),
        "refused: the steps of an action": (
            "daily/read_clicks",
            "functions/ops.cohort_persons",
            "views/warehouse.action_events",
        ),
        "refused: a few events of each name, where a join would read whole days": (
            "daily/profile_properties",
            "detectors/changed_type",
            "detectors/lost_device_ids",
            "detectors/names_from_ids",
            "detectors/silent_action",
            "detectors/vanished_property",
            "plan/sample_properties",
        ),
        "refused: rare, and by ids": ("erase/collect_landed", "land/land_repeated"),
        "refused: which events make a person, of those that retention drops or a file's": (
            "event_retention/choose_events",
            "views/ops.birth",
        ),
    },
    "function": {"refused: the person as of an event": ("views/warehouse.posthog_events",)},
    "moved row": {
        "refused: an erasure": (
            "erase/rewrite_dropped_event_keys",
            "erase/rewrite_event_keys",
            "erase/rewrite_events",
        )
    },
}
NAMES = sorted(
    str(path.relative_to(ROOT))[:-4]
    for path in ROOT.rglob("*.sql")
    if not path.is_relative_to(ROOT / "dbt") and path.parent.name != "schema"
)


def known(name: str) -> set[str]:
    return {rule for rule, reasons in KNOWN.items() if any(name in names for names in reasons.values())}


@pytest.mark.parametrize("name", NAMES)
def test_a_statement_breaks_no_rule_but_the_known_ones(name):
    assert broken_rules((ROOT / f"{name}.sql").read_text()) == known(name)


def test_what_is_known_is_of_statements_that_are_there():
    assert {name for reasons in KNOWN.values() for names in reasons.values() for name in names} <= set(NAMES)


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("select count(*) from warehouse.stored_event as e where e.tableoid = 5;", "system column"),
        ("delete from warehouse.event_key as k where k.ctid = '(0,1)';", "system column"),
        (
            "select 1 from warehouse.stored_event as e inner join staging.event as s on e.uuid = s.uuid;",
            "join",
        ),
        ("delete from warehouse.event_key using staging.event as s where warehouse.event_key.uuid = s.uuid;", "join"),
        ("select 1 from buffer.event as b left join warehouse.events as e on b.uuid = e.uuid;", "join"),
        (
            "select 1 from buffer.event as b where exists (select 1 from warehouse.events as e where e.uuid = b.uuid);",
            "look-up",
        ),
        (
            "select 1 from staging.event as s cross join lateral (select r.event from warehouse.stored_event as r "
            "where r.uuid = s.uuid limit 1) as f;",
            "look-up",
        ),
        (
            "select (select p.is_identified from warehouse.person as p where p.person_id = e.person_id) as a "
            "from warehouse.stored_event as e;",
            "look-up",
        ),
        (
            "update warehouse.stored_event set person_id = null "
            "where exists (select 1 from staging.split as s where s.distinct_id = warehouse.stored_event.distinct_id);",
            "look-up",
        ),
        (
            "select count(*) from warehouse.event_key as k where not exists (select from ops.written_ahead);",
            "no column",
        ),
        (
            "select warehouse.person_properties_as_of(e.team_id, e.distinct_id, e.uuid, e.event) as properties "
            "from warehouse.stored_event as e;",
            "function",
        ),
        ("update warehouse.event_key as k set distinct_id = 'x' where k.team_id = 1;", "moved row"),
    ],
)
def test_a_bad_statement_is_found(statement, rule):
    assert broken_rules(statement) == {rule}


@pytest.mark.parametrize(
    "statement",
    [
        # Lists, whose rows are sent along.
        "with s as materialized (select t.uuid from staging.event as t) "
        "select 1 from warehouse.event_key as k inner join s on k.uuid = s.uuid;",
        "select 1 from warehouse.event_key as k where k.uuid in (select s.uuid from staging.event as s);",
        # Both are spread, by the same column.
        "select 1 from warehouse.event_key as k inner join warehouse.stored_event as e "
        "on k.distinct_id = e.distinct_id where exists (select from warehouse.event_key as o where o.uuid = e.uuid);",
        "select count(*) from warehouse.event_key as k where exists (select w.batch_id from ops.written_ahead as w);",
        # No table in it.
        "select ops.is_blank(e.event) as is_blank from warehouse.stored_event as e;",
        "update warehouse.stored_event set person_id = null where team_id = 1;",
        "insert into staging.warning (landing_id) select e.landing_id from warehouse.stored_event as e;",
        # Nothing of the events.
        "select 1 from staging.event as s where exists (select from buffer.event as b where b.uuid = s.uuid);",
        "select tableoid from ops.batch as b inner join ops.warning as w on b.batch_id = w.batch_id;",
    ],
)
def test_a_good_statement_is_not(statement):
    assert broken_rules(statement) == set()


def test_a_statement_that_cannot_be_read_is_not_passed_over():
    with pytest.raises(ValueError, match="zzz"):
        broken_rules("select 1 from warehouse.stored_event as e where zzz zzz zzz;")


def test_rules_are_those_that_are_told():
    assert set(KNOWN) <= set(RULES)
