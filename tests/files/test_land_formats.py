"""Every format lands the same events, by content and not by name, and recorded requests of SDKs land."""

from __future__ import annotations

import csv
import gzip
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.files import json_stream
from etl.files.formats import recognise
from etl.files.land import land_files
from etl.sql import Db
from tests.files.examples import DATA, events, land_one, landed, write

EXPORT = [
    {
        "uuid": "0190a1b2-0000-7000-8000-000000000001",
        "event": "$autocapture",
        "distinct_id": "u1",
        "timestamp": "2026-01-02 03:04:05.678900",
        "properties": {"$os": "Linux", "n": 1.5, "text": 'a "b", c\nd'},
        "elements_chain": 'a:text="x"',
        "team_id": 34567,
        "person_id": "0190a1b2-0000-7000-8000-00000000000f",
    },
    {
        "uuid": "0190a1b2-0000-7000-8000-000000000002",
        "event": "signed up",
        "distinct_id": "u2",
        "timestamp": "2026-01-02 03:04:06.000000",
        "properties": {},
        "elements_chain": "",
        "team_id": 34567,
        "person_id": "0190a1b2-0000-7000-8000-00000000000e",
    },
]


def json_lines(folder: Path) -> Path:
    return write(folder, "".join(json.dumps(event) + "\n" for event in EXPORT), "export.jsonl")


def json_lines_with_text(folder: Path) -> Path:
    flat = [{**event, "properties": json.dumps(event["properties"])} for event in EXPORT]
    return write(folder, "\r\n".join(json.dumps(event) for event in flat), "export-text.jsonl")


def json_lines_of_bodies(folder: Path) -> Path:
    bodies = [{"api_key": "phc_x", "batch": EXPORT[:1]}, EXPORT[1:]]
    return write(folder, "\n\n".join(json.dumps(body) for body in bodies), "bodies.jsonl")


def json_array(folder: Path) -> Path:
    return write(folder, json.dumps(EXPORT, indent=2), "export.json")


def json_batch(folder: Path) -> Path:
    return write(folder, json.dumps({"api_key": "phc_x", "batch": EXPORT, "sent_at": "x"}, indent=1), "batch.json")


def json_values(folder: Path) -> Path:
    return write(folder, "\n".join(json.dumps(event, indent=4) for event in EXPORT), "values.json")


def comma_first_array(folder: Path) -> Path:
    return write(folder, "[" + "\n,".join(json.dumps(event) for event in EXPORT) + "\n]\n", "commas.json")


def csv_file(folder: Path, delimiter: str = ",") -> Path:
    path = folder / "export.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, EXPORT[0], delimiter=delimiter)
        writer.writeheader()
        writer.writerows({**event, "properties": json.dumps(event["properties"])} for event in EXPORT)
    return path


def semicolons(folder: Path) -> Path:
    return csv_file(folder, ";")


def parquet(folder: Path) -> Path:
    table = pa.Table.from_pylist([{**event, "properties": json.dumps(event["properties"])} for event in EXPORT])
    times = table["timestamp"].cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
    table = table.set_column(table.schema.get_field_index("timestamp"), "timestamp", times)
    pq.write_table(table, folder / "export.parquet", row_group_size=1)
    return folder / "export.parquet"


FORMATS = [
    json_lines,
    json_lines_with_text,
    json_lines_of_bodies,
    json_array,
    json_batch,
    json_values,
    comma_first_array,
    csv_file,
    semicolons,
    parquet,
]


@pytest.mark.parametrize("is_zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("make", FORMATS)
def test_every_format_lands_the_same_events(make: Any, is_zipped: bool, tmp_path: Path, database: str, db: Db) -> None:
    path = make(tmp_path)
    if is_zipped:
        path = write(tmp_path, gzip.compress(path.read_bytes()), "no-telling-name")
    result = land_one(database, path)
    assert (result.landed, result.total, result.unreadable, result.is_clean) == (2, 2, 0, True)
    zone = "Z" if make is parquet else ""
    assert landed(db) == [
        {
            "team_id": 1,
            "uuid": "0190a1b2-0000-7000-8000-000000000001",
            "event": "$autocapture",
            "distinct_id": "u1",
            "properties": {
                "$elements_chain": 'a:text="x"',
                "$os": "Linux",
                "n": Decimal("1.5"),
                "text": 'a "b", c\nd',
            },
            "timestamp": f"2026-01-02 03:04:05.678900{zone}",
            "sent_at": None,
            "ip": None,
        },
        {
            "team_id": 1,
            "uuid": "0190a1b2-0000-7000-8000-000000000002",
            "event": "signed up",
            "distinct_id": "u2",
            "properties": {},
            "timestamp": f"2026-01-02 03:04:06.000000{zone}",
            "sent_at": None,
            "ip": None,
        },
    ]
    assert result.keys_not_landed == ("person_id",)
    assert "keys not landed: `person_id`" in str(result)


def test_a_table_without_properties_makes_them_of_its_other_columns(tmp_path: Path, database: str, db: Db) -> None:
    path = write(tmp_path, 'Event,DISTINCT_ID,plan,properties.$os,$set\nbuy,u1,007,,"{""a"": 1}"\n')
    land_one(database, path)
    (row,) = landed(db)
    assert (row["event"], row["distinct_id"]) == ("buy", "u1")
    assert row["properties"] == {"plan": "007", "$set": {"a": Decimal(1)}}


def test_typed_columns_of_parquet_stay_typed(tmp_path: Path, database: str, db: Db) -> None:
    table = pa.table({
        "event": ["e"],
        "count": pa.array([2**62], pa.int64()),
        "price": pa.array([Decimal("1.10")], pa.decimal128(10, 2)),
        "is_new": [True],
        "day": pa.array([20_000], pa.date32()),
        "nan": [math.nan],
        "tags": [["a", "b"]],
        "map": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        "nothing": pa.array([None], pa.string()),
        "offset": [7],
    })
    pq.write_table(table, tmp_path / "typed")
    land_one(database, tmp_path / "typed")
    (row,) = landed(db)
    assert row["properties"] == {
        "count": 2**62,
        "price": Decimal("1.10"),
        "is_new": True,
        "day": "2024-10-04",
        "nan": None,
        "tags": ["a", "b"],
        "map": {"k": 1},
        "offset": 7,
    }
    assert row["timestamp"] is None


def test_recorded_bodies_of_sdks_land(database: str, db: Db) -> None:
    results = list(land_files(database, sorted(DATA.glob("*.json"))))
    assert [result.unreadable for result in results] == [0] * len(results)
    rows = landed(db)
    assert len(rows) == sum(result.landed for result in results) == 12
    assert {row["sent_at"] for row in rows} == {None}
    identify = next(row for row in rows if row["uuid"] == "01a20645-7ea9-7565-9311-272099beeb4a")
    assert identify["properties"]["$set"] == {"email": "user@example.com", "name": "\u00dcn\u00efcode"}
    assert identify["properties"]["$set_once"]["first_seen_plan"] == "free"
    types = [row["properties"] for row in rows if row["event"] == "Types"]
    assert {"nul": "a\ufffdb", "s": "\ufffdx", "k\ufffd": 1}.items() <= types[0].items()
    assert types[1]["big"] == 2**70
    by_sdk = next(row for row in rows if row["event"] == "$set")
    assert by_sdk["properties"]["$set"] == {"plan": "pro"}


def test_the_time_of_sending_stands_in_for_the_time_of_arrival(tmp_path: Path, database: str, db: Db) -> None:
    body = {
        "batch": [
            {"event": "timed", "timestamp": "2020-01-01T00:00:00Z"},
            {"event": "untimed"},
            {"event": "offset", "offset": 1500, "timestamp": "2019-01-01T00:00:00Z"},
            {"event": "own", "sent_at": "2021-01-01T00:00:00", "offset": 1000},
            {"event": "unreadable", "sent_at": "soon"},
        ],
        "sent_at": "2020-01-01T00:00:05Z",
    }
    land_one(database, write(tmp_path, json.dumps(body)))
    assert {row["event"]: row["timestamp"] for row in landed(db)} == {
        "timed": "2020-01-01T00:00:00Z",
        "untimed": "2020-01-01T00:00:05Z",
        "offset": "2020-01-01T00:00:03.500000+00:00",
        "own": "2020-12-31T23:59:59+00:00",
        "unreadable": "soon",
    }
    assert {row["sent_at"] for row in landed(db)} == {None}
    stamps = db.execute("select ops.parse_timestamp(timestamp) as at from landing.event where event = 'offset'")
    assert stamps.fetchone()["at"].isoformat() == "2020-01-01T00:00:03.500000+00:00"  # type: ignore[index]


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize("spelled", [str.upper, str.title, "{} ".format], ids=["upper", "title", "blank"])
def test_when_it_was_sent_counts_in_any_case(spelled: Any, form: str, tmp_path: Path, database: str, db: Db) -> None:
    """Else the cycle would correct the time by the years since then."""
    fields = {"event": "e", "distinct_id": "u", "timestamp": "2024-01-01T00:00:00Z", "sent_at": "2024-01-01T00:00:05Z"}
    row = {spelled(name): value for name, value in fields.items()}
    text = json.dumps(row) if form == "json" else "\n".join(",".join(part) for part in (row.keys(), row.values()))
    land_one(database, write(tmp_path, text + "\n", f"events.{form}"))
    (found,) = landed(db)
    assert (found["timestamp"], found["sent_at"]) == ("2024-01-01T00:00:00Z", None)


@pytest.mark.parametrize("block", [1, 7, 64, 100_000])
def test_a_long_document_is_cut_anywhere_and_lands_whole(
    block: int, tmp_path: Path, database: str, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "MAX_EVENT_BYTES", 400)
    monkeypatch.setattr(json_stream, "BLOCK_BYTES", block)
    batch = [
        {"event": "}{][", "properties": {'"\\': ["]", {"}": '\\"'}], "u": "\u00fc\U0001f600", "n": [1, -2.5e3]}},
        *events(30),
        {"event": "untimed"},
    ]
    body = {"sent_at": "2020-01-01T00:00:00Z", "x": {"y": ["z", 1]}, "batch": batch, "api_key": "k"}
    result = land_one(database, write(tmp_path, json.dumps(body, indent=2, ensure_ascii=block < 10)))
    assert (result.landed, result.unreadable) == (32, 0)
    rows = landed(db)
    assert rows[0]["properties"] == batch[0]["properties"]
    assert rows[-1]["timestamp"] == "2020-01-01T00:00:00Z"


@pytest.mark.parametrize("block", [90, 500, 100_000])
@pytest.mark.parametrize("separator", [", ", ",", "\n ,\t", ",\n  "])
def test_elements_read_many_at_once_are_those_read_singly(
    separator: str, block: int, tmp_path: Path, database: str, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "BLOCK_BYTES", block)
    inside = '{"event": "in a text", "properties": {}}, {"event": "not whole'
    elements = [
        {"event": "plain", "properties": {"n": 1}},
        {"event": "a text like its end", "properties": {"t": '"}, {"event": "x"}', "e": '\\"}, {"event":'}},
        {"event": "objects that begin alike", "properties": {"items": [{"event": "x"}, {"event": "y"}, 1]}},
        {"event": "JSON in a text", "properties": {"t": inside, "s": json.dumps({"event": inside})}},
        {"event": "\u00fc\U0001f600", "properties": {"t": "\u2028", "n": 10**30}},
        {"properties": {"n": 2}, "event": "another key first"},
    ] * 9
    others = ["7", '{"event": "not a number", "properties": {"n": NaN}}', '{"event" : "spaced"}', "[]"]
    texts = [json.dumps(each, ensure_ascii=False) for each in elements]
    texts[20:20] = others
    result = land_one(database, write(tmp_path, "[" + separator.join(texts) + "\n]"))
    assert (result.landed, result.unreadable) == (len(elements) + 2, 1)
    rows = [(row["event"], row["properties"]) for row in landed(db)]
    expected = [(str(each["event"]), each["properties"]) for each in elements]
    expected[20:20] = [("not a number", {"n": None}), ("spaced", None)]
    assert rows == expected


def test_an_empty_file_lands_nothing(tmp_path: Path, database: str) -> None:
    result = land_one(database, write(tmp_path, ""))
    assert (result.landed, result.is_clean) == (0, True)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"event": "a"}', "json lines"),
        ('\n\n {"event": "a"}\n{', "json lines"),
        ('{"event": "a", "prop\n{"event": "b"}\n', "json lines"),
        ('operties": {}}\n{"event": "b"}\n', "json lines"),
        ('{\n"event": "a"\n}', "json document"),
        ('[{"event": "a"},\n{"event": "b"}]', "json document"),
        ('{"batch": [{"event": "a"}\n,{"event": "b"}]}', "json document"),
        ('{"batch": [' + '{"event": "a"},' * 100_000, "json document"),
        ("\ufeffEVENT\tdistinct_id\n", "csv"),
    ],
)
def test_formats_are_told_by_content(content: str, expected: str, tmp_path: Path) -> None:
    assert recognise(write(tmp_path, content)) == expected
    assert recognise(write(tmp_path, gzip.compress(content.encode()))) == expected
