"""Cohorts: names for persons, by conditions or as a list of distinct ids; each change is a decision that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from etl import sql
from etl.errors import DefinitionError
from etl.operate import action, definition, project
from etl.operate.definition import LOCK_SECONDS, Outcome, decision_about
from etl.quality.audit_log import entry
from etl.rules.cohort import Cohort, Condition, read_cohorts
from etl.sql import Db, Row


def read_files(path: Path) -> list[Cohort]:
    """The cohorts of a file, or of the ``*.json`` files of a folder.

    Raises:
        DefinitionError: a file is no JSON, or a cohort is not supported; says where.
        OSError: it cannot be read.
    """
    return definition.read_files(path, read_cohorts)


def add(db: Db, cohorts: Sequence[Cohort], *, team_id: int, by: str, why: str) -> list[Outcome]:
    """Add cohorts, or change those that have these names; all or none. Readers see it at once.

    Raises:
        DefinitionError: there is no such action, or a regular expression is none; nothing was changed.
        ProjectError: there is no such project.
        CycleBusyError: cycles kept the lock for a minute.
    """
    project.check(db, team_id)
    for cohort in cohorts:
        _check_patterns(db, cohort)
    with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS):
        _check_actions(db, cohorts, team_id)
        present = {row["name"]: row for row in list_all(db, team_id=team_id)}
        outcomes = [_outcome(db, cohort, present.get(cohort.name)) for cohort in cohorts]
        changed = [
            (cohort, outcome)
            for cohort, outcome in zip(cohorts, outcomes, strict=True)
            if outcome.decision in {"added", "changed", "enabled"}
        ]
        if changed:
            said = ", ".join(f"{outcome.name!r} {outcome.decision}" for _, outcome in changed)
            with entry(db, "decision", f"cohorts: {said} by {by}: {why}"):
                for cohort, outcome in changed:
                    _write(db, cohort, outcome.decision, team_id=team_id, by=by, why=why)
                sql.run(db, "cohort/analyze")
    return outcomes


def disable(db: Db, name: str, *, team_id: int, by: str, why: str) -> bool:
    """Take a cohort from what readers see; False if it was disabled before. Adding it again enables it.

    Raises:
        DefinitionError: there is no such cohort.
        CycleBusyError: cycles kept the lock for a minute.
    """
    with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS):
        cohort = find(db, name, team_id=team_id)
        if not cohort["is_enabled"]:
            return False
        with entry(db, "decision", f"cohorts: {name!r} disabled by {by}: {why}"):
            _decide(db, name, "disabled", cohort["definition"], team_id=team_id, by=by, why=why)
            sql.run(db, "cohort/delete_conditions", cohort)
    return True


def list_all(db: Db, *, team_id: int | None = None) -> list[Row]:
    """The cohorts as decided last, with who decided it, when and why."""
    return sql.run(db, "cohort/list", {"team_id": team_id, "name": None}).fetchall()


def find(db: Db, name: str, *, team_id: int) -> Row:
    """A cohort as decided last.

    Raises:
        DefinitionError: there is none with this name in the project.
    """
    found = sql.run(db, "cohort/list", {"team_id": team_id, "name": name}).fetchone()
    if found is None:
        raise DefinitionError(f"There is no cohort {name!r} in project {team_id}; `etl cohort list` shows them.")
    return found


def read_history(db: Db, name: str, *, team_id: int) -> list[Row]:
    """Every decision about a cohort with its definition from then on, the newest last."""
    return sql.run(db, "cohort/read_decisions", {"team_id": team_id, "name": name}).fetchall()


def as_written(db: Db, cohort: Row) -> dict[str, object]:
    """A cohort of ``list_all`` as a file has it, with the ids of a list."""
    ids = [row["distinct_id"] for row in sql.run(db, "cohort/read_distinct_ids", cohort)]
    return {"name": cohort["name"], **cohort["definition"], **({"distinct_ids": ids} if ids else {})}


def count(db: Db, cohort_id: int) -> int:
    """How many persons belong to a cohort now."""
    return int(sql.one(db, "cohort/count_members", {"cohort_id": cohort_id})["persons"])


def _check_patterns(db: Db, cohort: Cohort) -> None:
    for condition in cohort.conditions:
        if condition.filter is not None:
            for pattern in definition.patterns(condition.filter):
                definition.check_pattern(db, pattern, f"Cohort {cohort.name!r}, property {condition.filter.key!r}")


def _check_actions(db: Db, cohorts: Sequence[Cohort], team_id: int) -> None:
    enabled = {row["name"] for row in action.list_all(db, team_id=team_id) if row["is_enabled"]}
    for cohort in cohorts:
        for condition in cohort.conditions:
            asked = condition.performed and condition.performed.action
            if asked and asked not in enabled:
                raise DefinitionError(
                    f"Cohort {cohort.name!r}: there is no enabled action {asked!r} in project {team_id}; "
                    "`etl action list` shows them."
                )


def _outcome(db: Db, cohort: Cohort, present: Row | None) -> Outcome:
    is_same = present is not None and present["definition"] == cohort.written
    if present is not None and is_same:
        (listed,) = read_cohorts(as_written(db, present))
        is_same = listed.conditions == cohort.conditions
    is_enabled = present is not None and present["is_enabled"]
    return Outcome(cohort.name, decision_about(cohort.is_deleted, present is not None, is_same, is_enabled))


def _decide(db: Db, name: str, decision: str, written: object, *, team_id: int, by: str, why: str) -> Row:
    """Note a decision; gives the cohort's number."""
    kept = {"team_id": team_id, "name": name, "definition": sql.json_text(written)}
    sql.run(db, "cohort/insert_decision", {**kept, "decision": decision, "decided_by": by, "why": why})
    return sql.one(db, "cohort/upsert", {**kept, "is_enabled": decision != "disabled"})


def _write(db: Db, cohort: Cohort, decision: str, *, team_id: int, by: str, why: str) -> None:
    numbered = _decide(db, cohort.name, decision, cohort.written, team_id=team_id, by=by, why=why)
    sql.run(db, "cohort/delete_conditions", numbered)
    sql.run(db, "cohort/delete_distinct_ids", numbered)
    ids = [_write_condition(db, each, {**numbered, "team_id": team_id}) for each in cohort.conditions]
    for alternative in cohort.alternatives:
        places = {
            "needed": [ids[place] for place in alternative.needed],
            "excluded": [ids[place] for place in alternative.excluded],
        }
        sql.run(db, "cohort/insert_alternative", {**numbered, **places})


def _write_condition(db: Db, condition: Condition, numbered: Row) -> int:
    """Write a condition; gives its number."""
    if condition.distinct_ids is not None:
        sql.run(db, "cohort/insert_distinct_ids", {**numbered, "distinct_ids": list(condition.distinct_ids)})
    asked, done = condition.filter, condition.performed
    columns = {
        "key": asked and asked.key,
        "operator": asked and asked.operator,
        "texts": asked and list(asked.texts),
        "numbers": asked and list(asked.numbers),
        "event": done and done.event,
        "action": done and done.action,
        "within": done and done.within,
        "times_operator": done and done.operator,
        "times": done and done.times,
    }
    return int(sql.one(db, "cohort/insert_condition", {**numbered, **columns})["condition_id"])
