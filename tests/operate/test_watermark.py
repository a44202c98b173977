"""A database restored from a dump into another server: refused, rebased, and nothing lost or doubled."""

from __future__ import annotations

import pytest

from etl import sql
from etl.errors import WatermarkError
from etl.files.undo import undo
from etl.operate.maintain import check_invariants
from etl.operate.quarantine import Selection, replay
from etl.operate.watermark import rebase_watermark
from etl.quality.audit import verify
from etl.quality.audit_log import entry
from tests.files.examples import land_one, write


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


# Files and replays: rows that others refer to by their position


SHARED = "00000000-0000-4000-8000-00000000cafe"


@pytest.fixture
def file(database, tmp_path):
    """Land a file with an event of this name, and one more that is somebody else's event too."""

    def land_file(name):
        shared = f'{{"event": "shared", "distinct_id": "u", "uuid": "{SHARED}", "timestamp": "2026-01-02T03:04:05Z"}}'
        content = f'{{"event": "{name}", "distinct_id": "u", "timestamp": "2026-01-02T03:04:05Z"}}\n{shared}\n'
        path = write(tmp_path, content, name)
        assert land_one(database, path).landed == 2
        return str(path)

    return land_file


def undone(db, path):
    return undo(db, path, by="ada", why="wrong")


def process(cycle):
    while not cycle(hold_seconds=0)["is_caught_up"]:
        pass


def loaded(db):
    rows = db.execute("select event from warehouse.events where event not like '$%' order by 1")
    return [row["event"] for row in rows]


def check(db):
    assert verify(db).troubles == []
    check_invariants(db)


def shift_by_rebase(db):
    rebase_watermark(db)


def shift_for_a_project(db):
    """As for one that comes from another shard."""
    with entry(db, "maintenance", "room"):
        db.execute("select ops.raise_positions(1000000, 1, 0)")


SHIFTS = pytest.mark.parametrize("shift", [shift_by_rebase, shift_for_a_project])


@SHIFTS
def test_files_are_landed_and_undone_as_before(db, land, cycle, file, shift):
    land("$identify", "u")
    cycle()
    shift(db)
    path = file("wrong")
    process(cycle)
    assert loaded(db) == ["shared", "wrong"]
    land("shared", "u", uuid=SHARED, timestamp="2026-01-02T03:04:05Z")
    assert cycle()["duplicate"] == 1
    assert undone(db, path).repeated == 1
    process(cycle)
    assert loaded(db) == ["shared"]
    assert file("wrong")
    process(cycle)
    assert loaded(db) == ["shared", "wrong"]
    check(db)


def test_what_came_from_elsewhere_stays_when_an_older_file_is_undone(db, land, cycle, file):
    path, other = file("wrong"), file("right")
    process(cycle)
    land("shared", "u", uuid=SHARED, timestamp="2026-01-02T03:04:05Z")
    cycle()
    rebase_watermark(db)
    assert undone(db, path).repeated == 2
    process(cycle)
    assert loaded(db) == ["right", "shared"]
    undone(db, other)  # what was landed once more with the first is known as this file's
    process(cycle)
    assert loaded(db) == ["shared"]
    check(db)


def told(db, file):
    """A row is replayed, files are landed, and one of them undone; no cycle has taken any of it."""
    replay(db, Selection(), why="again")
    paths = [file("wrong"), file("right")]
    undone(db, paths[0])
    return paths


def check_told(db, cycle, file, paths):
    process(cycle)
    assert loaded(db) == ["right", "shared"]
    undone(db, paths[1])
    process(cycle)
    assert loaded(db) == []
    file("right")
    process(cycle)
    assert loaded(db) == ["right", "shared"]
    replayed = db.execute("select landing_id from quarantine.event where resolution = 'replayed'").fetchone()
    assert sql.one(db, "quarantine/read_row", replayed)["fate"] == "quarantined again"
    check(db)


def test_what_was_landed_and_undone_between_the_restore_and_the_rebase(db, land, cycle, restored, file):
    land("", "bad", xid="900000001")
    db.execute("update ops.watermark set xid_offset = 1000000000, system_identifier = system_identifier + 1")
    cycle()
    db.execute("update ops.watermark set xid_offset = 0, system_identifier = system_identifier - 1")
    paths = told(db, file)
    rebase_watermark(db)
    check_told(db, cycle, file, paths)


def test_what_was_landed_and_undone_before_room_was_made_for_a_project(db, land, cycle, file):
    land("", "bad")
    cycle()
    paths = told(db, file)
    shift_for_a_project(db)
    check_told(db, cycle, file, paths)
