"""Actions: names for events that any of several steps finds, as in PostHog; each change is a decision that is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from etl import sql
from etl.cycle.actions import match_chains
from etl.errors import DefinitionError
from etl.operate import definition, project
from etl.operate.definition import LOCK_SECONDS, Decision, Outcome, decision_about
from etl.quality.audit_log import entry
from etl.rules.action import Action, Step, read_actions
from etl.sql import Db, Row


@dataclass(frozen=True)
class Trial:
    """What an action would find.

    Attributes:
        name: of the action.
        days: events and unique persons by day (UTC), the newest first; days without events are left out.
    """

    name: str
    days: list[Row]


@dataclass(frozen=True)
class _Change:
    name: str
    decision: str
    written: Sequence[Any]
    steps: Sequence[Step]


def read_files(path: Path) -> list[Action]:
    """The actions of a file, or of the ``*.json`` files of a folder.

    Raises:
        DefinitionError: a file is no JSON, or an action is not supported; says where.
        OSError: it cannot be read.
    """
    return definition.read_files(path, read_actions)


def add(db: Db, actions: Sequence[Action], *, team_id: int, by: str, why: str) -> list[Outcome]:
    """Add actions, or change those that have these names; all or none. Readers see it at once, for all events.

    Raises:
        DefinitionError: a regular expression is none; nothing was changed.
        ProjectError: there is no such project.
        CycleBusyError: cycles kept the lock for a minute.
    """
    _check(db, actions, team_id)
    with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS):
        return _apply(db, actions, team_id=team_id, by=by, why=why)


def disable(db: Db, name: str, *, team_id: int, by: str, why: str) -> bool:
    """Take an action from what readers see; False if it was disabled before. Adding it again enables it.

    Raises:
        DefinitionError: there is no such action, or a cohort asks for it.
        CycleBusyError: cycles kept the lock for a minute.
    """
    with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS):
        action = find(db, name, team_id=team_id)
        if not action["is_enabled"]:
            return False
        cohorts = [row["name"] for row in sql.run(db, "action/read_cohorts", action)]
        if cohorts:
            raise DefinitionError(
                f"Cohorts ask for action {name!r}: {', '.join(cohorts)}. Disable or change them first."
            )
        _decide(db, [_Change(name, "disabled", action["steps"], ())], team_id=team_id, by=by, why=why)
    return True


def try_out(db: Db, actions: Sequence[Action], *, team_id: int, days: int) -> list[Trial]:
    """What actions would find on the newest days. They are added, asked for, and forgotten with the transaction.

    Raises:
        DefinitionError: as ``add``.
        CycleBusyError: cycles kept the lock for a minute.
    """
    _check(db, actions, team_id)
    with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS), db.transaction(force_rollback=True):
        _apply(db, actions, team_id=team_id, by="nobody", why="tried out")
        return [
            Trial(action.name, count(db, find(db, action.name, team_id=team_id)["action_id"], days=days))
            for action in actions
            if not action.is_deleted
        ]


def list_proposals(db: Db, *, team_id: int | None = None, days: int = 7) -> list[Row]:
    """Steps that actions may need, found by maintenance in the last days; not those that were added meanwhile."""
    since = datetime.now(UTC).date() - timedelta(days=days)
    return sql.run(db, "action/read_proposals", {"team_id": team_id, "since": since, "proposal_id": None}).fetchall()


def accept(db: Db, proposal_id: int, *, by: str, why: str) -> Row:
    """Add the step of a proposal to its action; gives the proposal.

    Raises:
        DefinitionError: there is no such proposal, or somebody has changed the action meanwhile.
        CycleBusyError: cycles kept the lock for a minute.
    """
    wanted = {"team_id": None, "since": None, "proposal_id": proposal_id}
    with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS):
        proposal = sql.run(db, "action/read_proposals", wanted).fetchone()
        if proposal is None:
            raise DefinitionError(
                f"There is no proposal {proposal_id}, or its action has changed; `etl action proposals` shows them."
            )
        team_id = proposal["team_id"]
        steps = [*find(db, proposal["name"], team_id=team_id)["steps"], proposal["step"]]
        _apply(db, read_actions({"name": proposal["name"], "steps": steps}), team_id=team_id, by=by, why=why)
    return proposal


def list_all(db: Db, *, team_id: int | None = None) -> list[Row]:
    """The actions as decided last, with who decided it, when and why."""
    return sql.run(db, "action/list", {"team_id": team_id, "name": None}).fetchall()


def find(db: Db, name: str, *, team_id: int) -> Row:
    """An action as decided last.

    Raises:
        DefinitionError: there is none with this name in the project.
    """
    found = sql.run(db, "action/list", {"team_id": team_id, "name": name}).fetchone()
    if found is None:
        raise DefinitionError(f"There is no action {name!r} in project {team_id}; `etl action list` shows them.")
    return found


def read_history(db: Db, name: str, *, team_id: int) -> list[Row]:
    """Every decision about an action with the steps from then on, the newest last."""
    return sql.run(db, "action/read_decisions", {"team_id": team_id, "name": name}).fetchall()


def count(db: Db, action_id: int, *, days: int) -> list[Row]:
    """Events and unique persons of an action by day (UTC), the newest of so many days first."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since_at = midnight - timedelta(days=days - 1)
    return sql.run(db, "action/count_events", {"action_id": action_id, "since_at": since_at}).fetchall()


def _check(db: Db, actions: Sequence[Action], team_id: int) -> None:
    """See that PostgreSQL can use what is its to judge, before anything waits for it."""
    project.check(db, team_id)
    for action in actions:
        for at, step in enumerate(action.steps):
            for place, pattern in _patterns(step):
                definition.check_pattern(db, pattern, f"Action {action.name!r}, steps[{at}].{place}")


def _patterns(step: Step) -> Iterator[tuple[str, str]]:
    """The regular expressions of a step, each with its place."""
    for member in ("text", "href", "url"):
        if getattr(step, f"{member}_matching") == "regex" and getattr(step, member) is not None:
            yield member, getattr(step, member)
    for at, filter_ in enumerate(step.filters):
        for pattern in definition.patterns(filter_):
            yield f"properties[{at}].value", pattern


def _apply(db: Db, actions: Sequence[Action], *, team_id: int, by: str, why: str) -> list[Outcome]:
    present = {row["name"]: row for row in list_all(db, team_id=team_id)}
    outcomes = [Outcome(action.name, _decision(action, present.get(action.name))) for action in actions]
    changes = [
        _Change(action.name, outcome.decision, [step.written for step in action.steps], action.steps)
        for action, outcome in zip(actions, outcomes, strict=True)
        if outcome.decision in {"added", "changed", "enabled"}
    ]
    if changes:
        _decide(db, changes, team_id=team_id, by=by, why=why)
    return outcomes


def _decision(action: Action, present: Row | None) -> Decision:
    is_same = present is not None and present["steps"] == [step.written for step in action.steps]
    is_enabled = present is not None and present["is_enabled"]
    return decision_about(action.is_deleted, present is not None, is_same, is_enabled)


def _decide(db: Db, changes: Sequence[_Change], *, team_id: int, by: str, why: str) -> None:
    said = ", ".join(f"{change.name!r} {change.decision}" for change in changes)
    with entry(db, "decision", f"actions: {said} by {by}: {why}"):
        are_of_elements = [_write(db, change, team_id=team_id, by=by, why=why) for change in changes]
        if any(are_of_elements):
            sql.run(db, "action/delete_matched_chains")
            match_chains(db, sql.stream(db, "action/read_chains"))
        sql.run(db, "action/analyze")


def _write(db: Db, change: _Change, *, team_id: int, by: str, why: str) -> bool:
    """Note a decision, and give the action its steps; returns whether any, before or now, is about elements."""
    kept = {"team_id": team_id, "name": change.name, "steps": sql.json_text(change.written)}
    decided = {"decision": change.decision, "decided_by": by, "why": why}
    sql.run(db, "action/insert_decision", {**kept, **decided})
    action = sql.one(db, "action/upsert", {**kept, "is_enabled": change.decision != "disabled"})
    rows = sql.run(db, "action/delete_steps", action).fetchall()
    for step in change.steps:
        columns = {
            **{member: getattr(step, member) for member in Step.__dataclass_fields__},
            "team_id": team_id,
            "action_id": action["action_id"],
            "selector": step.selector and step.selector.text,
            "has_event_filters": any(not each.is_of_person for each in step.filters),
            "has_person_filters": any(each.is_of_person for each in step.filters),
        }
        del columns["filters"], columns["written"]
        added = sql.one(db, "action/insert_step", columns)
        rows.append(added)
        for each in step.filters:
            lists = {"texts": list(each.texts), "numbers": list(each.numbers)}
            sql.run(db, "action/insert_filter", {"step_id": added["step_id"], **vars(each), **lists})
    return any(row["has_elements"] for row in rows)
