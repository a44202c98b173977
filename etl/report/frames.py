"""What the page shows, as pandas frames: an analyst in a notebook and the page read the same functions.

    from sqlalchemy import create_engine
    from etl.report import frames

    engine = create_engine("postgresql+psycopg://reader:...@127.0.0.1:54329/warehouse")
    frames.days(engine, last=7)

Every function takes the warehouse first: an engine or a connection of SQLAlchemy, or just the URL. Each reads the
summaries in ``ops``, and needs no more than the role ``auditor`` has. Days are days of UTC (``datetime.date``), moments
are in UTC, and a count is an integer. Two clocks are kept apart: *happened* (the event's own time, corrected) and
*loaded* (when readers could first see it).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import pandas as pd
import sqlalchemy as sa
from psycopg.rows import tuple_row

from etl import sql
from etl.sql import Db

DAYS = 30

Warehouse = str | sa.Engine | sa.Connection
"""Where to read: a URL (``postgresql://``), an engine, or an open connection."""

# A column's name means the same in every frame. pandas would have to guess the type of one without values.
_COLUMNS = {
    "int64": "landing_id batch_id newest_batch_id batches landed released loaded held duplicate quarantined rescued"
    " persons_created persons_merged warnings failed_expectations unbalanced unexpected written refused withheld"
    " waiting events late_events distinct_ids unique_users"
    " counted at_least at_most joinable placeholders placeholder_events refused_ids refused_rows"
    " proposal_id events_a_day_before",
    "float64": "seconds arrival_p50_seconds arrival_p95_seconds event_p50_seconds event_p95_seconds without_buffer",
    "datetime64[us, UTC]": "received_at opened_at loaded_at decided_at",
    "bool": "is_balanced",
}
_DTYPES = {column: dtype for dtype, columns in _COLUMNS.items() for column in columns.split()}


@contextmanager
def snapshot(warehouse: Warehouse) -> Iterator[sa.Connection]:
    """A read-only connection whose frames all show the same moment, whatever is loaded meanwhile.

        with frames.snapshot(engine) as connection:
            days, refusals = frames.days(connection), frames.refusals(connection)

    A connection is passed on as it is: what it sees is up to the transaction it is in.

    Raises:
        ConfigurationError: there is no such login or database at the URL.
        UnavailableError: the URL cannot be reached just now.
    """
    if isinstance(warehouse, sa.Connection):
        yield warehouse
        return
    engine = _engine(warehouse) if isinstance(warehouse, str) else warehouse
    if not isinstance(engine, sa.Engine):
        raise TypeError(f"Hand over a URL, or an engine or connection of SQLAlchemy, not {type(engine)}.")
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def days(warehouse: Warehouse, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """One row a day, newest first, also for days on which nothing happened.

    Columns: ``events``, ``late_events``, ``distinct_ids``, ``unique_users``, ``without_buffer`` of the events that
    *happened* that day;
    ``batches``, the ledger, ``rescued``, ``expired``, ``persons_created``, ``persons_merged``, ``warnings``,
    ``failed_expectations``, ``unbalanced``, ``refused_share`` of what was *loaded* that day; and ``freshness``.
    """
    with snapshot(warehouse) as connection:
        users = unique_users(connection, last=last, now=now).drop(columns="saved_by_merges").set_index("day")
        ledger = _frame(connection, "report/read_ledger_days", {"since": _midnight(last, now)}).set_index("day")
        ages = freshness(connection, last=last, now=now).set_index("day")
    without_buffer = users.pop("without_buffer")
    first = _first_day(last, now)
    index = pd.Index([first + timedelta(days=n) for n in range(last)], name="day")
    index = index.union(users.index.union(ledger.index)).rename("day")
    counts = users.join(ledger, how="outer").reindex(index).fillna(0).astype("int64")
    counts["expired"] = counts["released"] - counts["rescued"]
    taken = counts["landed"].where(counts["landed"] > 0)
    counts["refused_share"] = counts["quarantined"] / taken
    counts = counts.join(without_buffer).join(ages)
    return counts.reset_index().iloc[::-1].reset_index(drop=True)


def unique_users(warehouse: Warehouse, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """Users by the day on which the events happened: ``distinct_ids`` before any merge, ``unique_users`` after all.

    ``saved_by_merges`` is the difference: how many users a count by distinct id has too many. ``without_buffer``: users
    had nothing been held back, as the DAG `events_maintain` counts them; missing where it has not yet.
    """
    with snapshot(warehouse) as connection:
        users = projects(connection, last=last, now=now).drop(columns="team_id").groupby("day", as_index=False).sum()
        counted = _frame(connection, "report/read_user_counts", {"since": _first_day(last, now)})
    users["saved_by_merges"] = users["distinct_ids"] - users["unique_users"]
    return users.merge(counted, on="day", how="left")


def projects(warehouse: Warehouse, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """The same by project: ``day``, ``team_id``, ``events``, ``late_events``, ``distinct_ids``, ``unique_users``."""
    return _frame(warehouse, "report/read_user_days", {"since": _first_day(last, now)})


def bounds(warehouse: Warehouse, *, last: int = 2, now: datetime | None = None) -> pd.DataFrame:
    """Unique users of the newest days, newest first: ``counted``, ``at_least`` and ``at_most``, and what they rest on.

    ``joinable``: users that open merges could still join to others; ``placeholders`` and ``placeholder_events``: users
    whose id is one such as ``null``, and their events; ``held``, ``refused_ids``: ids that are held or wait in
    quarantine and are not counted; ``refused_rows``: rows that wait without an id. The rule and what it takes for
    granted: ``sql/report/count_bounds.sql``.
    """
    found = []
    with snapshot(warehouse) as connection:
        for back in range(last):
            day = _first_day(back + 1, now)
            found.append(_frame(connection, "report/count_bounds", {"day": day}).assign(day=day))
    frame = pd.concat(found, ignore_index=True)
    return frame[["day", *frame.columns.drop("day")]]


def freshness(warehouse: Warehouse, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """Seconds until an event could be read, by the day of loading: medians (p50) and what 95 % stay below (p95).

    ``arrival_*``: from its arrival; ``event_*``: from the moment it happened; ``hold_*``: time in the buffer, of those
    that were held. To the second below 100 s, to two digits above.
    """
    ages = _frame(warehouse, "report/read_lag", {"since": _first_day(last, now)})
    names = [f"{clock}_{p}_seconds" for clock in ("arrival", "event", "hold") for p in ("p50", "p95")]
    found: dict[Any, dict[str, float]] = {}
    for (day, clock), group in ages.groupby(["day", "clock"]):
        reached = group["events"].cumsum() / group["events"].sum()
        for name, share in (("p50", 0.5), ("p95", 0.95)):
            place = int((reached < share - 1e-9).sum())
            found.setdefault(day, {})[f"{clock}_{name}_seconds"] = float(group["seconds"].iloc[place])
    frame = pd.DataFrame.from_dict(found, orient="index", columns=names, dtype="float64")
    return frame.rename_axis("day").reset_index()


def batches(warehouse: Warehouse, *, since: datetime, until: datetime | None = None) -> pd.DataFrame:
    """One row a batch that was loaded in this time, oldest first: ledger, persons, warnings, ages, seconds of work."""
    until = until or datetime.max.replace(tzinfo=UTC)
    return _frame(warehouse, "report/read_batches", {"since": since, "until": until})


def refusals(warehouse: Warehouse, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """Refused rows by day of loading and expectation; a row that failed two counts for both."""
    return _frame(warehouse, "report/read_refusals", {"since": _midnight(last, now)})


def quarantined(
    warehouse: Warehouse, *, last: int = DAYS, at_most: int = 20, now: datetime | None = None
) -> pd.DataFrame:
    """The newest refused rows of every expectation: payload excerpt, reason, remedy."""
    return _frame(warehouse, "report/read_quarantined", {"since": _midnight(last, now), "at_most": at_most})


def warnings(warehouse: Warehouse, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """What was cut, clamped or not merged, by day of loading and type."""
    return _frame(warehouse, "report/read_warnings", {"since": _midnight(last, now)})


def buffer(warehouse: Warehouse, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """The buffer's worth by day of loading: ``held``, ``rescued`` (found their person meanwhile), ``expired``."""
    frame = days(warehouse, last=last, now=now)
    return frame[["day", "held", "released", "rescued", "expired", "hold_p50_seconds", "hold_p95_seconds"]]


def decisions(warehouse: Warehouse, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """Batches that people have sent to quarantine whole, and why, newest first."""
    return _frame(warehouse, "report/read_decisions", {"since": _midnight(last, now)})


def withheld(warehouse: Warehouse, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """Projects whose rows of a batch were withheld, because the others fail the gate, newest batch first.

    ``withheld`` of ``written`` rows went to quarantine for that; ``waiting`` are there still.
    """
    return _frame(warehouse, "report/read_withheld", {"since": _midnight(last, now)})


def checks(warehouse: Warehouse, *, last: int = DAYS, now: datetime | None = None) -> pd.DataFrame:
    """Checks of the whole warehouse or of a whole day that failed when they were last run: reason and remedy."""
    return _frame(warehouse, "report/read_checks", {"since": _first_day(last, now)})


def drift(warehouse: Warehouse, *, last: int = 2, at_most: int = 50, now: datetime | None = None) -> pd.DataFrame:
    """What apps send now that they did not before, and what they send no more."""
    return _frame(warehouse, "report/read_drift", {"since": _first_day(last, now), "at_most": at_most})


def proposals(warehouse: Warehouse, *, last: int = 7, now: datetime | None = None) -> pd.DataFrame:
    """Steps that actions may need, because another text stands where the one that they ask for stood."""
    wanted = {"team_id": None, "since": _first_day(last + 1, now), "proposal_id": None}
    return _frame(warehouse, "action/read_proposals", wanted)


def failed_expectations(warehouse: Warehouse, *, since: datetime) -> pd.DataFrame:
    """Expectations that failed in batches loaded since then."""
    return _frame(warehouse, "report/read_failed_expectations", {"since": since})


def _first_day(last: int, now: datetime | None) -> date:
    return (now or datetime.now(UTC)).astimezone(UTC).date() - timedelta(days=last - 1)


def _midnight(last: int, now: datetime | None) -> datetime:
    return datetime.combine(_first_day(last, now), time(), UTC)


def _frame(warehouse: Warehouse, name: str, params: dict[str, Any]) -> pd.DataFrame:
    # A plain string goes to the driver as it is, so that %(name)s, casts and %% in the file mean what they mean there.
    with snapshot(warehouse) as connection:
        frame = pd.read_sql_query(sql.statement(name).decode(), connection, params=params)
    return frame.astype({column: _DTYPES[column] for column in frame if column in _DTYPES})


def _engine(url: str) -> sa.Engine:
    """For a single use: its connections are made as all others are, and closed at once."""
    return sa.create_engine("postgresql+psycopg://", creator=partial(_connect, url), poolclass=sa.NullPool)


def _connect(url: str) -> Db:
    connection = sql.connect(url, application_name="etl report")
    # What SQLAlchemy expects of a driver.
    connection.autocommit = False
    connection.row_factory = tuple_row  # type: ignore[assignment]
    return connection
