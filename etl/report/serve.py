"""What any web server that shows the pages must do; Airflow's plugin is one (dags/plugins). No heavy import."""

from __future__ import annotations

import time
from html import escape
from pathlib import Path

from etl import sql
from etl.errors import ConfigurationError
from etl.names import INGEST, REPORT
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
    return (settings.report_dir or settings.home / "report").resolve()


def answer(settings: Settings, path: str) -> tuple[int, bytes]:
    """The HTTP status and the page for a path below the plugin's own.

    Raises:
        ConfigurationError: the pages are in the database, and ETL_DATABASE_URL is not set or its login is refused.
        UnavailableError: the database cannot be reached just now.
    """
    if settings.report_in_database:
        page, age_seconds = _read_from_database(settings, path)
        place = "the table ops.report_page"
    else:
        folder = folder_of(settings)
        page, age_seconds, place = read_page(folder, path), _age_of(folder), str(folder)
    if page is None:
        return 404, MISSING.format(dag=REPORT, place=escape(place)).encode()
    return 200, with_age(page, age_seconds, settings.late_after_seconds)


def read_page(folder: Path, path: str) -> bytes | None:
    """The content of a page, or None where there is none: only HTML files, and nothing outside the folder."""
    try:
        file = (folder / (path or "index.html")).resolve()
        if file.suffix != ".html" or file.name.startswith(".") or not file.is_relative_to(folder.resolve()):
            return None
        return file.read_bytes()
    except (OSError, ValueError):
        return None


def with_age(page: bytes, age_seconds: float | None, late_after_seconds: float) -> bytes:
    """The page, with a banner above it if nothing has been built for too long: a page cannot know that it is old."""
    if age_seconds is None or age_seconds <= late_after_seconds:
        return page
    banner = (
        f'<p class="age" role="alert">This page is {age_seconds / 60:,.0f} min old: nothing has been loaded or built '
        f"since. Look at the DAGs {INGEST} and {REPORT}, or run etl status.</p>"
    )
    return page.replace(AGE, banner.encode(), 1)


def _age_of(folder: Path) -> float | None:
    try:
        return time.time() - (folder / "index.html").stat().st_mtime
    except OSError:
        return None


def _read_from_database(settings: Settings, path: str) -> tuple[bytes | None, float | None]:
    if settings.database_url is None:
        raise ConfigurationError("The pages are in the database: set ETL_DATABASE_URL for the web server, too.")
    name = path or "index.html"
    if not name.endswith(".html") or "\0" in name:
        return None, None
    with sql.connect(settings.database_url, application_name="etl report page") as db:
        row = sql.one(db, "report/read_page", {"name": name})
    return (None if row["content"] is None else bytes(row["content"])), row["age_seconds"]
