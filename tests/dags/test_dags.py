"""The DAG files as Airflow reads them: policy, order of tasks, import budget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from etl.names import ALERT, INGEST, LOADED, MAINTAIN, PREFIX, REBUILD, REPLAY, REPORT, of_shard
from tests.dags.probe import DAGS, run_probe

SHARDS = '{"eu": "postgresql://a/b", "us_2": "postgresql://c/d"}'
NAMES = (INGEST, MAINTAIN, REPORT, ALERT, REPLAY, REBUILD)
FILES = sorted(DAGS.glob("*.py"))
SCHEDULES = {INGEST: "* * * * *", MAINTAIN: "17 * * * *"}


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return run_probe(tmp_path_factory.mktemp("facts"), "facts")


def test_every_dag_file_loads(facts: dict[str, Any]) -> None:
    assert facts["import_errors"] == {}
    assert facts["dags"].keys() == set(NAMES)


def test_loading_the_dag_files_imports_nothing_heavy(facts: dict[str, Any]) -> None:
    assert facts["heavy"] == []


def test_every_dag_keeps_the_policy(facts: dict[str, Any]) -> None:
    for dag_id, dag in facts["dags"].items():
        assert dag_id.startswith(PREFIX)
        assert dag["tags"] == ["event-microbatch"], dag_id
        assert dag["description"], dag_id
        assert len(dag["doc"]) > 100, dag_id
        assert dag["catchup"] is False, dag_id
        assert dag["max_active_runs"] == 1, dag_id
        assert 0 < dag["timeout"] <= 86400, dag_id
        assert "scheduled" in dag["run_types"], dag_id
        assert "backfill" not in dag["run_types"], dag_id
        for task_id, task in dag["tasks"].items():
            assert task["owner"] == "event-microbatch", (dag_id, task_id)
            assert task["retries"] == 4, (dag_id, task_id)
            assert task["timeout"], (dag_id, task_id)
    assert {dag_id: facts["dags"][dag_id]["schedule"] for dag_id in SCHEDULES} == SCHEDULES


def test_ingest_runs_the_five_steps_in_order(facts: dict[str, Any]) -> None:
    tasks = facts["dags"][INGEST]["tasks"]
    order = ["open", "stage", "validate", "resolve", "load", "again"]
    assert {name: task["after"] for name, task in tasks.items()} == {
        # Each gets the batch's id from the first, so that none depends on what one between them says.
        name: sorted({"open", before}) if before else []
        for before, name in zip([None, *order], order, strict=False)
        if name != "again"
    } | {"again": ["load"]}
    assert facts["dags"][INGEST]["outlets"] == [LOADED]
    assert facts["dags"][INGEST]["triggers"] == [INGEST]
    assert facts["dags"][REPORT]["follows"] == LOADED


def test_each_shard_has_dags_of_its_own(facts: dict[str, Any], tmp_path: Path) -> None:
    """Each the same as that of one warehouse but for the names: no shard waits for another."""
    found = run_probe(tmp_path, "facts", ETL_SHARDS=SHARDS)
    assert found["import_errors"] == {}
    assert found["dags"].keys() == {
        "events_ingest_eu", "events_maintain_eu", "events_report_eu", "events_alert_eu", "events_replay_eu",
        "events_rebuild_eu",
        "events_ingest_us_2", "events_maintain_us_2", "events_report_us_2", "events_alert_us_2", "events_replay_us_2",
        "events_rebuild_us_2",
    }  # fmt: skip
    assert found["dags"]["events_ingest_eu"]["triggers"] == ["events_ingest_eu"]
    assert found["dags"]["events_ingest_us_2"]["outlets"] == ["events_loaded_us_2"]
    assert found["dags"]["events_report_us_2"]["follows"] == "events_loaded_us_2"
    names = {"outlets", "follows", "triggers"}
    for shard in ("eu", "us_2"):
        for name in NAMES:
            of_this, of_one = found["dags"][of_shard(name, shard)], facts["dags"][name]
            assert {key: of_this[key] for key in of_this.keys() - names} == {
                key: of_one[key] for key in of_one.keys() - names
            }
            assert of_this["file"] == f"{name.removeprefix(PREFIX)}.py", "where a worker looks for it"


def test_a_users_own_suites_are_asked_last(facts: dict[str, Any]) -> None:
    tasks = facts["dags"][MAINTAIN]["tasks"]
    others = tasks.keys() - {"check_own_suites"}
    assert len(others) == 8
    assert set(tasks["check_own_suites"]["after"]) == others
    assert all(tasks[name]["after"] == [] for name in others)


def test_only_errors_that_may_pass_are_tried_again(facts: dict[str, Any]) -> None:
    assert facts["errors"] == {
        "LedgerError": "AirflowFailException",
        "StagingLostError": "AirflowFailException",
        "CycleBusyError": "CycleBusyError",
        "OSError": "OSError",
        "DiskFull": "UnavailableError",
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_dag_file_is_wiring(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 100
