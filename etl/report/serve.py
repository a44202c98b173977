"""What any web server that shows the pages must do; Airflow's plugin is one (dags/plugins). No heavy import."""

from __future__ import annotations

import time
from html import escape
from pathlib import Path

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
    "is it un-paused, and does it write to {folder}?</p>"
)


def folder_of(settings: Settings) -> Path:
    """Where the report DAG writes and the plugin reads."""
    return (settings.report_dir or settings.home / "report").resolve()


def read_page(folder: Path, path: str) -> bytes | None:
    """The content of a page, or None where there is none: only HTML files, and nothing outside the folder."""
    try:
        file = (folder / (path or "index.html")).resolve()
        if file.suffix != ".html" or file.name.startswith(".") or not file.is_relative_to(folder.resolve()):
            return None
        return file.read_bytes()
    except (OSError, ValueError):
        return None


def with_age(page: bytes, folder: Path, late_after_seconds: float) -> bytes:
    """The page, with a banner above it if nothing has been built for too long: a page cannot know that it is old."""
    try:
        age = time.time() - (folder / "index.html").stat().st_mtime
    except OSError:
        return page
    if age <= late_after_seconds:
        return page
    banner = (
        f'<p class="age" role="alert">This page is {age / 60:,.0f} min old: nothing has been loaded or built since. '
        f"Look at the DAGs {INGEST} and {REPORT}, or run etl status.</p>"
    )
    return page.replace(AGE, banner.encode(), 1)


def missing_page(folder: Path) -> bytes:
    """What to show instead of a page that is not there."""
    return MISSING.format(dag=REPORT, folder=escape(str(folder))).encode()
