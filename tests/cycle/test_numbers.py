"""A number that double precision has no room for is written out by nobody: PostgreSQL keeps it in a few bytes."""

from __future__ import annotations

import json
import time

import pytest

from etl.operate.maintain import check_invariants
from etl.quality.suites import read_refusals
from etl.rules.lifted import LIFTED
from tests.landing import moment

pytestmark = pytest.mark.long

HUGE = "1e131071"


def numbers(count: int, number: str = HUGE) -> str:
    return "{" + ", ".join(f'"k{place}": {number}' for place in range(count)) + "}"


# Where such a number may stand in an event of somebody who writes SQL: name and properties.
PLACES = {
    "a property": ("e", '{"a": %s}'),
    "deep in an array": ("e", '{"a": [0, "x", null, [true, {"b": [1, %s]}]]}'),
    "set": ("$set", '{"$set": {"a": %s}}'),
    "unset": ("$set", '{"$unset": ["a", %s]}'),
    "lifted": ("$pageview", '{"$device_id": "u", "$screen_width": %s, "utm_source": 1}'),
    "a campaign": ("$pageview", '{"$device_id": "u", "utm_source": %s}'),
    "another id": ("$identify", '{"$anon_distinct_id": %s}'),
    "an alias": ("$create_alias", '{"alias": %s}'),
    "a group's property": ("$groupidentify", '{"$group_type": "a", "$group_key": "b", "$group_set": {"a": %s}}'),
    "a group's type": ("$groupidentify", '{"$group_type": %s, "$group_key": "b"}'),
    "no object": ("e", "%s"),
}


@pytest.mark.parametrize("number", [HUGE, "-1e5000", "1e-16383", "-2.5e-400", "1.8001e308"])
@pytest.mark.parametrize("place", PLACES)
def test_it_is_refused_wherever_it_stands(db, land, cycle, place, number):
    event, properties = PLACES[place]
    bad = land(event, "u", properties=properties % number)
    good = land(event, "v", properties=properties.replace('"u"', '"v"') % "1.7e308", timestamp="2022-07-01")
    cycle()
    rows = db.execute("select landing_id, reasons from quarantine.event where landing_id = %s", [bad]).fetchall()
    assert [(row["landing_id"], row["reasons"][0]) for row in rows] == [(bad, read_refusals()["number_out_of_range"])]
    others = db.execute("select reasons from quarantine.event where landing_id = %s", [good]).fetchall()
    assert "number_out_of_range" not in json.dumps([row["reasons"] for row in others])


@pytest.mark.parametrize(
    "number", ["0", "-0.0", "5e-324", "-5e-324", "1.7976931348623157e308", "0." + "3" * 2000, "1e200"]
)
def test_others_are_loaded(db, land, cycle, number):
    land("$set", "u", properties=f'{{"$device_id": "u", "a": [{number}, false, null, ""], "$set": {{"a": {number}}}}}')
    assert cycle()["loaded"] == 1


@pytest.mark.parametrize("number", [HUGE, "1e-16383"])
def test_thousands_of_events_of_them_take_no_longer_than_others(db, land, cycle, number):
    """5,000 persons, each with 44 numbers to set: more than 20 GB of text."""
    db.execute(
        "insert into landing.event (event, distinct_id, properties, received_at)"
        " select 'page', 'd' || i, jsonb_build_object('$device_id', 'd' || i), %s from generate_series(1, 6000) as i",
        [moment(0)],
    )
    db.execute(
        "insert into landing.event (event, distinct_id, properties, received_at)"
        " select '$identify', 'p' || i, jsonb_build_object('$set', %s::jsonb), %s from generate_series(1, 5000) as i",
        [numbers(44, number), moment(0)],
    )
    db.execute(
        "insert into landing.event (event, distinct_id, properties, received_at)"
        " select '$pageview', 'l' || i, %s::jsonb, %s from generate_series(1, 500) as i",
        [json.dumps(dict.fromkeys(LIFTED, 0)).replace(": 0", f": {number}"), moment(0)],
    )
    land("e", "q", properties=numbers(60_000, number), at=0)
    began = time.monotonic()
    batch = cycle(at=1)
    assert time.monotonic() - began < 30
    assert (batch["loaded"], batch["quarantined"]) == (6_000, 5_501)
    check_invariants(db)


def test_a_number_in_range_counts_as_the_text_that_it_is(db, land, cycle):
    """The limit of properties counts text: 3,390 numbers of 309 digits are more than 1 MB, stored in 55 KB."""
    land("e", "u", properties={"a": [10**308] * 3_300, "$device_id": "u"})
    land("e", "u", properties={"a": [10**308] * 3_500, "$device_id": "u"})
    batch = cycle()
    assert (batch["loaded"], batch["quarantined"]) == (1, 1)
    [row] = db.execute("select reasons from quarantine.event").fetchall()
    assert [reason["expectation"] for reason in row["reasons"]] == ["properties_within_limit"]
