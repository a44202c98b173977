"""An Airflow of one's own, set up as dags/README.md says: Celery, a real Redis, and two workers of which one dies."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from etl import databases
from etl.local import postgres
from etl.names import PAGE
from tests.e2e.conftest import ROOT, kill_processes_of
from tests.server import Server

REDIS = shutil.which("redis-server")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(900),
    pytest.mark.skipif(REDIS is None, reason="needs Debian's package redis-server"),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
]

DAGS = ("events_ingest", "events_maintain", "events_report", "events_alert")
PASSWORD = "p@ss:w/rd#%?&+ x"
LAND = """
    insert into landing.event (team_id, event, distinct_id, properties)
    select %s::bigint, 'Invoice paid', 'user_' || number %% 5000,
        jsonb_build_object('number', number, 'text', repeat('x', 500))
    from generate_series(%s::int, %s::int) as number
"""
STORED = "select count(*), count(distinct uuid) from warehouse.events where event = 'Invoice paid'"
LOADING = """
    select hostname from task_instance where dag_id = %s and task_id = 'load' and state = 'running'
"""
ON_BOTH_WORKERS = """
    select dag_id from task_instance where dag_id like 'events_ingest_%' and hostname like 'worker%'
    group by dag_id having count(distinct hostname) = 2
"""
WORKERS = "select count(distinct hostname) from task_instance where hostname like 'worker%'"
LAST_LOAD = """
    select hostname from task_instance where dag_id = 'events_ingest' and task_id = 'load' and state = 'success'
    order by end_date desc limit 1
"""
# The rows of the large batch are being written.
IN_FLIGHT = """
    select true from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'
      and query like '%%insert into warehouse.stored_event%%'
      and exists (select 1 from ops.batch where status = 'open' and landed > 10000)
"""


class OwnAirflow:
    """Airflow's programs, each with the environment that an operator would give them."""

    def __init__(self, home: Path, warehouse: str, metadata: str) -> None:
        self.home = home
        self.redis_port, self.port = postgres.free_port(), postgres.free_port()
        self.started: dict[str, subprocess.Popen[bytes]] = {}
        own = {key: value for key, value in os.environ.items() if not key.startswith(("ETL_", "AIRFLOW", "PG"))}
        parts = urlsplit(warehouse)
        connection = {
            "conn_type": "postgres",
            "host": parts.hostname,
            "port": parts.port,
            "login": parts.username,
            "password": PASSWORD,
            "schema": parts.path[1:],
            "extra": {"sslmode": "prefer", "keepalives_idle": 30, "cursor": "realdictcursor"},
        }
        driver = metadata.replace("://", "+psycopg://", 1)
        bundle = {
            "name": "events",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(ROOT / "dags")},
        }
        url = f"http://127.0.0.1:{self.port}"
        self.environment = own | {
            "AIRFLOW_HOME": str(home / "airflow"),
            "AIRFLOW_CONN_COMPANY_EVENTS": json.dumps(connection),
            "ETL_AIRFLOW_CONNECTION": "company_events",
            "ETL_REPORT_DIR": str(home / "pages"),
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "dags/plugins"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CELERY__BROKER_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{driver}",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": driver,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": driver,
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(64),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
            # Of the table "Worth setting".
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
            "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            # Two workers on one machine: each takes its name from its environment (LOGNAME).
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "getpass.getuser",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def run(self, program: str, *arguments: str, **more: str) -> str:
        """A command that ends by itself; what it printed."""
        done = subprocess.run(
            [Path(sys.executable).with_name(program), *arguments],
            env=self.environment | more,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def spawn(self, name: str, *command: str | Path) -> None:
        with (self.home / f"{name}.log").open("wb") as log:
            self.started[name] = subprocess.Popen(
                command,
                env=self.environment | {"LOGNAME": name},
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start(self) -> None:
        airflow = Path(sys.executable).with_name("airflow")
        redis = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.home))
        assert REDIS
        self.spawn("redis", REDIS, "--port", str(self.redis_port), *redis)
        self.spawn("api-server", airflow, "api-server")
        self.spawn("scheduler", airflow, "scheduler", "--skip-serve-logs")
        self.spawn("dag-processor", airflow, "dag-processor")
        for worker in ("worker1", "worker2"):
            self.spawn(worker, airflow, "celery", "worker", "-H", worker, "-c", "2", "--skip-serve-logs")

    def kill(self, name: str) -> None:
        """The whole session of a program, as when its machine is gone."""
        os.killpg(self.started[name].pid, signal.SIGKILL)
        # Airflow runs a task in a session of its own.
        for process in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                if self.started[name].pid in _ancestors(int(process.name)):
                    os.kill(int(process.name), signal.SIGKILL)
        self.started[name].wait(10)

    def get(self, path: str, token: str = "") -> str:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own address
            return str(answer.read().decode())


def one(db: psycopg.Connection[Any], statement: str, *values: object) -> Any:
    return db.execute(statement, values or None).fetchone()


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        yield pid
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def wait_for(look: Callable[[], Any], seconds: float, airflow: OwnAirflow) -> Any:
    """What ``look`` finds, once it finds something."""
    until = time.monotonic() + seconds
    while not (found := look()):
        ended = [name for name, process in airflow.started.items() if process.poll() not in {None, -signal.SIGKILL}]
        assert not ended, (airflow.home / f"{ended[0]}.log").read_text()[-3000:]
        assert time.monotonic() < until, f"not seen within {seconds} s"
        time.sleep(0.2)
    return found


@pytest.fixture
def urls(server_url: str) -> Iterator[tuple[str, str]]:
    """An empty warehouse that a login with a difficult password owns, and an empty database for Airflow."""
    names = ("own_warehouse", "own_airflow")
    urls = [databases.create_database(server_url, name) for name in names]
    with psycopg.connect(f"{server_url}/postgres", autocommit=True) as admin:
        admin.execute(
            psycopg.sql.SQL("create role company login createrole password {}").format(psycopg.sql.Literal(PASSWORD))
        )
        admin.execute("alter database own_warehouse owner to company")
        parts = urlsplit(urls[0])
        warehouse = f"postgresql://company:{quote(PASSWORD, safe='')}@{parts.hostname}:{parts.port}{parts.path}"
        yield warehouse, urls[1]
        for name in names:
            admin.execute(psycopg.sql.SQL("drop database {} with (force)").format(psycopg.sql.Identifier(name)))
        admin.execute("drop role company")


@pytest.fixture
def airflow(home: Path, urls: tuple[str, str]) -> Iterator[OwnAirflow]:
    """Nothing of it is started yet; at the end nothing of it runs."""
    airflow = OwnAirflow(home, *urls)
    yield airflow
    kill_processes_of(home)
    for process in airflow.started.values():
        process.wait(10)


def test_two_workers_share_the_tasks_and_one_is_lost_in_a_load(airflow: OwnAirflow, urls: tuple[str, str]) -> None:
    warehouse, metadata = urls
    airflow.run("etl", "migrate", ETL_DATABASE_URL=warehouse)
    airflow.run("airflow", "db", "migrate")
    airflow.start()
    with psycopg.connect(warehouse, autocommit=True) as db, psycopg.connect(metadata, autocommit=True) as own:
        wait_for(lambda: one(own, "select count(*) from dag where not is_stale") == (6,), 120, airflow)
        airflow.run("airflow", "dags", "unpause", "--yes", "--treat-dag-id-as-regex", "|".join(DAGS))
        assert one(own, "select count(*) from dag where not is_paused") == (4,)

        db.execute(LAND, (1, 1, 1000))
        wait_for(lambda: one(db, STORED) == (1000, 1000), 200, airflow)
        wait_for(lambda: one(own, WORKERS) == (2,), 120, airflow)

        db.execute(LAND, (1, 1001, 80_000))
        (lost,) = wait_for(lambda: one(own, LOADING, "events_ingest") if one(db, IN_FLIGHT) else None, 200, airflow)
        airflow.kill(lost)
        assert one(db, STORED) < (80_000, 80_000)
        wait_for(lambda: one(db, STORED) == (80_000, 80_000), 300, airflow)

        other = {"worker1": "worker2", "worker2": "worker1"}[lost]
        assert one(own, LAST_LOAD) == (other,)
        assert one(db, "select count(*), sum(landed) from ops.batch where not is_balanced") == (0, None)
        wait_for((airflow.home / "pages/index.html").exists, 120, airflow)
        token = json.loads(airflow.get("/auth/token"))["access_token"]
        assert "Can the numbers be trusted?" in airflow.get(f"/{PAGE}/index.html", token)
    assert "All agree." in airflow.run("etl", "audit", "verify", ETL_DATABASE_URL=warehouse)


@pytest.fixture
def shards() -> Iterator[dict[str, str]]:
    """The address of an empty warehouse on each of three servers."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(Server.running()) for name in ("eu", "us", "ap")}
        yield {name: databases.create_database(server.url, "warehouse") for name, server in servers.items()}


def test_two_workers_serve_three_servers_and_one_is_lost_in_a_load(
    airflow: OwnAirflow, urls: tuple[str, str], shards: dict[str, str]
) -> None:
    """Any worker does the work of any shard; what a lost one has begun the other one ends, whichever shard it is of."""
    airflow.environment["ETL_SHARDS"] = json.dumps(shards)
    airflow.run("etl", "migrate")
    teams = {"eu": 1, "us": 2, "ap": 3}
    for name in ("us", "ap"):
        airflow.run("etl", "--shard", name, "project", "add", f"of {name}")
    airflow.run("airflow", "db", "migrate")
    airflow.start()
    with ExitStack() as stack:
        dbs = {name: stack.enter_context(psycopg.connect(url, autocommit=True)) for name, url in shards.items()}
        own = stack.enter_context(psycopg.connect(urls[1], autocommit=True))

        def land(first: int, last: int) -> None:
            for name, db in dbs.items():
                db.execute(LAND, (teams[name], first, last))

        def lost_one() -> str | None:
            """The worker that is loading a large batch, of whichever shard."""
            for name, db in dbs.items():
                if one(db, IN_FLIGHT) and (found := one(own, LOADING, f"events_ingest_{name}")):
                    return str(found[0])
            return None

        def are_stored(count: int) -> bool:
            return all(one(db, STORED) == (count, count) for db in dbs.values())

        wait_for(lambda: one(own, "select count(*) from dag where not is_stale") == (18,), 120, airflow)
        airflow.run("airflow", "dags", "unpause", "--yes", "--treat-dag-id-as-regex", "events_ingest_.*")
        assert one(own, "select count(*) from dag where not is_paused") == (3,)
        land(1, 1000)
        wait_for(lambda: are_stored(1000), 240, airflow)
        wait_for(lambda: own.execute(ON_BOTH_WORKERS).rowcount == 3, 300, airflow)

        land(1001, 60_000)
        airflow.kill(wait_for(lost_one, 200, airflow))
        assert not are_stored(60_000)
        wait_for(lambda: are_stored(60_000), 400, airflow)
        for db in dbs.values():
            assert one(db, "select count(*), sum(landed) from ops.batch where not is_balanced") == (0, None)
    assert airflow.run("etl", "audit", "verify").count("All agree.") == 3
