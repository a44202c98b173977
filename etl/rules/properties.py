"""A person's properties as a convergent state: the same whatever the order in which events arrive. Pure.

Per key a few facts are kept, each the extreme of all operations ever seen, so that applying them in any order, twice,
or through a merge gives one result: the latest ``$set``, the latest ``$unset``, the first and the last ``$set_once``,
the first value lifted from an event. "Latest" and "first" are by event time, then by position in landing.

What a reader sees of a key: the ``$set`` if it is newer than the ``$unset``; else the first ``$set_once`` newer than
the ``$unset``, or the last one where the first is older. A null gives way to a ``$set_once``, as in PostHog since its
pull request 74742. A key that one event both sets and unsets is a switch: gone if it was there, there if it was not.
PostHog itself applies operations in the order of processing (``person-update.ts``), so a late event overwrites.

Lifting (PostHog: ``personInitialAndUTMProperties`` in ``db/utils.ts``): what an event says of device and campaign is
also its ``$set``, and as ``$initial_...`` its ``$set_once``. A key of ``NOISY`` changes with every page; such a key is
set only by an event that sets something else too, or that is about the person (``PERSON_EVENTS``). Any other event
only fills it in where the person has none. PostHog compares with the stored value instead (``person-update.ts``), which
depends on the order of arrival.

What a person or a group may hold is bounded. A value of more than ``VALUE_BYTES`` does not count. Each key takes up
the most bytes that it and one value of it have ever had; where all keys together exceed ``KEPT_BYTES``, those with the
longest names are not kept, because a name with a session or a date in it is longer than the names that were meant to
be there. All of this is the same whatever the order of events, as the rest is. PostHog refuses the update that would
exceed its limit, and of a person that exceeds it already removes keys in the order of the alphabet
(``person-property-utils.ts``), both of which depend on the order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

Stamp = tuple[int, int, int]
"""(event time in microseconds since 1970, transaction id, landing id): when an operation counts."""

# What is lifted. SQL has the same names in the same order (ops.device_names, campaign_names, noisy_names), see
# tests/rules/test_lifted_keys.py. PostHog: person-property-utils.ts; $os_name stands in for $os.
APP = ("$app_build", "$app_name", "$app_namespace", "$app_version")
DEVICE = (
    "$browser", "$browser_version", "$device_type", "$current_url", "$pathname", "$os", "$os_version",
    "$referring_domain", "$referrer", "$screen_height", "$screen_width", "$viewport_height", "$viewport_width",
    "$raw_user_agent",
)  # fmt: skip
CAMPAIGN = (
    "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_name", "utm_term", "gclid", "gad_source", "gclsrc",
    "dclid", "gbraid", "wbraid", "fbclid", "msclkid", "twclid", "li_fat_id", "mc_cid", "igshid", "ttclid", "rdt_cid",
    "irclid", "_kx", "epik", "qclid", "sccid",
)  # fmt: skip
LIFTED = APP + DEVICE + CAMPAIGN
PERSON_EVENTS = frozenset(["$identify", "$create_alias", "$merge_dangerously", "$set"])
NOISY = frozenset([
    *DEVICE,
    "$os_name",
    "$geoip_postal_code", "$geoip_time_zone", "$geoip_latitude", "$geoip_longitude", "$geoip_accuracy_radius",
    "$geoip_subdivision_1_code", "$geoip_subdivision_1_name", "$geoip_subdivision_2_code", "$geoip_subdivision_2_name",
    "$geoip_subdivision_3_code", "$geoip_subdivision_3_name", "$geoip_city_confidence", "$geoip_country_confidence",
    "$geoip_postal_code_confidence", "$geoip_subdivision_1_confidence", "$geoip_subdivision_2_confidence",
])  # fmt: skip
# Of a key that is set and unset over and over, so many switches are remembered.
SWITCHES_KEPT = 64
# A lifted value with more brackets than this is kept as text, so that no reader of it overflows a stack.
BRACKETS_KEPT = 64
# A lifted value with more bytes than this is kept as text, cut to so many characters.
LIFTED_BYTES = 8 * 1024
LIFTED_CHARACTERS = 2000
# Bounds of a person and of a group; SQL has the same (ops.property_limits).
VALUE_BYTES = 32 * 1024
KEPT_BYTES = 512 * 1024
# A key's bytes are counted in steps of so many, so that a state need not say anything of short ones.
STEP_BYTES = 128

_NULL = b"null"
_INITIAL = {name: f"$initial_{name.removeprefix('$')}" for name in LIFTED}
_BASE = {initial: name for name, initial in _INITIAL.items()}
# Neither counted nor left out: there is a fixed number of them.
_ALWAYS_KEPT = _INITIAL.keys() | _BASE.keys()
_BIT = {name: 1 << place for place, name in enumerate(APP + DEVICE)}
_MAY_BE_NULL = frozenset(CAMPAIGN)


class Operation(msgspec.Struct, array_like=True, frozen=True):
    """One operation on one key: when, and the value as JSON."""

    at: int
    xid: int
    landing_id: int
    value: msgspec.Raw = msgspec.Raw(_NULL)

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

    def settle(self) -> None:
        """Forget the switches that a newer ``$set`` or ``$unset`` has made void, and the oldest of too many."""
        since = max(self.set.stamp if self.set else _NEVER, self.unset.stamp if self.unset else _NEVER)
        kept = {each.stamp: each for each in self.switches if each.stamp > since}
        *older, newest = sorted(kept)[-SWITCHES_KEPT:] or [_NEVER]
        self.switches = [*(Operation(*stamp) for stamp in older), *([kept[newest]] if kept else [])]

    def visible(self, *lifted: Operation | None) -> msgspec.Raw | None:
        """The value a reader sees, or None where the key is absent; ``lifted`` count as the first ``$set_once``."""
        if self.set and not self.unset and not self.switches and not _is_null(self.set.value):
            return self.set.value  # nearly always
        first = self.first
        for each in lifted:
            first = _earlier(first, each)
        if self.switches:
            return self._switched(first)
        since = self.unset.stamp if self.unset else None
        value = self.set if self.set and (since is None or self.set.stamp >= since) else None
        if value is not None and not _is_null(value.value):
            return value.value
        for once in (first, self.last):
            if once is not None and (since is None or once.stamp > since):
                return once.value
        return value.value if value is not None else None

    def _switched(self, first: Operation | None) -> msgspec.Raw | None:
        said = [(each.stamp, "once", each.value) for each in (first, self.last) if each]
        said += [(each.stamp, "switch", each.value) for each in self.switches]
        said += [(self.set.stamp, "set", self.set.value)] if self.set else []
        said += [(self.unset.stamp, "unset", msgspec.Raw(_NULL))] if self.unset else []
        value: msgspec.Raw | None = None
        for _, kind, new in sorted(said, key=lambda each: each[0]):
            is_absent = value is None
            if kind == "set" or (kind == "once" and (value is None or _is_null(value))):
                value = new
            elif kind != "once":
                value = new if kind == "switch" and is_absent else None
        return value


_Said = tuple[int, int, int, dict[str, msgspec.Raw]]
"""A stamp, and values by key."""


@dataclass
class State:
    """The facts of every key of a person, and the first value of each lifted key.

    Attributes:
        keys: the facts by key.
        lifted: the first value by lifted key.
        limit: the first name, in the order of ``_rank``, for which there was no room; it and all after it are not kept.
        left_out: names of which something was not kept or cut, for whoever applies events to tell.
    """

    keys: dict[str, Key] = field(default_factory=dict)
    lifted: dict[str, Operation] = field(default_factory=dict)
    limit: str | None = None
    left_out: set[str] = field(default_factory=set, compare=False)
    _size: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        self._size = sum(key.size for name, key in self.keys.items() if name not in _ALWAYS_KEPT)

    def __bool__(self) -> bool:
        return bool(self.keys or self.lifted)

    def key(self, name: str, size: int = 1) -> Key:
        """The facts of a key, none at first, which takes up at least ``size`` from now on."""
        if name in _ALWAYS_KEPT:
            return self.always_kept(name)
        if self.limit is not None and _rank(name) >= _rank(self.limit):
            self.left_out.add(name)
            return Key()  # what is said of it goes nowhere
        key = self.keys.get(name)
        if key is None:
            key = self.keys[name] = Key()
            self._size += 1
        if size > key.size:
            self._size += size - key.size
            key.size = size
        return key

    def always_kept(self, name: str) -> Key:
        """The facts of a key that is lifted, or the initial value of one."""
        key = self.keys.get(name)
        if key is None:
            key = self.keys[name] = Key()
        return key

    def keep_within(self, limit: str | None = None) -> None:
        """Leave out the keys from ``limit`` on, and those for which there is no room."""
        if limit is None and self._size * STEP_BYTES <= KEPT_BYTES:
            return
        limits = [each for each in (self.limit, limit) if each is not None]
        room = KEPT_BYTES // STEP_BYTES
        for name in sorted(self.keys.keys() - _ALWAYS_KEPT, key=_rank):
            room -= self.keys[name].size
            if room < 0:
                limits.append(name)
                break
        if not limits:
            return
        self.limit = min(limits, key=_rank)
        for name in [name for name in self.keys.keys() - _ALWAYS_KEPT if _rank(name) >= _rank(self.limit)]:
            self._size -= self.keys.pop(name).size
            self.left_out.add(name)


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


_NEVER: Stamp = (-(1 << 63), 0, 0)
_STATE = msgspec.json.Decoder(_Stored)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NAMES = msgspec.json.Decoder(list[msgspec.Raw] | dict[str, msgspec.Raw])
_NAME = msgspec.json.Decoder(str)


def read_state(text: str) -> State:
    """The state from its JSON form (``warehouse.person.property_state``)."""
    stored = _STATE.decode(text)
    only_set = {name: Key(operation) for name, operation in _operations(stored.set).items()}
    return State(stored.keys | only_set, _operations(stored.lifted), stored.limit)


def write_state(state: State) -> str:
    """The JSON form of a state, the same text for equal states."""
    only_set = {name: key.set for name, key in state.keys.items() if key.set is not None and key.is_only_set}
    others = {name: key for name, key in state.keys.items() if name not in only_set}
    stored = _Stored(others, _by_stamp(only_set), _by_stamp(state.lifted), state.limit)
    return msgspec.json.encode(stored, order="sorted").decode()


def _operations(said: list[_Said]) -> dict[str, Operation]:
    return {
        name: Operation(at, xid, landing_id, value)
        for at, xid, landing_id, values in said
        for name, value in values.items()
    }


def _by_stamp(operations: dict[str, Operation]) -> list[_Said]:
    by_stamp: dict[Stamp, dict[str, msgspec.Raw]] = {}
    for name, operation in operations.items():
        by_stamp.setdefault(operation.stamp, {})[name] = operation.value
    return [(*stamp, by_stamp[stamp]) for stamp in sorted(by_stamp)]


def shifted(state: State, *, xid: int, landing_id: int) -> State:
    """The state with every position larger by so much: its events have moved to another landing, in their order."""

    def moved(operation: Operation) -> Operation:
        return Operation(operation.at, operation.xid + xid, operation.landing_id + landing_id, operation.value)

    def moved_key(key: Key) -> Key:
        set_, unset, first, last = (fact and moved(fact) for fact in (key.set, key.unset, key.first, key.last))
        return Key(set_, unset, first, last, [moved(each) for each in key.switches], key.size)

    return State(
        {name: moved_key(key) for name, key in state.keys.items()},
        {name: moved(operation) for name, operation in state.lifted.items()},
        state.limit,
    )


def coverage(state: State) -> tuple[int, int]:
    """Which app and device keys have a first value, as bits of ``ops.device_shape``, and the latest of their times.

    An ordinary event after that time that brings only such keys cannot change the state.
    """
    mask, latest = 0, 0
    for name, operation in state.lifted.items():
        if bit := _BIT.get(name):
            mask |= bit
            latest = max(latest, operation.at) if mask != bit else operation.at
    return mask, latest


def visible(state: State) -> str:
    """The properties a reader sees, as JSON."""
    keys, lifted = state.keys, state.lifted
    shown: dict[str, msgspec.Raw] = {}
    for name, operation in lifted.items():
        # What has no facts of its own shows the lifted value.
        if name not in keys:
            shown[name] = operation.value
        initial = _INITIAL[name]
        if initial not in keys:
            shown[initial] = operation.value
    for name, key in keys.items():
        value = key.visible(lifted.get(name), lifted.get(_BASE.get(name, ""))) if lifted else key.visible()
        if value is not None:
            shown[name] = value
    return msgspec.json.encode(shown).decode()


def apply(  # noqa: PLR0917
    state: State,
    stamp: Stamp,
    set_json: str | None,
    set_once_json: str | None,
    unset_json: str | None,
    lifted_values: Sequence[str | None] | None = None,
    *,
    is_forced: bool = True,
) -> None:
    """Apply what one event says of its person.

    Args:
        state: changed in place.
        stamp: when.
        set_json: ``$set``, a JSON object.
        set_once_json: ``$set_once``, a JSON object.
        unset_json: ``$unset``, a JSON array, or an object whose keys count.
        lifted_values: the event's values of ``LIFTED``, as JSON; None where it has none.
        is_forced: the event is about the person, so that noisy keys are set like others.
    """
    sets = _within_bytes(state, _OBJECT.decode(set_json)) if set_json else {}
    onces = _within_bytes(state, _OBJECT.decode(set_once_json)) if set_once_json else {}
    onces = {name: value for name, value in onces.items() if not _is_null(value)}
    unsets = set(_names(unset_json))
    telling, ended = _lifted(state, lifted_values)
    is_forced = is_forced or bool(unsets) or not NOISY.issuperset(sets) or not NOISY.issuperset(telling)
    for name, value in telling.items():
        if name not in sets:
            _lift(state, name, Operation(*stamp, value), is_set=is_forced or name not in NOISY)
        elif _INITIAL[name] not in onces:
            _once(state.always_kept(_INITIAL[name]), Operation(*stamp, value))
    end = Operation(*stamp)
    for name in [name for name in ended if name not in sets]:
        _set(state.always_kept(name), end)
    for name, value in sets.items():
        key = state.key(name, _size(name, value))
        operation = Operation(*stamp, value.copy())
        if name in unsets:
            _switch(key, operation)
        elif is_forced or name not in NOISY:
            _set(key, operation)
        elif not _is_null(value):
            _once(key, operation)
    for name, value in onces.items():
        key = state.key(name, _size(name, value))
        operation = Operation(*stamp, value.copy())
        if name not in unsets:
            _once(key, operation)
        elif name not in sets:
            _switch(key, operation)
    for name in unsets - sets.keys() - onces.keys():
        key = state.key(name, _size(name))
        key.unset = _later(key.unset, Operation(*stamp))
        key.settle()
    state.keep_within()


def join(target: State, source: State) -> None:
    """Fold the state of a merged person into the survivor's; at the very same stamp the survivor's value stays (M2)."""
    for name, theirs in source.keys.items():
        ours = target.key(name, theirs.size)
        ours.set = _later(ours.set, theirs.set)
        ours.unset = _later(ours.unset, theirs.unset)
        ours.first = _earlier(ours.first, theirs.first)
        ours.last = _later(ours.last, theirs.last)
        ours.switches = ours.switches + theirs.switches
        ours.settle()
    for name, operation in source.lifted.items():
        _lift(target, name, operation)
    target.keep_within(source.limit)


def without_key(state: State, name: str) -> State:
    """A state without a property and what was lifted from it, as if no event had ever said it."""
    gone = {name, _INITIAL.get(name, name)}
    keys = {key: facts for key, facts in state.keys.items() if key not in gone}
    lifted = {key: operation for key, operation in state.lifted.items() if key != name}
    return State(keys, lifted, state.limit)


def without_times(state: State, since: int | None, until: int | None) -> State:
    """A state without what was said from one time until before another, in microseconds since 1970; None: no bound.

    What it had replaced is not known any more, and does not come back.
    """

    def remaining(operation: Operation | None) -> Operation | None:
        is_gone = operation and (since is None or operation.at >= since) and (until is None or operation.at < until)
        return None if is_gone else operation

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
    lifted = {name: operation for name, operation in state.lifted.items() if remaining(operation)}
    return State(keys, lifted, state.limit)


def _rank(name: str) -> tuple[int, str]:
    return len(name), name


def _size(name: str, value: msgspec.Raw = msgspec.Raw()) -> int:  # noqa: B008 - it cannot change
    return 1 + (len(name) + len(value)) // STEP_BYTES


def _within_bytes(state: State, values: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """The values that are not too long to count."""
    too_long = {name for name, value in values.items() if len(value) > VALUE_BYTES}
    if not too_long:
        return values
    state.left_out |= too_long
    return {name: value for name, value in values.items() if name not in too_long}


def _lifted(state: State, values: Sequence[str | None] | None) -> tuple[dict[str, msgspec.Raw], list[str]]:
    """What an event lifts, and the names that are null, which counts only of a campaign: it ends there."""
    lifted: dict[str, msgspec.Raw] = {}
    ended: list[str] = []
    for name, value in zip(LIFTED, values, strict=True) if values else ():
        if value is None:
            continue
        if value == "null":
            if name in _MAY_BE_NULL:
                ended.append(name)
            continue
        written = value.encode()
        if len(written) > LIFTED_BYTES:
            state.left_out.add(name)
            text = _NAME.decode(written) if value.startswith('"') else value
            written = msgspec.json.encode(text[:LIFTED_CHARACTERS])
        elif value[0] in "[{" and value.count("[") + value.count("{") > BRACKETS_KEPT:
            written = msgspec.json.encode(value)
        lifted[name] = msgspec.Raw(written)
    return lifted, ended


def _is_null(value: msgspec.Raw) -> bool:
    return len(value) == len(_NULL) and bytes(value) == _NULL


def _lift(state: State, name: str, operation: Operation, *, is_set: bool = False) -> None:
    known = state.lifted.get(name)
    if known is None or _is_before(operation, known):
        state.lifted[name] = operation
    if is_set:
        _set(state.always_kept(name), operation)


def _set(key: Key, operation: Operation) -> None:
    known = key.set
    if known is None or known.at < operation.at or _is_before(known, operation):
        key.set = operation
    if key.switches:
        key.settle()


def _once(key: Key, operation: Operation) -> None:
    key.first = _earlier(key.first, operation)
    key.last = _later(key.last, operation)


def _switch(key: Key, operation: Operation) -> None:
    key.switches = [*key.switches, operation]
    key.settle()


def _names(unset_json: str | None) -> Iterable[str]:
    if not unset_json or unset_json[0] not in "[{":
        return ()
    written = _NAMES.decode(unset_json)
    if isinstance(written, dict):
        return written
    return [_NAME.decode(name) for name in written if bytes(name).startswith(b'"')]


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
