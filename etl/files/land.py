"""Landing files: their events into ``landing.event``, in the order of the file, by COPY.

A file is landed in chunks, each one transaction of a second or two that also notes in ``ops.landed_file`` how far it
got. Not all or nothing, for three reasons. A batch reads only below the oldest transaction in flight, so one long COPY
would hold back every other writer's events until it ends. A crash at 99 % would leave nothing but dead rows. And it
would gain little: landing is append-only, and what is half there is processed correctly, like events that arrive one by
one. A landing that was interrupted goes on behind the last committed chunk when the same command is run again.

A file is known by its SHA-256 and the project: landed once, it is skipped, unless asked for again. Then its events come
a second time and are dropped as duplicates by uuid; those without one are loaded twice, for nothing tells them apart.

Each chunk notes in ``ops.landed_range`` where its events stand in landing and in the file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import psycopg
from psycopg import errors
from psycopg.types.json import Json

from etl import sql
from etl.errors import LandingError
from etl.files import paths as arguments
from etl.files.formats import Format, Item, Source, open_source, recognise
from etl.files.options import Reading
from etl.files.survey import MAX_EXAMPLES, Survey, first_look, out_of_order, survey, unreadable
from etl.files.tools import shown
from etl.operate import project
from etl.rules.wire import LandingRow, Unreadable
from etl.sql import Db, Row

CHUNK_EVENTS = 50_000
CHUNK_CHARACTERS = 16_000_000
CHUNK_SECONDS = 2.0

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
    # Keys and columns of which nothing is in landing, and what is to be said of times and order.
    keys_not_landed: tuple[str, ...]
    notes: tuple[str, ...]
    # Set: exactly this file had been landed at that time, under that name, and nothing was done.
    landed_before: datetime | None
    landed_as: str
    seconds: float

    @property
    def is_clean(self) -> bool:
        """There is nothing that could not be read, now or when the file was landed: exit status 0."""
        return self.unreadable == 0

    def __str__(self) -> str:
        if self.landed_before:
            under = "" if self.landed_as == self.name else f" as {self.landed_as}"
            line = (
                f"{self.name}: skipped, exactly this file was landed on {self.landed_before:%Y-%m-%d %H:%M} UTC{under} "
                f"({self.total:,} events). To land it again anyway: --again."
            )
            if not self.unreadable:
                return line
            return "\n  ".join([f"{line} {self.unreadable:,} could not be read then:", *self._listed()])
        earlier = f", {self.total - self.landed:,} before an interruption" if self.total > self.landed else ""
        speed = self.landed / max(self.seconds, 0.001)
        events = f"{self.landed:,} event{'' if self.landed == 1 else 's'}"
        line = f"{self.name}: {events} landed{earlier} in {self.seconds:.1f} s ({speed:,.0f} a second)"
        line = "; ".join([line, *self.notes])
        if self.keys_not_landed:
            line += f"; keys not landed: {shown(self.keys_not_landed)}"
        if self.unreadable:
            line += f"; {self.unreadable:,} could not be read"
        return "\n  ".join([line, *self._listed()])

    def _listed(self) -> list[str]:
        more = self.unreadable - len(self.examples)
        return [*self.examples, *([f"and {more:,} more"] if more else [])]


def land_files(
    url: str,
    paths: Sequence[Path | str],
    *,
    team_id: int = 1,
    is_again: bool = False,
    reading: Reading | None = None,
    rejects: Path | None = None,
    max_unreadable: int | None = None,
    progress: Progress | None = None,
) -> Iterator[LandResult]:
    """Land files one after another and give out what became of each as soon as it is landed.

    Args:
        url: the warehouse.
        paths: files as in ``etl.files.formats``, folders, patterns, ``-``; all are looked at before one is landed.
        team_id: the project that their events are of.
        is_again: land also what had been landed before, from the beginning.
        reading: what the files do not say themselves.
        rejects: gets what could not be read, whole, line by line; a CSV file's under its header.
        max_unreadable: land nothing if more than this cannot be read in a file. Each is read twice for that.
        progress: called after each chunk.

    Raises:
        LandingError: a file cannot be read or recognised, holds no events, or too much that cannot be read; the login
            may not land files; the connection was lost; or another process is landing the same file.
        ProjectError: there is no such project.
    """
    reading = reading or Reading()
    with ExitStack() as stack:
        files = stack.enter_context(arguments.found(paths))
        kinds = _all_looked_at(files, team_id, reading, max_unreadable)
        db = stack.enter_context(_connected(url, [team_id, *reading.projects.values()]))
        kept = stack.enter_context(rejects.open("wb")) if rejects else None
        for (name, path), kind in zip(files, kinds, strict=True):
            landing = _Landing(db, path, name=name, kind=kind, team_id=team_id, reading=reading, rejects=kept)
            yield landing.run(is_again=is_again, progress=progress or _silent)


def check_files(
    url: str, paths: Sequence[Path | str], *, team_id: int = 1, reading: Reading | None = None
) -> Iterator[Survey]:
    """Read files to the end and land nothing; gives out what was found in each.

    Raises:
        LandingError, ProjectError: as ``land_files``.
    """
    reading = reading or Reading()
    with ExitStack() as stack:
        files = stack.enter_context(arguments.found(paths))
        kinds = _all_looked_at(files, team_id, reading, None)
        db = stack.enter_context(_connected(url, [team_id, *reading.projects.values()]))
        for (name, path), kind in zip(files, kinds, strict=True):
            yield survey(db, path, name=name, kind=kind, team_id=team_id, reading=reading)


def land_rows(db: Db, rows: Sequence[LandingRow] | _Chunk) -> dict[int, str]:
    """Land rows in one transaction, whatever they hold; what the server cannot store is left out.

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
    refused = _unstorable(db, kept)
    with db.transaction():
        sql.copy_in(db, "land/copy_event", (row for place, row in enumerate(kept) if place not in refused))
    return refused


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


class _Landing:
    """One file on its way into landing."""

    def __init__(
        self,
        db: Db,
        path: Path,
        *,
        name: str,
        kind: Format,
        team_id: int,
        reading: Reading,
        rejects: BinaryIO | None,
    ) -> None:
        self._db = db
        self._path = path
        self._name = name
        self._kind = kind
        self._reading = reading
        self._rejects = rejects
        self._stored = path.stat()
        self._team_id = team_id
        self._key: Row = {"team_id": team_id, "sha256": sha256_of(path)}

    def run(self, *, is_again: bool, progress: Progress) -> LandResult:
        """Land what is not landed yet."""
        watch = sql.Stopwatch()
        size = self._stored.st_size
        known = {**self._key, "name": self._name, "bytes": size, "is_again": is_again}
        begun = state = sql.one(self._db, "land/begin_file", known)
        if begun["landed_at"]:
            self._reject_again(begun)
            return self._result(begun, begun, (), (), watch.seconds)
        try:
            with open_source(self._path, self._kind, self._team_id, self._reading, self._name) as source:
                landed_then = [row for _, row in islice(source.items, begun["records"]) if isinstance(row, Unreadable)]
                self._reject(source, landed_then)
                while not state["landed_at"]:
                    state = self._land_chunk(state, source)
                    progress(self._path, int(source.share_read() * size), size, state["landed"])
        except (OSError, psycopg.Error) as error:
            raise LandingError(
                f"{self._name}: stopped after {state['landed']:,} events, which are landed: {sql.one_line(error)}. "
                "Run the same command again: it goes on from there."
            ) from error
        tally = source.recorder.tally
        notes = [tally.times] if tally.has_times else []
        notes += [out_of_order(tally)] if tally.out_of_order and not self._reading.order_by else []
        notes += [f"{tally.of_other_teams:,} of other teams left out"] if tally.of_other_teams else []
        return self._result(state, begun, tuple(source.recorder.members.left), tuple(notes), watch.seconds)

    def _land_chunk(self, state: Row, source: Source) -> Row:
        """Land the next chunk and note it, in one transaction; returns the file's new state."""
        chunk = _Chunk(source.items)
        with self._db.transaction():
            refused = land_rows(self._db, chunk)
            left_out = [(chunk.places[i], Unreadable(reason, "")) for i, reason in refused.items()]
            unread = sorted([*chunk.unreadable, *left_out], key=itemgetter(0))
            found = [f"{source.noun} {place}: {each}" for place, each in unread[:MAX_EXAMPLES]]
            if chunk.is_last:
                _check_unchanged(self._path, self._stored)
            advanced = sql.run(
                self._db,
                "land/advance_file",
                {
                    **self._key,
                    "records_before": state["records"],
                    "records": len(chunk),
                    "landed": len(chunk.rows) - len(refused),
                    "unreadable": len(unread),
                    "unreadable_examples": Json((state["unreadable_examples"] + found)[:MAX_EXAMPLES]),
                    "is_last": chunk.is_last,
                },
            ).fetchone()
            if advanced is None:
                raise LandingError(
                    "Another process is landing exactly this file: let it finish; nothing was landed twice."
                )
            places = [place for i, place in enumerate(chunk.places) if i not in refused]
            if places:
                range_of_rows = {**self._key, "noun": source.noun, "runs": Json(_runs(places))}
                sql.run(self._db, "land/insert_range", range_of_rows)
        self._reject(source, [each for _, each in unread])
        return advanced

    def _reject(self, source: Source, unread: Sequence[Unreadable]) -> None:
        """Write to the file of rejects what could not be read, as it stands."""
        if self._rejects is None:
            return
        lines = [each.whole for each in unread if each.whole]
        if lines and source.header:
            lines.insert(0, source.header)
            source.header = ""
        for line in lines:
            self._rejects.write(line.encode(errors="surrogateescape").rstrip(b"\r\n") + b"\n")

    def _reject_again(self, state: Row) -> None:
        """A retry has the same rejects as the first run, although nothing is landed."""
        if self._rejects is None or not state["unreadable"]:
            return
        with open_source(self._path, self._kind, self._team_id, self._reading, self._name) as source:
            for _, row in source.items:
                if isinstance(row, Unreadable):
                    self._reject(source, [row])

    def _result(
        self, state: Row, begun: Row, keys_not_landed: tuple[str, ...], notes: tuple[str, ...], seconds: float
    ) -> LandResult:
        return LandResult(
            name=self._name,
            size=self._stored.st_size,
            total=state["landed"],
            landed=state["landed"] - begun["landed"],
            unreadable=state["unreadable"],
            examples=tuple(state["unreadable_examples"]),
            keys_not_landed=keys_not_landed,
            notes=notes,
            landed_before=begun["landed_at"],
            landed_as=begun["name"],
            seconds=seconds,
        )


def _all_looked_at(
    files: Sequence[tuple[str, Path]], team_id: int, reading: Reading, max_unreadable: int | None
) -> list[Format]:
    """The formats of files of which every one may be landed; else all that is wrong with them is said at once."""
    kinds, refused = [], []
    for name, path in files:
        try:
            kinds.append(_looked_at(path, name, team_id, reading, max_unreadable))
        except LandingError as error:
            refused.append(str(error))
    if refused and len(files) > 1:
        refused.append(f"{len(refused)} of {len(files)} files cannot be landed so; nothing was landed.")
    if refused:
        raise LandingError("\n".join(refused))
    return kinds


def _looked_at(path: Path, name: str, team_id: int, reading: Reading, max_unreadable: int | None) -> Format:
    """The format of a file that may be landed."""
    kind = recognise(path, name, reading)
    first_look(path, name, kind, team_id, reading)
    if max_unreadable is not None:
        found = [f"{place}: {each}" for place, each in unreadable(path, name, kind, team_id, reading)]
        if len(found) > max_unreadable:
            raise LandingError(
                f"{name}: {len(found):,} cannot be read, which is more than {max_unreadable:,}; nothing was landed.\n  "
                + "\n  ".join(found[:MAX_EXAMPLES])
            )
    return kind


@contextmanager
def _connected(url: str, team_ids: Sequence[int]) -> Iterator[Db]:
    with sql.connect(url, application_name="etl land") as db:
        try:
            for team_id in team_ids:
                project.check(db, team_id)
            yield db
        except errors.InsufficientPrivilege as error:
            raise LandingError(
                f"The login {db.info.user} may not land files ({' '.join(str(error).split())}): "
                f'`grant event_lander to "{db.info.user}"`.'
            ) from error


def _runs(places: Sequence[int]) -> list[list[int]]:
    """Places of rows in a file, as runs of equal steps: the number of the first row of a run, its place, the step."""
    runs: list[list[int]] = []
    for row, place in enumerate(places):
        if runs:
            first, begin, step = runs[-1]
            if row - first == 1:
                runs[-1][2] = place - begin
                continue
            if place == begin + step * (row - first):
                continue
        runs.append([row, place, 0])
    return runs


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


def sha256_of(path: Path) -> str:
    """By which a file is known: of its content as it is stored."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _silent(path: Path, bytes_read: int, size: int, landed: int) -> None:
    """No progress is shown."""
