"""Nobody takes what others need: memory, threads, connections; and an honest event goes on beside whoever tries."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from prometheus_client import CollectorRegistry, Gauge

from etl.capture.limits import SMALL_BYTES, Memory, Threads, Waiting, client_of
from etl.capture.server import MAX_HEADER_BYTES, MAX_HEADERS
from etl.errors import RefusedError
from tests.capture.service import TOKEN, Service

pytestmark = pytest.mark.long

EVENT = {"event": "honest", "distinct_id": "d"}
LARGE = {**EVENT, "properties": {"text": "x" * 3 * SMALL_BYTES}}
HEAD = b"POST /e/ HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def connect() -> Iterator[Callable[..., socket.socket]]:
    """Connections that have sent something and are closed at the end."""
    with ExitStack() as stack:

        def _connect(service: Service, sent: bytes) -> socket.socket:
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", service.port), timeout=10))
            connection.sendall(sent)
            return connection

        yield _connect


def until(is_true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.001)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionError:
        return False


@pytest.mark.parametrize("clients", [["203.0.113.1"] * 7, [f"203.0.113.{number}" for number in range(7)]])
def test_seven_large_bodies_half_sent_hold_nobody_up(serve, connect, monkeypatch, clients: list[str]) -> None:
    monkeypatch.setattr("etl.capture.app.RATE_SECONDS", 3.0)
    size = 1_000_000
    with serve(max_body_bytes=size, max_pending_bytes=8 * size, trusted_proxies="127.0.0.1") as service:
        slow = [
            connect(service, HEAD + b"X-Forwarded-For: %b\r\nContent-Length: %d\r\n\r\n[" % (client.encode(), size))
            for client in clients
        ]
        for connection in slow:
            with contextlib.suppress(ConnectionError):  # refused meanwhile
                connection.sendall(b" " * (size - 9))
        until(lambda: service.metric("etl_capture_arriving_bytes") > size)
        body = json.dumps({"api_key": TOKEN, "batch": [EVENT]}).encode()
        for client in (clients[0], "198.51.100.1"):
            began = time.monotonic()
            assert service.request("POST", "/e/", body, {"X-Forwarded-For": client})[0] == 200
            assert time.monotonic() - began < 5
        if len(set(clients)) == 1:  # its share is half of what there is
            assert service.metric("etl_capture_arriving_bytes") <= 2 * size
            large = json.dumps({"api_key": TOKEN, "batch": [LARGE]}).encode()
            assert service.request("POST", "/e/", large, {"X-Forwarded-For": "198.51.100.1"})[0] == 200
        assert service.metric("etl_capture_arriving_bytes") <= 4 * size
        until(lambda: service.metric("etl_capture_arriving_bytes") == 0)  # long before the 30 s for a whole body
        assert {connection.recv(12) for connection in slow} <= {b"HTTP/1.1 503", b""}
        assert service.metric("etl_capture_refusals_total", reason="slow_body") >= 2


def test_a_body_that_goes_on_at_the_least_rate_is_taken(serve, connect, monkeypatch) -> None:
    monkeypatch.setattr("etl.capture.app.RATE_SECONDS", 0.4)
    with serve(body_rate=100_000) as service:
        body = json.dumps({"api_key": TOKEN, "batch": [LARGE]}).encode()
        connection = connect(service, HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
        for start in range(0, len(body), 25_000):
            connection.sendall(body[start : start + 25_000])
            time.sleep(0.1)
        assert connection.recv(12) == b"HTTP/1.1 200"


def test_1100_bodies_of_one_byte_hold_nobody_up(serve, connect) -> None:
    with serve() as service:
        slow = [connect(service, HEAD + b"Content-Length: 1000000\r\n\r\n{") for _ in range(1_100)]
        began = time.monotonic()
        assert service.send(EVENT) == 200
        assert service.request("GET", "/_health")[0] == 200
        assert time.monotonic() - began < 5
        assert service.metric("etl_capture_cut_connections_total", reason="full") > 0
        for connection in slow:
            connection.close()


def test_the_longest_idle_or_unfinished_one_makes_room_and_none_that_is_at_work(serve, connect, monkeypatch) -> None:
    with serve(max_connections=3) as service:
        begun, goes_on = threading.Event(), threading.Event()

        async def store(_rows) -> None:
            begun.set()
            while not goes_on.is_set():
                await asyncio.sleep(0.01)

        [shard] = service.capture.shards._all
        monkeypatch.setattr(shard.writer, "store", store)
        body = json.dumps({"api_key": TOKEN, "batch": [EVENT]}).encode()
        request = HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        busy = [connect(service, request)]
        assert begun.wait(10)
        idle = connect(service, b"GET /_health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(15) == b"HTTP/1.1 200 OK"
        slow = connect(service, HEAD + b"Content-Length: 9\r\n\r\n{")
        busy.append(connect(service, request))
        until(lambda: not is_open(idle) or service.metric("etl_capture_cut_connections_total", reason="full") > 0)
        assert is_open(slow)
        busy.append(connect(service, request))
        until(lambda: not is_open(slow))
        assert service.request("GET", "/_health")[0] == 503, "all are at work"
        goes_on.set()
        assert {connection.recv(12) for connection in busy} == {b"HTTP/1.1 200"}
        assert service.request("GET", "/_health")[0] == 200


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("escapes of a form", b"data=" + b"%25" * 6_000_000),
        ("numbers", b"[" + b"1," * 499_000 + b"1]"),
        ("fields of a form", b"a=b&" * 5_000_000 + b"data={}"),
        ("NULs", b'"' + b"\\u0000" * 1_000_000 + b'"'),
        ("base64", b"YWFh" * 5_000_000),
        ("members", gzip.compress(b"", 9) * 100_000),
        ("empty events", b"[" + b"{}," * 300_000 + b"{}]"),
    ],
)
def test_a_small_body_that_holds_a_large_one_holds_nobody_up(service: Service, what: str, text: bytes) -> None:
    body = gzip.compress(text, 9)
    assert len(body) < SMALL_BYTES, what
    answers: list[int] = []
    attack = threading.Thread(target=lambda: answers.append(service.post(body)))
    attack.start()
    longest = 0.0
    while attack.is_alive():
        began = time.monotonic()
        assert service.request("GET", "/_health")[0] == 200
        longest = max(longest, time.monotonic() - began)
    attack.join()
    assert answers[0] in {400, 413}
    assert longest < 1


def test_one_client_s_large_requests_wait_for_each_other_only() -> None:
    async def scenario() -> list[str]:
        threads = Threads(wait_seconds=0.5)
        goes_on, ended = threading.Event(), []

        async def work(client: str, what: Callable[[], object]) -> None:
            try:
                await threads.run(client, what)
                ended.append(client)
            except RefusedError as error:
                ended.append(f"{client} {error.status} {error.reason}")

        stuck = asyncio.create_task(work("a", goes_on.wait))
        await asyncio.sleep(0.05)
        await asyncio.gather(work("a", int), work("b", int), work("b", int))
        goes_on.set()
        await stuck
        await work("a", int)
        threads.stop()
        return ended

    assert asyncio.run(scenario()) == ["b", "b", "a 503 busy", "a", "a"]


def test_memory_is_for_all_and_a_share_for_one() -> None:
    registry = CollectorRegistry()
    gauge = Gauge("held", "of this test", registry=registry)
    memory = Memory(1_000_000, 600_000, gauge, "full", "Full.")
    with memory.of("a") as first, memory.of("a") as second, memory.of("b") as other:
        first(500_000)
        second(SMALL_BYTES)  # what is small is let in
        with pytest.raises(RefusedError, match="Full"):
            second(50_000)
        other(400_000)
        with pytest.raises(RefusedError, match="Full"):
            other(100_000)
        first(-500_000)
        other(100_000)
        assert registry.get_sample_value("held") == SMALL_BYTES + 500_000
    assert registry.get_sample_value("held") == 0
    with memory.of("a") as whole:
        whole(600_000)


def test_the_client_with_most_connections_loses_the_one_that_has_waited_longest() -> None:
    waiting: Waiting[str] = Waiting()
    assert waiting.longest() is None
    for client, connection in (("a", "a1"), ("b", "b1"), ("b", "b2"), ("b", "b1")):
        waiting.add(client, connection)
    assert waiting.longest() == "b1"
    waiting.remove("b", "b1")
    waiting.add("b", "b1")
    assert waiting.longest() == "b2"
    for client, connection in (("b", "b1"), ("b", "b2"), ("b", "b2"), ("nobody", "x")):
        waiting.remove(client, connection)
    assert waiting.longest() == "a1"


def test_a_network_of_ipv6_is_one_client() -> None:
    assert client_of("2001:db8:1:2::5") == client_of("2001:db8:1:2:ffff::") != client_of("2001:db8:1:3::5")
    assert client_of("::ffff:192.0.2.1") == client_of("192.0.2.1") == "192.0.2.1"
    assert client_of("unknown:x") == "unknown:x"


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"X: " + b"a" * MAX_HEADER_BYTES + b"\r\n", id="one long header"),
        pytest.param(b"a: b\r\n" * 20_000, id="20,000 headers"),
        pytest.param(b"a: b\r\n" * MAX_HEADERS, id="one header too many"),
        pytest.param(b"".join(b"a: %b\r\n" % (b"b" * 1_000) for _ in range(70)), id="much in few"),
    ],
)
def test_a_large_head_in_one_read_is_refused(service: Service, connect, head: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        connection = connect(service, b"GET /_health HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
        assert connection.recv(12) in {b"HTTP/1.1 400", b""}
    assert service.metric("etl_capture_requests_total", endpoint="health", status="200") == 0
    assert service.send(EVENT) == 200


def test_as_many_headers_as_are_allowed(service: Service, connect) -> None:
    head = b"GET /_health HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * (MAX_HEADERS - 1) + b"\r\n"
    assert connect(service, head).recv(12) == b"HTTP/1.1 200"
    pipelined = connect(service, b"GET /_health HTTP/1.1\r\nHost: x\r\n\r\n" * 5_000)
    answered = b""
    while answered.count(b"HTTP/1.1 200") < 5_000:
        answered += (part := pipelined.recv(1_000_000))
        assert part


@pytest.mark.parametrize(
    "framing",
    [
        pytest.param(b"1;" + b"x" * 400_000 + b"\r\n{\r\n", id="extension of a chunk"),
        pytest.param(b"1\r\n{\r\n0\r\n" + b"a: b\r\n" * 60_000, id="trailers"),
        pytest.param(b"1\r\n{\r\n0\r\na: " + b"b" * 400_000, id="one trailer"),
    ],
)
def test_what_stands_around_chunks_is_limited(service: Service, connect, framing: bytes) -> None:
    connection = connect(service, HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        connection.sendall(framing)
        assert connection.recv(12) in {b"", b"HTTP/1.1 400"}
    assert service.send(EVENT) == 200


def test_small_chunks_are_taken(service: Service, connect) -> None:
    body = json.dumps({"api_key": TOKEN, "batch": [LARGE]}).encode()
    chunks = [body[start : start + 100] for start in range(0, len(body), 100)]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    assert connect(service, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + framed).recv(12) == b"HTTP/1.1 200"
