"""Distinct ids: cut alike wherever they stand, and what is blank is none."""

from __future__ import annotations

import pytest

from etl.rules.identity import person_id_of
from etl.rules.wire import is_blank, landing_row

LONG = "https://shop.example/s/" + "x" * 208
AT_LIMIT = "y" * 200
BLANKS = [" ", "\t", "\u00a0", "\u2003", "\u3000", "\u0085", "\u200b", "\u2060", "\ufeff", " \u200b\u00a0\n"]


def warnings(db):
    rows = db.execute("select landing_id, type, details from ops.warning order by landing_id, type")
    return [(row["landing_id"], row["type"], row["details"]) for row in rows]


@pytest.mark.parametrize("event", ["$identify", "$create_alias", "$merge_dangerously"])
@pytest.mark.parametrize("is_cut", [False, True])
def test_a_long_other_id_meets_its_own_events(db, land, cycle, event, is_cut):
    field = "$anon_distinct_id" if event == "$identify" else "alias"
    land("$pageview", LONG, properties={"$device_id": LONG}, at=0)
    if is_cut:
        cycle(at=1)
    merging = land(event, "user_7", properties={field: LONG}, at=2)
    land("Order created", "user_7", at=3)
    land("$pageview", LONG, at=4)
    cycle(at=5)
    cycle(at=100)
    assert db.execute("select count(distinct person_id) as n from warehouse.events").fetchone()["n"] == 1
    ids = db.execute("select distinct_id from warehouse.person_distinct_ids order by 1").fetchall()
    assert [row["distinct_id"] for row in ids] == [LONG[:200], "user_7"]
    assert (
        merging,
        "other_distinct_id_truncated",
        {"field": field, "value": LONG, "length": len(LONG), "kept": 200},
    ) in warnings(db)


def test_both_sides_cut_to_one_id_are_the_same(db, land, cycle):
    land("$identify", LONG + "1", properties={"$anon_distinct_id": LONG + "2"}, at=0)
    cycle(at=1)
    assert [row["distinct_id"] for row in db.execute("select distinct_id from warehouse.person_distinct_ids")] == [
        LONG[:200]
    ]
    assert db.execute("select count(*) as n from warehouse.merges").fetchone()["n"] == 0
    assert [name for _, name, _ in warnings(db)] == ["distinct_id_truncated", "other_distinct_id_truncated"]


@pytest.mark.parametrize(
    ("length", "names"),
    [
        (200, []),
        (201, ["other_distinct_id_truncated"]),
        (400, ["other_distinct_id_truncated"]),
        (401, ["cannot_merge_with_too_long_distinct_id"]),
    ],
)
def test_the_limits_of_the_other_id(db, land, cycle, length, names):
    land("$identify", "user_7", properties={"$anon_distinct_id": "é" * length}, at=0)
    cycle(at=1)
    assert [name for _, name, _ in warnings(db)] == names
    ids = {row["distinct_id"] for row in db.execute("select distinct_id from warehouse.person_distinct_ids")}
    assert ids == {"user_7"} | ({"é" * 200} if length <= 400 else set())


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_id_is_none(db, land, cycle, blank):
    land("page", blank, properties={"$device_id": blank}, at=0)
    land("page", None, properties={"distinct_id": blank}, at=0)
    land("page", blank, properties={"$distinct_id": blank, "distinct_id": "ada", "$device_id": "ada"}, at=0)
    land("page", blank, properties={"$distinct_id": "bob", "distinct_id": "ada", "$device_id": "bob"}, at=0)
    land("$identify", "cid", properties={"$anon_distinct_id": blank}, at=0)
    batch = cycle(at=1)
    assert (batch["loaded"], batch["quarantined"]) == (3, 2)
    reasons = db.execute("select reasons #>> '{0,expectation}' as name from quarantine.event").fetchall()
    assert [row["name"] for row in reasons] == ["distinct_id_present"] * 2
    ids = db.execute("select distinct_id, person_id from warehouse.person_distinct_ids order by 1").fetchall()
    assert [(row["distinct_id"], row["person_id"]) for row in ids] == [
        (name, person_id_of(1, name)) for name in ("ada", "bob", "cid")
    ]


@pytest.mark.parametrize("blank", BLANKS)
def test_the_endpoint_looks_further_too(blank):
    both = {"event": "page", "distinct_id": blank, "$distinct_id": "ada"}
    assert landing_row(both, team_id=1).distinct_id == "ada"
    assert landing_row({**both, "$distinct_id": blank}, team_id=1).distinct_id == blank


@pytest.mark.parametrize("text", ["0", ".", "-", " a ", "\u200b7", "\u0661"])
def test_what_can_be_seen_is_an_id(db, text):
    assert not is_blank(text)
    assert db.execute("select ops.is_blank(%s) as it", (text,)).fetchone()["it"] is False


def test_the_database_calls_the_same_characters_blank(db):
    codes = [code for code in range(1, 0x1_0000) if not 0xD800 <= code < 0xE000]
    found = db.execute("select c from unnest(%s::int[]) as c where ops.is_blank(chr(c))", (codes,)).fetchall()
    assert [row["c"] for row in found] == [code for code in codes if is_blank(chr(code))]
    assert len(found) == 25 + 6  # White_Space of Unicode, and U+180E, U+200B to U+200D, U+2060, U+FEFF
