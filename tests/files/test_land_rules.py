"""What a file loses by damage, what is said of it, and what the options make of its events."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.errors import LandingError, ProjectError
from etl.files.land import check_files, land_files
from etl.files.options import Reading, read_options
from etl.sql import Db
from tests.files.examples import events, land_one, landed, lines, names, write


def json_lines(*objects: Any) -> str:
    return "".join(json.dumps(each) + "\n" for each in objects)


@pytest.mark.parametrize("closed_at", [None, 2_000])
def test_a_stray_quote_costs_its_record(closed_at: int | None, tmp_path: Path, database: str, db: Db) -> None:
    rows = [f"e{number},u,x" for number in range(3_000)]
    rows[10] = 'e10,u,"oops'
    if closed_at:
        rows[closed_at] = f'e{closed_at},u,oops"'
    result = land_one(database, write(tmp_path, "event,distinct_id,plan\n" + "\n".join(rows) + "\n"))
    assert (result.landed, result.unreadable) == (2_999, 1)
    assert result.examples[0] == 'line 12: a quote is opened and not closed: e10,u,"oops'
    assert "e10" not in names(db)


def test_text_of_many_lines_in_a_cell_is_kept(tmp_path: Path, database: str, db: Db) -> None:
    text = "\n".join(f"line {number}" for number in range(100))
    land_one(database, write(tmp_path, f'event,note\na,"{text}"\nb,x\n'))
    assert [row["properties"]["note"] for row in landed(db)] == [text, "x"]


def test_a_first_line_longer_than_what_is_looked_at_is_a_line(tmp_path: Path, database: str, db: Db) -> None:
    long = json.dumps({"event": "long", "properties": {"x": "y" * 1_200_000}})
    result = land_one(database, write(tmp_path, f'{long}\n{{"event": "cut\n{lines(20)}'))
    assert (result.landed, result.unreadable) == (21, 1)
    assert result.examples[0].startswith("line 2: not JSON")


def test_a_document_that_breaks_off_before_whole_lines_goes_on_with_them(tmp_path: Path, database: str, db: Db) -> None:
    pretty = json.dumps({"event": "whole", "properties": {"a": 1}}, indent=1)
    result = land_one(database, write(tmp_path, f'{pretty}\n{{"event": "cut", "prop\n{lines(20)}'))
    assert names(db) == ["whole", *(f"e{number}" for number in range(20))]
    assert result.unreadable == 1
    assert "what follows was read line by line" in result.examples[0]


def test_objects_that_are_no_events_are_listed_and_kept_whole(tmp_path: Path, database: str, db: Db) -> None:
    stranger = {"name": "x" * 300, "n": 1}
    path = write(tmp_path, lines(2) + json_lines(stranger) + '{"event": "cut\n' + lines(1))
    rejects = tmp_path / "rejects"
    result = land_one(database, path, rejects=rejects)
    assert (result.landed, result.unreadable, result.is_clean) == (3, 2, False)
    assert [example[:20] for example in result.examples] == ["line 3: no `event`: ", "line 4: not JSON: in"]
    assert rejects.read_text() == json_lines(stranger) + '{"event": "cut\n'
    rejects.unlink()
    again = land_one(database, path, rejects=rejects)
    assert (again.landed_before is not None, again.is_clean) == (True, False)
    assert "2 could not be read then:\n  line 3: no `event`" in str(again)
    assert rejects.read_text() == json_lines(stranger) + '{"event": "cut\n'


def test_rejects_of_a_table_stand_under_its_header(tmp_path: Path, database: str) -> None:
    path = write(tmp_path, b"event,plan\na,x\nb,\xff\nc\n")
    land_one(database, path, rejects=tmp_path / "rejects")
    assert (tmp_path / "rejects").read_bytes() == b"event,plan\nb,\xff\nc\n"


def test_nothing_lands_if_too_much_cannot_be_read(tmp_path: Path, database: str, db: Db) -> None:
    good = write(tmp_path, lines(2), "good")
    bad = write(tmp_path, lines(2_000) + "broken\n", "bad")
    with pytest.raises(LandingError, match=r"bad: 1 cannot be read, which is more than 0; nothing was landed"):
        list(land_files(database, [good, bad], max_unreadable=0))
    assert names(db) == []
    assert sum(result.landed for result in land_files(database, [good, bad], max_unreadable=1)) == 2_002


def test_a_file_without_readable_times_is_refused_unless_asked_for(tmp_path: Path, database: str, db: Db) -> None:
    times = ["01/02/2026", "02/03/2026", "2026-01-02T03:04:05Z"]
    path = write(tmp_path, json_lines(*({"event": "a", "distinct_id": "u", "timestamp": time} for time in times)))
    with pytest.raises(LandingError, match=r"most of its times cannot be read \(2 of 3, first: line 1: '01/02/2026'\)"):
        land_one(database, path)
    result = land_one(database, path, reading=Reading(is_time_of_landing=True))
    assert "times: 1 readable, 2 unreadable (first: line 1: '01/02/2026'): these get the time of landing" in str(result)
    assert [row["timestamp"] for row in landed(db)] == times


WRAPPED = {
    "Kafka Connect": {"schema": {"type": "struct"}, "payload": {"event": "a", "distinct_id": "u"}},
    "Debezium": {"before": None, "after": {"event": "a", "distinct_id": "u"}, "op": "c", "source": {}},
    "Debezium with schema": {"schema": {}, "payload": {"after": {"event": "a", "distinct_id": "u"}, "op": "r"}},
    "text in a message": {"topic": "t", "offset": 1, "payload": '{"event": "a", "distinct_id": "u"}'},
    "results": {"next": None, "results": [{"event": "a", "distinct_id": "u"}]},
    "events": {"events": [{"event": "a", "distinct_id": "u"}]},
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_an_event_is_unwrapped(wrapped: dict[str, Any], tmp_path: Path, database: str, db: Db) -> None:
    assert land_one(database, write(tmp_path, json.dumps(wrapped))).landed == 1
    assert [(row["event"], row["distinct_id"], row["properties"]) for row in landed(db)] == [("a", "u", None)]


def test_a_changed_row_is_no_event(tmp_path: Path, database: str) -> None:
    rows = [{"before": None, "after": {"event": "a"}, "op": op} for op in "cud"]
    result = land_one(database, write(tmp_path, json_lines(*rows)))
    assert (result.landed, result.unreadable) == (1, 2)
    assert "an update of a row, not an event" in result.examples[0]


TOOLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "segment": (
        {
            "type": "identify",
            "messageId": "m1",
            "userId": "u",
            "anonymousId": "anon",
            "timestamp": "2026-01-02T03:04:05Z",
            "traits": {"plan": "pro"},
            "context": {"ip": "10.0.0.1"},
        },
        {
            "event": "$identify",
            "distinct_id": "u",
            "ip": "10.0.0.1",
            "properties": {
                "messageId": "m1",
                "anonymousId": "anon",
                "context": {"ip": "10.0.0.1"},
                "$anon_distinct_id": "anon",
                "$set": {"plan": "pro"},
            },
        },
    ),
    "ga4": (
        {
            "event_date": "20260102",
            "event_name": "page_view",
            "event_timestamp": "1767323045000000",
            "user_pseudo_id": "device",
            "event_params": [
                {"key": "page", "value": {"string_value": "/a", "int_value": None}},
                {"key": "n", "value": {"int_value": "7"}},
            ],
        },
        {
            "event": "page_view",
            "distinct_id": "device",
            "ip": None,
            "properties": {"event_date": "20260102", "page": "/a", "n": "7"},
        },
    ),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_an_export_of_a_tool_lands_with_its_name(tool: str, tmp_path: Path, database: str, db: Db) -> None:
    given, expected = TOOLS[tool]
    path = write(tmp_path, json.dumps(given))
    with pytest.raises(LandingError, match=f"use --as {tool}"):
        land_one(database, path)
    land_one(database, path, reading=read_options(tool=tool))
    (row,) = landed(db)
    assert {name: row[name] for name in expected} == expected
    assert row["timestamp"][:19] == "2026-01-02T03:04:05"


def test_a_key_of_two_meanings_is_kept_twice(tmp_path: Path, database: str, db: Db) -> None:
    """Amplitude's country is of the address; that of a property is the application's own."""
    event = {"event_type": "order", "user_id": "u", "time": "2026-11-25 10:00:00", "country": "Germany", "city": "Bonn"}
    file = write(tmp_path, json_lines(event | {"event_properties": {"country": "France"}}))
    land_one(database, file, reading=read_options(tool="amplitude"))
    (row,) = landed(db)
    kept = {"country": "France", "top_level_country": "Germany", "city": "Bonn", "time": event["time"]}
    assert row["properties"] == kept


def test_flat_keys_are_properties_whatever_they_are_called(tmp_path: Path, database: str, db: Db, cycle: Any) -> None:
    """A product's id may be a uuid, and its token no project's."""
    seen = {"event": "viewed", "distinct_id": "u", "id": "0190d3a1-7c1e-7e1e-9d5e-3f6b2a1c4d5e", "token": "ETH"}
    days = [seen | {"timestamp": f"2026-11-2{day}T10:00:00Z"} for day in (1, 2, 3)]
    key = {"event": "sent", "distinct_id": "u", "token": "phc_a", "api_key": "phc_a", "historical_migration": True}
    land_one(database, write(tmp_path, json_lines(*days, key, seen | {"TOKEN": "BTC"})))
    assert [row["properties"] for row in landed(db)] == [
        *[{"id": seen["id"], "token": "ETH"}] * 3,
        {"historical_migration": True},
        {"id": seen["id"], "token": "ETH", "TOKEN": "BTC"},
    ]
    assert cycle(hold_seconds=0)["loaded"] == 5


def test_an_export_of_the_api_has_its_uuid_in_id(tmp_path: Path, database: str, db: Db) -> None:
    """Also where something has made its properties columns."""
    uuid = "0190d3a1-7c1e-7e1e-9d5e-3f6b2a1c4d5e"
    whole = {"id": uuid, "event": "e", "distinct_id": "u", "properties": {"a": 1}}
    flat = {"id": uuid[::-1].replace("-", ""), "event": "e", "distinct_id": "u", "properties.a": 1}
    land_one(database, write(tmp_path, json_lines(whole, flat)))
    rows = landed(db)
    assert [row["properties"] for row in rows] == [{"a": 1}] * 2
    assert rows[0]["uuid"] == uuid
    assert rows[1]["uuid"] is not None


def test_an_appended_log_is_not_doubled(tmp_path: Path, database: str, db: Db, cycle: Any) -> None:
    reading = read_options(uuid_from="content")
    assert land_one(database, write(tmp_path, lines(5), "monday"), reading=reading).landed == 5
    assert land_one(database, write(tmp_path, lines(8), "tuesday"), reading=reading).landed == 8
    batch = cycle(hold_seconds=0)
    assert (batch["loaded"], batch["duplicate"]) == (8, 5)


def test_a_uuid_is_made_of_a_key(tmp_path: Path, database: str, db: Db) -> None:
    rows = [{"event": "a", "distinct_id": "u", "properties": {"$insert_id": "i1", "n": n}} for n in range(2)] + [
        {"event": "a", "distinct_id": "u", "properties": {"$insert_id": "0190a1b2-0001-7000-8000-000000000001"}}
    ]
    land_one(database, write(tmp_path, json_lines(*rows)), reading=read_options(uuid_from="$insert_id"))
    uuids = [row["uuid"] for row in landed(db)]
    assert uuids[0] == uuids[1] != uuids[2] == "0190a1b2-0001-7000-8000-000000000001"


def test_a_file_is_sorted_by_time_on_request(
    tmp_path: Path, database: str, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl.files.ordering.RUN_ITEMS", 7)
    rows = [
        {"event": "$identify", "distinct_id": f"u{n}", "timestamp": f"2026-01-{(n * 7) % 28 + 1:02}"} for n in range(28)
    ]
    path = write(tmp_path, json_lines({"event": "untimed"}, *rows))
    assert "merging events are earlier than one before" in str(land_one(database, path))
    db.execute("truncate landing.event")
    result = land_one(database, path, is_again=True, reading=read_options(order_by="timestamp"))
    assert "earlier than one before" not in str(result)
    times = [row["timestamp"] for row in landed(db)]
    assert times == [*sorted(row["timestamp"] for row in rows), None]


def test_types_of_parquet_survive(tmp_path: Path, database: str, db: Db) -> None:
    table = pa.table({
        "event": pa.array([b"bytes", b"more"], pa.binary()),
        "uuid": pa.array([bytes(range(16))] * 2, pa.binary(16)),
        "distinct_id": [1001.0, 2.5],
        "timestamp": pa.array([1767323045678901, None], pa.int64()),
        "$set": pa.array([{"email": "a"}, {"plan": "pro"}]),
        "big": pa.array([10**37, 1], pa.decimal128(38, 0)),
        "at": pa.array([1, 2], pa.timestamp("ns", "Nowhere/Land")),
    })
    pq.write_table(table, tmp_path / "typed")
    land_one(database, tmp_path / "typed")
    first, second = landed(db)
    assert (first["event"], first["distinct_id"], second["distinct_id"]) == ("bytes", "1001", "2.5")
    assert first["uuid"] == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert first["timestamp"] == "2026-01-02T03:04:05.678901+00:00"
    assert (first["properties"]["$set"], second["properties"]["$set"]) == ({"email": "a"}, {"plan": "pro"})
    assert first["properties"]["big"] == 10**37
    assert first["properties"]["at"] == "1970-01-01 00:00:00.000000001Z"


def test_flat_rows_are_the_same_in_every_format(tmp_path: Path, database: str, db: Db) -> None:
    row = {"Event": "a", "distinct_id": "u", "plan": "pro", "properties.os": "x"}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "flat.parquet")
    land_one(database, tmp_path / "flat.parquet")
    land_one(database, write(tmp_path, json_lines(row), "flat.jsonl"))
    land_one(database, write(tmp_path, ",".join(row) + "\n" + ",".join(row.values()) + "\n", "flat.csv"))
    assert [(each["event"], each["properties"]) for each in landed(db)] == [("a", {"plan": "pro", "os": "x"})] * 3


def test_events_keep_their_order_without_options(tmp_path: Path, database: str, db: Db) -> None:
    result = land_one(database, write(tmp_path, json_lines(*events(3))))
    assert result.notes == ("times: 0 readable, 3 missing: these get the time of landing",)
    assert names(db) == ["e0", "e1", "e2"]


def of_team(team: int | str | None, name: str) -> dict[str, Any]:
    return {"event": name, "distinct_id": "u", **({"team_id": team} if team is not None else {})}


TEAMS = "".join(
    json.dumps(of_team(team, name)) + "\n" for team, name in [(5, "a"), (6, "b"), ("5", "c"), (7, "d"), (None, "e")]
)


def test_of_several_teams_one_is_landed(tmp_path: Path, database: str, db: Db) -> None:
    result = land_one(database, write(tmp_path, TEAMS), reading=read_options(only_team="5"))
    assert [(row["team_id"], row["event"]) for row in landed(db)] == [(1, "a"), (1, "c"), (1, "e")]
    assert (result.landed, result.unreadable) == (3, 0)
    assert result.notes[1:] == ("2 of other teams left out",)
    (found,) = check_files(database, [write(tmp_path, TEAMS)], reading=read_options(only_team="5"))
    assert "2 of other teams left out" in str(found)


def test_of_several_teams_each_has_its_project(tmp_path: Path, database: str, db: Db) -> None:
    db.execute("insert into landing.project (team_id, name) values (2, 'second')")
    path = write(tmp_path, TEAMS)
    result = land_one(database, path, reading=read_options(team_mapping=["5=1,6=2"]))
    assert [(row["team_id"], row["event"]) for row in landed(db)] == [(1, "a"), (2, "b"), (1, "c"), (1, "e")]
    assert result.examples == (
        'line 4: team_id \'7\', which --map-team does not name: {"event":"d","distinct_id":"u","team_id":7}',
    )
    land_one(database, path, reading=read_options(only_team="6", team_mapping=["6=2"]), is_again=True)
    assert [row["team_id"] for row in landed(db)][4:] == [2, 1]


def test_what_is_said_of_another_team_lands_the_rest_once(tmp_path: Path, database: str, db: Db) -> None:
    path = write(tmp_path, "".join(json.dumps(of_team(team, name)) + "\n" for team, name in [(5, "a"), (6, "b")]))
    result = land_one(database, path)
    assert (result.landed, result.unreadable) == (1, 1)
    assert "`--only-team 6 --again` lands these" in result.examples[0]
    land_one(database, path, reading=read_options(only_team="6"), is_again=True)
    assert names(db) == ["a", "b"]


def test_a_mapping_to_an_unknown_project_lands_nothing(tmp_path: Path, database: str, db: Db) -> None:
    with pytest.raises(ProjectError, match=r"^There is no project 9; there are: 1\.$"):
        land_one(database, write(tmp_path, TEAMS), reading=read_options(team_mapping=["5=1", "6=9"]))
    assert landed(db) == []
    for wrong in ("5", "5=x", "=1"):
        with pytest.raises(LandingError, match=f"^--map-team {wrong}: write TEAM=PROJECT"):
            read_options(team_mapping=[wrong])


def test_cells_are_read_as_json_where_that_is_wanted(tmp_path: Path, database: str, db: Db) -> None:
    cells = {
        "1.5": Decimal("1.5"),
        "-0": 0,
        "12345678901234567890.5": Decimal("12345678901234567890.5"),
        "true": True,
        '"[1, {""a"": null}]"': [1, {"a": None}],
        '"""quoted"""': "quoted",
        "007": "007",
        "+1": "+1",
        "1,5": "1,5",
        "NaN": "NaN",
        "1e400": "1e400",
        "True": "True",
    }
    header = "event;distinct_id;" + ";".join(f"p{number}" for number in range(len(cells))) + ";empty;nothing"
    row = "1;2;" + ";".join(cells) + ";;null"
    path = write(tmp_path, f"{header}\n{row}\n")
    assert land_one(database, path, reading=read_options(types="json")).examples == ()
    (found,) = landed(db)
    assert (found["event"], found["distinct_id"]) == ("1", "2")
    assert found["properties"] == {f"p{number}": value for number, value in enumerate(cells.values())}
    with pytest.raises(LandingError, match="only `json` is possible"):
        read_options(types="number")
