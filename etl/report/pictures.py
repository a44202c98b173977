"""Which charts stand on which page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from etl.report.charts import Chart, Ranking, Series, sparkline
from etl.report.html import text

if TYPE_CHECKING:
    import pandas as pd

QUARTERS = 96  # of an hour, in a day
MOST_REASONS = 8
MOST_SOURCES = 8
SOURCE_HOURS = 48


def overview(days: pd.DataFrame, recent: pd.DataFrame, now: datetime) -> list[Chart]:
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
            noun="users",
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
        *batches(recent, now),
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
            noun="events",
            links=links,
        ),
    ]


def batches(recent: pd.DataFrame, now: datetime) -> list[Chart]:
    """Volume and lag of the last 24 hours, by quarter of an hour."""
    end = now.astimezone(UTC).replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    quarters = [end - timedelta(minutes=15 * back) for back in reversed(range(QUARTERS))]
    summed = recent.groupby(recent["loaded_at"].dt.floor("15min")).agg(
        loaded=("loaded", "sum"), held=("held", "sum"), refused=("quarantined", "sum"),
        p50=("arrival_p50_seconds", "median"), p95=("arrival_p95_seconds", "max"),
    )  # fmt: skip
    summed = summed.reindex(quarters)
    labels = [f"{moment:%a %H:%M}" for moment in quarters]
    return [
        Chart(
            "batch-volume",
            "Rows, last 24 hours",
            "By the quarter of an hour in which they were loaded.",
            "n",
            labels,
            [
                Series("loaded", "s2", list(summed["loaded"])),
                Series("held", "s1", list(summed["held"])),
                Series("refused", "s3", list(summed["refused"])),
            ],
        ),
        Chart(
            "lag",
            "From arrival to readable, last 24 hours",
            "By quarter of an hour. p50: half of a batch's events were faster; p95: 95 of 100 were, in the slowest "
            "batch. Held events wait a minute on purpose.",
            "secs",
            labels,
            [
                Series("p95", "s4", list(summed["p95"])),
                Series("p50", "s2", list(summed["p50"])),
            ],
            kind="lines",
            noun="time",
        ),
    ]


def sources(hours: list[dict[str, Any]], now: datetime) -> list[Chart]:
    """Each source by hour: what was seen, and what the same hour of past weeks had."""
    end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    moments = [end - timedelta(hours=back) for back in reversed(range(1, SOURCE_HOURS + 1))]
    found: dict[tuple[int, str], dict[datetime, dict[str, Any]]] = {}
    for row in hours:
        found.setdefault((row["team_id"], row["source"]), {})[row["hour_at"].astimezone(UTC)] = row
    busy = sorted(found, key=lambda key: -sum(row["events"] + (row["expected"] or 0) for row in found[key].values()))
    return [
        Chart(
            f"source-{place}",
            f"{text(source)}, project {team_id}",
            "Events an hour by their own time, the last 48 hours; the line is the median of the same hour of the last "
            "four weeks.",
            "n",
            [f"{moment:%a %H:%M}" for moment in moments],
            [
                Series("seen", "s2", [found[team_id, source].get(at, {}).get("events", 0) for at in moments]),
                Series("expected", "s4", [found[team_id, source].get(at, {}).get("expected") for at in moments]),
            ],
            kind="lines",
            noun="events",
        )
        for place, (team_id, source) in enumerate(busy[:MOST_SOURCES])
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


def ledger_hours(batches: pd.DataFrame) -> list[dict[str, Any]]:
    """The ledger of a day's batches by the hour of loading."""
    if batches.empty:
        return []
    columns = ["landed", "released", "loaded", "held", "duplicate", "quarantined", "warnings"]
    grouped = batches.groupby(batches["loaded_at"].dt.hour)
    summed = (
        grouped[columns]
        .sum()
        .assign(batches=grouped.size(), first=grouped["batch_id"].min(), last=grouped["batch_id"].max())
    )
    return [
        {str(name): value for name, value in row.items()} for row in summed.reset_index(names="hour").to_dict("records")
    ]


def trends(frame: pd.DataFrame, column: str, days: list[date]) -> dict[str, str]:
    """A line by name: its number on each of the days, oldest first."""
    found = {}
    for name, rows in frame.groupby(column):
        by_day = rows.groupby("day")["events"].sum()
        found[str(name)] = sparkline([int(by_day.get(day, 0)) for day in days])
    return found


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
