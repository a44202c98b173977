"""`etl migrate`, and the check that refuses a database which it has not brought to this program's version."""

from __future__ import annotations

import pytest

from etl.errors import MigrationError
from etl.migrate import check, migrate
from etl.settings import Settings
from etl.sql import Db


def test_a_migrated_database_fits_and_is_left_alone(db: Db, settings: Settings) -> None:
    check(db)
    assert migrate(db, settings) == []


def test_an_older_database_is_refused(db: Db) -> None:
    db.execute("delete from public.etl_migration where name = 'schema/0002_landing'")
    with pytest.raises(
        MigrationError, match=r"is older than this program: it lacks schema/0002_landing\. Run `etl migrate`"
    ):
        check(db)


def test_a_newer_database_is_refused(db: Db, settings: Settings) -> None:
    db.execute("insert into public.etl_migration (name, checksum) values ('schema/9999_later', '')")
    for refusing in (check, lambda db: migrate(db, settings)):
        with pytest.raises(MigrationError, match=r"does not know: schema/9999_later\. Install the newer version"):
            refusing(db)
