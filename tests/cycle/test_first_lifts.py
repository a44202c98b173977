"""Persons with one event that only fills in device keys are folded in SQL, as etl.rules.properties folds them."""

from __future__ import annotations

import msgspec
import pytest

from etl.cycle.fold import _property_columns
from etl.rules import properties, property_state

ORDINARY = {
    "browser": {
        "$browser": "Chrome",
        "$browser_version": 156,
        "$os": "Linux",
        "$current_url": "https://a.example/?q=1",
    },
    "nulls say nothing": {"$browser": None, "$os": None, "$os_name": "macOS", "$referrer": "$direct"},
    "a server's system is nobody's": {"$is_server": True, "$os": "Linux", "$os_version": "6.1", "$browser": "curl"},
    "odd scalars": {"$browser": "", "$screen_height": 0, "$screen_width": 1.50, "$viewport_height": False},
}
LEFT_TO_PYTHON = {
    "nested": {"$browser": {"name": "Chrome"}, "$os": [1]},
    "campaign": {"$browser": "Chrome", "utm_source": "x", "gclid": None},
    "app": {"$app_name": "shop", "$os": "iOS"},
    "own operations": {"$browser": "Chrome", "$set": {"plan": "pro"}},
    "a bracket in text": {"$current_url": "https://a.example/{id}?a[]=1"},
}


@pytest.mark.parametrize("given", [*ORDINARY.values(), *LEFT_TO_PYTHON.values()], ids=[*ORDINARY, *LEFT_TO_PYTHON])
def test_both_ways_give_the_same(db, land, cycle, given):
    land("$pageview", "d1", properties=given | {"$device_id": "d1", "other": 1}, at=0)
    cycle(at=1)
    person = db.execute(
        "select properties, property_state::text as state, lifted_mask, lifted_at from warehouse.person"
    ).fetchone()
    row = db.execute(
        "select (extract(epoch from received_at) * 1000000)::bigint as at, xid::text::bigint as xid, landing_id,"
        " ops.lifted_values(properties) as lifted, (properties -> '$set')::text as set_json from landing.event"
    ).fetchone()
    state = property_state.State()
    stamp = (row["at"], row["xid"], row["landing_id"])
    properties.apply(state, stamp, row["set_json"], None, None, row["lifted"], is_forced=False)
    shown, stored, mask, at = _property_columns(state)
    assert person["properties"] == msgspec.json.decode(shown)
    assert msgspec.json.decode(person["state"]) == msgspec.json.decode(stored)
    assert (person["lifted_mask"], person["lifted_at"]) == (mask, at)


@pytest.mark.parametrize("given", ORDINARY.values(), ids=ORDINARY)
def test_a_second_event_goes_on_from_there(db, land, cycle, given):
    land("$pageview", "d1", properties=given | {"$device_id": "d1"}, at=10)
    cycle(at=11)
    first = db.execute("select properties from warehouse.person").fetchone()["properties"]
    land("$pageview", "d1", properties={"$device_id": "d1", "$browser": "Later", "$device_type": "Phone"}, at=20)
    cycle(at=21)
    later = db.execute("select properties from warehouse.person").fetchone()["properties"]
    assert (
        later
        == {"$browser": "Later", "$initial_browser": "Later"}
        | {
            "$device_type": "Phone",
            "$initial_device_type": "Phone",
        }
        | first
    )
