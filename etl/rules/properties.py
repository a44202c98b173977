"""What one event says of its person's properties: the same in the end whatever the order in which events arrive. Pure.

What a reader sees of a key: the ``$set`` if it is newer than the ``$unset``; else the first ``$set_once`` newer than
the ``$unset``, or the last one where the first is older. A null gives way to a later ``$set_once``, as in PostHog since
its pull request 74742. A key that one event both sets and unsets is a switch: gone if it was there, there if it was
not. PostHog itself applies operations in the order of processing (``person-update.ts``), so a late event overwrites.

What an event says of device and campaign is lifted (``lifted.py``). A key of ``NOISY`` changes with every page; such a
key is set only by an event that sets something else too, or that is about the person (``PERSON_EVENTS``). Any other
event only fills it in where the person has none. PostHog compares with the stored value instead
(``person-update.ts``), which depends on the order of arrival. Of a key that is only filled in the first value is all
that is kept: once it is unset, or set to null, no later event fills it in again, as the next one would in PostHog.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from etl.rules import property_state
from etl.rules.lifted import INITIAL, NOISY, read_lifted
from etl.rules.property_state import NULL, Operation, Stamp, State, size_of

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NAMES = msgspec.json.Decoder(list[msgspec.Raw] | dict[str, msgspec.Raw])
_NAME = msgspec.json.Decoder(str)


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
    onces = {name: value for name, value in onces.items() if value != NULL}
    unsets = set(_names(unset_json))
    telling, ended = read_lifted(lifted_values, state.left_out)
    if unsets:
        # What it lifts is here its own $set and $set_once.
        both = {name for name in telling.keys() | ended if name in unsets or INITIAL[name] in unsets}
        sets = {name: telling.get(name, NULL) for name in both} | sets
        onces = {INITIAL[name]: telling[name] for name in both & telling.keys() if INITIAL[name] in unsets} | onces
    is_forced = is_forced or bool(unsets) or not NOISY.issuperset(sets) or not NOISY.issuperset(telling)
    lifting = {name: value for name, value in telling.items() if name not in sets} if sets else telling
    state.lifted.keep_first(stamp, lifting)
    for name in telling.keys() & sets.keys():
        if INITIAL[name] not in onces:
            state.always_kept(INITIAL[name]).take_once(Operation(*stamp, telling[name]))
    latest = lifting.copy() if is_forced else {}
    latest |= dict.fromkeys(ended - sets.keys(), NULL)
    for name, value in sets.items():
        if name not in unsets and (is_forced or name not in NOISY):
            latest[name] = value.copy()
        elif name in unsets or value != NULL:
            key, operation = state.key(name, size_of(name, value)), Operation(*stamp, value.copy())
            (key.take_switch if name in unsets else key.take_once)(operation)
    state.keep_latest(stamp, latest)
    for name, value in onces.items():
        key = state.key(name, size_of(name, value))
        operation = Operation(*stamp, value.copy())
        if name not in unsets:
            key.take_once(operation)
        elif name not in sets:
            key.take_switch(operation)
    for name in unsets - sets.keys() - onces.keys():
        state.key(name, size_of(name)).take_unset(Operation(*stamp))
    state.keep_within()


def _within_bytes(state: State, values: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """The values that are not too long to count."""
    too_long = {name for name, value in values.items() if len(value) > property_state.VALUE_BYTES}
    if not too_long:
        return values
    state.left_out |= too_long
    return {name: value for name, value in values.items() if name not in too_long}


def _names(unset_json: str | None) -> Iterable[str]:
    if not unset_json or unset_json[0] not in "[{":
        return ()
    written = _NAMES.decode(unset_json)
    if isinstance(written, dict):
        return written
    return [_NAME.decode(name) for name in written if bytes(name).startswith(b'"')]
