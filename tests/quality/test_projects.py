"""Shares of a project's rows: who fails them is withheld, nobody else, and never for what came with a public token."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.operate import quarantine
from etl.operate.maintain import check_invariants
from etl.operate.status import read_status
from etl.quality.audit import verify

pytestmark = pytest.mark.long

BROKEN = {"event": None}
NOBODYS = {"distinct_id": None}


@pytest.fixture(autouse=True)
def projects(db):
    db.execute("insert into landing.project (team_id, name) values (2, 'shop'), (3, 'blog')")


@pytest.fixture
def flood(db):
    """Land many events of a project in one statement; they are anonymous, so none is held."""

    def land_many(count, team_id=2, *, event="page", distinct_id="u", is_captured=False):
        db.execute(
            "insert into landing.event (team_id, event, distinct_id, properties, is_captured)"
            " select %s::bigint, %s, %s || '-' || n, jsonb_build_object('$device_id', 'u-' || n), %s::boolean"
            " from generate_series(1, %s) as n",
            [team_id, event, distinct_id, is_captured, count],
        )

    return land_many


def reasons(db, team_id=2):
    rows = db.execute(
        "select reasons -> 0 ->> 'expectation' as first, jsonb_array_length(reasons) as n, count(*)::int as rows"
        " from quarantine.event where team_id = %s and resolution is null group by 1, 2 order by 1",
        [team_id],
    )
    return {row["first"]: row["rows"] for row in rows if row["n"] == 1}


def test_only_the_rows_of_the_project_are_withheld(db, flood, cycle, settings):
    flood(800, **BROKEN)
    flood(400)
    flood(300, team_id=3)
    flood(900, team_id=1)
    batch = cycle()
    assert (batch["landed"], batch["loaded"], batch["quarantined"]) == (2400, 1200, 1200)
    assert reasons(db) == {"event_name_present": 800, "most_rows_are_good": 400}
    assert reasons(db, 3) == {}
    [withheld] = [problem for problem in read_status(db, settings).problems if problem.kind == "withheld"]
    assert (withheld.subject, "400 of 1,200 rows of the project 'shop'" in str(withheld)) == ("batch 1 project 2", True)
    state = db.execute("select state, failed_names from ops.batch_state").fetchone()
    assert (state["state"], "project.most_rows_are_good" in state["failed_names"]) == ("flagged", True)
    assert "quarantine_is_accounted_for" in check_invariants(db)
    verify(db)


def test_what_was_withheld_is_landed_again_after_the_fix(db, flood, cycle, settings):
    flood(800, **BROKEN)
    flood(400)
    cycle()
    selection = quarantine.Selection(reason="most_rows_are_good", team_id=2)
    assert quarantine.replay(db, selection, why="the writer is fixed", who="ann") == 400
    assert cycle()["loaded"] == 400
    assert "withheld" not in {problem.kind for problem in read_status(db, settings).problems}


@pytest.mark.parametrize(("bad", "good", "withheld"), [(251, 749, 749), (250, 750, 0), (300, 699, 0)])
def test_a_quarter_of_nobodys_events_is_too_much_of_a_thousand(db, flood, cycle, bad, good, withheld):
    flood(bad, **NOBODYS)
    flood(good)
    assert cycle()["quarantined"] == bad + withheld
    expected = {"events_belong_to_somebody": withheld} if withheld else {}
    assert reasons(db) == {"distinct_id_present": bad} | expected


def test_small_batches_are_judged_by_the_last_hour(db, flood, cycle):
    """A broken writer that lands 200 rows a minute: the fifth minute makes it a thousand."""
    loaded = []
    for _ in range(6):
        flood(140, **BROKEN)
        flood(60)
        loaded.append(cycle()["loaded"])
    assert loaded == [60, 60, 60, 60, 0, 0]
    flood(60)
    assert cycle()["loaded"] == 60  # good again: its past is not held against it


def test_an_hour_later_nothing_is_left_of_it(db, flood, cycle):
    flood(1000, **BROKEN)
    cycle()
    db.execute("update ops.batch set arrival_clock = arrival_clock - interval '61 minutes'")
    flood(140, **BROKEN)
    flood(60)
    assert cycle()["loaded"] == 60


def test_what_anybody_can_send_withholds_nothing(db, flood, cycle):
    """5,000 nameless events a minute with the token that stands in every page."""
    flood(5000, **BROKEN, is_captured=True)
    flood(5000, **NOBODYS, is_captured=True)
    flood(10, is_captured=True)
    flood(500)
    flood(30, team_id=3)
    assert (batch := cycle())["loaded"] == 540, batch
    failed = db.execute("select expectation from ops.expectation_result where suite = 'project' and not is_success")
    assert [row["expectation"] for row in failed] == ["most_captured_rows_are_good"]


def test_what_came_through_capture_is_not_withheld_with_the_rest(db, flood, cycle):
    flood(2000, **BROKEN)
    flood(100)
    flood(40, is_captured=True)
    assert cycle()["loaded"] == 40


def test_rows_of_no_project_withhold_nothing(db, flood, cycle):
    flood(3000, team_id=99)
    flood(10)
    assert cycle()["loaded"] == 10


def test_a_row_that_a_rule_refuses_counts(db, flood, cycle):
    flood(1100, event="$$client_ingestion_warning")
    flood(900)
    assert cycle()["loaded"] == 0
    assert reasons(db) == {"client_ingestion_warning": 1100, "most_rows_are_good": 900}


def test_the_commands(database, monkeypatch, db, flood):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.setenv("COLUMNS", "200")
    flood(800, **BROKEN)
    flood(400)

    def etl(*arguments, code=0):
        result = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.output

    assert "landed 1,200, loaded 0" in etl("cycle")
    assert "withheld in quarantine" in etl("status", code=1)
    assert "Most of the project's rows fail the gate" in etl("batch", "show", "1")
    assert "flagged" in etl("batch", "list", "--noteworthy")
    assert "etl quarantine replay --reason most_rows_are_good" in " ".join(etl("quarantine", "list").split())
