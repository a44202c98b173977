"""Which charts stand on which page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from etl.report.charts import Chart, Ranking, Series

if TYPE_CHECKING:
    import pandas as pd

RECENT_BATCHES = 180
MOST_REASONS = 8


def overview(days: pd.DataFrame, recent: pd.DataFrame) -> list[Chart]:
    """Users, volume, lag, buffer."""
    days = days.iloc[::-1]
    labels = [f"{day.day} {day:%b}" for day in days["day"]]
    links = [f"day/{day}.html" for day in days["day"]]
    return [
        Chart(
            "users",
            "Unique users a day",
            "Filled: users. Pale: other ids of the same users, which a count by distinct id would take for more.",
            "n",
            labels,
            [
                Series("unique users", "s1", list(days["unique_users"])),
                Series("too many without merges", "s1-pale", list(days["distinct_ids"] - days["unique_users"])),
            ],
            links=links,
        ),
        Chart(
            "volume",
            "Rows a day, by the day they were loaded",
            "Every landed row is one of these; what is held is counted on the day of its release.",
            "n",
            labels,
            [
                Series("loaded", "s2", list(days["loaded"])),
                Series("duplicates", "s4", list(days["duplicate"])),
                Series("refused", "s3", list(days["quarantined"])),
            ],
            links=links,
        ),
        *batches(recent),
        Chart(
            "buffer",
            "The buffer's worth",
            "Held events released a day. Rescued: a person was found meanwhile, so nobody was counted twice for it.",
            "n",
            labels,
            [
                Series("rescued", "s1", list(days["rescued"])),
                Series("expired unmatched", "s4", list(days["expired"])),
            ],
            links=links,
        ),
    ]


def batches(recent: pd.DataFrame) -> list[Chart]:
    """Volume and lag of the newest batches."""
    newest = recent.tail(RECENT_BATCHES)
    labels = [f"{moment:%H:%M}" for moment in newest["loaded_at"]]
    return [
        Chart(
            "batch-volume",
            "Rows a batch",
            f"The newest {len(newest)} batches of the last 24 hours.",
            "n",
            labels,
            [
                Series("loaded", "s2", list(newest["loaded"])),
                Series("held", "s4", list(newest["held"])),
                Series("refused", "s3", list(newest["quarantined"])),
            ],
        ),
        Chart(
            "lag",
            "From arrival to readable",
            f"Seconds, by batch, the newest {len(newest)}. p50: half of the events were faster; p95: 95 of 100 were. "
            "Held events wait a minute on purpose.",
            "secs",
            labels,
            [
                Series("p95", "s4", list(newest["arrival_p95_seconds"])),
                Series("p50", "s2", list(newest["arrival_p50_seconds"])),
            ],
            kind="lines",
        ),
    ]


def hours(batches: pd.DataFrame) -> list[Chart]:
    """Volume of a day by the hour of loading."""
    if batches.empty:
        return []
    hourly = batches.groupby(batches["loaded_at"].dt.hour)[["loaded", "duplicate", "quarantined"]].sum()
    hourly = hourly.reindex(range(24), fill_value=0)
    return [
        Chart(
            "hours",
            "Rows an hour (UTC)",
            "By the hour of loading.",
            "n",
            [f"{hour:02d}:00" for hour in hourly.index],
            [
                Series("loaded", "s2", list(hourly["loaded"])),
                Series("duplicates", "s4", list(hourly["duplicate"])),
                Series("refused", "s3", list(hourly["quarantined"])),
            ],
        )
    ]


def refused_by_day(refusals: pd.DataFrame, last: int, now: datetime) -> list[Chart]:
    """Refused rows of the days of the window."""
    if refusals.empty:
        return []
    today = now.astimezone(UTC).date()
    by_day = refusals.groupby("day")["events"].sum()
    days = [today - timedelta(days=back) for back in reversed(range(last))]
    return [
        Chart(
            "refused",
            "Refused a day",
            "By the day of loading; a row that fails two expectations counts for both.",
            "n",
            [f"{day.day} {day:%b}" for day in days],
            [Series("refused", "s3", [by_day.get(day, 0) for day in days])],
        )
    ]


def totals(frame: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """Sums over the days by name, the largest first."""
    if frame.empty:
        return []
    summed = frame.groupby(column, as_index=False).agg(
        value=("events", "sum"), first=("day", "min"), newest=("day", "max"), newest_batch_id=("newest_batch_id", "max")
    )
    summed = summed.rename(columns={column: "name"}).sort_values(["value", "name"], ascending=[False, True])
    return [{str(key): value for key, value in row.items()} for row in summed.to_dict("records")]


def reasons(refusals: pd.DataFrame) -> Ranking:
    """Refused rows by reason, the most frequent."""
    return Ranking(totals(refusals, "expectation")[:MOST_REASONS])
