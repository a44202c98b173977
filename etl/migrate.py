"""Migrations: the files ``sql/migrations/NNNN_name.sql``, applied once, in order, together with their record."""

from __future__ import annotations

import hashlib

from etl import sql
from etl.errors import MigrationError
from etl.settings import Settings
from etl.sql import Db


def migrate(db: Db, settings: Settings) -> list[str]:
    """Bring the database up to date and make the first day partitions; returns the names applied now.

    Raises:
        MigrationError: an applied file was edited since, or the database knows a migration that this program does not.
    """
    files = {path.stem: path for path in sorted((sql.resource("sql") / "migrations").glob("*.sql"))}
    applied_now = []
    with db.transaction():
        sql.run(db, "migrate/lock")
        sql.run(db, "migrate/create_history")
        history = {row["name"]: row["checksum"] for row in sql.run(db, "migrate/read_history")}
        if unknown := history.keys() - files.keys():
            raise MigrationError(
                f"The database has migrations that this program does not know: {', '.join(sorted(unknown))}. "
                "Install the newer version of event-microbatch that made them."
            )
        for name, path in files.items():
            text = path.read_bytes()
            checksum = hashlib.sha256(text).hexdigest()
            if name not in history:
                db.execute(text)
                sql.run(db, "migrate/insert_history", {"name": name, "checksum": checksum})
                applied_now.append(name)
            elif history[name] != checksum:
                raise MigrationError(
                    f"Migration {name} was edited after it had been applied. "
                    "Restore the file; put the change in a new one."
                )
        sql.run(db, "open/insert_watermark")
        sql.run(db, "maintain/ensure_partitions", {"days_ahead": settings.partition_days_ahead})
    return applied_now
