"""Step 4, resolve: identity first, then a person for every event; hold or release. Readers see nothing of it yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from etl import sql
from etl.cycle.batch import Batch, collector_paused, log, step_of
from etl.quality.gate import evaluate_numbers, record
from etl.quality.suites import read_refusals
from etl.rules.identity import Birth, Fold, IdKey, KnownId, MergingEvent, Person, fold, person_id_of
from etl.settings import Settings
from etl.sql import Db


def resolve_batch(db: Db, settings: Settings, batch_id: int) -> None:
    """Plan the batch: duplicates, persons, merges, and by that who is loaded, held and released.

    The plan is checked as a whole at the end (``expectations/batch.json``); what fails there flags the batch.
    """
    del settings
    with collector_paused(), step_of(db, batch_id, "resolve") as batch:
        if batch is None:
            return
        sql.run(db, "resolve/analyze_excluded")
        refused = sql.run(db, "resolve/exclude_refused", {"reasons": sql.json_text(read_refusals())}).rowcount
        # Asked first, because it locks every day there is.
        duplicates = sql.run(db, "resolve/exclude_duplicates").rowcount
        log(batch, "%d rows are duplicates, %d more are refused.", duplicates, refused)
        if duplicates:
            sql.run(db, "resolve/analyze_excluded")
            sql.run(db, "resolve/warn_other_payload")
        sql.run(db, "resolve/collect_distinct_ids")
        sql.run(db, "resolve/analyze_distinct_id")
        sql.run(db, "resolve/collect_births", batch.parameters)
        _fold(db, batch)
        _give_birth(db, batch)
        sql.run(db, "resolve/analyze_distinct_id")
        sql.run(db, "resolve/collect_first_seen")
        sql.run(db, "resolve/apply_personless_default")
        sql.run(db, "resolve/apply_upgrades")
        sql.run(db, "resolve/insert_overrides")
        sql.run(db, "resolve/apply_overrides")
        sql.run(db, "resolve/warn_refusals")
        sql.run(db, "resolve/warn_split_refusals")
        _check_plan(db, batch)


def _fold(db: Db, batch: Batch) -> None:
    events = [MergingEvent(*row) for row in sql.tuples(db, "resolve/read_merging_events")]
    if not events:
        return
    known = read_known_ids(sql.tuples(db, "resolve/read_known_ids"))
    if any(event.is_split for event in events):
        for former in (Person(*row) for row in sql.tuples(db, "resolve/read_former_persons")):
            known[former.team_id, former.distinct_id].former = former
    result = fold(events, known)
    outcomes = Counter(merge.outcome for merge in result.merges)
    said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    log(batch, "%d events name two ids (%s), %d are splits.", len(events), said or "no merge", len(result.splits))
    sql.copy_in(db, "resolve/copy_merge", merge_rows(result))
    sql.copy_in(db, "resolve/copy_person", (person_row(person) for person in result.persons.values()))
    sql.copy_in(
        db,
        "resolve/copy_tie",
        ((*tie.key, tie.person.survivor.person_id, tie.cause, tie.cause_uuid) for tie in result.ties),
    )
    sql.run(db, "resolve/apply_ties")
    sql.run(db, "resolve/exclude_moves", {"reason": sql.json_text(read_refusals()["merge_move_limit_exceeded"])})
    sql.run(db, "resolve/delete_moves")
    if result.splits:
        _split(db, result)


def _split(db: Db, result: Fold) -> None:
    last = {split.key: split for split in result.splits}
    touched = {person.survivor for split in result.splits for person in (split.person, split.others)}
    sql.copy_in(db, "resolve/copy_split", ((*s.key, s.person.survivor.person_id, s.uuid) for s in last.values()))
    sql.copy_in(db, "resolve/copy_refolded_person", ((each.team_id, each.person_id) for each in touched))
    sql.copy_in(
        db,
        "resolve/copy_revived_person",
        ((*name, _heir(name[1], before)) for name, before in result.revived.items()),
    )
    sql.run(db, "resolve/apply_splits")


def _heir(person_id: UUID, before: Person | None) -> UUID | None:
    heir = before.survivor.person_id if before else None
    return heir if heir != person_id else None


def read_known_ids(rows: Iterable[tuple[Any, ...]]) -> dict[IdKey, KnownId]:
    """What the fold must know of each id, from ``resolve/read_known_ids``; ids of one person share one object."""
    persons: dict[tuple[int, UUID], Person] = {}
    known: dict[IdKey, KnownId] = {}
    for team_id, distinct_id, person_id, origin, is_identified, created_at, created_by, distinct_ids, *birth in rows:
        if person_id is not None:
            if (team_id, person_id) not in persons:
                persons[team_id, person_id] = Person(
                    team_id, person_id, origin, is_identified, created_at, created_by, distinct_ids
                )
            known[team_id, distinct_id] = KnownId(persons[team_id, person_id])
        else:
            entry = known.setdefault((team_id, distinct_id), KnownId())
            if birth[0] is not None:
                entry.births += (Birth(*birth),)
    return known


def merge_rows(result: Fold) -> Iterator[tuple[Any, ...]]:
    """For ``resolve/copy_merge``."""
    for merge in result.merges:
        yield (
            merge.event.landing_id,
            merge.outcome,
            merge.target_person_id,
            merge.source_person_id,
            merge.person_id,
            merge.reason,
        )


def person_row(person: Person) -> tuple[Any, ...]:
    """For ``resolve/copy_person``."""
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


def _give_birth(db: Db, batch: Batch) -> None:
    # The ids come from here because they are UUIDv5, and PostgreSQL has no SHA-1 without an extension.
    wanted = sql.tuples(db, "resolve/read_ids_without_person", batch.parameters)
    sql.copy_in(
        db,
        "resolve/copy_implied_person",
        (
            (team_id, distinct_id, person_id_of(team_id, distinct_id), is_personless)
            for team_id, distinct_id, is_personless in wanted
        ),
    )
    sql.run(db, "resolve/insert_born_persons", batch.parameters)
    sql.run(db, "resolve/apply_births", batch.parameters)
    sql.run(db, "resolve/apply_personless")


def _check_plan(db: Db, batch: Batch) -> None:
    """Evaluate the suite ``batch`` over the plan."""
    if not batch.landed:
        return
    numbers = sql.one(db, "resolve/measure_batch", batch.parameters)
    findings = evaluate_numbers(numbers, "batch", batch.landed)
    record(db, batch.batch_id, findings)
    for finding in findings:
        if not finding.is_success:
            log(batch, "%s is %s: %s", finding.column, finding.observed, finding.reason)
