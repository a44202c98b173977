"""A database restored from a dump into another server: refused, rebased, and nothing lost or doubled."""

from __future__ import annotations

import pytest

from etl.errors import WatermarkError
from etl.operate.watermark import rebase_watermark


@pytest.fixture
def restored(db, land, cycle):
    """Like a restore: 3 rows processed, 2 more in the dump, transaction ids and system as of another, older server."""
    for n in range(3):
        land("$identify", f"done{n}", xid="900000000")
    db.execute("update ops.watermark set xid_offset = 1000000000")  # so that the ids above are below this server's
    assert cycle()["loaded"] == 3
    db.execute("update ops.watermark set xid_offset = 0, system_identifier = system_identifier - 1")
    for n in range(2):
        land("$identify", f"in_dump{n}", xid="900000001")


def count(db):
    return db.execute("select count(*) as n, count(distinct distinct_id) as ids from warehouse.events").fetchone()


def test_a_restored_database_is_refused_before_anything_is_read(db, land, cycle, restored):
    land("$identify", "since_restore")
    with pytest.raises(WatermarkError, match="etl watermark rebase"):
        cycle()
    assert db.execute("select count(*) as n from ops.batch").fetchone()["n"] == 1


def test_after_the_rebase_nothing_is_lost_or_doubled(db, land, cycle, restored):
    land("$identify", "since_restore")
    rebase_watermark(db)
    assert cycle()["landed"] == 3
    land("$identify", "after_rebase")
    assert cycle()["landed"] == 1
    assert count(db) == {"n": 7, "ids": 7}
    order = [row["distinct_id"] for row in db.execute("select distinct_id from landing.event order by xid, landing_id")]
    assert order == ["done0", "done1", "done2", "in_dump0", "in_dump1", "since_restore", "after_rebase"]


def test_a_second_restore_is_seen_and_mended_too(db, land, cycle, restored):
    rebase_watermark(db)
    cycle()
    db.execute("update ops.watermark set system_identifier = system_identifier - 1")
    with pytest.raises(WatermarkError):
        cycle()
    land("$identify", "again")
    rebase_watermark(db)
    assert cycle()["landed"] == 1


def test_a_rebase_without_need_changes_nothing_for_readers(db, land, cycle):
    land("$identify", "a")
    cycle()
    land("$identify", "b")
    rebase_watermark(db)
    land("$identify", "c")
    assert cycle()["landed"] == 2
    assert count(db)["n"] == 3


def test_an_open_batch_is_taken_up_again(db, land, cycle, settings, restored):
    from etl.cycle.open import open_batch

    db.execute("update ops.watermark set xid_offset = 1000000000, system_identifier = system_identifier + 1")
    open_batch(db, settings)
    db.execute("update ops.watermark set xid_offset = 0, system_identifier = system_identifier - 1")
    land("$identify", "since_restore")
    rebase_watermark(db)
    assert cycle()["landed"] == 3
    assert count(db)["n"] == 6
