"""Our DAG files in a plain Airflow, as a data engineer's own would run them: in a process of its own (dag_probe.py)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DAGS = ROOT / "dags"


def run_probe(home: Path, *arguments: str, **environment: str) -> Any:
    """What tests/dags/dag_probe.py answers, with nothing of ours in the environment but what is named."""
    bundle = {
        "name": "dags",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(DAGS)},
    }
    answer = home / "answer.json"
    plain = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "PROBE_ANSWER": str(answer),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.dags.dag_probe", *arguments],
        env=plain | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(answer.read_text())


def outcomes_of(home: Path, cases: dict[str, Any]) -> dict[str, Any]:
    """The outcome of each run, by its name; all in one process."""
    return dict(zip(cases, run_probe(home, "run", json.dumps(list(cases.values()))), strict=True))
