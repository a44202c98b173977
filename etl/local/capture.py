"""Capture on one machine: a child of `etl up`, and the token with which the snippets it prints work at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import IO

from etl.local import child
from etl.local.private import write_private
from etl.operate import project
from etl.settings import Settings
from etl.sql import Db

TEAM_ID = 1
STOP_SECONDS = 6.0
LOG_BYTES = 20_000_000

# Without it a proxy of the environment would be asked for 127.0.0.1.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class CaptureService:
    """`etl capture` as a child."""

    def __init__(self, settings: Settings, database_url: str, marker: IO[str]) -> None:
        """Nothing is started yet.

        Args:
            settings: handed to the child.
            database_url: the login it uses.
            marker: see ``child.start``.
        """
        self.log = settings.home.resolve() / "log" / "capture.log"
        self.url = f"http://{settings.capture_host}:{settings.capture_port}"
        self._marker = marker
        self._child: subprocess.Popen[bytes] | None = None
        own = {f"ETL_{name.upper()}": str(value) for name, value in settings.model_dump().items() if value is not None}
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ETL_", "PG"))}
        self._environment = inherited | own | {"ETL_CAPTURE_DATABASE_URL": database_url}
        self._environment.pop("ETL_DATABASE_URL", None)  # the owner's login is not needed there

    def start(self) -> None:
        """Start it, or start it again."""
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._child = child.start(
            [sys.executable, "-m", "etl.cli", "capture"],
            log=self.log,
            environment=self._environment,
            folder=Path(__file__).parents[2],
            marker=self._marker.fileno(),
        )

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            with _opener.open(f"{self.url}/_health", timeout=1):
                return True
        except OSError:
            return False

    def has_ended(self) -> bool:
        """Whether it ended although nobody asked it to."""
        return self._child is not None and self._child.poll() is not None

    def trim_log(self) -> None:
        """Forget all of a large log but the copy that is made of it now."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.with_suffix(".log.1").write_bytes(self.log.read_bytes())
            os.truncate(self.log, 0)

    def ask_to_stop(self) -> None:
        """Let it finish what is in flight; does not wait."""
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()

    def stop(self) -> None:
        """End it, by force if it takes long."""
        self.ask_to_stop()
        if self._child is not None:
            until = time.monotonic() + STOP_SECONDS
            while self._child.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            if self._child.poll() is None:
                self._child.kill()
            self._child.wait()
            self._child = None


def ensure_token(db: Db, file: Path) -> str | None:
    """The token of the first project, made once and kept in ``file``; None once it has been rotated or disabled."""
    if not file.exists():
        write_private(file, project.new_token())
    token = file.read_text()
    return token if project.register_token(db, TEAM_ID, token) else None
