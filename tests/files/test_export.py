"""Exporting: what is landed from an export is what was exported, and other programs count the same persons in it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from etl import cli, sql
from etl.cycle.run import run_cycle
from etl.errors import ExportError, ProjectError
from etl.files import export
from etl.files.export import export_days, follow
from etl.files.land import land_files
from etl.files.undo import undo
from etl.local import sample
from etl.operate import person
from etl.operate.maintain import squash
from etl.operate.split import split
from tests.conftest import fresh_database
from tests.digest import digest_of_warehouse
from tests.faults import hostile
from tests.files.examples import land_one, write
from tests.history import act, land_two_weeks
from tests.landing import EPOCH

pytestmark = pytest.mark.long

DAY = EPOCH.date()
JULY = [date(2022, 7, day) for day in (4, 5, 6, 11)]
README = Path(export.__file__).parent / "README.md"

# Numbers of any precision, and ids that a cell of a table might be taken for something else by.
NUMBERS = ["0.1", "1.0", "1.10", "-0", "1e2", "123456789012345678901234567890.5", "9007199254740993", "5e-324", "1e308"]
IDS = ["1001.0", "NaN", "nan", "null", "None", r"\N", "<NA>", "0012", " x ", '"x"', "{}", "[1]", "é\u2028\U0001f468"]


def names(files: Iterator[export.ExportedFile], folder: Path) -> dict[str, int]:
    return {str(file.path.relative_to(folder)): file.rows for file in files}


def exported(db: sql.Db, folder: Path, first: date = DAY, last: date | None = None, **options: Any) -> dict[str, int]:
    return names(export_days(db, folder, first_day=first, last_day=last or first, **options), folder)


def followed(db: sql.Db, folder: Path, **options: Any) -> dict[str, int]:
    return names(follow(db, folder, **options), folder)


def stored(db: sql.Db) -> list[dict[str, Any]]:
    """What readers see of events, without what landing them again makes anew: place, arrival, batch, person."""
    return db.execute(
        "select team_id, uuid, event, distinct_id, timestamp, properties::text as properties,"
        " coalesce(elements_chain, '') as elements_chain, ip from warehouse.events order by uuid, event, distinct_id"
    ).fetchall()


def drain(db: sql.Db, settings: Any) -> None:
    while run_cycle(db, settings.model_copy(update={"hold_seconds": 0.0})).landed:
        pass


@pytest.fixture
def other(server_url, template):
    """An empty warehouse that keeps addresses, and its URL."""
    with fresh_database(server_url, template) as url, sql.connect(url) as db:
        db.execute("update landing.project set anonymize_ips = false")
        yield db, url


def test_landed_from_an_export_the_events_are_the_same(db, land, settings, other, tmp_path):
    db.execute("update landing.project set anonymize_ips = false")
    for row in hostile.taken():
        # What is nested deeper is no event to a reader of files: etl/rules/README.md.
        if "[" * 127 not in row.properties and '{"a":' * 127 not in row.properties:
            land(**{name: value for name, value in row._asdict().items() if name != "refusal"})
    for place, number in enumerate(NUMBERS):
        land("number", f"n{place}", properties=f'{{"n": {number}, "in": [{{"n": {number}}}]}}', ip="203.0.113.7")
    for name in IDS:
        land("id", name, properties={"$device_id": name, "a": name, name: name})
    for request in sample.read("journey"):
        sql.copy_in(db, "land/copy_event", request.rows(timedelta(0)))
    drain(db, settings)
    before = stored(db)
    assert len(before) > 200
    assert {row["distinct_id"] for row in before} >= set(IDS)
    assert {"203.0.113.7"} <= {row["ip"] for row in before}
    files = followed(db, tmp_path)
    assert sum(rows for name, rows in files.items() if name.startswith("events/")) == len(before)
    again, url = other
    for result in land_files(url, [tmp_path / "events"]):
        assert result.is_clean
        assert result.keys_not_landed == ("person_mode", "received_at")
    drain(again, settings)
    after = stored(again)
    assert [row for row in before if row not in after] == []
    assert len(after) == len(before)


def test_landed_in_the_order_of_their_arrival_the_persons_are_the_same(db, land, cycle, settings, other, tmp_path):
    """The second merging event is refused because of the first; the other way round the first would be."""
    act(land, "late", "$identify", "04 10:00", **{"$anon_distinct_id": "device"})
    act(land, "early", "$identify", "04 09:00", **{"$anon_distinct_id": "device"})
    act(land, "early", "$set", "04 09:30", **{"$set": {"name": "E"}})
    cycle()
    exported(db, tmp_path, date(2022, 7, 4))
    list(land_files(other[1], [tmp_path / "events"]))
    drain(other[0], settings)
    for part in ("persons", "properties", "distinct ids", "merges", "events"):
        assert digest_of_warehouse(other[0])[part] == digest_of_warehouse(db)[part], part
    outcomes = [row["outcome"] for row in other[0].execute("select outcome from warehouse.merges order by landing_id")]
    assert outcomes == ["created", "refused"]


def test_a_file_a_day_in_chunks(db, land, cycle, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "CHUNK_ROWS", 10)
    for number in range(25):
        land("e", f"d{number}", properties={"$device_id": f"d{number}"}, timestamp="2022-07-04T23:59:59.999999Z")
    land("e", "d1", properties={"$device_id": "d1"}, timestamp="2022-07-05T00:00:00Z")
    cycle()
    assert exported(db, tmp_path, date(2022, 7, 3), date(2022, 7, 6)) == {
        "events/2022-07-04.parquet": 25,
        "events/2022-07-05.parquet": 1,
        "persons.parquet": 25,
        "person_distinct_ids.parquet": 25,
    }
    file = pq.ParquetFile(tmp_path / "events" / "2022-07-04.parquet")
    assert [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)] == [10, 10, 5]
    monkeypatch.setattr(export, "CHUNK_CHARACTERS", 1)
    exported(db, tmp_path, date(2022, 7, 4))
    assert pq.ParquetFile(tmp_path / "events" / "2022-07-04.parquet").num_row_groups == 25


MEASURED = """
import resource, sys
from datetime import date
from pathlib import Path
from etl import sql
from etl.files.export import export_days

with sql.connect(sys.argv[1]) as db:
    for day in (date(2022, 7, 4), date(2022, 7, 5)):
        for file in export_days(db, Path(sys.argv[2]), first_day=day, last_day=day):
            pass
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_a_day(database, db, land, cycle, tmp_path):
    """A day of 64 MB of text takes no more than a chunk's worth more than one of 4 MB."""
    act(land, "d", "e", "04 10:00")
    cycle()
    # Written as they are stored: to load 64 MB takes half a minute.
    db.execute(
        "insert into warehouse.stored_event"
        " select (jsonb_populate_record(e, "
        "  jsonb_build_object('properties', t.properties, 'timestamp', e.timestamp + t.after))).*"
        " from warehouse.stored_event as e, lateral ("
        "  select jsonb_build_object('text', n || string_agg(md5(i::text), '')) as properties,"
        "  case when n > 20 then interval '1 day' else interval '1 s' end as after"
        "  from generate_series(1, 340) as n, generate_series(1, 6250) as i group by n"
        " ) as t"
    )
    run = [sys.executable, "-c", MEASURED, database, str(tmp_path)]
    few, many = map(int, subprocess.run(run, check=True, capture_output=True, text=True).stdout.split())
    assert len(pq.read_table(tmp_path / "events" / "2022-07-05.parquet", columns=["uuid"])) == 320
    assert many - few < 60, (few, many)


KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from etl import sql
from etl.files import export

chunks = export._chunks
export.CHUNK_ROWS = 1

def deadly(rows):
    for place, chunk in enumerate(chunks(rows)):
        if place == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        yield chunk

export._chunks = deadly
with sql.connect(sys.argv[1]) as db:
    list(export.follow(db, Path(sys.argv[2])))
"""


def test_killed_it_leaves_whole_files_only_and_the_next_one_completes_them(database, db, land, cycle, tmp_path):
    act(land, "a", "e", "04 10:00")
    cycle()
    before = followed(db, tmp_path)
    for minute in range(10, 14):
        act(land, "a", "e", f"04 10:{minute}")
    cycle()
    old = (tmp_path / "events" / "2022-07-04.parquet").read_bytes()
    child = subprocess.run([sys.executable, "-c", KILLED, database, str(tmp_path)], check=False, timeout=60)
    assert child.returncode == -signal.SIGKILL
    assert (tmp_path / "events" / "2022-07-04.parquet").read_bytes() == old
    assert [path.name for path in (tmp_path / "events").glob("[!.]*")] == ["2022-07-04.parquet"]
    assert followed(db, tmp_path) == before | {"events/2022-07-04.parquet": 5}
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {
        "2022-07-04.parquet",
        "persons.parquet",
        "person_distinct_ids.parquet",
        "export.json",
    }


def test_failed_it_leaves_nothing(db, land, cycle, tmp_path, monkeypatch):
    act(land, "a", "e", "04 10:00")
    cycle()

    def broken(path: Path, *_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export.os, "fsync", broken)
    with pytest.raises(OSError, match="No space"):
        followed(db, tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# Following


def test_following_writes_what_has_changed(db, land, cycle, tmp_path):
    land_two_weeks(land, cycle)
    first = followed(db, tmp_path)
    assert [name for name in first if name.startswith("events/")] == [f"events/{day}.parquet" for day in JULY]
    assert followed(db, tmp_path) == {}
    cycle()  # a batch without events
    assert followed(db, tmp_path) == {}
    act(land, "ann", "$pageview", "06 23:00")
    act(land, "dan", "$pageview", "12 10:00")
    cycle()
    assert followed(db, tmp_path) == {
        "events/2022-07-06.parquet": 2,
        "events/2022-07-12.parquet": 1,
        "persons.parquet": first["persons.parquet"] + 1,
        "person_distinct_ids.parquet": first["person_distinct_ids.parquet"] + 1,
    }


def test_following_waits_for_the_batch_to_close(db, land, cycle, tmp_path):
    act(land, "a", "e", "04 10:00")
    cycle()
    act(land, "a", "e", "04 11:00")
    act(land, "a", "e", "05 11:00")
    cycle()
    # As between the two commits of a load: rows are there, their batch is open.
    db.execute("update ops.batch set status = 'open' where batch_id = 2")
    found = followed(db, tmp_path)
    assert found["events/2022-07-04.parquet"] == 1
    assert "events/2022-07-05.parquet" not in found
    db.execute("update ops.batch set status = 'loaded' where batch_id = 2")
    assert followed(db, tmp_path).items() >= {"events/2022-07-04.parquet": 2, "events/2022-07-05.parquet": 1}.items()


def test_what_an_undone_file_brought_goes_from_the_export_too(database, db, land, cycle, tmp_path):
    act(land, "a", "e", "04 10:00")
    sent = [
        {"event": "e", "distinct_id": "a", "timestamp": f"2022-07-0{day}T12:00:00Z", "properties": {"$device_id": "a"}}
        for day in (4, 5)
    ]
    path = write(tmp_path, "\n".join(map(json.dumps, sent)))
    land_one(database, path)
    cycle()
    folder = tmp_path / "export"
    assert followed(db, folder).items() >= {"events/2022-07-04.parquet": 2, "events/2022-07-05.parquet": 1}.items()
    undo(db, str(path), by="ada", why="twice")
    cycle()
    found = followed(db, folder)
    assert found.items() >= {"events/2022-07-04.parquet": 1, "events/2022-07-05.parquet": 0}.items()
    assert not (folder / "events" / "2022-07-05.parquet").exists()


def test_an_erased_person_goes_from_the_export_too(db, land, cycle, tmp_path):
    act(land, "a", "e", "04 10:00")
    act(land, "alice@example.com", "e", "04 11:00")
    cycle()
    followed(db, tmp_path)
    person.erase(db, person.find(db, distinct_id="alice@example.com"), by="ada", why="request 17")
    cycle()
    assert followed(db, tmp_path)["events/2022-07-04.parquet"] == 2
    files = list(tmp_path.rglob("*.parquet"))
    assert len(files) >= 3
    assert not [path for path in files if "alice" in str(pq.read_table(path).to_pylist())]


def test_a_database_behind_the_folder_is_written_anew(db, land, cycle, tmp_path):
    """As after a restore from a dump: the folder has a day that the database has not."""
    act(land, "a", "e", "04 10:00")
    cycle()
    followed(db, tmp_path)
    (tmp_path / "events" / "2022-07-04.parquet").rename(tmp_path / "events" / "2022-07-09.parquet")
    (tmp_path / "export.json").write_text('{"batch_id": 1000}')
    found = followed(db, tmp_path)
    assert found.items() >= {"events/2022-07-04.parquet": 1, "events/2022-07-09.parquet": 0}.items()
    assert json.loads((tmp_path / "export.json").read_text()) == {"team_id": None, "batch_id": 1}


def test_days_that_were_asked_for_are_no_reason_to_leave_others_out(db, land, cycle, tmp_path):
    land_two_weeks(land, cycle)
    exported(db, tmp_path, date(2022, 7, 5))
    assert set(followed(db, tmp_path)) >= {f"events/{day}.parquet" for day in JULY}


# DuckDB


def shown_to_readers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the code in the README gives: events and persons by name."""
    (code,) = re.findall(r"```python\n(import duckdb.*?)```", README.read_text(), re.DOTALL)
    monkeypatch.chdir(folder)
    found: dict[str, Any] = {}
    exec(code, found)  # noqa: S102
    return sorted(found["by_event"].fetchall())


def counted(db: sql.Db) -> list[tuple[Any, ...]]:
    rows = db.execute(
        "select event, count(*) as events, count(distinct person_id) as persons from warehouse.events group by event"
    )
    return sorted(tuple(row.values()) for row in rows)


def test_duckdb_counts_the_same_persons_after_merge_squash_and_split(db, land, cycle, tmp_path, monkeypatch):
    land_two_weeks(land, cycle)
    act(land, "x1", "$pageview", "05 13:00", **{"$process_person_profile": False})
    act(land, "x2", "$pageview", "05 13:00", **{"$process_person_profile": False})
    act(land, "x1", "$pageview", "06 13:00", **{"$process_person_profile": False})
    cycle()
    folder = tmp_path / "export"
    followed(db, folder)
    day = folder / "events" / "2022-07-05.parquet"
    before = day.stat().st_mtime_ns
    assert ("$pageview", 9, 5) in counted(db)
    assert shown_to_readers(tmp_path, monkeypatch) == counted(db)

    act(land, "bob", "$identify", "12 09:00", **{"$anon_distinct_id": "b1"})
    act(land, "bob", "$merge_dangerously", "12 09:01", alias="c1")
    cycle()
    assert ("$pageview", 9, 4) in counted(db)
    followed(db, folder)
    assert shown_to_readers(tmp_path, monkeypatch) == counted(db)
    assert day.stat().st_mtime_ns == before

    assert squash(db) > 0
    act(land, "ann", "seen", "12 10:00")
    cycle()
    followed(db, folder)
    assert shown_to_readers(tmp_path, monkeypatch) == counted(db)

    person = db.execute("select person_id from warehouse.person_distinct_ids where distinct_id = 'c1'").fetchone()
    split(db, person["person_id"], ["c1"], by="ada")
    cycle()
    followed(db, folder)
    assert ("$pageview", 9, 5) in counted(db)
    assert shown_to_readers(tmp_path, monkeypatch) == counted(db)
    assert day.stat().st_mtime_ns == before


def test_types_are_those_of_the_warehouse(db, land, cycle, tmp_path):
    act(land, "a", "e", "04 10:00", price=5)
    cycle()
    exported(db, tmp_path, date(2022, 7, 4))
    found = duckdb.sql(
        f"select cast(timestamp at time zone 'UTC' as text), cast(uuid as uuid), properties ->> '$.price', team_id"
        f" from '{tmp_path}/events/*.parquet'"
    ).fetchall()
    uuid = db.execute("select uuid from warehouse.events").fetchone()["uuid"]
    assert found == [("2022-07-04 10:00:00", uuid, "5", 1)]


# Projects, refusals


def test_a_folder_holds_one_project_or_all(db, land, cycle, tmp_path):
    db.execute("insert into landing.project (team_id, name) values (2, 'other')")
    act(land, "a", "e", "04 10:00")
    land("e", "b", team_id=2, properties={"$device_id": "b"}, timestamp="2022-07-04T10:00:00Z")
    cycle()
    assert set(followed(db, tmp_path / "two", team_id=2).values()) == {1}
    assert followed(db, tmp_path / "all")["events/2022-07-04.parquet"] == 2
    assert pq.read_table(tmp_path / "two" / "events")["distinct_id"].to_pylist() == ["b"]
    for team_id in (None, 1):
        with pytest.raises(ExportError, match="holds an export of project 2"):
            followed(db, tmp_path / "two", team_id=team_id)
    with pytest.raises(ExportError, match="holds an export of all projects"):
        exported(db, tmp_path / "all", team_id=1)
    with pytest.raises(ProjectError, match="no project 7; there are: 1, 2"):
        followed(db, tmp_path / "seven", team_id=7)
    assert not (tmp_path / "seven").exists()


def test_one_process_at_a_time(db, land, cycle, tmp_path):
    act(land, "a", "e", "04 10:00")
    cycle()
    running = follow(db, tmp_path)
    next(running)
    with pytest.raises(ExportError, match="Another process"):
        followed(db, tmp_path)
    list(running)
    assert followed(db, tmp_path) == {}


def test_a_damaged_note_says_what_to_do(db, tmp_path):
    (tmp_path / "export.json").write_text('{"batch_id": "x"')
    with pytest.raises(ExportError, match=r"export\.json cannot be read .*Remove it"):
        followed(db, tmp_path)


def test_an_auditor_may_export(db, land, cycle, tmp_path):
    act(land, "a", "e", "04 10:00")
    cycle()
    db.execute("set role auditor")
    assert followed(db, tmp_path, team_id=1)["events/2022-07-04.parquet"] == 1


def test_the_command(database, db, land, cycle, tmp_path, monkeypatch):
    act(land, "a", "e", "04 10:00")
    cycle()
    monkeypatch.setenv("ETL_DATABASE_URL", database)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(cli.app, ["export", str(tmp_path), *arguments], catch_exceptions=False)

    for wrong in ([], ["--from", "2022-07-04"], ["--to", "2022-07-04"], ["--follow", "--from", "2022-07-04"]):
        assert run(*wrong).exit_code == 2
    assert run("--from", "yesterday", "--to", "2022-07-04").exit_code == 2
    with pytest.raises(ExportError, match="before the first"):
        run("--from", "2022-07-05", "--to", "2022-07-04")
    assert run("--from", "2022-07-04", "--to", "2022-07-05").stdout.splitlines() == [
        f"{tmp_path}/events/2022-07-04.parquet: 1 row",
        f"{tmp_path}/persons.parquet: 1 row",
        f"{tmp_path}/person_distinct_ids.parquet: 1 row",
    ]
    lines = run("--follow", "--json").stdout.splitlines()
    assert json.loads(lines[0]) == {"path": f"{tmp_path}/events/2022-07-04.parquet", "rows": 1}
    assert run("--follow").stdout == ""
