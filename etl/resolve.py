"""Step 4, resolve: identity first, then a person for every event; hold or release. Readers see nothing of it yet."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any
from uuid import UUID

from etl import db as door
from etl import properties
from etl.db import Db, Row
from etl.identity import Birth, Fold, IdKey, KnownId, MergingEvent, Person, fold, person_id_of
from etl.judge import judge_plan
from etl.plan import step_of
from etl.settings import Settings


def resolve_batch(db: Db, settings: Settings, batch_id: int) -> None:
    """Plan the batch: duplicates, persons, merges, properties, and by that who is loaded, held and released.

    The plan is judged as a whole at the end, see :func:`etl.judge.judge_plan`.
    """
    del settings
    with step_of(db, batch_id, "resolve") as batch:
        if batch is None:
            return
        door.run(db, "resolve/exclude_duplicates")
        door.run(db, "resolve/analyze_excluded")
        door.run(db, "resolve/warn_other_payload")
        door.run(db, "resolve/collect_distinct_ids")
        door.run(db, "resolve/analyze_distinct_id")
        door.run(db, "resolve/collect_births", batch)
        _fold(db)
        _give_birth(db, batch)
        door.run(db, "resolve/insert_overrides")
        door.run(db, "resolve/apply_overrides")
        door.run(db, "resolve/analyze_plan")
        door.run(db, "resolve/warn_refusals")
        _fold_properties(db)
        judge_plan(db, batch)


def _fold(db: Db) -> None:
    events = [MergingEvent(*row) for row in door.tuples(db, "resolve/read_merging_events")]
    if not events:
        return
    result = fold(events, read_known_ids(door.tuples(db, "resolve/read_known_ids")))
    door.copy_in(db, "resolve/copy_merge", _merges(result))
    door.copy_in(db, "resolve/copy_person", (_person(person) for person in result.persons.values()))
    door.copy_in(
        db,
        "resolve/copy_tie",
        ((*tie.key, tie.person.survivor.person_id, tie.cause, tie.cause_uuid) for tie in result.ties),
    )
    door.run(db, "resolve/apply_ties")


def read_known_ids(rows: Iterable[tuple[Any, ...]]) -> dict[IdKey, KnownId]:
    """What the fold must know of each id, from ``resolve/read_known_ids``; ids of one person share one object."""
    persons: dict[tuple[int, UUID], Person] = {}
    known: dict[IdKey, KnownId] = {}
    for team_id, distinct_id, person_id, origin, is_identified, created_at, created_by, *birth in rows:
        if person_id is not None:
            if (team_id, person_id) not in persons:
                persons[team_id, person_id] = Person(team_id, person_id, origin, is_identified, created_at, created_by)
            known[team_id, distinct_id] = KnownId(persons[team_id, person_id])
        else:
            entry = known.setdefault((team_id, distinct_id), KnownId())
            if birth[0] is not None:
                entry.births += (Birth(*birth),)
    return known


def _merges(result: Fold) -> Iterator[tuple[Any, ...]]:
    for merge in result.merges:
        yield (
            merge.event.landing_id,
            merge.outcome,
            merge.target_person_id,
            merge.source_person_id,
            merge.person_id,
            merge.reason,
        )


def _person(person: Person) -> tuple[Any, ...]:
    return (
        person.team_id,
        person.person_id,
        person.distinct_id,
        person.is_new,
        person.is_identified,
        person.created_at,
        person.survivor.person_id if person.merged_into else None,
        person.created_by_uuid,
    )


def _give_birth(db: Db, batch: Row) -> None:
    # The ids come from here because they are UUIDv5, and PostgreSQL has no SHA-1 without an extension.
    wanted = door.tuples(db, "resolve/read_ids_without_person", batch)
    door.copy_in(
        db,
        "resolve/copy_implied_person",
        (
            (team_id, distinct_id, person_id_of(team_id, distinct_id), is_personless)
            for team_id, distinct_id, is_personless in wanted
        ),
    )
    door.run(db, "resolve/insert_born_persons", batch)
    door.run(db, "resolve/apply_births", batch)
    door.run(db, "resolve/apply_personless")


def _fold_properties(db: Db) -> None:
    changed: list[tuple[Any, ...]] = []
    rows = itertools.chain.from_iterable(door.stream(db, "resolve/read_property_changes"))
    for (team_id, person_id), group in itertools.groupby(rows, key=itemgetter(0, 1)):
        state: properties.State = {}
        for _, _, _, _, stored, at, xid, landing_id, set_json, set_once_json, unset_json in group:
            if stored is not None:
                properties.join(state, properties.read_state(stored))
            else:
                properties.apply(state, (at, xid, landing_id), set_json, set_once_json, unset_json)
        if state:
            changed.append((team_id, person_id, properties.visible(state), properties.write_state(state)))
        if len(changed) >= 10_000:
            door.copy_in(db, "resolve/copy_person_property", changed)
            changed.clear()
    door.copy_in(db, "resolve/copy_person_property", changed)
