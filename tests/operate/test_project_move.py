"""A project that moves to another shard is there what it was here, whatever interrupts it, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from etl import cli, databases, sql
from etl.cycle.run import run_cycle
from etl.errors import ConfigurationError, CycleBusyError, ProjectError, TransientError
from etl.files.undo import undo
from etl.migrate import migrate
from etl.operate import event_retention, maintain, person, project, project_move, quarantine
from etl.operate.rebuild import rebuild
from etl.operate.split import split
from etl.quality.audit import verify
from etl.rules.identity import person_id_of
from etl.settings import Settings
from etl.sql import Db
from tests.contents import broken, dump
from tests.cycle import crash
from tests.cycle.test_cut_invariance import END, event_logs, land_rows, logs
from tests.cycle.test_withdraw import as_seen
from tests.digest import digest_of_model, reset
from tests.files.examples import land_one, write
from tests.landing import land as land_in
from tests.landing import moment
from tests.rules.oracle import Model, Row
from tests.two_projects import SECRET, SHOP, of_project, rows_by_table, tell

pytestmark = pytest.mark.long

STAY = {
    "ops.action_decision", "ops.action_proposal", "ops.batch_project", "ops.cohort_decision", "ops.erasure",
    "ops.moved_project", "ops.removed_project", "ops.report_active_id", "ops.report_day",
}  # fmt: skip
"""Tables whose rows do not move: records of a server, and what it works out itself."""


class KilledError(Exception):
    """The move ends here."""


@pytest.fixture
def told(db, database, land, cycle, settings, tmp_path):
    tell(db, database, land, cycle, settings, tmp_path)


@pytest.fixture
def there(database: str) -> Iterator[str]:
    """Another shard, with a project of its own whose events are older, newer and not processed yet."""
    with databases.temporary_database(database, "there") as url:
        with sql.connect(url) as db:
            migrate(db, Settings())
            db.execute("update landing.project set team_id = 7, name = 'theirs'")
            for at in (0, 100):
                land_in(db, "$identify", f"id {at}", team_id=7, properties={"$anon_distinct_id": "b"}, at=at)
            run_cycle(db, Settings(), now=moment(100))
            land_in(db, "page", "id 0", team_id=7, at=101)
        yield url


@pytest.fixture
def sharded(database: str, there: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(project_move, "CAPTURE_SECONDS", 0.0)
    return settings.model_copy(update={"shards": {"here": database, "there": there}})


def move(settings: Settings, to: str = "there") -> project_move.Moved:
    return project_move.move(settings, "shop", to, by="ann", why="it grew")


@contextmanager
def copies(*urls: str) -> Iterator[dict[str, str]]:
    """Copies of the two databases, as shards; nobody may be connected to them."""
    with ExitStack() as stack:
        made = {}
        for name, url in zip(("here", "there"), urls, strict=True):
            made[name] = stack.enter_context(databases.temporary_database(url, f"copy_{name}"))
            template = urlsplit(url).path[1:]
            with psycopg.connect(url.replace(f"/{template}", "/postgres"), autocommit=True) as admin:
                admin.execute(f"drop database {urlsplit(made[name]).path[1:]}")
                admin.execute(f"create database {urlsplit(made[name]).path[1:]} template {template} strategy file_copy")
        yield made


def check_books(*dbs: Db) -> None:
    for db in dbs:
        assert (verify(db).troubles, broken(db)) == ([], {})


def test_every_row_moves_and_all_else_stays(db, told, land, sharded, there):
    before, entries = rows_by_table(db, SHOP), of_project(db, SHOP)
    others = of_project(db, 1)
    land("page", "new", team_id=SHOP, at=103)
    with sql.connect(there) as other:
        theirs = of_project(other, 7)
        moved = move(sharded)
        assert (moved.landed, moved.counts) == (1, {n: c for n, c in before.items() if c and n not in STAY_OR_NEW})
        assert of_project(other, SHOP) == entries
        after = rows_by_table(other, SHOP)
        same = before.keys() - STAY - {"landing.event"}
        assert {name: after[name] for name in same} == {name: before[name] for name in same}
        assert after["landing.event"] == before["landing.event"] + 1
        assert (of_project(db, 1), of_project(other, 7)) == (others, theirs)
        assert {name for name, rows in rows_by_table(db, SHOP).items() if rows} == {"ops.removed_project"}
        check_books(db, other)
        assert [row["name"] for row in project.list_all(other)] == ["shop", "theirs"]
        batch = run_cycle(other, sharded, now=moment(200))
        assert batch.landed == 2
        check_books(other)
        result = rebuild(there, sharded)
        assert (result.difference, result.missing, result.left_out) == (None, 0, [SHOP])
        with pytest.raises(ProjectError, match="on the shard there already"):
            move(sharded)


STAY_OR_NEW = STAY | {
    "warehouse.action", "warehouse.action_step", "warehouse.cohort", "warehouse.cohort_condition",
}  # fmt: skip
"""Actions and cohorts are added anew, with numbers of the other database."""


@pytest.mark.parametrize(
    "forged",
    [
        "update warehouse.stored_event set person_mode = 'force_upgrade' where team_id = 2",
        "update landing.event set event = 'x' where team_id = 2 and event = '$autocapture'",
        "delete from landing.event where team_id = 2 and event = '$autocapture'",
        "delete from warehouse.merge where team_id = 2",
        "delete from quarantine.event where team_id = 2",
        "delete from buffer.released_event where team_id = 2",
        "update warehouse.person set properties = '{}' where team_id = 2",
        "delete from ops.moved_project",
    ],
)
def test_what_is_written_there_by_hand_is_found(told, sharded, there, forged):
    move(sharded)
    with sql.connect(there) as other:
        assert other.execute(forged).rowcount > 0
        assert verify(other).troubles != []


@pytest.mark.parametrize("is_dropped_before", [True, False])
def test_what_landing_has_dropped_there_or_drops_here(db, told, cycle, sharded, there, is_dropped_before):
    """Events of which only keys or states are left, too."""
    later, kept = moment(86400 * 40), sharded.model_copy(update={"event_retention_days": 30})
    cycle(at=200)

    def drop(each: Db) -> None:
        each.execute("select ops.ensure_day_partition('landing', 'event', 'received_at', '2022-07-01')")
        assert maintain.drop_expired_partitions(each, kept, now=later) == ["event_20220701"]
        assert event_retention.drop_expired_events(each, kept, now=later).events > 0
        check_books(each)

    if is_dropped_before:
        drop(db)
    entries = of_project(db, SHOP)
    with sql.connect(there) as other:
        land_in(other, "page", "id 0", team_id=7, at=86400 * 20)
        run_cycle(other, sharded, now=moment(86400 * 20))
        move(sharded)
        check_books(db, other)
        assert set(entries) == set(of_project(other, SHOP))
        if not is_dropped_before:
            drop(other)
        move(sharded, "here")
        check_books(db, other)


def test_what_operators_do_afterwards(db, told, sharded, there, tmp_path):
    """A file is undone, a person is split and erased, a refused row is landed again, a day is dropped."""
    move(sharded)
    with sql.connect(there) as other:
        run_cycle(other, sharded, now=moment(200))
        of_file = "select from warehouse.events where team_id = 2 and event = 'page' and distinct_id = %s"
        before = other.execute(of_file, (SECRET,)).rowcount
        undo(other, str(tmp_path / f"{SECRET}.jsonl"), team_id=SHOP, by="ann", why="wrong")
        run_cycle(other, sharded, now=moment(201))
        assert other.execute(of_file, (SECRET,)).rowcount == before - 1
        check_books(other)
        split(other, person_id_of(SHOP, f"bob-{SECRET}"), [f"f-{SECRET}"], by="ann", why="a shared tablet")
        run_cycle(other, sharded, now=moment(202))
        check_books(other)
        target = person.find(other, distinct_id=f"bob-{SECRET}", team_id=SHOP)
        person.erase(other, target, by="ann", why="asked")
        run_cycle(other, sharded, now=moment(203))
        check_books(other)
        assert not [line for _, line in dump(other) if f"bob-{SECRET}" in line]
        land_in(other, "", "x", team_id=SHOP, at=204)
        run_cycle(other, sharded, now=moment(204))
        assert quarantine.replay(other, quarantine.Selection(team_id=SHOP), why="again", who="ann") > 0
        run_cycle(other, sharded, now=moment(205))
        check_books(other)
        assert maintain.squash(other) >= 0
        check_books(other)


def test_nothing_stops_landing(db, told, land, sharded, there):
    """On neither shard, at any statement but the few that make the change."""
    stopped: set[str] = set()
    with sql.connect(there) as other:
        for each in (db, other):
            each.execute("set lock_timeout = '50ms'")

        def land_meanwhile(session: Db, name: str, is_after: bool) -> None:
            for each in (db, other):
                try:
                    land_in(each, "page", "x", team_id=7)
                except psycopg.errors.LockNotAvailable:
                    stopped.add(name)

        with sql.observed(land_meanwhile):
            move(sharded)
    assert stopped <= {
        "project_move/raise_positions", "project_move/update_watermark", "project_move/end_tokens",
        "project_move/lock_landing", "project_move/read_landed", "project_move/copy_landed",
        "project_move/delete_landed", "audit/lock", "audit/append", "audit/end",
    }  # fmt: skip
    assert "project_move/raise_positions" in stopped


def test_and_back(db, told, land, sharded, there):
    """It has been here: its number may be used by itself."""
    entries = of_project(db, SHOP)
    move(sharded)
    with sql.connect(there) as other:
        run_cycle(other, sharded, now=moment(104))
        move(sharded, "here")
        assert of_project(db, SHOP) == entries
        check_books(db, other)
        land("page", "new", team_id=SHOP, at=105)
        run_cycle(db, sharded, now=moment(105))
        check_books(db)


def test_and_back_with_what_was_erased(db, told, sharded, there):
    """The certificate stays where the erasure was carried out, and is in nobody's way."""
    person.erase(db, person.find(db, distinct_id=f"bob-{SECRET}", team_id=SHOP), by="ann", why="asked")
    run_cycle(db, sharded, now=moment(200))
    for to in ("there", "here", "there"):
        move(sharded, to)
        with sql.connect(there) as other:
            run_cycle(other, sharded, now=moment(201))
            check_books(db, other)
    assert db.execute("select from ops.erasure where team_id = 2").rowcount == 1


def record_statements(settings: Settings) -> list[str]:
    names: list[str] = []
    with sql.observed(lambda db, name, is_after: None if is_after else names.append(name)):
        move(settings)
    return list(dict.fromkeys(names))


@pytest.mark.timeout(1800)
def test_whatever_interrupts_it_the_next_run_goes_on(db, told, land, sharded, there, database, tmp_path):
    """After each statement of it; both shards run cycles in between."""
    land("page", "new", team_id=SHOP, at=103)
    entries = [row for row in of_project(db, SHOP) if row[0] not in ("held events", "actions")]
    db.close()
    with copies(database, there) as shards:
        names = record_statements(sharded.model_copy(update={"shards": shards}))
    assert {"project_move/insert_rows", "project_move/copy_landed", "project/delete_rows"} <= set(names)
    for name in names:
        with copies(database, there) as shards:
            settings = sharded.model_copy(update={"shards": shards})

            def strike() -> None:
                raise KilledError

            with pytest.raises(KilledError), crash.armed(crash.Fault(name, is_after=True), strike):
                move(settings)
            with sql.connect(shards["here"]) as source, sql.connect(shards["there"]) as target:
                for each in (source, target):
                    run_cycle(each, settings, now=moment(104))
                    check_books(each)
                if not target.execute("select from ops.moved_project where finished_at is not null").rowcount:
                    move(settings)
                run_cycle(target, settings, now=moment(300))
                check_books(source, target)
                assert set(entries) <= set(of_project(target, SHOP)), name
                left = {table for table, rows in rows_by_table(source, SHOP).items() if rows}
                assert left == {"ops.removed_project"}, name
                new = "select count(*)::int as n from warehouse.events where distinct_id = 'new'"
                assert target.execute(new).fetchone() == {"n": 1}, name


def test_a_copy_that_differs_is_refused(db, told, sharded, there):
    before = dump(db)

    def lose_a_row(session: Db, name: str, is_after: bool) -> None:
        if name == "project_move/insert_batch" and not is_after:
            session.execute("delete from warehouse.person_distinct_id where team_id = 2 and distinct_id like 'bob%'")

    with sql.connect(there) as other:
        theirs = dump(other)
        with pytest.raises(ProjectError, match="The copy differs in distinct ids"), sql.observed(lose_a_row):
            move(sharded)
        assert sorted(line for _, line in dump(other)) == sorted(line for _, line in theirs)  # days have been made
    assert dump(db) == before


def test_what_is_in_the_way(db, told, land, cycle, sharded, there, database, tmp_path):
    with pytest.raises(ConfigurationError, match="There is no shard 'moon'; those of ETL_SHARDS: here, there"):
        move(sharded, "moon")
    with pytest.raises(ProjectError, match="No shard has a project 'shopp'"):
        project_move.move(sharded, "shopp", "there", by="ann", why="x")
    refused = land("", "x", team_id=SHOP, at=110)
    cycle(at=111)
    quarantine.replay(db, quarantine.Selection(landing_id=refused), why="again", who="ann")
    with pytest.raises(CycleBusyError, match="1 rows of 'shop' were replayed"):
        move(sharded)
    cycle(at=112)
    path = write(tmp_path, '{"event": "page", "distinct_id": "x", "timestamp": "2026-01-02T03:04:05Z"}', "late")
    assert land_one(database, path, team_id=SHOP).landed == 1
    with pytest.raises(CycleBusyError, match="Files of 'shop' were landed or undone and no cycle has taken all of it"):
        move(sharded)
    cycle()
    undo(db, str(path), team_id=SHOP, by="ann", why="wrong")
    with pytest.raises(CycleBusyError, match="Files of 'shop' were landed or undone"):
        move(sharded)
    crash.run_and_kill(there, "cycle", crash.Fault("load/close_batch"))
    with pytest.raises(CycleBusyError, match=r"Batch \d is open"):
        move(sharded)


def test_a_writer_that_stays_open(db, told, land, sharded, there, database, monkeypatch):
    """Its rows are not known yet when the tokens end; the next run takes them along."""
    monkeypatch.setattr(project_move, "WRITERS_SECONDS", 0.2)
    with psycopg.connect(database) as writer:
        writer.execute("insert into landing.event (team_id, event, distinct_id) values (2, 'page', 'slow')")
        with pytest.raises(TransientError, match="are still open on the shard that it leaves"):
            move(sharded)
    assert move(sharded).landed == 1
    with sql.connect(there) as other:
        run_cycle(other, sharded)
        check_books(db, other)
        assert other.execute("select from landing.event where distinct_id = 'slow'").rowcount == 1


def test_command(db, told, sharded, monkeypatch):
    monkeypatch.setenv("ETL_SHARDS", json.dumps(sharded.shards))
    asked = ["project", "move", "shop", "--to", "there", "--by", "ann", "--why", "it grew", "--json"]
    done = CliRunner().invoke(cli.app, asked)
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["landing.project"] == 1
    again = CliRunner().invoke(cli.app, asked)
    assert isinstance(again.exception, ProjectError)


@pytest.mark.timeout(3600)
def test_random_logs(db, database, there, caplog, monkeypatch):
    """Splits, late events and merges after a move come out as if the project had been there from the beginning."""
    caplog.set_level("WARNING", "great_expectations")
    monkeypatch.setattr(project_move, "CAPTURE_SECONDS", 0.0)
    settings = Settings(_env_prefix="NO_SUCH_PREFIX_").model_copy(update={"shards": {"here": database, "there": there}})
    with sql.connect(there) as other:

        def drain(each: Db, now: Any) -> None:
            while run_cycle(each, settings, now=now).landed:
                pass

        @logs(40)
        @given(rows=event_logs(with_repeats=True), data=st.data())
        def check(rows: list[Row], data: st.DataObject) -> None:
            rows = [row for row in rows if row.team_id == 2]
            first = data.draw(st.integers(0, len(rows)))
            second = data.draw(st.integers(first, len(rows)))
            are_drained = data.draw(st.tuples(st.booleans(), st.booleans()))
            for each in (db, other):
                reset(each)
                each.execute("select ops.raise_positions(-w.xid_offset, 1, 0) from ops.watermark as w")
                each.execute("delete from landing.project_token; delete from landing.project")
            db.execute("insert into landing.project (team_id, name) values (2, 'shop')")
            other.execute("insert into landing.project (team_id, name) values (7, 'theirs')")
            land_in(other, "page", "x", team_id=7, at=0)
            drain(other, moment(0))
            parts = ((db, rows[:first], "there"), (other, rows[first:second], "here"))
            for (each, part, to), is_drained in zip(parts, are_drained, strict=True):
                land_rows(each, part)
                if is_drained:
                    drain(each, max((row.received_at for row in part), default=moment(0)))
                project_move.move(settings, "shop", to, by="ann", why="a test")
                assert verify(db).troubles == verify(other).troubles == []
            land_rows(db, rows[second:])
            drain(db, moment(END))
            expected, found = digest_of_model(Model().run(rows)), as_seen(db)
            for section in ("persons", "properties", "distinct ids", "merges", "events"):
                assert found[section] == expected[section], section
            check_books(db, other)

        check()
