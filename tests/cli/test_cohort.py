"""`etl cohort` as people use it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.errors import DefinitionError

COHORT = {
    "id": 9,
    "name": "Power users",
    "filters": {
        "properties": {
            "type": "OR",
            "values": [
                {
                    "type": "AND",
                    "values": [
                        {"key": "plan", "type": "person", "value": ["pro"], "operator": "exact"},
                        {
                            "key": "Order created",
                            "type": "behavioral",
                            "value": "performed_event_multiple",
                            "event_type": "events",
                            "operator": "gte",
                            "operator_value": 2,
                            "explicit_datetime": "-30d",
                            "negation": True,
                        },
                    ],
                }
            ],
        }
    },
}


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command; gives what it prints."""
    monkeypatch.setenv("ETL_DATABASE_URL", database)

    def _run(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, ["cohort", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return _run


def test_a_life_of_a_cohort(run: Callable[..., str], land: Any, cycle: Any, tmp_path: Path) -> None:
    (tmp_path / "power.json").write_text(json.dumps(COHORT))
    (tmp_path / "testers.json").write_text(json.dumps({"name": "Testers", "distinct_ids": ["a", "b"]}))
    land("page", "u", properties={"$device_id": "u", "$set": {"plan": "pro"}})
    cycle()
    assert run("list") == "none\n"
    added = run("add", str(tmp_path), "--why", "for the survey", "--by", "ann")
    assert added == "Power users: added\nTesters: added\n"
    assert run("list").splitlines()[::2] == [
        "Power users: 2 conditions, project 1",
        "Testers: a list of 2 distinct ids, project 1",
    ]
    shown = run("show", "Power users").splitlines()
    assert shown[:5] == [
        "Power users: 1 persons now",
        "  any of",
        "    all of",
        "      person property plan exact ['pro']",
        "      not: event 'Order created' gte 2 times in the last 30d",
    ]
    assert shown[5].endswith(" by ann: for the survey")
    assert run("show", "Testers").splitlines()[:2] == ["Testers: 0 persons now", "  a list of 2 distinct ids"]
    assert run("disable", "Testers", "--why", "done") == "disabled\n"
    assert run("disable", "Testers", "--why", "done") == "disabled before; nothing was done\n"
    assert "Testers (disabled): a list" in run("list")
    assert [row["is_enabled"] for row in json.loads(run("list", "--json", "--team", "1"))] == [True, False]
    as_data = json.loads(run("show", "Power users", "--json"))
    assert (as_data["persons"], as_data["history"][0]["why"]) == (1, "for the survey")


def test_a_refusal_is_one_line(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    (tmp_path / "c.json").write_text(json.dumps({"name": "C", "query": {"kind": "ActorsQuery"}}))
    monkeypatch.setattr("sys.argv", ["etl", "cohort", "add", str(tmp_path / "c.json"), "--why", "x"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    said = capsys.readouterr().err
    assert (stopped.value.code, said.count("\n")) == (1, 1)
    assert "c.json: Cohort 'C' has no `filters.properties`" in said


def test_a_file_without_a_cohort_is_refused(run: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "none.json"
    file.write_text("[]")
    with pytest.raises(DefinitionError, match="nothing is defined there: write one, or a list of them"):
        run("add", str(file), "--why", "x")
