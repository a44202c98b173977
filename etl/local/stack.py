"""The product on one machine: PostgreSQL, the warehouse in it, Airflow next to it. Started in order, stopped whole."""

from __future__ import annotations

import fcntl
import time
from collections import deque
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from etl import databases, sql
from etl.errors import ConfigurationError
from etl.local import logins, postgres
from etl.local.airflow import Airflow, kill_processes_with, processes_with
from etl.local.capture import CaptureService, ensure_token
from etl.local.logins import Logins
from etl.local.private import open_private
from etl.local.terminal import Signals, Terminal
from etl.migrate import describe_applied, migrate
from etl.settings import Settings

START_SECONDS = 120.0
LEFT_OVERS_SECONDS = 10
MOST_REVIVALS, REVIVALS_SECONDS = 8, 600.0


class Stack:
    """What one home runs. One process at a time owns it; what a killed one left behind is cleared first."""

    airflow: Airflow  # once ``start`` got that far
    warehouse_url: str
    # Of the private server; none on a server that is not ours.
    logins: Logins | None = None
    capture: CaptureService  # once ``start`` got that far
    # With which the first project's SDKs send; none once it has been rotated or disabled.
    token: str | None = None

    def __init__(self, settings: Settings, terminal: Terminal, signals: Signals) -> None:
        """Nothing is started yet."""
        self.home = settings.home.resolve()
        self._settings = settings
        self._terminal = terminal
        self._signals = signals
        self._locks: list[IO[str]] = []
        self._revived_at: deque[float] = deque(maxlen=MOST_REVIVALS)

    def start(self) -> None:
        """Bring everything up.

        Raises:
            ConfigurationError: a port is taken, a folder closed, a part missing; says which.
            StopRequested: a signal arrived meanwhile. Call ``stop`` then, as always.
        """
        if self._settings.shards:
            raise ConfigurationError("This starts one warehouse on this machine, not several: unset ETL_SHARDS.")
        children = self._lock_home()
        for part, name, port in (
            ("Airflow's UI", "ETL_AIRFLOW_PORT", self._settings.airflow_port),
            ("capture", "ETL_CAPTURE_PORT", self._settings.capture_port),
        ):
            if not postgres.is_free(port):
                raise ConfigurationError(
                    f"Port {port} on {postgres.HOST} is in use by another program, and {part} needs it. "
                    f"Stop that program, or set {name} to a free port."
                )
        self._start_database()
        self._signals.check()
        self._start_capture(children)
        self._signals.check()
        self._start_airflow(children)

    def revive(self) -> str | None:
        """Start one part again if it has ended by itself; returns its name and where its log is.

        Raises:
            ConfigurationError: parts end again and again, or one does not start.
        """
        if self._settings.database_url is None and postgres.running_url(self._postgres_home) is None:
            postgres.start(self._postgres_home, port=self._settings.postgres_port)
            part = f"PostgreSQL ({postgres.server_home(self._postgres_home) / 'postgres.log'})"
        elif name := self.airflow.dead_service():
            self.airflow.revive(name)
            part = f"Airflow's {name} ({self.airflow.log_of(name)}.1)"
        elif self.capture.has_ended():
            self.capture.start()
            part = f"capture ({self.capture.log}.1)"
        else:
            return None
        self._revived_at.append(time.monotonic())
        if len(self._revived_at) == MOST_REVIVALS and self._revived_at[-1] - self._revived_at[0] < REVIVALS_SECONDS:
            raise ConfigurationError(f"{part} and others end again and again: see the logs.")
        return part

    def stop(self) -> None:
        """Stop everything that runs, whatever ``start`` got to."""
        if hasattr(self, "capture"):
            self.capture.ask_to_stop()
        if hasattr(self, "airflow"):
            self.airflow.stop()
        if hasattr(self, "capture"):
            self.capture.stop()
        if self._locks and self._settings.database_url is None:
            postgres.stop(self._postgres_home)
        for lock in self._locks:
            lock.close()

    @property
    def _postgres_home(self) -> Path:
        return self.home / "postgres"

    def _lock_home(self) -> IO[str]:
        """Own the home; returns the locked file that the children keep open as long as they live."""
        try:
            if not self.home.exists():
                self.home.mkdir(parents=True)
                self.home.chmod(0o711)  # the server's user must pass, whatever the umask
            own, children = (open_private(self.home / name) for name in ("up.lock", "children.lock"))
        except OSError as error:
            raise ConfigurationError(
                f"Cannot write to {error.filename}: {error.strerror}. Set ETL_HOME to a folder that you may write to."
            ) from error
        if not _lock(own):
            raise ConfigurationError(
                f"It runs already on {self.home}: stop the other one, or set ETL_HOME and the ports."
            )
        self._locks = [own, children]
        if not _lock(children):
            with self._terminal.step("cleaning up") as result:
                self._end_left_overs(children)
                result.append("what a killed run had left behind has ended")
        return children

    def _end_left_overs(self, children: IO[str]) -> None:
        """Wait for the processes of a killed run, which were asked to end when it died; then end them by force."""
        for second in range(LEFT_OVERS_SECONDS):
            if second == LEFT_OVERS_SECONDS - 2:
                kill_processes_with(Path(children.name))
            for _ in range(10):
                if _lock(children):
                    return
                self._signals.wait(0.1)
        raise ConfigurationError(
            f"Processes {processes_with(Path(children.name))} of an earlier, killed run on {self.home} do not end: "
            "end them by hand."
        )

    def _start_database(self) -> None:
        with self._terminal.step("PostgreSQL") as result:
            if self._settings.database_url is None:
                server = postgres.start(self._postgres_home, port=self._settings.postgres_port)
                place = postgres.server_home(self._postgres_home)
                result.append(f"{urlsplit(server).hostname}:{urlsplit(server).port}, data in {place}")
                self.logins = logins.prepare(server, self.home)
                self.warehouse_url = self.logins.owner
            else:
                self.warehouse_url = sql.plain_url(self._settings.database_url)
                result.append(f"yours, {urlsplit(self.warehouse_url).hostname}{urlsplit(self.warehouse_url).path}")
        if self._settings.database_url is None and place != self._postgres_home:
            self._terminal.say(f"    ({self._postgres_home} lies below a folder that only root may enter)")
        with self._terminal.step("warehouse") as result, sql.connect(self.warehouse_url) as db:
            result.append(describe_applied(migrate(db, self._settings)))
            self.token = ensure_token(db, self.home / "project-token")

    def _start_capture(self, children: IO[str]) -> None:
        with self._terminal.step("capture") as result:
            url = self.logins.capture if self.logins else self._settings.capture_database_url or self.warehouse_url
            self.capture = CaptureService(self._settings, url, children)
            self.capture.start()
            for _ in range(int(START_SECONDS / 0.1)):
                if self.capture.is_up():
                    break
                if self.capture.has_ended():
                    raise ConfigurationError(f"Capture did not come up: see {self.capture.log}.")
                self._signals.wait(0.1)
            result.append(self.capture.url)

    def _start_airflow(self, children: IO[str]) -> None:
        with self._terminal.step("Airflow database") as result:
            metadata_url = self._settings.airflow_database_url or (
                self.logins.airflow if self.logins else databases.create_database(self.warehouse_url, "airflow")
            )
            self.airflow = Airflow(
                self._settings, warehouse_url=self.warehouse_url, metadata_url=metadata_url, marker=children
            )
            self.airflow.migrate(lambda: self._signals.has_stop)
            self._signals.check()
            result.append("up to date")
        with self._terminal.step("Airflow UI") as result:
            self.airflow.spawn("api-server", "--worker-timeout", "3")  # also how long a stop waits for open pages
            self._wait_until_up(self.airflow)
            result.append(self.airflow.url)
        with self._terminal.step("Airflow services") as result:
            self.airflow.spawn("dag-processor")
            self.airflow.spawn("scheduler", "--skip-serve-logs")  # it would listen on every address
            result.append("scheduler and DAG processor")

    def _wait_until_up(self, airflow: Airflow) -> None:
        for _ in range(int(START_SECONDS / 0.2)):
            if airflow.is_up():
                return
            if airflow.dead_service() is not None:
                break
            self._signals.wait(0.2)
        raise ConfigurationError(f"Airflow's api-server did not come up: see {airflow.log_of('api-server')}.")


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
