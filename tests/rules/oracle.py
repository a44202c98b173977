"""What the rules of identity, buffer and properties give, one row at a time: the model the pipeline is held against.

Independent on purpose: no SQL, no batches, nothing of ``etl``. It walks over the landing rows in position order with a
clock that only arrivals move, keeps the ids of each person in a plain set, and remembers every operation on a property.
Slow and short, so that it can be checked by reading.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

NAMESPACE = UUID("932979b4-65c3-4424-8467-0b66ec27bc22")
HOLD = timedelta(seconds=60)
FAR_AHEAD = timedelta(hours=23)
TEAMS = frozenset({1, 2})
MERGING = ("$identify", "$create_alias", "$merge_dangerously")
TELEMETRY = ("$exception", "$$heatmap")
GROUP = "$groupidentify"
PERSON_EVENTS = (*MERGING, "$set")
MOBILE = ("posthog-ios", "posthog-android", "posthog-react-native", "posthog-flutter")
# Some of the keys that are lifted, and of those that are noisy; enough for the logs that are made up.
LIFTED = ("$app_version", "$browser", "$current_url", "$os", "utm_source", "gclid")
NOISY = ("$browser", "$current_url", "$os", "$geoip_latitude")
ILLEGAL_IN_ANY_CASE = frozenset([
    "anonymous",
    "guest",
    "distinctid",
    "distinct_id",
    "id",
    "not_authenticated",
    "email",
    "undefined",
    "true",
    "false",
])
# Unicode's White_Space and what has no width; Python's strip() has other ideas of U+001C to U+001F.
BLANK = (
    " \t\n\v\f\r\u0085\u00a0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
ILLEGAL = frozenset(["[object Object]", "NaN", "None", "none", "null", "0", "undefined"])

Id = tuple[int, str]
ABSENT = object()


@dataclass(frozen=True)
class Row:
    """One landing row; its place in the list is its position."""

    received_at: datetime
    event: str | None = "page"
    distinct_id: str | None = "u"
    properties: Any = None
    uuid: str = ""
    team_id: int = 1
    timestamp: datetime | None = None
    is_operator: bool = False

    @property
    def event_time(self) -> datetime:
        """The client's time, or the arrival where there is none or it lies too far ahead."""
        if self.timestamp is None or self.timestamp > self.received_at + FAR_AHEAD:
            return self.received_at
        return self.timestamp

    @property
    def key(self) -> tuple[int, str | None, str | None, str]:
        """What makes two rows the same event."""
        return self.team_id, self.distinct_id, self.event, self.uuid

    @property
    def id(self) -> Id:
        """The event's own id."""
        return self.team_id, str(self.distinct_id)

    @property
    def given(self) -> dict[str, Any]:
        """The properties, empty where there are none."""
        return self.properties if isinstance(self.properties, dict) else {}

    @property
    def written_other(self) -> Any:
        """The other id as a merging event names it, or ``ABSENT``."""
        if self.event == "$identify":
            return self.given.get("$anon_distinct_id", ABSENT)
        if self.event == "$split" and self.is_operator:
            return self.given.get("$split_from", ABSENT)
        if self.event in MERGING:
            alias = self.given.get("alias")
            return ABSENT if alias in ("", None, False, 0) else alias
        return ABSENT

    @property
    def other(self) -> Id | None:
        """The id that is folded into the event's own, or None where nothing merges."""
        written = self.written_other
        if not isinstance(written, str) or written == self.distinct_id or len(written) > 400:
            return None
        return None if is_illegal(written) or is_illegal(str(self.distinct_id)) else (self.team_id, written)

    @property
    def is_personless(self) -> bool:
        """Strictly false, nothing else."""
        return self.given.get("$process_person_profile") is False

    @property
    def is_born_at_once(self) -> bool:
        """It gives its id a person on arrival and is never held: anonymous, a phone's, a recording, ``$identify``."""
        device = self.given.get("$device_id")
        return (
            self.event in ("$identify", "$snapshot")
            or self.given.get("$lib") in MOBILE
            or (isinstance(device, str) and device == self.distinct_id)
        )

    @property
    def is_accepted(self) -> bool:
        """It passes the gate."""
        return (
            self.team_id in TEAMS
            and self.uuid != "nonsense"
            and bool(self.event)
            and bool(self.distinct_id)
            and isinstance(self.properties, dict | None)
            and not isinstance(self.written_other, dict | list)
            and not (self.is_personless and self.event in MERGING)
        )


@dataclass(eq=False)
class Person:
    """A person and the ids that are its."""

    team_id: int
    id: UUID
    created_at: datetime
    created_by: str
    is_identified: bool = False
    ids: set[Id] = field(default_factory=set)
    merged_into: Person | None = None

    @property
    def survivor(self) -> Person:
        """The living person that has its ids now."""
        return self.merged_into.survivor if self.merged_into else self


@dataclass(frozen=True)
class Merge:
    """What a merging event did."""

    outcome: str
    target: UUID | None
    source: UUID | None
    person: UUID


class Model:
    """The state of the world after some landing rows."""

    def __init__(self, hold: timedelta = HOLD) -> None:
        self.hold = hold
        self.persons: list[Person] = []
        self.person_of: dict[Id, Person] = {}
        self.merges: dict[Any, Merge] = {}
        self.accepted: dict[Any, tuple[int, Row]] = {}
        self.quarantined = self.duplicates = 0
        self._clock: datetime | None = None
        self._waiting: list[tuple[datetime, int, Row]] = []

    def run(self, rows: Iterable[Row], until: datetime | None = None) -> Model:
        """Take the rows in, then let the holds run out that are over at ``until``; default: all of them."""
        for position, row in enumerate(rows):
            self._arrive(position, row)
        self._release(until)
        return self

    def _arrive(self, position: int, row: Row) -> None:
        self._clock = max(self._clock or row.received_at, row.received_at)
        self._release(self._clock)
        if not row.is_accepted:
            self.quarantined += 1
        elif row.key in self.accepted:
            self.duplicates += 1
        else:
            self.accepted[row.key] = position, row
            self._take(position, row)

    def _take(self, position: int, row: Row) -> None:
        if row.other is not None and row.event == "$split":
            self._split(row, row.other)
        elif row.other is not None:
            self._merge(row, row.other)
        elif row.is_personless or row.event == GROUP or row.id in self.person_of:
            pass
        elif row.is_born_at_once:
            self._bear(row.id, row)
        else:
            assert self._clock is not None
            heapq.heappush(self._waiting, (self._clock + self.hold, position, row))

    def _release(self, until: datetime | None) -> None:
        while self._waiting and (until is None or self._waiting[0][0] <= until):
            row = heapq.heappop(self._waiting)[2]
            if row.id not in self.person_of:
                self._bear(row.id, row)

    def _bear(self, key: Id, row: Row) -> Person:
        person = Person(key[0], implied_id(key), row.event_time, row.uuid, ids={key})
        self.persons.append(person)
        self.person_of[key] = person
        return person

    def _merge(self, row: Row, source_id: Id) -> None:
        target, source = self.person_of.get(row.id), self.person_of.get(source_id)
        is_guarded = source is not None and source.is_identified and row.event != "$merge_dangerously"
        if source is not None and is_guarded and source is not target:
            outcome, person = "refused", target or self._bear(row.id, row)
        elif source is None:
            outcome, person = ("attached", target) if target else ("created", self._bear(row.id, row))
            self._add(person, source_id)
        elif target is None:
            outcome, person = "attached", source
            self._add(person, row.id)
        elif target is source:
            outcome, person = "no-op", target
        else:
            outcome, person = "merged", target
            person.created_at = min(person.created_at, source.created_at)
            self._merge_away(source, person)
            for key in source.ids:
                self._add(person, key)
            source.ids = set()
        person.is_identified = True
        self.merges[row.key] = Merge(outcome, target and target.id, source and source.id, person.id)

    def _merge_away(self, source: Person, person: Person) -> None:
        for each in self.persons:
            if each is source or each.merged_into is source:
                each.merged_into = person

    def _split(self, row: Row, other_id: Id) -> None:
        before, other = self.person_of.get(row.id), self.person_of.get(other_id)
        if before is None or before is not other:
            person = before or self._bear(row.id, row)
            self.merges[row.key] = Merge("refused", before and before.id, other and other.id, person.id)
            return
        before.ids.discard(row.id)
        if before.id == implied_id(row.id):
            others = self._own(other_id, row, before.created_at)
            self._merge_away(before, others)
            for key in before.ids:
                self._add(others, key)
            before.ids = set()
        person = self._own(row.id, row, row.event_time)
        self._add(person, row.id)
        self.merges[row.key] = Merge("split", before.id, before.id, person.id)

    def _own(self, key: Id, row: Row, created_at: datetime) -> Person:
        """The person named after an id, alive and identified: the one that was there, or a new one."""
        for person in self.persons:
            if (person.team_id, person.id) == (key[0], implied_id(key)):
                break
        else:
            person = Person(key[0], implied_id(key), created_at, row.uuid)
            self.persons.append(person)
        person.merged_into, person.is_identified = None, True
        return person

    def _add(self, person: Person, key: Id) -> None:
        person.ids.add(key)
        self.person_of[key] = person

    def event_persons(self) -> dict[Any, UUID | None]:
        """Event -> person, as a reader sees it now.

        A personless event of an id without person has the implied one; one that is about a group has that only where
        another event has it, else none.
        """
        rows = [row for _, row in self.accepted.values()]
        implied = {row.id for row in rows if row.is_personless and row.event != GROUP}
        return {
            row.key: self.person_of[row.id].id
            if row.id in self.person_of
            else implied_id(row.id)
            if row.id in implied
            else None
            for row in rows
            if row.id in self.person_of or row.is_personless or row.event == GROUP
        }

    def first_seen(self, key: Id) -> datetime | None:
        """When the earliest event of an id happened that has a person; a group's is no sign of anybody."""
        times = [row.event_time for _, row in self.accepted.values() if row.id == key and row.event != GROUP]
        return min(times, default=None)

    def properties_of(self, person: Person) -> dict[str, Any]:
        """What a reader sees of the person's properties."""
        operations = Operations()
        for position, row in self.accepted.values():
            if row.id in person.ids and not row.is_personless and row.event not in (*TELEMETRY, GROUP):
                operations.add(row, (min(row.event_time, row.received_at), position))
        return operations.visible()

    def partition(self) -> set[tuple[bool, frozenset[Id]]]:
        """Who is who: for each living person whether it is identified, and its ids."""
        return {(person.is_identified, frozenset(person.ids)) for person in self.persons if not person.merged_into}


class Operations:
    """All operations on one person's properties; a stamp is (time, position)."""

    def __init__(self) -> None:
        self.said: dict[str, list[tuple[Any, str, Any]]] = {}

    def add(self, row: Row, stamp: Any) -> None:  # noqa: PLR0912
        sets = _object(row.given.get("$set"))
        onces = {name: value for name, value in _object(row.given.get("$set_once")).items() if value is not None}
        written = row.given.get("$unset")
        unsets = {name for name in (written if isinstance(written, list | dict) else ()) if isinstance(name, str)}
        lifted = {
            name: row.given[name]
            for name in LIFTED
            if name in row.given and (row.given[name] is not None or not name.startswith("$"))
        }
        initials = {name: "$initial_" + name.removeprefix("$") for name in lifted}
        sets = {name: lifted[name] for name in lifted if name in unsets or initials[name] in unsets} | sets
        telling = [*sets, *(name for name, value in lifted.items() if value is not None)]
        is_forced = row.event in PERSON_EVENTS or bool(unsets) or any(name not in NOISY for name in telling)
        for name, value in lifted.items():
            initial = initials[name]
            if value is not None and initial in unsets:
                onces.setdefault(initial, value)
            elif value is not None:
                self._say(initial, stamp, "lifted" if name not in sets else "once", onces.get(initial, value))
            if name not in sets:
                if value is not None:
                    self._say(name, stamp, "lifted", value)
                if is_forced or name not in NOISY:
                    self._say(name, stamp, "set", value)
        for name, value in sets.items():
            if name in unsets:
                self._say(name, stamp, "switch", value)
            elif is_forced or name not in NOISY:
                self._say(name, stamp, "set", value)
            elif value is not None:
                self._say(name, stamp, "once", value)
        for name, value in onces.items():
            if name not in unsets:
                self._say(name, stamp, "once", value)
            elif name not in sets:
                self._say(name, stamp, "switch", value)
        for name in unsets - sets.keys() - onces.keys():
            self._say(name, stamp, "unset", None)

    def _say(self, name: str, stamp: Any, kind: str, value: Any) -> None:
        self.said.setdefault(name, []).append((stamp, kind, value))

    def visible(self) -> dict[str, Any]:
        return {name: value for name, said in self.said.items() if (value := _shown(said)) is not ABSENT}


def _shown(said: list[tuple[Any, str, Any]]) -> Any:
    """The value of one key. Of what is set once only the first and the last count, of what is lifted the first."""
    of = {kind: sorted((s for s in said if s[1] == kind), key=_stamp) for kind in ("set", "unset", "once", "lifted")}
    newest = [kept[-1] for kind in ("set", "unset") if (kept := of[kind])]
    onces = sorted([*of["lifted"][:1], *of["once"][:1]], key=_stamp)[:1] + of["once"][-1:]
    switches = [s for s in said if s[1] == "switch" and all(s[0] > reset[0] for reset in newest)]
    value: Any = ABSENT
    if switches:
        for _, kind, new in sorted([*newest, *onces, *switches], key=_stamp):
            if kind == "switch":
                value = new if value is ABSENT else ABSENT
            elif kind in {"set", "unset"}:
                value = new if kind == "set" else ABSENT
            elif value is ABSENT or value is None:
                value = new
        return value
    last_set, last_unset = (of[kind][-1] if of[kind] else None for kind in ("set", "unset"))
    if last_set and (last_unset is None or last_set[0] >= last_unset[0]):
        value = last_set[2]
    if value is ABSENT or value is None:
        for once in onces:
            if all(once[0] > reset[0] for reset in newest):
                return once[2]
    return value


def implied_id(key: Id) -> UUID:
    """The id of the person that a distinct id gives birth to."""
    return uuid5(NAMESPACE, f"{key[0]}:{key[1]}")


def is_illegal(distinct_id: str) -> bool:
    """A placeholder that must never join two persons."""
    if not distinct_id.strip(BLANK):
        return True
    for quote in ("", '"', "'"):
        if distinct_id.startswith(quote) and distinct_id.endswith(quote) and len(distinct_id) >= 2 * len(quote):
            bare = distinct_id[len(quote) : len(distinct_id) - len(quote)]
            if bare in ILLEGAL or bare.lower() in ILLEGAL_IN_ANY_CASE:
                return True
    return False


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _stamp(operation: tuple[Any, Any]) -> Any:
    return operation[0]
