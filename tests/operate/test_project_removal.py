"""A project that is removed is gone from every table, and all else stays as it was: other projects, and the audit."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from etl import cli, sql
from etl.cycle.run import run_cycle
from etl.errors import CycleBusyError, ProjectError
from etl.files.undo import undo
from etl.operate import project, project_removal
from etl.operate.rebuild import rebuild
from etl.quality.audit import verify
from etl.report.site import build
from etl.settings import Settings
from tests.contents import broken, dump, pages
from tests.cycle import crash
from tests.cycle.test_cut_invariance import END, event_logs, land_rows, logs
from tests.cycle.test_withdraw import as_seen, land_withdrawal
from tests.digest import digest_of_model, reset
from tests.landing import moment
from tests.rules.oracle import Model, Row
from tests.two_projects import SECRET, SHOP, of_project, rows_by_table, tell

pytestmark = pytest.mark.long


@pytest.fixture
def told(db, database, land, cycle, settings, tmp_path):
    tell(db, database, land, cycle, settings, tmp_path)


def test_nothing_is_left_and_nothing_else_changes(db, told, land, cycle, database, settings, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    build(database, settings, site)
    assert SECRET in pages(site)
    before, of_first, all_of_first = rows_by_table(db, SHOP), of_project(db, 1), rows_by_table(db, 1)
    # Who makes another table gives it a row in the story, so that it is not forgotten here.
    assert {name for name, rows in before.items() if not rows} == {
        "ops.erasure",
        "ops.moved_project",
        "ops.removed_project",
    }
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
