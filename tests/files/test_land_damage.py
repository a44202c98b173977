"""What cannot be read is told with its place, and the rest lands."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.errors import LandingError
from etl.files import json_stream
from etl.sql import Db
from tests.files.examples import events, land_one, landed, names, write


def test_unreadable_lines_are_told_and_the_others_land(tmp_path: Path, database: str, db: Db) -> None:
    content = b"\n".join([
        b'{"event": "a"}',
        b'{"event": "b", "properties": {"x": ',
        b"",
        b'{"event": "c", "properties": {"s": "\xff"}}',
        b"12",
        b'[{"event": "d"}, 7]',
        b'{"event": "e", "properties": "no object"}',
    ])
    result = land_one(database, write(tmp_path, content))
    assert names(db) == ["a", "d", "e"]
    assert (result.landed, result.unreadable, result.is_clean) == (3, 4, False)
    places = [example.partition(":")[0] for example in result.examples]
    assert places == ["line 2", "line 4", "line 5", "line 6"]
    assert 'line 2: not JSON: Input data was truncated: {"event": "b"' in result.examples[0]
    assert "4 could not be read\n  line 2: not JSON" in str(result)
    again = land_one(database, tmp_path / "events")
    assert (again.landed, again.unreadable, again.is_clean, again.examples) == (0, 4, False, result.examples)


def test_broken_rows_of_csv_are_told_and_the_others_land(tmp_path: Path, database: str, db: Db) -> None:
    content = b'\nevent,distinct_id\na,u\nb\nc,u,x\nd,"u"x\ne,\xff\nf\0,"u\nv"\n\ng,"u'
    result = land_one(database, write(tmp_path, content))
    assert names(db) == ["a", "f\ufffd"]
    assert [example[:7] for example in result.examples] == ["line 4:", "line 5:", "line 6:", "line 7:", "line 11"]


def test_properties_in_a_cell_that_are_not_json_survive_as_text(tmp_path: Path, database: str, db: Db) -> None:
    land_one(database, write(tmp_path, 'event,properties\na,{x\nb,"{""t"": NaN}"\nc,\n'))
    assert [row["properties"] for row in landed(db)] == ["{x", {"t": None}, None]


def test_damaged_gzip_lands_what_is_whole(tmp_path: Path, database: str, db: Db) -> None:
    whole = gzip.compress(b"".join(b'{"event": "%s"}\n' % os.urandom(60).hex().encode() for _ in range(3000)))
    result = land_one(database, write(tmp_path, whole[: len(whole) // 2], "cut.gz"))
    assert 1000 < result.landed < 2000
    assert result.landed == len(names(db))
    assert "gzip data are damaged" in result.examples[0]
    assert land_one(database, write(tmp_path, whole[:12], "hardly-begun.gz")).unreadable == 1
    with pytest.raises(LandingError, match="is damaged"):
        land_one(database, write(tmp_path, gzip.compress(b"PAR1" + bytes(1000))[:-9], "cut.parquet.gz"))


def test_a_document_that_breaks_off_lands_what_came_before(
    tmp_path: Path, database: str, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "MAX_EVENT_BYTES", 2000)  # so that the document counts as long
    text = json.dumps({"api_key": "phc_x", "batch": events(500)}, indent=1)
    result = land_one(database, write(tmp_path, text[: len(text) // 2]))
    assert 200 < result.landed < 300
    assert names(db) == [f"e{number}" for number in range(result.landed)]
    assert result.unreadable == 1
    assert f"event {result.landed + 1}: the document breaks off" in result.examples[0]


def test_an_array_that_is_broken_in_the_middle_lands_the_rest(tmp_path: Path, database: str, db: Db) -> None:
    elements = [json.dumps(event) for event in events(40)]
    elements.insert(20, '{"event": tru}')
    result = land_one(database, write(tmp_path, f"[{', '.join(elements)}]"))
    assert names(db) == [f"e{number}" for number in range(40)]
    assert result.unreadable == 1
    assert result.examples[0].startswith("event 21: not JSON")


@pytest.mark.parametrize("packing", [None, "snappy", "zstd"])
@pytest.mark.parametrize("where", [0.1, 0.5, 0.8])
# With a single bit of each byte changed, text is other text, and only the checksums of the pages tell.
@pytest.mark.parametrize("mask", [0xFF, 0x01])
def test_a_damaged_parquet_file_is_never_half_landed_in_silence(
    mask: int, where: float, packing: str | None, tmp_path: Path, database: str, db: Db
) -> None:
    """The rows before the damage land, its place is told at each try, and the whole file lands after them."""
    count, group = 6000, 1000
    texts = {"event": [f"e{number}" for number in range(count)], "text": [os.urandom(20).hex() for _ in range(count)]}
    path = tmp_path / "events.parquet"
    pq.write_table(pa.table(texts), path, row_group_size=group, compression=packing, write_page_checksum=True)
    whole = path.read_bytes()

    path.write_bytes(whole[: int(len(whole) * where)])
    with pytest.raises(LandingError, match="not a whole Parquet file"):
        land_one(database, path)
    assert names(db) == []

    at = int(len(whole) * where)
    path.write_bytes(whole[:at] + bytes(byte ^ mask for byte in whole[at : at + 400]) + whole[at + 400 :])
    for _ in range(2):  # also when it is told to go on, or again
        result = land_one(database, path)
        assert not result.is_clean
        assert f"row {len(names(db)) + 1}" in result.examples[-1]
    assert len(names(db)) % group == 0
    assert names(db) == texts["event"][: len(names(db))]

    path.write_bytes(whole)
    assert land_one(database, path).is_clean
    assert set(names(db)) == set(texts["event"])


def test_an_event_that_is_too_long_is_unreadable(
    tmp_path: Path, database: str, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl.files.formats.MAX_EVENT_BYTES", 100)
    long = json.dumps({"event": "long", "properties": {"x": "y" * 1000}})
    result = land_one(database, write(tmp_path, f'{{"event": "a"}}\n{long}\n{{"event": "b"}}\n'))
    assert names(db) == ["a", "b"]
    assert result.examples[0].startswith("line 2: longer than")


def test_events_of_two_teams_are_not_mixed(tmp_path: Path, database: str, db: Db) -> None:
    content = '{"event": "a", "team_id": 2}\n{"event": "b", "team_id": 3}\n{"event": "c"}\n'
    result = land_one(database, write(tmp_path, content))
    assert names(db) == ["a", "c"]
    assert "line 2: team_id '3', the file began with '2'" in result.examples[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04...", "a damaged zip file"),
        ('{"event": "a"}'.encode("utf-16"), "UTF-16"),
        (b"name,value\n1,2\n", "no column `event`: name, value"),
        (b"\x00\x01\x02\x03", "neither JSON nor Parquet"),
        (b"PAR1 but no more", "not a whole Parquet file"),
        (gzip.compress(b"PAR1 but no more"), "not a whole Parquet file"),
    ],
)
def test_other_files_are_refused_with_a_reason(content: bytes, message: str, tmp_path: Path, database: str) -> None:
    with pytest.raises(LandingError, match=message):
        land_one(database, write(tmp_path, content))
