"""What the page shows, as pandas frames: an analyst in a notebook and the page read the same functions.

    from etl import db
    from etl.report import frames
    frames.days(db.connect("postgresql://reader:...@127.0.0.1:54329/warehouse"))

All read the summaries in ``ops`` and need no more than the role ``auditor`` has. Days are days of UTC. Two clocks are
kept apart: *happened* (the event's own time, corrected) and *loaded* (when readers could first see it).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from etl import sql
from etl.sql import Db

if TYPE_CHECKING:
    import pandas as pd

DAYS = 30
LEDGER = ("landed", "released", "loaded", "held", "duplicate", "quarantined")


def days(db: Db, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """One row a day, newest first, also for days on which nothing happened.

    Columns: ``events``, ``late_events``, ``distinct_ids``, ``unique_users``, ``without_buffer`` of the events that
    *happened* that day;
    ``batches``, the ledger, ``rescued``, ``expired``, ``persons_created``, ``persons_merged``, ``warnings``,
    ``failed_expectations``, ``unbalanced``, ``refused_share`` of what was *loaded* that day; and ``freshness``.
    """
    import pandas as pd

    since = _since(last, now)
    users = unique_users(db, last=last, now=now).drop(columns="saved_by_merges").set_index("day")
    without_buffer = users.pop("without_buffer")
    ledger = _frame(db, "report/read_ledger_days", {"since": since}, index="day")
    index = pd.Index([since.date() + timedelta(days=n) for n in range(last)], name="day")
    index = index.union(users.index.union(ledger.index)).rename("day")
    counts = users.join(ledger, how="outer").reindex(index).fillna(0).astype("int64")
    counts["expired"] = counts["released"] - counts["rescued"]
    taken = counts["landed"].where(counts["landed"] > 0)
    counts["refused_share"] = counts["quarantined"] / taken
    counts = counts.join(without_buffer).join(freshness(db, last=last, now=now).set_index("day"))
    return counts.reset_index().iloc[::-1].reset_index(drop=True)


def unique_users(db: Db, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """Users by the day on which the events happened: ``distinct_ids`` before any merge, ``unique_users`` after all.

    ``saved_by_merges`` is the difference: how many users a count by distinct id has too many. ``without_buffer``: users
    had nothing been held back, as the DAG `events_maintain` counts them; missing where it has not yet.
    """
    frame = projects(db, last=last, now=now).drop(columns="team_id")
    frame = frame.groupby("day", as_index=False).sum()
    frame["saved_by_merges"] = frame["distinct_ids"] - frame["unique_users"]
    counted = _frame(db, "report/read_user_counts", {"since": _since(last, now)})
    return frame.merge(counted, on="day", how="left")


def projects(db: Db, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """The same by project: ``day``, ``team_id``, ``events``, ``late_events``, ``distinct_ids``, ``unique_users``."""
    return _frame(db, "report/read_user_days", {"since": _since(last, now)})


def freshness(db: Db, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """Seconds until an event could be read, by the day of loading: medians (p50) and what 95 % stay below (p95).

    ``arrival_*``: from its arrival; ``event_*``: from the moment it happened; ``hold_*``: time in the buffer, of those
    that were held. To the second below 100 s, to two digits above.
    """
    import pandas as pd

    ages = _frame(db, "report/read_lag", {"since": _since(last, now)})
    names = [f"{clock}_{p}_seconds" for clock in ("arrival", "event", "hold") for p in ("p50", "p95")]
    found: dict[Any, dict[str, float]] = {}
    for (day, clock), group in ages.groupby(["day", "clock"]):
        reached = group["events"].cumsum() / group["events"].sum()
        for name, share in (("p50", 0.5), ("p95", 0.95)):
            place = int((reached < share - 1e-9).sum())
            found.setdefault(day, {})[f"{clock}_{name}_seconds"] = float(group["seconds"].iloc[place])
    frame = pd.DataFrame.from_dict(found, orient="index", columns=names, dtype="float64")
    return frame.rename_axis("day").reset_index()


def batches(db: Db, *, since: datetime, until: datetime | None = None) -> pd.DataFrame:
    """One row a batch that was loaded in this time, oldest first: ledger, persons, warnings, ages, seconds of work."""
    return _frame(db, "report/read_batches", {"since": since, "until": until or datetime.max.replace(tzinfo=UTC)})


def refusals(db: Db, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """Refused rows by day of loading and expectation; a row that failed two counts for both."""
    return _frame(db, "report/read_refusals", {"since": _since(last, now)})


def quarantined(db: Db, *, last: int = DAYS, at_most: int = 20, now: datetime | None = None) -> pd.DataFrame:
    """The newest refused rows of every expectation: payload excerpt, reason, remedy."""
    return _frame(db, "report/read_quarantined", {"since": _since(last, now), "at_most": at_most})


def warnings(db: Db, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """What was cut, clamped or not merged, by day of loading and type."""
    return _frame(db, "report/read_warnings", {"since": _since(last, now)})


def buffer(db: Db, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """The buffer's worth by day of loading: ``held``, ``rescued`` (found their person meanwhile), ``expired``."""
    frame = days(db, last=last, now=now)
    return frame[["day", "held", "released", "rescued", "expired", "hold_p50_seconds", "hold_p95_seconds"]]


def decisions(db: Db, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """Batches that the gate blocked, and what people decided about them, newest first."""
    return _frame(db, "report/read_decisions", {"since": _since(last, now)})


def checks(db: Db, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """Checks of the whole warehouse or of a whole day that failed when they were last run: reason and remedy."""
    return _frame(db, "report/read_checks", {"since": _since(last, now)})


def drift(db: Db, *, last: int = 2, at_most: int = 50, now: datetime | None = None) -> pd.DataFrame:
    """What apps send now that they did not before, and what they send no more."""
    return _frame(db, "report/read_drift", {"since": _since(last, now), "at_most": at_most})


def failed_expectations(db: Db, *, since: datetime) -> pd.DataFrame:
    """Expectations that failed in batches loaded since then."""
    return _frame(db, "report/read_failed_expectations", {"since": since})


def _since(last: int, now: datetime | None) -> datetime:
    midnight = (now or datetime.now(UTC)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=last - 1)


def _frame(db: Db, name: str, params: dict[str, Any], *, index: str | None = None) -> pd.DataFrame:
    import pandas as pd

    cursor = sql.run(db, name, params)
    columns = [column.name for column in cursor.description or ()]
    rows = [tuple(row.values()) for row in cursor]
    frame = pd.DataFrame.from_records(rows, columns=columns)
    return frame.set_index(index) if index else frame
