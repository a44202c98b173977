"""`etl migrate`, and the check that refuses a database which it has not brought to this program's version."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.errors import MigrationError
from etl.migrate import check, migrate
from etl.operate.maintain import check_invariants, ensure_partitions, squash
from etl.operate.watermark import rebase_watermark
from etl.settings import Settings
from etl.sql import Db
from tests.landing import land
from tests.logins import login


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


@pytest.fixture
def plain_owner(server_url: str) -> Iterator[str]:
    """The URL of an empty database whose owner is a login without any attribute."""
    with login(f"{server_url}/postgres", "pg_monitor") as owner:
        name = urlsplit(owner).username
        with databases.temporary_database(server_url, f"of_{name}") as url:
            with sql.connect(url) as admin:
                admin.execute(f"alter database of_{name} owner to {name}")
            yield databases.database_url(owner, f"of_{name}")


def test_a_plain_owner_migrates_and_runs_everything(plain_owner: str, template: str, settings: Settings) -> None:
    """The template has made the roles of the server before."""
    with sql.connect(plain_owner) as db:
        assert "schema/0001_roles" in migrate(db, settings)
        land(db, "$identify", "alice", properties={"$anon_distinct_id": "a"})
        land(db, "seen", "bob", properties={})
        batch = run_cycle(db, settings)
        assert (batch.loaded, batch.held) == (1, 1)
        ensure_partitions(db, settings)
        squash(db)
        assert check_invariants(db)
        rebase_watermark(db)


def test_a_login_that_may_not_make_the_missing_roles_is_told_what_to_run(
    server_url: str, plain_owner: str, settings: Settings
) -> None:
    """Two of them have another name meanwhile, because other databases of the server need them."""
    with psycopg.connect(f"{server_url}/postgres", autocommit=True) as admin, sql.connect(plain_owner) as db:
        for role in ("event_lander", "auditor"):
            admin.execute(f"alter role {role} rename to {role}_away")
        try:
            with pytest.raises(MigrationError) as raised:
                migrate(db, settings)
        finally:
            for role in ("event_lander", "auditor"):
                admin.execute(f"alter role {role}_away rename to {role}")
    assert "let somebody run: create role event_lander nologin; create role auditor nologin. It has" in str(
        raised.value
    )
    assert "\n" not in str(raised.value)


def test_a_login_that_does_not_own_the_database_is_told_so(server_url: str, settings: Settings) -> None:
    with (
        databases.temporary_database(server_url, "of_somebody_else") as url,
        login(url, "pg_monitor") as stranger,
    ):
        with sql.connect(url) as admin:
            admin.execute("grant connect on database of_somebody_else to pg_monitor")
        with (
            sql.connect(stranger) as db,
            pytest.raises(MigrationError, match=r"permission denied for schema public\. It has to own the database"),
        ):
            migrate(db, settings)
        with sql.connect(url) as admin:
            admin.execute("revoke connect on database of_somebody_else from pg_monitor")
