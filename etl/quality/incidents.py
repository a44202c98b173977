"""Incidents: what is wrong for some time, found by maintenance and dealt with by people.

Each query in ``sql/detectors/`` looks for one kind; ``expectations/incident.json`` has its thresholds and says what it
means. To look for another kind, add a query and its entry there: the query gets the thresholds and the time to look at
(``since``, ``until``), and gives a row an incident: ``team_id``, ``subject``, ``since_at``, ``last_at``, ``events``,
``users``, ``detail``, ``examples``.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Literal

import msgspec

from etl import sql
from etl.errors import EtlError, GateError
from etl.quality.audit_log import entry
from etl.quality.suites import Text
from etl.sql import Db, Row

DETECTORS = "detectors"


class Kind(msgspec.Struct, frozen=True):
    """What an incident of a kind means.

    Attributes:
        name: of the query that finds it.
        severity: what it does to the number of users. critical: it is wrong; warning: look first; info: it holds.
        owner: who can fix it.
        thresholds: parameters of the query.
        is_settled_when_over: once it is over, the days on which it lasted are in doubt no more.
    """

    name: Text
    severity: Literal["critical", "warning", "info"]
    title: Text
    reason: Text
    owner: Text
    remedy: Text
    thresholds: dict[str, float]
    is_settled_when_over: bool = False


class _Written(msgspec.Struct):
    hours: int
    over_after_hours: int
    incidents: list[Kind]


@functools.cache
def kinds() -> dict[str, Kind]:
    """The kinds of incidents by name.

    Raises:
        GateError: the file cannot be read, or its kinds are not those that ``sql/detectors/`` finds.
    """
    named = {kind.name: kind for kind in _written().incidents}
    found = {file.name.removesuffix(".sql") for file in (sql.resource("sql") / DETECTORS).iterdir()}
    if different := named.keys() ^ found:
        raise GateError(
            f"expectations/incident.json and sql/{DETECTORS} differ in {', '.join(sorted(different))}. "
            "Each kind of incident needs a query and an entry."
        )
    return named


def watch(db: Db, *, now: datetime | None = None, names: Collection[str] | None = None) -> None:
    """Look for incidents up to what is loaded: note those that are so, and end those that are not seen any more.

    Args:
        db: a connection in autocommit mode.
        now: the clock, for tests; default: the server's.
        names: the kinds to look for; default: all.
    """
    now = now or datetime.now(UTC)
    window = sql.run(db, "incident/read_window", {"now": now, "hours": _written().hours}).fetchone()
    if window is None:
        return
    with db.transaction():
        for kind in (each for each in kinds().values() if names is None or each.name in names):
            for row in sql.run(db, f"{DETECTORS}/{kind.name}", {**window, **kind.thresholds}).fetchall():
                examples = sql.json_text(row["examples"] or [])
                sql.run(db, "incident/note", {**row, "kind": kind.name, "examples": examples})
        sql.run(db, "incident/end_over", {"until": window["until"], "hours": _written().over_after_hours})


def list_incidents(
    db: Db, *, team_id: int | None = None, over_since: datetime | None = None, at_most: int = 50
) -> list[Row]:
    """Those that last, then those that ended at or after ``over_since``; default: none of these."""
    return sql.run(db, "incident/list", {"team_id": team_id, "over_since": over_since, "at_most": at_most}).fetchall()


def acknowledge(db: Db, incident_id: int, *, by: str, why: str) -> None:
    """Keep that somebody knows of it; it stays until it is over.

    Raises:
        EtlError: there is no such incident, or it is over.
    """
    decision = _decision(incident_id, by, why)
    with entry(db, "decision", f"incident {incident_id} acknowledged by {by}: {decision['why']}"):
        if sql.run(db, "incident/acknowledge", decision).fetchone() is None:
            known = _read(db, incident_id)["incident_id"]
            raise EtlError(f"Incident {known} is over: there is nothing to acknowledge.")


def close(db: Db, incident_id: int, *, by: str, why: str) -> None:
    """End it, whatever is still seen of it. What is still so two days later becomes another one.

    Raises:
        EtlError: there is no such incident, or somebody has closed it before.
    """
    decision = _decision(incident_id, by, why)
    with entry(db, "decision", f"incident {incident_id} closed by {by}: {decision['why']}"):
        if sql.run(db, "incident/close", decision).fetchone() is None:
            raise EtlError(f"Incident {incident_id} was closed by {_read(db, incident_id)['closed_by']}.")


def sentence(incident: Row) -> str:
    """What it is, in one line."""
    subject = f": {incident['subject']}" if incident["subject"] else ""
    return f"{kinds()[incident['kind']].title}{subject} ({incident['detail']})"


def _decision(incident_id: int, by: str, why: str) -> Row:
    if not why.strip():
        raise EtlError("Say why: the reason is kept with the incident.")
    return {"incident_id": incident_id, "by": by, "why": why.strip()}


def _read(db: Db, incident_id: int) -> Row:
    found = sql.run(db, "incident/read", {"incident_id": incident_id}).fetchone()
    if found is None:
        raise EtlError(f"There is no incident {incident_id}: `etl incident list` shows them.")
    return found


@functools.cache
def _written() -> _Written:
    content = (sql.resource("expectations") / "incident.json").read_bytes()
    try:
        return msgspec.json.decode(content, type=_Written)
    except msgspec.DecodeError as error:
        raise GateError(f"expectations/incident.json cannot be used: {error}. No incident was looked for.") from error
