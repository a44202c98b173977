"""A real ClickHouse, in an environment of its own, counts the same in an export as the warehouse does."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from etl import sql
from etl.operate.maintain import squash
from etl.operate.split import split
from tests.files.test_export import IDS, README, act, counted, followed, land_two_weeks

pytestmark = pytest.mark.clickhouse

PYTHON = Path(__file__).parents[2] / ".tools" / "clickhouse" / "bin" / "python"
RUN = "import sys, chdb; print(chdb.query(sys.argv[1], 'JSONCompactStrings'))"


def asked(folder: Path, query: str) -> list[list[str]]:
    """The rows of a query that is run where the export is, as text."""
    assert PYTHON.exists(), "ClickHouse has an environment of its own: `make clickhouse` makes it"
    done = subprocess.run([PYTHON, "-c", RUN, query], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows: list[list[str]] = json.loads(done.stdout)["data"]
    return rows


def shown_to_readers(folder: Path) -> list[tuple[Any, ...]]:
    """What the query in the README gives: events and persons by name."""
    (query,) = re.findall(r"```\n(select event, count\(\).*?)```", README.read_text(), re.DOTALL)
    return sorted((event, int(events), int(persons)) for event, events, persons in asked(folder, query))


def test_the_same_persons_after_a_late_merge_a_squash_and_a_split(db, land, cycle, tmp_path):
    land_two_weeks(land, cycle)
    act(land, "nobody yet", "$groupidentify", "05 13:00", **{"$group_type": "firm", "$group_key": "acme"})
    act(land, "x1", "$pageview", "05 13:00", **{"$process_person_profile": False})
    act(land, "x1", "$pageview", "06 13:00", **{"$process_person_profile": False})
    cycle()
    folder = tmp_path / "export"
    followed(db, folder)
    assert ("$pageview", 8, 4) in counted(db)
    # One of them has no person.
    assert ("$groupidentify", 2, 1) in counted(db)
    assert shown_to_readers(tmp_path) == counted(db)

    # No file of events is written again.
    act(land, "bob", "$identify", "12 09:00", **{"$anon_distinct_id": "b1"})
    act(land, "bob", "$merge_dangerously", "12 09:01", alias="c1")
    cycle()
    followed(db, folder)
    assert ("$pageview", 8, 3) in counted(db)
    assert shown_to_readers(tmp_path) == counted(db)

    assert squash(db) > 0
    person = db.execute("select person_id from warehouse.person_distinct_ids where distinct_id = 'c1'").fetchone()
    split(db, person["person_id"], ["c1"], by="ada")
    cycle()
    followed(db, folder)
    assert ("$pageview", 8, 4) in counted(db)
    assert shown_to_readers(tmp_path) == counted(db)


def test_ids_and_values_of_every_kind(db: sql.Db, land, cycle, tmp_path):
    for name in IDS:
        land("id", name, properties={"$device_id": name, "planId": name}, timestamp="2022-07-04T10:00:00.123456Z")
    cycle()
    followed(db, tmp_path / "export")
    rows = asked(
        tmp_path,
        "select distinct_id, JSONExtractString(properties, 'planId'), toString(toTimeZone(timestamp, 'UTC')), "
        "toString(person_id) from file('export/events/*.parquet') as e "
        "left join file('export/person_distinct_ids.parquet') as d using (team_id, distinct_id)",
    )
    expected = db.execute("select distinct_id, person_id::text as person_id from warehouse.events").fetchall()
    assert sorted(rows) == sorted(
        [row["distinct_id"], row["distinct_id"], "2022-07-04 10:00:00.123456", row["person_id"]] for row in expected
    )
    assert len(rows) == len(set(IDS))
