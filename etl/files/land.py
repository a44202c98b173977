"""Landing files: their events into ``landing.event``, in the order of the file, by COPY.

A file is landed in chunks, each one transaction of a second or two that also notes in ``ops.landed_file`` how far it
got. Not all or nothing, for three reasons. A batch reads only below the oldest transaction in flight, so one long COPY
would hold back every other writer's events until it ends. A crash at 99 % would leave nothing but dead rows. And it
would gain little: landing is append-only, and what is half there is processed correctly, like events that arrive one by
one. A landing that was interrupted goes on behind the last committed chunk when the same command is run again.

A file is known by its SHA-256 and the project: landed once, it is skipped, unless asked for again. Then its events come
a second time and are dropped as duplicates by uuid; those without one are loaded twice, for nothing tells them apart.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path
from time import monotonic

import psycopg
from psycopg import errors
from psycopg.types.json import Json

from etl import sql
from etl.errors import LandingError
from etl.files.formats import Format, Item, Source, open_source, recognise
from etl.rules.wire import LandingRow, Unreadable, without_huge_numbers
from etl.sql import Db, Row

CHUNK_EVENTS = 50_000
CHUNK_CHARACTERS = 16_000_000
CHUNK_SECONDS = 2.0
MAX_EXAMPLES = 20

Progress = Callable[[Path, int, int, int], None]
"""Called after each chunk with the file, the bytes read, its size in bytes, and the events landed so far."""


@dataclass(frozen=True)
class LandResult:
    """What became of one file."""

    name: str
    size: int
    # Events of the file in landing: all, and those of this call.
    total: int
    landed: int
    unreadable: int
    # The first of the unreadable, each a line to print.
    examples: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    # Set: exactly this file had been landed at that time, and nothing was done.
    landed_before: datetime | None
    seconds: float

    @property
    def is_clean(self) -> bool:
        """Nothing was found now that could not be read: exit status 0."""
        return self.landed_before is not None or self.unreadable == 0

    def __str__(self) -> str:
        if self.landed_before:
            return (
                f"{self.name}: skipped, exactly this file was landed on {self.landed_before:%Y-%m-%d %H:%M} UTC "
                f"({self.total:,} events). To land it again anyway: --again."
            )
        earlier = f", {self.total - self.landed:,} before an interruption" if self.total > self.landed else ""
        speed = self.landed / max(self.seconds, 0.001)
        events = f"{self.landed:,} event{'' if self.landed == 1 else 's'}"
        line = f"{self.name}: {events} landed{earlier} in {self.seconds:.1f} s ({speed:,.0f} a second)"
        if self.ignored_columns:
            line += f"; columns not landed: {', '.join(self.ignored_columns)}"
        if self.unreadable:
            line += f"; {self.unreadable:,} could not be read"
        more = self.unreadable - len(self.examples)
        return "\n  ".join([line, *self.examples, *([f"and {more:,} more"] if more else [])])


def land_files(
    url: str,
    paths: Sequence[Path],
    *,
    team_id: int = 1,
    is_again: bool = False,
    progress: Progress | None = None,
) -> Iterator[LandResult]:
    """Land files one after another and give out what became of each as soon as it is landed.

    Args:
        url: the warehouse.
        paths: files as in ``etl.files.formats``. All are looked at before the first is landed.
        team_id: the project that their events are of.
        is_again: land also what had been landed before, from the beginning.
        progress: called after each chunk.

    Raises:
        LandingError: a file cannot be read or recognised, there is no such project, the connection was lost, or
            another process is landing the same file.
    """
    kinds = {path: recognise(path) for path in paths}
    with sql.connect(url, application_name="etl land") as db:
        project = sql.one(db, "land/find_project", {"team_id": team_id})
        if not project["is_known"]:
            raise LandingError(f"There is no project {team_id}; there are: {project['known']}.")
        for path in paths:
            yield _land_file(db, path, kinds[path], team_id, is_again=is_again, progress=progress or _silent)


def land_rows(db: Db, rows: Sequence[LandingRow] | _Chunk) -> dict[int, str]:
    """Land rows in one transaction, whatever they hold.

    A number beyond PostgreSQL's range becomes a string of its digits. What the server still cannot store is left out.

    Args:
        db: a connection; inside a transaction this is a part of it.
        rows: read again if the server refuses one of them.

    Returns:
        The server's reason for each row that was left out, by its place in ``rows`` from 0.
    """
    try:
        with db.transaction():
            sql.copy_in(db, "land/copy_event", rows)
    except (psycopg.DataError, errors.ProgramLimitExceeded, errors.StatementTooComplex):
        kept = list(rows)
    else:
        return {}
    for place in _unstorable(db, kept):
        kept[place] = kept[place]._replace(properties=without_huge_numbers(kept[place].properties or ""))
    refused = _unstorable(db, kept)
    with db.transaction():
        sql.copy_in(db, "land/copy_event", (row for place, row in enumerate(kept) if place not in refused))
    return refused


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """A bar for each file, of bytes read, if the output is a terminal; else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.DownloadColumn(),
        rich.TransferSpeedColumn(),
        rich.TimeRemainingColumn(),
        rich.TextColumn("{task.fields[landed]:,} events"),
    )
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[Path, rich.TaskID] = {}

        def show(path: Path, bytes_read: int, size: int, landed: int) -> None:
            if path not in tasks:
                tasks[path] = bar.add_task(path.name, total=size, landed=landed)
            bar.update(tasks[path], completed=bytes_read, landed=landed)

        yield show


class _Chunk:
    """The next items of a file, up to the bounds of one transaction. Its rows are read as they are sent, and again."""

    def __init__(self, items: Iterator[Item]) -> None:
        self.rows: list[LandingRow] = []
        self.places: list[int] = []
        self.unreadable: list[tuple[int, Unreadable]] = []
        self.is_last = False
        self._items = items

    def __iter__(self) -> Iterator[LandingRow]:
        yield from self.rows
        deadline = monotonic() + CHUNK_SECONDS
        room = CHUNK_CHARACTERS
        while not self.is_last and len(self) < CHUNK_EVENTS and room > 0 and monotonic() < deadline:
            place, row = next(self._items, (0, None))
            if row is None:
                self.is_last = True
            elif isinstance(row, Unreadable):
                self.unreadable.append((place, row))
            else:
                self.places.append(place)
                self.rows.append(row)
                room -= len(row.properties or "")
                yield row

    def __len__(self) -> int:
        return len(self.rows) + len(self.unreadable)


def _land_file(db: Db, path: Path, kind: Format, team_id: int, *, is_again: bool, progress: Progress) -> LandResult:
    watch = sql.Stopwatch()
    stored = path.stat()
    key = {"team_id": team_id, "sha256": _sha256(path)}
    name = os.fsencode(path).decode(errors="replace")
    begun = sql.one(db, "land/begin_file", {**key, "name": name, "bytes": stored.st_size, "is_again": is_again})
    state, ignored = begun, []
    if not begun["landed_at"]:
        try:
            with open_source(path, kind, team_id) as source:
                ignored = source.ignored_columns
                next(islice(source.items, begun["records"], begun["records"]), None)
                while not state["landed_at"]:
                    state = _land_chunk(db, key, state, source, lambda: _check_unchanged(path, stored))
                    progress(path, int(source.share_read() * stored.st_size), stored.st_size, state["landed"])
        except (OSError, psycopg.Error) as error:
            reason = " ".join(str(error).split())
            raise LandingError(
                f"{path}: stopped after {state['landed']:,} events, which are landed: {reason}. "
                "Run the same command again: it goes on from there."
            ) from error
    return LandResult(
        name=name,
        size=stored.st_size,
        total=state["landed"],
        landed=state["landed"] - begun["landed"],
        unreadable=state["unreadable"],
        examples=tuple(state["unreadable_examples"]),
        ignored_columns=tuple(ignored),
        landed_before=begun["landed_at"],
        seconds=watch.seconds,
    )


def _land_chunk(db: Db, key: Row, state: Row, source: Source, check: Callable[[], None]) -> Row:
    """Land the next chunk and note it, in one transaction; returns the file's new state."""
    chunk = _Chunk(source.items)
    with db.transaction():
        refused = land_rows(db, chunk)
        unreadable = sorted(
            [
                *chunk.unreadable,
                *((chunk.places[i], Unreadable(reason, "")) for i, reason in refused.items()),
            ],
            key=itemgetter(0),
        )
        found = [f"{source.noun} {place}: {each}" for place, each in unreadable[:MAX_EXAMPLES]]
        if chunk.is_last:
            check()
        advanced = sql.run(
            db,
            "land/advance_file",
            {
                **key,
                "records_before": state["records"],
                "records": len(chunk),
                "landed": len(chunk.rows) - len(refused),
                "unreadable": len(unreadable),
                "unreadable_examples": Json((state["unreadable_examples"] + found)[:MAX_EXAMPLES]),
                "is_last": chunk.is_last,
            },
        ).fetchone()
        if advanced is None:
            raise LandingError("Another process is landing exactly this file: let it finish; nothing was landed twice.")
    return advanced


def _unstorable(db: Db, rows: list[LandingRow]) -> dict[int, str]:
    texts = [row.properties for row in rows]
    return {row["index"]: row["message"] for row in sql.run(db, "land/find_unstorable", {"texts": texts})}


def _check_unchanged(path: Path, stored: os.stat_result) -> None:
    now = path.stat()
    if (now.st_size, now.st_mtime_ns) != (stored.st_size, stored.st_mtime_ns):
        raise LandingError(
            f"{path} was written to while it was read. Most of it is landed; land it again once it is complete: "
            "events with a uuid are loaded once."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _silent(path: Path, bytes_read: int, size: int, landed: int) -> None:
    """No progress is shown."""
