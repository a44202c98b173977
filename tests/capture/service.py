"""A capture server in a thread, as the tests use it: with its own login, and everything it counts in reach."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from etl import sql
from etl.capture.app import Capture
from etl.capture.server import Server, listen
from etl.operate import project
from etl.settings import Settings

TOKEN = "phc_wiretest000000000000000000000000000000000"
LOGIN = "capture_of_tests"
PASSWORD = "of-tests-only"


class Service:
    """A running capture, and a client for it."""

    def __init__(self, capture: Capture, port: int, database: str) -> None:
        self.capture = capture
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.database = database
        self._reader: sql.Db | None = None
        self._seen = 0
        self._before: dict[tuple[Any, ...], float] = {}

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def post(self, body: bytes | str | Any, path: str = "/e/", **headers: str) -> int:
        """POST a body (plain values become JSON); returns the status."""
        if not isinstance(body, bytes | str):
            body = json.dumps(body)
        body = body.encode() if isinstance(body, str) else body
        return self.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})[0]

    def send(self, *events: Any, **envelope: Any) -> int:
        """POST events as a batch with the token."""
        return self.post({"api_key": TOKEN, "batch": list(events), **envelope}, "/batch/")

    def landed(self) -> list[dict[str, Any]]:
        """What is in landing, in order of arrival."""
        with sql.connect(self.database) as db:
            return db.execute("select * from landing.event order by xid, landing_id").fetchall()

    def landed_now(self) -> list[dict[str, Any]]:
        """What has landed since the last call."""
        if self._reader is None:
            self._reader = sql.connect(self.database)
        statement = "select * from landing.event where landing_id > %s order by xid, landing_id"
        rows = self._reader.execute(statement, (self._seen,)).fetchall()
        self._seen = max([self._seen, *(row["landing_id"] for row in rows)])
        return rows

    def metric(self, name: str, **labels: str) -> float:
        """What was counted in this test."""
        return self._value(name, labels) - self._before.get((name, *sorted(labels.items())), 0.0)

    def begin(self) -> None:
        """Forget what a test before has landed, counted and set."""
        with psycopg.connect(self.database, autocommit=True) as db:
            db.execute("truncate landing.event")
            db.execute("delete from landing.project_privacy; delete from landing.project_token where team_id > 1")
            db.execute("delete from landing.project where team_id > 1; update landing.project set anonymize_ips = true")
        for shard in self.capture.shards._all:
            shard.projects._read_at = 0.0
        self._before = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for metric in self.capture.metrics._registry.collect()
            for sample in metric.samples
        }

    def _value(self, name: str, labels: dict[str, str]) -> float:
        return self.capture.metrics._registry.get_sample_value(name, labels) or 0.0


@contextmanager
def serving(database: str, settings: Settings, *, port: int = 0) -> Iterator[Service]:
    """Serve on 127.0.0.1 with the login of capture; the project 1 has the token ``TOKEN``."""
    with sql.connect(database) as db:
        project.register_token(db, 1, TOKEN)
    with serving_shards({"": login_url(database)}, settings, port=port) as service:
        service.database = database
        yield service


@contextmanager
def serving_shards(urls: Mapping[str, str], settings: Settings, *, port: int = 0) -> Iterator[Service]:
    """Serve on 127.0.0.1 for several warehouses, with the logins given."""
    capture = Capture(settings, urls)
    listener = listen("127.0.0.1", port)
    server = Server(capture, settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    service = Service(capture, listener.getsockname()[1], next(iter(urls.values())))
    try:
        yield service
    finally:
        service.close()
        server.should_exit = True
        thread.join(15)
        assert not thread.is_alive()


def login_url(database: str) -> str:
    """The same database for a login that may do only what capture may."""
    with psycopg.connect(database, autocommit=True) as db:
        if not db.execute("select 1 from pg_roles where rolname = %s", (LOGIN,)).fetchone():
            db.execute(f"create role {LOGIN} login password '{PASSWORD}' in role event_capture")
    parts = urlsplit(database)
    return urlunsplit(parts._replace(netloc=f"{LOGIN}:{PASSWORD}@{parts.hostname}:{parts.port}"))
