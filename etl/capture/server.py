"""Listening: uvicorn with the guards it lacks, the log, and an end that lets requests in flight finish."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Mapping
from typing import Any

import httptools
import msgspec
import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from etl.capture.app import Capture
from etl.capture.limits import Waiting, client_of
from etl.capture.metrics import Metrics
from etl.capture.writer import named
from etl.errors import ConfigurationError
from etl.settings import Settings

MAX_HEADER_BYTES = 65_536
MAX_HEADERS = 100
KEEP_ALIVE_SECONDS = 65  # longer than the 60 s after which common proxies close theirs
DRAIN_SECONDS = 4  # for requests in flight at the end; `etl up` promises to be gone within 10

log = structlog.get_logger("etl.capture")


def serve(settings: Settings, urls: Mapping[str, str]) -> None:
    """Answer until SIGINT or SIGTERM.

    Args:
        settings: those that begin with ``capture_``.
        urls: the address of each shard by its name; "" is the only warehouse.

    Raises:
        ConfigurationError: the port is in use, or the database (each, if there are several) refuses the login.
    """
    configure_log()
    listener = listen(settings.capture_host, settings.capture_port)
    capture = Capture(settings, urls)
    troubles = asyncio.run(capture.shards.check())
    if len(troubles) == len(urls) and all(isinstance(each, ConfigurationError) for each in troubles.values()):
        raise next(iter(troubles.values()))
    for shard, error in troubles.items():
        log.warning("starting anyway; answers 503 until the database is there", error=str(error), **named(shard))
    log.info("listening", address=f"http://{settings.capture_host}:{settings.capture_port}")
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn has stopped and raises it once more
        Server(capture, settings).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ConfigurationError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise ConfigurationError(
            f"Port {port} on {host} cannot be used: {error.strerror}. Stop the program that has it, "
            "or set ETL_CAPTURE_PORT to a free port (and ETL_CAPTURE_HOST to an address of this machine)."
        ) from error


class _Parser(httptools.HttpRequestParser):
    """The parser of uvicorn, for which no request offers to go on in another protocol.

    A server may ignore the offer (RFC 9110, 7.8). This parser would take the body for that protocol, and Java's client
    offers HTTP/2 with every request; so the head is read once more without its ``Upgrade``.
    """

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        super().__init__(protocol)
        self._protocol = protocol
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does with its own

    def has_offer(self) -> bool:
        """Whether the head that was just read is to be read once more."""
        return self.should_upgrade() and self.get_method() != b"CONNECT"

    def feed_data(self, data: Any) -> None:
        while True:
            try:
                super().feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                if not self.has_offer():
                    raise
                data = self._head() + data[offer.args[0] :]
            else:
                return

    def _head(self) -> bytes:
        first = b"%b %b HTTP/%b" % (self.get_method(), self._protocol.url, self.get_http_version().encode())
        headers = (b"%b: %b" % header for header in self._protocol.headers if header[0] != b"upgrade")
        return b"\r\n".join([first, *headers, b"", b""])


class Server(uvicorn.Server):
    """uvicorn for one capture."""

    def __init__(self, capture: Capture, settings: Settings) -> None:
        self._capture = capture
        super().__init__(
            uvicorn.Config(
                capture.app(),
                http=_guarded(
                    capture.metrics,
                    header_seconds=settings.capture_header_seconds,
                    max_connections=settings.capture_max_connections,
                ),
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.capture_trusted_proxies),
                forwarded_allow_ips=settings.capture_trusted_proxies or None,
                limit_concurrency=settings.capture_max_connections + 1,  # reached only if none of them is waiting
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=DRAIN_SECONDS,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is in flight, and do not wait long for a database that is away."""
        self._capture.shards.hurry()
        await super().shutdown(sockets)
        log.info("stopped")


def configure_log() -> None:
    """One JSON object a line on standard output, also for what uvicorn says."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_serialised),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.getLogger("uvicorn").setLevel(logging.ERROR)


def _serialised(event: dict[str, Any], **_: object) -> bytes:
    return msgspec.json.encode(event, enc_hook=repr)


def _guarded(metrics: Metrics, *, header_seconds: float, max_connections: int) -> type[asyncio.Protocol]:
    """The protocol of uvicorn with the limits it has not: time and size of a head, and who goes when all are taken.

    What is not body (head, sizes of chunks, trailers) is counted as it is read: the parser would keep any amount of it.
    """
    waiting: Waiting[GuardedProtocol] = Waiting()

    class GuardedProtocol(HttpToolsProtocol):
        _client = ""
        _deadline: asyncio.TimerHandle | None = None
        _head_bytes = 0

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.parser: _Parser = _Parser(self)

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._client = client_of(self.client[0] if self.client else "")
            if len(self.connections) > max_connections and (other := waiting.longest()):
                other.cut("full")
            waiting.add(self._client, self)
            self._expect_head()

        def data_received(self, data: bytes) -> None:
            if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
                self._expect_head()
            self._head_bytes += len(data)
            super().data_received(data)
            if self._head_bytes > MAX_HEADER_BYTES:
                self.cut("large_head")

        def on_message_begin(self) -> None:
            self._head_bytes = 0  # this read itself is looked at when the head is complete
            super().on_message_begin()

        def on_header(self, name: bytes, value: bytes) -> None:
            super().on_header(name, value)
            if len(self.headers) > MAX_HEADERS:
                raise ValueError("too many headers")  # uvicorn answers 400 and closes

        def on_headers_complete(self) -> None:
            self._forget_deadline()
            if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEADER_BYTES:
                raise ValueError("the head is too large")
            if not self.parser.has_offer():
                super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            self._head_bytes -= 2 * len(body)  # chunks may cost as much as they bring
            super().on_body(body)

        def on_message_complete(self) -> None:
            if self.parser.has_offer():
                return
            waiting.remove(self._client, self)
            super().on_message_complete()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.cycle.response_complete and not self.transport.is_closing():
                waiting.add(self._client, self)

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget_deadline()
            waiting.remove(self._client, self)
            super().connection_lost(exc)

        def cut(self, reason: str) -> None:
            """Close it, whatever it is about to send."""
            metrics.cut_connections.labels(reason).inc()
            waiting.remove(self._client, self)
            self.connections.discard(self)
            self.transport.close()

        def _expect_head(self) -> None:
            self._deadline = self.loop.call_later(header_seconds, self.cut, "slow_head")

        def _forget_deadline(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return GuardedProtocol
