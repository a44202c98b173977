"""What maintenance counts and checks by day: users with and without the buffer, drift, advice, incidents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from etl import sql
from etl.quality import incidents
from etl.quality.action_drift import propose_steps
from etl.quality.gate import MAX_EXAMPLES, Finding, evaluate_numbers, record_checks
from etl.sql import Db, Row

# One statement for each number of the suite; each also says how many events it looked at, how many of them are not as
# advised, and gives examples. The number is that of the events, or their share where the statement gives one.
ADVICE = (
    "advice/event_names",
    "advice/names_sent_from_both_sides",
    "advice/signup_from_browser",
    "advice/backend_without_source",
    "advice/placeholder_ids",
    "advice/crowded_ids",
    "advice/expired_unmatched",
)


# In this order: what a day is compared with is counted before it.
COUNTS = (
    "daily/count_users",
    "daily/count_events",
    "daily/profile_properties",
    "daily/find_drift",
    "daily/count_hours",
    "daily/expect_hours",
)


def check_days(db: Db, *, now: datetime | None = None) -> list[date]:
    """Count and check the newest days, and those never counted; returns them. A day is checked again for two days.

    Of older days the users are counted again where late events or merges have changed them, and of one more each time,
    so that no number stands forever that was not counted. Then look for incidents in the last two days.

    Args:
        db: a connection in autocommit mode.
        now: the clock, for tests; default: the server's.
    """
    today = sql.one(db, "daily/read_today")["today"] if now is None else now.astimezone(UTC).date()
    days = [row["day"] for row in sql.run(db, "daily/list_days", {"today": today})]
    for day in days:
        with db.transaction():
            for name in COUNTS:
                sql.run(db, name, {"day": day, "today": today})
            propose_steps(db, day, today)
            check_advice(db, day)
    for row in sql.run(db, "daily/list_changed_days", {"today": today}).fetchall():
        sql.run(db, "daily/count_users", {"day": row["day"]})
    sql.run(db, "daily/forget_hours", {"today": today})
    incidents.watch(db, now=now)
    return days


def check_advice(db: Db, day: date) -> list[Finding]:
    """Evaluate ``expectations/advice.json`` over the events of one day (UTC, event time)."""
    found = {name.removeprefix("advice/"): sql.one(db, name, {"day": day}) for name in ADVICE}
    numbers = {name: row["share"] if "share" in row else row["unexpected"] for name, row in found.items()}
    findings = [
        replace(
            finding,
            evaluated=found[finding.column]["evaluated"],
            unexpected=found[finding.column]["unexpected"],
            examples=found[finding.column]["examples"][:MAX_EXAMPLES],
        )
        for finding in evaluate_numbers(numbers, "advice", 1)
    ]
    record_checks(db, day, findings)
    return findings


def read_drift(db: Db, *, days: int = 7, team_id: int | None = None, at_most: int = 500) -> list[Row]:
    """What drifted in the last days, in one project or in all: see ``ops.plan_drift``."""
    return sql.run(db, "daily/read_drift", {"days": days, "team_id": team_id, "at_most": at_most}).fetchall()
