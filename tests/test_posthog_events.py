"""The table of PostHog's columns in sql/README.md: complete, and as the view is."""

from __future__ import annotations

import re

import pytest

from etl import sql

TABLE = (
    (sql.resource("sql") / "README.md").read_text().partition("\n### PostHog's own columns\n")[2].partition("\n###")[0]
)
ROWS = dict(re.findall(r"^\| (`.*?) \| (.*?) \|$", TABLE, re.MULTILINE))

# PostHog's `sharded_events` as of 2026-11 (posthog/models/event/sql.py), without its maps of properties.
_POSTHOG = """
uuid event properties timestamp team_id distinct_id elements_chain created_at person_id person_created_at
person_properties group0_properties group1_properties group2_properties group3_properties group4_properties
group0_created_at group1_created_at group2_created_at group3_created_at group4_created_at person_mode
$group_0 $group_1 $group_2 $group_3 $group_4 $window_id $session_id
elements_chain_href elements_chain_texts elements_chain_ids elements_chain_elements _timestamp _offset inserted_at
"""
POSTHOG = _POSTHOG.split()


def marked(cell: str) -> list[str]:
    return re.findall(r"`(.+?)`", cell)


def named(cell: str) -> list[str]:
    """The columns of a cell; `a0` to `a4` are five."""
    words = marked(cell)
    if " to " not in cell:
        return words
    first, last = (int(re.search(r"\d", word)[0]) for word in words)
    return [re.sub(r"\d", str(number), words[0]) for number in range(first, last + 1)]


def columns(db, relation: str) -> set[str]:
    rows = db.execute("select attname from pg_attribute where attrelid = %s::regclass and attnum > 0", (relation,))
    return {row["attname"] for row in rows.fetchall()}


def test_every_column_of_posthog_stands_once():
    assert sorted(name for cell in ROWS for name in named(cell)) == sorted(POSTHOG)


def test_what_is_there_is_said_to_be_there_and_nothing_else(shared_db):
    view = columns(shared_db, "warehouse.posthog_events")
    same = {name for cell, here in ROWS.items() for name in named(cell) if here.startswith(f"`{name}`")}
    assert same == view - {"landing_id"}
    assert "landing_id" in marked(ROWS["`_timestamp`, `_offset`"])
    assert {"created_at", "properties", "group_type"} <= columns(shared_db, "warehouse.groups")
    assert "loaded_at" in columns(shared_db, "ops.batch")
    assert "batch_id" in columns(shared_db, "warehouse.events")


@pytest.mark.parametrize(
    "cell", [cell for cell, here in ROWS.items() if here.startswith("`") and " " in marked(here)[0]]
)
def test_what_stands_for_a_column_gives_its_value(cell, db, land, cycle):
    land(
        "$autocapture",
        "d",
        properties={
            "$device_id": "d",
            "$groups": {"company": "acme"},
            "$session_id": "s",
            "$window_id": "w",
            "$elements": [{"tag_name": "a", "attr__href": "/buy", "href": "/buy", "$el_text": "Buy"}],
        },
    )
    cycle()
    value = db.execute(f"select {marked(ROWS[cell])[0]} as value from warehouse.posthog_events").fetchone()["value"]
    assert (
        value
        == {"$group_": "acme", "$session_id": "s", "$window_id": "w", "elements_chain_href": "/buy"}[
            re.sub(r"\d$", "", named(cell)[0])
        ]
    )
