"""Landing files: nothing lost, nothing twice, whatever happens in between."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from etl.errors import LandingError, ProjectError
from etl.files import land
from etl.files.land import land_files, land_rows
from etl.rules.wire import LandingRow
from etl.sql import Db
from tests.files.examples import events, land_one, landed, lines, names, write


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(land, "CHUNK_EVENTS", 10)


def test_numbers_beyond_postgresql_become_text(tmp_path: Path, database: str, db: Db, small_chunks: None) -> None:
    numbers = ["1e400000", "1e-20000", "6" * 140_000]
    bad = [f'{{"event": "bad", "properties": {{"n": {number}}}}}' for number in numbers]
    result = land_one(database, write(tmp_path, lines(15) + "\n".join(bad) + "\n" + lines(15)))
    assert (result.landed, result.unreadable) == (33, 0)
    assert names(db) == [f"e{n}" for n in range(15)] + ["bad"] * 3 + [f"e{n}" for n in range(15)]
    assert [row["properties"]["n"] for row in landed(db) if row["event"] == "bad"] == numbers


def test_a_row_that_the_server_cannot_store_is_left_out_alone(db: Db) -> None:
    db.execute("set role event_writer")
    rows = [LandingRow(1, None, f"e{n}", "u", "{}" if n != 1 else '{"a": \x01}', None, None, None) for n in range(3)]
    refused = land_rows(db, rows)
    db.execute("reset role")
    assert names(db) == ["e0", "e2"]
    assert refused.keys() == {1}
    assert "invalid" in refused[1]


def test_a_landing_is_many_short_transactions(tmp_path: Path, database: str, db: Db, small_chunks: None) -> None:
    seen: list[int] = []
    result = land_one(database, write(tmp_path, lines(35)), progress=lambda path, done, size, count: seen.append(count))
    assert (result.landed, seen) == (35, [10, 20, 30, 35])
    assert db.execute("select count(distinct xid) as n from landing.event").fetchone() == {"n": 4}
    assert names(db) == [f"e{number}" for number in range(35)]


def test_the_same_file_is_landed_once_unless_asked_for(tmp_path: Path, database: str, db: Db) -> None:
    path = write(tmp_path, lines(3))
    copy = Path(shutil.copy(path, tmp_path / "copy"))
    assert [result.landed for result in land_files(database, [path, copy])] == [3, 0]
    skipped = land_one(database, path)
    assert skipped.landed_before
    assert "skipped" in str(skipped)
    assert land_one(database, path, is_again=True).landed == 3
    assert len(names(db)) == 6
    db.execute("insert into landing.project (team_id, name) values (2, 'other')")
    assert land_one(database, path, team_id=2).landed == 3
    path.write_text(lines(4))
    assert land_one(database, path).landed == 4


KILLED = """
import os, signal, sys
from pathlib import Path
from etl.files import land, recorder, survey

land.CHUNK_EVENTS = 100
survey.LOOK_ITEMS = 0
make, made = recorder.landing_row, 0

def deadly(*args, **kwargs):
    global made
    made += 1
    if made == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return make(*args, **kwargs)

recorder.landing_row = deadly
list(land.land_files(sys.argv[1], [Path(sys.argv[2])]))
"""


@pytest.mark.parametrize("make", [lines, lambda count: json.dumps({"batch": events(count)}, indent=1)])
def test_a_killed_landing_goes_on_where_it_stopped(make: Any, tmp_path: Path, database: str, db: Db) -> None:
    path = write(tmp_path, make(1000))
    for death_at in (350, 351 + 300):
        child = subprocess.run([sys.executable, "-c", KILLED, database, path, str(death_at)], check=False, timeout=60)
        assert child.returncode == -signal.SIGKILL
    assert names(db) == [f"e{number}" for number in range(600)]
    result = land_one(database, path)
    assert (result.landed, result.total) == (400, 1000)
    assert "600 before an interruption" in str(result)
    assert names(db) == [f"e{number}" for number in range(1000)]


def test_a_lost_connection_is_told_and_repaired_by_running_again(
    tmp_path: Path, database: str, db: Db, small_chunks: None
) -> None:
    path = write(tmp_path, lines(55))

    def cut(path: Path, done: int, size: int, count: int) -> None:
        if count == 30:
            db.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'etl land'"
            )

    with pytest.raises(LandingError, match=r"stopped after 30 events.* Run the same command again"):
        land_one(database, path, progress=cut)
    assert land_one(database, path).landed == 25
    assert names(db) == [f"e{number}" for number in range(55)]


def test_two_processes_cannot_land_the_same_file_twice(
    tmp_path: Path, database: str, db: Db, small_chunks: None
) -> None:
    path = write(tmp_path, lines(55))

    def other(path: Path, done: int, size: int, count: int) -> None:
        if count == 20:
            assert land_one(database, path).landed == 35

    with pytest.raises(LandingError, match="Another process"):
        land_one(database, path, progress=other)
    assert names(db) == [f"e{number}" for number in range(55)]


def test_a_file_that_grows_while_it_is_read_is_not_taken_for_landed(
    tmp_path: Path, database: str, db: Db, small_chunks: None
) -> None:
    path = write(tmp_path, lines(25))

    def grow(path: Path, done: int, size: int, count: int) -> None:
        if count == 10:
            path.write_text(lines(26))

    with pytest.raises(LandingError, match="written to while it was read"):
        land_one(database, path, progress=grow)
    assert not land_one(database, path).landed_before


def test_nothing_is_landed_when_a_file_is_missing_or_the_project_is_unknown(
    tmp_path: Path, database: str, db: Db
) -> None:
    path = write(tmp_path, lines(2))
    with pytest.raises(LandingError, match="does not exist"):
        list(land_files(database, [path, tmp_path / "missing"]))
    (tmp_path / "empty").mkdir()
    with pytest.raises(LandingError, match="a folder without files to land"):
        list(land_files(database, [path, tmp_path / "empty"]))
    with pytest.raises(ProjectError, match="no project 7; there are: 1"):
        land_one(database, path, team_id=7)
    assert names(db) == []


def test_the_ledger_of_files_is_open_to_auditors(tmp_path: Path, database: str, db: Db) -> None:
    land_one(database, write(tmp_path, lines(2), "a name"))
    db.execute("set role auditor")
    (row,) = db.execute("select * from ops.landed_file").fetchall()
    assert (row["records"], row["landed"], row["unreadable"]) == (2, 2, 0)
    assert row["name"].endswith("a name")


def test_a_broken_warehouse_url_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="ETL_DATABASE_URL"):
        land_one("postgresql://127.0.0.1:1/none", write(tmp_path, lines(1)))


def test_connections_are_closed(tmp_path: Path, database: str, db: Db) -> None:
    results = land_files(database, [write(tmp_path, lines(1)), write(tmp_path, lines(2), "two")])
    next(results)
    results.close()  # type: ignore[attr-defined]
    with psycopg.connect(database) as other:
        count = other.execute("select count(*) from pg_stat_activity where application_name = 'etl land'").fetchone()
    assert count == (0,)


def test_examples_are_few_and_fit_for_a_terminal(tmp_path: Path, database: str, small_chunks: None) -> None:
    result = land_one(database, write(tmp_path, b'{"event": "a"}\n' + b"\x1b[31m\x00{\n" * 55))
    assert (result.landed, result.unreadable, len(result.examples)) == (1, 55, land.MAX_EXAMPLES)
    assert all(example.isprintable() for example in result.examples)
    assert str(result).endswith("\n  and 35 more")


def test_all_that_is_wrong_with_a_folder_is_said_at_once(tmp_path: Path, database: str, db: Db) -> None:
    """Of ten exports of other tools each bad one is named, so that one command can follow and not ten."""
    write(tmp_path, '{"event": "page", "distinct_id": "u"}\n', "1 good.jsonl")
    write(tmp_path, '{"event_type": "page", "user_id": "u", "insert_id": "x"}\n', "2 amplitude.jsonl")
    write(tmp_path, '{"name": "a repository", "stars": 7}\n', "3 other.json")
    write(tmp_path, b"PK\x03\x04 a workbook", "4 book.xlsx")
    with pytest.raises(LandingError) as raised:
        list(land_files(database, [tmp_path]))
    said = str(raised.value)
    assert said.endswith("\n3 of 4 files cannot be landed so; nothing was landed.")
    assert "good" not in said
    for named in ("2 amplitude.jsonl", "3 other.json", "4 book.xlsx", "--as amplitude"):
        assert named in said
    assert names(db) == []
