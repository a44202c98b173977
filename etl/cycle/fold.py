"""Properties of persons and groups: what the batch says of them, folded over what is stored. The rules are pure.

Part of load and not of the plan: nothing else of the plan depends on it, and in load it costs no time of its own,
because further sessions write events meanwhile.

A group takes effect when its event is accepted, also if that is personless: it belongs to nobody. PostHog has at most
five types of groups a project; here there is no limit.

What a person or a group has no room for is told of the event that said it, or of the merge that brought it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from etl import sql
from etl.rules import properties
from etl.rules.property_state import KEPT_BYTES, VALUE_BYTES, State, coverage, join, read_state, visible, write_state
from etl.sql import Db

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)
# Read at a time: each may have a megabyte.
_ROWS = 100
_NAMES_TOLD = 10
_NAME_CHARACTERS = 100
_REMEDY = (
    f"Set few properties of a fixed set of names, each of at most {VALUE_BYTES:,} bytes, and send the rest "
    "with events; what there is no room for was left out or cut, and the event was kept."
)

_Warning = tuple[int, str, str, str]
"""landing id, type, details, remedy of ``staging.warning``."""


def fold_person_properties(db: Db) -> None:
    """Fold what the batch says of its persons into ``staging.person_property``, a row a person that may change."""
    sql.run(db, "load/insert_property_events")
    sql.run(db, "load/analyze_property_event")
    sql.run(db, "load/insert_first_lifts")
    warnings: list[_Warning] = []
    sql.copy_in_parts(db, "load/copy_person_property", _changed_persons(db, warnings), size=10_000)
    sql.copy_in(db, "validate/copy_warning", warnings)


def _changed_persons(db: Db, warnings: list[_Warning]) -> Iterator[tuple[Any, ...]]:
    refolded = _refold(db)
    rows = itertools.chain.from_iterable(sql.stream(db, "load/read_property_changes", size=_ROWS))
    for (team_id, person_id), group in itertools.groupby(rows, key=itemgetter(0, 1)):
        is_refolded = (team_id, person_id) in refolded
        state = refolded.pop((team_id, person_id), State())
        for _, _, _, place, stored, at, xid, landing_id, *operations, is_forced in group:
            if stored is None:
                properties.apply(state, (at, xid, landing_id), *operations, is_forced=is_forced)
            elif not is_refolded and state:
                join(state, read_state(stored))
            elif not is_refolded:
                state = read_state(stored)
            _warn(warnings, state, place, "person_properties_size_violation")
        if state or is_refolded:
            yield team_id, person_id, *_property_columns(state)
    for key, state in refolded.items():
        yield *key, *_property_columns(state)


def refold_persons(db: Db) -> None:
    """Fold the properties of the persons in ``staging.refolded_person`` from nothing but their stored events."""
    rows = ((*key, *_property_columns(state)) for key, state in _refold(db).items())
    sql.copy_in(db, "load/copy_person_property", rows)


def fold_groups(db: Db) -> None:
    """Fold the new state of every group that the batch's ``$groupidentify`` events name."""
    _fold_groups(db, "load/read_group_changes")
    sql.run(db, "load/warn_groups")


def refold_groups(db: Db) -> None:
    """Fold the groups in ``staging.withdrawn_group`` from nothing but the stored events; those without any are gone."""
    _fold_groups(db, "withdraw/read_group_operations")
    sql.run(db, "withdraw/delete_groups")
    sql.run(db, "load/upsert_group_profile")


def folded_groups(
    db: Db, operations_by: str, warnings: list[_Warning]
) -> Iterator[tuple[tuple[Any, ...], datetime, State]]:
    """Each group that a statement names: its key, since when it is known, and its state.

    Args:
        db: in a transaction.
        operations_by: the statement; for each group first the states, then what is said, as load/read_group_changes.
        warnings: gets what there was no room for.
    """
    rows = itertools.chain.from_iterable(sql.stream(db, operations_by, size=_ROWS))
    for group, operations in itertools.groupby(rows, key=itemgetter(0, 1, 2)):
        state = State()
        created_at = _NEVER
        for *_, stamped_at, stored, microseconds, xid, landing_id, set_json in operations:
            created_at = min(created_at, stamped_at)
            if stored is not None:
                join(state, read_state(stored))
            else:
                properties.apply(state, (microseconds, xid, landing_id), set_json, None, None, is_forced=True)
                _warn(warnings, state, landing_id, "group_properties_size_violation")
        yield group, created_at, state


def _fold_groups(db: Db, operations_by: str) -> None:
    warnings: list[_Warning] = []
    groups = (
        (*group, created_at, visible(state), write_state(state))
        for group, created_at, state in folded_groups(db, operations_by, warnings)
    )
    sql.copy_in_parts(db, "load/copy_group_profile", groups, size=10_000)
    sql.copy_in(db, "validate/copy_warning", warnings)


def _refold(db: Db) -> dict[tuple[int, UUID], State]:
    """The states of the persons that a split touched, from what the ids they have now have said."""
    states = {key: State() for key in sql.tuples(db, "load/read_refolded_persons")}
    if states:
        for row in itertools.chain.from_iterable(sql.stream(db, "load/read_stored_operations", size=_ROWS)):
            team_id, person_id, dropped, at, xid, landing_id, *operations, is_forced = row
            state = states[team_id, person_id]
            if dropped is not None:
                join(state, read_state(dropped))
            else:
                properties.apply(state, (at, xid, landing_id), *operations, is_forced=is_forced)
    for state in states.values():
        state.left_out.clear()  # told when these events came
    return states


def _warn(warnings: list[_Warning], state: State, landing_id: int, type_: str) -> None:
    """Note what the last event left out of a state, if anything."""
    if not state.left_out:
        return
    names = sorted(state.left_out)
    details = {
        "properties": [name[:_NAME_CHARACTERS] for name in names[:_NAMES_TOLD]],
        "count": len(names),
        "limit": KEPT_BYTES,
        "value_limit": VALUE_BYTES,
    }
    warnings.append((landing_id, type_, sql.json_text(details), _REMEDY))
    state.left_out.clear()


def _property_columns(state: State) -> tuple[str, str, int, datetime]:
    mask, at = coverage(state)
    # Microseconds as an integer: a float has no room for them.
    return visible(state), write_state(state), mask, _EPOCH + timedelta(microseconds=at)
