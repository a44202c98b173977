"""Build the page as static files: what changed is written, each file whole or not at all, the rest is left alone."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from etl import sql
from etl.errors import ConfigurationError
from etl.quality.incidents import kinds
from etl.report import frames, html, light, pictures
from etl.report.front import VERDICTS, Part
from etl.report.front import render as render_front
from etl.report.serve import read_page
from etl.settings import Settings
from etl.sql import Row

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = ".manifest.json"
# A page of its own has a batch of today and yesterday in which something was refused, flagged or unbalanced; the others
# are in their hour on the day's page.
BATCH_PAGE_DAYS = 2
BATCH_PAGES = 200
BATCH_PAGES_AT_ONCE = 40
BATCHES_A_DAY = 120
ROWS_A_REASON = 12
ROWS_A_BATCH = 50
EXPECTED_EVENTS = 80
EXAMPLES_A_WARNING = 3
INCIDENTS = 100
# How often the DAG for it writes the pages at least (dags/report.py).
REFRESH_SECONDS = 300
COUNTED = {
    "unique_users": "counted/unique_users",
    "distinct_ids": "counted/distinct_ids",
    "events": "counted/events",
    "late_events": "counted/late_events",
    "quarantined": "counted/quarantined",
}


@dataclass(frozen=True)
class Built:
    """What a build did: files written and removed, files there now, seconds."""

    written: int
    removed: int
    pages: int
    seconds: float


def build(url: str, settings: Settings, out: Path, *, now: datetime | None = None) -> Built:
    """Write the pages into a folder. Needs only what the role ``auditor`` may read.

    Args:
        url: the warehouse.
        settings: days shown, thresholds.
        out: the folder; made if it is not there. Two builds into it wait for each other.
        now: the clock, for tests; default: the server's.

    Raises:
        ConfigurationError: the folder cannot be written, or the server refuses the login.
        UnavailableError: the warehouse cannot be reached just now.
    """
    began = perf_counter()
    try:
        out.mkdir(parents=True, exist_ok=True)
        with _locked(out):
            # One snapshot: no page says something else than the next one.
            with frames.snapshot(url) as connection:
                site = Site(connection, settings, out, now)
                site.build()
            site.finish()
    except OSError as error:
        raise ConfigurationError(
            f"Cannot write the report to {error.filename or out}: {error.strerror}. Choose a folder that you may write "
            "to and that has room."
        ) from error
    return Built(site.written, site.removed, len(site.manifest), round(perf_counter() - began, 3))


def build_front(settings: Settings, out: Path) -> None:
    """Write the page before those of the shards, which are each in a folder of its name."""
    parts = [Part(shard, read_page(out / shard, VERDICTS)) for shard in settings.shards]
    _write_whole(out / "index.html", render_front(parts))


class Site:
    """One build."""

    def __init__(self, warehouse: sa.Connection, settings: Settings, out: Path, now: datetime | None) -> None:
        """Read what the build before left."""
        self._warehouse = warehouse
        self._settings = settings
        self._out = out
        self._before = _read_manifest(out / MANIFEST)
        self._given_now = now
        self._own_pages: dict[date, list[int]] = {}
        self._shared: dict[str, Any] = {}
        self.manifest: dict[str, str] = {}
        self.written = 0
        self.removed = 0

    def build(self) -> None:
        """All pages."""
        [newest] = self._rows("report/read_newest")
        if self._given_now:
            newest["clock"] = self._given_now
        now = newest["clock"]
        last = self._settings.report_days
        days = _since_the_first(frames.days(self._warehouse, last=last, now=now))
        recent = frames.batches(self._warehouse, since=now - timedelta(days=1))
        refusals = frames.refusals(self._warehouse, last=last, now=now)
        warnings = frames.warnings(self._warehouse, last=last, now=now)
        facts = self._facts(newest, _records(days), _records(recent))
        due = now + timedelta(seconds=REFRESH_SECONDS)
        self._shared = {
            "newest": newest, "now": now, "due": due, "settings": self._settings, "kinds": kinds(),
            "shard": self._settings.shard,
        }  # fmt: skip
        self._batch_pages(now)
        self._day_pages(days, refusals, warnings, now)
        self._quarantine_page(refusals, now)
        self._overview(facts, days, recent, refusals, warnings)
        self._page("days.html", days=_records(days))
        self._page(
            "batches.html",
            batches=_records(_busy(recent).tail(BATCHES_A_DAY)),
            quiet=len(recent) - len(_busy(recent)),
            charts=pictures.batches(recent, now),
            link=self.link_of_batch,
        )
        self._page("incidents.html", incidents=facts.incidents)
        self._page(
            "warnings.html",
            warnings=pictures.totals(warnings, "type"),
            trends=pictures.trends(warnings, "type", [row["day"] for row in reversed(_records(days))]),
            examples=self._rows("report/read_warning_examples", {"at_most": EXAMPLES_A_WARNING}),
            link=self.link_of_batch,
        )
        hours = {"since": now - timedelta(hours=pictures.SOURCE_HOURS + 1), "until": now}
        self._page(
            "sources.html",
            charts=pictures.sources(self._rows("report/read_hours", hours), now),
            day=facts.yesterday,
            events=self._rows("report/read_expected_events", {"day": facts.yesterday, "at_most": EXPECTED_EVENTS}),
        )
        self._page(
            "evidence.html",
            evidence=facts.evidence,
            invariants=self._rows("report/read_invariants"),
            own=self._rows("report/read_own_results"),
            runs=self._rows("report/read_audit_runs"),
            rebuilds=self._rows("report/read_rebuild_runs"),
            recounts=self._rows("report/read_recounts", {"since": facts.today - timedelta(days=6)}),
        )
        self._page(
            "counted.html",
            day=facts.of_day(facts.yesterday),
            statements={name: _shown(file, facts.yesterday) for name, file in COUNTED.items()},
            examples=self._rows("report/read_counted_examples", {"day": facts.yesterday}),
        )
        words = html.render("words.html", root="", **self._shared)
        self._write("words.html", words, fingerprint=_digest(str(self._settings)))

    def _facts(self, newest: Row, days: list[Row], recent: list[Row]) -> light.Facts:
        now: datetime = newest["clock"]
        last = self._settings.report_days
        yesterday = now.astimezone(UTC).date() - timedelta(days=1)
        [evidence] = self._rows("report/read_evidence", {"yesterday": yesterday})
        [backlog] = self._rows("status/read_backlog")
        since = datetime.combine(yesterday - timedelta(days=last), time(), UTC)
        return light.Facts(
            newest=newest,
            days=days,
            recent=recent,
            withheld=_records(frames.withheld(self._warehouse, last=last, now=now)),
            failed=_records(frames.checks(self._warehouse, last=last, now=now)),
            evidence=evidence,
            incidents=self._rows("incident/list", {"team_id": None, "over_since": since, "at_most": INCIDENTS}),
            failing=self._rows("status/read_failing"),
            backlog=backlog,
        )

    def _overview(
        self,
        facts: light.Facts,
        days: pd.DataFrame,
        recent: pd.DataFrame,
        refusals: pd.DataFrame,
        warnings: pd.DataFrame,
    ) -> None:
        now = facts.clock
        bounds = {row["day"]: row for row in _records(frames.bounds(self._warehouse, now=now))}
        shown = [
            each
            for each in facts.incidents
            if each["state"] != "over" or any(light.touches(each, day) for day in (facts.yesterday, facts.today))
        ]
        verdicts = light.verdicts(self._settings, facts)
        if self._settings.shard:
            self._page(VERDICTS, verdicts=verdicts)
        self._page(
            "index.html",
            verdicts=verdicts,
            incidents=shown,
            checks=light.checks(facts),
            may_still_change=light.may_still_change(facts),
            evidence=facts.evidence,
            yesterday=facts.of_day(facts.yesterday),
            today=facts.of_day(facts.today),
            week_before={day: facts.of_day(day - timedelta(days=7)) for day in (facts.yesterday, facts.today)},
            bounds=bounds,
            charts=pictures.overview(days, recent, now),
            reasons=pictures.reasons(refusals),
            warnings=pictures.totals(warnings, "type"),
            failed=frames.failed_expectations(self._warehouse, since=now - timedelta(days=1)).to_dict("records"),
            failed_checks=facts.failed,
            decisions=_records(frames.decisions(self._warehouse, last=self._settings.report_days, now=now)),
            withheld=facts.withheld,
            drift=_records(frames.drift(self._warehouse, at_most=20, now=now)),
            proposals=_records(frames.proposals(self._warehouse, now=now)),
            batches=_records(_busy(recent).tail(10)),
            link=self.link_of_batch,
        )

    def _page(self, name: str, **values: Any) -> None:
        """A page at the top that says as of when it is."""
        self._write(name, html.render(name, root="", **self._shared, **values))

    def finish(self) -> None:
        """Remove the pages that are shown no more, and remember the rest."""
        for name in self._before.keys() - self.manifest.keys():
            (self._out / name).unlink(missing_ok=True)
            self.removed += 1
        _write_whole(self._out / MANIFEST, msgspec.json.encode(self.manifest), mode=0o600)

    def link_of_batch(self, batch_id: int, loaded_at: datetime | None = None, root: str = "") -> str:
        """The batch's own page, or else its hour on the page of its day."""
        own = f"batch/{batch_id}.html"
        if own in self.manifest:
            return root + own
        if loaded_at is None:
            return f"{root}days.html"
        moment = loaded_at.astimezone(UTC)
        return f"{root}day/{moment.date()}.html#h{moment.hour}"

    def _batch_pages(self, now: datetime) -> None:
        since = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
            days=BATCH_PAGE_DAYS - 1
        )
        room = BATCH_PAGES_AT_ONCE
        for row in reversed(_records(_notable(frames.batches(self._warehouse, since=since)).tail(BATCH_PAGES))):
            batch_id = row["batch_id"]
            name = f"batch/{batch_id}.html"
            fingerprint = self._fingerprint(row)
            is_there = self._is_there(name, fingerprint)
            if is_there or room:
                self._own_pages.setdefault(row["loaded_at"].date(), []).append(batch_id)
            if is_there or not room:
                continue
            room -= 1
            key = {"batch_id": batch_id, "at_most": ROWS_A_BATCH}
            [details] = self._rows("report/read_batch", key)
            page = html.render(
                "batch.html",
                root="../",
                shard=self._settings.shard,
                batch=row | details,
                results=self._rows("report/read_batch_results", key),
                refused=self._rows("report/read_batch_refused", key),
                warned=self._rows("report/read_batch_warnings", key),
                at_most=ROWS_A_BATCH,
            )
            self._write(name, page, fingerprint=fingerprint)

    def _day_pages(self, days: pd.DataFrame, refusals: pd.DataFrame, warnings: pd.DataFrame, now: datetime) -> None:
        projects = frames.projects(self._warehouse, last=self._settings.report_days, now=now)
        for row in _records(days):
            day: date = row["day"]
            name = f"day/{day}.html"
            refused = _records(refusals[refusals["day"] == day])
            warned = _records(warnings[warnings["day"] == day])
            shares = _records(projects[projects["day"] == day])
            fingerprint = self._fingerprint([row, refused, warned, shares, self._own_pages.get(day)])
            if self._is_there(name, fingerprint):
                continue
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            batches = frames.batches(self._warehouse, since=start, until=start + timedelta(days=1))
            shown = _notable(batches).tail(BATCHES_A_DAY)
            page = html.render(
                "day.html",
                root="../",
                shard=self._settings.shard,
                day=row,
                projects=shares,
                refused=refused,
                warned=warned,
                batches=_records(shown),
                unlisted=len(batches) - len(shown),
                hours=pictures.ledger_hours(batches),
                charts=pictures.hours(batches),
                link=self.link_of_batch,
            )
            self._write(name, page, fingerprint=fingerprint)

    def _quarantine_page(self, refusals: pd.DataFrame, now: datetime) -> None:
        resolved = self._rows("report/count_resolved")
        fingerprint = self._fingerprint([refusals.to_dict("records"), resolved, str(now.date())])
        if self._is_there("quarantine.html", fingerprint):
            return
        rows = frames.quarantined(self._warehouse, last=self._settings.report_days, at_most=ROWS_A_REASON, now=now)
        reasons = pictures.totals(refusals, "expectation")
        since = datetime.combine(now.astimezone(UTC).date() - timedelta(days=self._settings.report_days), time(), UTC)
        senders = self._rows("report/read_refused_senders", {"since": since})
        for reason in reasons:
            reason["rows"] = _records(rows[rows["expectation"] == reason["name"]])
            reason["senders"] = [each for each in senders if each["expectation"] == reason["name"]]
        page = html.render(
            "quarantine.html",
            root="",
            reasons=reasons,
            charts=pictures.refused_by_day(refusals, self._settings.report_days, now),
            link=self.link_of_batch,
            **self._shared,
        )
        self._write("quarantine.html", page, fingerprint=fingerprint)

    def _rows(self, name: str, params: Row | None = None) -> list[Row]:
        """What is no table of numbers, as it is."""
        result = self._warehouse.exec_driver_sql(sql.statement(name).decode(), params or {})
        return [dict(row) for row in result.mappings()]

    def _fingerprint(self, value: Any) -> str:
        """Of a page that shows rows: an erasure, or a project's removal, changes what they say, and no number."""
        return _digest([value, self._shared["newest"]["erasures"]])

    def _is_there(self, name: str, fingerprint: str) -> bool:
        """Whether the page was written from the same data; then it stays."""
        if self._before.get(name) != fingerprint or not (self._out / name).exists():
            return False
        self.manifest[name] = fingerprint
        return True

    def _write(self, name: str, page: str, *, fingerprint: str | None = None) -> None:
        content = page.encode("utf-8", "replace")
        fingerprint = fingerprint or hashlib.sha256(content).hexdigest()
        if not self._is_there(name, fingerprint):
            _write_whole(self._out / name, content)
            self.manifest[name] = fingerprint
            self.written += 1


def _write_whole(file: Path, content: bytes, *, mode: int | None = None) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.new")
    try:
        unfinished.write_bytes(content)
        if mode is not None:
            unfinished.chmod(mode)
        unfinished.replace(file)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _read_manifest(file: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}  # the first build, or one that was broken off: everything is written


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    descriptor = os.open(out / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _digest(value: Any) -> str:
    """Of the data a page is made from, and of the templates."""
    written = msgspec.json.encode(value, enc_hook=str)
    return hashlib.sha256(html.version().encode() + written).hexdigest()


def _records(frame: pd.DataFrame) -> list[Row]:
    """None where pandas has NaN or NaT, which a template would take for true."""
    return [
        {str(key): None if html.is_missing(value) else value for key, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _busy(batches: pd.DataFrame) -> pd.DataFrame:
    """Without the quiet minutes."""
    return batches[(batches["landed"] > 0) | (batches["released"] > 0)]


def _notable(batches: pd.DataFrame) -> pd.DataFrame:
    """Those that a question may lead to: something was refused or flagged, or does not balance."""
    counts = batches[["quarantined", "warnings", "failed_expectations"]]
    return batches[(counts > 0).any(axis=1) | ~batches["is_balanced"].astype(bool)]


def _since_the_first(days: pd.DataFrame) -> pd.DataFrame:
    """Without the days before anything was there: unknown is not zero. Today and yesterday are always there."""
    known = days.index[(days["events"] > 0) | (days["batches"] > 0)]
    return days.head(max([2, *(known + 1)]))


def _shown(name: str, day: date) -> dict[str, str]:
    """A statement as it can be pasted, and what it counts."""
    lines = sql.statement(name).decode().replace("%(day)s::date", f"date '{day}'").strip().splitlines()
    notes = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    return {"means": " ".join(notes), "sql": "\n".join(line for line in lines if not line.startswith("--"))}
