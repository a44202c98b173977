"""What dags/SCALE.md gives to be copied fits the program: an image can be made of it, and every name in it is known."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from etl.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "dags" / "SCALE.md").read_text()
IMAGE_ROOT = "/opt/event-microbatch"


def block(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def lines(instruction: str) -> list[str]:
    return [
        line.removeprefix(f"{instruction} ")
        for line in block("dockerfile").splitlines()
        if line.startswith(instruction)
    ]


def test_the_image_is_of_the_airflow_that_the_tests_run_with() -> None:
    [image] = lines("FROM")
    version, python = re.fullmatch(r"apache/airflow:([\d.]+)-python([\d.]+)", image).groups()  # type: ignore[union-attr]
    assert f"\napache-airflow=={version} " in (ROOT / "requirements.lock").read_text()
    assert python in {"3.11", "3.12", "3.13"}


@pytest.mark.timeout(120)
def test_what_it_copies_is_a_whole_package(tmp_path: Path) -> None:
    for line in lines("COPY"):
        *sources, target = line.removeprefix("--chown=airflow:0 ").split()
        for source in sources:
            place = tmp_path / Path(target).relative_to(IMAGE_ROOT)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, place)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    [wheel] = (tmp_path / "dist").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"etl/cli/__init__.py", "etl/_resources/sql/load/insert_event.sql"} <= names
    folders = dict(line.split("=", 1) for line in lines("ENV") if IMAGE_ROOT in line)
    assert len(folders) == 2
    for folder in folders.values():
        assert list((tmp_path / Path(folder).relative_to(IMAGE_ROOT)).glob("*.py")), folder


def test_every_setting_is_one() -> None:
    named = set(re.findall(r"\bETL_[A-Z_]+", TEXT))
    assert {"ETL_ONE_TASK", "ETL_SESSIONS"} <= named
    assert named <= {f"ETL_{field.upper()}" for field in Settings.model_fields}


def test_the_pod_template_is_what_the_executor_fills_in() -> None:
    pod = yaml.safe_load(block("yaml"))
    [container] = pod["spec"]["containers"]
    assert (pod["kind"], pod["spec"]["restartPolicy"], container["name"]) == ("Pod", "Never", "base")
    assert container["envFrom"] == [{"secretRef": {"name": "event-microbatch"}}]
