"""What clients send becomes a landing row: nothing is refused, nothing changes that need not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from etl.errors import LandingError
from etl.rules.wire import MAX_DEPTH, LandingRow, Unreadable, as_text, json_value, landing_row, read_body

DATA = Path(__file__).parents[1] / "files" / "data"


def row(text: str | bytes, **arguments: Any) -> LandingRow:
    """The one event of a body."""
    body = read_body(text.encode() if isinstance(text, str) else text)
    (fields,) = body.events
    assert not isinstance(fields, Unreadable), fields
    return landing_row(fields, team_id=1, **arguments)


def properties(text: str) -> Any:
    return json.loads(row(text).properties or "null")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"u1"', "u1"),
        ("12345", "12345"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("true", "true"),
        ('["a", "b"]', '["a","b"]'),
        ('{"string": "a", "number": 3}', '{"number":3,"string":"a"}'),
        ("null", None),
        ('""', None),
        ('"\\u0000foo"', "\ufffdfoo"),
        ('"\\ud800x"', "\ufffdx"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ('" U1 "', " U1 "),
        ("[" + "1" * 5000 + "]", "[" + "1" * 5000 + "]"),
    ],
)
def test_a_distinct_id_of_any_type_becomes_text(written: str, expected: str | None) -> None:
    assert row(f'{{"distinct_id": {written}}}').distinct_id == expected
    try:
        plain = json.loads(written)
    except ValueError:
        return
    assert landing_row({"distinct_id": plain}, team_id=1).distinct_id == expected


def test_the_dollar_alias_of_distinct_id_is_used_when_the_plain_one_says_nothing() -> None:
    assert row('{"distinct_id": "", "$distinct_id": 23}').distinct_id == "23"
    assert row('{"distinct_id": "a", "$distinct_id": "b"}').distinct_id == "a"


def test_malformed_values_survive_as_text() -> None:
    landed = row('{"event": ["event name", "a list"], "uuid": 7, "timestamp": {"a": 1}, "ip": false, "sent_at": 3}')
    assert landed == LandingRow(1, "7", '["event name","a list"]', None, None, '{"a":1}', "3", "false")
    assert row("{}") == LandingRow(1, None, None, None, None, None, None, None)


def test_properties_pass_through_byte_for_byte() -> None:
    text = '{ "big" : 1180591620717411303424, "f": 1.50, "e": 1E+2, "s": "\\u00fc\\/", "twice": 1, "twice": 2 }'
    assert row(f'{{"event": "e", "properties": {text}}}').properties == text


@pytest.mark.parametrize("text", ["[1]", '"text"', "7", "true"])
def test_properties_that_are_no_object_survive(text: str) -> None:
    assert row(f'{{"properties": {text}, "$set": {{"a": 1}}}}').properties == text


def test_null_properties_are_missing() -> None:
    assert row('{"properties": null}').properties is None


def test_property_operations_outside_are_merged_over_those_inside() -> None:
    assert properties(
        '{"$set": {"a": 1, "n": null}, "$set_once": {"b": 2}, "$unset": ["c"],'
        ' "properties": {"x": 0, "$set": {"a": 9, "z": 9}, "$unset": {"d": ""}}}'
    ) == {"x": 0, "$set": {"a": 1, "z": 9, "n": None}, "$set_once": {"b": 2}, "$unset": ["d", "c"]}
    assert properties('{"$set": {"big": 1180591620717411303424}}') == {"$set": {"big": 2**70}}
    assert properties('{"$set": null, "properties": {"$set": {"a": 1}}}') == {"$set": {"a": 1}}
    assert properties('{"$set": "x", "properties": {"$set": {"a": 1}}}') == {"$set": {"a": 1}}
    assert properties('{"$set": {"a": 1}, "properties": {"$set": "x"}}') == {"$set": {"a": 1}}
    assert row('{"$set": null}').properties is None


def test_an_offset_wins_over_timestamp_and_sent_at() -> None:
    now = datetime(2023, 1, 1, 12, tzinfo=UTC)
    text = '{"timestamp": "2023-01-01T11:00:00Z", "sent_at": "2023-01-01T12:00:10Z", "offset": 5000}'
    landed = row(text, received_at=now, sent_at="2023-01-01T12:00:10Z")
    assert (landed.timestamp, landed.sent_at) == ("2023-01-01T11:59:55+00:00", None)
    landed = row('{"offset": 1000}')
    assert landed.timestamp
    assert abs(datetime.fromisoformat(landed.timestamp) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("offset", ['"5000"', "null", "true", "[]", "1e300", "1" + "0" * 400])
def test_an_offset_that_is_no_time_is_ignored(offset: str) -> None:
    landed = row(f'{{"timestamp": "t", "sent_at": "s", "offset": {offset}}}')
    assert (landed.timestamp, landed.sent_at) == ("t", "s")


def test_what_the_request_says_wins_over_what_the_event_says() -> None:
    landed = row('{"ip": "1.1.1.1", "sent_at": "event"}', ip="2.2.2.2", sent_at="request")
    assert (landed.ip, landed.sent_at) == ("2.2.2.2", "request")


def test_plain_values_are_taken_as_well_as_json() -> None:
    landed = landing_row(
        {"event": "e\0\ud800", "properties": {"k\0": "\ud800", "n": float("nan"), "big": 2**70}, "$set": {"a": 1}},
        team_id=3,
    )
    assert (landed.team_id, landed.event) == (3, "e\ufffd\ufffd")
    assert json.loads(landed.properties or "") == {"k\ufffd": "\ufffd", "n": None, "big": 2**70, "$set": {"a": 1}}


def test_nul_and_lone_surrogates_are_mended_and_only_those() -> None:
    written = r'"a\u0000b \ud800x \udc00 \ud83d\ude00 \ud800\ud83d\ude00 \\u0000 \\\u0000 \" \uDBFF"'
    mended = r'"a\ufffdb \ufffdx \ufffd \ud83d\ude00 \ufffd\ud83d\ude00 \\u0000 \\\ufffd \" \ufffd"'
    assert bytes(json_value(written.encode())).decode() == mended


def test_python_s_nan_and_infinity_become_null_outside_strings() -> None:
    assert properties('{"properties": {"a": NaN, "b": [-Infinity, Infinity], "c": "NaN, \\"Infinity"}}') == {
        "a": None,
        "b": [None, None],
        "c": 'NaN, "Infinity',
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON"),
        (b'{"event": "a', "not JSON"),
        (b'{"event": "\xff"}', "not UTF-8 (byte 11)"),
        (b'{"event": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"event": 01}', "not JSON: invalid number"),
        (b'{"a": nan}', "not JSON"),
        (b"7", "neither an object nor an array"),
        (b"[7]", "not an object"),
        (b'{"batch": [null]}', "not an object"),
        (b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}", "nested deeper"),
        (b'[{"a": ' + b"[" * 200 + b"]" * 200 + b"}]", "nested deeper"),
        (b"[" * 100_000, ""),
        (b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "nested deeper"),
    ],
)
def test_what_is_no_event_is_unreadable_with_a_reason(text: bytes, reason: str) -> None:
    (unreadable,) = read_body(text).events
    assert isinstance(unreadable, Unreadable)
    assert reason in unreadable.reason
    assert len(unreadable.text) <= 80


def test_depth_is_counted_outside_strings() -> None:
    assert json_value(b'{"a": "' + b"[" * 1000 + b'"}')
    assert json_value(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(LandingError, match="nested deeper"):
        json_value(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


def test_a_batch_gives_its_events_and_its_envelope() -> None:
    body = read_body((DATA / "py_batch.json").read_bytes())
    assert len(body.events) == 5
    assert json.loads(bytes(body.envelope["sent_at"])).startswith("2026-11-23T")
    assert "batch" not in body.envelope


def test_an_event_that_has_a_batch_of_its_own_is_an_event() -> None:
    for batch in ("[1, 2]", "[]", '[{"flour": 1}]', '[{"event": "kneaded"}, {"flour": 1}]', '{"event": "x"}'):
        assert row(f'{{"event": "bake", "batch": {batch}}}').event == "bake"


def test_a_batch_of_events_is_one_whatever_stands_next_to_it() -> None:
    body = read_body(b'{"event": "x", "token": "t", "batch": [{"event": "a"}, {"event": "b"}]}')
    assert [as_text(event["event"]) for event in body.events] == ["a", "b"]
    assert as_text(body.envelope["token"]) == "t"


@pytest.mark.parametrize(
    ("number", "is_kept"),
    [
        ("1e308", True),
        ("1.7976931348623157e308", True),
        ("-1.7976931348623157E+308", True),
        ("17976931348623157" + "0" * 292, True),
        ("1.8e308", False),
        ("-1e309", False),
        ("1" + "0" * 309, False),
        ("1e131071", False),
        ("-2E-20000", False),
        ("1e-16383", False),
        ("5e-324", True),
        ("1e-325", False),
        ("0." + "0" * 400 + "1", False),
        ("0e99999", True),
        ("-0.000e-99999", True),
        ("0.0001e310", True),
        ("1e00000000000000000000000005", True),
        ("0." + "3" * 990, True),
        ("0." + "3" * 999, False),
        ("6" * 1001, False),
    ],
)
def test_a_number_that_double_precision_has_no_room_for_becomes_text(number: str, is_kept: bool) -> None:
    written = number if is_kept else f'"{number}"'
    for form in ('{{"a": {}}}', '{{"a": [{}]}}', '{{"a": [1, {}, 2]}}', '{{"a":{{"b":{}, "c": 1}}}}'):
        text = form.format(number)
        assert row(f'{{"event": "e", "properties": {text}}}').properties == form.format(written)


def test_what_looks_like_a_huge_number_inside_a_string_stays() -> None:
    properties = '{"a": "b:1e999999", "c": ["4e50000, \\"5e50000", 1e400]}'
    assert row(f'{{"properties": {properties}}}').properties == properties.replace("1e400]", '"1e400"]')
