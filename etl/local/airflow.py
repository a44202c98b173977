"""Airflow on one machine: its settings, its processes, and what its REST API says about failed runs.

``airflow standalone`` is not used: a SIGTERM to it leaves its scheduler running.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from etl import sql
from etl.errors import ConfigurationError
from etl.local.child import start
from etl.local.private import write_private
from etl.settings import Settings

HOST = "127.0.0.1"
USER = "admin"
VIEWER = "auditor"
SERVICES = ("scheduler", "dag-processor", "api-server")  # in the order of stopping: tasks talk to the api-server
CLEAN = "db clean"
LOG_BYTES = 20_000_000
TERMINATE_SECONDS = 4.0  # for a running task to end by itself
KILL_SECONDS = 6.0  # from the first signal; `etl up` promises to be gone within 10


@dataclass(frozen=True)
class FailedRun:
    """One DAG run that failed: what went wrong, and where to read on."""

    dag_id: str
    run_id: str
    task_id: str
    reason: str
    log: Path


class Airflow:
    """api-server, dag-processor and scheduler, as children that do not outlive this process."""

    def __init__(self, settings: Settings, *, warehouse_url: str, metadata_url: str, marker: IO[str]) -> None:
        """Prepare the folders and the secrets; nothing is started yet.

        Args:
            settings: ``home``, ``airflow_port`` and ``airflow_retention_days`` are used; all are handed to the tasks.
            warehouse_url: ETL_DATABASE_URL of the tasks.
            metadata_url: Airflow's own database.
            marker: a locked file that every child and its offspring keep open: while one lives, the lock is held.
        """
        self.home = settings.home.resolve() / "airflow"
        self.logs = settings.home.resolve() / "log"
        self.url = f"http://{HOST}:{settings.airflow_port}"
        self._retention_days = settings.airflow_retention_days
        self._marker = Path(marker.name)
        self._marker_descriptor = marker.fileno()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._token = ""
        for folder in (self.home, self.logs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._secrets = _read_or_make_secrets(self.home / "secrets.json")
        write_private(self.home / "passwords.json", json.dumps({USER: self.password, VIEWER: self.viewer_password}))
        own = _environment(settings, self.home, self._secrets, warehouse_url, metadata_url)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ETL_", "PG"))}
        self._environment = inherited | own
        # With it a person's shell has the commands `airflow` and `etl` of this home.
        self.shell = self.home / "env.sh"
        write_private(self.shell, "".join(f"export {name}={shlex.quote(value)}\n" for name, value in own.items()))

    @property
    def password(self) -> str:
        """The password of the user ``admin``."""
        return self._secrets["password"]

    @property
    def viewer_password(self) -> str:
        """The password of the user ``auditor``, who sees everything and can start nothing."""
        return self._secrets["viewer_password"]

    def spawn(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start ``airflow NAME``, its output in ``log/NAME.log``; the log of the run before stays as ``.1``."""
        child = start(
            [Path(sys.executable).with_name("airflow"), *name.split(), *arguments],
            log=self.log_of(name),
            environment=self._environment,
            folder=self.home,
            marker=self._marker_descriptor,
        )
        self._children[name] = child
        return child

    def log_of(self, name: str) -> Path:
        """The file with the output of ``airflow NAME``."""
        return self.logs / f"{name.replace(' ', '-')}.log"

    def migrate(self, is_stopping: Callable[[], bool]) -> None:
        """Bring Airflow's own database up to date; takes about 5 s.

        Raises:
            ConfigurationError: it failed; names the log.
        """
        child = self.spawn("db migrate")
        while child.poll() is None:
            if is_stopping():
                return
            time.sleep(0.05)
        if child.returncode:
            raise ConfigurationError(
                f"Airflow's database could not be migrated: {_last_error(self.log_of('db migrate'))}. "
                f"Its log is {self.log_of('db migrate')}."
            )

    def dead_service(self) -> str | None:
        """The name of a service that ended although nobody asked it to."""
        ended = (name for name, child in self._children.items() if child.poll() is not None)
        return next((name for name in ended if name in SERVICES), None)

    def revive(self, name: str) -> None:
        """Start a service again that has ended. What it left running is ended first."""
        dead = self._children[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(dead.pid, signal.SIGKILL)
        self.spawn(name, *dead.args[2:])  # type: ignore[index]  # args is the list that spawn made

    def clean_up(self) -> None:
        """Remove what is older than the retention: runs and their logs; and all but the end of a large log. No wait."""
        oldest = datetime.now(UTC) - timedelta(days=self._retention_days)
        # Of each run; and of each day, by the DAG processor.
        for pattern in ("dag_id=*/run_id=*", "dag_processor/????-??-??"):
            for folder in (self.home / "logs").glob(pattern):
                if folder.stat().st_mtime < oldest.timestamp():
                    shutil.rmtree(folder, ignore_errors=True)
        for name in SERVICES:
            if (log := self.log_of(name)).exists() and log.stat().st_size > LOG_BYTES:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                os.truncate(log, 0)
        before = ("--clean-before-timestamp", oldest.isoformat())
        self.spawn(CLEAN, *before, "--skip-archive", "--error-on-cleanup-failure", "--yes")

    def clean_up_error(self) -> str | None:
        """Why Airflow's database was not cleaned up, told once; None: it was, or is being."""
        child = self._children.get(CLEAN)
        if child is None or child.poll() is None:
            return None
        del self._children[CLEAN]
        return f"{_last_error(self.log_of(CLEAN))} ({self.log_of(CLEAN)})" if child.returncode else None

    def is_up(self) -> bool:
        """Whether the api-server answers."""
        try:
            with _opener.open(f"{self.url}/api/v2/version", timeout=1):
                return True
        except OSError:
            return False

    def stop(self) -> None:
        """End the children: first those that start tasks, then the api-server that tasks talk to, then by force."""
        began = time.monotonic()
        for names, deadline in ((SERVICES[:2], TERMINATE_SECONDS), (tuple(self._children), KILL_SECONDS)):
            for name, child in self._children.items():
                if name in names and child.poll() is None:
                    child.terminate()
            while any(c.poll() is None for n, c in self._children.items() if n in names):
                if time.monotonic() - began > deadline:
                    break
                time.sleep(0.05)
        for child in self._children.values():
            if child.poll() is None:
                child.kill()
            child.wait()
        kill_processes_with(self._marker)  # tasks and workers outlive a scheduler that had to be killed
        self._children.clear()

    def failed_runs(self, since: str) -> Iterator[FailedRun]:
        """The DAG runs that failed since a time (ISO 8601), oldest first."""
        runs = self._get(f"dags/~/dagRuns?state=failed&end_date_gte={quote(since)}&order_by=end_date&limit=20")
        for run in runs["dag_runs"]:
            dag_id, run_id = run["dag_id"], run["dag_run_id"]
            tasks = self._get(f"dags/{quote(dag_id)}/dagRuns/{quote(run_id)}/taskInstances?state=failed")
            for task in tasks["task_instances"][:1]:
                attempt = f"attempt={task['try_number']}.log"
                log = self.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task['task_id']}"
                yield FailedRun(dag_id, run_id, task["task_id"], _reason(log / attempt), log / attempt)

    def _get(self, path: str) -> Any:
        for _ in range(2):
            request = urllib.request.Request(f"{self.url}/api/v2/{path}")  # noqa: S310 - our own address
            request.add_header("Authorization", f"Bearer {self._token}")
            try:
                with _opener.open(request, timeout=10) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != 401:
                    raise
                self._log_in()
        raise PermissionError(f"{self.url} refuses its own admin")

    def _log_in(self) -> None:
        body = json.dumps({"username": USER, "password": self.password}).encode()
        request = urllib.request.Request(f"{self.url}/auth/token", body, {"Content-Type": "application/json"})  # noqa: S310
        with _opener.open(request, timeout=10) as answer:
            self._token = json.load(answer)["access_token"]


# Without it a proxy of the environment would be asked for 127.0.0.1.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def dags_folder() -> Path:
    """The DAG files: next to ``etl/`` in a checkout; they are not part of the installed package.

    Raises:
        ConfigurationError: this is not a checkout.
    """
    folder = Path(__file__).parents[2] / "dags"
    if not (folder / "ingest.py").exists():
        raise ConfigurationError(
            f"No DAG files at {folder}: `etl up` and `etl demo` run from a checkout of the project."
        )
    return folder


def _environment(
    settings: Settings, home: Path, keys: dict[str, str], warehouse_url: str, metadata_url: str
) -> dict[str, str]:
    """What the children have over what they inherit, so that no other Airflow gets mixed in."""
    dags = dags_folder()
    metadata_url = sql.plain_url(metadata_url).replace("://", "+psycopg://", 1)
    bundle = {
        "name": "dags",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(dags), "refresh_interval": 30},
    }
    base_url = f"http://{HOST}:{settings.airflow_port}"
    own = {f"ETL_{name.upper()}": str(value) for name, value in settings.model_dump().items() if value is not None}
    no_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY", os.environ.get("no_proxy")), HOST, "localhost"]))
    return own | {
        "ETL_HOME": str(settings.home.resolve()),
        "ETL_DATABASE_URL": sql.plain_url(warehouse_url),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(home / "airflow.cfg"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(dags / "plugins"),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet_key"],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{base_url}/execution/",
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin,{VIEWER}:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata_url,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": metadata_url,  # else it would need a second driver
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(settings.airflow_port),
        "AIRFLOW__API__BASE_URL": base_url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": keys["api_secret_key"],
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt_secret"],
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "http.access=WARNING",
        # 0.35 s for a task instead of 1.2 s.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        # After a crash of everything, tasks that seem to run are taken up again in a minute instead of five.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(dags / "config"), os.environ.get("PYTHONPATH")])),
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }  # fmt: skip


def _read_or_make_secrets(file: Path) -> dict[str, str]:
    """What must be the same in every process and at every start, readable by nobody else."""
    made = {
        "password": secrets.token_urlsafe(12),
        "viewer_password": secrets.token_urlsafe(12),
        "api_secret_key": secrets.token_urlsafe(64),
        "jwt_secret": secrets.token_urlsafe(64),
        "fernet_key": secrets.token_urlsafe(32) + "=",
    }
    known = json.loads(file.read_text()) if file.exists() else {}
    if made.keys() - known.keys():
        write_private(file, json.dumps(made | known))
    return made | known


def processes_with(file: Path) -> list[int]:
    """The other processes that have this file open. Names and environments do not tell: Airflow overwrites both."""
    if sys.platform != "linux":
        return []
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with contextlib.suppress(OSError):  # it ended meanwhile, or belongs to somebody else
                if any(os.readlink(entry) == str(file) for entry in (process / "fd").iterdir()):
                    found.append(int(process.name))
    return found


def kill_processes_with(file: Path) -> None:
    """End by force whatever has this file open."""
    for pid in processes_with(file):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _reason(log: Path) -> str:
    """The error that ended a task, from its log (one JSON object a line)."""
    reason = "no reason in its log"
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "it has no log"
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("level") in {"error", "critical"}:
            detail = (entry.get("error_detail") or [{}])[0]
            reason = detail.get("exc_value") or entry.get("event") or reason
    return " ".join(reason.split())


def _last_error(log: Path) -> str:
    """The last line of a plain log that looks like the error, else the last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or "error:" in line.lower()]
    return (errors or lines or ["no output"])[-1]
