"""A real dbt, in its own environment, on a copy of the project in `sql/dbt`, with the login that its README names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from etl.sql import Db
from tests.logins import login

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / ".tools" / "dbt" / "bin" / "dbt"


@dataclass(frozen=True)
class Outcome:
    """What a command of dbt came to: what it said, and of each model, test or source how it went."""

    text: str
    exit_status: int
    statuses: dict[str, str]
    failures: dict[str, int]


@dataclass(frozen=True)
class Dbt:
    """A copy of the project, and the database it runs in."""

    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str) -> Outcome:
        """Run a command."""
        assert PROGRAM.exists(), "dbt has an environment of its own: `make dbt` makes it"
        target = self.folder / "target"
        results = [target / "run_results.json", target / "sources.json"]
        for path in results:
            path.unlink(missing_ok=True)
        done = subprocess.run(
            [PROGRAM, "--no-use-colors", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        found = {
            _name_of(each["unique_id"]): each
            for path in results
            if path.exists()
            for each in json.loads(path.read_text())["results"]
        }
        statuses = {name: each["status"] for name, each in found.items()}
        failures = {name: each["failures"] for name, each in found.items() if each.get("failures") is not None}
        return Outcome(done.stdout, done.returncode, statuses, failures)


def _name_of(unique_id: str) -> str:
    """`model.PROJECT.NAME`, `test.PROJECT.NAME.HASH` or `source.PROJECT.SCHEMA.NAME`."""
    kind, _, *names = unique_id.split(".")
    return names[-1] if kind == "source" else names[0]


@pytest.fixture
def dbt(db: Db, database: str, tmp_path: Path) -> Iterator[Dbt]:
    """dbt with a login that may read the warehouse and has a schema of its own."""
    shutil.copytree(ROOT / "sql" / "dbt", tmp_path / "dbt", ignore=shutil.ignore_patterns("target", "logs"))
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "DBT_"))}
    with login(database, "auditor") as url:
        parts = urlsplit(url)
        name, place = parts.username, parts.path[1:]
        db.execute(f"grant temporary on database {place} to {name}")
        db.execute(f"create schema analytics authorization {name}")
        where = {
            "PGHOST": str(parts.hostname),
            "PGPORT": str(parts.port),
            "PGUSER": str(name),
            "PGPASSWORD": str(parts.password),
            "PGDATABASE": place,
        }
        yield Dbt(tmp_path / "dbt", inherited | where)
        db.execute("drop schema analytics cascade")
        db.execute(f"revoke temporary on database {place} from {name}")
