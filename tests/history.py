"""A small history of two weeks for what analysts ask, small enough to work every number out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def act(land: Callable[..., int], distinct_id: str, event: str, at: str, **properties: Any) -> None:
    """Land what somebody did; ``at`` is a day and time of July 2022 (UTC), as in ``04 10:00``."""
    day, time = at.split()
    # An event that names its device is not held.
    sent = {"$device_id": distinct_id} | properties
    land(event, distinct_id, properties=sent, timestamp=f"2022-07-{day}T{time}Z")


def land_two_weeks(land: Callable[..., int], cycle: Callable[..., Any]) -> None:
    """Ann, who orders twice, begins as the device a1; Bob is the device b1; c1 only looks. Mondays are 4 and 11."""
    first = {"$session_id": "s1", "utm_source": "google", "$browser": "Chrome"}
    act(land, "a1", "$pageview", "04 10:00", **first)
    cycle()
    act(land, "ann", "$identify", "04 10:01", **{"$anon_distinct_id": "a1", "$session_id": "s1"})
    order = {"subtotal": 10, "planId": "pro", "$groups": {"company": "acme"}, "$session_id": "s1"}
    act(land, "ann", "Order created", "04 10:02", **order)
    act(land, "b1", "$pageview", "04 11:00", **{"$session_id": "s2", "$browser": "Firefox"})
    third = {"$session_id": "s3", "$browser": "Chrome", "$referring_domain": "bing.com"}
    act(land, "c1", "$pageview", "05 09:00", **third)
    act(land, "b1", "Order created", "05 12:00", subtotal="5.5", planId="free")
    act(land, "ann", "$pageview", "06 08:00", **{"$browser": "Chrome"})
    act(land, "ann", "$pageview", "11 09:00")
    act(land, "ann", "Order created", "11 09:30", subtotal="none", planId="pro", **{"$groups": {"company": "acme"}})
    act(land, "c1", "$pageview", "11 10:00")
    group = {"$group_type": "company", "$group_key": "acme", "$group_set": {"name": "Acme"}}
    act(land, "ann", "$groupidentify", "04 09:00", **group)
    assert cycle()["held"] == 0
