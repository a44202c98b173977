"""Can it be trusted? A verdict for each number, the remarks behind it, and the checks it rests on. No database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from etl.names import INGEST, REPORT, of_shard
from etl.quality.incidents import kinds
from etl.report.html import counted, is_missing, number, seconds, share, text, when
from etl.settings import Settings
from etl.sql import Row

GOOD, LOOK, BAD, UNKNOWN = "good", "look", "bad", "unknown"
YESTERDAY, TODAY, PIPELINE = "yesterday", "today", "pipeline"
NUMBERS = (YESTERDAY, TODAY)
HEADLINES = {
    YESTERDAY: {
        GOOD: "Yesterday can be trusted.",
        LOOK: "Yesterday is usable, but look at this first.",
        BAD: "Do not publish yesterday yet.",
        UNKNOWN: "Yesterday has not been checked yet.",
    },
    TODAY: {
        GOOD: "Today is right so far.",
        LOOK: "Today is usable, but look at this first.",
        BAD: "Do not trust today yet.",
        UNKNOWN: "Today has not been checked yet.",
    },
    PIPELINE: {
        GOOD: "Events are loaded in time.",
        LOOK: "Events are loaded, but look at this.",
        BAD: "Events are not loaded in time.",
    },
}
NOTHING_YET = "Nothing has been loaded yet."
FEW_ROWS = 20  # of a day: too few for a share to mean anything
SILENCE_SECONDS = 900.0
LEVEL_OF_SEVERITY = {"critical": BAD, "warning": LOOK}


@dataclass(frozen=True)
class Remark:
    """One reason for a colour: of which numbers, what is so, what to do, and where the rows are."""

    about: tuple[str, ...]
    level: str
    what: str
    remedy: str
    link: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What to think of one number: ``good``, ``look``, ``bad``, or ``unknown`` while there is nothing."""

    about: str
    level: str
    headline: str
    remarks: list[Remark] = field(default_factory=list)


@dataclass(frozen=True)
class Check:
    """One line of "are they right?": the question, the answer, and where the rows behind it are.

    Its ``level`` is that of a check which can fail; ``unknown`` where none was made, and then there is no tick.
    """

    question: str
    level: str
    answer: str
    link: str


@dataclass(frozen=True)
class Facts:
    """What the verdicts are made from.

    Attributes:
        newest: ``report/read_newest``.
        days: the rows of ``frames.days``, newest first.
        recent: the rows of ``frames.batches`` of the last 24 hours.
        withheld: the rows of ``frames.withheld``.
        failed: the rows of ``frames.checks``.
        evidence: ``report/read_evidence``: what maintenance found last.
        incidents: those that last or that ended within the days shown.
        failing: ``status/read_failing``: the open batch, where its steps fail.
        backlog: ``status/read_backlog``: rows that no batch has taken up yet.
    """

    newest: Row
    days: list[Row]
    recent: list[Row]
    withheld: list[Row]
    failed: list[Row]
    evidence: Row
    incidents: list[Row]
    failing: list[Row]
    backlog: Row

    @property
    def clock(self) -> datetime:
        """The moment of the page."""
        clock: datetime = self.newest["clock"]
        return clock

    @property
    def today(self) -> date:
        """In UTC."""
        return self.clock.astimezone(UTC).date()

    @property
    def yesterday(self) -> date:
        """In UTC."""
        return self.today - timedelta(days=1)

    def of_day(self, day: date) -> Row | None:
        """A day's numbers, where it is shown."""
        return next((row for row in self.days if row["day"] == day), None)


def verdicts(settings: Settings, facts: Facts) -> list[Verdict]:
    """One each for yesterday's number, for today's, and for the pipeline, with the remarks behind it, worst first."""
    if facts.newest["batch_id"] is None:
        start = f"Un-pause the DAG `{of_shard(INGEST, settings.shard)}`, or run `etl cycle`."
        remark = Remark((PIPELINE,), LOOK, "No batch has been loaded yet.", start)
        return [
            *(Verdict(about, UNKNOWN, NOTHING_YET) for about in NUMBERS),
            Verdict(PIPELINE, LOOK, HEADLINES[PIPELINE][LOOK], [remark]),
        ]
    found = [
        *_about_ledger(facts),
        *_about_gate(facts),
        *_about_checks(facts),
        *_about_audit(facts),
        *_about_completeness(facts),
        *_about_incidents(facts),
        *_about_shares(settings, facts),
        *_about_summaries(settings, facts),
        *_about_pipeline(settings, facts),
    ]
    is_checked = not is_missing(facts.evidence["checked_at"])
    return [
        _verdict(about, [each for each in found if about in each.about], is_checked or about == PIPELINE)
        for about in HEADLINES
    ]


def _verdict(about: str, found: list[Remark], is_checked: bool) -> Verdict:
    levels = {each.level for each in found}
    level = BAD if BAD in levels else LOOK if LOOK in levels else GOOD if is_checked else UNKNOWN
    return Verdict(about, level, HEADLINES[about][level], sorted(found, key=lambda each: each.level != BAD))


def _about_ledger(facts: Facts) -> list[Remark]:
    return [
        Remark(
            # What is unaccounted for may be of the day on which it was loaded, or of the one before.
            NUMBERS if day["day"] >= facts.yesterday else (PIPELINE,),
            BAD,
            f"{counted(day['unbalanced'], 'batch', 'batches')} of {when(day['day'])} do not balance: rows are "
            "unaccounted for.",
            "Leave numbers that include that day unpublished; `etl status` names the batches.",
            f"day/{day['day']}.html",
        )
        for day in facts.days
        if day["unbalanced"]
    ]


def _about_gate(facts: Facts) -> list[Remark]:
    return [
        Remark(
            NUMBERS,
            BAD,
            f"{counted(row['waiting'], 'row')} of the project {row['team_id']} are withheld, because the others "
            f"of batch {row['batch_id']} fail the gate: its numbers lack them.",
            f"`etl quarantine list --batch {row['batch_id']} --team {row['team_id']}` says why, and how to land them "
            "again.",
            "quarantine.html",
        )
        for row in facts.withheld
        if row["waiting"]
    ]


def _about_checks(facts: Facts) -> list[Remark]:
    return [
        Remark(
            NUMBERS,
            BAD,
            f"{text(check['reason'], 300)} ({counted(check['unexpected'], 'row')})",
            text(check["remedy"], 300),
            "evidence.html#invariants",
        )
        for check in facts.failed
        # What a user's own suite found is an incident: of which day, is known there.
        if check["severity"] == "critical" and "/" not in check["suite"]
    ]


def _about_audit(facts: Facts) -> list[Remark]:
    evidence = facts.evidence
    if not evidence["troubles"]:
        return []
    what = (
        f"{number(evidence['troubles'])} things do not agree with the audit log, since {when(evidence['verified_at'])}."
    )
    return [Remark(NUMBERS, BAD, what, "`etl audit verify` names each; compare with a backup.", "evidence.html#audit")]


def _about_completeness(facts: Facts) -> list[Remark]:
    as_of = facts.newest["as_of"].astimezone(UTC)
    if as_of.date() >= facts.today:
        return []
    return [
        Remark(
            (YESTERDAY,),
            BAD,
            f"It is not complete: only what arrived up to {when(as_of)} is loaded.",
            "The pipeline's verdict says what is in the way.",
            "batches.html",
        )
    ]


def touches(incident: Row, day: date) -> bool:
    """Whether an incident lasted on a day (UTC)."""
    return bool(incident["since_at"].astimezone(UTC).date() <= day <= incident["last_at"].astimezone(UTC).date())


def _about_incidents(facts: Facts) -> list[Remark]:
    found = []
    for incident in facts.incidents:
        kind = kinds()[incident["kind"]]
        days = {YESTERDAY: facts.yesterday, TODAY: facts.today}
        about = tuple(name for name, day in days.items() if touches(incident, day))
        is_settled = incident["closed_at"] or (kind.is_settled_when_over and incident["over_at"])
        if kind.severity in LEVEL_OF_SEVERITY and about and not is_settled:
            what = f"{kind.title}{': ' + text(incident['subject']) if incident['subject'] else ''}."
            link = f"incidents.html#i{incident['incident_id']}"
            found.append(Remark(about, LEVEL_OF_SEVERITY[kind.severity], what, "", link))
    return found


def _about_shares(settings: Settings, facts: Facts) -> list[Remark]:
    found = []
    for about, date_ in ((YESTERDAY, facts.yesterday), (TODAY, facts.today)):
        day = facts.of_day(date_)
        if day is None or day["landed"] < FEW_ROWS:
            continue
        refused = day["quarantined"] / day["landed"]
        if refused > settings.report_refused_share:
            found.append(
                Remark(
                    (about,),
                    LOOK,
                    f"{share(refused)} of the rows loaded that day were refused "
                    f"({number(day['quarantined'])} of {number(day['landed'])}).",
                    "No user is counted from them; the bounds say how many that may be.",
                    "quarantine.html",
                )
            )
    return found


def _about_summaries(settings: Settings, facts: Facts) -> list[Remark]:
    missing = facts.newest["batch_id"] - facts.newest["summed_batch_id"]
    if missing <= 0:
        return []
    what = f"Users and freshness lack the newest {counted(missing, 'batch', 'batches')}."
    remedy = (
        f"Run `etl report` once with a login that may write, or look at the DAG `{of_shard(REPORT, settings.shard)}`."
    )
    return [Remark(NUMBERS, LOOK, what, remedy, "batches.html")]


def _about_pipeline(settings: Settings, facts: Facts) -> list[Remark]:
    """What stops it is said once: where a batch fails, it is neither late nor silent besides."""
    newest = facts.newest
    if facts.failing:
        waiting = facts.backlog["backlog"]
        return [
            Remark(
                (PIPELINE,),
                BAD,
                f"{counted(waiting, 'row')} wait behind batch {row['batch_id']}, which has failed "
                f"{number(row['failures'])} times in the step {row['step']}: {text(row['error'], 300)}",
                f"No later batch overtakes it. `etl batch quarantine {row['batch_id']} --landing-id ID --why TEXT`, "
                "if rows of it are to blame.",
                "batches.html",
            )
            for row in facts.failing
        ] + _today_lacks(facts)
    age = (newest["clock"] - newest["loaded_at"]).total_seconds()
    if age > settings.late_after_seconds:
        late = Remark(
            (PIPELINE,),
            BAD,
            f"The newest batch is late: nothing has been loaded for {seconds(age)}.",
            f"Look at the DAG `{of_shard(INGEST, settings.shard)}` in Airflow, or run `etl status`: it names what is "
            "in the way. A day that was complete before stays right.",
            "batches.html",
        )
        return [late, *_today_lacks(facts)]
    return _silence(facts)


def _today_lacks(facts: Facts) -> list[Remark]:
    since = when(facts.newest["as_of"].astimezone(UTC))
    return [Remark((TODAY,), LOOK, f"It lacks what has arrived since {since}.", "", "batches.html")]


def _silence(facts: Facts) -> list[Remark]:
    arrivals = [batch["loaded_at"] for batch in facts.recent if batch["landed"]]
    if len(arrivals) < 2 or facts.backlog["backlog"]:
        return []
    quiet = (facts.clock - arrivals[-1]).total_seconds()
    longest = max((later - earlier).total_seconds() for earlier, later in pairwise(arrivals))
    if quiet <= max(SILENCE_SECONDS, 2 * longest):
        return []
    return [
        Remark(
            (PIPELINE,),
            LOOK,
            f"Silence: no event has arrived for {seconds(quiet)}; the longest pause before was {seconds(longest)}.",
            "Cycles run, but writers send nothing: look at the apps and at what stands between them and landing.",
            "batches.html",
        )
    ]


def checks(facts: Facts) -> list[Check]:
    """Whether yesterday's numbers are right, question by question; each answer rests on a check that can fail."""
    evidence, day = facts.evidence, facts.of_day(facts.yesterday)
    if facts.newest["batch_id"] is None or day is None:
        return []
    unbalanced, batches = (sum(row[name] for row in facts.days) for name in ("unbalanced", "batches"))
    refused, landed = day["quarantined"], day["landed"]
    merged = day["distinct_ids"] - day["unique_users"]
    without_buffer = ""
    if not is_missing(day["without_buffer"]):
        without_buffer = f" Had nothing been held back, {number(day['without_buffer'])} users would be counted."
    return [
        Check(
            "Is every row accounted for?",
            BAD if unbalanced else GOOD if batches else UNKNOWN,
            f"{number(unbalanced)} of {counted(batches, 'batch', 'batches')} do not balance."
            if unbalanced
            else f"In all {counted(batches, 'batch', 'batches')} landed + released = loaded + held + duplicate + "
            "refused.",
            "days.html",
        ),
        Check(
            "Do the events give the same number?",
            _level(evidence["checked_at"], evidence["broken_recount"]),
            _checked(evidence["checked_at"], evidence["broken_recount"], "the recount from the events"),
            "evidence.html#recount",
        ),
        Check(
            "Is one user counted as several?",
            _level(evidence["checked_at"], evidence["broken_persons"]),
            f"{_checked(evidence['checked_at'], evidence['broken_persons'], 'every check of the whole warehouse')} "
            f"{number(day['distinct_ids'])} ids were active, {number(merged)} of them another id of somebody "
            f"counted already.{without_buffer}",
            "evidence.html#invariants",
        ),
        Check(
            "Is a row counted twice?",
            _level(evidence["checked_at"], evidence["broken_duplicates"]),
            f"{_checked(evidence['checked_at'], evidence['broken_duplicates'], 'the count of remembered uuids')} "
            f"{number(day['duplicate'])} repeated rows were recognised and left out.",
            "evidence.html#invariants",
        ),
        Check(
            "Was anything changed afterwards?",
            _level(evidence["verified_at"], evidence["troubles"]),
            _audited(evidence),
            "evidence.html#audit",
        ),
        Check(
            "Was anything refused?",
            UNKNOWN if not landed else LOOK if refused else GOOD,
            f"{number(refused)} of {counted(landed, 'row')} were refused ({share(refused / landed if landed else 0)}).",
            "quarantine.html",
        ),
        _usual(facts),
    ]


def _usual(facts: Facts) -> Check:
    fallen = [
        incident
        for incident in facts.incidents
        if incident["kind"] in {"silent_source", "silent_event"} and touches(incident, facts.yesterday)
    ]
    expected = facts.evidence["expected_hours"]
    if not expected:
        answer = "Not known yet: it takes the same hours of two past weeks."
    elif fallen:
        answer = f"No: {counted(len(fallen), 'source or event', 'sources or events')} fell far below the usual."
    else:
        answer = f"Yes, in all {counted(expected, 'hour of a source', 'hours of sources')} that can be compared."
    level = UNKNOWN if not expected else BAD if fallen else GOOD
    return Check("Did as much arrive as usual?", level, answer, "sources.html")


def may_still_change(facts: Facts) -> str:
    """How a number that is right can still change: no check, so no tick."""
    over = [row for row in facts.days if row["day"] < facts.yesterday]
    late, events = (sum(row[name] for row in over) for name in ("late_events", "events"))
    usual = f"usually {share(late / events)} of a day's events do" if events else "no older day to compare with"
    return (
        f"It can still change by events that arrive after their day: {usual}. "
        f"{counted(facts.newest['held'], 'event')} held just now."
    )


def _level(looked_at: datetime | None, found: int | None) -> str:
    return UNKNOWN if is_missing(looked_at) else BAD if found else GOOD


def _checked(looked_at: datetime | None, broken: int, what: str) -> str:
    if is_missing(looked_at):
        return "The whole warehouse has not been checked yet."
    if broken:
        return f"{counted(broken, 'check')} of the whole warehouse failed at {when(looked_at)}."
    return f"{what[0].upper()}{what[1:]} held at {when(looked_at)}."


def _audited(evidence: Row) -> str:
    if is_missing(evidence["verified_at"]):
        return "No audit has run yet."
    if evidence["troubles"]:
        found = f"{number(evidence['troubles'])} things do not agree"
        return f"{found}, says the audit of {when(evidence['verified_at'])}. `etl audit verify` names them."
    upto = "" if is_missing(evidence["audited_batch_id"]) else f" up to batch {evidence['audited_batch_id']}"
    return f"At {when(evidence['verified_at'])} all batches{upto} agreed with the audit log."
