"""`etl up`: the product on one machine, and what it does, one line a cycle, until Ctrl-C."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import NoReturn

import psycopg

from etl import sql
from etl.errors import EtlError
from etl.local.airflow import USER, VIEWER, Airflow
from etl.local.sample import Player
from etl.local.stack import Stack
from etl.local.terminal import Signals, StopRequested, Terminal
from etl.names import INGEST, page_url
from etl.report.serve import folder_of
from etl.settings import Settings
from etl.sql import Row

INSERT = (
    "insert into landing.event (event, distinct_id, properties) "
    """values ('Order created', 'user_42', '{"subtotal": 3599, "source": "backend"}')"""
)
SELECT = (
    "select timestamp, event, distinct_id, person_id from warehouse.events "
    "where timestamp > now() - interval '1 day' and timestamp < now() + interval '1 day' "
    "order by timestamp desc limit 10"
)

POLL_SECONDS = 0.5
FAILED_RUNS_EVERY_SECONDS = 5.0
HEADER_EVERY_LINES = 20
FIRST_CLEAN_UP_SECONDS = 600.0
CLEAN_UP_EVERY_SECONDS = 86_400.0
COLUMNS = (
    "batch",
    "landed",
    "loaded",
    "held",
    "released",
    "rescued",
    "duplicates",
    "quarantined",
    "persons",
    "seconds",
)


def run(settings: Settings) -> int:
    """Start everything, show what happens, stop everything; returns the exit code.

    Raises:
        ConfigurationError: something keeps it from starting; what was started is stopped again.
    """
    terminal = Terminal()
    with Signals() as signals:
        stack = Stack(settings, terminal, signals)
        try:
            terminal.say("Starting (Ctrl-C stops everything)")
            stack.start()
            _explain(terminal, stack, settings)
            _watch(terminal, signals, stack, settings)
        except StopRequested:
            terminal.say("\nStopping ...")
            return 0
        finally:
            stack.stop()
            if signals.has_stop:
                terminal.say(f"Stopped. The data stays in {stack.home}; the next run goes on with it.")


def _explain(terminal: Terminal, stack: Stack, settings: Settings) -> None:
    """Where to look and how to write an event, ready to be pasted into a shell."""
    python = _from_here(Path(sys.executable))
    writer = stack.logins.writer if stack.logins else "$ETL_DATABASE_URL"
    reader = stack.logins.reader if stack.logins else "$ETL_DATABASE_URL"
    insert = INSERT.replace('"', '\\"')
    source = f"import psycopg; psycopg.connect('{writer}', autocommit=True).execute('''{insert}''')"
    terminal.say()
    terminal.say("Airflow", "bold")
    terminal.say(f"  {stack.airflow.url}   user {USER}, password {stack.airflow.password}")
    terminal.say(f"  to look only: user {VIEWER}, password {stack.airflow.viewer_password}")
    terminal.say(f"  on the command line: . {_from_here(stack.airflow.shell)}; {python.with_name('airflow')} dags list")
    terminal.say("Can the numbers be trusted? The data quality page, after the first batch", "bold")
    terminal.say(f"  {page_url(stack.airflow.url)}   (in Airflow: Quality), files in {folder_of(settings)}")
    _explain_capture(terminal, stack)
    terminal.say("Write an event: one INSERT from any program", "bold")
    terminal.say(f'  psql "{writer}" -c "{insert}"')
    if stack.logins is not None:
        terminal.say("or, without psql:")
        terminal.say(f'  {python} -c "{source}"')
    terminal.say("See it with its person, after the next full minute (after two, if it must be held)", "bold")
    terminal.say(f'  psql "{reader}" -c "{SELECT}"')
    terminal.say(f"Logs are in {settings.home.resolve() / 'log'}")
    terminal.say()


def _from_here(path: Path) -> Path:
    """As short as it can be written in the shell that started this."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _explain_capture(terminal: Terminal, stack: Stack) -> None:
    """How an SDK sends its events here."""
    url, token = stack.capture.url, stack.token
    terminal.say("Point your SDK here", "bold")
    if token is None:
        terminal.say(f"  {url}   with a token of `etl project rotate default` or `etl project add NAME`")
        return
    event = f'{{"api_key": "{token}", "event": "Order created", "distinct_id": "user_42"}}'
    terminal.say(f"  browser: posthog.init('{token}', {{api_host: '{url}'}})")
    terminal.say(f"  Python:  posthog.Posthog('{token}', host='{url}').capture('Order created', distinct_id='user_42')")
    terminal.say(f"  shell:   curl {url}/i/v0/e/ -H 'content-type: application/json' -d '{event}'")


def _watch(terminal: Terminal, signals: Signals, stack: Stack, settings: Settings) -> NoReturn:
    """Show the cycles and the failed runs, and play the sample, until a signal comes."""
    report = CycleReport(terminal, stack.warehouse_url, settings.late_after_seconds)
    player = Player.of_sample() if not report.has_landed else None
    if player is not None:
        terminal.say(
            f"Landing {player.count} events that real SDKs sent, over {player.seconds:.0f} s, as they arrived."
        )
    failures = FailureReport(terminal, stack.airflow)
    upkeep = Upkeep(terminal, stack)
    while True:
        signals.wait(POLL_SECONDS)
        try:
            if player is not None and player.land_due(stack.warehouse_url) is None:
                player = None
            report.show_new()
        except (EtlError, psycopg.OperationalError):
            pass  # the warehouse is away for a moment; nothing is lost, everything is asked for again
        failures.show_new()
        upkeep.keep()


class CycleReport:
    """One line for each batch loaded since the start, and a warning when none comes."""

    def __init__(self, terminal: Terminal, url: str, late_after_seconds: float) -> None:
        """Begin after the newest batch."""
        with sql.connect(url) as db:
            newest = sql.one(db, "local/read_newest_batch")
        self.has_landed: bool = newest["has_landed"]
        self._newest: int = newest["batch_id"]
        self._terminal = terminal
        self._url = url
        self._late_after_seconds = late_after_seconds
        self._heard_at = time.monotonic()
        self._lines = 0

    def new_batches(self) -> list[Row]:
        """What was loaded since the last call."""
        with sql.connect(self._url, application_name="etl up") as db:
            batches = sql.run(db, "local/read_loaded_batches", {"after": self._newest}).fetchall()
        if batches:
            self._newest = batches[-1]["batch_id"]
            self._heard_at = time.monotonic()
        return batches

    def show_new(self) -> None:
        """Print them."""
        for batch in self.new_batches():
            if self._lines % HEADER_EVERY_LINES == 0:
                self._terminal.say(_aligned("time", COLUMNS), "bold")
            self._lines += 1
            self._terminal.say(_line(batch))
        if time.monotonic() - self._heard_at > self._late_after_seconds:
            self._heard_at = time.monotonic()
            self._terminal.say(
                f"No cycle for {self._late_after_seconds:.0f} s. Is the DAG `{INGEST}` paused? Else see the logs.",
                "bold red",
            )


class Upkeep:
    """Starts again what has ended by itself, and once a day forgets old runs and logs."""

    def __init__(self, terminal: Terminal, stack: Stack) -> None:
        """Begin now."""
        self._terminal = terminal
        self._stack = stack
        self._clean_up_at = time.monotonic() + FIRST_CLEAN_UP_SECONDS

    def keep(self) -> None:
        """Look once.

        Raises:
            ConfigurationError: something ends again and again.
        """
        if part := self._stack.revive():
            self._terminal.say(f"Ended by itself and started again: {part}", "bold red")
        if error := self._stack.airflow.clean_up_error():
            self._terminal.say(f"Old runs are still in Airflow's database: {error}", "bold red")
        if time.monotonic() > self._clean_up_at:
            self._stack.airflow.clean_up()
            self._stack.capture.trim_log()
            self._clean_up_at += CLEAN_UP_EVERY_SECONDS


class FailureReport:
    """One line for each DAG run that fails."""

    def __init__(self, terminal: Terminal, airflow: Airflow) -> None:
        """Begin now."""
        self._terminal = terminal
        self._airflow = airflow
        self._since = datetime.now(UTC).isoformat()
        self._seen: set[tuple[str, str]] = set()
        self._asked_at = 0.0

    def show_new(self) -> None:
        """Print the runs that failed meanwhile. An api-server that is busy is asked again."""
        if time.monotonic() - self._asked_at < FAILED_RUNS_EVERY_SECONDS:
            return
        self._asked_at = time.monotonic()
        try:
            failed = list(self._airflow.failed_runs(self._since))
        except (OSError, HTTPException):
            return
        for failure in failed:
            key = (failure.dag_id, failure.run_id)
            if key not in self._seen:
                self._seen.add(key)
                self._terminal.say(f"{failure.dag_id}.{failure.task_id} failed: {failure.reason}", "bold red")
                self._terminal.say(f"  log: {failure.log}")


def _line(batch: Row) -> str:
    merged = f" -{batch['persons_merged']}" if batch["persons_merged"] else ""
    counts = ("landed", "loaded", "held", "released", "rescued", "duplicate", "quarantined")
    return _aligned(
        f"{batch['loaded_at'].astimezone():%H:%M:%S}",
        (
            str(batch["batch_id"]),
            *(f"{batch[name]:,}" for name in counts),
            f"+{batch['persons_created']}{merged}",
            f"{batch['seconds']:.1f}",
        ),
    )


def _aligned(first: str, values: tuple[str, ...]) -> str:
    return f"{first:<8}" + "".join(
        f"  {value:>{max(len(column), 7)}}" for column, value in zip(COLUMNS, values, strict=True)
    )
