"""Run by the tests in a process of its own: Airflow takes over logging, warnings and the environment of its process.

python -m tests.dags.dag_probe facts           what the DAG files declare, as JSON
python -m tests.dags.dag_probe page            the report DAG, then its page as the plugin serves it without a login
python -m tests.dags.dag_probe warehouse JSON  which database the tasks get in each of these environments
python -m tests.dags.dag_probe run JSON        dag.test() of DAGs on a fresh metadata database, each in its environment,
                                               with the params of its run
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from etl.names import PAGE, REPORT

DAGS = Path(__file__).parents[2] / "dags"


def facts() -> dict[str, Any]:
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(dag_folder=str(DAGS), bundle_path=DAGS)
    heavy = sorted({"great_expectations", "pandas", "pyarrow"} & sys.modules.keys())
    return {
        "import_errors": bag.import_errors,
        "heavy": heavy,
        "errors": _what_becomes_of_errors(),
        "dags": {
            dag.dag_id: {
                "tags": sorted(dag.tags),
                "description": dag.description,
                "doc": dag.doc_md,
                "catchup": dag.catchup,
                "max_active_runs": dag.max_active_runs,
                "timeout": dag.dagrun_timeout and dag.dagrun_timeout.total_seconds(),
                "run_types": sorted(each.value for each in dag.allowed_run_types or ()),
                "schedule": getattr(dag.timetable, "expression", None),
                "file": Path(dag.fileloc).name,
                "follows": getattr(dag.timetable.asset_condition, "name", None),
                "triggers": [task.trigger_dag_id for task in dag.tasks if hasattr(task, "trigger_dag_id")],
                "outlets": sorted({asset.name for task in dag.tasks for asset in task.outlets}),
                "tasks": {
                    task.task_id: {
                        "owner": task.owner,
                        "retries": task.retries,
                        "timeout": task.execution_timeout and task.execution_timeout.total_seconds(),
                        "after": sorted(task.upstream_task_ids),
                    }
                    for task in dag.tasks
                },
            }
            for dag in bag.dags.values()
        },
    }


def _what_becomes_of_errors() -> dict[str, str]:
    from events_common import terminal_errors
    from psycopg.errors import DiskFull

    from etl.errors import CycleBusyError, LedgerError, StagingLostError

    became = {}
    for error in (LedgerError("x"), StagingLostError("x"), CycleBusyError("x"), OSError("x"), DiskFull("x")):
        with pytest.raises(Exception, match="x") as raised, terminal_errors():
            raise error
        became[type(error).__name__] = raised.type.__name__
    return became


def warehouse(cases: list[dict[str, str]]) -> list[dict[str, str]]:
    """In each environment: the database that a task gets, or what the task that opens a batch says."""
    sys.path.append(str(DAGS))  # as Airflow does
    from airflow.sdk.exceptions import AirflowFailException
    from airflow.utils.db import initdb
    from events_common import step, warehouse
    from events_warehouse import warehouse_url

    initdb()
    answers = []
    for case in cases:
        os.environ.update(case)
        try:
            step(None, "open")
            with warehouse(None) as db:
                answers.append({"url": warehouse_url(None), "database": db.info.dbname})
        except AirflowFailException as error:
            answers.append({"refusal": str(error)})
        for name in case:
            del os.environ[name]
    return answers


def run(cases: list[tuple[str, dict[str, str], dict[str, Any] | None]]) -> list[dict[str, Any]]:
    """The outcome of each DAG, run with these variables added to the environment, and with these params."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    from airflow.models.dagrun import DagRun
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    DagBundlesManager().sync_bundles_to_db()
    bag = BundleDagBag(dag_folder=str(DAGS), bundle_path=DAGS)
    sync_bag_to_db(bag, "dags", None)
    outcomes = []
    for dag_id, environment, params in cases:
        os.environ.update(environment)
        # What depends on a setting is read when the file is.
        dags = BundleDagBag(dag_folder=str(DAGS), bundle_path=DAGS) if "ETL_ONE_TASK" in environment else bag
        outcome = dags.dags[dag_id].test(run_conf=params)
        for name in environment:
            del os.environ[name]
        with create_session() as session:
            queued = session.query(DagRun).filter(DagRun.dag_id == dag_id, DagRun.state == "queued")
            outcomes.append({
                "state": str(outcome.state),
                "tasks": {each.task_id: str(each.state) for each in outcome.get_task_instances(session=session)},
                "tries": max(each.try_number for each in outcome.get_task_instances(session=session)),
                "queued_runs": sorted(each.run_id for each in queued),
            })
    return outcomes


def page() -> dict[str, Any]:
    """The report DAG, and what Airflow's own web server then says to somebody who is not logged in."""
    outcomes = run([(REPORT, {}, None)])
    from airflow import plugins_manager
    from airflow.api_fastapi.app import create_app
    from starlette.testclient import TestClient

    client = TestClient(create_app())
    paths = [f"/{PAGE}/index.html", f"/{PAGE}/", f"/{PAGE}/.manifest.json"]
    [view] = plugins_manager._get_ui_plugins()[0]  # what the UI gets to know, and from nowhere else
    return {"outcome": outcomes[0], "statuses": [client.get(path).status_code for path in paths], "view": view}


if __name__ == "__main__":
    answer = {
        "facts": facts,
        "page": page,
        "warehouse": lambda: warehouse(json.loads(sys.argv[2])),
        "run": lambda: run(json.loads(sys.argv[2])),
    }[sys.argv[1]]()
    Path(os.environ["PROBE_ANSWER"]).write_text(json.dumps(answer))
