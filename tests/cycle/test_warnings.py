"""What was replaced stays readable: each warning has the field and its value as it was sent."""

from __future__ import annotations

import pytest

from tests.landing import moment

MERGING = {"event": "$identify", "distinct_id": "u"}
USED = "2022-07-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("row", "name", "details"),
    [
        (
            {"timestamp": "10000-01-01T00:00:00Z"},
            "ignored_invalid_timestamp",
            {"field": "timestamp", "value": "10000-01-01T00:00:00Z", "used": USED},
        ),
        (
            {"timestamp": "+010000-01-01T00:00:00Z"},
            "event_timestamp_out_of_range",
            {"field": "timestamp", "value": "+010000-01-01T00:00:00Z", "used": "1970-01-01T00:00:00+00:00"},
        ),
        (
            {"timestamp": "2022-07-03T12:00:00Z"},
            "event_timestamp_in_future",
            {"field": "timestamp", "value": "2022-07-03T12:00:00Z", "used": USED},
        ),
        (
            {"timestamp": "2022-07-01T12:00:00 IST"},
            "ignored_invalid_timestamp",
            {"field": "timestamp", "value": "2022-07-01T12:00:00 IST", "used": USED},
        ),
        ({"sent_at": "noon"}, "ignored_invalid_sent_at", {"field": "sent_at", "value": "noon"}),
        (
            {"distinct_id": "i" * 201},
            "distinct_id_truncated",
            {"field": "distinct_id", "value": "i" * 201, "length": 201, "kept": 200},
        ),
        (
            {"distinct_id": None, "properties": {"distinct_id": "i" * 201}},
            "distinct_id_truncated",
            {"field": "distinct_id", "value": "i" * 201, "length": 201, "kept": 200},
        ),
        (
            {"event": "n" * 1_500},
            "event_name_truncated",
            {"field": "event", "value": "n" * 1_000, "length": 1_500, "kept": 200},
        ),
        (
            {**MERGING, "properties": {"$anon_distinct_id": "i" * 401}},
            "cannot_merge_with_too_long_distinct_id",
            {"field": "$anon_distinct_id", "value": "i" * 401, "distinct_id": "u", "limit": 400},
        ),
        (
            {"properties": {"$process_person_profile": "no"}},
            "invalid_process_person_profile",
            {"field": "$process_person_profile", "value": '"no"'},
        ),
    ],
)
def test_the_value_as_it_was_sent(db, land, cycle, row, name, details):
    landed = land(**row, at=0)
    cycle(at=1)
    found = db.execute("select landing_id, type, details from ops.warning").fetchall()
    assert [tuple(each.values()) for each in found] == [(landed, name, details)]


@pytest.mark.parametrize("is_held", [False, True])
def test_the_time_of_sending_is_there_to_read(db, land, cycle, is_held):
    written = "2022-07-01T14:00:02 UTC+02:00"
    device = {} if is_held else {"$device_id": "u"}
    land("page", "u", properties={**device, "$sent_at": "mine"}, sent_at=written, timestamp=moment(1).isoformat(), at=1)
    land("page", "u", properties=device, at=2)
    cycle(at=3)
    cycle(at=70)
    events = db.execute('select sent_at, "timestamp" from warehouse.events order by landing_id').fetchall()
    assert [tuple(row.values()) for row in events] == [(written, moment(0)), (None, moment(2))]
    shown = db.execute("select properties from warehouse.posthog_events order by landing_id").fetchall()
    assert [row["properties"].get("$sent_at") for row in shown] == [written, None]
