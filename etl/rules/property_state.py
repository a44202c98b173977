"""What is known of a person's or a group's properties: a state that converges, whatever the order of events. Pure.

Per key a few facts are kept, each the extreme of all operations ever seen, so that applying them in any order, twice,
or through a merge gives one result: the latest ``$set``, the latest ``$unset``, the first and the last ``$set_once``,
the first value lifted from an event. "Latest" and "first" are by event time, then by position in landing. What becomes
of an event is said in ``properties.py``.

What a person or a group may hold is bounded. A value of more than ``VALUE_BYTES`` does not count. Each key takes up
the most bytes that it and one value of it have ever had; where all keys together exceed ``KEPT_BYTES``, those with the
longest names are not kept, because a name with a session or a date in it is longer than the names that were meant to
be there. All of this is the same whatever the order of events, as the rest is. PostHog refuses the update that would
exceed its limit, and of a person that exceeds it already removes keys in the order of the alphabet
(``person-property-utils.ts``), both of which depend on the order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import msgspec

from etl.rules.lifted import APP, BASE, DEVICE, INITIAL

Stamp = tuple[int, int, int]
"""(event time in microseconds since 1970, transaction id, landing id): when an operation counts."""

# Of a key that is set and unset over and over, so many switches are remembered.
SWITCHES_KEPT = 64
# Bounds of a person and of a group; SQL has the same (ops.property_limits).
VALUE_BYTES = 32 * 1024
KEPT_BYTES = 512 * 1024
# A key's bytes are counted in steps of so many, so that a state need not say anything of short ones.
STEP_BYTES = 128

NULL = msgspec.Raw(b"null")
# Neither counted nor left out: there is a fixed number of them.
_ALWAYS_KEPT = INITIAL.keys() | BASE.keys()
_BIT = {name: 1 << place for place, name in enumerate(APP + DEVICE)}


class Operation(msgspec.Struct, array_like=True, frozen=True):
    """One operation on one key: when, and the value as JSON."""

    at: int
    xid: int
    landing_id: int
    value: msgspec.Raw = NULL

    @property
    def stamp(self) -> Stamp:
        """What orders operations."""
        return self.at, self.xid, self.landing_id


class Key(msgspec.Struct, omit_defaults=True):
    """The facts of one key.

    Attributes:
        set: the latest ``$set``.
        unset: the latest ``$unset``.
        first: the first ``$set_once``.
        last: the last ``$set_once``.
        switches: newer than both ``set`` and ``unset``, the newest of them, in order; only of the newest one the value
            can ever be seen again, so only that is kept.
        size: what the key takes up, in steps of ``STEP_BYTES``: the most that its name and one value ever had.
    """

    set: Operation | None = None
    unset: Operation | None = None
    first: Operation | None = None
    last: Operation | None = None
    switches: list[Operation] = []
    size: int = 1

    @property
    def is_only_set(self) -> bool:
        """Nothing but a ``$set`` is known of it, and it is short."""
        return self.size == 1 and not (self.unset or self.first or self.last or self.switches)

    @property
    def since(self) -> Stamp:
        """When it was last set or unset; what was said earlier does not count any more."""
        return max(self.set.stamp if self.set else _NEVER, self.unset.stamp if self.unset else _NEVER)

    def take_set(self, operation: Operation) -> None:
        """Take up a ``$set``."""
        known = self.set
        if known is None or known.at < operation.at or _is_before(known, operation):
            self.set = operation
        if self.switches:
            self.settle()

    def take_unset(self, operation: Operation) -> None:
        """Take up an ``$unset``."""
        self.unset = _later(self.unset, operation)
        self.settle()

    def take_once(self, operation: Operation) -> None:
        """Take up a ``$set_once``."""
        self.first = _earlier(self.first, operation)
        self.last = _later(self.last, operation)

    def take_switch(self, operation: Operation) -> None:
        """Take up that one event both sets and unsets it."""
        self.switches = [*self.switches, operation]
        self.settle()

    def join(self, other: Key) -> None:
        """Take up all that is known of the key elsewhere; at the very same stamp what is here stays (M2)."""
        self.set = _later(self.set, other.set)
        self.unset = _later(self.unset, other.unset)
        self.first = _earlier(self.first, other.first)
        self.last = _later(self.last, other.last)
        self.switches = self.switches + other.switches
        self.settle()

    def settle(self) -> None:
        """Forget the switches that a newer ``$set`` or ``$unset`` has made void, and the oldest of too many."""
        since = self.since
        kept = {each.stamp: each for each in self.switches if each.stamp > since}
        *older, newest = sorted(kept)[-SWITCHES_KEPT:] or [_NEVER]
        self.switches = [*(Operation(*stamp) for stamp in older), *([kept[newest]] if kept else [])]

    def visible(self, lifted: Operation | None = None, initial: Operation | None = None) -> msgspec.Raw | None:
        """The value a reader sees, or None where the key is absent.

        Args:
            lifted: the first value of the key that was lifted; it counts as a ``$set_once``, before any of its event.
            initial: where it is a ``$initial_...`` key, the first value lifted of its base.
        """
        if self.set and not self.unset and not self.switches and self.set.value != NULL:
            return self.set.value  # nearly always
        first = _earlier(lifted, _earlier(self.first, initial))
        if self.switches:
            return self._switched(first)
        since = self.since
        value = self.set.value if self.set and self.set.stamp == since else None
        if value is None or value == NULL:
            for once in (first, self.last):
                if once is not None and once.stamp > since:
                    return once.value
        return value

    def _switched(self, first: Operation | None) -> msgspec.Raw | None:
        said = [(each.stamp, "once", each.value) for each in (first, self.last) if each]
        said += [(each.stamp, "switch", each.value) for each in self.switches]
        said += [(self.set.stamp, "set", self.set.value)] if self.set else []
        said += [(self.unset.stamp, "unset", NULL)] if self.unset else []
        value: msgspec.Raw | None = None
        for _, kind, new in sorted(said, key=lambda each: each[0]):
            is_absent = value is None
            if kind == "set" or (kind == "once" and (value is None or value == NULL)):
                value = new
            elif kind != "once":
                value = new if kind == "switch" and is_absent else None
        return value


_Said = tuple[int, int, int, dict[str, msgspec.Raw]]
"""A stamp, and values by key."""

_NEVER: Stamp = (-(1 << 63), 0, 0)
_EVER: Stamp = ((1 << 63), 0, 0)


class Values(msgspec.Struct):
    """One value for each of some keys, with its stamp.

    All that one event says is taken up at once: a key at a time, as in ``Key``, this is most of what a batch costs.

    Attributes:
        said: the values of each event by key, as JSON; no key is there twice.
        stamps: by key.
    """

    said: dict[Stamp, dict[str, msgspec.Raw]] = {}
    stamps: dict[str, Stamp] = {}
    _newest: Stamp = _NEVER  # of all stamps there have been

    @classmethod
    def of(cls, said: Iterable[_Said]) -> Values:
        """Those of several events, which have no key in common; their dicts are taken over."""
        values = cls({(at, xid, landing_id): values for at, xid, landing_id, values in said})
        for stamp, names in values.said.items():
            values.stamps.update(dict.fromkeys(names, stamp))
        values._newest = max(values.said, default=_NEVER)
        return values

    def by_stamp(self) -> list[_Said]:
        """Those of each event, in the order of stamps."""
        return [(*stamp, self.said[stamp]) for stamp in sorted(self.said)]

    def by_name(self) -> dict[str, msgspec.Raw]:
        """All of them."""
        values: dict[str, msgspec.Raw] = {}
        for each in self.said.values():
            values.update(each)
        return values

    def keep_latest(self, stamp: Stamp, values: dict[str, msgspec.Raw]) -> None:
        """Take up values where nothing as late is known."""
        if stamp <= self._newest:
            values = {name: value for name, value in values.items() if self.stamps.get(name, _NEVER) < stamp}
        self._put(stamp, values)

    def keep_first(self, stamp: Stamp, values: dict[str, msgspec.Raw]) -> None:
        """Take up values where nothing as early is known."""
        if stamp < self._newest:
            self._put(stamp, {name: each for name, each in values.items() if stamp < self.stamps.get(name, _EVER)})
        elif new := values.keys() - self.stamps.keys():
            self._put(stamp, {name: values[name] for name in new})

    def get(self, name: str) -> Operation | None:
        """A key's value with its stamp."""
        stamp = self.stamps.get(name)
        return None if stamp is None else Operation(*stamp, self.said[stamp][name])

    def pop(self, name: str) -> Operation | None:
        """As ``get``, and forget it."""
        operation = self.get(name)
        if operation is not None:
            self._remove(self.stamps.pop(name), [name])
        return operation

    def filtered(self, is_kept: Callable[[str, Stamp], bool]) -> Values:
        """Those of which the function says so, by name and stamp."""
        said = ((stamp, {n: v for n, v in values.items() if is_kept(n, stamp)}) for stamp, values in self.said.items())
        return Values.of((*stamp, values) for stamp, values in said if values)

    def _put(self, stamp: Stamp, values: dict[str, msgspec.Raw]) -> None:
        if not values:
            return
        for known in set(map(self.stamps.get, values)):
            if known is not None:
                self._remove(known, self.said[known].keys() & values.keys())
        self.said[stamp] = self.said.get(stamp, {}) | values
        self.stamps.update(dict.fromkeys(values, stamp))
        self._newest = max(self._newest, stamp)

    def _remove(self, stamp: Stamp, names: Collection[str]) -> None:
        values = self.said[stamp]
        if len(names) == len(values):
            del self.said[stamp]
            return
        for name in names:
            del values[name]


class State(msgspec.Struct, eq=False):
    """The facts of every key of a person, and the first value of each lifted key.

    Attributes:
        keys: the facts by key, of those of which more than a short ``$set`` is known.
        latest: the latest ``$set`` of all other keys.
        lifted: the first value of each lifted key.
        limit: the first name, in the order of ``_rank``, for which there was no room; it and all after it are not kept.
        left_out: names of which something was not kept or cut, for whoever applies events to tell.
    """

    keys: dict[str, Key] = {}
    latest: Values = msgspec.field(default_factory=Values)
    lifted: Values = msgspec.field(default_factory=Values)
    limit: str | None = None
    left_out: set[str] = set()
    _size: int = 0  # of all keys that are counted

    def __post_init__(self) -> None:
        counted = (key.size for name, key in self.keys.items() if name not in _ALWAYS_KEPT)
        self._size = sum(counted) + len(self.latest.stamps.keys() - _ALWAYS_KEPT)

    def __bool__(self) -> bool:
        return bool(self.keys or self.latest.said or self.lifted.said)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and write_state(self) == write_state(other)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def key(self, name: str, size: int = 1) -> Key:
        """The facts of a key, none at first, which takes up at least ``size`` from now on."""
        if name in _ALWAYS_KEPT:
            return self.always_kept(name)
        if self._has_no_room_for(name):
            self.left_out.add(name)
            return Key()  # what is said of it goes nowhere
        key = self.keys.get(name)
        if key is None:
            known = self.latest.pop(name)
            key = self.keys[name] = Key(known)
            self._size += known is None
        if size > key.size:
            self._size += size - key.size
            key.size = size
        return key

    def always_kept(self, name: str) -> Key:
        """The facts of a key that is lifted, or the initial value of one."""
        key = self.keys.get(name)
        if key is None:
            key = self.keys[name] = Key(self.latest.pop(name))
        return key

    def keep_latest(self, stamp: Stamp, values: dict[str, msgspec.Raw]) -> None:
        """Take up what one event sets."""
        alone = self.keys.keys() & values.keys()
        for name in values.keys() - _ALWAYS_KEPT:
            if self._has_no_room_for(name) or size_of(name, values[name]) > 1:
                alone.add(name)
        if alone:
            for name in alone:
                self.key(name, size_of(name, values[name])).take_set(Operation(*stamp, values[name]))
            values = {name: value for name, value in values.items() if name not in alone}
        self._size += len(values.keys() - self.latest.stamps.keys() - _ALWAYS_KEPT)
        self.latest.keep_latest(stamp, values)

    def keep_within(self, limit: str | None = None) -> None:
        """Leave out the keys from ``limit`` on, and those for which there is no room."""
        if limit is None and self._size * STEP_BYTES <= KEPT_BYTES:
            return
        limits = [each for each in (self.limit, limit) if each is not None]
        sizes = dict.fromkeys(self.latest.stamps, 1) | {name: key.size for name, key in self.keys.items()}
        room = KEPT_BYTES // STEP_BYTES
        for name in sorted(sizes.keys() - _ALWAYS_KEPT, key=_rank):
            room -= sizes[name]
            if room < 0:
                limits.append(name)
                break
        if not limits:
            return
        self.limit = min(limits, key=_rank)
        for name in filter(self._has_no_room_for, sizes.keys() - _ALWAYS_KEPT):
            self.latest.pop(name)
            self.keys.pop(name, None)
            self._size -= sizes[name]
            self.left_out.add(name)

    def _has_no_room_for(self, name: str) -> bool:
        return self.limit is not None and _rank(name) >= _rank(self.limit)


class _Stored(msgspec.Struct, omit_defaults=True):
    """The JSON form: values that one event said share its stamp.

    Attributes:
        keys: those with other facts than a ``$set``, or larger ones.
        set: the values of all other keys.
        lifted: the first value of each lifted key.
        limit: see ``State``.
    """

    keys: dict[str, Key] = {}
    set: list[_Said] = []
    lifted: list[_Said] = []
    limit: str | None = None


_STATE = msgspec.json.Decoder(_Stored)


def read_state(text: str) -> State:
    """The state from its JSON form (``warehouse.person.property_state``)."""
    stored = _STATE.decode(text)
    return State(stored.keys, Values.of(stored.set), Values.of(stored.lifted), stored.limit)


def write_state(state: State) -> str:
    """The JSON form of a state, the same text for equal states."""
    others, only_set = state.keys, state.latest
    if settled := {name: key.set for name, key in others.items() if key.set is not None and key.is_only_set}:
        others = {name: key for name, key in others.items() if name not in settled}
        only_set = Values.of(only_set.by_stamp())  # its dicts stay as they are: none of these keys is in them
        for name, each in settled.items():
            only_set.keep_latest(each.stamp, {name: each.value})
    stored = _Stored(others, only_set.by_stamp(), state.lifted.by_stamp(), state.limit)
    return msgspec.json.encode(stored, order="sorted").decode()


def shifted(state: State, *, xid: int, landing_id: int) -> State:
    """The state with every position larger by so much: its events have moved to another landing, in their order."""

    def moved(operation: Operation) -> Operation:
        return Operation(operation.at, operation.xid + xid, operation.landing_id + landing_id, operation.value)

    def moved_key(key: Key) -> Key:
        set_, unset, first, last = (fact and moved(fact) for fact in (key.set, key.unset, key.first, key.last))
        return Key(set_, unset, first, last, [moved(each) for each in key.switches], key.size)

    def moved_values(values: Values) -> Values:
        return Values.of((at, x + xid, place + landing_id, said.copy()) for at, x, place, said in values.by_stamp())

    keys = {name: moved_key(key) for name, key in state.keys.items()}
    return State(keys, moved_values(state.latest), moved_values(state.lifted), state.limit)


def coverage(state: State) -> tuple[int, int]:
    """Which app and device keys have a first value, as bits of ``ops.device_shape``, and the latest of their times.

    An ordinary event after that time that brings only such keys cannot change the state.
    """
    mask, latest = 0, 0
    for (at, *_), values in state.lifted.said.items():
        if names := values.keys() & _BIT.keys():
            latest = max(latest, at) if mask else at
            mask |= sum(map(_BIT.__getitem__, names))
    return mask, latest


def visible(state: State) -> str:
    """The properties a reader sees, as JSON."""
    # What has no facts of its own shows the lifted value; a null gives way to a later one.
    shown = state.lifted.by_name()
    shown |= {INITIAL[name]: value for name, value in shown.items()}
    first = state.lifted.stamps
    for stamp, values in state.latest.said.items():
        for name, value in values.items():
            if value != NULL or first.get(name, _NEVER) <= stamp >= first.get(BASE.get(name, ""), _NEVER):
                shown[name] = value
    for name, key in state.keys.items():
        seen = key.visible(state.lifted.get(name), state.lifted.get(BASE.get(name, "")))
        if seen is None:
            shown.pop(name, None)
        else:
            shown[name] = seen
    return msgspec.json.encode(shown).decode()


def join(target: State, source: State) -> None:
    """Fold the state of a merged person into the survivor's; at the very same stamp the survivor's value stays (M2)."""
    for name, theirs in source.keys.items():
        target.key(name, theirs.size).join(theirs)
    for at, xid, landing_id, values in source.latest.by_stamp():
        target.keep_latest((at, xid, landing_id), values)
    for at, xid, landing_id, values in source.lifted.by_stamp():
        target.lifted.keep_first((at, xid, landing_id), values)
    target.keep_within(source.limit)


def without_key(state: State, name: str) -> State:
    """A state without a property and what was lifted from it, as if no event had ever said it."""
    gone = {name, INITIAL.get(name, name)}
    keys = {key: facts for key, facts in state.keys.items() if key not in gone}
    latest = state.latest.filtered(lambda key, _: key not in gone)
    return State(keys, latest, state.lifted.filtered(lambda key, _: key != name), state.limit)


def without_times(state: State, since: int | None, until: int | None) -> State:
    """A state without what was said from one time until before another, in microseconds since 1970; None: no bound.

    What it had replaced is not known any more, and does not come back.
    """

    def is_kept(at: int) -> bool:
        return (since is not None and at < since) or (until is not None and at >= until)

    def remaining(operation: Operation | None) -> Operation | None:
        return operation if operation and is_kept(operation.at) else None

    keys = {}
    for name, key in state.keys.items():
        left = Key(
            remaining(key.set),
            remaining(key.unset),
            remaining(key.first),
            remaining(key.last),
            [each for each in key.switches if remaining(each)],
            key.size,
        )
        if left.set or left.unset or left.first or left.last or left.switches:
            keys[name] = left
    latest, lifted = (values.filtered(lambda _, stamp: is_kept(stamp[0])) for values in (state.latest, state.lifted))
    return State(keys, latest, lifted, state.limit)


def _rank(name: str) -> tuple[int, str]:
    return len(name), name


def size_of(name: str, value: msgspec.Raw = msgspec.Raw()) -> int:  # noqa: B008 - it cannot change
    """What a key and one value take up, in steps of ``STEP_BYTES``."""
    return 1 + (len(name) + len(value)) // STEP_BYTES


def _is_before(one: Operation, other: Operation) -> bool:
    # Nearly always the times differ.
    return one.at < other.at or (one.at == other.at and one.stamp < other.stamp)


def _later(ours: Operation | None, theirs: Operation | None) -> Operation | None:
    if ours is None or theirs is None:
        return ours or theirs
    return theirs if _is_before(ours, theirs) else ours


def _earlier(ours: Operation | None, theirs: Operation | None) -> Operation | None:
    if ours is None or theirs is None:
        return ours or theirs
    return theirs if _is_before(theirs, ours) else ours
