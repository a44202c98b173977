"""Exporting events to Parquet, a file a day, and beside them who is who.

No person stands in the files of events: a merge would make every one of them wrong. It is looked up by the event's
distinct id in ``person_distinct_ids.parquet``, which is small and written anew each time. So a merge, a split or a
squash rewrites no event here, as in the warehouse.

A file is written under a hidden name and gets its own when it is complete, so that nobody ever reads half of one.
"""

from __future__ import annotations

import fcntl
import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from etl import sql
from etl.errors import ExportError
from etl.files.parquet_file import MARK
from etl.operate import project
from etl.sql import Db

CHUNK_ROWS = 50_000
CHUNK_CHARACTERS = 16_000_000

# Columns and their types; a moment is sent as microseconds since 1970.
_Columns = Mapping[str, str]
_Row = tuple[Any, ...]
_EVENTS: _Columns = {
    "team_id": "bigint",
    "uuid": "text",
    "event": "text",
    "distinct_id": "text",
    "timestamp": "moment",
    "properties": "text",
    "elements_chain": "text",
    "person_mode": "text",
    "ip": "text",
    "sent_at": "text",
    "received_at": "moment",
}
_PERSONS: _Columns = {
    "team_id": "bigint",
    "person_id": "text",
    "is_identified": "boolean",
    "created_at": "moment",
    "first_seen_at": "moment",
    "properties": "text",
    "updated_at": "moment",
}
_DISTINCT_IDS: _Columns = {
    "team_id": "bigint",
    "distinct_id": "text",
    "person_id": "text",
    "is_personless": "boolean",
    "updated_at": "moment",
}


@dataclass(frozen=True)
class ExportedFile:
    """A file that was written, or removed because nothing is left to be in it."""

    path: Path
    rows: int

    def __str__(self) -> str:
        if not self.rows and self.path.parent.name == "events":
            return f"{self.path}: no events, no file"
        return f"{self.path}: {self.rows:,} row{'' if self.rows == 1 else 's'}"


class _State(msgspec.Struct):
    """What a folder holds: the project (none: all), and up to which batch ``follow`` has written it."""

    team_id: int | None = None
    batch_id: int = 0


def export_days(
    db: Db, folder: Path, *, first_day: date, last_day: date, team_id: int | None = None
) -> Iterator[ExportedFile]:
    """Write the files of these days (UTC, both included), and who is who; gives out each as soon as it is complete.

    Args:
        db: a connection in autocommit mode.
        folder: made where it is missing. Files of other days in it stay.
        first_day: of the events' own time.
        last_day: not before ``first_day``.
        team_id: only this project; default: all.

    Raises:
        ExportError: the days are none; the folder holds the export of another project, or another process writes to it.
        ProjectError: there is no such project.
    """
    if last_day < first_day:
        raise ExportError(f"--from {first_day} --to {last_day}: the last day is before the first one.")
    with _opened(db, folder, team_id) as state:
        span = {"first_day": first_day, "last_day": last_day}
        days = {row["day"] for row in sql.run(db, "export/list_partition_days", span)}
        days |= {day for day in _written_days(folder) if first_day <= day <= last_day}
        yield from _write_days(db, folder, days, team_id)
        yield from _write_persons(db, folder, team_id)
        _write_state(folder, state)


def follow(db: Db, folder: Path, *, team_id: int | None = None) -> Iterator[ExportedFile]:
    """Write the files of all days that have changed since the last call, and who is who; the first call writes all.

    Args:
        db: a connection in autocommit mode.
        folder: made where it is missing.
        team_id: only this project; default: all.

    Raises:
        ExportError: the folder holds the export of another project, or another process writes to it.
        ProjectError: there is no such project.
    """
    with _opened(db, folder, team_id) as state:
        progress = sql.one(db, "export/read_progress", {"after": state.batch_id})
        if progress["newest"] == state.batch_id:
            return
        # What was taken out again or erased says no more of which day it was; and a database that was restored from a
        # dump may have forgotten batches that the folder has.
        is_anew = progress["has_rewritten"] or progress["newest"] < state.batch_id
        batches = {"after": 0 if is_anew else state.batch_id, "newest": progress["newest"], "team_id": team_id}
        days = {row["day"] for row in sql.run(db, "export/list_days", batches)}
        if is_anew:
            days |= _written_days(folder)
        yield from _write_days(db, folder, days, team_id)
        yield from _write_persons(db, folder, team_id)
        state.batch_id = progress["newest"]
        _write_state(folder, state)


@contextmanager
def _opened(db: Db, folder: Path, team_id: int | None) -> Iterator[_State]:
    """The folder for this process alone, and what it holds."""
    if team_id is not None:
        project.check(db, team_id)
    (folder / "events").mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ExportError(f"Another process is exporting to {folder}; this one did nothing.") from None
        state = _read_state(folder, team_id)
        if state.team_id != team_id:
            held = "all projects" if state.team_id is None else f"project {state.team_id}"
            raise ExportError(f"{folder} holds an export of {held}. Export this to a folder of its own.")
        yield state
    finally:
        os.close(handle)


def _read_state(folder: Path, team_id: int | None) -> _State:
    path = folder / "export.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=_State)
    except FileNotFoundError:
        return _State(team_id)
    except msgspec.DecodeError as error:
        raise ExportError(
            f"{path} cannot be read ({error}). Remove it, and the next export writes all anew."
        ) from error


def _write_state(folder: Path, state: _State) -> None:
    with _complete(folder / "export.json") as file:
        file.write(msgspec.json.encode(state))


def _written_days(folder: Path) -> set[date]:
    return {date.fromisoformat(path.stem) for path in (folder / "events").glob("????-??-??.parquet")}


def _write_days(db: Db, folder: Path, days: set[date], team_id: int | None) -> Iterator[ExportedFile]:
    # What was exported of these is more than there is.
    dropped = {row["day"] for row in sql.run(db, "export/list_dropped_days")}
    for day in sorted(days - dropped):
        if (file := _write_day(db, folder, day, team_id)) is not None:
            yield file


def _write_day(db: Db, folder: Path, day: date, team_id: int | None) -> ExportedFile | None:
    """The file of a day; None if there are no events and was no file."""
    path = folder / "events" / f"{day}.parquet"
    rows = _rows(db, "export/copy_events", _EVENTS, {"day": day, "team_id": team_id})
    first = next(rows, None)
    if first is not None:
        return _write(path, _EVENTS, itertools.chain([first], rows))
    if not path.exists():
        return None
    path.unlink()
    return ExportedFile(path, 0)


def _write_persons(db: Db, folder: Path, team_id: int | None) -> Iterator[ExportedFile]:
    """Who is who, both files as of one moment."""
    with sql.snapshot(db):
        persons = _rows(db, "export/copy_persons", _PERSONS, {"team_id": team_id})
        yield _write(folder / "persons.parquet", _PERSONS, persons)
        distinct_ids = _rows(db, "export/copy_person_distinct_ids", _DISTINCT_IDS, {"team_id": team_id})
        yield _write(folder / "person_distinct_ids.parquet", _DISTINCT_IDS, distinct_ids)


def _rows(db: Db, name: str, columns: _Columns, parameters: Mapping[str, Any]) -> Iterator[_Row]:
    types = ["bigint" if kind == "moment" else kind for kind in columns.values()]
    return sql.copied_rows(db, name, types, parameters)


def _write(path: Path, columns: _Columns, rows: Iterator[_Row]) -> ExportedFile:
    """A Parquet file, a row group a chunk: no more of it is in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"bigint": pa.int64(), "text": pa.string(), "boolean": pa.bool_(), "moment": pa.timestamp("us", "UTC")}
    schema = pa.schema([(name, kinds[kind]) for name, kind in columns.items()], metadata={MARK: b"export"})
    count = 0
    with _complete(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for chunk in _chunks(rows):
            arrays = [pa.array(cells, kind) for cells, kind in zip(zip(*chunk, strict=True), schema.types, strict=True)]
            writer.write_table(pa.table(arrays, schema=schema))
            count += len(chunk)
    return ExportedFile(path, count)


def _chunks(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    chunk: list[_Row] = []
    characters = 0
    for row in rows:
        chunk.append(row)
        characters += sum(len(cell) for cell in row if isinstance(cell, str))
        if len(chunk) == CHUNK_ROWS or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


@contextmanager
def _complete(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name, and takes the place of an older one, when all of it is on the disk."""
    hidden = path.with_name(f".{path.name}.partial")
    try:
        with hidden.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(path)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise
