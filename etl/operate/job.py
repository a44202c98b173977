"""Jobs that nobody waits for: when each last ran, so that ``etl status`` misses one that is paused."""

from __future__ import annotations

from typing import Literal

from etl import sql
from etl.sql import Db


def note_run(db: Db, job: Literal["maintain", "watch"]) -> None:
    """A job has run just now."""
    sql.run(db, "job/note_run", {"job": job})
