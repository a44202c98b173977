"""Files as other programs write them: what each lands exactly, or the line that it is refused with.

``data/shapes/expected.json`` is the table; the files have the shapes of the tools that their folders are named for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from etl import sql
from etl.errors import LandingError
from etl.files.land import land_files
from etl.files.options import read_options
from etl.sql import Db
from tests.conftest import fresh_database
from tests.files.examples import DATA, exact, land_one

SHAPES = DATA / "shapes"
CASES: list[dict[str, Any]] = json.loads((SHAPES / "expected.json").read_text())
LANDING = [case for case in CASES if "lands" in case]
REFUSED = [case for case in CASES if "refused" in case]
LANDED = """
    select event, distinct_id, ops.parse_timestamp(timestamp) as at, properties::text as properties
    from landing.event order by xid, landing_id
"""


def name_of(case: dict[str, Any]) -> str:
    return " ".join([case["file"], *(str(value) for value in case.get("options", {}).values())])


@pytest.fixture(scope="module")
def warehouse(server_url: str, template: str) -> Iterator[str]:
    with fresh_database(server_url, template) as url:
        yield url


@pytest.fixture
def emptied(warehouse: str) -> Iterator[Db]:
    with sql.connect(warehouse) as db:
        db.execute("truncate landing.event")
        yield db


@pytest.mark.parametrize("case", LANDING, ids=name_of)
def test_a_file_lands_as_the_table_says(case: dict[str, Any], warehouse: str, emptied: Db) -> None:
    reading = read_options(**case.get("options", {}))
    result = land_one(warehouse, SHAPES / case["file"], reading=reading, is_again=True)
    rows = [
        [row["event"], row["distinct_id"], row["at"] and row["at"].isoformat(), exact(row["properties"])]
        for row in emptied.execute(LANDED).fetchall()
    ]
    assert rows[: len(case["lands"])] == [[*row[:3], exact(row[3])] for row in case["lands"]]
    assert (len(rows), result.landed) == (case["events"], case["events"])
    assert result.unreadable == case.get("unreadable_count", 0)
    assert list(result.examples[:3]) == case.get("unreadable", [])
    assert list(result.keys_not_landed) == case.get("not_landed", [])
    assert result.notes[:1] == ((case["times"],) if "times" in case else ())


@pytest.mark.parametrize("case", REFUSED, ids=name_of)
def test_a_file_is_refused_as_the_table_says(case: dict[str, Any]) -> None:
    path = SHAPES / case["file"]
    with pytest.raises(LandingError) as refusal:
        list(land_files("postgresql://no-warehouse", [path], reading=read_options(**case.get("options", {}))))
    assert str(refusal.value).removeprefix(str(path)).lstrip() == case["refused"]


def test_every_file_of_the_table_is_there() -> None:
    assert {case["file"] for case in CASES} == {
        str(path.relative_to(SHAPES))
        for path in SHAPES.rglob("*.*")
        if path.is_file() and not path.name.startswith(".") and path.name != "expected.json"
    }
