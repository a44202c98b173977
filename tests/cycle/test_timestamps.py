"""What is read as a time, and what is not."""

from __future__ import annotations

import pytest

READ = {
    "2021-10-29": "2021-10-29 00:00:00",
    "2021-10-29 00:00:00": "2021-10-29 00:00:00",
    "2021-10-29T00:00:00.000Z": "2021-10-29 00:00:00",
    "2021-10-29 00:00:00+00:00": "2021-10-29 00:00:00",
    "2026-01-02 03:04:05 UTC": "2026-01-02 03:04:05",
    "2025-09-17T14:05:04.805+03": "2025-09-17 11:05:04.805",
    "2025-09-17T14:05:04.805-0530": "2025-09-17 19:35:04.805",
    "2023-01-01T12:00": "2023-01-01 12:00:00",
    "Tue, 05 Jul 2022 12:00:00 +0000": "2022-07-05 12:00:00",
    "2022-W27-2": "2022-07-05 00:00:00",
    "2022-186": "2022-07-05 00:00:00",
    "2020-366": "2020-12-31 00:00:00",
}
NOT_READ = (
    "", " ", "now", "today", "epoch", "infinity", "-infinity", "yesterday", "tomorrow", "allballs",
    "2021-366", "2021-000", "0000-001", "0000-W01-1", "2021-W54-1", "2021-13-01", "2021-02-30", "2021-10-29T25:00:00Z",
    "2021-10-29T00:00:00 Mars/Base", "1635465600", "12:00", "2021", "+12021-10-29T00:00:00Z", "T", "2021-10-29T::",
)  # fmt: skip


@pytest.mark.parametrize("written", READ)
def test_read(shared_db, written):
    row = shared_db.execute("select ops.parse_timestamp(%s)::text as at", (written,)).fetchone()
    assert row["at"] == READ[written] + "+00"


@pytest.mark.parametrize("written", NOT_READ)
def test_not_read(shared_db, written):
    assert shared_db.execute("select ops.parse_timestamp(%s)::text as at", (written,)).fetchone()["at"] is None
