"""What a megabyte may cost: each step of capture on what is worst for it, within seconds of CPU."""

from __future__ import annotations

import base64
import gzip
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from etl.capture.body import unpack
from etl.capture.privacy import Rules
from etl.capture.request import Rows, read_request, rows_of
from etl.errors import RefusedError
from tests.capture.service import TOKEN, Service

DATA = Path(__file__).parent / "data"
SIZE = 1_000_000
SECONDS = 3
"""Five times what the slowest takes, for machines that are slower or shared; what grows as a square takes minutes."""
LIMIT = 20_971_520
RULES = Rules(1, dropped=frozenset({"secret"}), hashed=frozenset({"email"}), hash_key=b"k" * 32)
KEYS = range(90_000)
MEMBER, DEFLATED = gzip.compress(b"", 9), zlib.compress(b"{}", 9)


def filled(unit: bytes, start: bytes = b"", end: bytes = b"") -> bytes:
    return start + unit * (SIZE // len(unit)) + end


def event(properties: bytes) -> bytes:
    return b'{"api_key": "%b", "event": "e", "distinct_id": "d", "properties": %b}' % (TOKEN.encode(), properties)


def batch(unit: bytes) -> bytes:
    return b'{"api_key": "%b", "batch": [%b%b]}' % (TOKEN.encode(), filled(unit + b","), unit)


BODIES = {
    "members": filled(MEMBER),
    "members with padding": filled(MEMBER + b"\0"),
    "zlib after zlib": filled(DEFLATED),
    "members in gzip": gzip.compress(filled(MEMBER)),
    "padding": MEMBER + b"\0" * SIZE,
    "gzip five times": gzip.compress(gzip.compress(gzip.compress(gzip.compress(gzip.compress(event(b"{}")))))),
    "escapes of a form": filled(b"%25", b"data="),
    "escapes and text": filled(b"a%7b", b"data="),
    "broken escapes": filled(b"%", b"data="),
    "forms in forms": b"data=" * 200_000 + b"{}",
    "fields": filled(b"a=b&", b"", b"data={}"),
    "names of fields": filled(b"a" * 64 + b"=&"),
    "base64 with spaces": filled(b"YQ \n"),
    "base64 three times": base64.b64encode(base64.b64encode(base64.b64encode(event(b'{"a": "%b"}' % (b"x" * SIZE))))),
    "base64 that ends in vain": filled(b"a", end=b"!"),
    "numbers": filled(b"11,", b"[", b"1]"),
    "empty events": batch(b'{"":1}'),
    "named events": batch(b'{"event":"e"}'),
    "4,999 events": batch(b'{"event":"e","distinct_id":"d","properties":{"token":"t","$ip":"%b"}}' % (b"1" * 140)),
    "events with an outer $set": batch(b'{"event":"e","distinct_id":"d","$set":{"a":"%b"},"$unset":0}' % (b"1" * 140)),
    "objects in an event": event(filled(b'{"a":1},', b'{"a": [', b"{}]}")),
    "keys": event(b"{" + b",".join(b'"k%d":0' % n for n in KEYS) + b"}"),
    "the same key": event(filled(b'"$set":{},', b"{", b'"a":1}')),
    "keys of an id": b'{"event":"e","token":"t","distinct_id":{' + b",".join(b'"%d":0' % n for n in KEYS) + b"}}",
    "names to unset": event(filled(b'"a",', b'{"$unset": [', b'"a"]}'))[:-1] + b', "$unset": ["b"]}',
    "brackets": filled(b"["),
    "depth": event(b'{"a": ' + b"[" * 400_000 + b"]" * 400_000 + b"}"),
    "depth of objects": event(b'{"a": ' + b'{"a":' * 160_000 + b"1" + b"}" * 160_000 + b"}"),
    "depth of events": batch(b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}"),
    "quotes": filled(b'"', b"[{"),
    "escaped quotes": filled(b'\\"', b'[{"a'),
    "NULs": event(filled(b"\\u0000", b'{"a": "', b'"}')),
    "surrogates": event(filled(b"\\ud83d\\ude00\\ud83d", b'{"a": "', b'"}')),
    "no numbers": event(filled(b"NaN,", b'{"a": [', b"NaN]}")),
    "no UTF-8": event(filled(b"\xff", b'{"a": "', b'"}')),
    "no UTF-8 in many events": batch(b'{"event":"e","distinct_id":"d","a":"\xff%b"}' % (b"x" * 170)),
    "line breaks": event(filled(b"\n", b'{"a": "', b'"}')),
    "control characters": event(filled(b"\x01", b'{"a": "', b'"}')),
    "control characters in many strings": event(filled(b'"\x01",', b'{"a": [', b'""]}')),
    "broken events": batch(b'{"event":"e","distinct_id":"d",%b}' % (b" " * 170)),
    "no events between": b'{"api_key":"t","batch":[' + filled(b"{}x") + b"]}",
    "batches": filled(b'"batch":{},', b"{", b"\xff}"),
    "digits": event(b'{"a": %b, "b": [%b]}' % (b"9" * (SIZE // 2), b"9" * (SIZE // 2))),
    "digits of an id": b'{"event":"e","api_key":"t","distinct_id":[%b]}' % (b"9" * SIZE),
    "digits of an offset": b'{"event":"e","api_key":"t","distinct_id":"d","offset":%b}' % (b"9" * SIZE),
    "digits after a point": b'{"event":"e","api_key":"t","distinct_id":[0.%b]}' % (b"9" * SIZE),
    "exponents": event(filled(b"1e99999,", b'{"a": [', b"1]}")),
    "elements of a chain": event(filled(b"a;", b'{"$elements_chain": "', b'ph-no-capture"}')),
    "marked elements": event(filled(b"b.ph-no-capture;", b'{"$elements_chain": "', b'"}')),
    "elements as an array": event(filled(b'{"classes":["ph-no-capture"]},', b'{"$elements": [', b"1]}")),
    "elements without a mark": event(filled(b"11,", b'{"$elements": [', b'{"classes":["ph-no-capture"]}]}')),
    "addresses": event(filled(b'"$ip":"1",', b'{"$set": {', b'"email":"a"}}')),
}  # fmt: skip


# How the others end: with rows.
REFUSED = {
    "too_many_members": {"members", "members with padding", "zlib after zlib", "members in gzip"},
    "empty": {"padding"},
    "unreadable": {
        "gzip five times",
        "escapes of a form",
        "escapes and text",
        "forms in forms",
        "fields",
        "names of fields",
        "base64 with spaces",
        "base64 that ends in vain",
        "depth",
        "depth of objects",
        "quotes",
        "escaped quotes",
        "no UTF-8",
        "control characters",
        "control characters in many strings",
        "batches",
    },
    "too_many_values": {"broken escapes", "brackets"},
    "too_many_events": {"numbers", "empty events", "named events", "events with an outer $set", "no events between"},
    "no_event": {"depth of events", "broken events"},
}
ANSWERS = {what: reason for reason, bodies in REFUSED.items() for what in bodies}


def worked(body: bytes) -> Rows:
    request = read_request(unpack(body, max_bytes=LIMIT), query={}, max_events=5_000)
    return rows_of(request, RULES, ip="192.0.2.1", received_at=datetime.now(UTC))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("what", BODIES)
def test_a_megabyte_takes_seconds_at_most(what: str) -> None:
    began = time.process_time()
    try:
        answer = "rows" if worked(BODIES[what]).rows else "none"
    except RefusedError as error:
        answer = error.reason
    assert time.process_time() - began < SECONDS
    assert answer == ANSWERS.get(what, "rows")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["form_percent.gz", "gzip_members_2MB.gz"])
def test_what_took_seconds_or_minutes_is_refused_at_once(name: str) -> None:
    began = time.process_time()
    with pytest.raises(RefusedError) as caught:
        worked((DATA / name).read_bytes())
    assert time.process_time() - began < SECONDS
    assert caught.value.status == 413


def test_87_bytes_of_nameless_events_land_nothing(service: Service) -> None:
    body = gzip.decompress((DATA / "block_5000_empty.json.gz").read_bytes())
    token = body.split(b'"')[3]
    assert len(token) > 30
    assert service.post(gzip.compress(body.replace(token, TOKEN.encode()))) == 400
    assert service.landed() == []
