"""A generated history for the page: a batch a minute, with everything that batches can have."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from etl.sql import Db

STATEMENTS = (Path(__file__).parent / "history.sql").read_bytes().split(b"\n;\n")[:-1]
PARTITION = b"select ops.ensure_day_partition('warehouse', 'stored_event', 'timestamp', %s)"


def generate(db: Db, batches: int, end: datetime) -> None:
    """So many batches, one a minute, five events each, the last one at ``end``."""
    with db.transaction():
        for day in range(batches // 1440 + 2):
            db.execute(PARTITION, ((end - timedelta(days=day)).date(),))
        for statement in STATEMENTS:
            db.execute(statement, {"batches": batches, "end": end})
    db.execute(b"analyze")
