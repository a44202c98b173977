"""Whole programs, started as a person starts them, and what they leave behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etl.local import postgres
from tests.server import open_folder

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 30.0  # what hangs is found; a machine that is busy with other tests is not


class Program:
    """`etl COMMAND` in a process of its own, its output in a file."""

    def __init__(self, home: Path, command: str, **environment: str) -> None:
        self.output = home / f"{command.replace(' ', '-')}-{time.monotonic_ns()}.out"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ETL_", "AIRFLOW"))}
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "etl.cli", *command.split()],
                cwd=ROOT,
                env=inherited | {"PYTHONUNBUFFERED": "1"} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def text(self) -> str:
        return self.output.read_text()

    def wait_for(self, is_there: Callable[[str], object], seconds: float = 150.0) -> str:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if is_there(self.text):
                return self.text
            assert self.process.poll() is None, self.text
            time.sleep(0.1)
        raise AssertionError(f"not seen within {seconds} s:\n{self.text}")

    def stop(self, number: signal.Signals) -> float:
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(60)
        return time.monotonic() - began


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder below which everything is put; whatever still runs there at the end is killed."""
    with open_folder() as home:
        yield home
        kill_processes_of(home)


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., Program]]:
    """Start `etl COMMAND` with everything below ``home`` and on free ports."""
    environment = {
        "ETL_HOME": str(home / "var"),
        "ETL_POSTGRES_PORT": str(postgres.free_port()),
        "ETL_AIRFLOW_PORT": str(postgres.free_port()),
        "ETL_CAPTURE_PORT": str(postgres.free_port()),
        "TMPDIR": str(home),
    }
    started: list[Program] = []

    def _start(command: str, **more: str) -> Program:
        started.append(Program(home, command, **(environment | more)))
        return started[-1]

    yield _start
    for program in started:
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait()


def processes_of(home: Path) -> list[int]:
    """The processes that have this folder in their command, or work in it, or have a file of it open."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            seen = [(process / "cmdline").read_text(errors="replace"), os.readlink(process / "cwd")]
            seen += [os.readlink(entry) for entry in (process / "fd").iterdir()]
        except OSError:
            continue
        if any(str(home) in text for text in seen):
            found.append(int(process.name))
    return found


def kill_processes_of(home: Path) -> None:
    for pid in processes_of(home):
        with contextlib.suppress(ProcessLookupError):  # it has ended since
            os.kill(pid, signal.SIGKILL)
