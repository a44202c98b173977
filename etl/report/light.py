"""Is it fine? The light of the page, and the remarks that explain its colour. Reads frames, no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from etl.names import INGEST, REPORT
from etl.report.html import is_missing, number, seconds, share, text, when
from etl.settings import Settings
from etl.sql import Row

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
class Remark:
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


def remarks(
    settings: Settings,
    newest: Row,
    days: list[Row],
    recent: list[Row],
    *,
    withheld: list[Row],
    failed: list[Row],
    evidence: Row,
) -> list[Remark]:
    """What a person should know, the worst first.

    Args:
        settings: the thresholds.
        newest: ``report/read_newest``.
        days: the rows of ``frames.days``, newest first.
        recent: the rows of ``frames.batches`` of the last 24 hours.
        withheld: the rows of ``frames.withheld``.
        failed: the rows of ``frames.checks``.
        evidence: ``report/read_evidence``: what maintenance found last.
    """
    found = [*_about_ledger(days), *_about_lateness(settings, newest), *_about_shares(settings, days)]
    found += [*_about_gate(withheld), *_about_checks(failed), *_about_audit(evidence)]
    if silence := _silence(newest["clock"], recent):
        found.append(silence)
    if newest["batch_id"] and newest["summed_batch_id"] < newest["batch_id"]:
        missing = newest["batch_id"] - newest["summed_batch_id"]
        found.append(
            Remark(
                LOOK,
                f"Users and freshness lack the newest {number(missing)} batches.",
                f"Run `etl report` once with a login that may write, or look at the DAG `{REPORT}`.",
            )
        )
    return sorted(found, key=lambda each: each.level != BAD)


def level_of(found: list[Remark]) -> str:
    """The colour: the worst of the remarks."""
    levels = {each.level for each in found}
    return BAD if BAD in levels else LOOK if LOOK in levels else GOOD


def _about_gate(withheld: list[Row]) -> list[Remark]:
    return [
        Remark(
            BAD,
            f"{number(row['waiting'])} rows of the project {row['team_id']} are withheld, because the others "
            f"of batch {row['batch_id']} fail the gate: its numbers lack them.",
            f"`etl quarantine list --batch {row['batch_id']} --team {row['team_id']}` says why, and how to land them "
            "again.",
        )
        for row in withheld
        if row["waiting"]
    ]


def _about_checks(failed: list[Row]) -> list[Remark]:
    return [
        Remark(BAD, f"{text(check['reason'], 300)} ({number(check['unexpected'])} rows)", text(check["remedy"], 300))
        for check in failed
        if check["severity"] == "critical"
    ]


def _about_audit(evidence: Row) -> list[Remark]:
    if not evidence["troubles"]:
        return []
    what = (
        f"{number(evidence['troubles'])} things do not agree with the audit log, since {when(evidence['verified_at'])}."
    )
    return [Remark(BAD, what, "`etl audit verify` names each; compare with a backup.")]


def _about_ledger(days: list[Row]) -> list[Remark]:
    return [
        Remark(
            BAD,
            f"{number(day['unbalanced'])} batches of {day['day']} do not balance: rows are unaccounted for.",
            "Leave numbers that include that day unpublished; `etl status` names the batches.",
            f"day/{day['day']}.html",
        )
        for day in days
        if day["unbalanced"]
    ]


def _about_lateness(settings: Settings, newest: Row) -> list[Remark]:
    if newest["batch_id"] is None:
        return [Remark(LOOK, "No batch has been loaded yet.", f"Un-pause the DAG `{INGEST}`, or run `etl cycle`.")]
    age = (newest["clock"] - newest["loaded_at"]).total_seconds()
    if age <= settings.late_after_seconds:
        return []
    return [
        Remark(
            BAD,
            f"The newest batch is late: nothing has been loaded for {seconds(age)}.",
            f"Look at the DAG `{INGEST}` in Airflow, or run `etl status`: it names what is in the way. "
            "Days that are over stay right; today lacks what has arrived since.",
            "batches.html",
        )
    ]


def _about_shares(settings: Settings, days: list[Row]) -> list[Remark]:
    found = []
    for day in days[:2]:
        if day["landed"] < FEW_ROWS:
            continue
        if day["quarantined"] / day["landed"] > settings.report_refused_share:
            found.append(
                Remark(
                    LOOK,
                    f"{share(day['quarantined'] / day['landed'])} of the rows loaded on {day['day']} were refused "
                    f"({number(day['quarantined'])} of {number(day['landed'])}).",
                    "Each reason, its rows and its remedy are on the quarantine page. No user is counted from them.",
                    "quarantine.html",
                )
            )
        if day["duplicate"] / day["landed"] > MOST_DUPLICATES:
            found.append(
                Remark(
                    LOOK,
                    f"A flood of duplicates: {share(day['duplicate'] / day['landed'])} of the rows of {day['day']} "
                    "repeat an event that was there already.",
                    "Nothing is counted twice. Find the client that sends again and again.",
                    f"day/{day['day']}.html",
                )
            )
    return found


def _silence(clock: datetime, recent: list[Row]) -> Remark | None:
    arrivals = [batch["loaded_at"] for batch in recent if batch["landed"]]
    if len(arrivals) < 2:
        return None
    quiet = (clock - arrivals[-1]).total_seconds()
    longest = max((later - earlier).total_seconds() for earlier, later in pairwise(arrivals))
    if quiet <= max(SILENCE_SECONDS, 2 * longest):
        return None
    return Remark(
        LOOK,
        f"Silence: no event has arrived for {seconds(quiet)}; the longest pause before was {seconds(longest)}.",
        "Cycles run, but writers send nothing: look at the apps and at what stands between them and landing.",
        "batches.html",
    )


def checks(days: list[Row], newest: Row, yesterday: Row, evidence: Row) -> list[Check]:
    """Whether yesterday's numbers are right, question by question.

    Args:
        days: the rows of ``frames.days``.
        newest: ``report/read_newest``.
        yesterday: its row of ``days``.
        evidence: ``report/read_evidence``: what maintenance found last.
    """
    link = f"day/{yesterday['day']}.html"
    unbalanced, batches = (sum(day[name] for day in days) for name in ("unbalanced", "batches"))
    refused, landed = yesterday["quarantined"], yesterday["landed"]
    over = [day for day in days if day["day"] < yesterday["day"]]
    late, events = (sum(day[name] for day in over) for name in ("late_events", "events"))
    usual = f"usually {share(late / events)} of a day's events do" if events else "no older day to compare with"
    merged = yesterday["distinct_ids"] - yesterday["unique_users"]
    without_buffer = ""
    if not is_missing(yesterday["without_buffer"]):
        without_buffer = f" Had nothing been held back, {number(yesterday['without_buffer'])} users would be counted."
    if not batches:
        balance = "No batch has been loaded yet."
    elif unbalanced:
        balance = f"{number(unbalanced)} of {number(batches)} batches do not balance."
    else:
        balance = f"Yes, in all {number(batches)} batches landed + released = loaded + held + duplicate + refused."
    return [
        Check(
            "Is every row accounted for?",
            BAD if unbalanced else GOOD if batches else LOOK,
            balance,
            "days.html",
        ),
        Check(
            "Is one user counted as several?",
            _level(evidence["checked_at"], evidence["broken_persons"]),
            f"{_checked(evidence['checked_at'], evidence['broken_persons'])} "
            f"{number(yesterday['distinct_ids'])} ids were active, {number(merged)} of them another id of somebody "
            f"counted already.{without_buffer}",
            link,
        ),
        Check(
            "Is a row counted twice?",
            _level(evidence["checked_at"], evidence["broken_duplicates"]),
            f"{_checked(evidence['checked_at'], evidence['broken_duplicates'])} "
            f"{number(yesterday['duplicate'])} repeated rows were recognised and left out.",
            link,
        ),
        Check(
            "Was anything changed afterwards?",
            _level(evidence["verified_at"], evidence["troubles"]),
            _audited(evidence),
            "words.html#audit",
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
            LOOK if newest["held"] else GOOD,
            f"By events that arrive after their day: {usual}. {number(newest['held'])} events are held just now. "
            "A merge can still join two users into one.",
            "words.html#late-arriving",
        ),
    ]


def _level(looked_at: datetime | None, found: int | None) -> str:
    return LOOK if is_missing(looked_at) else BAD if found else GOOD


def _checked(looked_at: datetime | None, broken: int) -> str:
    if is_missing(looked_at):
        return "The whole warehouse has not been checked yet."
    if broken:
        return f"{number(broken)} checks of the whole warehouse failed at {when(looked_at)}."
    return f"No: every check of the whole warehouse held at {when(looked_at)}."


def _audited(evidence: Row) -> str:
    if is_missing(evidence["verified_at"]):
        return "No audit has run yet."
    if evidence["troubles"]:
        found = f"{number(evidence['troubles'])} things do not agree"
        return f"Yes: {found}, says the audit of {when(evidence['verified_at'])}. `etl audit verify` names them."
    upto = "" if is_missing(evidence["audited_batch_id"]) else f" up to batch {evidence['audited_batch_id']}"
    return f"No: at {when(evidence['verified_at'])} all batches{upto} agreed with the audit log."
