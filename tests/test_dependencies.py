"""What pyproject.toml declares is what the code imports: nobody installs for nothing."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Airflow's distributions share one package, so which of them is meant is told by the module.
AIRFLOW = {
    "apache-airflow": "airflow.sdk",
    "apache-airflow-providers-standard": "airflow.providers.standard",
}


def name_of(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-").replace(".", "-")


def imported() -> set[str]:
    names = set()
    for path in (path for folder in ("etl", "dags") for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module)
    return names


MODULES = imported()
PROVIDED: dict[str, set[str]] = {}
for _module, _distributions in packages_distributions().items():
    for _distribution in _distributions:
        PROVIDED.setdefault(name_of(_distribution), set()).add(_module)


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_every_dependency_is_imported(requirement):
    name = name_of(requirement)
    provided = {AIRFLOW[name]} if name in AIRFLOW else PROVIDED[name]
    assert any(f"{module}.".startswith(f"{each}.") for each in provided for module in MODULES), requirement


def test_a_dependency_that_is_imported_nowhere_would_be_found():
    assert "altair" in PROVIDED["altair"]
    assert not any(f"{module}.".startswith("altair.") for module in MODULES)


def test_set_up_installs_nothing_that_has_no_hash_in_the_lock():
    commands = [
        line for line in (ROOT / "Makefile").read_text().splitlines() if re.search(r"\bpip (install|sync)", line)
    ]
    assert len(commands) == 4
    own = [line for line in commands if "--require-hashes" not in line]
    assert len(own) == 1
    assert own[0].endswith("--no-deps --no-build-isolation -e .")  # the project itself, built by what is installed
    locks = [(ROOT / name).read_text() for name in ("requirements.lock", "sql/dbt/requirements.lock")]
    for requirement in (each for lock in locks for each in re.split(r"\n(?=\S)", lock)):
        assert requirement.startswith(("#", "    #")) or "--hash=sha256:" in requirement, requirement
    assert re.search(r"^uv==[\d.]+ \\\n", locks[0], re.MULTILINE)
