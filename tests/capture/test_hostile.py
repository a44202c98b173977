"""Whatever comes in: never a 500, never a stuck worker, and what was acknowledged is in landing."""

from __future__ import annotations

import base64
import gzip
import json
import math
import random
import socket
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.capture.service import TOKEN, Service

FIXTURES = Path(__file__).parent / "fixtures"
ANSWERS = {200, 400, 401, 404, 405, 413, 503}
BODIES = [
    base64.b64decode(json.loads((FIXTURES / f"{name}.json").read_bytes())["body_base64"])
    for name in ("js_pageview", "js_custom_event", "py_capture", "node_capture")
]
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec="utf-8"))
    | st.just("\ud800\0"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    ["event", "distinct_id", "$distinct_id", "uuid", "timestamp", "offset", "properties", "$set", "$set_once", "$unset",
     "options", "ip", "sent_at", "session_id"]
)  # fmt: skip
inner_names = st.sampled_from([
    "token",
    "distinct_id",
    "$insert_id",
    "$elements_chain",
    "$elements",
    "$set",
    "$ip",
    "$el_text",
    "ph-no-capture",
])
events = st.dictionaries(names, json_values | st.dictionaries(inner_names, json_values, max_size=4), max_size=6)
packings = st.sampled_from([
    bytes,
    gzip.compress,
    zlib.compress,
    zstandard.compress,
    base64.b64encode,
    lambda body: b"data=" + base64.b64encode(body),
])
paths = st.sampled_from([
    "/e/",
    "/batch/",
    "/engage/?_=1795401779997",
    "/i/v1/analytics/events",
    "/capture/?compression=lz64",
])


def check(service: Service, body: bytes, path: str = "/e/", **headers: str) -> int:
    """Send it; what is counted as landed must have landed, and nothing else."""
    before = service.metric("etl_capture_events_total", outcome="landed")
    status, _, _ = service.request("POST", path, body, headers)
    assert status in ANSWERS
    rows = service.landed_now()
    assert len(rows) == service.metric("etl_capture_events_total", outcome="landed") - before
    assert status == 200 or not rows
    return status


@FEW
@given(body=st.binary(max_size=300), path=paths)
def test_any_bytes(module_service: Service, body: bytes, path: str) -> None:
    check(module_service, body, path, Authorization=f"Bearer {TOKEN}")


@FEW
@given(batch=st.lists(events | json_values, max_size=4), packing=packings, path=paths)
def test_any_events_in_any_packing(module_service: Service, batch: list[Any], packing: Any, path: str) -> None:
    body = packing(json.dumps({"api_key": TOKEN, "batch": batch}).encode())
    status = check(module_service, body, path, Authorization=f"Bearer {TOKEN}")
    assert status == (200 if any(has_name_and_id(each, path) for each in batch) else 400)


def has_name_and_id(event: Any, path: str) -> bool:
    def is_said(value: Any) -> bool:
        is_null = value is None or (isinstance(value, float) and not math.isfinite(value))
        return bool(value.strip()) if isinstance(value, str) else not is_null

    if not isinstance(event, dict) or not is_said(event.get("event", "$identify" if "engage" in path else None)):
        return False
    properties = event.get("properties")
    places = [event, properties] if isinstance(properties, dict) else [event]
    return any(is_said(place.get(name)) for place in places for name in ("distinct_id", "$distinct_id"))


@FEW
@given(body=st.sampled_from(BODIES), data=st.data())
def test_a_damaged_recording(module_service: Service, body: bytes, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["cut", "flip", "insert"]))
    place = data.draw(st.integers(0, len(body) - 1))
    if kind == "cut":
        body = body[:place]
    elif kind == "flip":
        body = body[:place] + bytes([body[place] ^ data.draw(st.integers(1, 255))]) + body[place + 1 :]
    else:
        body = body[:place] + data.draw(st.binary(min_size=1, max_size=9)) + body[place:]
    check(module_service, body)


def wrapped(value: str) -> bytes:
    event = f'{{"event": "e", "distinct_id": "d", "properties": {{"v": {value}}}}}'
    return f'{{"api_key": "{TOKEN}", "batch": [{event}]}}'.encode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (wrapped("[" * 100_000 + "]" * 100_000), None),
        (wrapped('{"a":' * 50_000 + "1" + "}" * 50_000), None),
        (b"[" * 100_000, 400),
        (f'{{"api_key": "{TOKEN}", "x": {"[" * 700}{"]" * 700}, "batch": [{{"event": "e"}}]}}'.encode(), None),
        (f'{{"api_key": {"[" * 700}{"]" * 700}, "batch": [{{"event": "e"}}]}}'.encode(), None),
        (wrapped("1" * 200_000), 200),
        (wrapped("-1e999999999"), 200),
        (wrapped("1e-999999999"), 200),
        (wrapped("[" + "1e400000," * 5_000 + "0]"), 200),
        (wrapped('"' + "\\u0000" * 100_000 + '"'), 200),
        (wrapped('"' + "\\ud800" * 100_000 + '"'), 200),
        (wrapped('{"a": 1, "a": 2, "a": {"a": 3}}'), 200),
        (wrapped("1").replace(b'"event"', b'"event": "first", "event"'), 200),
        (wrapped('"caf\u00e9"').decode().encode("latin-1"), 200),
        (wrapped("1").decode().encode("utf-16"), 400),
        (wrapped("1").decode().encode("utf-32"), 400),
        (wrapped('"\xed\xa0\x80"').decode().encode("latin-1"), 200),
        (b"\xef\xbb\xbf" + wrapped("1"), 200),
        (wrapped("1") + b"}", 400),
        (wrapped("1") + b"\0\0", 400),
        (b"\x1f\x8b\x08" + random.Random(1).randbytes(500), 400),
        (gzip.compress(wrapped("1"))[:-5], 400),
        (gzip.compress(gzip.compress(gzip.compress(gzip.compress(gzip.compress(wrapped("1")))))), 400),
        (gzip.compress(b"0" * 100_000_000), 413),
        (gzip.compress(wrapped('"' + "x" * 2_000_000 + '"')), 200),
        (f'{{"api_key": "{TOKEN}", "batch": [{"{}," * 4_999}{{}}]}}'.encode(), 400),
        (b'{"a":1,' * 3 + b'"b":2' * 100_000, 400),
        (b"{" + b",".join(b'"k%d":1' % n for n in range(200_000)) + b"}", 401),
        (wrapped("1").replace(b'"d"', b'"' + b"d" * 1_000_000 + b'"'), 200),
        (wrapped("1").replace(b'"d"', b"{" + b",".join(b'"k%d":[]' % n for n in range(50_000)) + b"}"), 200),
    ],
    ids=range(30),
)
def test_known_attacks(service: Service, body: bytes, status: int | None) -> None:
    began = time.perf_counter()
    answered = check(service, body)
    assert status in {None, answered}
    assert time.perf_counter() - began < 10
    assert service.send({"event": "after", "distinct_id": "d"}) == 200


def test_what_landed_of_it_does_not_stop_a_cycle(own_service: Service, cycle) -> None:
    for value in (
        "1" * 200_000,
        "-1e9999",
        "-1e999999999",
        "[" * 100_000 + "]" * 100_000,
        '"\\u0000\\ud800"',
        '{"a": 1, "a": 2}',
    ):
        for body in (wrapped(value), wrapped(f'1, "$set": {{"v": {value}}}')):
            beside = b'"batch": [{"event": "good", "distinct_id": "d"}, '
            assert own_service.post(body.replace(b'"batch": [', beside)) == 200
    odd = (None, 1, [], {}, {"event": {}}, {"event": "e", "uuid": []})
    assert own_service.send({"event": "good", "distinct_id": "d"}, *odd) == 200
    landed = int(own_service.metric("etl_capture_events_total", outcome="landed"))
    batch = cycle()
    assert batch["landed"] == landed == batch["held"] + batch["loaded"] + batch["quarantined"]


def test_many_bombs_at_once_do_not_hold_up_an_honest_client(service: Service) -> None:
    bomb = gzip.compress(b"0" * 100_000_000)
    with ThreadPoolExecutor(9) as threads:
        bombs = [threads.submit(service.post, bomb) for _ in range(24)]
        began = time.perf_counter()
        assert service.send({"event": "honest", "distinct_id": "d"}) == 200
        assert time.perf_counter() - began < 10
        assert {each.result() for each in bombs} <= {413, 503}
    assert [row["event"] for row in service.landed()] == ["honest"]
    assert service.metric("etl_capture_pending_bytes") == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /e/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /e/ HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /e/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /e/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"POST /%ff%00/e/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
        b"GET /e/?data=%ff&_=%00 HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n\r\n",
        b"POST /e/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    ],
)
def test_broken_http(service: Service, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.settimeout(0.5)
        client.sendall(raw)
        try:
            answer = client.recv(1000)
        except TimeoutError:
            answer = b""
    assert b" 500 " not in answer
    assert service.send({"event": "after", "distinct_id": "d"}) == 200
