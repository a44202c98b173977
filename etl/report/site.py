"""Build the page as static files: what changed is written, each file whole or not at all, the rest is left alone."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from etl import sql
from etl.errors import ConfigurationError
from etl.report import frames, html, light, pictures
from etl.settings import Settings
from etl.sql import Row

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = ".manifest.json"
BATCH_PAGE_DAYS = 2  # a page for each batch of today and yesterday; older ones keep their row on the day's page
BATCH_PAGES_AT_ONCE = 40
NOTABLE_BATCHES_A_DAY = 200
ROWS_A_REASON = 12
ROWS_A_BATCH = 50


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
    began = time.perf_counter()
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
    return Built(site.written, site.removed, len(site.manifest), round(time.perf_counter() - began, 3))


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
        days = frames.days(self._warehouse, last=last, now=now)
        recent = frames.batches(self._warehouse, since=now - timedelta(days=1))
        refusals = frames.refusals(self._warehouse, last=last, now=now)
        warnings = frames.warnings(self._warehouse, last=last, now=now)
        shared = {"newest": newest, "now": now, "settings": self._settings}
        self._batch_pages(now)
        self._day_pages(days, refusals, warnings, now)
        self._quarantine_page(refusals, now)
        rows = _records(days)
        yesterday, today = _day(rows, now - timedelta(days=1)), _day(rows, now)
        [evidence] = self._rows("report/read_evidence")
        decided = _records(frames.decisions(self._warehouse, last=last, now=now))
        withheld = _records(frames.withheld(self._warehouse, last=last, now=now))
        checks = _records(frames.checks(self._warehouse, last=last, now=now))
        found = light.remarks(
            self._settings, newest, rows, _records(recent), withheld=withheld, failed=checks, evidence=evidence
        )
        links = self.link_of_batch
        self._write(
            "index.html",
            html.render(
                "index.html",
                root="",
                level=light.level_of(found),
                headline=light.HEADLINES[light.level_of(found)],
                remarks=found,
                checks=light.checks(rows, newest, yesterday, evidence),
                evidence=evidence,
                yesterday=yesterday,
                today=today,
                charts=pictures.overview(days, recent),
                reasons=pictures.reasons(refusals),
                warnings=pictures.totals(warnings, "type"),
                failed=frames.failed_expectations(self._warehouse, since=now - timedelta(days=1)).to_dict("records"),
                failed_checks=checks,
                decisions=decided,
                withheld=withheld,
                drift=_records(frames.drift(self._warehouse, now=now)),
                batches=_records(_busy(recent).tail(10)),
                link=links,
                **shared,
            ),
        )
        self._write("days.html", html.render("days.html", root="", days=rows, **shared))
        self._write(
            "batches.html",
            html.render(
                "batches.html",
                root="",
                batches=_records(_busy(recent).tail(120)),
                quiet=len(recent) - len(_busy(recent)),
                charts=pictures.batches(recent),
                link=links,
                **shared,
            ),
        )
        words = html.render("words.html", root="", **shared)
        self._write("words.html", words, fingerprint=_digest(str(self._settings)))

    def finish(self) -> None:
        """Remove the pages that are shown no more, and remember the rest."""
        for name in self._before.keys() - self.manifest.keys():
            (self._out / name).unlink(missing_ok=True)
            self.removed += 1
        _write_whole(self._out / MANIFEST, msgspec.json.encode(self.manifest), mode=0o600)

    def link_of_batch(self, batch_id: int, loaded_at: datetime | None = None, root: str = "") -> str:
        """The batch's own page, or else its row on the page of its day."""
        own = f"batch/{batch_id}.html"
        if own in self.manifest:
            return root + own
        if loaded_at is None:
            return f"{root}days.html"
        return f"{root}day/{loaded_at.astimezone(UTC).date()}.html#b{batch_id}"

    def _batch_pages(self, now: datetime) -> None:
        since = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
            days=BATCH_PAGE_DAYS - 1
        )
        room = BATCH_PAGES_AT_ONCE
        for row in reversed(_records(_busy(frames.batches(self._warehouse, since=since)))):
            batch_id = row["batch_id"]
            name = f"batch/{batch_id}.html"
            fingerprint = _digest(row)
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
                batch=row | details,
                results=self._rows("report/read_batch_results", key),
                refused=self._rows("report/read_batch_refused", key),
                warned=self._rows("report/read_batch_warnings", key),
                at_most=ROWS_A_BATCH,
            )
            self._write(name, page, fingerprint=fingerprint)

    def _day_pages(self, days: pd.DataFrame, refusals: pd.DataFrame, warnings: pd.DataFrame, now: datetime) -> None:
        projects = frames.projects(self._warehouse, last=self._settings.report_days, now=now)
        recent = now.astimezone(UTC).date() - timedelta(days=BATCH_PAGE_DAYS - 1)
        for row in _records(days):
            day: date = row["day"]
            name = f"day/{day}.html"
            refused = _records(refusals[refusals["day"] == day])
            warned = _records(warnings[warnings["day"] == day])
            shares = _records(projects[projects["day"] == day])
            fingerprint = _digest([row, refused, warned, shares, self._own_pages.get(day), day >= recent])
            if self._is_there(name, fingerprint):
                continue
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            batches = frames.batches(self._warehouse, since=start, until=start + timedelta(days=1))
            shown = _busy(batches) if day >= recent else _notable(batches).tail(NOTABLE_BATCHES_A_DAY)
            page = html.render(
                "day.html",
                root="../",
                day=row,
                projects=shares,
                refused=refused,
                warned=warned,
                batches=_records(shown),
                is_recent=day >= recent,
                unlisted=len(batches) - len(shown),
                charts=pictures.hours(batches),
                link=self.link_of_batch,
            )
            self._write(name, page, fingerprint=fingerprint)

    def _quarantine_page(self, refusals: pd.DataFrame, now: datetime) -> None:
        resolved = self._rows("report/count_resolved")
        fingerprint = _digest([refusals.to_dict("records"), resolved, str(now.date())])
        if self._is_there("quarantine.html", fingerprint):
            return
        rows = frames.quarantined(self._warehouse, last=self._settings.report_days, at_most=ROWS_A_REASON, now=now)
        reasons = pictures.totals(refusals, "expectation")
        for reason in reasons:
            reason["rows"] = _records(rows[rows["expectation"] == reason["name"]])
        page = html.render(
            "quarantine.html",
            root="",
            reasons=reasons,
            charts=pictures.refused_by_day(refusals, self._settings.report_days, now),
            at_most=ROWS_A_REASON,
            settings=self._settings,
            link=self.link_of_batch,
        )
        self._write("quarantine.html", page, fingerprint=fingerprint)

    def _rows(self, name: str, params: Row | None = None) -> list[Row]:
        """What is no table of numbers, as it is."""
        result = self._warehouse.exec_driver_sql(sql.statement(name).decode(), params or {})
        return [dict(row) for row in result.mappings()]

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
    """Those that a question may lead to: something was refused, repeated, flagged or merged, or does not balance."""
    counts = batches[["quarantined", "duplicate", "warnings", "failed_expectations", "persons_merged"]]
    return batches[(counts > 0).any(axis=1) | ~batches["is_balanced"].astype(bool)]


def _day(days: list[Row], moment: datetime) -> Row:
    return next(row for row in days if row["day"] == moment.astimezone(UTC).date())
