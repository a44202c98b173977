"""A project that is removed is gone from every table, and all else stays as it was: other projects, and the audit."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from etl import cli, sql
from etl.cycle.run import run_cycle
from etl.errors import CycleBusyError, ProjectError
from etl.files import land as files
from etl.files.undo import undo
from etl.operate import action, cohort, merge, project, project_removal, quarantine
from etl.operate.rebuild import rebuild
from etl.quality.audit import verify
from etl.quality.audit_log import entry
from etl.quality.suites import read_suite
from etl.report.refresh import refresh
from etl.report.site import build
from etl.rules.action import read_actions
from etl.rules.cohort import read_cohorts
from etl.settings import Settings
from etl.sql import Db
from tests.cycle import crash
from tests.cycle.test_cut_invariance import END, event_logs, land_rows, logs
from tests.cycle.test_withdraw import as_seen, land_withdrawal
from tests.digest import digest_of_model, reset
from tests.landing import moment
from tests.rules.oracle import Model, Row

pytestmark = pytest.mark.long

INVARIANTS = [each["meta"]["name"] for each in read_suite("warehouse")["expectations"]]
SHOP = 2
SECRET = "secret-4711"
DAY = datetime.now(UTC).date()
UUID = "00000000-0000-4000-8000-000000000001"
COUNTED: dict[str, Any] = {"events": 1, "day": DAY}
# Tables that the story leaves without a row, and a row of each; None stands for the secret.
LEFT_BY_MAINTENANCE: dict[str, dict[str, Any]] = {
    "ops.incident": {
        "kind": "silent_source", "subject": None, "since_at": DAY, "last_at": DAY, "detail": None, "examples": "[]",
    },
    "ops.event_hour": {
        "hour_at": DAY, "source": None, "event": None, "events": 1, "users": 1, "names": 1, "without_device": 1,
    },
    "ops.action_proposal": {
        "action_id": 1, "day": DAY, "former_step": "{}", "step": "{}", "events_a_day_before": 1, "events": 1,
        "found_at": DAY,
    },
    "ops.dropped_id": {"distinct_id": None},
    "ops.dropped_birth": {
        "distinct_id": None, "is_hold": True, "xid": "1", "landing_id": 1, "born_at": DAY, "timestamp": DAY,
        "uuid": UUID,
    },
    "ops.dropped_group": {"group_type": None, "group_key": None, "created_at": DAY, "property_state": None},
    "ops.erased_id": {"distinct_id": None},
    "ops.event_day": {"event": None, "label": None, "profiled_at": DAY, **COUNTED},
    "ops.property_day": {"event": None, "property": None, "type": "string", "sampled": 1, **COUNTED},
    "ops.plan_drift": {
        "day": DAY, "kind": "new_event", "event": None, "subject": None, "details": "{}", "found_at": DAY,
    },
    "ops.user_day": {
        "persons": 1, "persons_without_buffer": 1, "persons_without_merges": 1, "counted_at": DAY, **COUNTED,
    },
    "ops.report_day": {"late_events": 1, "distinct_ids": 1, "unique_users": 1, **COUNTED},
    "ops.report_active_id": {"distinct_id": None, "late_events": 1, **COUNTED},
    "warehouse.person_override": {"old_person_id": UUID, "person_id": UUID, "batch_id": 1},
}  # fmt: skip


def dump(db: Db) -> list[tuple[str, str]]:
    """Every row of every table but the lock, as text, with the name of its table; partitions too."""
    tables = db.execute(
        "select c.oid::regclass::text as name from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid"
        " where c.relkind = 'r' and n.nspname not like 'pg_%%' and n.nspname <> 'information_schema'"
        " and c.oid <> 'ops.cycle_lock'::regclass order by 1"
    ).fetchall()
    return [
        (row["name"], each["line"])
        for row in tables
        for each in db.execute(f"select t::text as line from {row['name']} as t").fetchall()
    ]


def rows_by_table(db: Db, team_id: int) -> dict[str, int]:
    """How many rows of a project each table with a ``team_id`` has."""
    tables = db.execute(
        "select c.oid::regclass::text as name from pg_class as c"
        " inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'team_id'"
        " where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace <> 'staging'::regnamespace"
    ).fetchall()
    return {
        row["name"]: db.execute(f"select count(*) as n from {row['name']} where team_id = {team_id}").fetchone()["n"]
        for row in tables
    }


def broken(db: Db) -> dict[str, Any]:
    rows = {name: sql.run(db, f"invariants/{name}").fetchall() for name in INVARIANTS}
    return {name: offenders for name, offenders in rows.items() if offenders}


def pages(folder: Any) -> str:
    return "\n".join(path.read_text() for path in folder.rglob("*") if path.is_file())


def of_project(db: Db, team_id: int) -> list[tuple[str, str, str]]:
    """The entries of the digest of one project."""
    rows = db.execute(
        "select section, key, value from ops.digest_entry where key like %s and section <> 'quarantined events'"
        " order by 1, 2",
        (f"{team_id} %",),
    )
    return [(row["section"], row["key"], row["value"]) for row in rows]


@pytest.fixture
def told(db, database, land, cycle, settings, tmp_path):
    """The same story of two projects: of all that leaves a row somewhere, one. That of the shop has a secret in it."""
    project.add(db, "shop")
    project.set_privacy(db, "shop", dropped=["card"], hashed=[])
    for team_id, word in ((1, "plain"), (SHOP, SECRET)):
        said = {"$set": {"email": word}, "card": word, "utm_source": word}
        click = {"$elements": [{"tag_name": "a", "$el_text": word, "attr__href": f"/{word}"}], "$device_id": word}
        steps = [{"event": "$autocapture", "selector": "a"}, {"event": "page", "url": word}]
        action.add(db, read_actions({"name": f"A {team_id}", "steps": steps}), team_id=team_id, by="ann", why="x")
        cohort.add(
            db,
            read_cohorts({"name": f"C {team_id}", "is_static": True, "distinct_ids": [word]}),
            team_id=team_id,
            by="ann",
            why="x",
        )
        land("$identify", word, team_id=team_id, properties={"$anon_distinct_id": f"d-{word}", **said}, at=0)
        land("$identify", f"bob-{word}", team_id=team_id, properties=said, at=0)
        land("$autocapture", word, team_id=team_id, properties=click, at=0)
        land("page", f"soon-{word}", team_id=team_id, properties=said, at=0)
        land("page", f"x{word}", team_id=team_id, properties={"$process_person_profile": False, **said}, at=0)
        land("page", word, team_id=team_id, uuid=word, properties=said, at=1)
        land("", word, team_id=team_id, properties=said, at=1)
        land("page", word, team_id=team_id, timestamp=word, properties=said, at=1)
        group = {"$group_type": word, "$group_key": word, "$group_set": {"name": word}}
        land("$groupidentify", word, team_id=team_id, properties=group, at=1)
        path = tmp_path / f"{word}.jsonl"
        path.write_text(json.dumps({"event": "page", "distinct_id": word, "properties": said}) + "\nno JSON " + word)
        list(files.land_files(database, [str(path)], team_id=team_id))
    db.execute("update landing.event set received_at = %s where received_at > %s", (moment(1), moment(1000)))
    cycle(at=5)
    for team_id, word in ((1, "plain"), (SHOP, SECRET)):
        land("$identify", f"bob-{word}", team_id=team_id, properties={"$anon_distinct_id": word}, at=6)
        land("$identify", f"soon-{word}", team_id=team_id, properties={"$anon_distinct_id": f"e-{word}"}, at=6)
        land("page", f"held-{word}", team_id=team_id, properties={"now": word}, at=70)
        land("$split", word, team_id=team_id, properties={"distinct_ids": [f"d-{word}"]}, is_operator=True, at=6)
    cycle(at=71)
    for refused in db.execute("select * from warehouse.refused_merges").fetchall():
        merge.reject(db, refused["uuid"], by="ann", why="no", team_id=refused["team_id"])
    for team_id in (1, SHOP):
        quarantine.replay(db, quarantine.Selection(team_id=team_id), why="again", who="ann")
    cycle(at=72)
    refresh(db, settings)
    with entry(db, "maintenance", "rows that days of maintenance would leave"):
        for table, columns in LEFT_BY_MAINTENANCE.items():
            values = {"team_id": SHOP, **{name: SECRET if value is None else value for name, value in columns.items()}}
            places = ", ".join(f"%({name})s" for name in values)
            db.execute(f"insert into {table} ({', '.join(values)}) values ({places})", values)


def test_nothing_is_left_and_nothing_else_changes(db, told, land, cycle, database, settings, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    build(database, settings, site)
    assert SECRET in pages(site)
    before, of_first, all_of_first = rows_by_table(db, SHOP), of_project(db, 1), rows_by_table(db, 1)
    # Who makes another table gives it a row in the story, so that it is not forgotten here.
    assert {name for name, rows in before.items() if not rows} == {"ops.erasure", "ops.removed_project"}
    assert verify(db).troubles == []

    counts = project_removal.remove(db, "shop", by="ann", why="they left")
    assert counts == {name: rows for name, rows in before.items() if rows}
    assert [line for line in dump(db) if SECRET in line[1]] == []
    assert {name for name, rows in rows_by_table(db, SHOP).items() if rows} == {"ops.removed_project"}
    assert (of_project(db, 1), rows_by_table(db, 1)) == (of_first, all_of_first)
    assert (verify(db).troubles, broken(db)) == ([], {})
    build(database, settings, site)
    assert SECRET not in pages(site)

    for team_id in (1, SHOP):
        land("page", "plain", team_id=team_id, at=100)
    batch = cycle(at=101)
    assert (batch["loaded"], batch["quarantined"]) == (1, 1)
    assert (verify(db).troubles, broken(db)) == ([], {})
    result = rebuild(database, settings)
    assert (result.difference, result.missing) == (None, 0)
    undo(db, str(tmp_path / "plain.jsonl"), by="ann", why="wrong")
    cycle(at=102)
    assert (verify(db).troubles, broken(db)) == ([], {})


def test_a_trial_counts_and_changes_nothing(db, told):
    before = dump(db)
    counts = project_removal.remove(db, "shop", by="ann", why="x", is_trial=True)
    assert counts["warehouse.stored_event"] > 5
    assert dump(db) == before


@pytest.mark.parametrize(
    "forged",
    [
        "update warehouse.stored_event set distinct_id = 'x' where team_id = 1 and event = '$autocapture'",
        "delete from landing.event where landing_id = (select min(landing_id) from landing.event)",
        "delete from warehouse.merge where (team_id, uuid) = (select team_id, uuid from warehouse.merge limit 1)",
        "delete from quarantine.event where landing_id = (select min(landing_id) from quarantine.event)",
        "delete from ops.warning where landing_id = (select min(landing_id) from ops.warning)",
        "delete from buffer.released_event",
        "delete from ops.batch_project",
        "update ops.amendment set loaded = loaded + 1",
        "delete from ops.removed_project",
    ],
)
def test_what_is_forged_afterwards_is_found(db, told, forged):
    project_removal.remove(db, "shop", by="ann", why="they left")
    db.execute(forged)
    assert verify(db).troubles != []


def test_its_number_is_not_used_again(db, told):
    project_removal.remove(db, "shop", by="ann", why="they left")
    project.add(db, "shop")
    assert {row["name"]: row["team_id"] for row in project.list_all(db)} == {"default": 1, "shop": 3}


def test_an_open_batch_is_finished_first(db, database, told, land, cycle):
    land("page", "plain", at=200)
    crash.run_and_kill(database, "cycle", crash.Fault("load/close_batch"))
    with pytest.raises(CycleBusyError, match=r"Batch \d is open"):
        project_removal.remove(db, "shop", by="ann", why="they left")
    cycle(at=201)
    project_removal.remove(db, "shop", by="ann", why="they left")
    assert verify(db).troubles == []


def test_what_breaks_off_has_changed_nothing(db, database, told):
    before = dump(db)
    with (
        sql.connect(database) as other,
        pytest.raises(psycopg.OperationalError),
        crash.armed(crash.Fault("project/insert_removed"), other.close),
    ):
        project_removal.remove(other, "shop", by="ann", why="they left")
    assert dump(db) == before


def test_command(db, database, told, monkeypatch):
    monkeypatch.setenv("ETL_DATABASE_URL", database)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, ["project", "remove", *arguments, "--why", "they left", "--by", "ann"])
        assert done.exit_code == 0, done.output
        return done.output

    assert "Nothing is removed yet" in run("shop", "--dry-run")
    assert json.loads(run("shop", "--dry-run", "--json"))["landing.project"] == 1
    assert "warehouse.person: " in run("shop")
    with pytest.raises(ProjectError, match="There is no project 'shop'; there are: 'default'"):
        project_removal.remove(db, "shop", by="ann", why="they left")
    noted = db.execute("select removed_by, why from ops.removed_project").fetchall()
    assert noted == [{"removed_by": "ann", "why": "they left"}]


@pytest.mark.timeout(3600)
def test_random_logs(db, caplog):
    """The rows of the first project alone would have come out the same, whenever the second one is removed."""
    caplog.set_level("WARNING", "great_expectations")
    settings = Settings(_env_prefix="NO_SUCH_PREFIX_")

    def drain(now: Any) -> None:
        while run_cycle(db, settings, now=now).landed:
            pass

    @logs(40)
    @given(rows=event_logs(with_repeats=True), data=st.data())
    def check(rows: list[Row], data: st.DataObject) -> None:
        before = data.draw(st.integers(0, len(rows)))
        file = data.draw(st.sets(st.integers(0, before - 1)) if before else st.just(set()))
        reset(db)
        db.execute("insert into landing.project (team_id, name) values (2, 'second') on conflict do nothing")
        land_rows(db, rows[:before])
        now = max((row.received_at for row in rows[:before]), default=moment(0))
        drain(now)
        if file:
            land_withdrawal(db, file, now)
            drain(now)
        project_removal.remove(db, "second", by="ann", why="they left")
        assert (verify(db).troubles, broken(db)) == ([], {})
        land_rows(db, rows[before:])
        drain(moment(END))
        kept = [row for place, row in enumerate(rows) if place not in file and row.team_id == 1]
        expected, found = digest_of_model(Model().run(kept)), as_seen(db)
        for section in ("persons", "properties", "distinct ids", "merges", "events"):
            assert found[section] == expected[section], section
        assert (verify(db).troubles, broken(db)) == ([], {})

    check()
