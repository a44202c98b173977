"""A person's properties as a convergent state: the same whatever the order in which events arrive. Pure.

Per key four facts are kept, each the extreme of all operations ever seen, so that applying them in any order, twice, or
through a merge gives one result: the latest ``$set``, the latest ``$unset``, the first and the last ``$set_once``.
"Latest" and "first" are by event time, then by position in landing.

What a reader sees of a key: the ``$set`` if it is newer than the ``$unset``; else the first ``$set_once`` newer than
the ``$unset``, or the last one where the first is older. A null gives way to a ``$set_once``, as in PostHog since its
pull request 74742.
PostHog itself applies operations in the order of processing (``person-update.ts``), so a late event overwrites.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

Stamp = tuple[int, int, int]
"""(event time in microseconds since 1970, transaction id, landing id): when an operation counts."""

_NULL = b"null"


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
    """The four facts of one key."""

    set: Operation | None = None
    unset: Operation | None = None
    first: Operation | None = None
    last: Operation | None = None

    def visible(self) -> msgspec.Raw | None:
        """The value a reader sees, or None where the key is absent."""
        since = self.unset.stamp if self.unset else None
        value = self.set if self.set and (since is None or self.set.stamp >= since) else None
        if value is not None and bytes(value.value) != _NULL:
            return value.value
        for once in (self.first, self.last):
            if once is not None and (since is None or once.stamp > since):
                return once.value
        return value.value if value is not None else None


State = dict[str, Key]

_STATE = msgspec.json.Decoder(State)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NAMES = msgspec.json.Decoder(list[msgspec.Raw] | dict[str, msgspec.Raw])
_NAME = msgspec.json.Decoder(str)


def read_state(text: str) -> State:
    """The state from its JSON form (``warehouse.person.property_state``)."""
    return _STATE.decode(text)


def write_state(state: State) -> str:
    """The JSON form of a state."""
    return msgspec.json.encode(state).decode()


def visible(state: State) -> str:
    """The properties a reader sees, as JSON."""
    shown = {name: value for name, key in state.items() if (value := key.visible()) is not None}
    return msgspec.json.encode(shown).decode()


def apply(state: State, stamp: Stamp, set_json: str | None, set_once_json: str | None, unset_json: str | None) -> None:
    """Apply one event's ``$set``, ``$set_once`` (JSON objects) and ``$unset`` (array, or object whose keys count)."""
    for name, value in (_OBJECT.decode(set_json) if set_json else {}).items():
        key = state.setdefault(name, Key())
        key.set = _later(key.set, Operation(*stamp, value.copy()))
    for name, value in (_OBJECT.decode(set_once_json) if set_once_json else {}).items():
        if bytes(value) != _NULL:
            key = state.setdefault(name, Key())
            operation = Operation(*stamp, value.copy())
            key.first = _earlier(key.first, operation)
            key.last = _later(key.last, operation)
    for name in _names(unset_json):
        key = state.setdefault(name, Key())
        key.unset = _later(key.unset, Operation(*stamp))


def join(target: State, source: State) -> None:
    """Fold the state of a merged person into the survivor's; at the very same stamp the survivor's value stays (M2)."""
    for name, theirs in source.items():
        ours = target.setdefault(name, Key())
        ours.set = _later(ours.set, theirs.set)
        ours.unset = _later(ours.unset, theirs.unset)
        ours.first = _earlier(ours.first, theirs.first)
        ours.last = _later(ours.last, theirs.last)


def _names(unset_json: str | None) -> Iterable[str]:
    if not unset_json or unset_json[0] not in "[{":
        return ()
    written = _NAMES.decode(unset_json)
    if isinstance(written, dict):
        return written
    return [_NAME.decode(name) for name in written if bytes(name).startswith(b'"')]


def _later(ours: Operation | None, theirs: Operation | None) -> Operation | None:
    if ours is None or theirs is None:
        return ours or theirs
    return theirs if theirs.stamp > ours.stamp else ours


def _earlier(ours: Operation | None, theirs: Operation | None) -> Operation | None:
    if ours is None or theirs is None:
        return ours or theirs
    return theirs if theirs.stamp < ours.stamp else ours
