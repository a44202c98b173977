"""Capture for several warehouses: each request lands where its project is, and a warehouse that hangs hangs alone."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from etl import cli, sql
from etl.errors import ConfigurationError
from etl.operate import project
from etl.settings import Settings
from tests.capture.service import Service, login_url, serving_shards
from tests.conftest import fresh_database

AWAY = "postgresql://nobody@127.0.0.1:1/warehouse"


@pytest.fixture
def shards(server_url: str, template: str) -> Iterator[dict[str, str]]:
    """`eu` has the project 1, `us` the project 2."""
    with fresh_database(server_url, template) as eu, fresh_database(server_url, template) as us:
        with sql.connect(us) as db:
            db.execute("update landing.project set team_id = 2, name = 'shop'")
        yield {"eu": eu, "us": us}


@pytest.fixture
def mute() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"postgresql://nobody@127.0.0.1:{listener.getsockname()[1]}/warehouse"


def token_of(url: str, team_id: int) -> str:
    token = project.new_token()
    with sql.connect(url) as db:
        project.register_token(db, team_id, token)
    return token


def send(service: Service, token: str, *, characters: int = 0, client: str = "192.0.2.1") -> int:
    event = {"event": "e", "distinct_id": "d", "uuid": str(uuid.uuid4()), "properties": {"x": "x" * characters}}
    return service.post({"api_key": token, "batch": [event]}, "/batch/", x_forwarded_for=client)


def landed(url: str) -> list[int]:
    with sql.connect(url) as db:
        return [row["team_id"] for row in db.execute("select team_id from landing.event")]


def test_a_request_lands_where_its_project_is(
    shards: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = {"eu": token_of(shards["eu"], 1), "us": token_of(shards["us"], 2)}
    logins = {name: login_url(url) for name, url in shards.items()}
    with serving_shards(logins, settings) as service, structlog.testing.capture_logs() as logs:
        assert [send(service, tokens[name]) for name in ("us", "eu", "us")] == [200] * 3
        assert service.post({"api_key": "phc_unknown", "batch": [{"event": "e", "distinct_id": "d"}]}) == 401
    assert (landed(shards["eu"]), landed(shards["us"])) == ([1], [2, 2])
    requests = [(line.get("shard"), line.get("project")) for line in logs if line["event"] == "request"]
    assert requests == [("us", 2), ("eu", 1), ("us", 2), (None, None)]


def test_a_project_that_moves_takes_its_token_along(
    shards: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl.capture.projects.FRESH_SECONDS", 0.1)
    monkeypatch.setattr("etl.capture.projects.ASK_AGAIN_SECONDS", 0.1)
    token = token_of(shards["us"], 2)
    with serving_shards(shards, settings) as service:
        assert send(service, token) == 200
        with sql.connect(shards["us"]) as us, sql.connect(shards["eu"]) as eu:
            us.execute("delete from landing.project_token")
            eu.execute("insert into landing.project (team_id, name) values (2, 'shop')")
            project.register_token(eu, 2, token)
        time.sleep(0.2)
        assert send(service, token) == 200
    assert (landed(shards["eu"]), landed(shards["us"])) == ([2], [2])


def test_a_new_token_does_not_wait_for_a_server_that_says_nothing(
    shards: dict[str, str], mute: str, settings: Settings
) -> None:
    """The mute one is asked at the same time, for three seconds."""
    with serving_shards({"mute": mute, **shards}, settings) as service:
        token = token_of(shards["us"], 2)
        began = time.monotonic()
        assert send(service, token) == 200
        assert time.monotonic() - began < 2
        assert send(service, "phc_unknown") == 503


def test_what_waits_for_one_leaves_room_for_the_others(
    shards: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all clients 4 MB may wait: 2 MB for each of the two. The largest request has 1 MB."""
    tokens = {"eu": token_of(shards["eu"], 1), "us": token_of(shards["us"], 2)}
    limits = {"max_pending_bytes": 8_000_000, "max_body_bytes": 1_000_000, "trusted_proxies": "127.0.0.1"}
    limited = settings.model_copy(update={f"capture_{name}": value for name, value in limits.items()})
    with serving_shards(shards, limited) as service, ThreadPoolExecutor(6) as threads:
        us = next(shard for shard in service.capture.shards._all if shard.name == "us")

        async def hang(_rows: Any) -> None:
            await asyncio.sleep(2)

        monkeypatch.setattr(us.writer, "store", hang)
        waiting = [
            threads.submit(send, service, tokens["us"], characters=600_000, client=f"192.0.2.{number}")
            for number in range(6)
        ]
        time.sleep(1)
        assert service.metric("etl_capture_waiting_bytes", shard="us") == pytest.approx(3 * 600_000, rel=0.01)
        assert send(service, tokens["eu"], characters=900_000, client="192.0.2.9") == 200
        statuses = sorted(each.result() for each in waiting)
    assert statuses == [200, 200, 200, 503, 503, 503]
    assert service.metric("etl_capture_refusals_total", reason="shard_full") == 3


def test_it_starts_unless_no_shard_can_ever_work(
    shards: dict[str, str], server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that is wrong is for a person to correct; while another shard works, that is no reason to stop."""
    started: list[object] = []
    monkeypatch.setattr("etl.capture.server.Server.run", lambda *_, **__: started.append(True))
    monkeypatch.setattr("etl.capture.server.configure_log", lambda: None)
    monkeypatch.setattr("etl.capture.server.listen", lambda *_: None)
    for urls in ({"gone": f"{server_url}/no_such_database"} | shards, {"away": AWAY}):
        monkeypatch.setenv("ETL_SHARDS", json.dumps(urls))
        CliRunner().invoke(cli.app, ["capture"], catch_exceptions=False)
    assert started == [True, True]
    monkeypatch.setenv("ETL_SHARDS", json.dumps({name: f"{server_url}/no_such_{name}" for name in ("eu", "us")}))
    with pytest.raises(ConfigurationError, match="no_such_eu"):
        CliRunner().invoke(cli.app, ["capture"], catch_exceptions=False)
    assert started == [True, True]
