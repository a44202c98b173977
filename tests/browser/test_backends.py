"""posthog-python and posthog-node against a capture server, and the story that the whole project is about."""

from __future__ import annotations

import posthog
import pytest

from tests.browser.conftest import node_backend
from tests.capture.service import TOKEN


def test_python(service, landed, cycle, db) -> None:
    failures: list[object] = []
    client = posthog.Posthog(TOKEN, host=service.url, on_error=lambda error, _: failures.append(error))
    client.capture("Order created", distinct_id="user_1", properties={"subtotal": 3599, "nul": "a\0b", "big": 2**70})
    client.set(distinct_id="user_1", properties={"plan": "pro"})
    client.alias(previous_id="anonymous_1", distinct_id="user_1")
    client.group_identify("company", "acme", {"seats": 3})
    client.capture("Lone", distinct_id="user_1", properties={"text": "x\ud800y"})
    client.shutdown()
    packed = posthog.Posthog(TOKEN, host=service.url, gzip=True, sync_mode=True)
    packed.capture("Packed", distinct_id="user_1")
    rows = landed("Order created", "$set", "$create_alias", "$groupidentify", "Lone", "Packed")
    assert failures == []
    properties = next(row for row in rows if row["event"] == "Order created")["properties"]
    assert (properties["nul"], properties["big"]) == ("a\ufffdb", 2**70)
    assert cycle()["quarantined"] == 0
    persons = db.execute("select distinct person_id from warehouse.person_distinct_ids where distinct_id like '%1'")
    assert len(persons.fetchall()) == 1


@pytest.mark.parametrize("options", [{}, {"disableCompression": True}, {"flushAt": 1}], ids=str)
def test_node(service, landed, cycle, options) -> None:
    events = [
        ("Order created", "user_1", {"subtotal": 3599, "nul": "a\0b", "nested": {"list": [1, {"a": None}]}}),
        ("$identify", "user_1", {"$set": {"plan": "pro"}}),
        ("$create_alias", "user_1", {"alias": "ada"}),
        *(("Step", "user_1", {"n": n}) for n in range(30)),
    ]
    program = node_backend(service, events, **options)
    output, _ = program.communicate(timeout=60)
    assert (program.returncode, output) == (0, "")
    rows = landed("Order created", "$identify", "$create_alias", *["Step"] * 30)
    properties = next(row for row in rows if row["event"] == "Order created")["properties"]
    assert (properties["nul"], properties["nested"]) == ("a\ufffdb", {"list": [1, {"a": None}]})
    assert cycle()["quarantined"] == 0


def test_the_newer_protocol_of_python(service, landed) -> None:
    client = posthog.Posthog(TOKEN, host=service.url, capture_mode="v1", sync_mode=True)
    client.capture("Newer", distinct_id="user_1", properties={"$process_person_profile": False, "a": 1})
    properties = landed("Newer")[0]["properties"]
    assert properties["$process_person_profile"] is False
    assert properties["a"] == 1


def test_the_signup_is_one_person(visit, landed, service, cycle, db) -> None:
    """The backend's event comes seconds before the browser says who it is about, and a cycle runs between them."""
    page = visit(request_queue_config={"flush_interval_ms": 3000})  # as it is by default
    anonymous = page.evaluate("posthog.get_distinct_id()")
    page.fill("#name", "Ada")
    page.click("#send")
    backend = posthog.Posthog(TOKEN, host=service.url, sync_mode=True)
    backend.capture("User created", distinct_id="user_1001", properties={"$set": {"email": "ada@example.com"}})
    landed("$pageview", "User created")
    first = cycle()
    assert first["held"] == 1
    page.evaluate("posthog.identify('user_1001')")
    page.click("#buy")
    rows = landed("$identify", *["$autocapture"] * 4)  # clicks wait up to 3 s in the browser, and come last
    order = [row["event"] for row in rows]
    assert order.index("User created") < order.index("$identify")
    backend.capture("Order created", distinct_id="user_1001")
    landed("Order created")
    second = cycle()
    assert (second["released"], second["rescued"], second["held"], second["quarantined"]) == (1, 1, 0, 0)
    persons = db.execute("select distinct person_id from warehouse.events").fetchall()
    assert len(persons) == 1
    ids = db.execute("select distinct_id from warehouse.person_distinct_ids").fetchall()
    assert {row["distinct_id"] for row in ids} == {anonymous, "user_1001"}
    stored = db.execute("select person_id_at_load from warehouse.events where event = 'User created'").fetchall()
    assert [row["person_id_at_load"] for row in stored] == [persons[0]["person_id"]], "stored once and for good"
