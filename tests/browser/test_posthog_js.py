"""Stock posthog-js in a real browser: what a person does on a page is in the warehouse after a cycle."""

from __future__ import annotations

from typing import Any

import pytest


def named(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["event"] == name]


def test_clicks_changes_and_submits_are_captured(visit, landed) -> None:
    page = visit()
    page.click("#buy")
    page.fill("#name", "Ada")
    page.check("#agree")
    page.select_option("#plan", "pro")
    page.fill("#secret", "hunter2")
    page.click("#send")
    rows = landed("$pageview", *["$autocapture"] * 8)
    seen = {
        (row["properties"]["$event_type"], row["properties"]["$elements_chain"].split(":")[0])
        for row in named(rows, "$autocapture")
    }
    assert {kind for kind, _ in seen} == {"click", "change", "submit"}
    buy = next(row for row in rows if row["properties"].get("$el_text") == "Buy now")
    assert buy["properties"]["product"] == "p7"
    assert "token" not in buy["properties"]
    assert "Ada" not in str(rows)
    assert "hunter2" not in str(rows)


def test_what_is_marked_no_capture_never_appears(visit, landed, service) -> None:
    page = visit()
    page.click("#hidden")
    page.click("#hidden-itself")
    page.click("#plain")
    page.click("#buy")
    rows = landed("$pageview", "$autocapture")
    page.wait_for_timeout(500)
    assert len(named(service.landed(), "$autocapture")) == 1
    assert "4111" not in str(rows)
    assert "1,000,000" not in str(rows)


def test_custom_events_keep_their_types_and_odd_characters(visit, landed) -> None:
    page = visit()
    page.evaluate(
        """posthog.capture('Order created', {
            subtotal: 3599, rate: 0.1, big: 12345678901234567890, yes: true, nothing: null,
            items: [{sku: 'a', n: [1, 2]}, {sku: 'b'}], text: 'Grüße 😀',
            nul: 'a\\u0000b', lone: 'x\\ud800y', ['key\\u0000']: 1, nan: NaN,
        })"""
    )
    properties = named(landed("Order created"), "Order created")[0]["properties"]
    assert (
        properties
        | {
            "subtotal": 3599,
            "rate": 0.1,
            "big": 12345678901234567000,
            "yes": True,
            "nothing": None,
            "items": [{"sku": "a", "n": [1, 2]}, {"sku": "b"}],
            "text": "Grüße 😀",
            "nul": "a\ufffdb",
            "lone": "x\ufffdy",
            "key\ufffd": 1,
            "nan": None,
        }
        == properties
    )


def test_identify_alias_group_and_reset(visit, landed, cycle, db) -> None:
    page = visit()
    page.click("#buy")
    anonymous = page.evaluate("posthog.get_distinct_id()")
    page.evaluate("posthog.identify('user_1', {email: 'ada@example.com'}, {first_seen: 'today'})")
    page.evaluate("posthog.alias('ada', 'user_1')")
    page.evaluate("posthog.group('company', 'acme', {seats: 3})")
    page.evaluate("posthog.setPersonProperties({plan: 'pro'})")
    landed("$pageview", "$autocapture", "$identify", "$create_alias", "$groupidentify", "$set")
    page.evaluate("posthog.reset()")
    page.evaluate("posthog.capture('After reset')")
    page.evaluate("posthog.capture('After reset')")
    landed("After reset", "After reset")
    batch = cycle()
    assert batch["quarantined"] == 0
    cycle(hold_seconds=0)
    ids = db.execute("select distinct_id, person_id from warehouse.person_distinct_ids").fetchall()
    persons = {row["distinct_id"]: row["person_id"] for row in ids}
    assert persons[anonymous] == persons["user_1"] == persons["ada"]
    after = db.execute("select distinct person_id from warehouse.events where event = 'After reset'").fetchall()
    assert len(after) == 1
    assert after[0]["person_id"] != persons["user_1"]
    person = db.execute("select * from warehouse.persons where person_id = %s", (persons["user_1"],)).fetchone()
    assert person["is_identified"]
    assert {"email": "ada@example.com", "first_seen": "today", "plan": "pro"}.items() <= person["properties"].items()


def test_who_opts_out_is_left_alone(visit, landed, service) -> None:
    page = visit()
    landed("$pageview")
    page.evaluate("posthog.opt_out_capturing()")
    before = len(service.landed())
    page.click("#buy")
    page.evaluate("posthog.capture('Never')")
    page.wait_for_timeout(700)
    assert len(service.landed()) == before
    page.evaluate("posthog.opt_in_capturing()")
    landed("$opt_in")


def test_the_last_beacon_of_a_page_arrives(visit, landed) -> None:
    page = visit(request_queue_config={"flush_interval_ms": 5000})
    page.click("#buy")
    page.goto("about:blank")
    rows = landed("$pageleave", "$autocapture", seconds=3)
    assert len({row["distinct_id"] or row["properties"]["distinct_id"] for row in rows}) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"disable_compression": True},
        {"api_transport": "XHR"},
        {"advanced_disable_flags": True},
        {"person_profiles": "always"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_ways_to_send(visit, landed, options: dict[str, Any]) -> None:
    page = visit(path="/ingest", **options)
    page.evaluate("posthog.capture('One')")
    page.evaluate("posthog.capture('Two', {}, {send_instantly: true})")
    landed("$pageview", "One", "Two")


@pytest.mark.parametrize("sdk", ["1.200.1", "1.57.2"])
def test_old_browsers_bundles_go_on_working(visit, landed, cycle, db, sdk: str) -> None:
    page = visit(sdk)
    page.wait_for_timeout(700)  # the old ones ask first whether to capture clicks
    page.click("#buy")
    page.evaluate("posthog.capture('Order created', {subtotal: 3599})")
    page.evaluate("posthog.identify('user_1')")
    page.goto("about:blank")
    rows = landed("$pageview", "$autocapture", "Order created", "$identify")
    assert all(row["uuid"] for row in rows)
    assert cycle()["quarantined"] == 0
    assert db.execute("select count(distinct person_id) as n from warehouse.events").fetchone()["n"] == 1
