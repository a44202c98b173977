"""Projects on three servers: together they are what one server would be, and one that is away is only itself away."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from etl import cli, sql
from etl.cycle.run import run_cycle
from etl.errors import CycleBusyError
from etl.local import sample
from etl.operate import project, project_move
from etl.operate.digest import SECTIONS
from etl.quality import audit
from etl.settings import Settings
from etl.sql import Db, Row
from tests.capture.service import Service, login_url, serving_shards
from tests.faults import books
from tests.landing import land, moment
from tests.server import Server

pytestmark = pytest.mark.long

SHARD_OF = {1: "eu", 2: "us", 3: "ap", 4: "eu", 5: "us", 6: "us"}
NAMES = list(dict.fromkeys(SHARD_OF.values()))
MERGING = {"$identify": "$anon_distinct_id", "$create_alias": "alias", "$merge_dangerously": "alias"}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    """Three, because databases of one server share its transaction ids, its disk and its end."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(Server.running()) for name in NAMES}


@pytest.fixture
def settings(servers: dict[str, Server], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Settings:
    """The shards of a test, each with the projects that `SHARD_OF` says, made as an operator makes them."""
    urls = {name: f"{server.url}/{request.node.name}" for name, server in servers.items()}
    for server in servers.values():
        with sql.connect(f"{server.url}/postgres") as db:
            db.execute(f"create database {request.node.name}")
    monkeypatch.setenv("ETL_SHARDS", json.dumps(urls))
    assert CliRunner().invoke(cli.app, ["migrate"], catch_exceptions=False).exit_code == 0
    for team_id, shard in list(SHARD_OF.items())[1:]:
        added = CliRunner().invoke(cli.app, ["--shard", shard, "project", "add", f"project {team_id}"])
        assert added.exit_code == 0, added.output
    return Settings(_env_prefix="NO_SUCH_PREFIX_", shards=json.dumps(urls))


def history() -> list[dict[str, Any]]:
    """Rows of all projects in turns, with the same few ids in each: merges, groups, held, refused and doubled."""
    chance = random.Random(11)
    kinds = ["$identify", "$identify", "$create_alias", "$merge_dangerously", "$groupidentify", "page", "page", ""]
    rows: list[dict[str, Any]] = []
    for n in range(300):
        event, (mine, other) = chance.choice(kinds), chance.sample("abcdefgh", 2)
        said: dict[str, Any] = {"$set": {"n": n}, "$group_type": "team", "$group_key": other, "$group_set": {"n": n}}
        if event in MERGING:
            said[MERGING[event]] = other
        uuid = f"00000000-0000-4000-8000-{n:012d}"
        row = {"event": event, "distinct_id": mine, "properties": said, "uuid": uuid}
        rows.append(row | {"team_id": 1 + n % 6, "at": n * 5})
        if n % 10 == 0:
            rows.append(rows[-1] | {"at": n * 5 + 1})
    for request in sample.read("journey"):
        for team_id in (3, 5):
            recorded = request.rows(timedelta(0))
            rows += [row._asdict() | {"team_id": team_id, "at": 1500 + request.at} for row in recorded]
    rows.append({"event": "page", "distinct_id": "new", "uuid": str(UUID(int=4)), "team_id": 6, "at": 1700})
    return [row | {"landing_id": number} for number, row in enumerate(rows, start=1)]


def tell(db_of: Callable[[int], Db], settings: Settings, *, cut: int) -> None:
    """Land the history, each row where its project is; after each so many rows run a cycle everywhere."""
    rows = history()
    everywhere = {db_of(team_id) for team_id in SHARD_OF}
    for start in range(0, len(rows), cut):
        part = rows[start : start + cut]
        for row in part:
            land(db_of(row["team_id"]), **row)
        for db in everywhere:
            run_cycle(db, settings, now=moment(part[-1]["at"]))


def _read_entries(db: Db, section: str) -> list[Row]:
    return sql.run(db, "digest/read_entries", {"section": section, "left_out": []}).fetchall()


def entries(db: Db) -> dict[str, set[tuple[str, str]]]:
    """Those of `etl digest`, by section."""
    return {section: {(row["key"], row["value"]) for row in _read_entries(db, section)} for section in SECTIONS}


def test_three_servers_together_are_what_one_is(settings: Settings, db: Db) -> None:
    """Every entry of every section, once; and each server cuts its log into batches of its own."""
    for team_id in list(SHARD_OF)[1:]:
        project.add(db, f"project {team_id}")
    tell(lambda _: db, settings, cut=1000)
    with ExitStack() as stack:
        dbs = {name: stack.enter_context(sql.connect(url)) for name, url in settings.shards.items()}
        tell(lambda team_id: dbs[SHARD_OF[team_id]], settings, cut=37)
        parts = [entries(each) for each in dbs.values()]
        for each in dbs.values():
            books.check(each, [], held=each.execute("select from buffer.event").rowcount)
    for section, whole in entries(db).items():
        assert whole or section == "actions", section
        assert set.union(*(part[section] for part in parts)) == whole, section
        assert sum(len(part[section]) for part in parts) == len(whole), section
    assert all(any(part[section] for section in SECTIONS) for part in parts)


def event(uuid: int, **properties: Any) -> dict[str, Any]:
    """Of an anonymous visitor, so that it is not held."""
    return {
        "event": "page", "distinct_id": "d", "uuid": f"00000000-0000-4000-8000-{uuid:012d}",
        "properties": {"$device_id": "d"} | properties,
    }  # fmt: skip


def test_one_that_is_away_is_only_itself_away(settings: Settings, servers: dict[str, Server]) -> None:
    """Its projects' events are asked for again, its cycles wait; all others go on, and it catches up."""
    tokens = {}
    for team_id, shard in SHARD_OF.items():
        with sql.connect(settings.shards[shard]) as db:
            tokens[team_id] = project.new_token()
            project.register_token(db, team_id, tokens[team_id])
    logins = {name: login_url(url) for name, url in settings.shards.items()}
    patience = settings.model_copy(update={"capture_wait_seconds": 1.0})
    sent: dict[str, set[str]] = {name: set() for name in NAMES}
    numbers = itertools.count(1)

    def send(service: Service, team_id: int) -> int:
        """The status; what is acknowledged must be there in the end."""
        said = event(next(numbers))
        status = service.post({"api_key": tokens[team_id], "batch": [said]}, "/batch/")
        if status == 200:
            sent[SHARD_OF[team_id]].add(said["uuid"])
        return status

    def cycle() -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, ["cycle", "--drain"])
        return done.exit_code, done.stderr

    with serving_shards(logins, patience) as service:
        assert [send(service, team_id) for team_id in SHARD_OF] == [200] * 6
        assert cycle() == (0, "")
        servers["us"].stop("immediate")
        statuses = {team_id: send(service, team_id) for team_id in SHARD_OF}
        assert {team_id: status for team_id, status in statuses.items() if status != 200} == {2: 503, 5: 503, 6: 503}
        began = time.monotonic()
        assert [send(service, team_id) for team_id in (1, 3, 4) * 20] == [200] * 60
        assert time.monotonic() - began < 5
        body = json.dumps({"api_key": tokens[2], "batch": [event(0)]}).encode()
        status, _, headers = service.request("POST", "/batch/", body)
        assert (status, headers["Retry-After"]) == (503, "5")
        assert service.post({"api_key": "phc_unknown", "batch": [event(0)]}) == 503, "us may know it"
        assert service.request("GET", "/_ready")[:2] == (200, b"ready, but for us")
        status, said = cycle()
        assert status == 1
        assert said.startswith("etl: us: No connection to the warehouse: ")
        with sql.connect(settings.shards["eu"]) as db:
            assert db.execute("select from warehouse.events").rowcount == len(sent["eu"])

    # A capture that starts now has never read the projects of us: it must not call their tokens unknown.
    with serving_shards(logins, patience) as service:
        assert [send(service, team_id) for team_id in SHARD_OF] == [200, 503, 200, 200, 503, 503]
        servers["us"].start()
        until = time.monotonic() + 20
        while send(service, 2) != 200:
            assert time.monotonic() < until
        assert [send(service, team_id) for team_id in SHARD_OF] == [200] * 6
        assert service.post({"api_key": "phc_unknown", "batch": [event(0)]}) == 401
        assert service.request("GET", "/_ready")[:2] == (200, b"ready")
    assert cycle() == (0, "")
    for name, url in settings.shards.items():
        with sql.connect(url) as db:
            books.check(db, sent[name])


def tell_part(db_of: Callable[[int], Db], settings: Settings, rows: list[dict[str, Any]], *, cut: int) -> None:
    """As ``tell``, of a part; each server numbers its rows itself."""
    everywhere = {db_of(team_id) for team_id in SHARD_OF}
    for start in range(0, len(rows), cut):
        part = rows[start : start + cut]
        for row in part:
            land(db_of(row["team_id"]), **{name: value for name, value in row.items() if name != "landing_id"})
        for db in everywhere:
            run_cycle(db, settings, now=moment(part[-1]["at"]))


def test_a_project_moves_and_all_comes_out_as_without(
    settings: Settings, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times, once back; held, refused and doubled rows with it, and rows that are not processed."""
    monkeypatch.setattr(project_move, "CAPTURE_SECONDS", 0.0)
    for team_id in list(SHARD_OF)[1:]:
        project.add(db, f"project {team_id}")
    rows = history()
    tell_part(lambda _: db, settings, rows, cut=50)
    shard_of = dict(SHARD_OF)
    with ExitStack() as stack:
        dbs = {name: stack.enter_context(sql.connect(url)) for name, url in settings.shards.items()}
        start = 0
        for to, end in (("eu", 120), ("us", 230), ("ap", len(rows))):
            tell_part(lambda team_id: dbs[shard_of[team_id]], settings, rows[start:end], cut=37)
            project_move.move(settings, "project 5", to, by="ann", why="a test")
            shard_of[5] = to
            start = end
            for each in dbs.values():
                assert audit.verify(each).troubles == []
        for each in dbs.values():
            run_cycle(each, settings, now=moment(rows[-1]["at"]))
        parts = [entries(each) for each in dbs.values()]
        for each in dbs.values():
            assert audit.verify(each).troubles == []
    for section, whole in entries(db).items():
        if section != "quarantined events":
            assert set.union(*(part[section] for part in parts)) == whole, section


def test_a_project_moves_under_traffic(settings: Settings) -> None:
    """Whatever is acknowledged before, during and after the move is on the new shard, once, and nothing is refused."""
    with sql.connect(settings.shards["us"]) as db:
        token = project.rotate(db, "project 5")
    logins = {name: login_url(url) for name, url in settings.shards.items()}
    sent: set[str] = set()
    statuses: set[int] = set()
    is_over = threading.Event()

    def send_all() -> None:
        for number in itertools.count(1):
            said = event(number, **{"$set": {"number": number}})
            status = service.post({"api_key": token, "batch": [said]}, "/batch/")
            statuses.add(status)
            if status == 200:
                sent.add(said["uuid"])
            if is_over.is_set():
                return

    def cycle_all() -> None:
        while not is_over.is_set():
            for url in settings.shards.values():
                with sql.connect(url) as db, suppress(CycleBusyError):
                    run_cycle(db, settings)

    with serving_shards(logins, settings) as service, ThreadPoolExecutor(2) as pool:
        running = [pool.submit(send_all), pool.submit(cycle_all)]
        try:
            time.sleep(1)
            before = len(sent)
            moved = project_move.move(settings, "project 5", "eu", by="ann", why="a test")
            during = len(sent)
            time.sleep(1)
        finally:
            is_over.set()
        for each in running:
            each.result()
    assert statuses == {200}
    assert 0 < before < during < len(sent)
    assert moved.landed > 0
    for name in ("us", "eu"):
        with sql.connect(settings.shards[name]) as db:
            while not run_cycle(db, settings).is_caught_up:
                pass
            books.check(db, sent if name == "eu" else [])
            assert audit.verify(db).troubles == []
