"""Is it fine? The traffic light, and what each colour is owed to. Reads frames, no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from etl.db import Row
from etl.report.html import number, seconds, share
from etl.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

GOOD, LOOK, BAD = "good", "look", "bad"
HEADLINES = {
    GOOD: "Fine. The numbers can be trusted.",
    LOOK: "Usable, but look at this first.",
    BAD: "Do not trust the numbers yet.",
}
MOST_DUPLICATES = 0.2
FEW_ROWS = 20  # of a day: too few for a share to mean anything
SILENCE_SECONDS = 900.0


@dataclass(frozen=True)
class Finding:
    """One reason for a colour: what is so, what to do, and where the rows are."""

    level: str
    what: str
    remedy: str
    link: str | None = None


@dataclass(frozen=True)
class Check:
    """One line of "are they right?": the question, the answer, whether it is good news."""

    question: str
    level: str
    answer: str
    link: str | None = None


def findings(settings: Settings, newest: Row, days: pd.DataFrame, recent: pd.DataFrame) -> list[Finding]:
    """What a person should know, the worst first.

    Args:
        settings: the thresholds.
        newest: ``report/read_newest``.
        days: ``frames.days``.
        recent: ``frames.batches`` of the last 24 hours.
    """
    found = [*_about_ledger(days), *_about_lateness(settings, newest), *_about_shares(settings, days)]
    if silence := _silence(newest["clock"], recent):
        found.append(silence)
    if newest["batch_id"] and newest["summed_batch_id"] < newest["batch_id"]:
        missing = newest["batch_id"] - newest["summed_batch_id"]
        found.append(
            Finding(
                LOOK,
                f"Users and freshness lack the newest {number(missing)} batches.",
                "Run `etl report` once with a login that may write, or look at the DAG `report`.",
            )
        )
    return sorted(found, key=lambda each: each.level != BAD)


def level_of(found: list[Finding]) -> str:
    """The colour: the worst of the findings."""
    levels = {each.level for each in found}
    return BAD if BAD in levels else LOOK if LOOK in levels else GOOD


def _about_ledger(days: pd.DataFrame) -> list[Finding]:
    return [
        Finding(
            BAD,
            f"{number(day.unbalanced)} batches of {day.day} do not balance: rows are unaccounted for.",
            "Leave numbers that include that day unpublished; `etl status` names the batches.",
            f"day/{day.day}.html",
        )
        for day in days[days["unbalanced"] > 0].itertuples()
    ]


def _about_lateness(settings: Settings, newest: Row) -> list[Finding]:
    if newest["batch_id"] is None:
        return [Finding(LOOK, "No batch has been loaded yet.", "Un-pause the DAG `ingest`, or run `etl cycle`.")]
    age = (newest["clock"] - newest["loaded_at"]).total_seconds()
    if age <= settings.late_after_seconds:
        return []
    return [
        Finding(
            BAD,
            f"The newest batch is late: nothing has been loaded for {seconds(age)}.",
            "Look at the DAG `ingest` in Airflow, or run `etl status`: it names what is in the way. "
            "Days that are over stay right; today lacks what has arrived since.",
            "batches.html",
        )
    ]


def _about_shares(settings: Settings, days: pd.DataFrame) -> list[Finding]:
    found = []
    for day in days.head(2).itertuples():
        if day.landed < FEW_ROWS:
            continue
        if day.quarantined / day.landed > settings.report_refused_share:
            found.append(
                Finding(
                    LOOK,
                    f"{share(day.quarantined / day.landed)} of the rows loaded on {day.day} were refused "
                    f"({number(day.quarantined)} of {number(day.landed)}).",
                    "Each reason, its rows and its remedy are on the quarantine page. No user is counted from them.",
                    "quarantine.html",
                )
            )
        if day.duplicate / day.landed > MOST_DUPLICATES:
            found.append(
                Finding(
                    LOOK,
                    f"A flood of duplicates: {share(day.duplicate / day.landed)} of the rows of {day.day} repeat an "
                    "event that was there already.",
                    "Nothing is counted twice. Find the client that sends again and again.",
                    f"day/{day.day}.html",
                )
            )
    return found


def _silence(clock: datetime, recent: pd.DataFrame) -> Finding | None:
    arrivals = recent.loc[recent["landed"] > 0, "loaded_at"]
    if len(arrivals) < 2:
        return None
    quiet = (clock - arrivals.iloc[-1]).total_seconds()
    longest = arrivals.diff().max().total_seconds()
    if quiet <= max(SILENCE_SECONDS, 2 * longest):
        return None
    return Finding(
        LOOK,
        f"Silence: no event has arrived for {seconds(quiet)}; the longest pause of the day before was {seconds(longest)}.",
        "Cycles run, but writers send nothing: look at the apps and at what stands between them and landing.",
        "batches.html",
    )


def checks(days: pd.DataFrame, newest: Row, yesterday: pd.Series) -> list[Check]:
    """Whether yesterday's numbers are right, question by question."""
    link = f"day/{yesterday['day']}.html"
    unbalanced = int(days["unbalanced"].sum())
    batches = int(days["batches"].sum())
    refused, landed = int(yesterday["quarantined"]), int(yesterday["landed"])
    over = days[days["day"] < yesterday["day"]]
    late, events = int(over["late_events"].sum()), int(over["events"].sum())
    usual = f"usually {share(late / events)} of a day's events do" if events else "no older day to compare with"
    merged = int(yesterday["distinct_ids"] - yesterday["unique_users"])
    return [
        Check(
            "Is every row accounted for?",
            BAD if unbalanced else GOOD,
            f"{number(unbalanced)} of {number(batches)} batches do not balance."
            if unbalanced
            else f"Yes: all {number(batches)} batches balance, landed + released = loaded + held + duplicate + quarantined.",
            "days.html",
        ),
        Check(
            "Is one user counted as several?",
            GOOD,
            f"{number(yesterday['distinct_ids'])} ids were active, {number(merged)} of them another id of somebody "
            "counted already.",
            link,
        ),
        Check(
            "Is a row counted twice?",
            GOOD,
            f"No: {number(yesterday['duplicate'])} repeated rows were recognised and left out.",
            link,
        ),
        Check(
            "Is something missing?",
            LOOK if refused else GOOD,
            f"{number(refused)} of {number(landed)} rows were refused ({share(refused / landed if landed else 0)})."
            if refused
            else "Nothing was refused.",
            "quarantine.html",
        ),
        Check(
            "Can the numbers still change?",
            GOOD,
            f"By events that arrive after their day: {usual}. {number(newest['held'])} events are held just now. "
            "A merge can still join two users into one.",
            "words.html#late-arriving",
        ),
    ]
