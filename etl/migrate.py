"""Migrations: the files ``sql/migrations/NNNN_name.sql``, applied once, in order, together with their record."""

from __future__ import annotations

import hashlib
from pathlib import Path

from psycopg import errors

from etl import sql
from etl.errors import MigrationError
from etl.settings import Settings
from etl.sql import Db


def migrate(db: Db, settings: Settings) -> list[str]:
    """Bring the database up to date and make the first day partitions; returns the names applied now.

    Raises:
        MigrationError: an applied file was edited since, or the database knows a migration that this program does not.
    """
    files = _files()
    applied_now = []
    with db.transaction():
        sql.run(db, "migrate/lock")
        sql.run(db, "migrate/create_history")
        history = {row["name"]: row["checksum"] for row in sql.run(db, "migrate/read_history")}
        _refuse_unknown(history.keys() - files.keys())
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


def check(db: Db) -> None:
    """Refuse a database whose schema is not this program's: none, an older or a newer one.

    Raises:
        MigrationError: names the database, what is missing, and the remedy.
    """
    try:
        applied = {row["name"] for row in sql.run(db, "migrate/read_history")}
    except errors.UndefinedTable:
        applied = set()
    _refuse_unknown(applied - _files().keys())
    if missing := sorted(_files().keys() - applied):
        lacks = f"is older than this program: it lacks {', '.join(missing)}" if applied else "has no schema yet"
        raise MigrationError(
            f"The database {db.info.dbname} on {db.info.host}:{db.info.port} {lacks}. "
            "Run `etl migrate` with ETL_DATABASE_URL set to this database."
        )


def _files() -> dict[str, Path]:
    return {path.stem: path for path in sorted((sql.resource("sql") / "migrations").glob("*.sql"))}


def _refuse_unknown(names: set[str]) -> None:
    if names:
        raise MigrationError(
            f"The database has migrations that this program does not know: {', '.join(sorted(names))}. "
            "Install the newer version of event-microbatch that made them."
        )
