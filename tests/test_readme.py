"""The README says what is there: every setting with its default, every command, every relation it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from etl.cli import app
from etl.settings import Settings

README = (Path(__file__).parent.parent / "README.md").read_text()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_table(name):
    field = Settings.model_fields[name]
    default = "" if field.default is None else f"`{field.default}`"
    assert f"| `ETL_{name.upper()}` | {default} | {field.description} |" in README


def test_no_setting_is_made_up():
    named = set(re.findall(r"`?ETL_([A-Z_]+)", README))
    assert named <= {name.upper() for name in Settings.model_fields}


def test_every_command_is_named():
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name in commands:
        assert f"etl {name}" in README or f"make {name}" in README or name == "up", name


def test_relations_exist(shared_db):
    pattern = r"\b(landing|staging|buffer|quarantine|warehouse|ops)\.(?!json\b)([a-z_]+)\b(?!\()"
    for schema, name in set(re.findall(pattern, README)):
        found = shared_db.execute("select to_regclass(%s) as found", (f"{schema}.{name}",)).fetchone()
        assert found["found"] is not None, f"{schema}.{name}"


def test_make_targets_exist():
    makefile = (Path(__file__).parent.parent / "Makefile").read_text()
    for target in set(re.findall(r"(?:`|^)make ([a-z]+)\b", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
