"""What any web server that shows the pages must do; Airflow's plugin is one (dags/plugins). No heavy import."""

from __future__ import annotations

import time
from html import escape
from pathlib import Path

import psycopg

from etl import shards, sql
from etl.errors import ConfigurationError, EtlError
from etl.names import INGEST, REPORT, of_shard
from etl.settings import Settings

AGE = b"<!--age-->"

# The pages name a stricter policy themselves (one style, by its hash); a browser keeps to both.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}

MISSING = (
    "<!doctype html><meta charset=utf-8><title>No such page</title>"
    "<p>No such page. The report is written by the DAG <code>{dag}</code> after each batch: "
    "is it un-paused, and does it write to {place}?</p>"
)


def folder_of(settings: Settings) -> Path:
    """Where the report DAG writes and the plugin reads, unless both use the database."""
    folder = settings.report_dir or settings.home / "report"
    return (folder / (settings.shard or "")).resolve()


def answer(settings: Settings, path: str) -> tuple[int, bytes]:
    """The HTTP status and the page for a path below the plugin's own. The pages of a shard are below its name.

    Raises:
        ConfigurationError: the pages are in the database, and ETL_DATABASE_URL is not set or its login is refused.
        UnavailableError: the database cannot be reached just now.
    """
    if settings.shards and settings.shard is None:
        if path in {"", "index.html"}:
            return 200, _front_page(settings)
        shard, slash, path = path.partition("/")
        if not slash or shard not in settings.shards:
            return 404, MISSING.format(dag=REPORT, place="a folder for each shard").encode()
        settings = shards.of(settings, shard)
    page = _read(settings, path)
    if page is None:
        place = "the table ops.report_page" if settings.report_in_database else str(folder_of(settings))
        return 404, MISSING.format(dag=of_shard(REPORT, settings.shard), place=escape(place)).encode()
    return 200, page


def read_page(folder: Path, path: str) -> bytes | None:
    """The content of a page, or None where there is none: only HTML files, and nothing outside the folder."""
    try:
        file = (folder / (path or "index.html")).resolve()
        if file.suffix != ".html" or file.name.startswith(".") or not file.is_relative_to(folder.resolve()):
            return None
        return file.read_bytes()
    except (OSError, ValueError):
        return None


def with_age(page: bytes, age_seconds: float | None, late_after_seconds: float, *, shard: str | None = None) -> bytes:
    """The page, with a banner above it if nothing has been built for too long: a page cannot know that it is old."""
    if age_seconds is None or age_seconds <= late_after_seconds:
        return page
    banner = (
        f'<p class="age" role="alert">This page is {age_seconds / 60:,.0f} min old: nothing has been loaded or built '
        f"since. Look at the DAGs {of_shard(INGEST, shard)} and {of_shard(REPORT, shard)}, or run etl status.</p>"
    )
    return page.replace(AGE, banner.encode(), 1)


def _front_page(settings: Settings) -> bytes:
    """Of all shards, each as it is now: one whose pages cannot be read is a line there."""
    from etl.report import front

    parts = []
    for each in shards.each(settings):
        try:
            parts.append(front.Part(str(each.shard), _read(each, front.VERDICTS)))
        except (EtlError, psycopg.Error) as error:
            parts.append(front.Part(str(each.shard), None, sql.one_line(error)))
    return front.render(parts)


def _read(settings: Settings, path: str) -> bytes | None:
    """A page of one warehouse, with its age where that is too high; None where there is none."""
    if settings.report_in_database:
        page, age_seconds = _read_from_database(settings, path)
    else:
        folder = folder_of(settings)
        page, age_seconds = read_page(folder, path), _age_of(folder)
    return page and with_age(page, age_seconds, settings.late_after_seconds, shard=settings.shard)


def _age_of(folder: Path) -> float | None:
    try:
        return time.time() - (folder / "index.html").stat().st_mtime
    except OSError:
        return None


def _read_from_database(settings: Settings, path: str) -> tuple[bytes | None, float | None]:
    if settings.warehouse_url is None:
        raise ConfigurationError("The pages are in the database: set ETL_DATABASE_URL for the web server, too.")
    name = path or "index.html"
    if not name.endswith(".html") or "\0" in name:
        return None, None
    with sql.connect(settings.warehouse_url, application_name="etl report page") as db:
        row = sql.one(db, "report/read_page", {"name": name})
    return (None if row["content"] is None else bytes(row["content"])), row["age_seconds"]
