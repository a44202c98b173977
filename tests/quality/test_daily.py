"""What maintenance counts and checks by day: the buffer's worth in numbers worked out by hand, advice, drift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from etl import cli, sql
from etl.quality.daily import check_advice, check_days, read_drift
from etl.quality.gate import evaluate_numbers
from etl.quality.suites import read_suite
from etl.quality.warehouse import check_warehouse
from etl.report.refresh import refresh


def today(db):
    return db.execute("select current_date as day").fetchone()["day"]


def test_how_many_users_the_buffer_and_the_merges_are_worth(db, land, cycle):
    """Anna: a visit, a held signup that is rescued; Bob: a held one that expires; a third visitor."""
    land("$pageview", "device-a", properties={"$device_id": "device-a"})
    land("signup", "anna")
    land("$pageview", "device-c", properties={"$device_id": "device-c"})
    assert cycle()["held"] == 1
    land("$identify", "anna", properties={"$anon_distinct_id": "device-a"})
    assert cycle()["rescued"] == 1
    land("signup", "bob")
    assert cycle()["held"] == 1
    db.execute("update buffer.event set due_at = now()")
    assert cycle()["released"] == 1
    check_days(db)
    row = db.execute("select * from ops.user_day").fetchone()
    assert (row["day"], row["events"]) == (today(db), 5)
    # With the buffer: Anna, Bob, the visitor. Without: Anna's signup would have made a second Anna.
    # Without merges: device-a, anna, bob, device-c.
    assert (row["persons"], row["persons_without_buffer"], row["persons_without_merges"]) == (3, 4, 4)
    buffer = db.execute("select * from ops.buffer_day").fetchone()
    assert (buffer["held"], buffer["rescued"], buffer["expired_unmatched"], buffer["still_held"]) == (2, 1, 1, 0)
    assert buffer["distinct_ids_rescued"] == 1
    assert 0 <= buffer["hold_seconds_p50"] <= buffer["hold_seconds_p95"] <= buffer["hold_seconds_max"] < 200


def test_the_buffer_is_by_days_of_utc(db, land, cycle):
    """Whatever the time zone of the session that asks."""
    land("signup", "anna")
    assert cycle()["held"] == 1
    db.execute("update buffer.event set arrived_at = '2022-07-01T01:00:00Z'")
    db.execute("set timezone = 'America/New_York'")
    assert db.execute("select day::text as day from ops.buffer_day").fetchall() == [{"day": "2022-07-01"}]


def test_the_day_is_counted_again(db, land, cycle):
    land("$identify", "u")
    cycle()
    check_days(db)
    land("$identify", "v")
    cycle()
    check_days(db)
    assert db.execute("select persons::int as n from ops.user_day").fetchall() == [{"n": 2}]


def users_by_day(db):
    rows = db.execute("select current_date - day as ago, sum(persons)::int as n from ops.user_day group by day")
    return {row["ago"]: row["n"] for row in rows}


def test_a_day_of_long_ago_is_counted_again(db, land, cycle, settings):
    """After a late event, after a merge; and what somebody has written there is found, one day each time."""

    def visit(who, ago, event="page", **properties):
        moment = (datetime.now(UTC) - timedelta(days=ago)).isoformat()
        land(event, who, properties={"$device_id": who, **properties}, timestamp=moment)

    for ago in (5, 9, 40):
        for who in ("a", "b", "c"):
            visit(who, ago)
    cycle()
    refresh(db, settings)
    check_days(db)
    assert users_by_day(db) == {5: 3, 9: 3, 40: 3}
    visit("d", 5)
    visit("ann", 0, "$identify", **{"$anon_distinct_id": "a"})
    visit("ann", 9, "$identify", **{"$anon_distinct_id": "b"})
    cycle()
    refresh(db, settings)
    check_days(db)
    assert users_by_day(db) == {0: 1, 5: 3, 9: 2, 40: 3}, (
        "the page does not show the last one: it has to wait for its turn"
    )
    db.execute("update ops.user_day set persons = 777")
    db.execute("update ops.report_day set unique_users = 777")
    for _ in range(3):
        check_days(db)
    assert users_by_day(db) == {0: 1, 5: 3, 9: 2, 40: 2}
    [wrong] = [finding for finding in check_warehouse(db) if finding.is_critical]
    assert wrong.name == "reported_users_agree_with_events"
    assert {row["day"] for row in wrong.examples} == {today(db) - timedelta(days=ago) for ago in (5, 9)}


ADVICE = {
    "event_names": [("order_created_now", {}), ("Click", {})],
    "names_sent_from_both_sides": [
        ("Order paid", {"$lib": "web"}),
        ("Order paid", {"$lib": "posthog-python", "source": "backend"}),
    ],
    "signup_from_browser": [("Account created", {"$lib": "web"})],
    "backend_without_source": [("Order paid", {"$lib": "posthog-node"})],
    "placeholder_ids": [("Order paid", {"distinct_id": "undefined"})],
    "crowded_ids": [("Order paid", {"$device_id": f"device-{n}"}) for n in range(21)],
}
FINE = [
    ("Order created", {"$lib": "posthog-node", "source": "backend"}),
    ("Page left", {"$lib": "web"}),
    ("User signed up", {"$lib": "posthog-python", "source": "backend"}),
    ("$pageview", {"$lib": "web"}),
]


def land_all(land, events):
    for event, properties in events:
        distinct_id = properties.get("distinct_id", "u1")
        land(event, distinct_id, properties={name: value for name, value in properties.items() if name[:2] != "di"})


def test_every_advice_has_a_case():
    names = {each["meta"]["name"] for each in read_suite("advice")["expectations"]}
    assert names == ADVICE.keys() | {"expired_unmatched"}


@pytest.mark.parametrize("name", ADVICE)
def test_each_advice_is_found_missing_and_kept(db, land, cycle, name):
    land("$identify", "u1")
    land_all(land, FINE)
    cycle(hold_seconds=0)
    cycle(hold_seconds=0)
    assert [finding.name for finding in check_advice(db, today(db)) if not finding.is_success] == []
    land_all(land, ADVICE[name])
    cycle(hold_seconds=0)
    cycle(hold_seconds=0)
    failed = {finding.name for finding in check_advice(db, today(db)) if not finding.is_success}
    assert name in failed
    row = db.execute("select * from ops.check_result where suite = 'advice' and expectation = %s", [name]).fetchone()
    assert (row["is_success"], row["severity"], row["unexpected"]) == (False, "warning", 1)
    assert len(row["examples"]) == 1
    assert row["remedy"].endswith(".")


def test_held_events_that_found_nobody():
    numbers = dict.fromkeys((each["kwargs"]["column"] for each in read_suite("advice")["expectations"]), 0)
    assert all(finding.is_success for finding in evaluate_numbers(numbers | {"expired_unmatched": 0.5}, "advice", 1))
    failed = [f.name for f in evaluate_numbers(numbers | {"expired_unmatched": 0.51}, "advice", 1) if not f.is_success]
    assert failed == ["expired_unmatched"]


def test_a_share_is_kept_next_to_the_count(db, land, cycle):
    """Of twenty held events twelve find nobody in time."""
    for number in range(20):
        land("User created", f"u{number}")
    assert cycle()["held"] == 20
    for number in range(8):
        land("$identify", f"u{number}")
    assert cycle()["rescued"] == 8
    db.execute("update buffer.event set due_at = now()")
    assert cycle()["released"] == 12
    check_advice(db, today(db))
    row = db.execute("select * from ops.check_result where expectation = 'expired_unmatched'").fetchone()
    assert (row["is_success"], row["evaluated"], row["unexpected"], row["observed"]) == (False, 20, 12, 0.6)


def test_what_drifts_is_found(database, db, monkeypatch):
    """Three days of one kind, then yesterday of another."""
    day = today(db)

    def store(ago, event, properties, count=1):
        db.execute(
            "insert into warehouse.stored_event (team_id, distinct_id, uuid, event, timestamp, person_id, person_mode,"
            " properties, received_at, batch_id, landing_id, xid, has_property_operations, is_lifted, row_hash)"
            " select 1, 'u', gen_random_uuid(), %s, %s, gen_random_uuid(), 'full', %s, now(), 1, n, '1',"
            " false, false, 0"
            " from generate_series(1, %s) as n",
            [event, day - timedelta(days=ago) + timedelta(hours=1), sql.json_text(properties), count],
        )

    for ago in (4, 3, 2):
        store(ago, "Order created", {"subtotal": 1})
        store(ago, "Order paid", {}, 30)
        store(ago, "$autocapture", {"$el_text": "Buy now"}, 30)
    store(1, "Order created", {"subtotal": "1", "currency": "EUR"})
    store(1, "Order refunded", {})
    store(1, "$autocapture", {"$el_text": "Order now"}, 30)
    for ago in (4, 3, 2, 1):
        for name in ("daily/count_users", "daily/count_events", "daily/profile_properties", "daily/find_drift"):
            sql.run(db, name, {"day": day - timedelta(days=ago), "today": day})
    found = {
        (row["kind"], row["event"], row["subject"]) for row in read_drift(db) if row["day"] == day - timedelta(days=1)
    }
    assert found == {
        ("new_event", "Order refunded", ""),
        ("new_property", "Order created", "currency"),
        ("new_type", "Order created", "subtotal"),
        ("event_gone_quiet", "Order paid", ""),
        ("autocapture_text_new", "$autocapture", "Order now"),
        ("autocapture_text_gone", "$autocapture", "Buy now"),
    }
    assert [row for row in read_drift(db) if row["day"] < day - timedelta(days=1)] == []
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.setattr("etl.cli.shared.console.width", 200)
    assert "event gone quiet" in CliRunner().invoke(cli.app, ["plan", "drift"]).output
