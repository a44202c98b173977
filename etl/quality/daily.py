"""What maintenance looks at by day: users with and without the buffer, drift, advice; and the whole warehouse."""

from __future__ import annotations

from datetime import date

from etl import sql
from etl.quality.gate import MAX_EXAMPLES, Finding, evaluate_numbers
from etl.sql import Db, Row

# One statement a number of the suite; each also says how many events it looked at, and gives examples.
ADVICE = (
    "advice/event_names",
    "advice/sent_twice",
    "advice/signup_from_browser",
    "advice/backend_without_source",
    "advice/placeholder_ids",
    "advice/crowded_ids",
    "advice/expired_unmatched",
)


def look_at_days(db: Db) -> list[date]:
    """Count and check the newest days, and those never counted; returns them. A day is looked at again for two days."""
    days = [row["day"] for row in sql.run(db, "daily/list_days")]
    for day in days:
        with db.transaction():
            for name in ("daily/count_users", "daily/count_events", "daily/profile_properties", "daily/find_drift"):
                sql.run(db, name, {"day": day})
            check_advice(db, day)
    return days


def check_advice(db: Db, day: date) -> list[Finding]:
    """Evaluate ``expectations/advice.json`` over the events of one day (UTC, event time)."""
    found = {name.removeprefix("advice/"): sql.one(db, name, {"day": day}) for name in ADVICE}
    findings = evaluate_numbers({name: row["unexpected"] for name, row in found.items()}, "advice", 1)
    for finding in findings:
        _record(db, day, finding, found[finding.column])
    return findings


def check_warehouse(db: Db) -> list[Finding]:
    """Evaluate ``expectations/warehouse.json`` and ``person.json`` over everything; returns what failed."""
    failed = []
    today = sql.one(db, "daily/read_today")["today"]
    for suite in ("warehouse", "person"):
        name = {"warehouse": "daily/measure_warehouse", "person": "daily/measure_persons"}[suite]
        numbers = sql.one(db, name)
        evaluated = numbers.pop("evaluated")
        for finding in evaluate_numbers(numbers, suite, evaluated):
            _record(db, today, finding, {"evaluated": evaluated, "unexpected": numbers[finding.column], "examples": []})
            if not finding.is_success:
                failed.append(finding)
    return failed


def read_drift(db: Db, *, days: int = 7, team_id: int | None = None, at_most: int = 500) -> list[Row]:
    """What drifted in the last days, in one project or in all: see ``ops.plan_drift``."""
    return sql.run(db, "daily/read_drift", {"days": days, "team_id": team_id, "at_most": at_most}).fetchall()


def _record(db: Db, day: date, finding: Finding, found: Row) -> None:
    sql.run(
        db,
        "daily/insert_result",
        {
            "day": day,
            "suite": finding.suite,
            "expectation": finding.name,
            "severity": finding.severity,
            "is_success": finding.is_success,
            "evaluated": int(found["evaluated"]),
            "unexpected": int(found["unexpected"]),
            "observed": finding.observed,
            "examples": sql.json_text(found["examples"][:MAX_EXAMPLES]),
            "reason": finding.reason,
            "remedy": finding.remedy,
        },
    )
