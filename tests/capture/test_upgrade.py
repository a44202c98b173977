"""Clients that offer to go on in another protocol: the offer is ignored, and the events land."""

from __future__ import annotations

import json
import socket
import time

import pytest

from tests.capture.service import TOKEN, Service

JAVA = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
OFFERS = {
    "java.net.http.HttpClient, curl --http2": JAVA,
    "Apache HttpClient 5.4": "Upgrade: TLS/1.2\r\nConnection: Upgrade\r\n",
    "a web socket": "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
    "a proxy's Connection without an offer": "Connection: upgrade\r\n",
    "an offer without its Connection": "Upgrade: h2c\r\n",
}


def request_of(headers: str, name: str = "seen", *, is_chunked: bool = False) -> bytes:
    body = json.dumps({"api_key": TOKEN, "batch": [{"event": name, "distinct_id": "u"}]}).encode()
    if is_chunked:
        length, body = "Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    else:
        length = f"Content-Length: {len(body)}"
    return f"POST /batch/ HTTP/1.1\r\nHost: x\r\n{headers}{length}\r\n\r\n".encode() + body


def exchange(service: Service, *pieces: bytes, answers: int = 1) -> bytes:
    """What comes back for bytes that are sent in pieces, as far as so many answers."""
    received = b""
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.002)
        while received.count(b"HTTP/1.1 ") < answers or not received.endswith(b"}"):
            part = connection.recv(65_536)
            if not part:
                break
            received += part
    return received


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("headers", OFFERS.values(), ids=OFFERS)
def test_the_body_lands(service: Service, headers: str, is_chunked: bool) -> None:
    request = request_of(headers, is_chunked=is_chunked)
    assert b"HTTP/1.1 200" in exchange(service, request)
    pieces = [request[at : at + 7] for at in range(0, len(request), 7)]
    assert b"HTTP/1.1 200" in exchange(service, *pieces)
    assert [row["event"] for row in service.landed()] == ["seen", "seen"]


def test_each_of_several_requests_on_one_connection(service: Service) -> None:
    sent = [request_of(headers, f"{place}") for place, headers in enumerate([*OFFERS.values(), "", *OFFERS.values()])]
    answer = exchange(service, b"".join(sent), answers=len(sent))
    assert answer.count(b"HTTP/1.1 200") == len(sent)
    assert [row["event"] for row in service.landed()] == [f"{place}" for place in range(len(sent))]


def test_no_tunnel(service: Service) -> None:
    assert b"HTTP/1.1 4" in exchange(service, b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n")[:20]
    assert service.send({"event": "after", "distinct_id": "u"}) == 200
