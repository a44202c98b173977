"""Databases that earlier versions of the program have made and filled: migrated, they go on, and the audit agrees.

``tests/upgrade/NNNN.sql.gz`` is what `pg_dump --inserts --no-owner` wrote of one whose newest schema file is NNNN. That
version's own program had filled it: identities, groups, held, released, refused and replayed rows, a file that was
undone, an erasure, a batch that an operator refused, runs of maintenance and of the audit. It also keeps the schema
files as they are, because one that was edited since is refused.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.migrate import check, migrate
from etl.operate.maintain import check_invariants
from etl.operate.quarantine import Selection, replay
from etl.operate.rebuild import rebuild
from etl.operate.watermark import rebase_watermark
from etl.quality import audit
from etl.settings import Settings
from etl.sql import Db
from tests.catalog import read_catalog

DUMPS = sorted((Path(__file__).parent / "upgrade").glob("*.sql.gz"))


@pytest.fixture(params=DUMPS, ids=lambda dump: dump.name.partition(".")[0])
def upgraded(request: pytest.FixtureRequest, server_url: str, template: str, settings: Settings) -> Iterator[str]:
    """The URL of such a database, migrated."""
    lines = gzip.decompress(request.param.read_bytes()).decode().splitlines(keepends=True)
    # psql's own commands, and a setting that PostgreSQL 16 does not have
    statements = "".join(line for line in lines if not line.startswith(("\\", "SET transaction_timeout")))
    with databases.temporary_database(server_url, f"upgrade_{request.param.name.partition('.')[0]}") as url:
        with sql.connect(url) as db:
            db.execute(statements)  # type: ignore[call-overload]
        with sql.connect(url) as db:
            migrate(db, settings)
            check(db)
            rebase_watermark(db)  # since it is on another server
        yield url


@pytest.fixture
def old(upgraded: str) -> Iterator[Db]:
    with sql.connect(upgraded) as db:
        yield db


def test_it_has_what_a_new_one_has(old: Db, db: Db) -> None:
    ours, new = read_catalog(old), read_catalog(db)
    for catalog in (ours, new):
        del catalog["row watermark"]  # its history, and since the restore an offset
        for name in [name for name in catalog if re.match(r"column landing\.event.*\.xid", name)]:
            del catalog[name]
    assert ours == new


def test_the_audit_agrees_with_what_was_loaded_before_and_since(old: Db, settings: Settings) -> None:
    assert audit.verify(old).troubles == []
    assert replay(old, Selection(reason="event_name_not_empty"), why="once more") == 1
    batch = run_cycle(old, settings.model_copy(update={"hold_seconds": 0.0}))
    assert (batch.landed, batch.released, batch.loaded, batch.quarantined) == (2, 1, 2, 1)
    check_invariants(old)
    found = audit.verify(old)
    assert (found.troubles, found.batches) == ([], batch.batch_id)


def test_a_rebuild_gives_the_same(upgraded: str, settings: Settings) -> None:
    assert rebuild(upgraded, settings).difference is None


@pytest.mark.parametrize(
    ("forgery", "table"),
    [
        ("update quarantine.event set is_operator = true where resolution is null", "quarantine.event"),
        ("update quarantine.event set is_personless = not is_personless", "quarantine.event"),
        ("update ops.batch set oldest_received_at = opened_at where batch_id = 1", "ops.batch"),
        ("update ops.batch set arrival_clock = arrival_clock - interval '1 s' where batch_id = 1", "ops.batch"),
        ("delete from ops.audit_entry where record like 'schema 0012%'", "ops.audit_entry"),
    ],
)
def test_the_audit_finds_what_was_forged_in_it(old: Db, forgery: str, table: str) -> None:
    assert old.execute(forgery).rowcount > 0  # type: ignore[call-overload]
    assert table in {trouble.table for trouble in audit.verify(old).troubles}
