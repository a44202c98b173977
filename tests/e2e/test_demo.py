"""`etl demo`: the signup story through the real Airflow scheduler comes out right, and leaves nothing behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.sql import Db
from tests.e2e.conftest import Program, processes_of


def judge(demo: Program) -> None:
    demo.process.wait(420)
    assert demo.process.returncode == 0, demo.text
    assert re.search(r"cycle \d+: 2 landed, 1 loaded, 1 held", demo.text)
    assert re.search(r"cycle \d+: 6 landed, 7 loaded, 1 released, 1 of them rescued", demo.text)
    assert "Unique users: 1." in demo.text
    assert "without the buffer: 2 person ids" in demo.text


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_the_signup_is_one_person(home: Path, start: Callable[..., Program]) -> None:
    demo = start("demo")
    judge(demo)
    left = re.search(r"data in (\S+)/postgres", demo.text)
    assert left
    assert not Path(left[1]).exists()
    assert processes_of(Path(left[1])) == []


@pytest.mark.oldest
@pytest.mark.timeout(600)
def test_on_a_server_of_ones_own(start: Callable[..., Program], database: str, db: Db) -> None:
    names = "select datname as name from pg_database"
    before = db.execute(names).fetchall()
    demo = start("demo", ETL_DATABASE_URL=database)
    judge(demo)
    assert "data in" not in demo.text
    assert db.execute(names).fetchall() == before
    assert db.execute("select count(*) as n from ops.batch").fetchone() == {"n": 0}
