"""What is read as a time, and what is not: by the warehouse, and by `etl land`, which reads more, never otherwise."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from etl.files.times import as_moment, read_time

READ = {
    # What SDKs write.
    "2026-11-25T10:00:00.123Z": "2026-11-25 10:00:00.123",
    "2026-11-25T10:00:00Z": "2026-11-25 10:00:00",
    "2026-11-25T10:00:00.123456+00:00": "2026-11-25 10:00:00.123456",
    "2026-11-25T10:00:00.123456+05:30": "2026-11-25 04:30:00.123456",
    "2026-11-25T10:00:00.123456Z": "2026-11-25 10:00:00.123456",
    "2026-11-25T10:00:00+02:00": "2026-11-25 08:00:00",
    "2026-11-25T10:00:00-05:00": "2026-11-25 15:00:00",
    "2026-11-25T10:00:00.123456": "2026-11-25 10:00:00.123456",
    "2026-11-25T10:00:00": "2026-11-25 10:00:00",
    # Date, and time to the minute or the second, with or without a zone.
    "2021-10-29": "2021-10-29 00:00:00",
    "2023-01-01T12:00": "2023-01-01 12:00:00",
    "2023-01-01 12:00Z": "2023-01-01 12:00:00",
    "2021-10-29 00:00:00": "2021-10-29 00:00:00",
    "2021-10-29T00:00:00.000Z": "2021-10-29 00:00:00",
    "2021-10-29 00:00:00+00:00": "2021-10-29 00:00:00",
    "2025-09-17T14:05:04.805+03": "2025-09-17 11:05:04.805",
    "2025-09-17T14:05:04.805-0530": "2025-09-17 19:35:04.805",
    "2026-11-25T10:00:00 +02:00": "2026-11-25 08:00:00",
    "2026-11-25T10:00:00 Z": "2026-11-25 10:00:00",
    "2026-11-25t10:00:00z": "2026-11-25 10:00:00",
    "2026-11-25T10:00:00-00:00": "2026-11-25 10:00:00",
    "2026-11-25T10:00:00+14:00": "2026-11-24 20:00:00",
    "2026-11-25T10:00:00+00:09:21": "2026-11-25 09:50:39",
    "2026-01-01T00:30:00+01:00": "2025-12-31 23:30:00",
    "2024-02-29T23:59:59.999Z": "2024-02-29 23:59:59.999",
    "2026-11-25T24:00:00Z": "2026-11-26 00:00:00",
    "2016-12-31T23:59:60Z": "2017-01-01 00:00:00",
    "2026-11-25T10:00:00.123456789Z": "2026-11-25 10:00:00.123457",
    "2026-11-25T10:00:00.1Z": "2026-11-25 10:00:00.1",
    # The offset as it is written: UTC+02:00 is two hours ahead.
    "2026-01-02 03:04:05 UTC": "2026-01-02 03:04:05",
    "2026-11-25T10:00:00 GMT": "2026-11-25 10:00:00",
    "2026-11-25T10:00:00 UTC+02:00": "2026-11-25 08:00:00",
    "2026-11-25 10:00:00 UTC+02:00": "2026-11-25 08:00:00",
    "2026-11-25T10:00:00 UTC-05:00": "2026-11-25 15:00:00",
    "2026-11-25T10:00:00.12 UTC+02:00": "2026-11-25 08:00:00.12",
    "2026-11-25T10:00:00.123UTC+02:00": "2026-11-25 08:00:00.123",
    "2026-11-25T10:00:00UTC+2": "2026-11-25 08:00:00",
    "2026-11-25T10:00:00 GMT+2": "2026-11-25 08:00:00",
    "2026-11-25T10:00:00 GMT+0200": "2026-11-25 08:00:00",
    "2026-11-25T10:00:00 GMT-0330": "2026-11-25 13:30:00",
    "2026-11-25T10:00:00 UTC+00:00": "2026-11-25 10:00:00",
    # Comma, basic form, spaces around, the zone's name behind its offset.
    "2026-11-25T10:00:00,5Z": "2026-11-25 10:00:00.5",
    "2026-11-25 10:00:00,123": "2026-11-25 10:00:00.123",
    "20261125": "2026-11-25 00:00:00",
    "20261125T100000Z": "2026-11-25 10:00:00",
    "20261125T1000": "2026-11-25 10:00:00",
    "20261125T100000,5Z": "2026-11-25 10:00:00.5",
    "20261125T100000.123+0200": "2026-11-25 08:00:00.123",
    "20261125 100000": "2026-11-25 10:00:00",
    "20261125T1000-05": "2026-11-25 15:00:00",
    "20261125T100000-05:00": "2026-11-25 15:00:00",
    "20261125T1000 UTC-05:30": "2026-11-25 15:30:00",
    " 2026-11-25T10:00:00Z": "2026-11-25 10:00:00",
    "2026-11-25T10:00:00.000Z \n": "2026-11-25 10:00:00",
    "\t2026-11-25 ": "2026-11-25 00:00:00",
    "2026-11-25T10:00:00+01:00[Europe/Paris]": "2026-11-25 09:00:00",
    "2026-11-25T10:00:00.5+05:30[Asia/Kolkata]": "2026-11-25 04:30:00.5",
    "2026-11-25T10:00:00Z[UTC]": "2026-11-25 10:00:00",
    # RFC 2822, week and ordinal dates.
    "Tue, 05 Jul 2022 12:00:00 +0000": "2022-07-05 12:00:00",
    "5 Jul 2022 12:00:00 -0700": "2022-07-05 19:00:00",
    "Tue, 5 Jul 2022 12:00 GMT": "2022-07-05 12:00:00",
    "2022-W27-2": "2022-07-05 00:00:00",
    "2020-W53-5": "2021-01-01 00:00:00",
    "2022-186": "2022-07-05 00:00:00",
    "2020-366": "2020-12-31 00:00:00",
}
# What means two things or nothing: nobody reads it.
NOT_READ = (
    "", " ", "now", "today", "epoch", "infinity", "-infinity", "yesterday", "tomorrow", "allballs",
    "2021-366", "2021-000", "0000-001", "0000-W01-1", "2021-W54-1", "2021-13-01", "2021-02-30", "2021-10-29T25:00:00Z",
    "2021-10-29T00:00:00 Mars/Base", "12:00", "2021", "+12021-10-29T00:00:00Z", "T", "2021-10-29T::",
    "2026-11-25T10:00:00Z+02:00", "2026-11-25T10:00:00 Z+2", "2026-11-25T10:00:00Z34",
    "2026-11-25T10:00:00.12345Z+02:00",
    "2026-11-25T10:00:00 PM", "2026-11-25T10:00:00.PM Z", "2026-11-25T10:00:00.123 PM+00:00", "2026-11-25T10:00:00 am",
    "2026-11-25T10:00:00 BC", "2026-11-25T10:00:00.BC Z", "2026-11-25T10:00:00 IST", "2026-11-25 10:00:00 CEST",
    "2026-11-25T10:00:00 EST", "2026-11-25T10:00:00 CET+01:00", "2026-11-25T10:00:00.123CET+01:00",
    "2026-11-25T10:00:00[Europe/Paris]", "2026-11-25T10:00:00 Z UTC", "2026-11-25T10:00:00 UTC UTC",
    "2026-11-25T10:00:61Z", "2026-11-25T24:00:01Z", "2026-11-25T10:60:00Z", "20261325", "20260230T100000Z",
    "2026-11-25T10:00:00+16:00", "2026-11-25T10:00:00-23:59", "20261125T100000+16",
    "2026-10-25 02:30:00 Europe/Berlin", "2026-03-29 02:30:00 Europe/Berlin",
    "2026-11-25T10:00:00+2", "2026-11-25 UTC", "2026-11-25T10:00:00 junk", "01/02/2026", "0000-00-00 00:00:00",
)  # fmt: skip
# What only a file may mean by it: numbers since 1970, days in digits with a time, and the name of a place.
READ_IN_FILES = {
    "1635465600": "2021-10-29 00:00:00",
    "1635465600000": "2021-10-29 00:00:00",
    "20261125103000": "2026-11-25 10:30:00",
    "20261125103000.0": "2026-11-25 10:30:00",
    "202611251030": "2026-11-25 10:30:00",
    "2026-11-25T10:00:00.Z": "2026-11-25 10:00:00",
    "2026-10-25 03:30:00 Europe/Berlin": "2026-10-25 02:30:00",
    "2026-11-25 10:00:00 America/New_York": "2026-11-25 15:00:00",
}


def moment_of(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read(shared_db, written):
    return shared_db.execute("select ops.parse_timestamp(%s) as at", (written,)).fetchone()["at"]


@pytest.mark.parametrize("written", READ)
def test_read(shared_db, written):
    assert read(shared_db, written) == moment_of(READ[written])


@pytest.mark.parametrize("written", [*NOT_READ, *READ_IN_FILES])
def test_not_read(shared_db, written):
    assert read(shared_db, written) is None


@pytest.mark.parametrize("written", READ | READ_IN_FILES)
def test_files_read_the_same(shared_db, written):
    """Python cuts where PostgreSQL rounds, so what counts is what lands."""
    landed = read_time(written)
    assert read(shared_db, landed) == moment_of((READ | READ_IN_FILES)[written])
    assert as_moment(landed) is not None


def test_what_a_file_reads_is_read_when_it_has_landed(shared_db):
    """Any date with any time and any zone: else it would count as readable, and get the time of landing."""
    times = [
        "",
        "T10",
        "T10:00",
        "T1000",
        " 10:00:00",
        "T100000",
        "T10:00:00.",
        "T10:00:00.5",
        "T100000,25",
        "T24:00:00",
    ]
    sizes = ("0", "05", "0530", "05:30", "05:30:15", "15:59", "16:00")
    offsets = [sign + size for sign in "+-" for size in sizes]
    zones = ["", "Z", " UTC", "GMT", *(before + each for before in ("", " ", "UTC") for each in offsets)]
    written = [date + time + zone for date in ("2026-11-25", "20261125") for time in times for zone in zones]
    landed = [read_time(each) for each in written]
    assert sum(each is not None for each in landed) > 300
    unread = shared_db.execute(
        "select w as written, l as landed from unnest(%s::text[], %s::text[]) as t(w, l)"
        " where l is not null and ops.parse_timestamp(l) is null",
        (written, landed),
    ).fetchall()
    assert unread == []


@pytest.mark.parametrize("written", NOT_READ)
def test_files_read_no_more_of_these(written):
    assert read_time(written) is None
