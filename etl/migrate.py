"""The schemas: ``sql/schema/NNNN_name.sql``, applied once, in order; then functions and views, one object a file.

A file of ``sql/functions`` or ``sql/views`` is ``create or replace``, with the object's comment and grants. It is
applied whenever its text has changed, so each rule has one text, edited in place. What replacing cannot do, a new
schema file does:

- to drop or rename one: delete or rename its file, and drop the old object in the schema file;
- to change a function's arguments or result, or take a column from a view: drop it there, and it is made again;
- to take back a grant or a comment.

After a new schema file all functions and views are applied again, because it may have dropped some, or added a column
to a table that a view shows whole.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from graphlib import TopologicalSorter
from pathlib import Path

from psycopg import errors

from etl import shards, sql
from etl.errors import MigrationError
from etl.settings import Settings
from etl.sql import Db


def migrate(db: Db, settings: Settings) -> list[str]:
    """Bring the database up to date and make the first day partitions; returns what was applied now.

    Raises:
        MigrationError: an applied schema file was edited since; the database has one that this program does not; or the
            login may not do it, says what is missing.
    """
    try:
        with db.transaction():
            applied = apply_files(db, sql.resource("sql"))
            if "schema/0002_landing" in applied and not shards.has_default_project(settings):
                sql.run(db, "migrate/delete_default_project")
            sql.run(db, "open/insert_watermark")
            sql.run(db, "maintain/ensure_partitions", {"days_ahead": settings.partition_days_ahead})
    except errors.InsufficientPrivilege as error:
        raise MigrationError(
            f"The login {db.info.user!r} cannot migrate the database {db.info.dbname!r}: {error.diag.message_primary}. "
            "It has to own the database and the schemas in it. Nothing was changed."
        ) from error
    return applied


def apply_files(db: Db, root: Path) -> list[str]:
    """Apply what is new below a folder like ``sql``; returns the names, such as ``views/warehouse.events``.

    Raises:
        MigrationError: as ``migrate``.
    """
    schema, repeatable = _read_all(root)
    checksums = _checksums(schema | repeatable)
    with db.transaction():
        with suppress(errors.UniqueViolation, errors.DuplicateObject), db.transaction():
            sql.run(db, "migrate/create_history")  # unless another migrator makes it this very moment
        sql.run(db, "migrate/lock")
        history = {row["name"]: row["checksum"] for row in sql.run(db, "migrate/read_history")}
        _refuse_edited(schema, history, checksums)
        new = schema.keys() - history.keys()
        due = [name for name in schema if name in new]
        due += [name for name in repeatable if new or history.get(name) != checksums[name]]
        if due:
            sql.run(db, "migrate/configure")
        for name in due:
            db.execute((schema | repeatable)[name])
            sql.run(db, "migrate/insert_history", {"name": name, "checksum": checksums[name]})
        sql.run(db, "migrate/delete_history", {"names": list(history.keys() - checksums.keys())})
    return due


def check(db: Db) -> None:
    """Refuse a database whose schema is not this program's: none, an older or a newer one.

    Raises:
        MigrationError: names the database, what is missing, and the remedy.
    """
    schema, repeatable = _read_all(sql.resource("sql"))
    checksums = _checksums(schema | repeatable)
    try:
        history = {row["name"]: row["checksum"] for row in sql.run(db, "migrate/read_history")}
    except errors.UndefinedTable:
        history = {}
    _refuse_edited(schema, history, checksums)
    if missing := sorted(name for name, checksum in checksums.items() if history.get(name) != checksum):
        lacks = f"is older than this program: it lacks {', '.join(missing)}" if history else "has no schema yet"
        raise MigrationError(
            f"The database {db.info.dbname} on {db.info.host}:{db.info.port} {lacks}. "
            "Run `etl migrate` with ETL_DATABASE_URL set to this database, or with ETL_SHARDS."
        )


def describe_applied(applied: list[str]) -> str:
    """What ``migrate`` did, in a few words: how many files of which folder."""
    folders = [name.split("/")[0] for name in applied]
    kinds = {"schema": "schema files", "functions": "functions", "views": "views"}
    counts = [f"{folders.count(folder)} {kind}" for folder, kind in kinds.items() if folder in folders]
    return f"{', '.join(counts)} applied" if counts else "up to date"


def _read_all(root: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The schema files, and the functions and views in the order in which they can be made."""
    schema, functions, views = (_read(root, folder) for folder in ("schema", "functions", "views"))
    return schema, functions | {name: views[name] for name in _in_order(views)}


def _checksums(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(text).hexdigest() for name, text in files.items()}


def _read(root: Path, folder: str) -> dict[str, bytes]:
    return {f"{folder}/{path.stem}": path.read_bytes() for path in sorted((root / folder).glob("*.sql"))}


def _in_order(views: dict[str, bytes]) -> list[str]:
    """The views, each after those that its text names."""
    graph = {}
    for name, text in views.items():
        words = set(re.findall(r"\w+\.\w+", re.sub(r"--.*", "", text.decode())))
        graph[name] = [other for other in views if other != name and other.removeprefix("views/") in words]
    return list(TopologicalSorter(graph).static_order())


def _refuse_edited(schema: dict[str, bytes], history: dict[str, str], checksums: dict[str, str]) -> None:
    applied = {name for name in history if not name.startswith(("functions/", "views/"))}
    if unknown := applied - schema.keys():
        raise MigrationError(
            f"The database has migrations that this program does not know: {', '.join(sorted(unknown))}. "
            "Install the newer version of event-microbatch that made them."
        )
    for name in sorted(applied):
        if history[name] != checksums[name]:
            raise MigrationError(
                f"Migration {name} was edited after it had been applied. Restore the file; put the change in a new one."
            )
