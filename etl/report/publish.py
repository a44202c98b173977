"""The pages where Airflow's plugin finds them: in a folder that all share, or in the database where they share none."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from etl import sql
from etl.report.serve import folder_of
from etl.report.site import MANIFEST, Built, build
from etl.settings import Settings
from etl.sql import Db


def publish(url: str, settings: Settings) -> Built:
    """Build the pages and put them where ``etl.report.serve`` looks for them.

    Args:
        url: the warehouse; with ``report_in_database`` a login that may write there.
        settings: say where to; days shown, thresholds.

    Raises:
        ConfigurationError: the folder cannot be written, or the server refuses the login.
        UnavailableError: the warehouse cannot be reached just now.
    """
    if not settings.report_in_database:
        return build(url, settings, folder_of(settings))
    with sql.connect(url, application_name="etl report") as db, TemporaryDirectory(prefix="etl-report-") as folder:
        before = _fetch(db, Path(folder))
        # Nothing is open on the server while the pages are built.
        built = build(url, settings, Path(folder))
        _store(db, Path(folder), before)
    return built


def _fetch(db: Db, folder: Path) -> dict[str, bytes]:
    """Put the files of the build before into the folder, so that only what has changed is built."""
    files = {row["name"]: bytes(row["content"]) for row in sql.run(db, "report/read_pages")}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return files


def _store(db: Db, folder: Path, before: dict[str, bytes]) -> None:
    paths = [folder / MANIFEST, *folder.rglob("*.html")]
    files = {str(path.relative_to(folder)): path for path in paths}
    with db.transaction():
        for name, path in files.items():
            content = path.read_bytes()
            if before.get(name) != content or name == "index.html":  # whose time is that of the build
                sql.run(db, "report/upsert_page", {"name": name, "content": content})
        sql.run(db, "report/forget_pages", {"kept": list(files)})
