"""What a file says of an event, as a row of landing; and a count of what was met on the way."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from msgspec import Raw

from etl.errors import LandingError
from etl.files import tools
from etl.files.envelopes import unwrap
from etl.files.members import JSON_MEMBERS, Members
from etl.files.options import Reading
from etl.files.times import NOTHING, as_moment, read_time
from etl.files.values import fit_for_a_line, is_nothing, is_text, members_of, opened
from etl.rules.wire import Fields, LandingRow, Unreadable, as_json, as_text, json_value, landing_row

MERGING = frozenset({"$identify", "$create_alias", "$merge_dangerously"})
NO_EVENT = "no `event`"
NO_NAME = "`event` is an object or an array, not a name: pandas writes lines with orient='records', lines=True"

_IN_FILES = UUID("6d0a7a3e-54f4-5e0b-9d0e-6d5f4a1c2b90")
"""The namespace of uuids that are made of what a file says."""

_OPENING = ("{", "[")
_WHOLE_NUMBER = re.compile(r"-?\d+\.0")


@dataclass
class Tally:
    """What was met in a file so far."""

    readable_times: int = 0
    unreadable_times: int = 0
    missing_times: int = 0
    # The first time that cannot be read, with its place.
    unreadable_example: str = ""
    merging: int = 0
    # Merging events that are earlier than one before them.
    out_of_order: int = 0
    # Events of teams that are left out.
    of_other_teams: int = 0

    @property
    def has_times(self) -> bool:
        """There was an event at all."""
        return bool(self.readable_times or self.unreadable_times or self.missing_times)

    @property
    def times(self) -> str:
        """The times, for the result line."""
        parts = [f"{self.readable_times:,} readable"]
        if self.unreadable_times:
            parts.append(f"{self.unreadable_times:,} unreadable (first: {self.unreadable_example})")
        if self.missing_times:
            parts.append(f"{self.missing_times:,} missing")
        late = ": these get the time of landing" if len(parts) > 1 else ""
        return f"times: {', '.join(parts)}{late}"


class Recorder:
    """Turns what a file says of an event into a landing row."""

    def __init__(self, team_id: int, reading: Reading, noun: str) -> None:
        self.members = Members()
        self.tally = Tally()
        self.noun = noun
        # The first object of the file, before it is taken apart.
        self.first: Fields | None = None
        self._team_id = team_id
        self._reading = reading
        self._uuid_from = reading.uuid_from or tools.UUID_FROM.get(reading.tool or "")
        self._foreign_team: str | None = None
        self._last_merge: datetime | None = None

    def rows(
        self, place: int, events: Iterable[Fields | Unreadable], envelope: Fields | None = None
    ) -> list[LandingRow | Unreadable]:
        """The rows of the events at one place."""
        found: list[LandingRow | Unreadable | None] = []
        for fields in events:
            if isinstance(fields, Unreadable):
                found.append(fields)
                continue
            if self.first is None:
                self.first = dict(fields)
            if self._reading.is_mapped:
                translated = tools.translate(fields, self._reading.tool, self._reading.mapping)
                found.append(self._row(place, translated, envelope))
            elif "event" in fields:
                found.append(self._row(place, fields, envelope))
            else:
                found += [
                    each if isinstance(each, Unreadable) else self._row(place, each, envelope)
                    for each in unwrap(fields)
                ]
        return [each for each in found if each is not None]

    def _row(self, place: int, fields: Fields, envelope: Fields | None) -> LandingRow | Unreadable | None:
        """The row of one event; Unreadable if it has no name, or nobody said whose it is; None if it is left out."""
        event, received_at = self._sent(fields, envelope)
        team_id = self._team_id
        if team := as_text(event.get("team_id")):
            if self._reading.only_team not in {None, team}:
                self.tally.of_other_teams += 1
                return None
            if reason := self._other_team(team):
                return Unreadable.of(reason, bytes(as_json(fields)))
            team_id = self._reading.projects.get(team, team_id)
        _unpack(event)
        row = landing_row(event, team_id=team_id, received_at=received_at)
        if (name := row.event) is None:
            return Unreadable.of(NO_EVENT, bytes(as_json(fields)))
        if name[:1] in _OPENING and opened(event["event"]) is not None and not is_text(event["event"]):
            return Unreadable.of(NO_NAME, bytes(as_json(fields)))
        return self._checked(place, row, fields, event)

    def _checked(self, place: int, row: LandingRow, fields: Fields, event: Fields) -> LandingRow:
        """The row with its time, its ids and its uuid in the forms that the warehouse reads."""
        if row.timestamp is None:
            self.tally.missing_times += 1
        else:
            time = read_time(row.timestamp)
            if time is row.timestamp:
                self.tally.readable_times += 1
            else:
                row = self._timed(place, row, time)
        distinct_id = row.distinct_id
        if distinct_id in NOTHING or (distinct_id and distinct_id[-2:] == ".0"):
            row = _with_cells_id(row, event.get("distinct_id"))
        if not row.uuid:
            row = row._replace(uuid=self._made_uuid(row, fields, event)) if self._uuid_from else row
        elif len(row.uuid) != 36:
            row = row._replace(uuid=_uuid(row.uuid) or row.uuid)
        if row.event in MERGING:
            self._note_merge(row)
        return row

    def _sent(self, fields: Fields, envelope: Fields | None) -> tuple[Fields, datetime | None]:
        """The members of an event, and the moment that its offset counts back from, where it says when it was sent."""
        keys = tuple(fields)
        spelled = _spellings(keys, "sent_at")
        sent_at = next((text for key in spelled if (text := as_text(fields[key]))), None)
        sent_at = sent_at or as_text((envelope or {}).get("sent_at"))
        if not (spelled or sent_at):
            return self.members.of(fields), None
        offsets = _spellings(keys, "offset")
        offset = next((fields[key] for key in offsets if fields[key] is not None), None) if sent_at else None
        without = {*spelled, *offsets} if offset is not None else {*spelled}
        event = dict(self.members.of({key: value for key, value in fields.items() if key not in without}))
        if sent_at and is_nothing(event.get("timestamp")):
            event["timestamp"] = sent_at
        if offset is None:
            return event, None
        return event | {"offset": offset}, _moment(sent_at)

    def _other_team(self, team: str) -> str | None:
        """Why an event of this team cannot be landed with those before."""
        if self._reading.projects:
            if team in self._reading.projects:
                return None
            return f"team_id {team[:40]!r}, which --map-team does not name"
        self._foreign_team = self._foreign_team or team
        if team == self._foreign_team:
            return None
        return (
            f"team_id {team[:40]!r}, the file began with {self._foreign_team[:40]!r}: "
            f"`--only-team {team[:40]} --again` lands these, with --team into a project of their own"
        )

    def _timed(self, place: int, row: LandingRow, time: str | None) -> LandingRow:
        """The row with its time as the warehouse reads it, or none, or one that nobody can read."""
        text = row.timestamp or ""
        if time is not None:
            self.tally.readable_times += 1
            return row._replace(timestamp=time)
        if text.strip() in NOTHING:
            self.tally.missing_times += 1
            return row._replace(timestamp=None)
        if not self.tally.unreadable_times:
            self.tally.unreadable_example = f"{self.noun} {place}: {fit_for_a_line(text, 40)!r}"
        self.tally.unreadable_times += 1
        return row

    def _note_merge(self, row: LandingRow) -> None:
        self.tally.merging += 1
        moment = as_moment(row.timestamp) if row.timestamp else None
        if moment is None:
            return
        if self._last_merge and moment < self._last_merge:
            self.tally.out_of_order += 1
        else:
            self._last_merge = moment

    def _made_uuid(self, row: LandingRow, fields: Fields, event: Fields) -> str | None:
        """A uuid that the same event gets again, from whatever file it comes."""
        key = self._uuid_from or ""
        if key == "content":
            said = (row.event, row.distinct_id, row.timestamp, row.ip, row.properties)
            return str(uuid5(_IN_FILES, f"{row.team_id}\0" + "\0".join(each or "" for each in said)))
        value = fields.get(key)
        if is_nothing(value):
            value = members_of(event.get("properties")).get(key)
        text = as_text(value)
        if not text:
            return None
        return _uuid(text) or str(uuid5(_IN_FILES, f"{row.team_id}\0{row.event}\0{text}"))


@lru_cache(maxsize=1_000)
def _spellings(keys: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The keys that are this member in whatever case, the exact one first."""
    return tuple(sorted((key for key in keys if key.strip().lower() == name), key=lambda key: key != name))


def _unpack(event: Fields) -> None:
    """Make JSON of JSON members that are given as text, as tables do, and put a separate elements chain back."""
    for name in JSON_MEMBERS:
        if name in event and is_text(value := event[name]):
            text = as_text(value) or ""
            if not text.lstrip().startswith(("{", "[")):
                continue
            try:
                event[name] = json_value(text.encode())
            except LandingError:
                if text.lstrip().startswith("{'"):
                    event[name] = _of_python(text)
    if "elements_chain" in event and (elements := as_text(event["elements_chain"])):
        properties = bytes(as_json(event.get("properties") or {})).strip()
        if properties == b"null":
            properties = b"{}"
        if properties.startswith(b"{"):
            # In front, so that a chain inside the properties wins: of equal keys jsonb keeps the last.
            rest = properties[1:].lstrip()
            comma = b"" if rest == b"}" else b","
            event["properties"] = Raw(b'{"$elements_chain":' + bytes(as_json(elements)) + comma + rest)


def _of_python(text: str) -> Any:
    """A dict as Python prints it, which is what pandas writes into CSV; what is none stays text."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return value if isinstance(value, dict) else text


def _with_cells_id(row: LandingRow, value: Any) -> LandingRow:
    """An id of a table: of a column of floats, which pandas makes of integers with gaps, 1001.0 is 1001; NaN is none.

    A string of JSON stays as it is.
    """
    distinct_id = row.distinct_id or ""
    if isinstance(value, Raw) and bytes(value).startswith(b'"'):
        return row
    if distinct_id in NOTHING:
        return row._replace(distinct_id=None)
    return row._replace(distinct_id=distinct_id.removesuffix(".0")) if _WHOLE_NUMBER.fullmatch(distinct_id) else row


def _uuid(text: str) -> str | None:
    """A uuid in braces, without dashes, as a URN or between blanks, in the form of RFC 9562."""
    try:
        return str(UUID(text.strip()))
    except ValueError:
        return None


def _moment(text: str | None) -> datetime | None:
    """A time that a client wrote, if it can be read; without a zone it is UTC."""
    time = read_time(text) if text else None
    moment = as_moment(time) if time else None
    return moment.astimezone(UTC) if moment else None
