"""Where files come from: folders, patterns, pipes, packings; and where their events went."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
import zstandard

from etl import sql
from etl.errors import LandingError
from etl.files.land import check_files, land_files
from etl.files.options import read_options
from etl.operate.explain import explain_event
from etl.sql import Db
from tests.files.examples import land_one, landed, lines, names, write

ONE = '{"event": "%s", "distinct_id": "u"}\n'


def zipped(data: bytes, *more: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("events.json", data)
        for name in more:
            archive.writestr(name, "x")
    return file.getvalue()


PACKINGS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
    "two zstd frames": lambda data: zstandard.compress(data[:100]) + zstandard.compress(data[100:]),
    "zip": zipped,
    "zip of gzip": lambda data: zipped(gzip.compress(data)),
    "gzip of gzip": lambda data: gzip.compress(gzip.compress(data)),
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_packed_file_is_unpacked(packing: str, tmp_path: Path, database: str, db: Db) -> None:
    assert land_one(database, write(tmp_path, PACKINGS[packing](lines(500).encode()))).landed == 500
    assert names(db) == [f"e{number}" for number in range(500)]


@pytest.mark.parametrize("packing", ["bzip2", "xz", "zstd"])
def test_a_packed_file_that_breaks_off_says_so(packing: str, tmp_path: Path, database: str) -> None:
    content = b"".join(b'{"event": "%s"}\n' % os.urandom(100).hex().encode() for _ in range(10_000))
    data = PACKINGS[packing](content)
    result = land_one(database, write(tmp_path, data[: len(data) * 3 // 4]))
    assert (result.unreadable, result.landed > 100) == (1, True)
    assert f"the {packing} data are damaged" in result.examples[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped(b"x", "other.json"), "a zip of 2 files: unpack it and land the folder"),
        (zipped(b"x", "xl/workbook.xml"), "an Excel workbook: save the sheet as CSV"),
        (b"\0" * 257 + b"ustar" + b"\0" * 250, "a tar archive"),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"ORC\1\2", "an ORC file"),
        (b"Obj\1\2", "an Avro file"),
        (b"\x04\x22\x4d\x18abc", "compressed with lz4"),
        (b"<html>", "XML or HTML"),
    ],
)
def test_a_foreign_file_is_told_by_name(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(LandingError, match=message):
        land_one("postgresql://no-warehouse", write(tmp_path, content))


def test_folders_and_patterns_are_landed_in_order(tmp_path: Path, database: str, db: Db) -> None:
    (tmp_path / "day=2").mkdir()
    for name in ("b.json", "a.json", "day=2/c.json"):
        write(tmp_path, ONE % name, name)
    for name in (".hidden", "_SUCCESS", "day=2/.crc", "x_manifest.json"):
        write(tmp_path, "not to be read", name)
    assert [result.landed for result in land_files(database, [tmp_path])] == [1, 1, 1]
    assert names(db) == ["a.json", "b.json", "day=2/c.json"]
    pattern = f"{tmp_path}/*.json"
    assert all(result.landed_before for result in land_files(database, [pattern]))
    with pytest.raises(LandingError, match="matches no file"):
        list(land_files(database, [f"{tmp_path}/*.parquet"]))


def test_standard_input_and_pipes_are_landed(
    tmp_path: Path, database: str, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress((ONE % "in").encode()))))
    (result,) = land_files(database, ["-"])
    assert (result.name, result.landed) == ("standard input", 1)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(ONE % "piped",))
    writer.start()
    (result,) = land_files(database, [pipe])
    writer.join()
    assert names(db) == ["in", "piped"]


def test_what_is_no_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for argument, message in (
        ("s3://bucket/x.jsonl", r"s3://bucket/x.jsonl is an address.*aws s3 cp s3://bucket/x.jsonl - \| etl land -"),
        ("gs://bucket/x", "gcloud storage cat"),
        (str(tmp_path / "link"), "is a link to .*gone, which does not exist"),
        (str(tmp_path / "none"), "does not exist"),
    ):
        with pytest.raises(LandingError, match=message):
            list(land_files("postgresql://no-warehouse", [argument]))


def test_the_place_of_each_event_is_kept(tmp_path: Path, database: str, db: Db) -> None:
    content = '{"event": "a"}\n\nbroken\n[{"event": "b"}, {"event": "c"}]\n{"event": "d"}\n{"event": "e"}\n'
    land_one(database, write(tmp_path, content, "places"))
    rows = db.execute("select xid::text as xid, landing_id, event from landing.event order by landing_id").fetchall()
    places = {}
    for row in rows:
        found = sql.one(db, "land/find_source", {"xid": row["xid"], "landing_id": row["landing_id"]})
        places[row["event"]] = (Path(found["name"]).name, found["noun"], found["place"])
    assert places == {event: ("places", "line", place) for event, place in zip("abcde", (1, 4, 4, 5, 6), strict=True)}
    of_file = db.execute("""
        select count(*) as n from ops.landed_range as r
        join landing.event as e on e.xid = r.xid and e.landing_id between r.first_landing_id and r.last_landing_id
    """).fetchone()
    assert of_file == {"n": 5}


def test_explain_names_the_file_and_the_line(tmp_path: Path, database: str, db: Db) -> None:
    uuid = "0190a1b2-0001-7000-8000-000000000001"
    land_one(database, write(tmp_path, f'{{"event": "a"}}\n{{"event": "b", "uuid": "{uuid}"}}\n', "two"))
    (story,) = explain_event(db, uuid)
    assert [(row["source"]["name"], row["source"]["place"]) for row in story["landing"]] == [(str(tmp_path / "two"), 2)]


def test_the_same_bytes_under_another_name_keep_the_first(tmp_path: Path, database: str, db: Db) -> None:
    paths = [write(tmp_path, ONE % "a", name) for name in ("day1", "day2")]
    first, second = land_files(database, paths)
    assert (first.landed, second.landed, second.landed_as) == (1, 0, str(paths[0]))
    assert f"UTC as {paths[0]}" in str(second)


def test_a_check_lands_nothing_and_says_what_would(tmp_path: Path, database: str, db: Db, cycle: Any) -> None:
    known = '{"event": "a", "distinct_id": "u", "uuid": "0190a1b2-0001-7000-8000-000000000001", "properties": {}}\n'
    land_one(database, write(tmp_path, known))
    cycle(hold_seconds=0)
    events = [
        {"event": "$identify", "distinct_id": "u", "timestamp": 1767323045, "properties": {}, "plan": "pro"},
        {"event": "$identify", "distinct_id": "v", "timestamp": "2025-01-02T03:04:05Z", "properties": {}},
    ]
    path = write(tmp_path, known + "".join(json.dumps(event) + "\n" for event in events) + "{}\n", "checked")
    (found,) = check_files(database, [path])
    assert (found.events, found.unreadable, found.loaded_before, found.without_uuid) == (3, 1, 1, 2)
    text = str(found)
    for line in (
        "3 events, nothing landed",
        "from 2025-01-02 03:04:05 to 2026-01-02 03:04:05 UTC",
        "the first as it would land: team_id 1, uuid 0190a1b2-0001-7000-8000-000000000001, event a",
        "keys not landed: `plan`",
        "merging events: 2",
        "1 merging event is earlier than one before",
        "line 4: no `event`: {}",
    ):
        assert line in text
    assert len(landed(db)) == 1


def test_a_login_of_event_lander_may_land_files_and_nothing_else(tmp_path: Path, database: str, db: Db) -> None:
    for role in ("event_lander", "event_writer"):
        db.execute(f"drop role if exists file_{role}")  # type: ignore[arg-type]
        db.execute(f"create role file_{role} login password 'x' in role {role}")  # type: ignore[arg-type]
    path = write(tmp_path, lines(3))
    place = database.rpartition("@")[2]
    urls = {role: f"postgresql://file_{role}:x@{place}" for role in ("event_lander", "event_writer")}
    with pytest.raises(LandingError, match=r'may not land files.*grant event_lander to "file_event_writer"'):
        land_one(urls["event_writer"], path)
    assert land_one(urls["event_lander"], path).landed == 3
    assert [found.events for found in check_files(urls["event_lander"], [path])] == [3]
    with sql.connect(urls["event_lander"]) as other, pytest.raises(Exception, match="permission denied"):
        other.execute("select properties from landing.event")


def test_options_that_mean_nothing_are_refused() -> None:
    for options, message in (
        ({"tool": "excel"}, "the tools are amplitude, mixpanel, segment, ga4, snowplow"),
        ({"mapping": ["name=x"]}, "the members are"),
        ({"order_by": "size"}, "only `timestamp`"),
        ({"delimiter": "ab"}, "one character"),
        ({"encoding": "klingon"}, "unknown"),
    ):
        with pytest.raises(LandingError, match=message):
            read_options(**options)  # type: ignore[arg-type]
