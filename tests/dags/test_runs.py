"""A whole run of each DAG in a plain Airflow environment."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from psycopg.conninfo import conninfo_to_dict

from etl import sql
from etl.cycle.run import run_cycle
from etl.names import INGEST, MAINTAIN, PAGE, REBUILD, REPLAY, page_url
from etl.settings import Settings
from etl.sql import Db
from tests.conftest import fresh_database
from tests.dags.probe import DAGS, outcomes_of, run_probe
from tests.landing import land

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, server_url: str, template: str) -> Iterator[Any]:
    """Ingest with and without a backlog; then how many events are stored."""
    with fresh_database(server_url, template) as url, sql.connect(url) as db:
        for number in range(5):
            land(db, "page", f"device-{number}", properties={"$device_id": f"device-{number}"})
        in_batches_of_3 = {"AIRFLOW_CONN_EVENTS_WAREHOUSE": url, "ETL_BATCH_SIZE": "3"}
        cases = dict.fromkeys(("full", "last", "empty"), (INGEST, in_batches_of_3, None))
        yield outcomes_of(tmp_path_factory.mktemp("runs"), cases), db.execute("select from warehouse.events").rowcount


@pytest.fixture(scope="module")
def runs_by_hand(tmp_path_factory: pytest.TempPathFactory, server_url: str, template: str) -> Any:
    """What people trigger, in a warehouse with one refused row; and the cycle as one task."""
    with fresh_database(server_url, template) as url, sql.connect(url) as db:
        land(db, None, "nobody")
        run_cycle(db, Settings())
        here = {"ETL_DATABASE_URL": url}
        refused = {"why": "it is fixed", "reason": "event_name_present"}
        cases = {
            "nothing named": (REPLAY, here, {"why": "a try", "is_dry_run": False}),
            "dry run": (REPLAY, here, refused | {"is_dry_run": True}),
            "replay": (REPLAY, here, refused | {"is_dry_run": False}),
            "one task": (INGEST, here | {"ETL_ONE_TASK": "true"}, None),
            "one task, empty": (INGEST, here | {"ETL_ONE_TASK": "true"}, None),
            "rebuild": (REBUILD, here, {"is_kept": False}),
        }
        return outcomes_of(tmp_path_factory.mktemp("by_hand"), cases)


@pytest.fixture(scope="module")
def maintained(tmp_path_factory: pytest.TempPathFactory, server_url: str, template: str) -> Iterator[Any]:
    """Maintenance of a sound warehouse and of one that contradicts itself; what a user's own suites found there."""
    with (
        fresh_database(server_url, template) as url,
        fresh_database(server_url, template) as broken,
        sql.connect(broken) as db,
    ):
        db.execute(
            "insert into warehouse.person_distinct_id (team_id, distinct_id, person_id, is_personless, tied_by_uuid,"
            " updated_at) values (1, 'a', gen_random_uuid(), false, gen_random_uuid(), now())"
        )
        cases = {
            "sound": (MAINTAIN, {"ETL_DATABASE_URL": url}, None),
            "broken": (MAINTAIN, {"ETL_DATABASE_URL": broken, "ETL_EXPECTATIONS_DIR": "/nowhere"}, None),
        }
        outcomes = outcomes_of(tmp_path_factory.mktemp("maintained"), cases)
        yield outcomes, db.execute("select suite, is_success from ops.check_result where suite like '%/%'").fetchall()


def test_ingest_asks_for_the_next_run_at_once_while_there_is_a_backlog(runs: Any) -> None:
    outcomes, stored = copy.deepcopy(runs)
    full, last = outcomes["full"], outcomes["last"]
    assert full["state"] == last["state"] == "success"
    assert full["tasks"].pop("again") == "success"
    assert full["queued_runs"] == last["queued_runs"] == ["backlog_after_batch_1"]
    assert last["tasks"].pop("again") == "skipped"
    assert set(full["tasks"].values()) == set(last["tasks"].values()) == {"success"}
    assert stored == 5


def test_a_minute_without_work_costs_one_task(runs: Any) -> None:
    outcomes, _ = copy.deepcopy(runs)
    assert outcomes["empty"]["state"] == "success"
    assert outcomes["empty"]["tasks"].pop("open") == "success"
    assert set(outcomes["empty"]["tasks"].values()) == {"skipped"}
    assert outcomes["empty"]["queued_runs"] == ["backlog_after_batch_1"]


def test_the_cycle_can_be_one_task(runs_by_hand: Any) -> None:
    outcomes = runs_by_hand
    assert outcomes["one task"]["tasks"] == {"cycle": "success"}
    assert outcomes["one task, empty"]["tasks"] == {"cycle": "skipped"}


def test_refused_rows_are_landed_again_by_hand(runs_by_hand: Any) -> None:
    outcomes = runs_by_hand
    assert outcomes["nothing named"]["tasks"] == {"choose": "failed", "land_again": "upstream_failed"}
    assert outcomes["dry run"]["tasks"] == {"choose": "success", "land_again": "skipped"}
    assert outcomes["replay"]["tasks"] == {"choose": "success", "land_again": "success"}
    assert outcomes["rebuild"]["tasks"] == {"compare": "success"}


def test_maintain_runs_with_only_the_url_in_the_environment(maintained: Any) -> None:
    outcome = maintained[0]["sound"]
    assert outcome["state"] == "success"
    assert set(outcome["tasks"].values()) == {"success"}


def test_a_users_own_suites_are_asked_whatever_fails_and_hide_no_failure(maintained: Any) -> None:
    outcomes, own = maintained
    outcome = outcomes["broken"]
    assert outcome["tasks"]["check_warehouse"] == "failed"
    assert outcome["tasks"]["audit_new"] == "failed"
    assert outcome["tasks"]["check_own_suites"] == "success"
    assert outcome["tries"] == 1, "what is wrong with a warehouse does not pass by itself"
    assert outcome["state"] == "failed"
    assert own == [{"suite": "./", "is_success": False}]


def test_report_writes_the_page_and_the_plugin_shows_it_to_nobody_without_a_login(
    tmp_path: Path, database: str, db: Db, cycle: Callable[..., Any]
) -> None:
    land(db, "page", "device-1", properties={"$device_id": "device-1"})
    cycle()
    answer = run_probe(
        tmp_path,
        "page",
        ETL_DATABASE_URL=database,
        ETL_REPORT_DIR=str(tmp_path / "report"),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(DAGS / "plugins"),
        AIRFLOW__API__BASE_URL="https://airflow.example/data",
    )
    assert answer["outcome"]["tasks"] == {"build": "success"}
    assert "batch 1" in (tmp_path / "report" / "index.html").read_text()
    assert db.execute("select batch_id from ops.report_state").fetchone() == {"batch_id": 1}
    assert answer["statuses"] == [401, 401, 401]
    assert answer["view"]["href"] == f"/data/{PAGE}/index.html"
    # Airflow's UI shows at /plugin/ROUTE the view of this route: the address that alerts and `etl up` send people to.
    route = answer["view"]["url_route"]
    assert page_url("https://airflow.example/data/") == f"https://airflow.example/data/plugin/{route}"


def test_each_shard_is_kept_by_dags_of_its_own(
    tmp_path: Path, server_url: str, template: str, database: str, db: Db
) -> None:
    """One is ready, the other one has no schema: what fails there is none of the first one's."""
    for number in range(5):
        land(db, "page", f"device-{number}", properties={"$device_id": f"device-{number}"})
    shards = {"eu": database, "us": f"{server_url}/postgres"}
    names = ("events_ingest_us", "events_ingest_eu", "events_report_eu", "events_alert_eu", "events_maintain_eu")
    answers = run_probe(
        tmp_path,
        "run",
        json.dumps([(name, {}, None) for name in names]),
        ETL_SHARDS=json.dumps(shards),
        ETL_REPORT_DIR=str(tmp_path / "report"),
        ETL_BATCH_SIZE="3",
    )
    outcomes = dict(zip(names, answers, strict=True))
    assert outcomes.pop("events_ingest_us")["tasks"]["open"] == "failed"
    assert {outcome["state"] for outcome in outcomes.values()} == {"success"}
    assert outcomes["events_ingest_eu"]["queued_runs"] == ["backlog_after_batch_1"]
    assert db.execute("select from warehouse.events").rowcount == 3
    assert "batch 1" in (tmp_path / "report" / "eu" / "index.html").read_text()
    assert {row["job"] for row in sql.run(db, "status/read_jobs") if row["has_run"]} == {"watch", "maintain"}


def connection(url: str, **changes: Any) -> str:
    """A connection as Airflow's form keeps it."""
    parts = urlsplit(url)
    fields = {
        "conn_type": "postgres",
        "host": parts.hostname,
        "port": parts.port,
        "login": parts.username,
        "password": parts.password,
        "schema": parts.path[1:],
    }
    return json.dumps(fields | changes)


def test_one_rule_says_which_database_is_meant(tmp_path: Path, database: str) -> None:
    """ETL_DATABASE_URL as for every command, else the connection; a contradiction is refused, and so is no schema."""
    name, password = urlsplit(database).path[1:], urlsplit(database).password
    extra = {"cursor": "realdictcursor", "iam": False, "keepalives": True, "keepalives_idle": 30, "sslcert": "/a b"}
    ours, other = connection(database, extra=extra), connection(database, schema="postgres")
    cases = {
        "by connection": {"ETL_AIRFLOW_CONNECTION": "another", "AIRFLOW_CONN_ANOTHER": ours},
        "both": {"ETL_DATABASE_URL": database, "AIRFLOW_CONN_EVENTS_WAREHOUSE": ours},
        "two": {"ETL_DATABASE_URL": database, "AIRFLOW_CONN_EVENTS_WAREHOUSE": other},
        "no schema": {"AIRFLOW_CONN_EVENTS_WAREHOUSE": other},
        "no database": {"AIRFLOW_CONN_EVENTS_WAREHOUSE": connection(database, schema="")},
        "none": {},
    }
    answers = run_probe(tmp_path, "warehouse", json.dumps(list(cases.values())))
    became = dict(zip(cases, answers, strict=True))

    # Extras that only Airflow's own hooks know are left out, the others come through.
    assert became["by connection"]["database"] == name
    parts = conninfo_to_dict(became["by connection"]["url"])
    assert (parts["keepalives"], parts["keepalives_idle"], parts["sslcert"]) == ("1", "30", "/a b")
    assert not parts.keys() & {"cursor", "iam"}
    assert became["by connection"]["url"].startswith(database + "?")

    assert became["both"] == {"url": database, "database": name}
    refusals = {case: answer["refusal"] for case, answer in became.items() if "refusal" in answer}
    assert refusals.keys() == {"two", "no schema", "no database", "none"}
    assert all("\n" not in refusal and str(password) not in refusal for refusal in refusals.values())
    assert refusals["two"].startswith("Two warehouses: ETL_DATABASE_URL names 127.0.0.1:")
    assert refusals["no schema"].startswith("The database postgres on 127.0.0.1:")
    assert "has no schema yet. Run `etl migrate` with ETL_DATABASE_URL set to" in refusals["no schema"]
    assert refusals["no database"].startswith("The Airflow connection `events_warehouse` names no database")
    assert refusals["none"].startswith("No warehouse: set ETL_DATABASE_URL, or define the Airflow connection")


def test_a_loaded_batch_has_its_lineage(tmp_path: Path, database: str, db: Db) -> None:
    """Through Airflow's own provider of OpenLineage, with its transport to a file."""
    for number in range(3):
        land(db, "page", f"device-{number}", properties={"$device_id": f"device-{number}"})
    land(db, "Order created", "held")
    land(db, None, "nobody")
    lineage = tmp_path / "lineage.jsonl"
    transport = {"type": "file", "log_file_path": str(lineage), "append": True}
    environment = {
        "ETL_DATABASE_URL": database,
        "ETL_HOLD_SECONDS": "3600",  # on a busy machine it takes more than a minute until the batch is opened
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
    }
    run_probe(
        tmp_path, "run", json.dumps([(INGEST, {}, None), (INGEST, {"ETL_ONE_TASK": "true"}, None)]), **environment
    )

    events = [json.loads(line) for line in lineage.read_text().splitlines()]
    [loaded] = [e for e in events if e["job"]["name"] == f"{INGEST}.load" and e["eventType"] == "COMPLETE"]
    parts = urlsplit(database)
    namespace, name = f"postgres://{parts.hostname}:{parts.port}", parts.path[1:]
    [landing] = loaded["inputs"]
    assert (landing["namespace"], landing["name"]) == (namespace, f"{name}.landing.event")
    assert landing["inputFacets"]["dataQualityMetrics"]["rowCount"] == 5
    refusals = {
        each["name"]: each["actual"]
        for each in landing["inputFacets"]["dataQualityAssertions"]["assertions"]
        if each["severity"] == "error" and not each["success"]
    }
    assert refusals == {"staged_event.event_name_present": "1"}
    rows = {
        each["name"]: each["outputFacets"].get("outputStatistics", {}).get("rowCount") for each in loaded["outputs"]
    }
    assert rows == {
        f"{name}.warehouse.events": 3,
        f"{name}.warehouse.persons": None,
        f"{name}.buffer.event": 1,
        f"{name}.quarantine.event": 1,
    }
    assert {each["namespace"] for each in loaded["outputs"]} == {namespace}
