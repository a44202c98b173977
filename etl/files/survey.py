"""A look at a file before anything of it is landed: whether it holds events, and what would become of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from etl import sql
from etl.errors import LandingError
from etl.files.envelopes import has_event
from etl.files.formats import Format, Source, open_source
from etl.files.options import Reading
from etl.files.recorder import NO_EVENT, NO_NAME, Tally
from etl.files.times import as_moment, read_time
from etl.files.tools import advice, shown, source_of
from etl.rules.wire import LandingRow, Unreadable
from etl.sql import Db

LOOK_ITEMS = 1_000
"""Of every file so many items are looked at before the first file is landed."""

MAX_EXAMPLES = 20
UUIDS_AT_A_TIME = 10_000


@dataclass
class Survey:
    """What was found in a file, or in its first items."""

    name: str
    kind: Format
    events: int = 0
    unreadable: int = 0
    examples: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    keys_not_landed: tuple[str, ...] = ()
    first: LandingRow | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    without_uuid: int = 0
    # Events whose uuid is loaded already, and those whose uuid came before in this file.
    loaded_before: int = 0

    @property
    def is_clean(self) -> bool:
        """Everything could be read."""
        return self.unreadable == 0

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.kind}, {self.events:,} event{'' if self.events == 1 else 's'}, nothing landed"]
        lines.append(self.tally.times)
        if self.earliest and self.latest:
            lines.append(f"from {self.earliest:%Y-%m-%d %H:%M:%S} to {self.latest:%Y-%m-%d %H:%M:%S} UTC")
        if self.first:
            lines.append(f"the first as it would land: {_as_it_lands(self.first)}")
        if self.keys_not_landed:
            lines.append(f"keys not landed: {shown(self.keys_not_landed)}")
        if self.tally.of_other_teams:
            lines.append(f"{self.tally.of_other_teams:,} of other teams left out")
        lines.append(f"merging events: {self.tally.merging:,}")
        if self.tally.out_of_order:
            lines.append(out_of_order(self.tally))
        lines.append(f"uuids: {self.loaded_before:,} loaded already, {self.without_uuid:,} events without one")
        if self.unreadable:
            lines.append(f"{self.unreadable:,} could not be read")
            lines += [f"  {example}" for example in self.examples]
        return "\n  ".join(lines)


def out_of_order(tally: Tally) -> str:
    """The warning that the order of the file is not that of its times."""
    events = "1 merging event is" if tally.out_of_order == 1 else f"{tally.out_of_order:,} merging events are"
    return f"{events} earlier than one before: who is whom depends on the order; --order-by timestamp sorts the file"


def first_look(path: Path, name: str, kind: Format, team_id: int, reading: Reading) -> None:
    """Refuse a file whose first items are no events, or whose times are not.

    Raises:
        LandingError: says what was found, what it looks like, and what to do.
    """
    with open_source(path, kind, team_id, _in_file_order(reading), name) as source:
        rows = [row for _, row in islice(source.items, LOOK_ITEMS)]
        _refuse_strangers(source, rows, name, reading)
        _refuse_times(source.recorder.tally, name, reading)


def survey(db: Db, path: Path, *, name: str, kind: Format, team_id: int, reading: Reading) -> Survey:
    """Read a whole file and land nothing.

    Raises:
        LandingError: as ``first_look``, by all of the file.
    """
    found = Survey(name, kind)
    with open_source(path, kind, team_id, reading, name) as source:
        uuids: list[str] = []
        for place, row in source.items:
            if isinstance(row, Unreadable):
                found.unreadable += 1
                if len(found.examples) < MAX_EXAMPLES:
                    found.examples.append(f"{source.noun} {place}: {row}")
                continue
            found.events += 1
            found.first = found.first or row
            _note_time(found, row)
            if row.uuid:
                uuids.append(row.uuid)
            else:
                found.without_uuid += 1
            if len(uuids) >= UUIDS_AT_A_TIME:
                found.loaded_before += _loaded(db, team_id, uuids)
                uuids.clear()
        found.loaded_before += _loaded(db, team_id, uuids)
        found.tally = source.recorder.tally
        found.keys_not_landed = tuple(source.recorder.members.left)
        _refuse_times(found.tally, name, reading)
    return found


def unreadable(path: Path, name: str, kind: Format, team_id: int, reading: Reading) -> Iterator[tuple[str, Unreadable]]:
    """What cannot be read in a file, each with its place."""
    with open_source(path, kind, team_id, _in_file_order(reading), name) as source:
        for place, row in source.items:
            if isinstance(row, Unreadable):
                yield f"{source.noun} {place}", row


def _refuse_strangers(source: Source, rows: list[LandingRow | Unreadable], name: str, reading: Reading) -> None:
    first = source.recorder.first
    if first is None:
        if rows and all(isinstance(row, Unreadable) and row.reason.startswith("not UTF-8") for row in rows):
            raise LandingError(f"{name}: no {source.noun} of it is UTF-8: --encoding cp1252, or what it is.")
        return
    has_events = any(isinstance(row, LandingRow) for row in rows)
    if has_events and not reading.is_mapped and has_event(first) and (found := source_of(first)):
        raise LandingError(f"{name} looks like {found[0]} (keys: {shown(first)}): {found[1]}.")
    reasons = [row.reason for row in rows if isinstance(row, Unreadable)]
    if has_events or not any(reason in {NO_EVENT, NO_NAME} for reason in reasons):
        return
    if NO_EVENT not in reasons:
        raise LandingError(f"{name}: {NO_NAME}.")
    how = "read as the options say, " if reading.is_mapped else ""
    raise LandingError(
        f"{name} holds no events: {how}its objects have no `event`. Keys found: {shown(first)}. {advice(first)}"
    )


def _refuse_times(tally: Tally, name: str, reading: Reading) -> None:
    total = tally.readable_times + tally.unreadable_times + tally.missing_times
    if tally.unreadable_times * 2 > total and not reading.is_time_of_landing:
        raise LandingError(
            f"{name}: most of its times cannot be read ({tally.unreadable_times:,} of {total:,}, first: "
            f"{tally.unreadable_example}). Write them as 2026-01-02T03:04:05Z or as epochs, or name the right key with "
            "--map timestamp=KEY; --time-of-landing lands these events with the time of landing."
        )


def _note_time(found: Survey, row: LandingRow) -> None:
    time = read_time(row.timestamp) if row.timestamp else None
    moment = as_moment(time) if time else None
    if moment:
        found.earliest = min(found.earliest or moment, moment)
        found.latest = max(found.latest or moment, moment)


def _loaded(db: Db, team_id: int, uuids: list[str]) -> int:
    loaded: int = sql.one(db, "land/count_loaded", {"team_id": team_id, "uuids": uuids})["loaded"]
    return loaded


def _in_file_order(reading: Reading) -> Reading:
    return replace(reading, order_by=None)


def _as_it_lands(row: LandingRow) -> str:
    members = {key: value for key, value in row._asdict().items() if value is not None}
    return ", ".join(f"{key} {value}" for key, value in members.items())
