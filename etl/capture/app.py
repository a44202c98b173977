"""The HTTP side: every path an SDK asks for, one log line and one count a request, and never a traceback outside."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from etl.capture import answers
from etl.capture.body import unpack
from etl.capture.limits import SMALL_BYTES, Memory, Threads, client_of
from etl.capture.metrics import Metrics
from etl.capture.request import Headers, Rows, read_request, rows_of
from etl.capture.shards import Shard, Shards
from etl.capture.writer import named
from etl.errors import ConfigurationError, RefusedError
from etl.settings import Settings

RATE_SECONDS = 5.0  # how often it is looked at how fast a body comes
UNREAD = frozenset({"too_large", "slow_body", "too_many_bodies"})  # reasons after which a body may still be on its way
DRAIN_FACTOR = 3  # of a body that is too large, so much is read and thrown away so that the client hears the answer

GET_AND_POST = frozenset({"GET", "HEAD", "POST"})
METHODS = {
    **dict.fromkeys(("capture", "flags", "decide"), GET_AND_POST),
    **dict.fromkeys(("v1", "recording"), frozenset({"POST"})),
    **dict.fromkeys(
        ("config.js", "config", "static", "health", "ready", "metrics", *answers.NOTHING), frozenset({"GET", "HEAD"})
    ),
}

T = TypeVar("T")
Noted = dict[str, Any]
"""What the log line of a request says besides the usual."""

log = structlog.get_logger("etl.capture")


class Capture:
    """The state that all requests share."""

    def __init__(self, settings: Settings, urls: Mapping[str, str]) -> None:
        """Nothing is connected yet.

        Args:
            settings: those that begin with ``capture_``.
            urls: a login in the role ``event_capture``, or the owner's, for each shard; "" is the only warehouse.

        Raises:
            ConfigurationError: the folder of posthog-js holds none.
        """
        self.settings = settings
        self.metrics = Metrics()
        half = settings.capture_max_pending_bytes // 2
        self.shards = Shards(settings, urls, self.metrics, limit=half)
        folder = settings.capture_static_dir
        if folder is not None and not (folder / "array.js").is_file():
            raise ConfigurationError(
                f"ETL_CAPTURE_STATIC_DIR={folder}: there is no array.js. Set it to the folder dist of the npm package "
                "posthog-js, or unset it."
            )
        self._files = None if folder is None else StaticFiles(directory=folder)
        self._threads = Threads(settings.capture_wait_seconds)
        share = max(half // 2, settings.capture_max_body_bytes)
        self._arriving = Memory(
            half, share, self.metrics.arriving_bytes,
            "too_many_bodies", "Too many large bodies are on their way: send again.",
        )  # fmt: skip
        self._pending = Memory(
            half, share, self.metrics.pending_bytes,
            "queue_full", "Too many large requests wait for their commit: send again.",
        )  # fmt: skip

    def app(self) -> Starlette:
        """The ASGI application."""
        cors = CORSMiddleware(
            self,
            allow_origins=["*"],
            allow_credentials=True,  # old browser SDKs ask for it; no cookie is ever read here
            allow_methods=["GET", "POST", "OPTIONS"],
            allow_headers=["*"],
            allow_private_network=True,  # a page on the internet may send to a server on this network
            expose_headers=["Retry-After"],
            max_age=86_400,
        )
        return Starlette(
            routes=[
                # For operators: no page that one of them has open may read these.
                *(Route(path, self) for path in ("/_metrics", "/_ready")),
                Route("/{path:path}", cors),
            ],
            lifespan=self._lifespan,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of any method: given a function, a route would answer some itself, without a log line."""
        response = await self.answer(Request(scope, receive))
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """Answer one request, count it and log it: neither its body nor its token."""
        began = time.perf_counter()
        endpoint, parts = answers.endpoint_of(request.scope["path"])
        noted: Noted = {}
        try:
            response = await self._respond(request, endpoint, parts, noted)
        except RefusedError as error:
            response = answers.refusal(error.status, str(error), closes=error.reason in UNREAD)
            noted["refused"] = error.reason
            self.metrics.refusals.labels(error.reason).inc()
        except ClientDisconnect:
            response = answers.refusal(400, "The client went away.")
            noted["refused"] = "client_went_away"
            self.metrics.refusals.labels("client_went_away").inc()
        except Exception:
            log.exception("request failed", endpoint=endpoint)
            response = PlainTextResponse("Internal Server Error", status_code=500)
        seconds = time.perf_counter() - began
        self.metrics.requests.labels(endpoint, str(response.status_code)).inc()
        if endpoint in {"capture", "v1"}:
            self.metrics.request_seconds.observe(seconds)
        if self.settings.capture_log_addresses and request.client is not None:
            noted["client"] = request.client.host
        log.info(
            "request",
            method=request.method,
            endpoint=endpoint,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            **noted,
        )
        return response

    async def _respond(self, request: Request, endpoint: str, parts: Mapping[str, str], noted: Noted) -> Response:
        if request.method == "OPTIONS":
            return PlainTextResponse("OK")
        if endpoint == "other":
            raise RefusedError(404, "unknown_path", "Nothing is here. Events go to /e/ or /batch/.")
        if request.method not in METHODS[endpoint]:
            raise RefusedError(405, "method", "Events are sent by POST.")
        if endpoint == "capture":
            await self._store(request, noted, is_engage=parts["name"] == "engage")
            return answers.accepted()
        if endpoint == "v1":
            stored = await self._store(request, noted, headers=Headers.of(request.headers))
            return answers.of_each_event(row.uuid for row in stored.rows)
        if endpoint == "static":
            return await self._file(request, parts["file"])
        if endpoint in {"ready", "metrics"}:
            return await self._ready() if endpoint == "ready" else self._counts()
        if endpoint == "recording":
            self.metrics.count_events(not_stored=1)
        await self._discard(request)
        return answers.auxiliary(endpoint, parts, request.query_params)

    def _counts(self) -> Response:
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4")

    async def _file(self, request: Request, name: str) -> Response:
        """A file of posthog-js, for pages that load it from here as PostHog's snippet does."""
        if self._files is None:
            raise RefusedError(404, "no_static", "posthog-js is not served here: ETL_CAPTURE_STATIC_DIR is not set.")
        try:
            response = await self._files.get_response(name, request.scope)
        except HTTPException as error:
            raise RefusedError(404, "no_static", f"There is no {name} in this server's posthog-js.") from error
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    async def _store(
        self, request: Request, noted: Noted, *, headers: Headers | None = None, is_engage: bool = False
    ) -> Rows:
        """Commit the events of one request; returns what was committed."""
        host = None if request.client is None else request.client.host
        client = client_of(host or "")
        with self._pending.of(client) as take:
            shard, rows = await self._rows(request, client, take, noted, headers=headers, is_engage=is_engage, ip=host)
            noted["events"] = len(rows.rows)
            if rows.repaired:
                noted["repaired"] = rows.repaired
            await shard.store(client, rows.rows)
        self.metrics.count_events(
            landed=len(rows.rows), unreadable=rows.unreadable, repaired=rows.repaired, not_stored=rows.not_stored
        )
        return rows

    async def _rows(
        self,
        request: Request,
        client: str,
        take: Callable[[int], None],
        noted: Noted,
        *,
        headers: Headers | None,
        is_engage: bool,
        ip: str | None,
    ) -> tuple[Shard, Rows]:
        """The landing rows of one request and where they go. What it was read from is let go when this returns."""
        text = await self._text(request, client, noted)
        take(len(text))
        events = await self._run(
            client,
            len(text),
            lambda: read_request(
                text,
                query=request.query_params,
                max_events=self.settings.capture_max_batch_events,
                is_engage=is_engage,
                headers=headers,
            ),
        )
        shard, rules = await self.shards.find(events.token)
        noted |= {"project": rules.team_id, **named(shard.name)}
        now = datetime.now(UTC)
        return shard, await self._run(client, len(text), lambda: rows_of(events, rules, ip=ip, received_at=now))

    async def _text(self, request: Request, client: str, noted: Noted) -> bytes:
        """The JSON of one request. Its body, as it came, is let go when this returns.

        What is small, packed and unpacked, is unpacked here; a small body may hold a large one, so it is tried.
        """
        limit = self.settings.capture_max_body_bytes
        compression = request.query_params.get("compression", request.headers.get("content-encoding", ""))
        with self._arriving.of(client) as take:
            body = await self._read(request, take)
            noted["bytes"] = len(body)
            self.metrics.body_bytes.inc(len(body))
            if len(body) <= SMALL_BYTES:
                try:
                    return unpack(body, max_bytes=min(SMALL_BYTES, limit), compression=compression)
                except RefusedError as error:
                    if error.reason != "too_large":
                        raise
            return await self._threads.run(client, lambda: unpack(body, max_bytes=limit, compression=compression))

    async def _run(self, client: str, size: int, work: Callable[[], T]) -> T:
        """Run it here if it is quick, else in a thread, so that a large request does not hold up small ones."""
        try:
            return work() if size <= SMALL_BYTES else await self._threads.run(client, work)
        except RecursionError as error:
            raise RefusedError(400, "too_deep", "The request is nested too deep.") from error

    async def _read(self, request: Request, take: Callable[[int], None]) -> bytes:
        """The body, or the query's ``data``, as received.

        A body that is not small has to come at the least rate, looked at every few seconds: it holds memory.
        """
        if request.method in {"GET", "HEAD"}:
            return bytes(request.scope["query_string"])
        limit = self.settings.capture_max_body_bytes
        step = int(self.settings.capture_body_rate * RATE_SECONDS)
        parts: list[bytes] = []
        size, due = 0, SMALL_BYTES
        loop = asyncio.get_running_loop()
        end = loop.time() + self.settings.capture_body_seconds
        try:
            async with asyncio.timeout_at(end) as patience:
                async for part in request.stream():
                    size += len(part)
                    if size <= limit:
                        take(len(part))
                        parts.append(part)
                    elif parts:
                        take(len(part) - size)  # gives back what was kept until now
                        parts.clear()
                    if size > DRAIN_FACTOR * limit:
                        break
                    if size > due:
                        due = size + step
                        patience.reschedule(min(end, loop.time() + RATE_SECONDS))
        except TimeoutError as error:
            raise RefusedError(503, "slow_body", "The body came too slowly: send again.") from error
        if size > limit:
            raise RefusedError(413, "too_large", f"The body is larger than {limit:,} bytes: send smaller batches.")
        return b"".join(parts)

    async def _discard(self, request: Request) -> None:
        """Read a body that nobody needs, within the same limits, and forget it."""
        size = 0
        try:
            async with asyncio.timeout(self.settings.capture_body_seconds):
                async for part in request.stream():
                    size += len(part)
                    if size > DRAIN_FACTOR * self.settings.capture_max_body_bytes:
                        raise RefusedError(413, "too_large", "The body is too large.")
        except TimeoutError as error:
            raise RefusedError(503, "slow_body", "The body did not come in time.") from error

    async def _ready(self) -> Response:
        """Ready, if the events of any project can be stored: else a shard that is away would take the others along."""
        troubles = await self.shards.check()
        for shard, error in troubles.items():
            log.warning("not ready", error=str(error), **named(shard))
        if len(troubles) == len(self.shards):
            return answers.refusal(503, "The database is away.")
        return PlainTextResponse(f"ready, but for {', '.join(troubles)}" if troubles else "ready")

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self.shards.start()
        try:
            yield
        finally:
            await self.shards.stop()
            self._threads.stop()
