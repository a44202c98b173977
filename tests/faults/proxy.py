"""A wire between a client and the server, to be cut at any byte."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal
from urllib.parse import urlsplit

COMMIT = b"COMMIT"
COPY_DONE = b"c\0\0\0\4"  # the client's last word of a COPY
Moment = Literal["before", "answer"]
"""What the server is not told any more, or the answer to it, which the client is not told."""


class Proxy:
    """Hands on what both sides send, until it is told to cut or to stand still."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        login = parts.netloc.rpartition("@")[0]
        self.url = parts._replace(netloc=f"{login}@127.0.0.1:{self._listener.getsockname()[1]}").geturl()
        self.cuts = 0
        self._sign: tuple[bytes, Moment] | None = None
        self._bytes_left: int | None = None
        self._moves = threading.Event()
        self._moves.set()
        self._has_answer = threading.Event()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_at(self, sign: bytes, moment: Moment) -> None:
        """Cut once, when the client next sends these bytes."""
        self._sign = (sign, moment)

    def cut_after(self, count: int) -> None:
        """Cut once, when the client has sent so many bytes more."""
        self._bytes_left = count

    def stall(self) -> None:
        """Hand on nothing, as a wire does that is half open: nobody is told."""
        self._moves.clear()

    def go_on(self) -> None:
        """What has been sent meanwhile arrives."""
        self._moves.set()

    def cut(self) -> None:
        """Reset every connection."""
        self.cuts += 1
        for each in list(self._open):
            _reset(each)
        self._open.clear()
        self._moves.set()

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._server)
                except OSError:
                    client.close()
                    continue
                self._open |= {client, server}
                for source, sink, is_client in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._carry, args=(source, sink, is_client), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, is_client: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if not is_client and not self._moves.is_set():
                    self._has_answer.set()
                self._moves.wait()
                if is_client and self._is_time(data, sink):
                    self.cut()
                    return
                sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _is_time(self, data: bytes, server: socket.socket) -> bool:
        if self._bytes_left is not None:
            self._bytes_left -= len(data)
            if self._bytes_left < 0:
                server.sendall(data[: len(data) // 2])
                self._bytes_left = None
                return True
        if self._sign is not None and self._sign[0] in data:
            moment, self._sign = self._sign[1], None
            if moment == "answer":
                self._moves.clear()
                server.sendall(data)
                self._has_answer.wait(10)
            return True
        return False


def _reset(connection: socket.socket) -> None:
    """Close it at once, with what is under way lost."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
    with suppress(OSError):
        connection.close()


@contextmanager
def proxied(url: str) -> Iterator[Proxy]:
    """A wire to the server of this URL."""
    proxy = Proxy(url)
    try:
        yield proxy
    finally:
        proxy.close()
