"""`etl demo`: one recorded signup through the real Airflow scheduler, shown event by event, and checked.

The backend's `User created` arrives just before a full minute, the browser's `$identify` just after it. So one cycle
sees an event of a user whom nobody knows yet, and the next one learns that it is the person of the browser.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.errors import EtlError
from etl.local import postgres, sample
from etl.local.sample import Player, Recorded
from etl.local.stack import Stack
from etl.local.terminal import Signals, StopRequested, Terminal
from etl.local.up import CycleReport, FailureReport
from etl.migrate import migrate
from etl.names import INGEST
from etl.operate.maintain import check_invariants
from etl.rules.wire import LandingRow
from etl.settings import Settings
from etl.sql import Row

FIRST_CYCLE_SECONDS = 90.0
CYCLE_SECONDS = 45.0  # how long after its minute mark a cycle may be loaded, on a busy machine
BEFORE_THE_MARK_SECONDS = 4.5  # the recording's first request; the backend's comes 1.8 s later
TOO_SOON_SECONDS = 7.0


class StoryError(EtlError):
    """The demo did not come out as it must."""


def run(settings: Settings) -> int:
    """Start a private stack, play the story, check the outcome, remove everything; returns the exit code."""
    terminal = Terminal()
    with Signals() as signals, _temporary_home(terminal) as home, _databases(settings.database_url) as databases:
        private = settings.model_copy(
            update={
                "home": home,
                **databases,
                "postgres_port": postgres.free_port(),
                "airflow_port": postgres.free_port(),
                "capture_port": postgres.free_port(),
                "hold_seconds": Settings.model_fields["hold_seconds"].default,
                "batch_size": Settings.model_fields["batch_size"].default,
            }
        )
        stack = Stack(private, terminal, signals)
        try:
            server = "three databases on your server" if settings.database_url else "a PostgreSQL"
            terminal.say(f"Starting {server} and an Airflow of the demo's own (Ctrl-C stops and removes everything)")
            stack.start()
            Story(terminal, signals, stack, private).play()
        except StopRequested:
            terminal.say("Stopped.")
            return 130
        finally:
            stack.stop()
    return 0


@contextmanager
def _databases(server_url: str | None) -> Iterator[dict[str, str | None]]:
    """The settings that name where the demo plays: a server of its own, or databases of its own on the server given."""
    own: dict[str, str | None] = dict.fromkeys(("database_url", "airflow_database_url", "capture_database_url"))
    if server_url is None:
        yield own
        return
    with (
        databases.temporary_database(server_url, _new_name()) as warehouse_url,
        databases.temporary_database(server_url, _new_name()) as metadata_url,
    ):
        yield own | {"database_url": warehouse_url, "airflow_database_url": metadata_url}


def _new_name() -> str:
    return f"event_microbatch_demo_{secrets.token_hex(4)}"


@contextmanager
def _temporary_home(terminal: Terminal) -> Iterator[Path]:
    """A folder that is removed at the end, except for the logs if something went wrong."""
    home = Path(tempfile.mkdtemp(prefix="event-microbatch-demo-", dir="/var/tmp"))
    home.chmod(0o711)
    try:
        yield home
    except BaseException:
        kept = home.with_name(f"{home.name}-logs")
        kept.mkdir(mode=0o700)
        for folder in (home / "log", home / "airflow" / "logs"):
            if folder.exists():
                folder.rename(kept / ("services" if folder.parent == home else "tasks"))
        terminal.say(f"The logs are kept in {kept}")
        raise
    finally:
        shutil.rmtree(home, ignore_errors=True)


class Story:
    """The signup: played, shown and checked."""

    def __init__(self, terminal: Terminal, signals: Signals, stack: Stack, settings: Settings) -> None:
        """Nothing is played yet."""
        self._terminal = terminal
        self._signals = signals
        self._stack = stack
        self._settings = settings
        self._cycles = CycleReport(terminal, stack.warehouse_url, settings.late_after_seconds)
        self._failures = FailureReport(terminal, stack.airflow)
        requests = sample.read("signup")
        identify = next(place for place, each in enumerate(requests) if _names(each)[0] == "$identify")
        self._before, self._after = requests[:identify], requests[identify:]

    def play(self) -> None:
        """Take the minutes as they come.

        Raises:
            StoryError: the outcome is wrong; says in what.
        """
        say = self._terminal.say
        with self._terminal.step("first cycle") as result:
            self._wait_for_cycle(FIRST_CYCLE_SECONDS, f"Airflow's first run of `{INGEST}`")
            result.append(f"Airflow's scheduler runs `{INGEST}` every full minute")
        mark = _next_minute(datetime.now(UTC) + timedelta(seconds=TOO_SOON_SECONDS))
        say()
        say("One person signs up, as posthog-js and posthog-python were recorded. The browser is slow today, so that")
        say(f"its $identify comes after the cycle of {_clock(mark)}, and the backend's event before it.")
        say()
        self._signals.wait((mark - datetime.now(UTC)).total_seconds() - BEFORE_THE_MARK_SECONDS)
        self._land(Player([(0.0, self._before)]))
        held = self._wait_for_cycle(CYCLE_SECONDS, f"the cycle of {_clock(mark)}", after=mark)
        say(f"{'':10}cycle {held['batch_id']}: {held['landed']} landed, {held['loaded']} loaded, {held['held']} held")
        self._land(Player([(-self._after[0].at, self._after)]))
        mark += timedelta(minutes=1)
        released = self._wait_for_cycle(
            (mark - datetime.now(UTC)).total_seconds() + CYCLE_SECONDS, f"the cycle of {_clock(mark)}", after=mark
        )
        say(
            f"{'':10}cycle {released['batch_id']}: {released['landed']} landed, {released['loaded']} loaded, "
            f"{released['released']} released, {released['rescued']} of them rescued"
        )
        self._tell_and_judge()

    def _wait_for_cycle(self, seconds: float, what: str, after: datetime | None = None) -> Row:
        """The next batch that was loaded (after a time)."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for batch in self._cycles.new_batches():
                if after is None or batch["loaded_at"] >= after:
                    return batch
            self._failures.show_new()
            if (name := self._stack.airflow.dead_service()) is not None:
                raise StoryError(f"Airflow's {name} ended by itself.")
            self._signals.wait(0.2)
        raise StoryError(f"{what[0].upper()}{what[1:]} did not come within {seconds:.0f} s.")

    def _land(self, player: Player) -> None:
        while (rows := player.land_due(self._stack.warehouse_url)) is not None:
            for row in rows:
                self._terminal.say(f"{_clock(datetime.now(UTC)):10}{_source(row):9}{row.event:20}lands")
            self._signals.wait(0.05)

    def _tell_and_judge(self) -> None:
        say = self._terminal.say
        with sql.connect(self._stack.warehouse_url) as db:
            story = sql.run(db, "local/read_story").fetchall()
            invariants = check_invariants(db)
        say()
        say(
            f"{'event':20}{'distinct id':14}{'arrived':10}{'held until':12}{'released by':13}{'batch':>5}  person",
            "bold",
        )
        for row in story:
            due = _clock(row["due_at"]) if row["due_at"] else "-"
            say(
                f"{row['event']:20}{_short(row['distinct_id']):14}{_clock(row['received_at']):10}{due:12}"
                f"{row['released_by'] or '-':13}{row['batch_id']:>5}  {_short(str(row['person_id']))}"
            )
        say()
        unique = len({row["person_id"] for row in story})
        without = self._count_without_buffer()
        _judge(story, unique, sum(len(each.body["batch"]) for each in (*self._before, *self._after)))
        say(f"Unique users: {unique}. `User created` waited for its person and was stored with it, once and for good.")
        say(f"The same rows without the buffer: {without} person ids in the stored rows for this one human;")
        say("every count of unique users would have been wrong until somebody had rewritten or re-mapped them.")
        say(f"All {len(invariants)} invariants hold, and every landed row is accounted for.")

    def _count_without_buffer(self) -> int:
        """How many person ids the same rows would have been stored with, had nothing been held: tried out."""
        settings = self._settings.model_copy(update={"hold_seconds": 0.0})
        with databases.temporary_database(self._stack.warehouse_url, _new_name()) as url, sql.connect(url) as db:
            migrate(db, settings)
            for part in (self._before, self._after):
                waiting = len(Player([(-part[-1].at, part)]).land_due(url) or [])
                # Other transactions on this server, such as Airflow's, may hold rows back for a moment.
                until = time.monotonic() + CYCLE_SECONDS
                while waiting > 0:
                    if time.monotonic() > until:
                        raise StoryError("A transaction that is open on this server for long holds landed rows back.")
                    waiting -= run_cycle(db, settings).landed
                    self._signals.wait(0.1)
            return len({row["person_id_at_load"] for row in sql.run(db, "local/read_story")})


def _judge(story: list[Row], unique: int, expected: int) -> None:
    backend = [row for row in story if row["event"] == "User created"]
    if len(story) != expected:
        raise StoryError(f"{expected} events were landed, and {len(story)} are in the warehouse.")
    if unique != 1:
        raise StoryError(f"One person signed up, and warehouse.events counts {unique}.")
    if not (backend[0]["is_rescued"] and backend[0]["released_by"] == "$identify"):
        raise StoryError("`User created` was not held and then released by the $identify.")


def _names(request: Recorded) -> list[str]:
    return [event["event"] for event in request.body["batch"]]


def _source(row: LandingRow) -> str:
    return "backend" if "posthog-python" in (row.properties or "") else "browser"


def _short(text: str) -> str:
    return text if len(text) <= 12 else f"{text[:4]}..{text[-4:]}"


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M:%S}"


def _next_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
